"""An option chain: real bids and asks by day, expiry, strike and right.

A contract's place is one integer made of its row, expiry, settlement, strike and right, so that
thousands are found by one binary search. A quote is good where both sides are known, something is
asked, nothing is below zero, and the bid is not above the ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from alvh_rules.evaluate.inputs import Boolean, Days, Float, Integer
from alvh_rules.options import black_scholes
from alvh_rules.options.contracts import Expiries, Right

MOST_ROWS = 1 << 15
"""Sessions that a place has room for: 130 years."""
_STRIKE_BITS, _EXPIRY_BITS = 29, 17
_FINEST = 1000.0
"""Strikes are told apart to a thousandth of a point."""


@dataclass(frozen=True)
class Chain:
    """Quotes of one underlying's options, sorted by `place`, an entry each.

    `row` is a session of the market that the chain is laid on, `dates` those sessions; `bid` and
    `ask` in points, NaN where the file has none.
    """

    underlying: str
    dates: Days
    row: Integer
    expiry: Days
    morning: Boolean
    strike: Float
    right: npt.NDArray[np.int8]
    bid: Float
    ask: Float
    place: Integer = field(repr=False)

    @cached_property
    def good(self) -> Boolean:
        """Where the quote is one to trade on."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.bid >= 0.0) & (self.ask > 0.0) & (self.bid <= self.ask))

    @cached_property
    def mid(self) -> Float:
        """The middle of good quotes, NaN elsewhere."""
        return np.where(self.good, 0.5 * (self.bid + self.ask), np.nan)

    @cached_property
    def days(self) -> Float:
        """Days to the settlement from the close of each row."""
        whole = (self.expiry - self.dates[self.row]).astype(np.float64)
        return whole - np.where(self.morning, black_scholes.OPENING, 0.0)

    @cached_property
    def groups(self) -> Integer:
        """The number of each quote's group: its row, expiry and settlement."""
        key = series_of(self.place)
        return np.cumsum(np.append(0, key[1:] != key[:-1])).astype(np.int64)

    @cached_property
    def group_keys(self) -> Integer:
        """The key of each group (`series_of` of any place in it), in order."""
        return np.unique(series_of(self.place))

    @cached_property
    def other(self) -> Integer:
        """The place in this chain of the same strike's other right, -1 where it has none."""
        return self.find(self.place ^ 1)

    def find(self, wanted: Integer) -> Integer:
        """Where each place stands in this chain, -1 where it does not."""
        at = np.minimum(np.searchsorted(self.place, wanted), len(self.place) - 1)
        return np.where(self.place[at] == wanted, at, -1)

    # --- listings --------------------------------------------------------------------------------

    def with_expiries(self, row: int, ruled: Expiries) -> Expiries:
        """The expiries by the rules, and those that the chain holds beside them on a row."""
        rows = slice(*np.searchsorted(self.row, [row, row + 1]))
        dates, morning = self.expiry[rows], self.morning[rows]
        own = np.unique(_series(dates, morning))
        own = own[~np.isin(own, _series(ruled.date, ruled.morning))]
        dates = np.concatenate([ruled.date, (own >> 1).astype("datetime64[D]")])
        settles = np.concatenate([ruled.morning, (own & 1) == 0])
        monthly = np.concatenate([ruled.monthly, np.zeros(len(own), dtype=bool)])
        days = (dates - self.dates[row]).astype(np.float64)
        order = np.argsort(_series(dates, settles), kind="stable")
        order = order[days[order] > 0.0]
        return Expiries(dates[order], days[order], settles[order], monthly[order])

    def strikes(self, row: int, expiry: np.datetime64, right: Right) -> Float | None:
        """The strikes of an expiry with a good quote, ascending; None where the chain has not the
        expiry on that row."""
        rows = slice(*np.searchsorted(self.row, [row, row + 1]))
        same = self.expiry[rows] == expiry
        if not same.any():
            return None
        chosen = same & (self.right[rows] == right) & self.good[rows]
        return np.unique(self.strike[rows][chosen])


def places(
    rows: Integer, expiry: Days, morning: Boolean, strike: Float, right: npt.NDArray[np.int8]
) -> Integer:
    """The integers that contracts are found by. Those of no strike lie before all others."""
    days = expiry.astype("datetime64[D]").astype(np.int64)
    with np.errstate(invalid="ignore"):
        thousandths = np.where(strike > 0.0, np.rint(strike * _FINEST), 0.0).astype(np.int64)
    series = (rows.astype(np.int64) << _EXPIRY_BITS | days) << 1 | ~morning
    return np.asarray((series << _STRIKE_BITS | thousandths) << 1 | (right == Right.CALL))


def series_of(place: Integer) -> Integer:
    """The part of places that says the row, expiry and settlement."""
    return np.asarray(place >> (_STRIKE_BITS + 1))


def _series(dates: Days, morning: Boolean) -> Integer:
    """A day of expiry and its settlement as one integer, AM before PM."""
    return np.asarray(dates.astype(np.int64) << 1 | ~morning)


def joined(first: Chain, second: Chain) -> Chain | int:
    """Two chains of one underlying as one; or how many contracts both quote on one day."""
    place = np.concatenate([first.place, second.place])
    order = np.argsort(place, kind="stable")
    again = int((np.diff(place[order]) == 0).sum())
    if again:
        return again
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])[order]
        for name in ("row", "expiry", "morning", "strike", "right", "bid", "ask", "place")
    }
    return Chain(first.underlying, first.dates, **columns)
