"""Strands: nodes of a plan that one loop computes, between the steps of the others.

The plan is cut into waves. A step reads what earlier waves have made, and so does a strand; within a
strand a node reads its neighbours' values, which never reach main memory. Waves take turns, steps and
then a strand, or two: a node goes to the first of its own sort that stands after all that it reads.
What an engine does not take into strands stays a step, so a plan of such nodes alone is run as
without it.

A strand's bits are those of the steps that it takes the place of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeGuard

import numpy as np

from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import DTYPES, Cells, spread
from alvh_rules.evaluate.inputs import Array, Float
from alvh_rules.evaluate.pointwise import Computed
from alvh_rules.evaluate.steps import Step
from alvh_rules.plan import graph as g
from alvh_rules.plan.schedule import schedule

MOST_NODES = 4_096
"""Nodes of one strand: of longer ones a program would outgrow its bounds."""
Takes = Callable[[Sequence[g.Node], int], bool]
"""Whether an engine takes a node into strands."""


def takes_none(nodes: Sequence[g.Node], number: int) -> bool:
    """Each node is a step."""
    return False


def takes_squares(operation: g.Operation) -> TypeGuard[g.Call]:
    """Whether the node is given squared logarithms of returns in place of its input.

    NumPy's logarithm differs from others in the last bit, and so is the only one: the one operation
    of strands that takes a logarithm, realized volatility, is given them.
    """
    return isinstance(operation, g.Call) and operation.function == "realized_volatility"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a run: nodes that one strand computes, or the node of one step.

    `reads` are the cells that it needs, `frees` those that no later piece does.
    """

    numbers: tuple[int, ...]
    is_strand: bool
    reads: tuple[int, ...]
    outputs: tuple[int, ...]
    frees: tuple[int, ...]


def pieces(
    nodes: Sequence[g.Node], wanted: Iterable[int], takes: Takes, apart: bool = False
) -> list[Piece]:
    """The pieces that give the wanted nodes, in an order in which they can be run.

    Where none is taken into strands each is one step, in the order of the schedule. Where they are to
    stand `apart`, no strand has both nodes that remember and others: several threads wait for each
    other at the first alone.
    """
    kept = set(wanted)
    order = [step.number for step in schedule(nodes, kept).steps]
    sorts = 3 if apart else 2
    wave: dict[int, int] = {}
    for number in order:
        node = nodes[number]
        sort = int(takes(nodes, number))
        if sort and apart and remembers(node.operation):
            sort = 2
        before = max((wave[part] for part in node.inputs), default=0)
        wave[number] = before + (sort - before) % sorts
        if takes_squares(node.operation) and sort and wave[number] == before:
            # Its squares are worked out before the loop, so its price must be there by then.
            wave[number] += sorts
    groups: list[tuple[bool, tuple[int, ...]]] = []
    for turn in sorted(set(wave.values())):
        members = tuple(number for number in order if wave[number] == turn)
        if turn % sorts:
            starts = range(0, len(members), MOST_NODES)
            groups += [(True, members[start : start + MOST_NODES]) for start in starts]
        else:
            groups += [(False, (number,)) for number in members]
    return _connected(nodes, kept, groups)


def remembers(operation: g.Operation) -> bool:
    """Whether an operation rests on rows before the present one."""
    if isinstance(operation, g.Call):
        return BUILTINS[operation.function].shape in (Shape.WINDOW, Shape.RECURSIVE)
    return isinstance(operation, g.Lasting | g.Latch)


def strands_of(
    nodes: Sequence[g.Node], wanted: Iterable[int], takes: Takes, apart: bool = False
) -> list[tuple[int, ...]]:
    """The nodes of each strand that a run of the wanted nodes has."""
    return [piece.numbers for piece in pieces(nodes, wanted, takes, apart) if piece.is_strand]


def _connected(
    nodes: Sequence[g.Node], kept: set[int], groups: list[tuple[bool, tuple[int, ...]]]
) -> list[Piece]:
    reads: list[tuple[int, ...]] = []
    cells: set[int] = set(kept)
    for strand, members in groups:
        own = set(members)
        outside = dict.fromkeys(
            part for number in members for part in nodes[number].inputs if part not in own
        )
        reads.append(tuple(outside))
        # A strand reads the columns of the data where they are.
        cells.update(n for n in outside if not (strand and is_array(nodes[n])))
    last: dict[int, int] = {}
    for place, found in enumerate(reads):
        last.update(dict.fromkeys(found, place))
    out = []
    for place, (strand, members) in enumerate(groups):
        if not strand and is_array(nodes[members[0]]) and members[0] not in cells:
            continue
        frees = tuple(
            n
            for n in reads[place]
            if last[n] == place
            and n in cells
            and n not in kept
            and not isinstance(nodes[n].operation, g.Constant)
        )
        outputs = tuple(n for n in members if n in cells)
        out.append(Piece(members, strand, reads[place], outputs, frees))
    return out


