"""How many values of a window are at most its last: whole numbers, the same however they are counted.

Three ways, by the window and by how many rows there are:

- a few rows are counted each over its own window, which is what one bar at a time needs;
- short windows are counted a lag at a time, on as many rows as stay near the processor: of the values,
  or of their ranks, which take fewer bytes;
- long windows are cut at the edges of pieces of rows. A window's first and last piece are counted a
  lag at a time, and all pieces between them at once, by a table of how many rows stand before a piece
  and below a rank. The work a row does not grow with the window, up to some 30,000 rows; from there it
  is a pass for each 128 rows of it.

A rank is a small whole number: the place in order, equal values in order of time. No row comes after
its window's last, so a value is at most the last where its rank is.
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
_PIECES = 256
"""Pieces that long windows' rows are cut into: more of them make a larger table and fewer lags."""
_BUCKET = 64
"""Ranks that the table takes together."""
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
    rows = len(x)
    length = -(-rows // _PIECES)
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
    ends = np.arange(n - 1, rows)
    begin, end = (ends - (n - 1)) // length + 1, ends // length
    found = _between(order // length, ranks[n - 1 :], begin, end)
    found += newest.settle().ravel(order="F")[n - 1 : rows]
    found += oldest.settle().ravel(order="F")[: rows - n + 1]
    return found


def _between(piece_of: Array, ranks: Array, begin: Array, end: Array) -> Array:
    """How many rows of the pieces from `begin` up to `end` have less than a rank, for each rank asked.

    `piece_of` is the piece of the row of each rank. A table has, for every piece and every `_BUCKET`
    of ranks, how many rows stand before both; the ranks of one's own bucket are gone through.
    """
    size = -(-len(piece_of) // _BUCKET)
    cells = piece_of * size + np.arange(len(piece_of)) // _BUCKET
    table = np.zeros((_PIECES + 1, size + 1), dtype=np.int64)
    counted = np.bincount(cells, minlength=_PIECES * size).reshape(_PIECES, size)
    table[1:, 1:] = counted.cumsum(axis=0).cumsum(axis=1)
    buckets = ranks // _BUCKET
    found: Array = table[end, buckets] - table[begin, buckets]

    # By rank, in buckets: a piece less the first, as a number without a sign, is less than how many
    # there are if it is one of them.
    firsts, many = np.zeros((2, len(piece_of)), dtype=np.uint16)
    firsts[ranks], many[ranks] = begin, end - begin
    own, firsts, many = (_cut(item, _BUCKET) for item in (piece_of.astype(np.uint16), firsts, many))
    near = np.zeros(own.shape, dtype=np.uint8)
    for lag in range(1, _BUCKET):
        apart = own[: _BUCKET - lag] - firsts[lag:]
        near[lag:] += apart < many[lag:]
    found += near.ravel(order="F")[ranks]
    return found


def _ranked(x: Float) -> tuple[Array, Array]:
    """The rows in the order of their values, and each row's rank: equal values in order of time."""
    order = np.argsort(x, kind="stable")
    ranks = np.empty(len(x), dtype=np.uint16 if len(x) <= _RANKED else np.uint32)
    ranks[order] = np.arange(len(x), dtype=ranks.dtype)
    return order, ranks


def _cut(ranks: Array, length: int) -> Array:
    """Ranks in pieces of a length, a piece a column, so that a lag's rows lie together in memory; what
    is beyond the last row does not matter."""
    pieces = np.zeros(-(-len(ranks) // length) * length, dtype=ranks.dtype)
    pieces[: len(ranks)] = ranks
    return np.ascontiguousarray(pieces.reshape(-1, length).T)
