"""Apply the fixes that findings carry, until nothing is left to apply.

1. Of the findings' fixes those are taken that may be (safe ones, or all), in the order of the file;
   one whose edits meet those of an earlier one waits for the next round.
2. The text with the edits is checked. If it has an error that the text before had not, each fix is
   tried alone, and those that are sound by themselves are taken together, or else the first of them.
3. The rounds end when no fix is left, when a text comes back, or after `MOST_ROUNDS`.

The result therefore never has an error that the ruleset did not have: where no fix is sound, it is
the text as it was.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alvh_rules.core.diagnostics import Diagnostic, Fix, in_order
from alvh_rules.core.render import applied
from alvh_rules.core.source import Source, Span
from alvh_rules.lint.silenceable import BY_CONFIGURATION

MOST_ROUNDS: Final = 20
"""Fixes that make room for others end sooner; those that undo one another never would."""
_MOST_ALONE: Final = 100
"""Fixes of a round that are tried alone."""

Check = Callable[[Source], Sequence[Diagnostic]]
"""The findings of a text, as the configuration wants them."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text after its fixes, and how many were applied."""

    source: Source
    count: int


def apply_fixes(
    source: Source, findings: Sequence[Diagnostic], check: Check, *, unsafe: bool
) -> Fixed:
    """The text after the fixes of its findings: the safe ones, or with `unsafe` all."""
    count = 0
    seen = {source.text}
    for _ in range(MOST_ROUNDS):
        fixes = _apart(_eligible(findings, source.path, unsafe))
        if not fixes:
            break
        taken = _sound(source, findings, fixes, check)
        if taken is None:
            break
        fixes, after, now = taken
        if after.text in seen:
            break
        seen.add(after.text)
        source, findings, count = after, now, count + len(fixes)
    return Fixed(source, count)


def _eligible(findings: Sequence[Diagnostic], path: str, unsafe: bool) -> list[Fix]:
    # While an error stands, who reads a name is not known: its reader may be misspelt, and a file
    # without a header is made to be used by others.
    in_error = any(item.is_error and item.code not in BY_CONFIGURATION for item in findings)
    fixes = [
        item.fix
        for item in in_order(findings)
        if item.fix is not None
        and item.fix.edits
        and (item.fix.safe or unsafe)
        and not (in_error and item.code == "ALV105")
        and all(edit.span.file == path for edit in item.fix.edits)
    ]
    return list(dict.fromkeys(fixes))


def _apart(fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes of which no two touch the same text; of two that do, the first."""
    chosen: list[Fix] = []
    taken: list[Span] = []
    for fix in fixes:
        spans = [edit.span for edit in fix.edits]
        if not any(_meets(span, taken) for span in spans):
            chosen.append(fix)
            for span in spans:
                insort(taken, span)
    return chosen


def _meets(span: Span, taken: Sequence[Span]) -> bool:
    """Whether a span meets one of many that lie in order.

    Two meet that share a character, or their beginning; two places of insertion do not.
    """
    at = bisect_left(taken, span)
    before, after = taken[at - 1 : at], taken[at : at + 1]
    return any(
        one.start == span.start or (one.start < span.end and span.start < one.end)
        for one in (*before, *after)
        if one.start != one.end or span.start != span.end
    )


def _sound(
    source: Source, findings: Sequence[Diagnostic], fixes: list[Fix], check: Check
) -> tuple[list[Fix], Source, Sequence[Diagnostic]] | None:
    """The fixes that leave no new error, the text after them and its findings; None where none do."""

    def tried(some: list[Fix]) -> tuple[list[Fix], Source, Sequence[Diagnostic]] | None:
        edits = [edit for fix in some for edit in fix.edits]
        after = Source(source.path, applied(source.text, edits, 0, len(source.text)))
        now = check(after)
        return None if _errors(now) - _errors(findings) else (some, after, now)

    together = tried(fixes)
    if together is not None or len(fixes) == 1:
        return together
    alone = [fix for fix in fixes[:_MOST_ALONE] if tried([fix]) is not None]
    if not alone:
        return None
    return tried(alone) or tried(alone[:1])


def _errors(findings: Sequence[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter((item.code, item.message) for item in findings if item.is_error)
