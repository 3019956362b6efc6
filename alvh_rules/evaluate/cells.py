"""The cells that steps fill and read, block after block.

A cell is an array of the block's rows (or of its clock's periods), a plain number where the plan has a
constant, or a curve; beside it stands whether it is *whole*: known on every row. What does not look
says that its cell is not whole, which is always safe.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate.inputs import Array, Float, is_missing
from alvh_rules.plan import graph as g
from alvh_rules.plan import scalars

DTYPES: dict[g.Storage, np.dtype[Any]] = {
    g.Storage.NUMBER: np.dtype(np.float64),
    g.Storage.FLAG: np.dtype(np.int8),
    g.Storage.CODE: np.dtype(np.int32),
}
"""How a column is held."""


def all_finite(column: Float) -> bool:
    """Whether every row is a number."""
    # A sum is finite only if its terms are; one that overflows sends whole data down the slow path.
    return math.isfinite(np.add.reduce(column))


def settled(column: Float) -> tuple[Float, bool]:
    """The column with what is not finite made missing, and whether all of it is known."""
    if all_finite(column):
        return column, True
    return np.where(np.isfinite(column), column, np.nan), False


def settle(column: Float, whole: bool) -> bool:
    """Make missing, in the column itself, what is not finite; tell whether all of it is known.

    `whole` is whether the column is likely to be: one that is costs one pass then.
    """
    if whole and all_finite(column):
        return True
    lost = np.isfinite(column)
    if lost.all():
        return True
    np.copyto(column, np.nan, where=np.logical_not(lost, out=lost))
    return False


def spread(value: float | int, storage: g.Storage, rows: int) -> Array:
    """A constant on every row."""
    return np.full(rows, value, dtype=DTYPES[storage])


class Cells:
    """The cells of one block: `values` and `whole` by node.

    Room for a cell's array is taken from arrays that earlier cells have let go, so that a run works in
    the same memory from block to block; a cell that is wanted is made where it is wanted, in `targets`.
    """

    def __init__(self, count: int) -> None:
        self.values: list[Any] = [None] * count
        self.whole: list[bool] = [False] * count
        self.rows: dict[str, int] = {}
        self.targets: Mapping[int, Array] = {}
        self._own: list[Array | None] = [None] * count
        self._free: dict[Any, list[Array]] = {}
        self._known: dict[int, Any] = {}

    def begin(self, rows: int) -> None:
        """A new block of so many rows: what was worked out of the last one's cells is forgotten."""
        self.rows[g.ROWS] = rows
        self._known.clear()

    def put_constant(self, number: int, node: g.Node) -> None:
        """A constant is a plain number, and stays."""
        assert isinstance(node.operation, g.Constant)
        value = node.operation.value
        self.values[number] = value
        self.whole[number] = not scalars.is_missing(value, g.storage_of(node.type))

    def room(self, number: int, dtype: Any, rows: int) -> Array:
        """An array for a node's cell, whatever stands in it."""
        target = self.targets.get(number)
        if target is not None and target.dtype == dtype:
            return target
        free = self._free.get(dtype)
        if free:
            own = free.pop()
            if len(own) >= rows:
                self._own[number] = own
                return own[:rows]
        own = np.empty(rows, dtype=dtype)
        self._own[number] = own
        return own

    def known(self, number: int, kind: Kind) -> Any:
        """One where a cell is known and zero where it is missing, as bytes; worked out once."""
        found = self._known.get(number)
        if found is None:
            value = self.values[number]
            column = np.array([value]) if isinstance(value, float | int) else value
            found = self._known[number] = np.logical_not(is_missing(column, kind)).view(np.int8)
        return found

    def let_go(self, number: int) -> None:
        """The cell is read no more."""
        self.values[number] = None
        self._known.pop(number, None)
        own = self._own[number]
        if own is not None:
            self._own[number] = None
            self._free.setdefault(own.dtype, []).append(own)
