"""When the next bar is due, and until when a decision may be acted on.

Both come from the exchange's hours, holidays and early closes included. A bar of minutes is due one
bar after the last, or at the end of the next session's first bar; a daily bar at the next close. A
decision is good until the bar after it is due and the stated wait has passed: from then on it is stale.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from alvh_rules.core.schema import Bars
from alvh_rules.live.stamps import Stamp
from alvh_rules.market.sessions import Hours


def default_wait(bars: Bars) -> timedelta:
    """How long after it is due a bar may still come: one bar and at least a minute; an hour if daily."""
    return timedelta(minutes=bars.minutes) if bars.minutes else timedelta(hours=1)


class Due:
    """The moments at which bars are due. Times without a zone are on the exchange's clock."""

    def __init__(self, bars: Bars, hours: Hours, wait: timedelta) -> None:
        self.wait = wait
        self._hours, self._zone = hours, ZoneInfo(hours.zone)
        self.minutes = np.timedelta64(bars.minutes, "m") if bars.minutes else None
        """The length of a bar; None of a daily one."""

    def end_after(self, time: np.datetime64) -> np.datetime64:
        """The end of the first bar that ends after a time, where one ended at that time."""
        hours = self._hours
        if self.minutes is None:
            return np.datetime64(hours.closes[np.searchsorted(hours.closes, time, "right")])
        at = int(np.searchsorted(hours.closes, time, "right"))
        opened = hours.opens[at]
        following = max(np.datetime64(time), opened) + self.minutes
        # The last bar of a session may be short.
        return np.datetime64(min(following, hours.closes[at]))

    def end_of(self, stamp: Stamp) -> datetime:
        """The moment (UTC) at which a bar ended: a daily bar at its session's close."""
        if self.minutes is not None:
            return self.moment(stamp.time)
        at = int(self._hours.ordinals(np.array([stamp.day]))[0])
        return self.moment(self._hours.closes[at])

    def good_until(self, stamp: Stamp) -> datetime:
        """The moment (UTC) from which the decision on a bar is stale."""
        if self.minutes is not None:
            return self.moment(self.end_after(stamp.time)) + self.wait
        at = int(self._hours.ordinals(np.array([stamp.day]))[0])
        return self.moment(self._hours.closes[at + 1]) + self.wait

    def first_due(self, now: datetime) -> datetime:
        """The moment (UTC) by which a feed that has said nothing should have."""
        return self.moment(self.end_after(self.clock(now))) + self.wait

    def moment(self, time: np.datetime64) -> datetime:
        """A time on the exchange's clock as a moment (UTC)."""
        naive: datetime = time.astype("datetime64[us]").item()
        return datetime.combine(naive.date(), naive.time(), self._zone).astimezone(UTC)

    def clock(self, moment: datetime) -> np.datetime64:
        """A moment on the exchange's clock."""
        return np.datetime64(moment.astimezone(self._zone).replace(tzinfo=None), "ns")
