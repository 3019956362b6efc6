"""Diagnostics as text, the way rustc and ruff show them: the line, the caret, the words.

Control characters from a ruleset or a file are escaped, so that nothing it says reaches a terminal
as a command; a long line is shown as a window around the caret.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic, Severity, in_order
from alvh_rules.core.source import Source, Span

_WIDE = 110
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.ADVICE: "36"}


def escaped(text: str) -> str:
    """The text with tabs as spaces and other control characters as `\\x1b`."""
    return "".join(
        " "
        if item == "\t"
        else item
        if unicodedata.category(item)[0] != "C"
        else f"\\x{ord(item):02x}"
        for item in text
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(item) in "WF" else 1 for item in text)


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[1;{code}m{text}\x1b[0m" if colour else text


def render(item: Diagnostic, sources: Mapping[str, Source], *, colour: bool = False) -> str:
    """One finding. Spans of sources not given are named, not shown."""
    head = _paint(f"{item.severity}[{item.code}]", _COLOURS[item.severity], colour)
    lines = [f"{head}: {escaped(item.message)}"]
    if item.span is None:
        if item.location:
            lines.append(f"  --> {escaped(item.location)}")
    else:
        marks = [(item.span, item.label, "^")]
        marks += [(label.span, label.message, "-") for label in item.labels if label.span.file]
        lines += _excerpts(marks, sources)
    if item.help:
        lines.append(f"   = help: {escaped(item.help)}")
    return "\n".join(lines)


def _excerpts(marks: list[tuple[Span, str, str]], sources: Mapping[str, Source]) -> list[str]:
    lines: list[str] = []
    first = True
    gutter = 2
    for span, _, _ in marks:
        source = sources.get(span.file)
        if source is not None:
            gutter = max(gutter, len(str(source.position(span.start).line)))
    seen = ""
    for span, message, mark in marks:
        source = sources.get(span.file)
        at = source.position(span.start) if source else None
        where = f"{span.file}:{at.line}:{at.column}" if at else span.file
        if first or span.file != seen:
            lines.append(f"{' ' * gutter}{'-->' if first else ':::'} {escaped(where)}")
        seen = span.file
        if source is None or at is None:
            first = False
            continue
        if first:
            lines.append(f"{' ' * gutter} |")
        first = False
        raw = source.line_text(at.line)
        length = max(1, min(span.end, span.start + len(raw) - at.column + 1) - span.start)
        begin = 0
        if len(raw) > _WIDE and at.column > _WIDE // 2:
            begin = at.column - _WIDE // 2
        shown = raw[begin : begin + _WIDE]
        before = escaped(raw[begin : at.column - 1])
        marked = escaped(raw[at.column - 1 : min(at.column - 1 + length, begin + _WIDE)])
        lines.append(f"{at.line:>{gutter}} | {escaped(shown)}".rstrip())
        carets = mark * max(1, _width(marked))
        lines.append(f"{' ' * gutter} | {' ' * _width(before)}{carets} {escaped(message)}".rstrip())
    return lines


def render_all(
    items: Iterable[Diagnostic], sources: Mapping[str, Source], *, colour: bool = False
) -> str:
    """All findings in order, and their count."""
    ordered = in_order(items)
    parts = [render(item, sources, colour=colour) for item in ordered[: bounds.MOST_DIAGNOSTICS]]
    if len(ordered) > bounds.MOST_DIAGNOSTICS:
        parts.append(f"… and {len(ordered) - bounds.MOST_DIAGNOSTICS:,} more")
    if parts:
        parts.append(count_line(ordered))
    return "\n\n".join(parts)


def count_line(items: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    known = list(items)
    parts = []
    for severity, one, many in (
        (Severity.ERROR, "error", "errors"),
        (Severity.WARNING, "warning", "warnings"),
        (Severity.ADVICE, "piece of advice", "pieces of advice"),
    ):
        count = sum(item.severity is severity for item in known)
        if count:
            parts.append(f"{count:,} {one if count == 1 else many}")
    return ", ".join(parts)
