"""Each decision of either ruleset, compared.

1. A decision that only one of them has is added or removed.
2. One whose computation has one number in both (`canonical.py`) is the same for every market.
3. One whose rule is the same, on data that is itself read from elsewhere or otherwise now, is undecided,
   with that reason: no market is given to both.
4. The rest goes to the solver (`alvh_rules.prove.equality`), where it is installed.
5. Where a decision is not the same, what is said otherwise beneath it is told (`causes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alvh_rules.check.checked import CheckedRuleset
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
from alvh_rules.compare.implication import with_columns
from alvh_rules.compare.requirements import changed_columns, renamed_columns
from alvh_rules.compare.solver import NoSolverError, Verdict, ask
from alvh_rules.core.kinds import Kind
from alvh_rules.pipeline import Checked
from alvh_rules.plan import graph as g


@dataclass(frozen=True)
class Side:
    """One of the two rulesets. `canonical` knows a data column by what it is read from, `by_name` by
    its name: a market of an example is given by names."""

    checked: Checked
    canonical: Canonical
    by_name: Canonical

    @property
    def ruleset(self) -> CheckedRuleset:
        """The ruleset."""
        return self.canonical.ruleset


def compare_decisions(old: Side, new: Side, seconds: float) -> tuple[tuple[Decision, ...], str]:
    """The decisions of either, the new ruleset's first, and why no solver was asked (empty where one
    was, or none was needed). The sides' numbers are of one table."""
    found: dict[str, Decision] = {}
    doubtful: list[str] = []
    for name in new.ruleset.outputs:
        # What limits follow it up with stands elsewhere; its own clause is its first stage.
        first = f"{name}@0" if f"{name}@0" in new.ruleset.values else name
        span = new.ruleset.values[first].span
        if name not in old.ruleset.outputs:
            found[name] = Decision(name, ADDED, span=span)
            continue
        kind, goes = _kind_change(old.ruleset, new.ruleset, name)
        one, other = (side.ruleset.values[name].type.kind for side in (old, new))
        item = Decision(name, UNDECIDED, kind=kind, goes=goes, span=span)
        if one is not other:
            item = replace(item, status=DIFFERENT)
        elif old.canonical.named(name) == new.canonical.named(name):
            item = replace(item, status=SAME, how="structure")
        elif old.by_name.named(name) == new.by_name.named(name):
            item = replace(item, reason=_data_reason(old, new, name))
        else:
            item = replace(item, causes=causes(old.by_name, new.by_name, name))
            doubtful.append(name)
        found[name] = item
    for name in old.ruleset.outputs:
        if name not in found:
            found[name] = Decision(name, REMOVED)
    why = ""
    if doubtful:
        try:
            verdicts = _ask(old, new, doubtful, seconds)
        except NoSolverError as absent:
            why, verdicts = str(absent), {}
        for name in doubtful:
            found[name] = _decided(found[name], verdicts.get(name), _data_reason(old, new, name))
            if why:
                found[name] = replace(found[name], reason="no proof was made")
    return tuple(found.values()), why


def _ask(old: Side, new: Side, names: Sequence[str], seconds: float) -> dict[str, Verdict]:
    """The solver's verdicts on markets given by the new ruleset's names of columns."""
    renamed = renamed_columns(old.ruleset, new.ruleset)
    before = with_columns(old.checked, renamed) if renamed else old.checked
    if before is None or old.ruleset.schema.bars != new.ruleset.schema.bars:
        return {}
    return ask(before, new.checked, names, seconds)


def _kind_change(old: CheckedRuleset, new: CheckedRuleset, name: str) -> tuple[str, bool]:
    """How a decision's kind or labels differ, and whether something that was there is gone."""
    one, other = old.values[name].type, new.values[name].type
    if one.kind is not other.kind:
        return f"its kind changes from {one.kind} to {other.kind}", True
    if one.kind is not Kind.LABEL:
        return "", False
    words = words_of(old)[one.labels], words_of(new)[other.labels]
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


def _data_reason(old: Side, new: Side, name: str) -> str:
    """Which data of a decision is other data now, if some is."""
    if old.ruleset.schema.bars != new.ruleset.schema.bars:
        return "it is decided on other bars"
    reads = _columns(old.canonical, name) | _columns(new.canonical, name)
    changed = sorted(reads & changed_columns(old.ruleset, new.ruleset))
    return f"it reads data that changes: {', '.join(changed)}" if changed else ""


def _decided(first: Decision, verdict: Verdict | None, data: str) -> Decision:
    """A decision with the solver's verdict; `data` says what data it reads that is other data now."""
    if verdict is None:
        return replace(first, reason=data or "the solver gave no answer")
    if verdict.status in (SAME, OFF_BOUNDARY) and data:
        return replace(first, reason=data, causes=())
    match verdict.status:
        case "same":
            return replace(first, status=SAME, how="solver", causes=())
        case "same_off_boundary":
            return replace(
                first,
                status=OFF_BOUNDARY,
                how="solver",
                boundary=verdict.boundary,
                example=verdict.example,
                old=verdict.old,
                new=verdict.new,
                causes=(),
            )
        case "different":
            return replace(
                first,
                status=DIFFERENT,
                region=verdict.region,
                example=verdict.example,
                old=verdict.old,
                new=verdict.new,
                reason=data,
            )
        case _:
            return replace(first, reason=verdict.reason or "the solver could not decide")
