"""Columns that keep a value for a while."""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Array, Integer

_ROWS_A_FILL = 64
"""Rows a stretch from which filling stretches costs less than repeating values."""


def stretched(starts: Integer, values: Array, rows: int) -> Array:
    """Each value from its start until the next; the starts ascend from 0, and may be equal."""
    if len(starts) == rows and np.array_equal(starts, np.arange(rows)):
        return values
    if len(starts) * _ROWS_A_FILL > rows:
        return np.repeat(values, np.diff(starts, append=rows))
    out = np.empty(rows, dtype=values.dtype)
    ends = [*starts[1:].tolist(), rows]
    for start, end, value in zip(starts.tolist(), ends, values.tolist(), strict=True):
        out[start:end] = value
    return out
