"""Whether a change only tightens: the proof that a brake needs.

1. Nothing but decisions may change: the same data, structures, selections, header, hedge, positions;
   limits may be added or tightened, promises added.
2. Every decision that is no layer's weight or opening is the same in every market.
3. For every weight: in no market, with or without gaps in the data, is it higher than before, or
   known where it was unknown. For every opening: in no market does it open where it did not.

The third is asked of one ruleset that holds both: the old one's names come along under names that no
ruleset can have, over the same data, and each question is a property of it that must hold always.
What the solver cannot decide is refused: a brake is put in force without a vote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.govern.proofs import INSTALL, can_prove
from alvh_rules.pipeline import Checked

if TYPE_CHECKING:
    from alvh_rules.prove.example import Market

SECONDS = 20.0


@dataclass(frozen=True)
class Tightening:
    """What was proved, a line for each decision; or what stands in the way."""

    proved: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the change tightens and does nothing else."""
        return bool(self.proved) and not self.against


def prove_tightening(old: Checked, new: Checked, *, seconds: float = SECONDS) -> Tightening:
    """Whether a change from one ruleset to another only tightens. Both are without errors."""
    if not can_prove():
        return Tightening((), (f"it takes the solver to prove it: {INSTALL}",))
    from alvh_rules.compare.compare import compare
    from alvh_rules.compare.comparison import ADDED, REMOVED, SAME

    assert old.ruleset is not None
    assert new.ruleset is not None
    found = compare(old, new, "before", "after", seconds)
    against: list[str] = []
    proved: list[str] = []
    for change in found.changes:
        if change.part == "limit" and change.note in ("added", "tightened"):
            proved.append(f"{change.what}: {change.note}")
        elif not (change.part == "param" or (change.part == "always" and not change.old)):
            against.append(f"{change.what} changes, and a brake changes weights and limits alone")
    asked: list[str] = []
    for item in found.decisions:
        role = (new.ruleset if item.status != REMOVED else old.ruleset).roles.get(item.name)
        if item.status == SAME and not item.kind:
            continue
        if role is c.Role.REGIME or (item.status == ADDED and role is c.Role.SIGNAL):
            # What a regime does shows in the decisions; a new signal that nothing used before too.
            continue
        if item.status in (ADDED, REMOVED) or not _may_tighten(new.ruleset, item.name):
            against.append(f"`{item.name}` {_CHANGED.get(item.status, 'may change')}")
            continue
        asked.append(item.name)
    if against:
        return Tightening((), tuple(against))
    for name, verdict, reason in _asked(old.ruleset, new.ruleset, asked, seconds):
        word = "opens nowhere that it did not" if name.endswith(".open") else "never rises"
        if verdict == "proved":
            proved.append(f"{name} {word}")
        else:
            against.append(f"`{name}` is not proved: it {word} is {verdict} ({reason})")
    if not proved and not against:
        against.append("nothing is tightened by it")
    return Tightening(() if against else tuple(proved), tuple(against))


_CHANGED = {"added": "is added", "removed": "goes", "different": "changes"}


def _may_tighten(ruleset: c.CheckedRuleset, name: str) -> bool:
    """Whether it is a weight or an opening of the layers: there less is less risk, whatever else."""
    layers = {layer.name for layer in ruleset.layers}
    layer, _, part = name.rpartition(".")
    return name == "total_weight" or (layer in layers and part in ("weight", "open"))


def _asked(
    old: c.CheckedRuleset, new: c.CheckedRuleset, names: list[str], seconds: float
) -> Iterator[tuple[str, str, str]]:
    """Each name with the verdict that it is tighter in every market, and the reason."""
    if not names:
        return
    from alvh_rules.prove.context import Context
    from alvh_rules.prove.properties import holds
    from alvh_rules.prove.ruleset import contradictory
    from alvh_rules.prove.solver import Budget

    both = _together(old, new)
    conditions = {name: _tighter(both, name) for name in names}
    context = Context(both, Budget(seconds), list(conditions.values()), gaps=True)
    present = Context(both, context.budget, list(conditions.values()), plan=context.plan)
    for name, condition in conditions.items():
        if contradictory(context) or contradictory(present):
            yield name, "undecided", "the assumptions contradict one another"
            continue
        number = context.node(condition)
        first, second = (
            holds(where, "always", name, condition.span, number) for where in (context, present)
        )
        verdict = first if first.status != "proved" else second
        yield name, verdict.status, verdict.reason or _market(verdict.market)


def _market(market: Market | None) -> str:
    if market is None:
        return "without a reason"
    given = (f"{key.removeprefix('old ')} = {value}" for key, value in market.given.items())
    return f"not where {', '.join(given)}"


def _old(name: str) -> str:
    return f"old {name}"


def _together(old: c.CheckedRuleset, new: c.CheckedRuleset) -> c.CheckedRuleset:
    """Both rulesets as one: data columns in common, every other name of the old one as `old NAME`."""
    columns = {name for name, role in old.roles.items() if role is c.Role.COLUMN}
    names = {name: name if name in columns else _old(name) for name in old.values}
    labels = {
        name: _old(name) if new.labels.get(name, words) != words else name
        for name, words in old.labels.items()
    }
    added = {
        names[name]: _renamed(value, names, labels)
        for name, value in old.values.items()
        if name not in columns
    }
    return replace(
        new,
        values={**new.values, **added},
        roles={**new.roles, **dict.fromkeys(added, c.Role.LET)},
        labels={**new.labels, **{labels[name]: words for name, words in old.labels.items()}},
        sources={**old.sources, **new.sources},
        tests=(),
        always=(),
    )


def _tighter(both: c.CheckedRuleset, name: str) -> c.Expression:
    """The condition that the new value asks for no more than the old one; never unknown."""
    now = both.values[name]
    span, type = now.span, now.type
    new = c.Reference(name, type, span)
    old = c.Reference(_old(name), both.values[_old(name)].type, span)
    no_new = c.IsMissing(new, c.FLAG, span)
    had_old = c.Not(c.IsMissing(old, c.FLAG, span), c.FLAG, span)
    if type.kind is Kind.FLAG:
        keeps: c.Expression = c.Logical("and", (had_old, old), c.FLAG, span)
        return c.Logical("or", (no_new, c.Not(new, c.FLAG, span), keeps), c.FLAG, span)
    less = c.Compare("<=", new, old, c.FLAG, span)
    keeps = c.Logical("and", (had_old, less), c.FLAG, span)
    return c.Logical("or", (no_new, keeps), c.FLAG, span)


def _renamed(node: Any, names: Mapping[str, str], labels: Mapping[str, str]) -> Any:
    """An expression with its references, and the label sets of its types, under other names."""
    if isinstance(node, Type):
        return replace(node, labels=labels.get(node.labels, node.labels))
    if isinstance(node, tuple) and any(is_dataclass(item) for item in node):
        return tuple(_renamed(item, names, labels) for item in node)
    if not isinstance(node, c.Expression | c.Axis):
        return node
    made = {
        item.name: _renamed(getattr(node, item.name), names, labels)
        for item in fields(node)
        if item.name not in ("span", "builtin", "row_spans", "column_spans")
    }
    if isinstance(node, c.Reference):
        made["name"] = names.get(node.name, node.name)
    return replace(node, **made)
