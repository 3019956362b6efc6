"""How many values of a window are at most its last: whole numbers, the same however they are counted.

Three ways, by the window and by how many rows there are:

- a few rows are counted each over its own window, which is what one bar at a time needs;
- short windows are counted a lag at a time, on as many rows as stay near the processor;
- long windows are cut at the edges of pieces of rows. A window's first and last piece are counted a
  lag at a time, and all pieces between them at once: a table says for each piece how many rows before
  it are of each rank or less. The work a row does not grow with the window, up to some 30,000 rows;
  from there it is a pass for each 32 rows of it.

Values are compared by rank, which is a small whole number: a row's rank is the place of the last value
equal to it, in order, so that rows are at most another if their ranks are.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Array, Float

_FEW = 16
"""Rows up to which each is counted by itself."""
_SHORT = 1_000
"""Rows of a window up to which counting by lags alone costs less."""
_NEAR = 8_192
"""Rows that are counted by lags at a time."""
_PIECES = 64
"""Pieces that long windows' rows are cut into: more of them make larger tables and fewer lags."""
_RANKED = 1 << 16
"""Rows that are ranked at a time for long windows: as many as two bytes number."""
_BYTE = 127
"""Lags that are counted in a byte."""


def counts_at_most(x: Float, n: int) -> Array:
    """Of each whole window of n rows, how many values are at most the last.

    `len(x) - n + 1` whole numbers, the first of the window that ends on row n - 1. A window in which a
    value is missing has any number.
    """
    rows = len(x) - n + 1
    if rows <= _FEW:
        found = [np.count_nonzero(x[row : row + n] <= x[row + n - 1]) for row in range(rows)]
        return np.array(found, dtype=np.int64)
    if n <= _SHORT:
        parts = [
            _by_lags(x[start : start + _NEAR + n - 1], n) for start in range(0, rows, _NEAR)
        ]
    else:
        size = max(_RANKED, 2 * n) - n
        parts = [_by_pieces(x[start : start + size + n - 1], n) for start in range(0, rows, size)]
    return np.concatenate(parts)


class _Counts:
    """Counts of truths, added up in bytes as far as those go. The arrays are those of a shape."""

    def __init__(self, rows: Array) -> None:
        self.all = np.zeros(rows.shape, dtype=np.int64)
        self._some = np.zeros(rows.shape, dtype=np.int8)
        self._truths = np.empty(rows.shape, dtype=np.bool_)
        self._added = 0

    def add(self, values: Array, last: Array, cut: slice) -> None:
        """One more, at a cut of the last axis, where a value is at most the last."""
        truths = self._truths[..., cut]
        np.less_equal(values, last, out=truths)
        self._some[..., cut] += truths.view(np.int8)
        self._added += 1
        if self._added == _BYTE:
            self.settle()

    def settle(self) -> Array:
        """All counts so far."""
        self.all += self._some
        self._some.fill(0)
        self._added = 0
        return self.all


def _by_lags(x: Array, n: int) -> Array:
    last = x[n - 1 :]
    counts = _Counts(last)
    for start in range(n):
        counts.add(x[start : start + len(last)], last, slice(None))
    return counts.settle()


def _by_pieces(x: Float, n: int) -> Array:
    length = -(-len(x) // _PIECES)
    if length >= n:
        return _by_lags(x, n)
    order, ranks = _ranked(x)
    pieces = _cut(ranks, length)

    # The last piece, from its own first row on.
    newest = _Counts(pieces)
    for lag in range(length):
        newest.add(pieces[:, : length - lag], pieces[:, lag:], slice(lag, None))
    # The first piece, from the window's first row to the piece's end.
    last = _cut(ranks[n - 1 :], length)
    first = pieces[: len(last)]
    oldest = _Counts(last)
    for lag in range(length):
        oldest.add(first[:, lag:], last[:, : length - lag], slice(length - lag))
    # The pieces between.
    before = np.empty((_PIECES + 1, len(x)), dtype=ranks.dtype)
    for piece in range(_PIECES + 1):
        np.cumsum(order < piece * length, dtype=ranks.dtype, out=before[piece])
    ends = np.arange(n - 1, len(x))
    at = ranks[n - 1 :]
    between = before[ends // length, at].astype(np.int64)
    between -= before[(ends - (n - 1)) // length + 1, at]
    rows = len(ends)
    return between + newest.settle().ravel()[n - 1 : len(x)] + oldest.settle().ravel()[:rows]


def _ranked(x: Float) -> tuple[Array, Array]:
    """The rows in the order of their values, and each row's rank."""
    dtype = np.uint16 if len(x) <= _RANKED else np.uint32
    order = np.argsort(x)
    in_order = x[order]
    # Zeros of both signs are equal.
    ends = np.flatnonzero(np.append(in_order[1:] != in_order[:-1], True)).astype(dtype)
    ranks = np.empty(len(x), dtype=dtype)
    ranks[order] = ends if len(ends) == len(x) else np.repeat(ends, _lengths(ends))
    return order, ranks


def _lengths(ends: Array) -> Array:
    """How many there are up to each end, from the one before."""
    return np.diff(ends.astype(np.int64), prepend=-1)


def _cut(ranks: Array, length: int) -> Array:
    """Ranks in pieces of a length; what is beyond the last row does not matter."""
    pieces = np.zeros((-(-len(ranks) // length), length), dtype=ranks.dtype)
    pieces.ravel()[: len(ranks)] = ranks
    return pieces
