"""What is listed and quoted on one session: expiries, and the options of an expiry.

A `Listing` is asked during one session and remembers its answers for that session, so that two books
run side by side, or three layers that look at the same expiry, price it once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.backtest.marks import Mark
from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Quotes, Right


@dataclass(frozen=True)
class Slice:
    """The options of one right and expiry that have a price: strikes ascending, and their quotes."""

    strikes: Float
    quoted: Quoted

    def __len__(self) -> int:
        return len(self.strikes)

    def mark(self, at: int) -> Mark:
        """The quote of one of them."""
        quoted = self.quoted
        prices = (
            *(quoted.bid, quoted.ask, quoted.mid, quoted.volatility, quoted.delta, quoted.gamma),
            *(quoted.theta, quoted.vega, quoted.forward, quoted.spot),
        )
        return Mark._make([*(float(column[at]) for column in prices), int(quoted.source[at])])


@dataclass(frozen=True)
class ExpirySlice:
    """An expiry and its options, priced at the close of a session."""

    underlying: str
    expiry: int
    days: float
    morning: bool
    put: Slice
    call: Slice

    def of(self, right: Right) -> Slice:
        """The options of a right."""
        return self.put if right is Right.PUT else self.call

    @property
    def spot(self) -> float:
        """The price that strikes are compared with; NaN where nothing is quoted."""
        for part in (self.put, self.call):
            if len(part):
                return float(part.quoted.spot[0])
        return float("nan")


_Key = tuple[str, int, bool]
"""An underlying, the day number of an expiry, and whether it settles AM."""


class Listing:
    """Expiries and slices of the session that is asked about; another session forgets the last."""

    def __init__(self, quotes: Quotes) -> None:
        self.quotes = quotes
        self._row = -1
        self._expiries: dict[tuple[str, Right], Expiries] = {}
        self._slices: dict[_Key, ExpirySlice] = {}
        self._found: dict[Hashable, Any] = {}

    def _at(self, row: int) -> None:
        if row != self._row:
            self._row = row
            self._expiries.clear()
            self._slices.clear()
            self._found.clear()

    def once(self, row: int, key: Hashable, find: Callable[[], Any]) -> Any:
        """What `find` gives for a key on a row, found once for all who ask with it."""
        self._at(row)
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """The expiries listed at the close of a row."""
        self._at(row)
        key = (underlying, right)
        if key not in self._expiries:
            self._expiries[key] = self.quotes.expiries(underlying, row, right)
        return self._expiries[key]

    def slice(self, underlying: str, row: int, expiries: Expiries, at: int) -> ExpirySlice:
        """The options of one of the expiries."""
        key = _key(underlying, expiries, at)
        self._at(row)
        if key not in self._slices:
            self.price(row, [(underlying, expiries, at)])
        return self._slices[key]

    def price(self, row: int, wanted: Iterable[tuple[str, Expiries, int]]) -> None:
        """Price the options of several expiries, those that are not yet, in one call for each
        underlying. Each is an underlying, its expiries, and which of them."""
        self._at(row)
        new: dict[str, dict[_Key, tuple[Expiries, int]]] = {}
        for underlying, expiries, at in wanted:
            key = _key(underlying, expiries, at)
            if key not in self._slices:
                new.setdefault(underlying, {})[key] = (expiries, at)
        for underlying, parts in new.items():
            self._price(underlying, row, parts)

    def _price(self, underlying: str, row: int, parts: Mapping[_Key, tuple[Expiries, int]]) -> None:
        strikes, lengths = [], []
        for expiries, at in parts.values():
            for right in (Right.PUT, Right.CALL):
                listed = self.quotes.strikes(underlying, row, expiries.date[at], right)
                strikes.append(listed)
                lengths.append(len(listed))
        rights = np.array([Right.PUT, Right.CALL] * len(parts), dtype=np.int8)
        dates = np.array([e.date[at] for e, at in parts.values()], dtype="datetime64[D]")
        mornings = np.array([bool(e.morning[at]) for e, at in parts.values()])
        contracts = Contracts(
            underlying,
            np.repeat(rights, lengths),
            np.concatenate(strikes),
            np.repeat(np.repeat(dates, 2), lengths),
            np.repeat(np.repeat(mornings, 2), lengths),
        )
        count = len(contracts)
        quoted = self._none()
        if count:
            quoted = self.quotes.quote(contracts, np.full(count, row, dtype=np.int64))
        known = np.isfinite(quoted.mid) & np.isfinite(quoted.bid) & np.isfinite(quoted.ask)
        ends = np.cumsum(lengths)
        sides = []
        for begin, end in zip(ends - lengths, ends, strict=True):
            which = begin + np.flatnonzero(known[begin:end])
            sides.append(Slice(contracts.strike[which], taken(quoted, which)))
        for number, (key, (expiries, at)) in enumerate(parts.items()):
            put, call = sides[2 * number : 2 * number + 2]
            days = float(expiries.days[at])
            self._slices[key] = ExpirySlice(underlying, key[1], days, key[2], put, call)

    @staticmethod
    def _none() -> Quoted:
        no = np.zeros(0)
        return Quoted(no, no, no, no, no, no, no, no, no, no, np.zeros(0, dtype=np.int8))


def _key(underlying: str, expiries: Expiries, at: int) -> _Key:
    day = int(expiries.date[at].astype("datetime64[D]").astype(np.int64))
    return underlying, day, bool(expiries.morning[at])


def taken(quoted: Quoted, which: Integer) -> Quoted:
    """Some of the quotes."""
    return Quoted(*(getattr(quoted, name)[which] for name in Quoted.__slots__))
