"""Sessions of the exchange, and the rows of an evaluation laid on them.

Sessions come from exchange_calendars (XNYS), asked for 1990 to the end of 2028, never from the rows
of a file. Daily data is laid on every session from its first row to its last; a session the file
lacks becomes a row of missing values.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from alvh_rules.evaluate.inputs import Days, Integer, Periods, Timeline

FIRST, LAST = "1990-01-02", "2028-12-29"


@cache
def exchange_sessions() -> Days:
    """Every session of the exchange, in order (datetime64[D])."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    return np.asarray(calendar.sessions.to_numpy().astype("datetime64[D]"))


@cache
def exchange_closes() -> np.ndarray:
    """When each session closes (datetime64[ns], UTC)."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    return np.asarray(calendar.closes.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]"))


def ordinal_of(dates: Days) -> Integer:
    """The number of the first session on or after each date."""
    return np.searchsorted(exchange_sessions(), dates).astype(np.int64)


def daily_timeline(dates: Days, present: Days, sessions: Days, first: int) -> Timeline:
    """One row for each of `dates`, which are consecutive sessions from number `first`."""
    rows = np.arange(len(dates), dtype=np.int64)
    ordinals = first + rows
    periods = {"session": Periods(rows, rows)}
    for name, unit in (("week", _weeks), ("month", _months)):
        key = unit(sessions)
        last = np.append(key[1:] != key[:-1], False)[ordinals]
        ends = np.flatnonzero(last).astype(np.int64)
        periods[name] = Periods(ends, ends)
    return Timeline(
        dates.astype("datetime64[ns]"), dates, ordinals, np.isin(dates, present), periods, True
    )


def intraday_timeline(
    times: np.ndarray, dates: Days, ordinals: Integer, sessions: Days, closes: np.ndarray
) -> Timeline:
    """The rows as they are; a session's value is its last row's, known at its close.

    Where no row ends exactly at the close, the value is known on the next session's first row.
    """
    rows = np.arange(len(times), dtype=np.int64)
    last = np.append(ordinals[1:] != ordinals[:-1], True)
    ends = np.flatnonzero(last).astype(np.int64)
    at_close = times[ends] >= closes[ordinals[ends]]
    available = np.where(at_close, ends, ends + 1)
    keep = available < len(times)
    ends, available = ends[keep], available[keep]
    periods = {"session": Periods(ends, available)}
    for name, unit in (("week", _weeks), ("month", _months)):
        key = unit(sessions)
        mine = key[ordinals[ends]]
        following = np.append(mine[1:] != mine[:-1], False)
        final = np.append(key[1:] != key[:-1], False)[ordinals[ends]]
        closing = following | final
        # A period whose last session has no rows is known on the first row after it.
        known = np.where(
            final, available, np.minimum(np.append(ends[:-1] + 1, len(rows)), len(rows))
        )
        chosen = closing & (known < len(rows))
        periods[name] = Periods(ends[chosen], known[chosen].astype(np.int64))
    return Timeline(times, dates, ordinals, np.ones(len(times), dtype=bool), periods, False)


def _weeks(sessions: Days) -> Integer:
    # 1970-01-01 was a Thursday: weeks that begin on Monday.
    return ((sessions.astype(np.int64) + 3) // 7).astype(np.int64)


def _months(sessions: Days) -> Integer:
    return sessions.astype("datetime64[M]").astype(np.int64)
