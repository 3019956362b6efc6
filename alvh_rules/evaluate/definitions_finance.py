"""The interpreter's definitions of the finance functions, on one row, in plain Python.

Written apart from the kernels. An argument is never missing here; None is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

Number = float | None


def _over(above: float, below: float) -> Number:
    return above / below if below else None


def _npv(rate: float, *flows: float) -> Number:
    if rate <= -100:
        return None
    return sum(flow / (1 + rate / 100) ** k for k, flow in enumerate(flows))


def _irr(*flows: float) -> Number:
    signs = [flow > 0 for flow in flows if flow]
    if sum(a != b for a, b in pairwise(signs)) != 1:
        return None

    def worth(growth: float) -> float:
        # One who pays first: otherwise the flows are turned round.
        value = math.fsum(flow / growth**k for k, flow in enumerate(flows))
        return value if signs[-1] else -value

    low, high = 1e-4, 11.0
    if worth(low) < 0 or worth(high) > 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) > 0 else (low, middle)
    return 100 * (high - 1)


def _reer(x: float, norm: float, *basket: float) -> Number:
    members = list(zip(basket[::3], basket[1::3], basket[2::3], strict=True))
    if min(x, norm, *(min(other, level) for other, level, _ in members)) <= 0:
        return None
    whole = sum(weight for _, _, weight in members)
    if min(weight for _, _, weight in members) < 0 or whole == 0:
        return None
    rates = ((x / norm / (other / level)) ** (weight / whole) for other, level, weight in members)
    return float(math.prod(rates))


def _forward(near: float, near_days: float, far: float, far_days: float) -> Number:
    if far_days <= near_days:
        return None
    variance = (far**2 * far_days - near**2 * near_days) / (far_days - near_days)
    return math.sqrt(variance) if variance >= 0 else None


DEFINITIONS: dict[str, Callable[..., Number]] = {
    "capm_return": lambda free, beta, market: free + beta * (market - free),
    "wacc": lambda e, d, re, rd, tax: _over(e * re + d * rd * (1 - tax), e + d),
    "npv": _npv,
    "irr": _irr,
    "reer": _reer,
    "ddm_value": lambda d, r, g: d * (1 + g / 100) / ((r - g) / 100) if r > g else None,
    "price_to_earnings": lambda price, base: price / base if base > 0 else None,
    "price_to_cash_flow": lambda price, base: price / base if base > 0 else None,
    "quick_ratio": lambda a, stock, owed: _over(a - stock, owed),
    "forward_volatility": _forward,
}
