"""Contracts in arrays, what is quoted for them, and where quotes come from.

A batch of contracts has one underlying; its arrays are as long as each other. Rows are those of a
timeline (`evaluate/inputs.py`): row `t` of a quote is what was known at the close of session `t`.
Prices are in points of the underlying (SPX points, points of volatility for VIX); money is points
times the listing's multiplier. Whatever is not known is NaN, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from alvh_rules.evaluate.inputs import Boolean, Days, Float, Integer


class Right(IntEnum):
    """What a contract is: a put or a call, or the underlying itself (a future, a share)."""

    PUT = -1
    OUTRIGHT = 0
    CALL = 1


class Source(IntEnum):
    """Where a price comes from."""

    UNKNOWN = 0
    CHAIN = 1
    MODEL = 2
    SETTLEMENT = 3
    COLUMN = 4


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contracts on one underlying.

    `right` holds `Right`, `strike` points (NaN for an outright), `expiry` the day of expiry (NaT for
    shares), `morning` whether the settlement is struck from opening prices on that day (AM) or from
    its close (PM).
    """

    underlying: str
    right: npt.NDArray[np.int8]
    strike: Float
    expiry: Days
    morning: Boolean

    def __len__(self) -> int:
        return len(self.right)


@dataclass(frozen=True, slots=True)
class Expiries:
    """The expiries that are listed on a day, nearest first and after that day.

    `date` is the day of expiry, `days` calendar days to it, `morning` whether it settles AM,
    `monthly` whether it is a standard monthly expiry.
    """

    date: Days
    days: Float
    morning: Boolean
    monthly: Boolean

    def __len__(self) -> int:
        return len(self.date)


@dataclass(frozen=True, slots=True)
class Quoted:
    """Quotes of contracts at closes, an entry each.

    `bid`, `ask` and `mid` in points a unit; `volatility` implied, in points a year; `delta` per point
    of the underlying (for options on VIX: of their future); `gamma` likewise; `theta` points a
    calendar day; `vega` points for a point of volatility; `forward` the underlying's forward (the
    future) in points; `spot` the underlying's price that strikes are compared with; `source` of the
    price, `Source`.
    """

    bid: Float
    ask: Float
    mid: Float
    volatility: Float
    delta: Float
    gamma: Float
    theta: Float
    vega: Float
    forward: Float
    spot: Float
    source: npt.NDArray[np.int8]


class Quotes(Protocol):
    """Where a backtest gets its listings, prices and settlements."""

    def multiplier(self, underlying: str, right: Right) -> float:
        """Dollars for a point of one contract: 100 for options, 1,000 for VIX futures, 1 for shares."""
        ...

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """The expiries listed at the close of a row, of options or (OUTRIGHT) of futures."""
        ...

    def strikes(self, underlying: str, row: int, expiry: np.datetime64, right: Right) -> Float:
        """The listed strikes of an expiry, ascending; those that can be quoted on that row."""
        ...

    def quote(self, contracts: Contracts, rows: Integer) -> Quoted:
        """Quotes of each contract on its own row, in one call for all: arrays, not loops."""
        ...

    def settlement(self, contracts: Contracts, rows: Integer) -> Float:
        """The price that the underlying settles at, on the row of the expiry day: the opening print
        (AM) or the close (PM); a VIX contract's final settlement. NaN where it is not known."""
        ...
