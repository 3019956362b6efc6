"""Rolling combinations by fixed-order doubling trees.

What is known of a window of 2k rows is what is known of its older k rows combined with what is known
of its newer k. A window of n rows is put together from powers of two, newest first. Every window is
combined in the same order wherever it stands, so a value depends on its window alone: not on where
the data starts (as a running sum's rounding would), nor on how the rows are cut into blocks.

Within the tree the columns are aligned at their ends and grow shorter at the front, where no whole
window stands; the front is filled once, when the tree is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alvh_rules.core.kleene import UNKNOWN
from alvh_rules.evaluate.inputs import Array, Float, Kleene

Combine = Callable[[Any, Any], Any]
Columns = tuple[Array, ...]
Merge = Callable[[Columns, int, Columns, int], Columns]
"""From what is known of older rows, how many those are, and of newer ones, to all of them."""


def shifted(x: Float, rows: int) -> Float:
    """x on the row `rows` before; missing where there is none."""
    if rows == 0:
        return x
    out = np.full(len(x), np.nan)
    if rows < len(x):
        out[rows:] = x[:-rows]
    return out


def merged(columns: Columns, n: int, merge: Merge) -> Columns:
    """What is known of the last n rows, from the row n - 1 on; empty where there are fewer rows."""
    length = len(columns[0])
    if n > length:
        return tuple(column[:0] for column in columns)
    power, size = columns, 1
    total: Columns = ()
    covered = 0
    while True:
        if n & size:
            if covered:
                # What is covered already is newer than this block.
                older = tuple(column[: length - covered - size + 1] for column in power)
                newer = tuple(column[size:] for column in total)
                total = merge(older, size, newer, covered)
            else:
                total = power
            covered += size
        if covered == n:
            return total
        older = tuple(column[:-size] for column in power)
        power = merge(older, size, tuple(column[size:] for column in power), size)
        size *= 2


def filled(column: Array, length: int, missing: float | int) -> Array:
    """The column with its front filled up to a length."""
    if len(column) == length:
        return column
    out = np.empty(length, dtype=column.dtype)
    out[: length - len(column)] = missing
    out[length - len(column) :] = column
    return out


def rolling(x: Float, n: int, combine: np.ufunc) -> Float:
    """`combine` over the last n rows of x, today included; missing where any of them is."""
    out = np.empty(len(x))
    out[: n - 1] = np.nan
    combined(x, n, combine, out[n - 1 :])
    return out


def combined(x: Array, n: int, combine: np.ufunc, out: Array) -> None:
    """`combine` over the last n rows of x, into `out`, from the row n - 1 on.

    The tree of `merged`, of one column and with the last combination made where it is wanted.
    """
    length = len(x)
    if n > length:
        return
    if n == 1:
        out[...] = x
        return
    power, size = x, 1
    total, covered = x, 0
    while True:
        if n & size:
            if covered:
                older, newer = power[: length - covered - size + 1], total[size:]
                if covered + size == n:
                    combine(older, newer, out=out)
                    return
                total = combine(older, newer)
            else:
                total = power
            covered += size
        older, newer = power[:-size], power[size:]
        size *= 2
        if size == n:
            combine(older, newer, out=out)
            return
        power = combine(older, newer)


def rolling_least(condition: Kleene, n: int) -> Kleene:
    """The least truth of the last n rows; rows before the first are unknown, so false decides."""
    out = np.empty(len(condition), dtype=np.int8)
    combined(condition, n, np.minimum, out[n - 1 :])
    np.minimum.accumulate(condition[: n - 1], out=out[: n - 1])
    np.minimum(out[: n - 1], UNKNOWN, out=out[: n - 1])
    return out
