"""What a proof takes for granted: the kinds of the data, and what `assume` says.

`assume` holds on every row, so a bound that it puts on one column is a bound of that column's past as
well: `ago(vix, 5)` lies between 5 and 150 where vix does.
"""

from __future__ import annotations

import z3

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import RANGES, Kind
from alvh_rules.core.schema import Column
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.prove import polynomial as p
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import Leaf, Number

_BELOW, _ABOVE = ("<", "<="), (">", ">=")


def assume(to: Translation) -> list[z3.BoolRef]:
    """The formulas of every `assume`; bounds on a single column are put on its unknown first."""
    nodes = assumed_nodes(to.ruleset, to.plan)
    for number in nodes:
        _narrow(to, number)
    return [to.truth(number).true if not to.gaps else _unless(to, number) for number in nodes]


def _unless(to: Translation, number: int) -> z3.BoolRef:
    """With gaps, what is assumed is not false; where data are missing nothing is assumed of them."""
    false = to.truth(number).false
    found: z3.BoolRef = z3.Not(false)
    return found


def assumed_nodes(ruleset: c.CheckedRuleset, plan: g.Plan) -> list[int]:
    """The node of each assumption. A plan made without them has none: see `with_assumptions`."""
    lowering = Lowering.over(ruleset, plan)
    found = [lowering.lower(item) for item in ruleset.assumptions]
    if any(number >= len(plan.nodes) for number in found):
        raise KeyError("the plan lacks the assumptions")
    return found


def _narrow(to: Translation, number: int) -> None:
    """Bounds from comparisons of a column with a number, through every `and`."""
    node = to.plan.nodes[number]
    match node.operation:
        case g.Logical(operator="and"):
            for part in node.inputs:
                _narrow(to, part)
        case g.Compare(sign):
            left, right = (to.plan.nodes[part] for part in node.inputs)
            if isinstance(left.operation, g.Constant) and sign in (*_BELOW, *_ABOVE):
                turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[sign]
                _bound(to, node.inputs[1], turned, left.operation.value)
            elif isinstance(right.operation, g.Constant) and sign in (*_BELOW, *_ABOVE):
                _bound(to, node.inputs[0], sign, right.operation.value)


def _bound(to: Translation, number: int, sign: str, value: float) -> None:
    if not isinstance(to.plan.nodes[number].operation, g.Column) or value != value:
        return
    content = to.value(number)
    if not isinstance(content, Leaf) or not isinstance(content.content, Number):
        return
    (which,) = content.content.top.unknowns
    end = p.End(p.decimal(value), sign in ("<", ">"))
    here = p.Interval(end, p.End(None)) if sign in _ABOVE else p.Interval(p.End(None), end)
    to.symbols.narrow(which, here)


def described(ruleset: c.CheckedRuleset) -> list[str]:
    """What is taken for granted, a line each, in the trader's words."""
    lines = []
    for column in ruleset.schema.columns:
        said = _of_kind(column)
        if said:
            lines.append(f"`{column.name}` {said}, as its kind is `{column.kind.value}`")
    for assumption in ruleset.assumptions:
        lines.append(f"assume {ruleset.text(assumption.span)}")
    optional = [f"`{column.name}`" for column in ruleset.schema.columns if column.optional]
    lines.append(
        "data are present, with history enough for every window"
        + (f"; {', '.join(optional)} may be missing" if optional else "")
    )
    return lines


def _of_kind(column: Column) -> str:
    if column.kind in (Kind.PRICE, Kind.VOLATILITY):
        return "is above 0"
    low, high = RANGES.get(column.kind, (None, None))
    if low is None:
        return ""
    return f"is {low:g} or more" if high is None else f"lies from {low:g} to {high:g}"
