"""The vectorised evaluator: a plan and a market, to a column for every wanted name.

1. The schedule is made from the wanted nodes alone; each of its nodes becomes a step (`steps.py`).
2. The market goes through in blocks of consecutive rows. Every step fills its cell; a cell is let go
   once its last reader has run. What must be remembered from block to block stays with its step.
3. The wanted cells of each block are copied to the columns of the result.

Any size of block gives the same bits, one row at a time and all at once included: no step depends on
where its block begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate.blocks import Block, blocks_of
from alvh_rules.evaluate.inputs import Array, Market, missing_of
from alvh_rules.evaluate.steps import Cells, spread, step_of
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.plan.schedule import schedule

BLOCK = 16_384
"""Rows of a block: what a step reads and writes stays in the processor's own memory."""


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


class Run:
    """The steps of a plan, and what they remember between blocks."""

    def __init__(self, nodes: Sequence[g.Node], wanted: Iterable[int]) -> None:
        self.nodes = nodes
        self.wanted = list(dict.fromkeys(wanted))
        self.cells = Cells(len(nodes))
        self.clocks = {nodes[step.number].clock for step in schedule(nodes, self.wanted).steps}
        self._steps = []
        for planned in schedule(nodes, self.wanted).steps:
            step = step_of(planned.number, nodes)
            if step is not None:
                self._steps.append((step, planned.frees))
            else:
                operation = nodes[planned.number].operation
                assert isinstance(operation, g.Constant)
                self.cells.values[planned.number] = operation.value
                storage = g.storage_of(nodes[planned.number].type)
                lost = {g.Storage.FLAG: 0, g.Storage.CODE: -1}.get(storage)
                self.cells.whole[planned.number] = (
                    operation.value == operation.value and operation.value != lost
                )

    def feed(self, block: Block) -> Callable[[int], Any]:
        """Run the next block; gives the wanted cells, which hold until the next is fed."""
        cells = self.cells
        cells.rows[g.ROWS] = len(block)
        for clock in self.clocks - {g.ROWS}:
            cells.rows[clock] = len(block.timeline.periods[clock].sample)
        for step, frees in self._steps:
            step.run(cells, block)
            for number in frees:
                if not isinstance(self.nodes[number].operation, g.Constant):
                    cells.values[number] = None
        return self._cell

    def _cell(self, number: int) -> Any:
        value = self.cells.values[number]
        if isinstance(value, float | int):
            node = self.nodes[number]
            return spread(value, g.storage_of(node.type), self.cells.rows[node.clock])
        return value

    def save(self) -> dict[str, Any]:
        """What the steps remember, by node, as numbers, lists and dictionaries."""
        return {str(step.number): step.save() for step, _ in self._steps}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of a run of the same plan and wanted nodes."""
        for step, _ in self._steps:
            step.load(saved[str(step.number)])


def evaluate(
    ruleset: c.CheckedRuleset,
    plan: g.Plan,
    market: Market,
    *,
    given: Mapping[str, Array] | None = None,
    names: Iterable[str] | None = None,
    on_step: Callable[[int, int], None] = lambda done, of: None,
    block: int = BLOCK,
) -> Evaluation:
    """Run a plan over a market.

    `given` are the columns of the plan's given names. `names` are those whose columns are wanted;
    None keeps every node, which an explanation needs. `on_step` is told the rows done, of how many.
    `block` is the rows of a block; it changes nothing in what is found.
    """
    wanted = range(len(plan.nodes)) if names is None else [plan.names[name] for name in names]
    run = Run(plan.nodes, wanted)
    rows = len(market.timeline)
    parts: dict[int, list[Any]] = {number: [] for number in run.wanted}
    kept: dict[int, Any] = {}
    for number in run.wanted:
        node = plan.nodes[number]
        if node.clock == g.ROWS and node.type.kind is not Kind.CURVE and rows > block:
            kept[number] = missing_of(node.type.kind, rows)
    with np.errstate(all="ignore"):
        for piece in blocks_of(market, given or {}, block):
            cell = run.feed(piece)
            for number in run.wanted:
                if number in kept:
                    kept[number][piece.start : piece.end] = cell(number)
                else:
                    parts[number].append(cell(number))
            on_step(piece.end, rows)
    for number, found in parts.items():
        if number not in kept:
            kept[number] = _joined(found, plan.nodes[number])
    named = {
        # By its own name a curve is shown as its nearest month.
        name: kept[number][0][0] if isinstance(kept[number], tuple) else kept[number]
        for name, number in plan.names.items()
        if number in kept
    }
    return Evaluation(ruleset, plan, market, named, kept, Lowering.over(ruleset, plan))


def _joined(parts: list[Any], node: g.Node) -> Any:
    if not parts:
        return missing_of(node.type.kind, 0)
    if isinstance(parts[0], tuple):
        return tuple(
            tuple(np.concatenate(months) for months in zip(*side, strict=True))
            for side in zip(*parts, strict=True)
        )
    dtype = missing_of(node.type.kind, 0).dtype
    return np.concatenate(parts).astype(dtype, copy=False)
