"""The vectorised evaluator: a plan and a market, to a column for every wanted name.

1. The schedule is made from the wanted nodes alone.
2. Each step computes one node over whole columns (`operations.py`).
3. A column is let go once its last reader has run, unless it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.evaluate.inputs import Array, Market
from alvh_rules.evaluate.operations import compute, hold, read, rows_of
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.plan.schedule import schedule


@dataclass(frozen=True)
class Evaluation:
    """What a run gave.

    `columns` are by name, a row each: float64, int8 of `core.kleene`, or int32 codes. They are the
    names that were asked for, and those that share a node with one. `kept` are all columns held, by
    node.
    """

    ruleset: c.CheckedRuleset
    plan: g.Plan
    market: Market
    columns: Mapping[str, Array]
    kept: Mapping[int, Any] = field(repr=False)
    _found: Lowering = field(repr=False)

    def value(self, expression: c.Expression) -> Array:
        """The column of an expression of the ruleset, on the rows.

        Raises KeyError for one that the run did not keep: ask `evaluate` for everything.
        """
        return np.asarray(self.kept[self._found.lower(expression)])

    def picked(self, table: c.Table, axis: int) -> Array:
        """The row (axis 0) or column (axis 1) that each row of the run picks; -1 where none."""
        number = self._found.axis(table.axes[axis], g.ROWS, table.span)
        return np.asarray(self.kept[number])

    def cell(self, table: c.Table) -> Array:
        """The number of the cell that each row of the run picks; -1 where none."""
        return np.asarray(self.kept[self._found.cell(table, g.ROWS)])


def evaluate(
    ruleset: c.CheckedRuleset,
    plan: g.Plan,
    market: Market,
    *,
    given: Mapping[str, Array] | None = None,
    names: Iterable[str] | None = None,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> Evaluation:
    """Run a plan over a market.

    `given` are the columns of the plan's given names. `names` are those whose columns are wanted;
    None keeps every node, which an explanation needs. `on_step` is told the steps done, of how many.
    """
    wanted = range(len(plan.nodes)) if names is None else [plan.names[name] for name in names]
    columns: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        steps = schedule(plan.nodes, wanted).steps
        for done, step in enumerate(steps, 1):
            columns[step.number] = _column(plan, plan.nodes[step.number], columns, market, given)
            for number in step.frees:
                del columns[number]
            on_step(done, len(steps))
    named = {
        # By its own name a curve is shown as its nearest month.
        name: columns[number][0][0] if isinstance(columns[number], tuple) else columns[number]
        for name, number in plan.names.items()
        if number in columns
    }
    return Evaluation(ruleset, plan, market, named, columns, Lowering.over(ruleset, plan))


def _column(
    plan: g.Plan,
    node: g.Node,
    columns: Mapping[int, Any],
    market: Market,
    given: Mapping[str, Array] | None,
) -> Any:
    found = read(node, market, given or {}, rows_of(market, node.clock))
    if found is not None:
        return found
    inputs = [columns[number] for number in node.inputs]
    if isinstance(node.operation, g.Hold):
        return hold(inputs[0], market, plan.nodes[node.inputs[0]].clock, node.type.kind)
    kinds = [plan.nodes[number].type.kind for number in node.inputs]
    return compute(node, inputs, kinds, market)
