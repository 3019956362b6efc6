"""The text format: each file's findings as `core/render.py` shows them, and a closing line."""

from __future__ import annotations

from alvh_rules.core.render import render_all
from alvh_rules.findings.report import Report


def as_text(report: Report) -> str:
    """Findings by file, or the lines that stand for them."""
    parts: list[str] = []
    for examined in report.files:
        if examined.lines:
            parts.append("\n".join(examined.lines))
        elif examined.findings:
            shown = render_all(examined.findings, examined.sources, colour=report.colour)
            parts.append(f"{shown}\n")
    if report.closing:
        parts.append(report.closing)
    return "\n".join(parts)
