"""Bars as the rows on which a ruleset decides, one at a time.

A bar that follows its neighbour is one row. A daily bar after sessions without one is several: each
of those sessions is a row of missing values, as it is in history (`market/sessions.py`), and is decided
when the next bar shows that it had none. Gaps are carried and late columns held back by the code that
does so for files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.core.schema import Schema
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.inputs import Array, Calendar, Market, Periods, Timeline, missing_of
from alvh_rules.evaluate.scalar_code import CLOCKS, Moment
from alvh_rules.live.cells import Held
from alvh_rules.live.stamps import Stamp, key_of
from alvh_rules.market import sessions
from alvh_rules.market.formats import Heading
from alvh_rules.market.read import AsKnown, Options, Prepared, prepare

_TIME = "time"
_PRESENT = np.ones(1, dtype=bool)
_NO_ROWS = np.zeros(0, dtype=np.int64)
_NONE_COMPLETE = {clock: Periods(_NO_ROWS, _NO_ROWS) for clock in CLOCKS}


@dataclass(frozen=True)
class _Fields:
    """A heading made of the fields that are wanted: of a feed nothing is known before it speaks."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row to decide: its key, whether a bar stood there, the columns as known, and its moment."""

    key: str
    absent: bool
    market: Market
    moment: Moment


def prepared_for(
    schema: Schema, options: Options, calendars: Mapping[str, Calendar] | None = None
) -> tuple[Prepared, tuple[str, ...]]:
    """What the reader of files works out of a schema, and the field of each array it seeks."""
    mapping = dict(options.mapping)
    wanted: dict[str, None] = {}
    for column in schema.columns:
        for name in column.sources or (column.source,):
            wanted[name] = None
    wanted |= dict.fromkeys(mapping.values())
    heading: Heading = _Fields("the feed", (_TIME, *(name for name in wanted if name != _TIME)))
    prepared = prepare([heading], schema, options, calendars)
    return prepared, tuple(heading.names[item.at] for item in prepared.sought)


class Rows:
    """Makes the rows; remembers the last one, and of each column what `AsKnown` does."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared, self._hours = prepared, prepared.hours
        self._daily = not prepared.schema.bars.minutes
        self._known = AsKnown(prepared)
        self._plain = self._known.plain
        self._keys = [(item.key, missing_of(item.column.kind, 1)) for item in prepared.sought]
        self._before: Array | None = None
        self._ordinal = -1
        # The first close at or after the last bar of minutes: before it no session ends.
        self._close: np.datetime64 | None = None
        self.calendars = prepared.calendars

    def of(self, stamp: Stamp, values: Sequence[Held]) -> Iterator[Row]:
        """The rows that a bar makes, itself the last. `values` are in the order that is sought."""
        ordinal = int(self._hours.ordinals(np.array([stamp.day]))[0])
        held = {
            key: np.array([value], dtype=empty.dtype)
            for (key, empty), value in zip(self._keys, values, strict=True)
        }
        if not self._daily:
            yield self._intraday(stamp, ordinal, held)
            return
        first = ordinal if self._ordinal < 0 else self._ordinal + 1
        nothing = dict(self._keys)
        for gap in range(first, ordinal):
            yield self._day(gap, nothing, absent=True)
        yield self._day(ordinal, held, absent=False)

    def save(self) -> dict[str, Any]:
        """What is remembered, as numbers, lists and dictionaries."""
        before = None if self._before is None else int(self._before[0].astype(np.int64))
        return {"ordinal": self._ordinal, "before": before, "known": self._known.save()}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same schema."""
        self._ordinal = int(saved["ordinal"])
        before = saved["before"]
        self._before = None if before is None else np.array([before]).astype("datetime64[ns]")
        self._close = None
        self._known.load(saved["known"])

    def _day(self, ordinal: int, held: Mapping[str, Array], *, absent: bool) -> Row:
        present = np.array([] if absent else [ordinal], dtype=np.int64)
        timeline = sessions.daily_timeline(self._hours, ordinal, ordinal, present)
        self._ordinal = ordinal
        return self._row(str(timeline.dates[0]), timeline, held, absent)

    def _intraday(self, stamp: Stamp, ordinal: int, held: Mapping[str, Array]) -> Row:
        times = np.array([stamp.time], dtype="datetime64[ns]")
        if self._close is not None and stamp.time < self._close:
            # No session closed since the last bar: nothing is complete on this one.
            timeline = Timeline(
                times, np.array([stamp.day]), np.array([ordinal]), _PRESENT, _NONE_COMPLETE, False
            )
        else:
            timeline = sessions.intraday_timeline(self._hours, times, self._before)
            at = int(np.searchsorted(self._hours.closes, stamp.time))
            self._close = self._hours.closes[at]
        self._before, self._ordinal = times, ordinal
        return self._row(key_of(stamp, daily=False), timeline, held, False)

    def _row(self, key: str, timeline: Timeline, held: Mapping[str, Array], absent: bool) -> Row:
        columns = held if self._plain else self._known.columns(held, timeline)
        market = Market(timeline, columns, self.calendars)
        completed = {
            clock: tuple((timeline.periods[clock].sample < 0).tolist()) for clock in CLOCKS
        }
        moment = Moment(Block(market, {}, 0, 1), int(timeline.ordinals[0]), **completed)
        return Row(key, absent, market, moment)
