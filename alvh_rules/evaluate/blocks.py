"""A market in blocks of consecutive rows.

A block's arrays are views; row numbers inside it count from its first row. A period belongs to the
block in which it may first be read; its sample may be the last row of the block before (number -1),
never an earlier one, since a period's sample is its available row or the row before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Array, Integer, Market, Periods, Timeline


@dataclass
class Block:
    """Rows `start` up to `end` of a market, with the columns that the caller gives."""

    market: Market
    given: Mapping[str, Array]
    start: int
    end: int

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

    @cached_property
    def timeline(self) -> Timeline:
        """The block's own rows in time; its periods count rows from the block's first."""
        whole = self.market.timeline
        cut = slice(self.start, self.end)
        periods = {name: self._periods(found) for name, found in whole.periods.items()}
        return Timeline(
            whole.times[cut],
            whole.dates[cut],
            whole.ordinals[cut],
            whole.present[cut],
            periods,
            whole.daily,
        )

    def _periods(self, whole: Periods) -> Periods:
        first, last = np.searchsorted(whole.available, [self.start, self.end])
        cut = slice(int(first), int(last))
        return Periods(whole.sample[cut] - self.start, whole.available[cut] - self.start)

    @cached_property
    def session_starts(self) -> Integer:
        """The first row of each session in the block."""
        ordinals = self.timeline.ordinals
        if not len(ordinals):
            return np.zeros(0, dtype=np.int64)
        return np.concatenate([[0], np.flatnonzero(ordinals[1:] != ordinals[:-1]) + 1])

    def by_session(self, of_sessions: Any) -> Array:
        """A column that is the same through each session, from its value at each session's start.

        `of_sessions` takes the numbers of the first rows and gives a value for each.
        """
        starts = self.session_starts
        lengths = np.diff(np.append(starts, len(self)))
        return np.repeat(of_sessions(starts), lengths)


def blocks_of(market: Market, given: Mapping[str, Array], size: int) -> Iterator[Block]:
    """The market cut into blocks of `size` rows, the last one shorter; none of no rows."""
    rows = len(market.timeline)
    for start in range(0, rows, size):
        yield Block(market, given, start, min(start + size, rows))
