"""VIX futures and what options on them need: settlements by expiry, a curve, or a model.

Prices, in this order: the settlement file (a row a contract and day), the curve file (months
counted from the nearest), the model, which does not fill gaps. A row on the expiry day is the final settlement, not a price
to trade at; it is kept apart.

The model. The variance that the volatility indices imply between T and T + 30 days, F² as a
volatility, is what the market pays for the square of VIX at T. VIX itself has a variance ν² (of its
logarithm, by the volatility of VIX), and for a lognormal the future is below the root of the mean
square: future = √F² exp(-ν²/2).

The volatility of VIX. With a mean reversion κ the logarithm of the future that expires at T varies
at ξ e^(-κ(T-u)) at time u, so that its variance to T is ν²(T) = ξ² (1 - e^(-2κT)) / (2κ) (one factor
of Bergomi, Smile dynamics II, Risk 2005). VVIX, an index of 30 days, gives ξ: ν²(30 days) is its
variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alvh_rules.evaluate.inputs import Boolean, Days, Float, Integer
from alvh_rules.market.expiries import vix_expiries
from alvh_rules.options.black_scholes import POINTS, YEAR
from alvh_rules.options.contracts import Source
from alvh_rules.options.surface import TermStructure

REVERSION = 3.0
"""κ a year: shocks to VIX halve in twelve weeks."""
TERM = 30.0
"""Days of the variance that a future settles on."""
GAP = 5
"""Rows for which a contract that had a price and has none is unknown; then its prices have ended, and the
model speaks. What comes later is not known on the row, so it cannot say which of the two it is."""


@dataclass(frozen=True, slots=True)
class Settlements:
    """Prices by row and expiry. `prices`, `source` and `expected` (whether the contract had a price on
    one of the `GAP` rows before) are rows by `expiries`; `final` is by expiry."""

    expiries: Days
    prices: Float
    source: npt.NDArray[np.int8]
    final: Float
    expected: Boolean

    def at(self, rows: Integer, expiry: Days) -> tuple[Float, npt.NDArray[np.int8]]:
        """The price of each contract on its row, and where it is from; NaN, UNKNOWN where none."""
        place = np.minimum(np.searchsorted(self.expiries, expiry), len(self.expiries) - 1)
        found = self.expiries[place] == expiry
        price = np.where(found, self.prices[rows, place], np.nan)
        source = np.where(np.isnan(price), Source.UNKNOWN, self.source[rows, place])
        return price, source.astype(np.int8)

    def gap(self, rows: Integer, expiry: Days) -> Boolean:
        """Whether a contract that had a price just before a row has none on it."""
        place = np.minimum(np.searchsorted(self.expiries, expiry), len(self.expiries) - 1)
        known = self.expiries[place] == expiry
        missing = np.isnan(self.prices[rows, place])
        return np.asarray(known & self.expected[rows, place] & missing)

    def settled(self, expiry: Days) -> Float:
        """The final settlement of each expiry; NaN where it is not known."""
        place = np.minimum(np.searchsorted(self.expiries, expiry), len(self.expiries) - 1)
        return np.where(self.expiries[place] == expiry, self.final[place], np.nan)


def log_variance(vvix: Float, days: Float) -> Float:
    """ν²: the variance of the logarithm of a future to its expiry in so many days, where the
    volatility of VIX over 30 days is `vvix` points."""
    with np.errstate(invalid="ignore"):
        ratio = np.expm1(-2.0 * REVERSION * days / YEAR) / np.expm1(-2.0 * REVERSION * TERM / YEAR)
        return np.where(days >= 0.0, (vvix / POINTS) ** 2 * TERM / YEAR * ratio, np.nan)


def model_futures(term: TermStructure, vvix: Float, rows: Integer, days: Float) -> Float:
    """The model's future, in points, that expires in `days` on each row."""
    with np.errstate(invalid="ignore"):
        between = term.total(rows, days + TERM) - term.total(rows, days)
        level = POINTS * np.sqrt(between * YEAR / TERM)
        return np.asarray(level * np.exp(-0.5 * log_variance(vvix[rows], days)))


def maturity_weights(days: Float, target: float) -> Float:
    """The share of each month (days to expiry, nearest first) in a constant maturity of `target`
    days: the two months around it, in proportion. All zero where it lies outside of them."""
    shares = np.zeros(len(days))
    after = int(np.searchsorted(days, target))
    if after < len(days) and days[after] == target:
        shares[after] = 1.0
    elif 0 < after < len(days):
        far = (target - days[after - 1]) / (days[after] - days[after - 1])
        shares[after - 1], shares[after] = 1.0 - far, far
    return shares


def settlements(
    dates: Days,
    rows: Integer,
    expiries: Days,
    prices: Float,
    curve: Float | None = None,
) -> Settlements:
    """Prices on the sessions `dates`: those of a settlement file (`rows`, `expiries` and `prices`,
    an entry a line; row -1 where its day is none of the sessions), and where it has none those of a
    curve (rows by months, the nearest first)."""
    listed = vix_expiries()
    first = int(np.searchsorted(listed, dates[0]))
    last = int(np.searchsorted(listed, dates[-1], "right")) + 13
    columns = np.unique(np.concatenate([listed[first:last], expiries]))
    table = np.full((len(dates), len(columns)), np.nan)
    source = np.zeros(table.shape, dtype=np.int8)
    final = np.full(len(columns), np.nan)
    if curve is not None:
        month = np.searchsorted(listed, dates, "right")
        for number in range(curve.shape[1]):
            at = month + number
            inside = np.flatnonzero(at < len(listed))
            place = np.searchsorted(columns, listed[at[inside]])
            table[inside, place] = curve[inside, number]
            source[inside, place] = Source.COLUMN
    place = np.searchsorted(columns, expiries)
    traded = (rows >= 0) & (dates[rows] < expiries)
    table[rows[traded], place[traded]] = prices[traded]
    source[rows[traded], place[traded]] = Source.SETTLEMENT
    last_day = (rows >= 0) & (dates[rows] == expiries)
    final[place[last_day]] = prices[last_day]
    priced = ~np.isnan(table)
    expected = np.zeros(table.shape, dtype=bool)
    for back in range(1, min(GAP, len(dates) - 1) + 1):
        expected[back:] |= priced[:-back]
    return Settlements(columns, table, source, final, expected)
