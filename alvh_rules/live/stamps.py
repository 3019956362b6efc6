"""The time of one message, on the exchange's clock.

What files may hold is read here as there (`market/times.py`): ISO 8601, a stated format, midnight on
the writer's clock for the date itself. Besides, a number is a moment since 1970 in UTC, where its unit
is stated. The common forms are read by the standard library, without the cost of a column of one row;
`tests/live/test_intake.py` holds both to the same answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from alvh_rules.live.messages import encodable
from alvh_rules.market.sessions import Hours, session_dates
from alvh_rules.market.times import ISO, parse_times

UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Nanoseconds of each unit of numeric times."""

_COMMON: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{3}|\.\d{6})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
)
_HELP: Final = "write times as 2020-03-16T09:31-04:00"
# What datetime64[ns] holds, less a margin for time zones; as in `market/times.py`.
_FIRST, _LAST = np.datetime64("1700-01-01", "ns"), np.datetime64("2200-01-01", "ns")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The end of a bar on the exchange's clock (for a daily bar the date at midnight), and its day."""

    time: np.datetime64
    day: np.datetime64


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class StampReader:
    """Reads the times of one feed. `unit` is that of numbers, or empty where they are no times."""

    def __init__(
        self, hours: Hours, *, daily: bool, timezone: str, date_format: str = ISO, unit: str = ""
    ) -> None:
        self._hours, self._daily, self._unit = hours, daily, unit
        self._zone, self._date_format = timezone or hours.zone, date_format

    def read(self, value: Any) -> Stamp | str:
        """The stamp of a value, or why there is none."""
        if isinstance(value, bool) or value is None or isinstance(value, list | dict):
            return f"`{value}` is no time: {_HELP}"
        if isinstance(value, int | float) and (self._unit or isinstance(value, float)):
            return self._number(value)
        if isinstance(value, datetime):
            return self._text(value.isoformat())
        return self._text(encodable(str(value).strip()))

    def _number(self, value: int | float) -> Stamp | str:
        if not self._unit:
            return f"`{value}` is no time: say `time-unit` for numbers, or {_HELP}"
        if value != value or abs(value) * UNITS[self._unit] >= 2**63:
            return f"`{value}` is no time in {self._unit} since 1970"
        # Whole nanoseconds; a float has the digits that it has.
        nanoseconds = value * UNITS[self._unit] if isinstance(value, int) else 0
        if isinstance(value, float):
            nanoseconds = round(value * UNITS[self._unit])
        utc = np.datetime64(nanoseconds, "ns")
        if not _FIRST <= utc < _LAST:
            return f"`{value}` is no time in {self._unit} since 1970"
        return self._made(utc, self._moved(utc, "UTC"))

    def _text(self, text: str) -> Stamp | str:
        if self._date_format != ISO or not _COMMON.fullmatch(text):
            return self._slow(text)
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            return f"`{text[:40]}` is no time: {_HELP}"
        if not self._daily and len(text) == 10:
            return f"`{text}` is a date, and bars of minutes need the time at which they end"
        written = np.datetime64(local.replace(tzinfo=None), "ns")
        if not _FIRST <= written < _LAST:
            return f"`{text[:40]}` is no time: {_HELP}"
        if local.tzinfo is not None:
            naive = local.astimezone(_zone(self._hours.zone)).replace(tzinfo=None)
            return self._made(written, np.datetime64(naive, "ns"))
        if self._zone == self._hours.zone:
            return self._made(written, written)
        return self._slow(text)

    def _slow(self, text: str) -> Stamp | str:
        import pyarrow

        try:
            stamps = parse_times(
                pyarrow.array([text]), self._date_format, self._zone, self._hours.zone
            )
        except (ValueError, TypeError):
            return f"`{text[:40]}` is not in the form {self._date_format}"
        if stamps.ambiguous[0]:
            return f"`{text}` is not one moment in {self._zone}, where clocks changed: {_HELP}"
        if stamps.bad[0]:
            return f"`{text[:40]}` is no time: {_HELP}"
        if not self._daily and self._date_format == ISO and ":" not in text:
            return f"`{text}` is a date, and bars of minutes need the time at which they end"
        return self._made(stamps.dates[0].astype("datetime64[ns]"), stamps.times[0], stamps)

    def _moved(self, utc: np.datetime64, zone: str) -> np.datetime64:
        if zone == self._hours.zone:
            return utc
        whole = utc.astype("datetime64[us]")
        moment = whole.item().replace(tzinfo=UTC).astimezone(_zone(self._hours.zone))
        moved = np.datetime64(moment.replace(tzinfo=None), "ns") + (utc - whole)
        return np.datetime64(moved)

    def _made(self, written: np.datetime64, time: np.datetime64, stamps: Any = None) -> Stamp:
        date = written.astype("datetime64[D]")
        midnight = bool(stamps.midnight[0]) if stamps is not None else written == date
        if self._daily:
            day = date if midnight else time.astype("datetime64[D]")
            return Stamp(day.astype("datetime64[ns]") if midnight else time, day)
        return Stamp(time, session_dates(np.array([time]))[0])


def key_of(stamp: Stamp, *, daily: bool) -> str:
    """The name of a bar: its session's date, or the time of its end, as `alvh run` writes them."""
    if daily:
        return str(stamp.day)
    whole = stamp.time.astype("datetime64[s]")
    if whole == stamp.time:
        return str(whole).replace("T", " ")
    return str(stamp.time).replace("T", " ").rstrip("0")


def stamp_of(key: str, *, daily: bool) -> Stamp:
    """The stamp that a key was made of; of a daily bar the time is midnight."""
    time = np.datetime64(key.replace(" ", "T"), "ns")
    day = time.astype("datetime64[D]") if daily else session_dates(np.array([time]))[0]
    return Stamp(time, day)
