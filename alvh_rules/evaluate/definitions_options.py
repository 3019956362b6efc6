"""The interpreter's definitions of the option and curve functions: textbook formulas, one row.

Written apart from the kernels, in plain Python: a price is Black, Scholes and Merton's two terms as
they are printed, an implied volatility is found by halving. An argument is never missing here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Number = float | None


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _density(x: float) -> float:
    return math.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class _Option:
    """A European option; `sign` is 1 for a call and -1 for a put. Rates are fractions, T years."""

    sign: int
    spot: float
    strike: float
    years: float
    rate: float
    paid: float

    @property
    def asset(self) -> float:
        return self.spot * math.exp(-self.paid * self.years)

    @property
    def cash(self) -> float:
        return self.strike * math.exp(-self.rate * self.years)

    @property
    def moneyness(self) -> float:
        return math.log(self.spot / self.strike) + (self.rate - self.paid) * self.years

    @property
    def intrinsic(self) -> float:
        return max(self.sign * (self.asset - self.cash), 0.0)

    def d1_d2(self, sigma: float) -> tuple[float, float]:
        s = sigma * math.sqrt(self.years)
        if s == 0:
            away = self.moneyness
            limit = math.copysign(math.inf, away) if away else 0.0
            return limit, limit
        return self.moneyness / s + s / 2, self.moneyness / s - s / 2

    def price(self, sigma: float) -> float:
        d1, d2 = self.d1_d2(sigma)
        if sigma * math.sqrt(self.years) == 0:
            return self.intrinsic
        return self.sign * (self.asset * _cdf(self.sign * d1) - self.cash * _cdf(self.sign * d2))


def _option(
    right: str, spot: float, strike: float, days: float, rate: float, paid: float
) -> _Option | None:
    if spot <= 0 or strike <= 0 or days < 0:
        return None
    return _Option(1 if right == "call" else -1, spot, strike, days / 365, rate / 100, paid / 100)


Formula = Callable[[_Option, float, float, float], Number]


def _of_the_model(formula: Formula) -> Callable[..., Number]:
    """A function of the model's seven arguments, from a formula of the option, σ, d1 and d2."""

    def function(
        right: str,
        spot: float,
        strike: float,
        volatility: float,
        days: float,
        rate: float,
        paid: float,
    ) -> Number:
        option = _option(right, spot, strike, days, rate, paid)
        if option is None or volatility < 0:
            return None
        sigma = volatility / 100
        return formula(option, sigma, *option.d1_d2(sigma))

    return function


def _gamma(option: _Option, sigma: float, d1: float, d2: float) -> Number:
    s = sigma * math.sqrt(option.years)
    if s == 0:
        return None if d1 == 0 else 0.0
    return math.exp(-option.paid * option.years) * _density(d1) / (option.spot * s)


def _theta(option: _Option, sigma: float, d1: float, d2: float) -> Number:
    decay = 0.0
    if option.years == 0:
        if d1 == 0:
            return None
    elif sigma:
        decay = option.asset * _density(d1) * sigma / (2 * math.sqrt(option.years))
    sign = option.sign
    return (
        -decay
        - sign * option.rate * option.cash * _cdf(sign * d2)
        + sign * option.paid * option.asset * _cdf(sign * d1)
    ) / 365


def _vega(option: _Option, sigma: float, d1: float, d2: float) -> Number:
    return option.asset * _density(d1) * math.sqrt(option.years) / 100


def _delta(option: _Option, sigma: float, d1: float, d2: float) -> Number:
    return option.sign * math.exp(-option.paid * option.years) * _cdf(option.sign * d1)


def _implied(
    right: str, premium: float, spot: float, strike: float, days: float, rate: float, paid: float
) -> Number:
    option = _option(right, spot, strike, days, rate, paid)
    if option is None or days == 0:
        return None
    most = option.asset if right == "call" else option.cash
    least = 1e-12 * most if option.intrinsic > 0 else 0.0
    worth = premium - option.intrinsic
    if worth <= least or most - premium <= 1e-12 * most:
        return None
    # By parity the option of the other right is worth as much more than its own intrinsic value.
    other = _option("call" if option.moneyness < 0 else "put", spot, strike, days, rate, paid)
    assert other is not None
    low, high = 0.0, 64.0 / math.sqrt(option.years)
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return 100 * middle
        if other.price(middle) < worth:
            low = middle
        else:
            high = middle


def _profit(
    spot: float,
    lower: float,
    upper: float,
    volatility: float,
    days: float,
    rate: float,
    paid: float,
) -> Number:
    if not 0 <= lower <= upper or volatility < 0:
        return None
    above = []
    for bound in (lower, upper):
        option = _option("call", spot, bound or spot, days, rate, paid)
        if option is None or upper == 0:
            return None
        _, d2 = option.d1_d2(volatility / 100)
        above.append(_cdf(d2) if bound else 1.0)
        if volatility * days == 0 and bound and option.moneyness == 0:
            return 0.0
    return above[0] - above[1]


def _extrinsic(right: str, premium: float, spot: float, strike: float) -> Number:
    if spot <= 0 or strike <= 0:
        return None
    return premium - max(spot - strike if right == "call" else strike - spot, 0.0)


def _parity(
    call: float, put: float, spot: float, strike: float, days: float, rate: float, paid: float
) -> Number:
    option = _option("call", spot, strike, days, rate, paid)
    return None if option is None else call - put - (option.asset - option.cash)


Curve = Sequence[tuple[Number, Number]]
"""Each month's settlement and days to expiry, nearest first."""


def _constant_maturity(curve: Curve, days: float) -> Number:
    for settlement, expiry in reversed(curve):
        if expiry == days:
            return settlement
    for (near, before), (far, after) in pairwise(curve):
        if before is not None and after is not None and before < days < after:
            if near is None or far is None:
                return None
            return (near * (after - days) + far * (days - before)) / (after - before)
    return None


def _roll_yield(curve: Curve, near: int, far: int) -> Number:
    (price, days), (far_price, far_days) = curve[near - 1], curve[far - 1]
    if price is None or days is None or far_price is None or far_days is None:
        return None
    if far_days <= days or far_price == 0:
        return None
    return 100 * (price - far_price) / far_price * 365 / (far_days - days)


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "option_price": _of_the_model(lambda option, sigma, d1, d2: option.price(sigma)),
    "implied_volatility": _implied,
    "delta": _of_the_model(_delta),
    "gamma": _of_the_model(_gamma),
    "theta": _of_the_model(_theta),
    "vega": _of_the_model(_vega),
    "extrinsic": _extrinsic,
    "probability_of_profit": _profit,
    "breakeven": lambda right, k, paid: k + paid if right == "call" else k - paid,
    "parity_gap": _parity,
    "constant_maturity": _constant_maturity,
    "roll_yield": _roll_yield,
}
