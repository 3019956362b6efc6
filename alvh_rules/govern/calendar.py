"""Sessions, as a timelock counts them: those of the exchange, or every day.

A day that is no session belongs to the next one. All are dates; nothing here knows what time it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class SessionCalendar:
    """The days of sessions, in order."""

    days: Sequence[date]

    def at_or_after(self, day: date) -> date:
        """The first session on that day or later."""
        return self._at(bisect_left(self.days, day))

    def after(self, day: date) -> date:
        """The first session later than that day."""
        return self._at(bisect_right(self.days, day))

    def plus(self, day: date, sessions: int) -> date:
        """The session so many after the first one on that day or later."""
        return self._at(bisect_left(self.days, day) + sessions)

    def between(self, first: date, last: date) -> int:
        """How many sessions the session of `last` comes after that of `first`."""
        return bisect_left(self.days, last) - bisect_left(self.days, first)

    def _at(self, number: int) -> date:
        return self.days[min(number, len(self.days) - 1)]


@cache
def session_calendar(sessions: str) -> SessionCalendar:
    """The calendar of a charter's `sessions`: `exchange` or `every day`."""
    from alvh_rules.market.sessions import always_open, exchange

    hours = exchange() if sessions == "exchange" else always_open()
    return SessionCalendar(hours.sessions.astype(object).tolist())


def today(sessions: str = "exchange") -> date:
    """The day it is now where the sessions are."""
    zone = ZoneInfo("America/New_York") if sessions == "exchange" else UTC
    return datetime.now(zone).date()
