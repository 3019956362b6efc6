"""Each decision of either ruleset, compared.

1. A decision that only one of them has is added or removed.
2. One whose computation has one number in both (`canonical.py`) is the same for every market.
3. One that reads data which is itself read from elsewhere now cannot be compared market by market, and
   is undecided, with that reason.
4. The rest goes to the solver (`alvh_rules.prove.equality`), where it is installed.
5. Where a decision is not the same, what is written otherwise beneath it is told (`causes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alvh_rules.compare.canonical import Canonical, words_of
from alvh_rules.compare.causes import causes
from alvh_rules.compare.comparison import (
    ADDED,
    DIFFERENT,
    OFF_BOUNDARY,
    REMOVED,
    SAME,
    UNDECIDED,
    Decision,
)
from alvh_rules.compare.requirements import changed_columns, renamed_columns
from alvh_rules.compare.solver import NoSolverError, Verdict, ask
from alvh_rules.core.kinds import Kind
from alvh_rules.pipeline import Checked
from alvh_rules.plan import graph as g


def compare_decisions(
    old: Checked, new: Checked, before: Canonical, after: Canonical, seconds: float
) -> tuple[tuple[Decision, ...], str]:
    """The decisions of either, the new ruleset's order first, and why no solver was asked (empty
    where one was, or none was needed). `before` and `after` share a table."""
    outputs = before.ruleset.outputs
    found: dict[str, Decision] = {}
    open_questions: list[str] = []
    for name in after.ruleset.outputs:
        span = after.ruleset.values[name].span
        if name not in outputs:
            found[name] = Decision(name, ADDED, span=span)
            continue
        kind, goes = _kind_change(before, after, name)
        first = Decision(name, UNDECIDED, kind=kind, goes=goes, span=span)
        if before.named(name) == after.named(name):
            found[name] = replace(first, status=SAME, how="structure")
            continue
        first = replace(first, causes=causes(before, after, name))
        if before.ruleset.values[name].type.kind is not after.ruleset.values[name].type.kind:
            found[name] = replace(first, status=DIFFERENT)
            continue
        found[name] = first
        reason = _other_data(before, after, name)
        if reason:
            found[name] = replace(first, reason=reason)
        else:
            open_questions.append(name)
    for name in outputs:
        if name not in found:
            found[name] = Decision(name, REMOVED)
    why = ""
    if open_questions:
        try:
            verdicts = ask(old, new, open_questions, seconds)
            for name in open_questions:
                found[name] = _decided(found[name], verdicts.get(name))
        except NoSolverError as absent:
            why = str(absent)
            for name in open_questions:
                found[name] = replace(found[name], reason="no proof was made")
    return tuple(found.values()), why


def _kind_change(before: Canonical, after: Canonical, name: str) -> tuple[str, bool]:
    """How a decision's kind or labels differ, and whether something that was there is gone."""
    one, other = before.ruleset.values[name].type, after.ruleset.values[name].type
    if one.kind is not other.kind:
        return f"its kind changes from {one.kind} to {other.kind}", True
    if one.kind is not Kind.LABEL:
        return "", False
    words = words_of(before.ruleset)[one.labels], words_of(after.ruleset)[other.labels]
    gone = [word for word in words[0] if word not in words[1]]
    come = [word for word in words[1] if word not in words[0]]
    parts = []
    if gone:
        parts.append(f"labels go: {', '.join(gone)}")
    if come:
        parts.append(f"labels are added: {', '.join(come)}")
    # What the hedge holds is its own label: another structure is another decision, not a lost one.
    return "; ".join(parts), bool(gone) and name != "hedge.hold"


def _columns(side: Canonical, name: str) -> set[str]:
    """The data columns that a decision reads."""
    found: set[str] = set()
    seen: set[int] = set()
    stack = [side.plan.names[name]]
    while stack:
        number = stack.pop()
        if number in seen:
            continue
        seen.add(number)
        node = side.plan.nodes[number]
        if isinstance(node.operation, g.Column):
            found.add(node.operation.name)
        stack.extend(node.inputs)
    return found


def _other_data(before: Canonical, after: Canonical, name: str) -> str:
    """Why markets of the two are not alike for a decision, if they are not."""
    if before.ruleset.schema.bars != after.ruleset.schema.bars:
        return "it is decided on other bars"
    reads = _columns(before, name) | _columns(after, name)
    changed = sorted(reads & changed_columns(before.ruleset, after.ruleset))
    if changed:
        return f"it reads data that changes: {', '.join(changed)}"
    renamed = renamed_columns(before.ruleset, after.ruleset)
    moved = sorted(reads & {*renamed, *renamed.values()})
    if moved:
        return f"its rule changes, and so do names of the data it reads: {', '.join(moved)}"
    return ""


def _decided(first: Decision, verdict: Verdict | None) -> Decision:
    if verdict is None:
        return replace(first, reason="the solver gave no answer")
    match verdict.status:
        case "same":
            return replace(first, status=SAME, how="solver", causes=())
        case "same_off_boundary":
            return replace(first, status=OFF_BOUNDARY, how="solver", boundary=verdict.boundary)
        case "different":
            return replace(
                first,
                status=DIFFERENT,
                region=verdict.region,
                example=verdict.example,
                old=verdict.old,
                new=verdict.new,
            )
        case _:
            return replace(first, reason=verdict.reason or "the solver could not decide")


def shared(decisions: Sequence[Decision]) -> list[str]:
    """The names of the decisions that both rulesets have."""
    return [item.name for item in decisions if item.status not in (ADDED, REMOVED)]
