"""Recurrences over known values: each value from the one before, in one fixed order.

Kernels that remember take a `memory` first, a dictionary that is empty at the first row and holds
numbers and lists alone, so that it can be written down between one block of rows and the next. A
missing row changes nothing that is remembered.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Float

Memory = dict[str, Any]

LONG = 16_384
"""Values from which SciPy's filter repays its import."""


@cache
def _filter() -> Any:
    from scipy.signal import lfilter

    return lfilter


def smoothed(values: Float, alpha: float, before: float) -> Float:
    """y = alpha v + (1 - alpha) y, from the y before; every value is known.

    SciPy's filter and the loop do the same operations in the same order and give the same bits.
    """
    keep = 1.0 - alpha
    if len(values) >= LONG:
        out, _ = _filter()([alpha], [1.0, -keep], values, zi=[keep * before])
        return np.asarray(out)
    found = []
    state = before
    for value in values.tolist():
        state = alpha * value + keep * state
        found.append(state)
    return np.array(found, dtype=np.float64)


def average(memory: Memory, values: Float, n: int, alpha: float) -> Float:
    """The recursive average of known values, begun with the mean of the first n; NaN before."""
    count = memory.setdefault("count", 0)
    out = np.full(len(values), np.nan)
    first = 0
    if count < n:
        first = min(n - count, len(values))
        total = memory.get("total", 0.0)
        for value in values[:first].tolist():
            total += value
        memory["count"] = count + first
        memory["total"] = total
        if memory["count"] < n:
            return out
        memory["value"] = total / n
        out[first - 1] = memory["value"]
    if first < len(values):
        out[first:] = smoothed(values[first:], alpha, memory["value"])
        memory["value"] = float(out[-1])
    return out


def over_known(column: Float, known: Any, values: Float) -> Float:
    """The values of the known rows back on all rows; what is not finite is missing."""
    if len(values) == len(column):
        out = values
    else:
        out = np.full(len(column), np.nan)
        out[known] = values
    return np.where(np.isfinite(out), out, np.nan)
