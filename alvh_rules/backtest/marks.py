"""Quotes of held contracts, session by session.

When contracts are about to be held they are priced in one call, all of them for every session up to
their expiry or to the end of the data. The loop over sessions then only looks up. That is no
look-ahead: row t is what was known at the close of t, and the loop at t reads row t alone. A contract
that is only considered has the mark that its listing gave it on that session.

`SessionMarks` are the same where there is no data but that of one session after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

import numpy as np

from alvh_rules.backtest.instruments import NEVER, Contract, batch
from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.options.contracts import Quotes, Right, Source


class Mark(NamedTuple):
    """One contract at one close; the fields are those of `Quoted`."""

    bid: float
    ask: float
    mid: float
    volatility: float
    delta: float
    gamma: float
    theta: float
    vega: float
    forward: float
    spot: float
    source: int


_NAN = math.nan
NO_MARK = Mark(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, int(Source.UNKNOWN))


class Track:
    """A contract's marks from row `first` on: `cells` are the fields of `Mark` by sessions."""

    __slots__ = ("_marks", "cells", "first")

    def __init__(self, first: int, cells: Float) -> None:
        self.first, self.cells = first, cells
        self._marks: list[Mark] | None = None

    @property
    def marks(self) -> list[Mark]:
        """The marks, one a session."""
        if self._marks is None:
            *prices, sources = self.cells
            columns = [*(column.tolist() for column in prices), sources.astype(int).tolist()]
            self._marks = [Mark(*cells) for cells in zip(*columns, strict=True)]
        return self._marks


class Marks:
    """Marks of contracts by row. `days` are the day numbers of the rows."""

    def __init__(self, quotes: Quotes, days: Integer) -> None:
        self.quotes = quotes
        self.days = days
        self._tracks: dict[Contract, Track] = {}
        self._noted: dict[Contract, tuple[int, Mark]] = {}
        self._settlements: dict[Contract, float] = {}
        self._multipliers: dict[tuple[str, Right], float] = {}

    def multiplier(self, contract: Contract) -> float:
        """Dollars for a point of a contract."""
        key = (contract.underlying, contract.right)
        if key not in self._multipliers:
            found = self.quotes.multiplier(*key)
            # A share of a column is a dollar a point, whatever futures of it are worth.
            self._multipliers[key] = found
        return 1.0 if contract.expiry == NEVER else self._multipliers[key]

    def expiry_row(self, contract: Contract) -> int:
        """The row on which a contract settles; the number of rows where that lies beyond them."""
        return int(np.searchsorted(self.days, contract.expiry))

    def note(self, contract: Contract, row: int, mark: Mark) -> None:
        """Keep what a listing quoted for a contract on a row."""
        self._noted[contract] = (row, mark)

    def follow(self, contracts: Iterable[Contract], row: int) -> None:
        """Price contracts from a row to their end, those that are not priced yet in one call for each
        underlying."""
        new = sorted({item for item in contracts if item not in self._tracks})
        for _, group in groupby(new, key=lambda item: item.underlying):
            items = list(group)
            ends = [max(self.expiry_row(item), row + 1) for item in items]
            lengths = [end - row for end in ends]
            which = np.repeat(np.arange(len(items)), lengths)
            rows = np.concatenate([np.arange(row, end) for end in ends])
            whole = batch(items)
            quoted = self.quotes.quote(
                type(whole)(
                    whole.underlying,
                    whole.right[which],
                    whole.strike[which],
                    whole.expiry[which],
                    whole.morning[which],
                ),
                rows,
            )
            cells = np.array([getattr(quoted, name) for name in Mark._fields], dtype=np.float64)
            start = 0
            for item, length in zip(items, lengths, strict=True):
                self._tracks[item] = Track(row, cells[:, start : start + length])
                start += length

    def track(self, contract: Contract, row: int) -> Track:
        """The marks of a contract from a row on, or from one before it; priced where they are not."""
        found = self._tracks.get(contract)
        if found is None or found.first > row:
            # Priced from a later row on by another book: price it again from here.
            self._tracks.pop(contract, None)
            self.follow([contract], row)
            # What has expired is not followed, and has no quote.
            nothing = np.full((len(Mark._fields), 0), _NAN)
            found = self._tracks.get(contract, Track(row, nothing))
        return found

    def at(self, contract: Contract, row: int) -> Mark:
        """The mark on a row; nothing is known of one that is neither followed nor quoted there, or
        has expired."""
        noted = self._noted.get(contract)
        if noted is not None and noted[0] == row:
            return noted[1]
        if contract not in self._tracks:
            return NO_MARK
        track = self.track(contract, row)
        at = row - track.first
        return track.marks[at] if at < len(track.marks) else NO_MARK

    def settlement(self, contract: Contract, row: int) -> float:
        """What the underlying settles at for a contract that expires on a row."""
        if contract not in self._settlements:
            found = self.quotes.settlement(batch([contract]), np.array([row], dtype=np.int64))
            self._settlements[contract] = float(found[0])
        return self._settlements[contract]


class SessionMarks(Marks):
    """Marks of the session at hand, where later ones do not exist yet.

    `days` go on beyond it: they are the exchange's calendar. A contract that was followed on an earlier
    session is priced on this one when it is asked for.
    """

    def __init__(self, quotes: Quotes, days: Integer) -> None:
        super().__init__(quotes, days)
        self._row = -1

    def begin(self, row: int, held: Iterable[Contract]) -> None:
        """Go to a row, and price what is held there in one call for each underlying."""
        self._row = row
        self._tracks.clear()
        self.follow(held, row)

    def expiry_row(self, contract: Contract) -> int:
        """The row on which a contract settles; the row after this one where that lies beyond it."""
        return min(super().expiry_row(contract), self._row + 1)

    def follow(self, contracts: Iterable[Contract], row: int) -> None:
        """Price contracts on the row; what has expired has no price."""
        today = int(self.days[row])
        super().follow([item for item in contracts if item.expiry > today], row)

    def at(self, contract: Contract, row: int) -> Mark:
        """The mark on the row."""
        if contract not in self._tracks:
            self.follow([contract], row)
        return super().at(contract, row)
