"""What was known when: gaps carried, and late columns moved to where they are known.

First a gap is filled with the column's last value, at most `carry` sessions after the session of
that value. Then, where a column is known late, row t takes the value of the newest row that was
known at the close of t: nothing is ever read before it is known. Both steps are a choice of source
rows, made from this row and earlier ones only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alvh_rules.core.schema import Column
from alvh_rules.evaluate.inputs import Boolean, Integer, Timeline
from alvh_rules.market.sessions import Hours

Array = np.ndarray[Any, Any]


def carry_sources(gaps: Boolean, column: Column, timeline: Timeline) -> Integer:
    """For each row the row whose value stands there: its own, or an earlier one over a gap."""
    rows = np.arange(len(gaps), dtype=np.int64)
    if not column.carry:
        return rows
    last = np.maximum.accumulate(np.where(gaps, -1, rows))
    age = timeline.ordinals - timeline.ordinals[np.maximum(last, 0)]
    return np.where(gaps & (last >= 0) & (age <= column.carry), last, rows)


def known_sources(column: Column, timeline: Timeline, hours: Hours) -> Integer | None:
    """For each row the newest row known at its close (-1 none), or None where nothing is late."""
    if not column.lag_sessions and not column.known_time:
        return None
    ordinals = timeline.ordinals
    moments = hours.closes[ordinals] if timeline.daily else timeline.times
    # Past the end of the known sessions nothing becomes known; no row lies there.
    later = np.minimum(ordinals + column.lag_sessions, len(hours.sessions) - 1)
    if column.known_time:
        hour, minute = column.known_time.split(":")[:2]
        clock = np.timedelta64(int(hour) * 60 + int(minute), "m")
        known = hours.sessions[later].astype("datetime64[ns]") + clock
        if not timeline.daily:
            known = np.maximum(known, timeline.times)
    else:
        known = hours.closes[later]
    return (np.searchsorted(known, moments, "right") - 1).astype(np.int64)


def take(values: Array, sources: Integer | None, nothing: Array) -> Array:
    """The values of the source rows; where there is none, what `nothing` holds."""
    if sources is None:
        return values
    return np.where(sources >= 0, values[np.maximum(sources, 0)], nothing)
