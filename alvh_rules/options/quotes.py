"""Quotes of a loaded market: listings, prices and settlements for a backtest.

1. Contracts are told apart by what they are: options on an index or share, options on VIX, VIX
   futures, shares.
2. A chain is asked first; it speaks for every expiry that it holds on a day, and a contract it has
   no good quote of there is unknown. The model speaks for the rest.
3. Prices of the model: forward, volatility from the surface, Black and Scholes; bids and asks by
   `spreads`. Everything is arrays over contracts.

Nothing here looks at rows after the one that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from alvh_rules.evaluate.inputs import Array, Boolean, Days, Float, Integer
from alvh_rules.options import black_scholes, listing
from alvh_rules.options.chain import Chain
from alvh_rules.options.chain_prices import ChainPrices
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Right, Source
from alvh_rules.options.skew import Skew, total_variance
from alvh_rules.options.spreads import SPREADS, Spread, bid_and_ask
from alvh_rules.options.surface import TERMS, Surface, term_structure
from alvh_rules.options.vix_futures import Settlements, log_variance, model_futures

VIX = "VIX"
INDEX = "SPX"
OPTION_MULTIPLIER, FUTURE_MULTIPLIER = 100.0, 1000.0


@dataclass(frozen=True)
class MarketArrays:
    """What quotes are made from, an entry a session; NaN where it is not known.

    `closes` and `opens` in points by underlying (upper case); `levels` the volatility indices in
    points by the names of `TERMS`; `rates` and `dividend_yields` in percent, continuously
    compounded; `vvix` and `skew_index` the indices of those names; `volatilities` at 30 days, in
    points, of underlyings that have no index.
    """

    dates: Days
    closes: Mapping[str, Float]
    opens: Mapping[str, Float]
    levels: Mapping[str, Float]
    rates: Float
    dividend_yields: Float
    vvix: Float
    skew_index: Float
    futures: Settlements
    volatilities: Mapping[str, Float] = field(default_factory=dict)
    chain: Chain | None = None


# With these the surface's own skew index is 120 where the published one is 120, about its median
# since 1990, and two fifths of what the published one moves are passed on: the rest of it lies in strikes
# too far out for what is traded here. docs/options.md shows the figures.
SPX_SKEW = Skew(rho=-0.5, eta=1.05, index=120.0, response=-0.0125, lowest=-0.85, highest=-0.15)
# Calls on VIX are dearer than puts. There is no chain of them here to fit: the figures are chosen.
VIX_SKEW = Skew(rho=0.6, eta=0.9)
INDEX_SHARES = ("SPX", "SPY")
"""Underlyings of the S&P 500, which share its surface and its dividends."""


class MarketQuotes:
    """`Quotes` from a market's arrays. `skew` is the shape of the SPX surface."""

    def __init__(self, arrays: MarketArrays, skew: Skew = SPX_SKEW) -> None:
        self.arrays = arrays
        nothing = np.full(len(arrays.dates), np.nan)
        levels = {term: arrays.levels.get(name, nothing) for name, term in TERMS.items()}
        structure, self.raised = term_structure(levels)
        slopes = skew.slopes(arrays.skew_index)
        self.index = Surface(structure, skew, slopes)
        self._chain = None if arrays.chain is None else ChainPrices(arrays.chain, arrays.rates)
        self._own: dict[str, Surface] = {}
        for name, level in arrays.volatilities.items():
            self._own[name] = Surface(term_structure({30.0: level})[0], skew, slopes)

    # --- listings --------------------------------------------------------------------------------

    def multiplier(self, underlying: str, right: Right) -> float:
        """Dollars for a point of one contract."""
        if right is not Right.OUTRIGHT:
            return OPTION_MULTIPLIER
        return FUTURE_MULTIPLIER if listing.underlying_of(underlying) == VIX else 1.0

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """The expiries listed at the close of a row: by the rules, and those of the chain."""
        name = listing.underlying_of(underlying)
        ruled = listing.listed(name, right).on(self.arrays.dates[row])
        chain = self.arrays.chain
        if chain is None or right is Right.OUTRIGHT or chain.underlying != name:
            return ruled
        return chain.with_expiries(row, ruled)

    def strikes(self, underlying: str, row: int, expiry: np.datetime64, right: Right) -> Float:
        """The strikes of an expiry: those of the chain that have a good quote, or by the rules."""
        name = listing.underlying_of(underlying)
        chain = self.arrays.chain
        if chain is not None and chain.underlying == name:
            found = chain.strikes(row, expiry, right)
            if found is not None:
                return found
        if name == VIX:
            at = np.array([row])
            spot = float(self._future(at, np.array([expiry], dtype="datetime64[D]"))[0][0])
        else:
            spot = float(self._closes(name)[row])
        return listing.strikes(name, spot, expiry, self.arrays.dates[row])

    # --- prices ----------------------------------------------------------------------------------

    def quote(self, contracts: Contracts, rows: Integer) -> Quoted:
        """Quotes of each contract on its own row."""
        name = listing.underlying_of(contracts.underlying)
        outright = contracts.right == Right.OUTRIGHT
        if not outright.any():
            return self._options(name, contracts, rows)
        if outright.all():
            return self._outright(name, contracts, rows)
        parts = [
            (chosen, kind(name, _some(contracts, chosen), rows[chosen]))
            for chosen, kind in ((outright, self._outright), (~outright, self._options))
        ]
        whole = {}
        for item in Quoted.__slots__:
            first = getattr(parts[0][1], item)
            whole[item] = np.empty(len(rows), dtype=first.dtype)
            for chosen, part in parts:
                whole[item][chosen] = getattr(part, item)
        return Quoted(**whole)

    def settlement(self, contracts: Contracts, rows: Integer) -> Float:
        """What each contract settles at, asked for on the row of its expiry day.

        An AM settlement is the opening print; where that is not known (and for VIX, where there is
        no final settlement either) the mean of the two closes that it lies between stands for it.
        """
        name = listing.underlying_of(contracts.underlying)
        close = self._closes(name)
        opening = self.arrays.opens.get(name, np.full(len(close), np.nan))[rows]
        before = np.where(rows > 0, close[np.maximum(rows - 1, 0)], np.nan)
        opening = np.where(np.isnan(opening), 0.5 * (before + close[rows]), opening)
        found = np.where(contracts.morning, opening, close[rows])
        if name == VIX:
            final = self.arrays.futures.settled(contracts.expiry)
            found = np.where(np.isnan(final), opening, final)
        return np.where(self.arrays.dates[rows] == contracts.expiry, found, np.nan)

    # --- outright --------------------------------------------------------------------------------

    def _outright(self, name: str, contracts: Contracts, rows: Integer) -> Quoted:
        zero, one = np.zeros(len(rows)), np.ones(len(rows))
        if name == VIX:
            mid, source = self._future(rows, contracts.expiry)
            spread = SPREADS["VIX future"]
        else:
            mid = self._closes(name)[rows]
            source = np.where(np.isnan(mid), Source.UNKNOWN, Source.COLUMN).astype(np.int8)
            spread = SPREADS["share"]
        unknown = np.isnan(mid)
        bid, ask = bid_and_ask(mid, zero, spread)
        zero, one = np.where(unknown, np.nan, zero), np.where(unknown, np.nan, one)
        # A point of a VIX future is taken as a point of volatility.
        vega = one if name == VIX else zero
        nothing = np.full(len(rows), np.nan)
        return Quoted(bid, ask, mid, nothing, one, zero, zero, vega, mid, mid, source)

    def _future(self, rows: Integer, expiry: Days) -> tuple[Float, Array]:
        """VIX futures: the settlement, the curve, or the model."""
        price, source = self.arrays.futures.at(rows, expiry)
        days = (expiry - self.arrays.dates[rows]).astype(np.float64)
        modelled = model_futures(self.index.term, self.arrays.vvix, rows, days)
        # A contract whose prices have just stopped is a gap in the data, and stays one for a while.
        use = np.isnan(price) & (days > 0.0) & ~self.arrays.futures.gap(rows, expiry)
        price = np.where(use, modelled, price)
        told = np.where(use & ~np.isnan(modelled), Source.MODEL, source)
        gone = days <= 0.0
        return np.where(gone, np.nan, price), np.where(gone, Source.UNKNOWN, told).astype(np.int8)

    # --- options ---------------------------------------------------------------------------------

    def _options(self, name: str, contracts: Contracts, rows: Integer) -> Quoted:
        quoted = self._model(name, contracts, rows)
        if self._chain is None or self._chain.chain.underlying != name:
            return quoted
        return self._chain.over(quoted, contracts, rows, self._paid(name, rows))

    def _days(self, contracts: Contracts, rows: Integer) -> Float:
        """Days to the settlement, from the close of each row; NaN once it is past."""
        days = (contracts.expiry - self.arrays.dates[rows]).astype(np.float64)
        left = days - np.where(contracts.morning, black_scholes.OPENING, 0.0)
        return np.where(left >= 0.0, left, np.nan)

    def _model(self, name: str, contracts: Contracts, rows: Integer) -> Quoted:
        days = self._days(contracts, rows)
        rates = self.arrays.rates[rows]
        if name == VIX:
            spot, future_source = self._future(rows, contracts.expiry)
            forward, paid, spread = spot, rates, SPREADS["VIX"]
            volatility = self._vix_volatility(rows, days, contracts.strike, forward)
            known = future_source != Source.UNKNOWN
        else:
            spot, paid = self._closes(name)[rows], self._paid(name, rows)
            forward = spot * np.exp((rates - paid) / 100.0 * days / black_scholes.YEAR)
            spread = SPREADS.get(name, SPREADS["shares"])
            volatility = self._volatility(name, rows, days, contracts.strike, forward)
            known = np.ones(len(rows), dtype=bool)
        # On the expiry day's close nothing is left but the intrinsic value.
        volatility = np.where(days == 0.0, 0.0, volatility)
        priced = black_scholes.price(
            contracts.right, spot, contracts.strike, volatility, days, rates, paid
        )
        return _quoted(priced, volatility, forward, spot, spread, known)

    def _volatility(
        self, name: str, rows: Integer, days: Float, strike: Float, forward: Float
    ) -> Float:
        surface = self.index if name in INDEX_SHARES else self._own.get(name)
        if surface is None:
            return np.full(len(rows), np.nan)
        with np.errstate(all="ignore"):
            return surface.volatility(rows, days, np.log(strike / forward))

    def _vix_volatility(self, rows: Integer, days: Float, strike: Float, forward: Float) -> Float:
        """Of options on a future: the variance that VVIX says, with the shape of `VIX_SKEW`."""
        slope = np.full(len(rows), VIX_SKEW.rho)
        theta = VIX_SKEW.at_the_money(log_variance(self.arrays.vvix[rows], days), slope)
        with np.errstate(all="ignore"):
            w = total_variance(np.log(strike / forward), theta, slope, VIX_SKEW.eta)
            return np.asarray(100.0 * np.sqrt(w * black_scholes.YEAR / days))

    def _closes(self, name: str) -> Float:
        found = self.arrays.closes.get(name)
        return np.full(len(self.arrays.dates), np.nan) if found is None else found

    def _paid(self, name: str, rows: Integer) -> Float:
        if name in INDEX_SHARES:
            return self.arrays.dividend_yields[rows]
        return np.zeros(len(rows))


def _some(contracts: Contracts, chosen: Boolean) -> Contracts:
    return Contracts(
        contracts.underlying,
        contracts.right[chosen],
        contracts.strike[chosen],
        contracts.expiry[chosen],
        contracts.morning[chosen],
    )


def _quoted(
    priced: black_scholes.Priced,
    volatility: Float,
    forward: Float,
    spot: Float,
    spread: Spread,
    known: Boolean,
) -> Quoted:
    mid = np.where(known, priced.price, np.nan)
    bid, ask = bid_and_ask(mid, priced.vega, spread)
    source = np.where(np.isnan(mid), Source.UNKNOWN, Source.MODEL).astype(np.int8)
    greeks = (priced.delta, priced.gamma, priced.theta, priced.vega)
    return Quoted(bid, ask, mid, volatility, *greeks, forward, spot, source)
