"""The cells that steps fill and read, block after block.

A cell is an array of the block's rows (or of its clock's periods), an array of no dimension where the
plan has a constant, or a curve; beside it stands whether it is *whole*: known on every row. What does
not look says that its cell is not whole, which is always safe.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Array, Boolean, Float, is_missing
from alvh_rules.plan import graph as g
from alvh_rules.plan import scalars

DTYPES: dict[g.Storage, np.dtype[Any]] = {
    g.Storage.NUMBER: np.dtype(np.float64),
    g.Storage.FLAG: np.dtype(np.int8),
    g.Storage.CODE: np.dtype(np.int32),
}
"""How a column is held."""
_NOTHING = np.array(np.nan)


def all_finite(column: Float) -> bool:
    """Whether every row is a number."""
    # A sum is finite only if its terms are; one that overflows sends whole data down the slow path.
    return math.isfinite(np.add.reduce(column))


def spread(value: Any, storage: g.Storage, rows: int) -> Array:
    """A constant on every row."""
    return np.full(rows, value, dtype=DTYPES[storage])


def constant_of(node: g.Node) -> float | int | None:
    """The value of a node that is the same on every row of every run; None for another."""
    match node.operation:
        case g.Constant(value):
            return value
        case g.Book(_, empty):
            return empty
        case g.Position():
            return scalars.missing(g.storage_of(node.type))
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where a program's cells are made: the number of a room for each node that has one.

    Nodes whose cells are never held at once may share a room. `types` are the rooms' types.
    """

    of: Mapping[int, int]
    types: Sequence[np.dtype[Any]]


NO_ROOMS = Rooms({}, ())


@dataclass(frozen=True, slots=True)
class Constant:
    """A cell that stands from the start: an array of no dimension."""

    number: int
    value: Array
    whole: bool


def constant_cell(number: int, nodes: Sequence[g.Node]) -> Constant:
    """The cell of a node that is a constant."""
    value, storage = constant_of(nodes[number]), g.storage_of(nodes[number].type)
    assert value is not None
    held = np.array(value, dtype=DTYPES[storage])
    return Constant(number, held, not scalars.is_missing(value, storage))


class Cells:
    """The cells of one block: `values` and `whole` by node.

    A cell is made in a room that stays from block to block, so that a run works in the same memory;
    a cell that is wanted is made where it is wanted, in `begin`'s targets.
    """

    def __init__(
        self, nodes: Sequence[g.Node], constants: Sequence[Constant] = (), rooms: Rooms = NO_ROOMS
    ) -> None:
        self.nodes = nodes
        self.values: list[Any] = [None] * len(nodes)
        self.whole: list[bool] = [False] * len(nodes)
        for constant in constants:
            self.values[constant.number] = constant.value
            self.whole[constant.number] = constant.whole
        self.rows: dict[str, int] = {}
        self._rooms = rooms
        self._arrays: list[Array] = [np.empty(0, dtype=dtype) for dtype in self._rooms.types]
        self._places: list[Array | None] = [None] * len(nodes)
        self._targets: Mapping[int, Array] = {}
        self._known: dict[int, Any] = {}
        self._scratch = np.empty(0, dtype=np.bool_)

    def begin(self, rows: int, targets: Mapping[int, Array] | None = None) -> None:
        """A new block of so many rows: what was worked out of the last one's cells is forgotten.

        `targets` are arrays of the block's rows in which nodes' cells may be made.
        """
        places = self._places
        for number in self._targets:
            places[number] = None
        if self.rows.get(g.ROWS) != rows:
            self.rows[g.ROWS] = rows
            places[:] = [None] * len(places)
            if len(self._scratch) != rows:
                self._scratch = np.empty(rows, dtype=np.bool_)
        self._targets = targets or {}
        self._known.clear()

    def room(self, number: int, dtype: np.dtype[Any]) -> Array:
        """An array for a node's cell, whatever stands in it."""
        found = self._places[number]
        return self._placed(number, dtype) if found is None else found

    def _placed(self, number: int, dtype: np.dtype[Any]) -> Array:
        target = self._targets.get(number)
        if target is not None and target.dtype == dtype:
            self._places[number] = target
            return target
        rows = self.rows[self.nodes[number].clock]
        room = self._rooms.of.get(number)
        if room is None:
            return np.empty(rows, dtype=dtype)
        array = self._arrays[room]
        if len(array) < rows:
            array = self._arrays[room] = np.empty(rows, dtype=array.dtype)
        found = array if len(array) == rows else array[:rows]
        self._places[number] = found
        return found

    def scratch(self, rows: int) -> Boolean:
        """Room for what a step works out on the way, whatever stands in it."""
        kept = self._scratch
        return kept if len(kept) == rows else np.empty(rows, dtype=np.bool_)

    def known(self, number: int) -> Any:
        """Where a cell is known, as booleans; worked out once. It must not be changed."""
        found = self._known.get(number)
        if found is None:
            lost = is_missing(self.values[number], self.nodes[number].type.kind)
            found = self._known[number] = np.logical_not(lost)
        return found

    def settle(self, number: int, column: Float, whole: bool) -> bool:
        """Make missing, in a node's column itself, what is not finite; tell whether all is known.

        `whole` is whether the column is likely to be: one that is costs one pass then.
        """
        if whole and all_finite(column):
            return True
        known = np.isfinite(column)
        if known.all():
            return True
        self._known[number] = known
        lost = np.logical_not(known, self.scratch(len(known)))
        # Not a number may have a sign, or digits: missing is one pattern of bits.
        np.copyto(column, _NOTHING, where=lost)
        return False
