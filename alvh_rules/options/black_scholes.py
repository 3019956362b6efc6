"""European options in arrays: price, Greeks and implied volatility, puts and calls in one call.

An option is priced on the forward F = S e^((r-q)T) of its underlying: on a share or an index S is
the spot and q the dividend yield; on a future S is the future and q = r (Black 1976). The time
value is that of the option out of the money (`builtins/kernels/black.py`), so that small premiums
keep their digits; the option in the money is worth its intrinsic value more.

Units: prices in points; rates, yields and volatilities in percent (points); time in calendar days,
365 a year, fractions allowed. Greeks are those of `Quoted`: delta a point of S, theta a calendar
day, vega a point of volatility. Source of the formulas: Haug, The Complete Guide to Option Pricing
Formulas (2007), chapters 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alvh_rules.builtins.kernels import black
from alvh_rules.builtins.kernels import options as kernels
from alvh_rules.builtins.kernels.normal import normal_cdf, normal_density
from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Right

YEAR = 365.0
POINTS = 100.0
OPENING = 6.5 / 24.0
"""Of a day: what an AM settlement, from prices at 9:30, is earlier than the close at 16:00."""


@dataclass(frozen=True, slots=True)
class Priced:
    """Prices and Greeks, an entry a contract; NaN where an input is missing or means nothing."""

    price: Float
    delta: Float
    gamma: Float
    theta: Float
    vega: Float


def price(
    right: npt.NDArray[np.int8],
    spot: Float,
    strike: Float,
    volatility: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Priced:
    """Prices and Greeks of puts and calls, arrays of one length.

    With no time or no volatility left the price is the discounted intrinsic value, and gamma and
    vega are their limits: zero away from the money.
    """
    with np.errstate(all="ignore"):
        sign = right.astype(np.float64)
        years, growth, yielded = days / YEAR, rate / POINTS, paid / POINTS
        real = (spot > 0.0) & (strike > 0.0) & (days >= 0.0) & (volatility >= 0.0) & (sign != 0.0)
        carried = np.exp(-yielded * years)
        asset = np.where(real, spot * carried, np.nan)
        cash = np.where(real, strike * np.exp(-growth * years), np.nan)
        x = np.log(spot / strike) + (growth - yielded) * years
        root = np.sqrt(years)
        s = volatility / POINTS * root
        h = np.where((x == 0.0) & (s == 0.0), 0.0, x / s)
        d1, d2 = h + 0.5 * s, h - 0.5 * s
        away = (s == 0.0) & (x != 0.0)
        held, owed = normal_cdf(sign * d1), normal_cdf(sign * d2)
        density = asset * normal_density(d1)
        known = real & np.isfinite(x) & np.isfinite(s)
        time_value = np.full(len(x), np.nan)
        time_value[known] = black.value(-np.abs(x[known]), s[known])
        premium = np.maximum(sign * (asset - cash), 0.0) + np.sqrt(asset * cash) * time_value
        decay = np.where(away, 0.0, density * (volatility / POINTS) / (2.0 * root))
        carry = sign * (yielded * asset * held - growth * cash * owed)
        parts = (
            premium,
            sign * carried * held,
            np.where(away, 0.0, density / (spot * spot * s)),
            (carry - decay) / YEAR,
            density * root / POINTS,
        )
    return Priced(*(np.where(known & np.isfinite(part), part, np.nan) for part in parts))


def implied_volatility(
    right: npt.NDArray[np.int8],
    premium: Float,
    spot: Float,
    strike: Float,
    days: Float,
    rate: Float,
    paid: Float,
) -> Float:
    """The volatility, in points, at which each option is worth its premium.

    NaN where the premium lies on or outside the bounds of arbitrage, or so near to one that double
    precision cannot tell volatilities apart.
    """
    out = np.full(len(premium), np.nan)
    for side, name in ((Right.PUT, "put"), (Right.CALL, "call")):
        rows = np.flatnonzero(right == side)
        if len(rows):
            terms = (item[rows] for item in (premium, spot, strike, days, rate, paid))
            out[rows] = kernels.implied_volatility(name, *terms)
    return out
