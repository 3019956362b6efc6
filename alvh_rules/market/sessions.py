"""Sessions of a market, and the rows of an evaluation laid on them.

Sessions come from exchange_calendars (XNYS), asked for 1950 to 2059, never from the rows of a file;
a session's number is its place in that list. Daily data is laid on every session from its first row
to its last: a session the file lacks becomes a row of missing values. On shorter bars the rows are
the file's, a row's time is the end of its bar, and the row belongs to the session of the day in
which the bar ends (a bar that ends at midnight, to the day before). A market that never closes has
a session each UTC day, numbered from 1970-01-01, and weeks that end on Sunday.

Periods. A week (Monday to Sunday) or a month is complete when the last session that the exchange's
calendar gives it has closed. Its sample is the last row up to that close; it may be read from the
first row at or after it. Both are decided by the calendar and by rows up to the available row, so
rows that come later change nothing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Days, Integer, Periods, Timeline

Array = np.ndarray[Any, Any]

FIRST, LAST = "1950-01-03", "2059-12-31"
NEW_YORK = "America/New_York"


@dataclass(frozen=True, eq=False)
class Hours:
    """When a market is open: its sessions, their opens and closes, on the clock of `zone`."""

    zone: str
    sessions: Days
    closes: Array
    opens: Array

    def is_session(self, dates: Days) -> Boolean:
        """Whether each date is a session."""
        at = np.searchsorted(self.sessions, dates)
        inside = at < len(self.sessions)
        return np.asarray(inside & (self.sessions[np.where(inside, at, 0)] == dates))

    def ordinals(self, dates: Days) -> Integer:
        """The number of the first session on or after each date."""
        return np.searchsorted(self.sessions, dates).astype(np.int64)


@cache
def exchange() -> Hours:
    """The New York Stock Exchange."""
    with warnings.catch_warnings():
        # The library calls what newer releases of pandas are about to change: no news to a trader.
        warnings.simplefilter("ignore")
        import exchange_calendars

        calendar = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    opens, closes = (
        moments.dt.tz_convert(NEW_YORK).dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
        for moments in (calendar.opens, calendar.closes)
    )
    sessions = calendar.sessions.to_numpy().astype("datetime64[D]")
    return Hours(NEW_YORK, sessions, closes, opens)


@cache
def always_open() -> Hours:
    """A market without closing hours."""
    days = np.arange(np.datetime64("1970-01-01"), np.datetime64("2200-01-01"))
    opens = days.astype("datetime64[ns]")
    return Hours("UTC", days, opens + np.timedelta64(1, "D"), opens)


def exchange_sessions() -> Days:
    """Every session of the exchange, in order (datetime64[D])."""
    return exchange().sessions


def session_dates(times: Array) -> Days:
    """The day to which a bar that ends at each time belongs."""
    return np.asarray((times - np.timedelta64(1, "ns")).astype("datetime64[D]"))


def daily_timeline(hours: Hours, first: int, last: int, present: Integer) -> Timeline:
    """A row for each session from number `first` to `last`; `present` are those in the input."""
    ordinals = np.arange(first, last + 1, dtype=np.int64)
    rows = ordinals - first
    dates = hours.sessions[ordinals]
    periods = {"session": Periods(rows, rows)}
    for name in ("week", "month"):
        ends = rows[_is_last(_period_keys(hours)[name])[ordinals]]
        periods[name] = Periods(ends, ends)
    return Timeline(
        dates.astype("datetime64[ns]"), dates, ordinals, np.isin(ordinals, present), periods, True
    )


def intraday_timeline(hours: Hours, times: Array, before: Array | None = None) -> Timeline:
    """The rows as they are. Every row must belong to a session.

    Rows that go on from earlier ones are given the time of the row before them, as an array of one:
    the periods are then those that may first be read on these rows, and the sample of one of them
    may be that row before (number -1).
    """
    earlier = times[:0] if before is None else before
    joined = np.concatenate([earlier, times])
    dates = session_dates(joined)
    ordinals = hours.ordinals(dates)
    periods = {
        name: _completed(hours, joined, ordinals, key, len(earlier))
        for name, key in _period_keys(hours).items()
    }
    present = np.ones(len(times), dtype=bool)
    own = slice(len(earlier), None)
    return Timeline(times, dates[own], ordinals[own], present, periods, False)


def _completed(
    hours: Hours, times: Array, ordinals: Integer, key: Integer, earlier: int
) -> Periods:
    """The periods, of sessions with one key, that are complete within the rows.

    A period without a row up to its last close has nothing to sample and is left out. The first
    `earlier` rows are those before the ones that are asked for.
    """
    first = np.searchsorted(hours.closes, times[0], "left")
    last = np.searchsorted(hours.closes, times[-1], "right")
    ends = np.flatnonzero(_is_last(key[first : last + 1])[: last - first]) + first
    closes = hours.closes[ends]
    sample = np.searchsorted(times, closes, "right").astype(np.int64) - 1
    available = np.searchsorted(times, closes, "left").astype(np.int64)
    kept = (available >= earlier) & (key[ordinals[sample]] == key[ends])
    return Periods(sample[kept] - earlier, available[kept] - earlier)


@cache
def _period_keys(hours: Hours) -> dict[str, Integer]:
    """For each kind of period, the number of the period that each session belongs to."""
    days = hours.sessions.astype(np.int64)
    return {
        "session": np.arange(len(days)),
        # 1970-01-01 was a Thursday: weeks that begin on Monday.
        "week": (days + 3) // 7,
        "month": hours.sessions.astype("datetime64[M]").astype(np.int64),
    }


def _is_last(key: Integer) -> Boolean:
    """Where a run of equal keys ends; the last run may go on beyond the list."""
    return np.append(key[1:] != key[:-1], False)
