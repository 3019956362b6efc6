"""Rolling combinations by fixed-order doubling trees.

The combination of a window of 2k rows is that of its older k rows with that of its newer k. A
window of n rows is put together from powers of two, newest first. Every window is combined in the
same order wherever it stands, so a value depends on its window alone: not on where the data starts
(as a running sum's rounding would), and cutting rows off changes nothing before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Float

Combine = Callable[[Any, Any], Any]


def shifted(x: Float, rows: int) -> Float:
    """x on the row `rows` before; missing where there is none."""
    if rows == 0:
        return x
    out = np.full(len(x), np.nan)
    if rows < len(x):
        out[rows:] = x[:-rows]
    return out


def rolling(x: Float, n: int, combine: Combine) -> Float:
    """`combine` over the last n rows of x, today included; missing where any of them is."""
    if n > len(x):
        return np.full(len(x), np.nan)
    power, size = x, 1
    total: Float | None = None
    covered = 0
    while True:
        if n & size:
            # What is already covered is newer than this block.
            older = shifted(power, covered)
            total = older if total is None else combine(older, total)
            covered += size
        if covered == n:
            assert total is not None
            return total
        power = combine(shifted(power, size), power)
        size *= 2
