"""Recurrences over known values: each value from the one before, in one fixed order.

Kernels that remember take a `memory` first, a dictionary that is empty at the first row and holds
numbers and lists alone, so that it can be written down between one block of rows and the next. A
missing row changes nothing that is remembered.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Float

Memory = dict[str, Any]

_SHORT = 64
"""Values below which a call of SciPy's filter costs more than the loop."""


def load_filter() -> None:
    """Import SciPy's filter, which then does every long recurrence.

    The import takes most of a second: a short run, and a single bar, do without.
    """
    import scipy.signal  # noqa: F401


@cache
def _coefficients(alpha: float) -> tuple[Float, Float]:
    """The filter's arguments, as it takes them with the least work."""
    return np.array([alpha]), np.array([1.0, -(1.0 - alpha)])


def smoothed(values: Float, alpha: float, before: float) -> Float:
    """y = alpha v + (1 - alpha) y, from the y before; every value is known.

    SciPy's filter, where it has been loaded, and the loop do the same operations in the same order
    and give the same bits.
    """
    keep = 1.0 - alpha
    signal = sys.modules.get("scipy.signal")
    if signal is not None and len(values) >= _SHORT:
        out, _ = signal.lfilter(*_coefficients(alpha), values, zi=np.array([keep * before]))
        # The filter takes nothing times each value as well, which an infinity makes NaN for good; the
        # loop does not. It comes of changes and distances larger than a double holds.
        if math.isfinite(out[-1]):
            return np.asarray(out)
    state = before
    # A comprehension takes half the time of a loop that appends.
    found = [state := value + keep * state for value in (alpha * values).tolist()]
    return np.array(found, dtype=np.float64)


def smoothed_together(series: Float, alpha: float, before: Sequence[float]) -> Float:
    """As `smoothed`, of several series of the same length, a row of the array each."""
    keep = 1.0 - alpha
    signal = sys.modules.get("scipy.signal")
    if signal is not None and series.shape[1] >= _SHORT:
        begin = np.array([[keep * value] for value in before])
        out, _ = signal.lfilter(*_coefficients(alpha), series, zi=begin)
        if all(map(math.isfinite, out[:, -1])):
            return np.asarray(out)
    return np.array(
        [smoothed(values, alpha, value) for values, value in zip(series, before, strict=True)]
    )


def average(memory: Memory, values: Float, n: int, alpha: float) -> Float:
    """The recursive average of known values, begun with the mean of the first n.

    It ends with the values and is shorter by those before it is begun.
    """
    if memory.get("count") == n:
        out = smoothed(values, alpha, memory["value"])
        if len(out):
            memory["value"] = float(out[-1])
        return out
    first = _begin(memory, values, n)
    if memory["count"] < n:
        return values[:0]
    out = np.empty(len(values) - first + 1)
    out[0] = memory["value"]
    out[1:] = smoothed(values[first:], alpha, memory["value"])
    memory["value"] = float(out[-1])
    return out


def averages(memories: Sequence[Memory], series: Float, n: int, alpha: float) -> Float:
    """As `average`, of several series that are begun on the same row, a row of the array each."""
    if any(memory.get("count") != n for memory in memories):
        taken = [_begin(memory, row, n) for memory, row in zip(memories, series, strict=True)]
        first = taken[0]
        if memories[0]["count"] < n:
            return series[:, :0]
        out = np.empty((len(series), series.shape[1] - first + 1))
        out[:, 0] = [memory["value"] for memory in memories]
        out[:, 1:] = averages(memories, series[:, first:], n, alpha)
        return out
    out = smoothed_together(series, alpha, [memory["value"] for memory in memories])
    if series.shape[1]:
        for memory, value in zip(memories, out[:, -1].tolist(), strict=True):
            memory["value"] = value
    return out


def _begin(memory: Memory, values: Float, n: int) -> int:
    """Take the values that the mean of the first n lacks: how many those are."""
    count, total = memory.get("count", 0), memory.get("total", 0.0)
    found = values[: n - count].tolist()
    for value in found:
        total += value
    memory["count"], memory["total"] = count + len(found), total
    if memory["count"] == n:
        memory["value"] = total / n
    return len(found)


def known_values(*columns: Float) -> tuple[Sequence[Float], Boolean | None]:
    """The columns on the rows that all of them know, and which rows those are.

    None for the rows where they are the last ones, from some row to the end: a column that is known
    once it has begun needs no looking up.
    """
    if all(math.isfinite(np.add.reduce(column)) for column in columns):
        return columns, None
    lost = np.isnan(columns[0])
    for column in columns[1:]:
        np.logical_or(lost, np.isnan(column), lost)
    known = np.logical_not(lost, lost)
    first = int(known.argmax()) if known.any() else len(known)
    if known[first:].all():
        return [column[first:] for column in columns], None
    return [column[known] for column in columns], known


def on_rows(known: Boolean | None, values: Float, rows: int) -> Float:
    """The values of the last known rows on all rows, missing where there is none."""
    if known is None and len(values) == rows:
        return values
    out = np.empty(rows)
    if known is None:
        out[: rows - len(values)] = np.nan
        out[rows - len(values) :] = values
        return out
    out.fill(np.nan)
    out[known] = on_rows(None, values, int(np.count_nonzero(known)))
    return out
