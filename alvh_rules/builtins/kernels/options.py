"""Kernels of European options. The records say units and formulas; `black` has the arithmetic.

With a deviation of zero (no days, or no volatility) x/s is ±∞, or 0 at the money: every formula
then gives the limit, and 0 × ∞ is kept out of it where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh_rules.builtins.kernels import black
from alvh_rules.builtins.kernels.normal import normal_cdf, normal_density
from alvh_rules.builtins.kernels.windows import finite
from alvh_rules.evaluate.inputs import Boolean, Float

_YEAR = 365.0
_POINTS = 100.0
_TELLING = 1e-12
"""The share of an option's greatest value that its premium must keep from its bounds."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the formulas share, a value a row; NaN throughout where there is no market.

    `asset` is S e^(-qT) and `cash` K e^(-rT); `x` is ln(F/K); `years` T; `growth` r and `paid` q
    as fractions.
    """

    asset: Float
    cash: Float
    x: Float
    years: Float
    growth: Float
    paid: Float


def _terms(spot: Float, strike: Float, days: Float, rate: Float, paid: Float) -> _Terms:
    with np.errstate(all="ignore"):
        years = days / _YEAR
        growth, paid = rate / _POINTS, paid / _POINTS
        real = (spot > 0.0) & (strike > 0.0) & (days >= 0.0)
        asset = np.where(real, spot * np.exp(-paid * years), np.nan)
        cash = np.where(real, strike * np.exp(-growth * years), np.nan)
        x = np.where(real, np.log(spot / strike) + (growth - paid) * years, np.nan)
    return _Terms(asset, cash, x, years, growth, paid)


def _deviation(volatility: Float, terms: _Terms) -> Float:
    """σ √T; NaN where the volatility is below zero."""
    with np.errstate(invalid="ignore"):
        return np.where(volatility >= 0.0, volatility / _POINTS * np.sqrt(terms.years), np.nan)


def _d1_d2(terms: _Terms, s: Float) -> tuple[Float, Float]:
    with np.errstate(all="ignore"):
        # At the money without deviation: the limit, zero.
        h = np.where((terms.x == 0.0) & (s == 0.0), 0.0, terms.x / s)
    return h + 0.5 * s, h - 0.5 * s


def _sign(right: str) -> float:
    return 1.0 if right == "call" else -1.0


def _intrinsic(right: str, terms: _Terms) -> Float:
    return np.maximum(_sign(right) * (terms.asset - terms.cash), 0.0)


def option_price(
    right: str,
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    s = _deviation(volatility, terms)
    with np.errstate(all="ignore"):
        scale = np.sqrt(terms.asset * terms.cash)
        time_value = scale * black.value(-np.abs(terms.x), s)
        lost = np.isnan(s) | np.isnan(terms.x)
        return finite(np.where(lost, np.nan, _intrinsic(right, terms) + time_value))


def implied_volatility(
    right: str,
    premium: Float,
    spot: Float,
    strike: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    with np.errstate(all="ignore"):
        intrinsic = _intrinsic(right, terms)
        most = terms.asset if right == "call" else terms.cash
        above, below = premium - intrinsic, most - premium
        # Out of the money nothing is taken from the premium, and its smallest digits are its own.
        least = np.where(intrinsic > 0.0, _TELLING * most, 0.0)
        told = (above > least) & (below > _TELLING * most) & (days > 0.0)
        scale = np.sqrt(terms.asset * terms.cash)
        rows = np.flatnonzero(told & np.isfinite(scale))
        out = np.full(len(spot), np.nan)
        s = black.deviation(
            -np.abs(terms.x[rows]), above[rows] / scale[rows], below[rows] / scale[rows]
        )
        out[rows] = _POINTS * s / np.sqrt(terms.years[rows])
        return finite(out)


def delta(
    right: str,
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    d1, _ = _d1_d2(terms, _deviation(volatility, terms))
    sign = _sign(right)
    with np.errstate(all="ignore"):
        return finite(sign * terms.asset / spot * normal_cdf(sign * d1))


def gamma(
    right: str,
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    s = _deviation(volatility, terms)
    d1, _ = _d1_d2(terms, s)
    with np.errstate(all="ignore"):
        bend = terms.asset * normal_density(d1) / (spot * spot * s)
        return finite(np.where(_away(terms, s), 0.0, bend))


def theta(
    right: str,
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    s = _deviation(volatility, terms)
    d1, d2 = _d1_d2(terms, s)
    sign = _sign(right)
    with np.errstate(all="ignore"):
        root = np.sqrt(terms.years)
        decay = terms.asset * normal_density(d1) * (volatility / _POINTS) / (2.0 * root)
        decay = np.where(_away(terms, s), 0.0, decay)
        carry = terms.paid * terms.asset * normal_cdf(sign * d1)
        carry = carry - terms.growth * terms.cash * normal_cdf(sign * d2)
        return finite((sign * carry - decay) / _YEAR)


def vega(
    right: str,
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    d1, _ = _d1_d2(terms, _deviation(volatility, terms))
    with np.errstate(all="ignore"):
        return finite(terms.asset * normal_density(d1) * np.sqrt(terms.years) / _POINTS)


def _away(terms: _Terms, s: Float) -> Boolean:
    """Without deviation and not at the money: nothing there bends or decays."""
    return np.asarray((s == 0.0) & (terms.x != 0.0) & ~np.isnan(terms.x))


def extrinsic(right: str, premium: Float, spot: Float, strike: Float) -> Float:
    with np.errstate(all="ignore"):
        real = (spot > 0.0) & (strike > 0.0)
        rest = premium - np.maximum(_sign(right) * (spot - strike), 0.0)
        return finite(np.where(real, rest, np.nan))


def probability_of_profit(
    spot: Float,
    lower: Float,
    upper: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    def place(bound: Float, at_the_bound: float) -> Float:
        """Where a bound stands among standard normals: -d2 of an option struck there."""
        terms = _terms(spot, bound, days, rate, paid)
        s = _deviation(volatility, terms)
        certain = (s == 0.0) & (terms.x == 0.0)
        return np.where(certain, at_the_bound, -_d1_d2(terms, s)[1])

    # A spot that is sure to end on a breakeven makes no profit: it lies outside of both.
    high = place(upper, -np.inf)
    low = np.where((lower == 0.0) & ~np.isnan(high), -np.inf, place(lower, np.inf))
    # Differences are taken in the tail that the interval lies in, where they keep their digits.
    mirrored = low > 0.0
    begin, end = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    chance = np.maximum(normal_cdf(end) - normal_cdf(begin), 0.0)
    return np.where(upper >= lower, chance, np.nan)


def breakeven(right: str, strike: Float, premium: Float) -> Float:
    return finite(strike + _sign(right) * premium)


def parity_gap(
    call: Float,
    put: Float,
    spot: Float,
    strike: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    terms = _terms(spot, strike, days, rate, paid)
    with np.errstate(all="ignore"):
        return finite(call - put - (terms.asset - terms.cash))
