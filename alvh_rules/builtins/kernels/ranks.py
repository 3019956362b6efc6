"""How many values of a window are at most its last: whole numbers, the same however they are counted.

Three ways, by the window and by how many rows there are:

- a few rows are counted each over its own window, which is what one bar at a time needs;
- short windows are counted a lag at a time, on as many rows as stay near the processor: of the values,
  or of their ranks, which take fewer bytes;
- long windows are cut at the edges of pieces of rows. A window's first and last piece are counted a
  lag at a time, and all pieces between them at once: a table says for each piece how many rows before
  it are of each rank or less. The work a row does not grow with the window, up to some 30,000 rows;
  from there it is a pass for each 32 rows of it.

A rank is a small whole number: the place, in order, of the last value that is equal. So a value is at
most another where its rank is.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Array, Float

_FEW = 16
"""Rows up to which each is counted by itself."""
_SHORTEST = 100
"""Rows of a window up to which values are compared themselves: ranking them costs more."""
_SHORT = 1_000
"""Rows of a window up to which counting by lags alone costs less."""
_NEAR = 1 << 16
"""Bytes of rows that are counted by lags at a time."""
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
    if n <= _SHORTEST:
        return _by_lags(x, n)
    size = max(_RANKED, 2 * n) - n
    count = _by_ranks if n <= _SHORT else _by_pieces
    return np.concatenate(
        [count(x[start : start + size + n - 1], n) for start in range(0, rows, size)]
    )


class _Counts:
    """Counts of truths, added up in bytes as far as those go. The arrays are those of a shape."""

    def __init__(self, rows: Array) -> None:
        self.all = np.zeros(rows.shape, dtype=np.int64)
        self._some = np.zeros(rows.shape, dtype=np.int8)
        self._truths = np.empty(rows.shape, dtype=np.bool_)
        self._added = 0

    def add(self, values: Array, last: Array, cut: slice) -> None:
        """One more, at a cut of the rows, where a value is at most the last."""
        truths = self._truths[cut]
        np.less_equal(values, last, out=truths)
        some = self._some[cut]
        np.add(some, truths.view(np.int8), out=some)
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
    rows = len(x) - n + 1
    found = np.empty(rows, dtype=np.int64)
    near = _NEAR // x.itemsize
    for begin in range(0, rows, near):
        end = min(begin + near, rows)
        last = x[begin + n - 1 : end + n - 1]
        counts = _Counts(last)
        for lag in range(n):
            counts.add(x[begin + lag : end + lag], last, slice(None))
        found[begin:end] = counts.settle()
    return found


def _by_ranks(x: Float, n: int) -> Array:
    return _by_lags(_ranked(x)[1], n)


def _by_pieces(x: Float, n: int) -> Array:
    length = -(-len(x) // _PIECES)
    order, ranks = _ranked(x)
    if length >= n:
        return _by_lags(ranks, n)
    pieces = _cut(ranks, length)

    # The last piece, from its own first row on.
    newest = _Counts(pieces)
    for lag in range(length):
        newest.add(pieces[: length - lag], pieces[lag:], slice(lag, None))
    # The first piece, from the window's first row to the piece's end.
    last = _cut(ranks[n - 1 :], length)
    first = np.ascontiguousarray(pieces[:, : last.shape[1]])
    oldest = _Counts(last)
    for lag in range(length):
        oldest.add(first[lag:], last[: length - lag], slice(length - lag))
    # The pieces between.
    order = order.astype(ranks.dtype)
    before = np.empty((_PIECES + 1, len(x)), dtype=ranks.dtype)
    for piece in range(_PIECES + 1):
        # Of no piece beyond the last row anything is asked.
        stands = order < min(piece * length, len(x) - 1)
        np.cumsum(stands.astype(ranks.dtype), dtype=ranks.dtype, out=before[piece])
    ends = np.arange(n - 1, len(x))
    at = ranks[n - 1 :]
    between: Array = before.ravel().take(ends // length * len(x) + at).astype(np.int64)
    begins = (ends - (n - 1)) // length + 1
    between -= before.ravel().take(begins * len(x) + at)
    rows = len(ends)
    between += newest.settle().ravel(order="F")[n - 1 : len(x)]
    between += oldest.settle().ravel(order="F")[:rows]
    return between


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
    """Ranks in pieces of a length, a piece a column, so that a lag's rows lie together in memory; what
    is beyond the last row does not matter."""
    pieces = np.zeros(-(-len(ranks) // length) * length, dtype=ranks.dtype)
    pieces[: len(ranks)] = ranks
    return np.ascontiguousarray(pieces.reshape(-1, length).T)
