"""What was known when: gaps carried, and late columns moved to where they are known.

First a gap is filled with the column's last value, at most `carry` sessions after the session of
that value. Then, where a column is known late, row t takes the value of the newest row that was
known at the close of t: nothing is ever read before it is known. Both steps are a choice of source
rows, made from this row and earlier ones only; of the earlier ones, what may still be chosen is
kept, so that a column may come in parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.core.schema import Column
from alvh_rules.evaluate.inputs import Boolean, Integer, Timeline, is_missing, missing_of
from alvh_rules.market.sessions import Hours

Array = np.ndarray[Any, Any]


class Availability:
    """A column as it was known at each row's close, part after part.

    `carried` counts the gaps that were filled so far.
    """

    def __init__(self, column: Column, hours: Hours) -> None:
        self.column = column
        self.hours = hours
        self.carried = 0
        # The last value before these rows, with its session: at most one row.
        self._last: list[Array] = []
        self._last_ordinal = np.zeros(0, dtype=np.int64)
        # The newest row that is known and those not known yet, with the moments they are known at.
        self._pending: list[Array] = []
        self._pending_moments = np.zeros(0, dtype="datetime64[ns]")

    def known(self, values: Array, timeline: Timeline, along: Sequence[Array] = ()) -> list[Array]:
        """The next rows' values as known, and of each array `along` what goes with those values."""
        arrays = [values, *along]
        if self.column.carry:
            arrays = self._filled(arrays, timeline.ordinals)
        if self.column.lag_sessions or self.column.known_time:
            arrays = self._delayed(arrays, timeline)
        return arrays

    def save(self) -> dict[str, Any]:
        """What is remembered, as numbers and lists; moments are nanoseconds since 1970."""
        return {
            "carried": self.carried,
            "last": [item.tolist() for item in self._last],
            "last_ordinal": self._last_ordinal.tolist(),
            "pending": [item.tolist() for item in self._pending],
            "moments": self._pending_moments.astype(np.int64).tolist(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same column."""
        dtypes = [missing_of(self.column.kind, 0).dtype, np.dtype(np.float64)]
        self.carried = int(saved["carried"])
        self._last, self._pending = (
            [np.array(item, dtype=dtypes[min(at, 1)]) for at, item in enumerate(saved[key])]
            for key in ("last", "pending")
        )
        self._last_ordinal = np.array(saved["last_ordinal"], dtype=np.int64)
        self._pending_moments = np.array(saved["moments"], dtype=np.int64).astype("datetime64[ns]")

    def _filled(self, arrays: list[Array], ordinals: Integer) -> list[Array]:
        before = len(self._last_ordinal)
        joined = _joined(self._last, arrays)
        ordinals = np.concatenate([self._last_ordinal, ordinals])
        gaps = is_missing(joined[0], self.column.kind)
        sources = _carry_sources(gaps, self.column.carry, ordinals)
        self.carried += int((sources != np.arange(len(sources))).sum())
        kept = np.flatnonzero(~gaps)[-1:]
        self._last = [item[kept] for item in joined]
        self._last_ordinal = ordinals[kept]
        return [item[sources[before:]] for item in joined]

    def _delayed(self, arrays: list[Array], timeline: Timeline) -> list[Array]:
        joined = _joined(self._pending, arrays)
        moments = np.concatenate([self._pending_moments, self._known_moments(timeline)])
        hours = self.hours
        closes = hours.closes[timeline.ordinals] if timeline.daily else timeline.times
        sources = (np.searchsorted(moments, closes, "right") - 1).astype(np.int64)
        # Moments rise: no later row reads a row before the newest that is known now.
        newest = slice(max(int(sources[-1]), 0) if len(sources) else 0, None)
        self._pending = [item[newest].copy() for item in joined]
        self._pending_moments = moments[newest].copy()
        nothings = [missing_of(self.column.kind, 1), *(np.full(1, np.nan) for _ in arrays[1:])]
        return [
            np.where(sources >= 0, item[np.maximum(sources, 0)], nothing)
            for item, nothing in zip(joined, nothings, strict=True)
        ]

    def _known_moments(self, timeline: Timeline) -> Array:
        """When each row is known, on the exchange's clock."""
        column, hours = self.column, self.hours
        # Past the end of the known sessions nothing becomes known; no row lies there.
        later = np.minimum(timeline.ordinals + column.lag_sessions, len(hours.sessions) - 1)
        if not column.known_time:
            return hours.closes[later]
        hour, minute = column.known_time.split(":")[:2]
        clock = np.timedelta64(int(hour) * 60 + int(minute), "m")
        known = hours.sessions[later].astype("datetime64[ns]") + clock
        return known if timeline.daily else np.maximum(known, timeline.times)


def _joined(earlier: list[Array], arrays: list[Array]) -> list[Array]:
    if not earlier or not len(earlier[0]):
        return arrays
    return [np.concatenate(pair) for pair in zip(earlier, arrays, strict=True)]


def _carry_sources(gaps: Boolean, carry: int, ordinals: Integer) -> Integer:
    """For each row the row whose value stands there: its own, or an earlier one over a gap."""
    rows = np.arange(len(gaps), dtype=np.int64)
    last = np.maximum.accumulate(np.where(gaps, -1, rows))
    age = ordinals - ordinals[np.maximum(last, 0)]
    return np.where(gaps & (last >= 0) & (age <= carry), last, rows)
