"""What comparing two rulesets can find: all of its messages, a function each."""

from __future__ import annotations

from alvh_rules.compare.bump import Bump, raised
from alvh_rules.compare.comparison import Change, Comparison, Decision
from alvh_rules.compare.text import region_text
from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span


def no_revision(written: str, reason: str, help: str = "") -> Diagnostic:
    """A ruleset of a revision that cannot be read."""
    return Diagnostic(
        "ALV908",
        Severity.ERROR,
        f"this ruleset cannot be read from a revision: {reason}",
        location=written,
        help=help,
    )


def _severity(bump: Bump) -> Severity:
    return Severity.WARNING if bump is Bump.MAJOR else Severity.ADVICE


def decision_changes(item: Decision) -> Diagnostic:
    """A decision that is not the same for every market."""
    match item.status:
        case "added":
            message = f"the decision `{item.name}` is added"
        case "removed":
            message = f"the decision `{item.name}` goes"
        case "undecided":
            message = f"the decision `{item.name}` may change: {item.reason}"
        case "same_off_boundary":
            message = f"the decision `{item.name}` is the same but for rounding: {item.boundary}"
        case _:
            where = f" {region_text(item.region)}" if item.region else ""
            message = f"the decision `{item.name}` changes{where}"
    if item.kind:
        message += f"; {item.kind}"
    help = ""
    if item.example is not None:
        given = ", ".join(f"{name} = {value}" for name, value in item.example.items())
        help = f"{f'with {given} ' if given else ''}it was {item.old} and is {item.new}"
    return Diagnostic("ALV930", _severity(item.bump), message, item.span, help=help)


def clause_changes(item: Change) -> Diagnostic:
    """A clause, a need for data or a property that differs."""
    old, new = item.old or "nothing", item.new or "nothing"
    note = f" ({item.note})" if item.note else ""
    return Diagnostic(
        "ALV931", _severity(item.bump), f"{item.what}: {old} → {new}{note}", item.span
    )


def version_too_small(comparison: Comparison, span: Span | None) -> Diagnostic:
    """A header whose version says less than the changes ask for."""
    old, new = comparison.before.version, comparison.after.version
    bump = comparison.bump
    moved = f"goes from {old} to {new}" if old != new else f"stays at {new}"
    return Diagnostic(
        "ALV932",
        Severity.ADVICE if bump is Bump.PATCH else Severity.WARNING,
        f"the version {moved}, and the changes ask for a {bump.word} one: {'; '.join(comparison.reasons)}",
        span,
        help=f"write `version {raised(old, bump)}`",
    )
