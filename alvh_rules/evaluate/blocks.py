"""A market in blocks of consecutive rows.

A block's arrays are views; row numbers inside it count from its first row. A period belongs to the
block in which it may first be read; its sample may be the last row of the block before (number -1),
never an earlier one, since a period's sample is its available row or the row before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from alvh_rules.builtins.kernels.runs import stretched
from alvh_rules.evaluate.inputs import Array, Integer, Market, Periods, Timeline
from alvh_rules.plan.graph import ROWS


@dataclass
class Block:
    """Rows `start` up to `end` of a market, with the columns that the caller gives."""

    market: Market
    given: Mapping[str, Array]
    start: int
    end: int
    _periods: dict[str, Periods] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.end - self.start

    def column(self, name: str) -> Array:
        """A data column's rows."""
        return np.asarray(self.market.columns[name][self.start : self.end])

    def curve(self, name: str) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """A curve's settlements and days to expiry, an array a month."""
        settlements, days = self.market.curve(name)
        cut = slice(self.start, self.end)
        return tuple(item[cut] for item in settlements), tuple(item[cut] for item in days)

    def given_column(self, name: str) -> Array:
        """The rows of a column that the caller gives."""
        return np.asarray(self.given[name][self.start : self.end])

    @property
    def ordinals(self) -> Integer:
        """The number of each row's session."""
        return self.market.timeline.ordinals[self.start : self.end]

    @cached_property
    def timeline(self) -> Timeline:
        """The block's own rows in time; its periods count rows from the block's first."""
        whole = self.market.timeline
        cut = slice(self.start, self.end)
        periods = {name: self.periods(name) for name in whole.periods}
        times, dates, present = whole.times[cut], whole.dates[cut], whole.present[cut]
        return Timeline(times, dates, self.ordinals, present, periods, whole.daily)

    def periods(self, clock: str) -> Periods:
        """The periods of a clock that may first be read in the block."""
        found = self._periods.get(clock)
        if found is None:
            whole = self.market.timeline.periods[clock]
            first, last = np.searchsorted(whole.available, [self.start, self.end])
            cut = slice(int(first), int(last))
            found = Periods(whole.sample[cut] - self.start, whole.available[cut] - self.start)
            self._periods[clock] = found
        return found

    def rows_of(self, clock: str) -> int:
        """How many rows of a clock the block has."""
        return len(self) if clock == ROWS else len(self.periods(clock).sample)

    @cached_property
    def session_starts(self) -> Integer | None:
        """The first row of each session in the block; None where each row is a session of its own."""
        ordinals = self.ordinals
        if not len(ordinals):
            return np.zeros(0, dtype=np.int64)
        if self.market.timeline.daily and ordinals[-1] - ordinals[0] == len(ordinals) - 1:
            return None
        turns = (ordinals[1:] != ordinals[:-1]).nonzero()[0]
        return np.concatenate(([0], turns + 1))

    @cached_property
    def sessions(self) -> Integer:
        """The number of each session in the block."""
        starts = self.session_starts
        return self.ordinals if starts is None else self.ordinals[starts]

    def by_session(self, values: Array) -> Array:
        """A column that is the same through each session, from a value for each session."""
        starts = self.session_starts
        if starts is None:
            return values
        if len(values) > 1:
            # What an event says changes seldom.
            turns = (values[1:] != values[:-1]).nonzero()[0] + 1
            starts = np.concatenate((starts[:1], starts[turns]))
            values = np.concatenate((values[:1], values[turns]))
        return stretched(starts, values, len(self))


def blocks_of(market: Market, given: Mapping[str, Array], size: int) -> Iterator[Block]:
    """The market cut into blocks of `size` rows, the last one shorter; none of no rows."""
    rows = len(market.timeline)
    for start in range(0, rows, size):
        yield Block(market, given, start, min(start + size, rows))
