"""What a chain says of prices: forwards, volatilities, Greeks, and what parity leaves over.

The chain speaks for every expiry that it holds on a day: a contract without a good quote there is
unknown, whatever a model would say.

Forwards come from put-call parity: at each strike with both rights quoted, F = K + e^(rT) (C - P)
by mids; an expiry's forward is the median over the ten strikes where |C - P| is least. Volatilities
and Greeks are worked out here from mids and that forward, never taken from the file. In the money
the time value of a mid is mostly rounding, so the volatility is that of the same strike's option
out of the money; a contract's own counts where there is no such quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alvh_rules.evaluate.inputs import Days, Float, Integer
from alvh_rules.options import black_scholes
from alvh_rules.options.chain import Chain, places, series_of
from alvh_rules.options.contracts import Contracts, Quoted, Right, Source

NEAREST = 10
"""Strikes that an expiry's forward is the median of."""


@dataclass(frozen=True)
class ChainPrices:
    """A chain and the rates (percent) on every session; what is worked out is worked out once."""

    chain: Chain
    rates: Float

    def over(self, quoted: Quoted, contracts: Contracts, rows: Integer, paid: Float) -> Quoted:
        """Quotes with the chain's own in place of a model's, on each contract's own row; `paid` are
        the dividend yields there, in percent."""
        chain = self.chain
        wanted = places(
            rows, contracts.expiry, contracts.morning, contracts.strike, contracts.right
        )
        keys = series_of(wanted)
        group = np.minimum(np.searchsorted(chain.group_keys, keys), len(chain.group_keys) - 1)
        held = chain.group_keys[group] == keys
        if not held.any():
            return quoted
        at = chain.find(wanted)[held]
        found = (at >= 0) & chain.good[at]
        forward = self.forwards[group[held]]
        days = chain.days[at]
        rate, yielded = self.rates[rows[held]], paid[held]
        # The spot that the chain's own forward implies prices without an arbitrage between rights.
        spot = forward * np.exp((yielded - rate) / 100.0 * days / black_scholes.YEAR)
        volatility = np.where(found, self.volatilities[at], np.nan)
        priced = black_scholes.price(
            contracts.right[held], spot, contracts.strike[held], volatility, days, rate, yielded
        )
        greeks = (priced.delta, priced.gamma, priced.theta, priced.vega)
        mine = (chain.bid[at], chain.ask[at], chain.mid[at], volatility, *greeks, forward)
        whole = {}
        for name, values in zip(Quoted.__slots__, mine, strict=False):
            whole[name] = getattr(quoted, name).copy()
            whole[name][held] = np.where(found, values, np.nan)
        source = quoted.source.copy()
        source[held] = np.where(found, Source.CHAIN, Source.UNKNOWN)
        # On the expiry's own close there is no volatility to tell, and delta is the payoff's.
        still = (source == Source.CHAIN) & (chain.dates[rows] == contracts.expiry)
        for name in ("delta", "gamma", "theta", "vega"):
            whole[name][still] = getattr(quoted, name)[still]
        return Quoted(**whole, spot=quoted.spot, source=source)

    @cached_property
    def forwards(self) -> Float:
        """The forward of each group, NaN where no strike has both rights quoted."""
        chain = self.chain
        calls = np.flatnonzero((chain.right == Right.CALL) & (chain.other >= 0))
        calls = calls[chain.good[calls] & chain.good[chain.other[calls]]]
        gap = chain.mid[calls] - chain.mid[chain.other[calls]]
        grown = np.exp(
            self.rates[chain.row[calls]] / 100.0 * chain.days[calls] / black_scholes.YEAR
        )
        implied, group = chain.strike[calls] + grown * gap, chain.groups[calls]
        order = np.lexsort((np.abs(gap), group))
        implied, group = implied[order], group[order]
        count = int(chain.groups[-1]) + 1
        first = np.searchsorted(group, np.arange(count))
        rank = np.arange(len(group)) - first[group]
        table = np.full((count, NEAREST), np.nan)
        near = rank < NEAREST
        table[group[near], rank[near]] = implied[near]
        out = np.full(count, np.nan)
        some = ~np.isnan(table).all(axis=1)
        out[some] = np.nanmedian(table[some], axis=1)
        return out

    @cached_property
    def volatilities(self) -> Float:
        """Implied volatility of each quote, in points, from the mid out of the money."""
        chain = self.chain
        forward, rate = self.forwards[chain.groups], self.rates[chain.row]
        own = black_scholes.implied_volatility(
            chain.right, chain.mid, forward, chain.strike, chain.days, rate, rate
        )
        with np.errstate(invalid="ignore"):
            inside = chain.right * (forward - chain.strike) > 0.0
        others = np.where(chain.other >= 0, own[chain.other], np.nan)
        return np.where(inside & ~np.isnan(others), others, own)


@dataclass(frozen=True, slots=True)
class ParityEdges:
    """What put-call parity leaves over at each strike with both rights quoted, an entry each.

    `gap` is C - P - e^(-rT) (F - K) by mids, in points. `conversion` is what buying the underlying
    forward, buying the put and selling the call earns after bid and ask, `reversal` the opposite:
    dollars a contract; below zero nothing is earned.
    """

    row: Integer
    expiry: Days
    strike: Float
    gap: Float
    conversion: Float
    reversal: Float


def parity_edges(
    prices: ChainPrices, forwards: Float | None = None, multiplier: float = 100.0
) -> ParityEdges:
    """Conversions and reversals of a chain. `forwards` are by group (default: the chain's own,
    against which the gaps of an expiry are centred on nothing)."""
    chain = prices.chain
    calls = np.flatnonzero((chain.right == Right.CALL) & (chain.other >= 0))
    calls = calls[chain.good[calls] & chain.good[chain.other[calls]]]
    puts = chain.other[calls]
    known = prices.forwards if forwards is None else forwards
    row, strike = chain.row[calls], chain.strike[calls]
    discount = np.exp(-prices.rates[row] / 100.0 * chain.days[calls] / black_scholes.YEAR)
    worth = discount * (known[chain.groups[calls]] - strike)
    return ParityEdges(
        row,
        chain.expiry[calls],
        strike,
        chain.mid[calls] - chain.mid[puts] - worth,
        multiplier * (chain.bid[calls] - chain.ask[puts] - worth),
        multiplier * (chain.bid[puts] - chain.ask[calls] + worth),
    )
