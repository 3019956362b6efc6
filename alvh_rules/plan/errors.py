"""What planning reports, a function each."""

from __future__ import annotations

from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span


def chain_too_long(needed: str, most: int, span: Span) -> Diagnostic:
    """Windows on windows that look back farther than a run remembers."""
    return Diagnostic(
        "ALV404",
        Severity.ERROR,
        f"the windows this rests on look back {needed} together; the most is {most:,}",
        span,
        help="shorten one of the windows, or take it of a measure that has none",
    )
