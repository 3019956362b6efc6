"""Recurrences over known values: each value from the one before, in one fixed order.

Kernels that remember take a `memory` first, a dictionary that is empty at the first row and holds
numbers and lists alone, so that it can be written down between one block of rows and the next. A
missing row changes nothing that is remembered.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Float

Memory = dict[str, Any]

_SHORT = 64
"""Values below which a call of SciPy's filter costs more than the loop."""


def load_filter() -> None:
    """Import SciPy's filter, which then does every long recurrence.

    The import takes most of a second: a short run, and a single bar, do without.
    """
    import scipy.signal  # noqa: F401


def smoothed(values: Float, alpha: float, before: float) -> Float:
    """y = alpha v + (1 - alpha) y, from the y before; every value is known.

    SciPy's filter, where it has been loaded, and the loop do the same operations in the same order
    and give the same bits.
    """
    keep = 1.0 - alpha
    signal = sys.modules.get("scipy.signal")
    if signal is not None and len(values) >= _SHORT:
        out, _ = signal.lfilter([alpha], [1.0, -keep], values, zi=[keep * before])
        # The filter takes nothing times each value as well, which an infinity makes NaN for good; the
        # loop does not. It comes of changes and distances larger than a double holds.
        if math.isfinite(out[-1]):
            return np.asarray(out)
    state = before
    # A comprehension takes half the time of a loop that appends.
    found = [state := value + keep * state for value in (alpha * values).tolist()]
    return np.array(found, dtype=np.float64)


def average(memory: Memory, values: Float, n: int, alpha: float) -> Float:
    """The recursive average of known values, begun with the mean of the first n; NaN before."""
    count = memory.setdefault("count", 0)
    if count == n:
        out = smoothed(values, alpha, memory["value"])
        if len(out):
            memory["value"] = float(out[-1])
        return out
    first = min(n - count, len(values))
    total = memory.get("total", 0.0)
    for value in values[:first].tolist():
        total += value
    memory["count"] = count + first
    memory["total"] = total
    out = np.full(len(values), np.nan)
    if memory["count"] == n:
        memory["value"] = total / n
        out[first - 1] = memory["value"]
        out[first:] = average(memory, values[first:], n, alpha)
    return out


def known_rows(*columns: Float) -> Any:
    """Which rows every column knows; None where all do."""
    if all(math.isfinite(np.add.reduce(column)) for column in columns):
        return None
    known = ~np.isnan(columns[0])
    for column in columns[1:]:
        known &= ~np.isnan(column)
    return None if known.all() else known


def spread_over(known: Any, values: Float) -> Float:
    """The values of the known rows back on all rows."""
    if known is None:
        return values
    out = np.full(len(known), np.nan)
    out[known] = values
    return out
