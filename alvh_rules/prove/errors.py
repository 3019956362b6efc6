"""What proving can find wrong with a ruleset itself."""

from __future__ import annotations

from alvh_rules.core.diagnostics import Diagnostic, Label, Severity
from alvh_rules.core.source import Span


def contradictory_assumptions(spans: list[Span]) -> Diagnostic:
    """No market meets what is assumed."""
    return Diagnostic(
        "ALV850",
        Severity.ERROR,
        "no market meets these assumptions: of an empty market everything would be proved",
        spans[0],
        "contradicts another, or what the kinds say",
        tuple(Label(span, "and this one") for span in spans[1:]),
        "a price and a volatility are above 0, an index lies from 0 to 100; loosen an assumption",
    )