def is_array(node: g.Node) -> bool:
    """Whether a node is a column that a strand can read from the data itself."""
    known = isinstance(node.operation, g.Column | g.Given)
    return known and g.storage_of(node.type) is not g.Storage.CURVE


class Strand(Step):
    """One loop in the place of its nodes' steps: what all engines' strands have in common.

    A strand remembers `_numbers`, `_counts` and `_rings`, arrays that it changes where they are.
    """

    remembers = True
    _numbers: Float
    _counts: Array
    _rings: Float

    def __init__(self, piece: Piece, nodes: Sequence[g.Node]) -> None:
        super().__init__(piece.numbers[0], nodes)
        self.piece = piece
        self.nodes = nodes
        self.rooms = {n: self.cell_type(nodes[n]) for n in piece.outputs}
        squares = {
            number: nodes[number].inputs[0]
            for number in piece.numbers
            if takes_squares(nodes[number].operation)
        }
        read = {
            part
            for number in piece.numbers
            if number not in squares
            for part in nodes[number].inputs
        }
        self._read = [
            n for n in piece.reads if n in read and not isinstance(nodes[n].operation, g.Constant)
        ]
        self._squares = squares
        self._prices = sorted(set(squares.values()))
        self._last = dict.fromkeys(self._prices, np.nan)

    @staticmethod
    def cell_type(node: g.Node) -> np.dtype[Any]:
        """The type of the cell that is made of a node."""
        return DTYPES[g.storage_of(node.type)]

    def begin(self, numbers: Sequence[float], counts: Sequence[int], rings: int) -> None:
        """What is remembered before the first row: rings of so many rows are missing throughout.

        A strand that remembers nothing takes its blocks in any order, and so on several threads.
        """
        self._numbers = np.array(numbers, dtype=np.float64)
        self._counts = np.array(counts, dtype=np.int64)
        self._rings = np.full(rings, np.nan)
        self.remembers = bool(numbers or counts or rings or self._prices)

    def fresh(self) -> Self:
        """The same loop with a memory of its own, for a strand that has not been run."""
        if not self.remembers:
            return self
        other = super().fresh()
        other._numbers, other._counts = self._numbers.copy(), self._counts.copy()
        other._rings, other._last = self._rings.copy(), dict(self._last)
        return other

    def loop(self, rows: int, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        """Fill the outputs from the inputs, which are the columns read and then the squares."""
        raise NotImplementedError

    def compute(self, cells: Cells, block: Block) -> Computed:
        """Fill the cells of the strand's outputs; give that of its first node, if it is one."""
        rows = len(block)
        inputs = [self._array(number, cells, block, rows) for number in self._read]
        if self._prices:
            inputs += self.squared_returns(cells, block, rows)
        outputs = [cells.room(number, dtype) for number, dtype in self.rooms.items()]
        self.loop(rows, inputs, outputs)
        values, whole = cells.values, cells.whole
        for number, column in zip(self.rooms, outputs, strict=True):
            values[number] = column
            whole[number] = False
        return values[self.number], False

    def _array(self, number: int, cells: Cells, block: Block, rows: int) -> Array:
        """An input as the loop takes it: contiguous and aligned, of its storage's own type."""
        node = self.nodes[number]
        storage = g.storage_of(node.type)
        match node.operation:
            case g.Column(name):
                found: Any = block.column(name)
            case g.Given(name):
                found = block.given_column(name)
            case _:
                found = cells.values[number]
        if not found.ndim:
            return spread(found, storage, rows)
        column = np.ascontiguousarray(found, dtype=DTYPES[storage])
        return column if column.flags.aligned else column.copy()

    def squared_returns(self, cells: Cells, block: Block, rows: int) -> list[Float]:
        """For each node that wants them, the squares that `kernels/windows.py` works out."""
        found: dict[int, Float] = {}
        for price in self._prices:
            values = self._array(price, cells, block, rows)
            squares = np.empty(rows)
            squares[0] = values[0] / self._last[price]
            np.divide(values[1:], values[:-1], out=squares[1:])
            np.log(squares, out=squares)
            squares *= squares
            self._last[price] = float(values[-1])
            found[price] = squares
        return [found[price] for price in self._squares.values()]

    def save(self) -> Any:
        """What is remembered, as numbers, lists and dictionaries."""
        return {
            "numbers": self._numbers.tolist(),
            "counts": self._counts.tolist(),
            "rings": self._rings.tolist(),
            "prices": [self._last[price] for price in self._prices],
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what a strand of the same plan and wanted nodes saved."""
        self._numbers[:] = saved["numbers"]
        self._counts[:] = saved["counts"]
        self._rings[:] = saved["rings"]
        self._last = dict(zip(self._prices, saved["prices"], strict=True))
