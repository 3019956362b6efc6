"""Kernels of calendars: distances in calendar days."""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Calendar, Days, Float, Timeline


def _covered(calendar: Calendar, timeline: Timeline) -> Boolean:
    return np.asarray(
        (timeline.dates >= calendar.first_date) & (timeline.dates <= calendar.last_date)
    )


def _distance(dates: Days, other: Days) -> Float:
    return np.asarray((dates - other).astype("timedelta64[D]").astype(np.float64))


def days_until(calendar: Calendar, timeline: Timeline) -> Float:
    known = calendar.dates[calendar.scheduled]
    at = np.searchsorted(known, timeline.dates, side="left")
    out = np.full(len(timeline), np.nan)
    inside = (at < len(known)) & _covered(calendar, timeline)
    out[inside] = _distance(known[at[inside]], timeline.dates[inside])
    return out


def days_since(calendar: Calendar, timeline: Timeline) -> Float:
    at = np.searchsorted(calendar.dates, timeline.dates, side="right") - 1
    out = np.full(len(timeline), np.nan)
    inside = (at >= 0) & _covered(calendar, timeline)
    out[inside] = _distance(timeline.dates[inside], calendar.dates[at[inside]])
    return out
