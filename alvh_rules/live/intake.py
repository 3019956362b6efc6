"""What a message is: a bar to decide, or something else, and then what.

In order: it is read; it has a time, on a session, that is not yet to come; it is not of a bar that was
decided, nor of one before it; it is not nearer to the last bar than bars are apart; its fields are
there. A value that is none of its column, or out of the column's bounds, is left out: the bar is
decided with that value missing, and what came stands in quarantine. Nothing here rewrites the past: a
bar that comes after a later one was decided is late, and stays so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from alvh_rules.core.schema import Column
from alvh_rules.live.cells import Held, missing_value, read_cell, shown_cell
from alvh_rules.live.due import Due
from alvh_rules.live.messages import Message, field_of
from alvh_rules.live.settings import Settings, TickSettings
from alvh_rules.live.stamps import Stamp, StampReader, key_of
from alvh_rules.live.ticks import TickBars
from alvh_rules.market.read import TIME_NAMES, Prepared

KINDS = {
    "unreadable": "no bar can be made of it",
    "closed": "its day has no session",
    "ahead": "it ends later than now",
    "late": "a later bar was decided before it came",
    "near": "it is nearer to the last bar than bars are apart",
    "differs": "its bar was decided with other values",
    "absurd": "a value is not what its column holds, or out of its bounds",
}
"""Why something is in quarantine."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A bar to decide. `values` are in the order that is sought; `held` the same as JSON; `absurd`
    are the fields left out, with what came and why."""

    key: str
    stamp: Stamp
    values: list[Held]
    held: str
    absurd: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A bar that was decided already, with the same values."""

    key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not taken: one of `KINDS`, the bar's key if it has one, and why."""

    kind: str
    key: str
    reason: str


Verdict = Accepted | Repeated | Refused


class Intake:
    """Judges messages. `decided` tells what the journal holds of a key (`Journal.held_of`); `more` are
    columns that are read beside those of the ruleset, with their fields."""

    def __init__(
        self,
        prepared: Prepared,
        fields: Sequence[str],
        settings: Settings,
        due: Due,
        decided: Callable[[str], tuple[bool, str] | None],
        more: Sequence[tuple[Column, str]] = (),
    ) -> None:
        schema, options = prepared.schema, prepared.options
        self._hours, self._due, self._decided = prepared.hours, due, decided
        self._daily, self._minutes = not schema.bars.minutes, schema.bars.minutes
        self._date_format = options.date_format
        self._settings = settings
        self._columns: list[tuple[Column, str]] = [
            (item.column, name) for item, name in zip(prepared.sought, fields, strict=True)
        ]
        self._bounds = [settings.bounds.get(item.key) for item in prepared.sought]
        # What bounds a column bounds what is read of the same field beside it.
        of_field = dict(zip(fields, self._bounds, strict=True))
        self._columns += more
        self._bounds += [of_field.get(name, settings.bounds.get(item.name)) for item, name in more]
        mapped = [name for key, name in options.mapping.items() if key.lower() in TIME_NAMES]
        self._time_names = [settings.time] if settings.time else [*mapped, *TIME_NAMES[:-1]]
        self._stamps, self._tick_stamps = (
            StampReader(
                prepared.hours,
                daily=daily,
                timezone=options.timezone,
                date_format=options.date_format,
                unit=settings.time_unit,
            )
            # A tick has a time of day, whatever bars are made of it.
            for daily in (self._daily, False)
        )
        self.last: Stamp | None = None
        """The last bar that was accepted."""

    def judge(self, message: Message, now: datetime | None) -> Verdict:
        """What a message is. `now` (UTC) is None where data has a time of its own: a replay."""
        if message.problem:
            return Refused("unreadable", "", message.problem)
        stamp = self.stamp(message)
        if isinstance(stamp, str):
            return Refused("unreadable", "", stamp)
        key = key_of(stamp, daily=self._daily)
        if not self._hours.is_session(np.array([stamp.day]))[0]:
            return Refused("closed", key, f"{stamp.day} is no session")
        if now is not None:
            end = self._due.end_of(stamp)
            if end - now > timedelta(seconds=self._settings.most_ahead):
                return Refused(
                    "ahead", key, f"it ends at {end:%Y-%m-%d %H:%M:%S} UTC, later than now"
                )
        bar = self._bar(message, key, stamp)
        if isinstance(bar, Refused) or self.last is None:
            return bar
        return self._in_order(bar, self.last)

    def stamp(self, message: Message) -> Stamp | str:
        """A message's time, or why it has none."""
        for name in self._time_names:
            there, value = field_of(message.fields, name)
            if there:
                return self._stamps.read(value)
        names = ", ".join(f"`{name}`" for name in list(message.fields)[:20])
        wanted = self._time_names[0]
        return f"it has no field `{wanted}` for the time; its fields are {names or 'none'}"

    def tick_bars(self, settings: TickSettings, *, seen: bool) -> TickBars:
        """What makes this intake's bars of ticks."""
        return TickBars(
            list(dict.fromkeys(name for _, name in self._columns)),
            self._time_names,
            settings,
            self._due,
            self._hours,
            self._tick_stamps,
            daily=self._daily,
            most_ahead=self._settings.most_ahead,
            seen=seen,
        )

    def _in_order(self, bar: Accepted, last: Stamp) -> Verdict:
        stamp = bar.stamp
        later = stamp.day > last.day if self._daily else stamp.time > last.time
        if not later:
            known = self._decided(bar.key)
            if known is None or known[0]:
                return Refused("late", bar.key, f"{key_of(last, daily=self._daily)} was decided")
            if known[1] == bar.held:
                return Repeated(bar.key)
            return Refused("differs", bar.key, f"it was decided with {known[1]}")
        if self._minutes and stamp.time - last.time < np.timedelta64(self._minutes, "m"):
            before = key_of(last, daily=False)
            return Refused("near", bar.key, f"{before} is less than {self._minutes} minutes before")
        return bar

    def _bar(self, message: Message, key: str, stamp: Stamp) -> Accepted | Refused:
        values: list[Held] = []
        absurd: list[tuple[str, str, str]] = []
        for (column, name), bounds in zip(self._columns, self._bounds, strict=True):
            there, value = field_of(message.fields, name)
            if not there and not column.optional:
                names = ", ".join(f"`{item}`" for item in list(message.fields)[:20])
                return Refused(
                    "unreadable", key, f"it has no field `{name}`; its fields are {names}"
                )
            held, reason = read_cell(value, column, self._date_format)
            if not reason and bounds is not None and not bounds[0] <= held <= bounds[1]:
                if held == held:
                    reason = f"it must lie between {bounds[0]:g} and {bounds[1]:g}"
                held = missing_value(column.kind)
            if reason and (name, str(value)[:200], reason) not in absurd:
                absurd.append((name, str(value)[:200], reason))
            values.append(held)
        return Accepted(key, stamp, values, self._shown(values), tuple(absurd))

    def _shown(self, values: Sequence[Held]) -> str:
        shown = [
            shown_cell(held, column)
            for held, (column, _) in zip(values, self._columns, strict=True)
        ]
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
