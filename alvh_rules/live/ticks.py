"""Bars made of ticks: `bars 1 minute`, or a session a bar, on the exchange's hours.

A bar of minutes takes in the ticks after its begin and up to its end, both inside a session; bars are
counted from the open, and the last of a session ends at the close, on half days early. A daily bar is a
session's. What a field of the bar is of its ticks is one of `MEASURES`; without a word it is the last.

A bar is closed by the first tick after its end, or, when none comes, by the clock: its end and `wait`
seconds. A bar without ticks is none. A bar of which the beginning was not seen, since the feed was not
yet there, is not given: half a bar is not that bar. Ticks of a closed bar are late, and quarantined.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from alvh_rules.live.due import Due
from alvh_rules.live.messages import Message, field_of
from alvh_rules.live.settings import TickSettings
from alvh_rules.live.stamps import StampReader
from alvh_rules.market.sessions import Hours

MEASURES: Final = ("first", "last", "highest", "lowest", "sum", "count")
"""What a field of a bar can be of a field of its ticks."""


@dataclass
class _Bar:
    """A bar that is being made: the values of each field so far, and the messages it is made of."""

    end: np.datetime64
    whole: bool
    values: dict[str, Any] = field(default_factory=dict)
    taken: list[Message] = field(default_factory=list)
    ticks: int = 0


class TickBars:
    """Makes messages of bars out of messages of ticks. `seen`: none is missing before the first."""

    def __init__(
        self,
        fields: Sequence[str],
        time_names: Sequence[str],
        settings: TickSettings,
        due: Due,
        hours: Hours,
        stamps: StampReader,
        *,
        daily: bool,
        most_ahead: float,
        seen: bool = False,
    ) -> None:
        self._settings, self._due, self._hours, self._stamps = settings, due, hours, stamps
        self._time_names, self._daily = time_names, daily
        self._made_of = {name: settings.columns.get(name, ("last", name)) for name in fields}
        self._bar: _Bar | None = None
        self._closed: np.datetime64 | None = None
        self._seen = seen
        self._most_ahead = timedelta(seconds=most_ahead)
        self.outside = 0
        """Ticks that lay outside of sessions."""

    def add(self, message: Message, now: datetime | None) -> Iterator[Message]:
        """The bars that a tick closes; a message that is no tick, or one of a time to come, with why,
        for the intake to refuse. `now` is None where ticks have a time of their own."""
        if message.problem:
            yield message
            return
        time = self._time(message)
        if isinstance(time, str):
            yield Message({}, message.raw, time, message.acknowledge)
            return
        if now is not None and self._due.moment(time) - now > self._most_ahead:
            # It would close the bar in the making, and make every true tick late.
            yield Message(
                {}, message.raw, f"its time {time} is later than now", message.acknowledge
            )
            return
        if self._bar is not None and time > self._bar.end:
            yield from self._close()
        end = self._end(time)
        if end is None:
            self.outside += 1
            self._seen = True
            message.acknowledge()
            return
        gone = self._closed is not None and end <= self._closed
        if gone or (self._bar is not None and end < self._bar.end):
            problem = f"its bar, to {end}, was closed before it came"
            yield Message({}, message.raw, problem, message.acknowledge)
            return
        if self._bar is None:
            self._bar = _Bar(end, self._seen or self._begins(time))
        self._seen = True
        self._put(self._bar, message)

    def due(self, now: datetime) -> Iterator[Message]:
        """The bar that the clock closes, if it is time."""
        bar = self._bar
        if bar is not None and now >= self._due.moment(bar.end) + timedelta(
            seconds=self._settings.wait
        ):
            yield from self._close()

    def lost(self) -> None:
        """Ticks may be missing from here on: the bar in the making is not whole, nor is the next."""
        self._seen = False
        if self._bar is not None:
            self._bar.whole = False

    def _time(self, message: Message) -> np.datetime64 | str:
        for name in self._time_names:
            there, value = field_of(message.fields, name)
            if there:
                stamp = self._stamps.read(value)
                return stamp if isinstance(stamp, str) else stamp.time
        return f"it has no field `{self._time_names[0]}` for the time"

    def _session(self, time: np.datetime64) -> int | None:
        """The session that a time lies in: after its open, or at it, up to its close."""
        hours = self._hours
        at = int(np.searchsorted(hours.closes, time, "left"))
        return at if at < len(hours.closes) and hours.opens[at] <= time else None

    def _end(self, time: np.datetime64) -> np.datetime64 | None:
        """The end of the bar that a tick belongs to; None outside of sessions."""
        at = self._session(time)
        if at is None:
            return None
        opened, closes = self._hours.opens[at], self._hours.closes[at]
        if self._daily:
            return np.datetime64(closes)
        minutes = self._due.minutes
        assert minutes is not None
        # A tick at the open begins the first bar; one at a bar's end is that bar's.
        number = max(int(-(-(time - opened) // minutes)), 1)
        return np.datetime64(min(opened + number * minutes, closes))

    def _begins(self, time: np.datetime64) -> bool:
        """Whether nothing can have come before a tick in its bar: it is at the session's open."""
        at = self._session(time)
        return at is not None and bool(time == self._hours.opens[at])

    def _put(self, bar: _Bar, message: Message) -> None:
        fields = dict(message.fields)
        settings = self._settings
        if settings.symbol:
            there, symbol = field_of(fields, settings.symbol)
            has, value = field_of(fields, settings.value)
            if there and has:
                fields[str(symbol)] = value
        for name, (measure, source) in self._made_of.items():
            there, value = field_of(fields, source)
            if there:
                bar.values[name] = _measured(measure, bar.values.get(name), value)
        bar.ticks += 1
        bar.taken.append(message)

    def _close(self) -> Iterator[Message]:
        bar, self._bar = self._bar, None
        assert bar is not None
        self._closed = bar.end

        def acknowledge() -> None:
            for message in bar.taken:
                message.acknowledge()

        if not bar.whole:
            acknowledge()
            return
        time = self._session_day(bar.end) if self._daily else str(bar.end)
        # A column that no tick spoke of is missing: that is no fault of the message.
        values = {name: bar.values.get(name) for name in self._made_of}
        fields = {self._time_names[0]: time, **values}
        raw = json.dumps(fields | {"ticks": bar.ticks}, default=str)
        yield Message(fields, raw, "", acknowledge)

    def _session_day(self, end: np.datetime64) -> str:
        return str(self._hours.sessions[int(np.searchsorted(self._hours.closes, end, "left"))])


def _measured(measure: str, before: Any, value: Any) -> Any:
    """A field of a bar with one more tick's value; what is no number is kept, for the intake."""
    if measure == "first":
        return value if before is None else before
    if measure == "last":
        return value if value is not None else before
    if measure == "count":
        return (before or 0) + (value is not None)
    if value is None or isinstance(before, str):
        return before
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if before is None:
        return number
    if measure == "sum":
        return before + number
    return max(before, number) if measure == "highest" else min(before, number)
