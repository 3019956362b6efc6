"""Fit the skew of the surface to a chain.

1. Quotes that are good to trade on, out of the money, and a day or more from expiry, on days whose
   indices are known.
2. Least squares within bounds on ρ (at the index's reference) and on η, which is held as a share of
   its largest value without arbitrage. A residual is the difference of volatilities, in points,
   weighted by the normal density of the strike's distance from the forward: in proportion to what
   it does to a price.
3. Errors by bucket of delta, before and after.

How ρ answers to the skew index is not fitted: a chain is seldom long enough to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Boolean, Float, Integer
from alvh_rules.options import black_scholes, data_errors
from alvh_rules.options.chain_prices import ChainPrices
from alvh_rules.options.quotes import INDEX, SPX_SKEW, MarketArrays, MarketQuotes
from alvh_rules.options.skew import LEAST_ETA, Skew, most_eta, total_variance
from alvh_rules.options.surface import Surface

LEAST_QUOTES = 5
BUCKETS = (
    ("put to 5%", -0.05, 0.0),
    ("put 5% to 20%", -0.20, -0.05),
    ("put 20% to 40%", -0.40, -0.20),
    ("at the money", -0.60, -0.40),
    ("call 20% to 40%", 0.20, 0.40),
    ("call 5% to 20%", 0.05, 0.20),
    ("call to 5%", 0.0, 0.05),
)
"""Names and bounds of delta; calls of 40% to 60% count as at the money."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Quotes to fit to, an entry each: `place` in the chain, `k` is ln(K/F), `volatility` that of the
    mid, in points."""

    place: Integer
    row: Integer
    days: Float
    k: Float
    volatility: Float
    delta: Float
    half_spread: Float
    vega: Float


@dataclass(frozen=True, slots=True)
class Error:
    """Errors of one bucket: how many quotes, mean and mean absolute difference of volatility
    (model less market, in points), and the mean absolute difference of prices in half-spreads."""

    bucket: str
    quotes: int
    mean: float
    absolute: float
    half_spreads: float


@dataclass(frozen=True)
class Fitted:
    """A fit: the shape, the quotes it was fitted to with their first and last day, and errors before and after, by bucket."""

    skew: Skew
    quotes: int
    sessions: int
    first: str
    last: str
    before: tuple[Error, ...]
    after: tuple[Error, ...]


def sample(arrays: MarketArrays) -> Sample:
    """The quotes of a market's chain that a fit counts."""
    assert arrays.chain is not None
    chain = arrays.chain
    prices = ChainPrices(chain, arrays.rates)
    forward = prices.forwards[chain.groups]
    surface = MarketQuotes(replace(arrays, chain=None)).index
    with np.errstate(all="ignore"):
        k = np.log(chain.strike / forward)
        out = chain.right * k >= 0.0
        known = np.isfinite(surface.volatility(chain.row, chain.days, k))
        kept = np.flatnonzero(
            chain.good
            & (chain.bid > 0.0)
            & out
            & (chain.days >= 1.0)
            & known
            & np.isfinite(prices.volatilities)
        )
    rate = arrays.rates[chain.row[kept]]
    priced = black_scholes.price(
        chain.right[kept],
        forward[kept],
        chain.strike[kept],
        prices.volatilities[kept],
        chain.days[kept],
        rate,
        rate,
    )
    return Sample(
        kept,
        chain.row[kept],
        chain.days[kept],
        k[kept],
        prices.volatilities[kept],
        priced.delta,
        0.5 * (chain.ask - chain.bid)[kept],
        priced.vega,
    )


def fit(arrays: MarketArrays, label: str, start: Skew = SPX_SKEW) -> Fitted | Diagnostic:
    """The shape that fits a market's chain best; `label` names the chain in a finding."""
    from scipy.optimize import least_squares

    quotes = sample(arrays)
    if arrays.chain is None or arrays.chain.underlying != INDEX or len(quotes.k) < LEAST_QUOTES:
        return data_errors.cannot_fit(label, len(quotes.k), LEAST_QUOTES)
    market = MarketQuotes(replace(arrays, chain=None)).index
    distance = quotes.k / (quotes.volatility / 100.0 * np.sqrt(quotes.days / black_scholes.YEAR))
    weight = np.exp(-0.5 * distance**2)
    most = most_eta(start.lowest, start.highest)
    index = arrays.skew_index[quotes.row]
    # The index is at its reference where it is not known.
    moved = np.where(np.isnan(index), 0.0, start.response * (index - start.index))

    def residual(at: Float) -> Float:
        skew = replace(start, rho=float(at[0]), eta=float(at[1]))
        slopes = np.clip(skew.rho + moved, skew.lowest, skew.highest)
        return (_volatilities(market, skew, slopes, quotes) - quotes.volatility) * weight

    margin = 1e-6
    found = least_squares(
        residual,
        np.clip([start.rho, start.eta], None, [start.highest, most - 2 * margin]),
        bounds=([start.lowest, LEAST_ETA], [start.highest, most - margin]),
    )
    rho, eta = (round(float(value), 4) for value in found.x)
    skew = replace(start, rho=rho, eta=min(eta, np.floor(most * 1e4) / 1e4))
    return Fitted(
        skew,
        len(quotes.k),
        len(np.unique(quotes.row)),
        str(arrays.dates[quotes.row[0]]),
        str(arrays.dates[quotes.row[-1]]),
        errors(arrays, start, quotes),
        errors(arrays, skew, quotes),
    )


def errors(arrays: MarketArrays, skew: Skew, quotes: Sample) -> tuple[Error, ...]:
    """The errors of a shape, by bucket of delta; buckets without quotes are left out."""
    surface = MarketQuotes(replace(arrays, chain=None), skew).index
    model = surface.volatility(quotes.row, quotes.days, quotes.k)
    off = model - quotes.volatility
    spreads = np.abs(off) * quotes.vega / np.maximum(quotes.half_spread, 0.025)
    found = []
    for name, low, high in BUCKETS:
        inside: Boolean = (quotes.delta >= low) & (quotes.delta < high)
        if name == "at the money":
            inside |= (quotes.delta >= 0.40) & (quotes.delta <= 0.60)
        if inside.any():
            part = off[inside]
            found.append(
                Error(
                    name,
                    int(inside.sum()),
                    float(part.mean()),
                    float(np.abs(part).mean()),
                    float(spreads[inside].mean()),
                )
            )
    return tuple(found)


def _volatilities(market: Surface, skew: Skew, slopes: Float, quotes: Sample) -> Float:
    total = market.term.total(quotes.row, quotes.days)
    theta = skew.at_the_money(total, slopes)
    w = total_variance(quotes.k, theta, slopes, skew.eta)
    return np.asarray(100.0 * np.sqrt(w * black_scholes.YEAR / quotes.days))
