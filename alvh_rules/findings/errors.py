"""What the commands themselves can find: all of their messages, a function each."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Severity
from alvh_rules.core.source import Source, Span


def not_formatted(source: Source, formatted: str) -> Diagnostic:
    """A ruleset that `alvh fmt` would change. The fix is what it would do."""
    before, after = source.text.splitlines(True), formatted.splitlines(True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    edits = [
        Edit(source.span(starts[low], starts[high]), "".join(after[first:last]))
        for kind, low, high, first, last in SequenceMatcher(None, before, after).get_opcodes()
        if kind != "equal"
    ]
    # Files that differ only in their line ends, which a source does not keep, have no edit.
    at = edits[0].span if edits else source.span(0, 0)
    return Diagnostic(
        "ALV020",
        Severity.WARNING,
        "this ruleset is not in its canonical form",
        at,
        help="`alvh fmt` writes it so",
        fix=Fix("write it in its canonical form", tuple(edits), safe=True) if edits else None,
    )


def failed_test(name: str, span: Span, reasons: Sequence[str]) -> Diagnostic:
    """A ruleset's own test that does not hold."""
    return Diagnostic("ALV721", Severity.ERROR, f'test "{name}" fails: {"; ".join(reasons)}', span)


def skipped_test(name: str, span: Span, reasons: Sequence[str]) -> Diagnostic:
    """A ruleset's own test that could not be run here."""
    return Diagnostic(
        "ALV722", Severity.ADVICE, f'test "{name}" was not run: {"; ".join(reasons)}', span
    )


def no_rulesets(paths: Sequence[str]) -> Diagnostic:
    """Folders with no ruleset in them."""
    return Diagnostic(
        "ALV907",
        Severity.ERROR,
        "there are no .alvh files there",
        location=", ".join(paths),
        help="name a ruleset, or a folder that has some in it or below it",
    )
