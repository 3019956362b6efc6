"""A comparison as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alvh_rules.compare.bump import Bump, raised
from alvh_rules.compare.comparison import (
    ADDED,
    DIFFERENT,
    OFF_BOUNDARY,
    REMOVED,
    SAME,
    UNDECIDED,
    Cause,
    Change,
    Comparison,
    Decision,
)
from alvh_rules.core.cells import escaped

if TYPE_CHECKING:
    from alvh_rules.compare.history import DecisionHistory, History

_ORDER = (DIFFERENT, UNDECIDED, OFF_BOUNDARY)
_MOST_MOVES = 3
EVERYWHERE = "every market"
"""What the solver calls a region that leaves nothing out."""


def text_lines(comparison: Comparison) -> list[str]:
    """The whole comparison."""
    lines = [title(comparison)]
    lines += [f"  old  {comparison.old_name}", f"  new  {comparison.new_name}", ""]
    if comparison.nothing_in_common:
        lines += [nothing_in_common(comparison), ""]
    for status in (REMOVED, ADDED):
        names = [item.name for item in comparison.decisions if item.status == status]
        if names:
            lines.append(f"{status}: {', '.join(names)}")
    for status in _ORDER:
        for item in comparison.decisions:
            if item.status == status:
                lines += _decision(item)
    for how, words in (("structure", "same"), ("solver", "same, by the solver")):
        names = [
            item.name for item in comparison.decisions if item.status == SAME and item.how == how
        ]
        if names:
            lines.append(f"{words}: {', '.join(names)}")
    for item in comparison.decisions:
        if item.kind and item.status == SAME:
            lines.append(f"{item.name}: {item.kind}")
    if comparison.proof:
        lines += ["", f"no proof was made: {comparison.proof}"]
    if comparison.changes:
        lines += ["", "clauses, data and properties"]
        lines += [f"  {change_text(item)}" for item in comparison.changes]
    if comparison.history is not None:
        lines += ["", *history_lines(comparison.history)]
    if comparison.results is not None:
        from alvh_rules.compare.results_text import results_lines

        lines += ["", *results_lines(comparison.results)]
    lines += ["", *verdict_lines(comparison)]
    return [escaped(line) for line in lines]


def title(comparison: Comparison) -> str:
    """The names and versions."""
    before, after = comparison.before, comparison.after
    if before.name == after.name:
        return f"{after.name} {before.version} → {after.version}"
    return f"{before.name} {before.version} → {after.name} {after.version}"


def nothing_in_common(comparison: Comparison) -> str:
    """That the two are no versions of one ruleset."""
    return (
        f"{comparison.before.name} and {comparison.after.name} have no decision in common:"
        " these are two rulesets, not two versions of one"
    )


def example_text(example: Mapping[str, str]) -> str:
    """A market, as a test's `given` writes it."""
    return ", ".join(
        name if name.startswith("event ") and value == "true" else f"{name} = {value}"
        for name, value in example.items()
    )


def region_text(region: str) -> str:
    """Where a decision differs: `where slope > 5%`, `in every market`."""
    return f"in {region}" if region == EVERYWHERE else f"where {region}"


def cause_text(item: Cause) -> str:
    """A definition that says something else."""
    return f"{item.name}: {arrow(item.old, item.new)}"


def arrow(old: str, new: str) -> str:
    """From what to what; one of them may be nothing."""
    return f"{old or '(nothing)'} → {new or '(nothing)'}"


def change_text(item: Change) -> str:
    """A clause, a need or a property, from what to what."""
    note = f"  ({item.note})" if item.note else ""
    return f"{item.what}: {arrow(item.old, item.new)}{note}"


def _decision(item: Decision) -> list[str]:
    word = "same off a boundary" if item.status == OFF_BOUNDARY else item.status
    lines = [f"{word}: {item.name}"]
    if item.status == OFF_BOUNDARY:
        lines.append(f"  {item.boundary}")
    if item.region:
        lines.append(f"  {region_text(item.region)}")
    if item.example:
        lines.append(f"  for example {example_text(item.example)}: {arrow(item.old, item.new)}")
    elif item.example is not None:
        lines.append(f"  {arrow(item.old, item.new)}")
    if item.reason:
        lines.append(f"  {item.reason}")
    if item.kind:
        lines.append(f"  {item.kind}")
    return [*lines, *(f"  {cause_text(cause)}" for cause in item.causes)]


def history_lines(history: History) -> list[str]:
    """The digest, and each decision that changes."""
    digest = f"{history.changed:,} of {count(history.sessions, history.unit)}"
    verb = "changes" if history.changed == 1 else "change"
    lines = [f"history: {digest} {verb} ({history.first} to {history.last})"]
    if not history.sessions:
        lines = [f"history: the two have no {history.unit} in common"]
    if history.apart:
        lines.append(f"  {count(history.apart, history.unit)} of one ruleset alone, left out")
    for item in history.decisions:
        lines.append(f"  {history_text(item, history.unit)}")
        lines += [
            f"    {word:5} {moment.when}: {arrow(moment.old, moment.new)}"
            for word, moment in (("first", item.first), ("last", item.last), ("most", item.most))
            if moment is not None and (word != "most" or item.average is not None)
        ]
    return lines


def history_text(item: DecisionHistory, unit: str) -> str:
    """How one decision changes, on one line."""
    parts = []
    if item.sessions:
        parts.append(count(item.sessions, unit))
    if item.average is not None:
        parts.append(f"{item.average:+.4g} on average on those")
    parts += moves(item.moves)
    if item.rounding:
        parts.append(f"{count(item.rounding, unit)} by rounding alone")
    return f"{item.name}: {'; '.join(parts)}"


def moves(found: Sequence[tuple[str, str, int]]) -> list[str]:
    """The most frequent changes, and how many others there are."""
    told = [f"{old} → {new} on {times:,}" for old, new, times in found[:_MOST_MOVES]]
    rest = sum(times for _, _, times in found[_MOST_MOVES:])
    return [*told, *([f"others on {rest:,}"] if rest else [])]


def count(number: int, unit: str) -> str:
    """So many sessions, in words."""
    return f"{number:,} {unit if number == 1 else f'{unit}s'}"


def verdict_lines(comparison: Comparison) -> list[str]:
    """The bump that is suggested, and what the header says."""
    bump, before, after = comparison.bump, comparison.before.version, comparison.after.version
    if bump is Bump.NONE:
        return ["suggested bump: none, nothing differs"]
    lines = [f"suggested bump: {bump.word} ({'; '.join(comparison.reasons)})"]
    if comparison.nothing_in_common:
        return lines
    if comparison.header_bump is None:
        lines.append(f"  the header's version goes back, from {before} to {after}")
    elif comparison.too_small:
        said = f"still says {after}" if before == after else f"says {after}"
        lines.append(
            f"  the header {said}, which is too small: write `version {raised(before, bump)}`"
        )
    else:
        lines.append(f"  the header says {after}, which is enough")
    return lines
