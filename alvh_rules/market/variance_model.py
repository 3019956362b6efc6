"""The simulator's model of variance, and what VIX indices and VIX futures are worth in it.

Variance v reverts to a level m that moves slowly itself; jumps J lift it, the more often the higher
it is (so that shocks come in crises), and let the index fall by z:

    dS/S- = (r + premium v) dt + sqrt(v) dW + (e^z - 1) dN - compensation
    dv = k (m - v) dt + s sqrt(v) dW1 + J dN,       J exponential with mean `jump`
    dm = q (level - m) dt + p sqrt(m) dW2
    intensity of N: calm + excited v,               z = -fall - slope J + spread e

It is affine (Duffie, Pan and Singleton 2000), of the two-factor kind of Bates (2000) and of Egloff,
Leippold and Wu (2010), with the self-exciting intensity of Bates (2006). Markets price it under
other numbers for k, q, level and calm (`PRICED`) than those by which it moves (`ACTUAL`): the
difference is the variance premium. The numbers are this project's own, chosen so that the moments
that the tests in `tests/market` name come out as in the market; they are no estimates.

An index of term T, squared, is the rate of a variance swap over T (Carr and Wu 2009): with
a = k - excited jump, g(x) = (1 - e^(-x T)) / (x T) and w = (k level + calm jump) / a,

    average v = w + (m - level) k / (a - q) (g(q) - g(a)) + (v - w) g(a)
    index^2 = average v (1 + excited c) + calm c,    c = 2 (E e^z - 1 - E z)

which is linear in v and m: all indices of one row come from one state. A future that expires in
u is the priced expectation of the 30-day index at u, by Schürger's (2002) formula for a square root
(for VIX futures: Zhu and Lian 2012),

    E sqrt(Y) = 1 / sqrt(pi) * integral from 0 to infinity of (1 - E e^(-x^2 Y)) / x^2 dx

with E e^(-x^2 Y) = exp(A + B v + C m), where A, B, C solve the model's Riccati equations, here by
Runge-Kutta of order four. No convexity adjustment is left to approximate, and at u = 0 the future is
the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

YEAR = 365.0
"""Calendar days in a year, by which terms are counted."""


@dataclass(frozen=True)
class Dynamics:
    """The model's numbers, a year being the unit of time and variances fractions squared."""

    reversion: float
    level: float
    level_reversion: float
    calm: float
    excited: float = 17.0
    jump: float = 0.075
    wobble: float = 0.26
    level_wobble: float = 0.08
    fall: float = 0.012
    fall_slope: float = 0.40
    fall_spread: float = 0.015

    @property
    def mean_growth(self) -> float:
        """E e^z - 1: what a jump does to the index on average."""
        mean = np.exp(-self.fall + self.fall_spread**2 / 2) / (1.0 + self.fall_slope * self.jump)
        return float(mean - 1.0)

    @property
    def jump_variance(self) -> float:
        """What a jump adds to a variance swap: 2 (E e^z - 1 - E z)."""
        return 2.0 * (self.mean_growth + self.fall + self.fall_slope * self.jump)


ACTUAL = Dynamics(reversion=6.0, level=0.016, level_reversion=0.9, calm=0.4)
PRICED = Dynamics(reversion=5.0, level=0.024, level_reversion=0.5, calm=1.3)


def index_weights(years: float) -> tuple[float, float, float]:
    """The constant, and the weights of v and of m, in the squared index of a term."""
    own = PRICED.reversion - PRICED.excited * PRICED.jump
    slow = PRICED.level_reversion
    rest = (PRICED.reversion * PRICED.level + PRICED.calm * PRICED.jump) / own
    fast_left, slow_left = (-np.expm1(-k * years) / (k * years) for k in (own, slow))
    of_level = PRICED.reversion / (own - slow) * (slow_left - fast_left)
    swap = 1.0 + PRICED.excited * PRICED.jump_variance
    constant = rest * (1.0 - fast_left) - PRICED.level * of_level
    return (
        float(constant * swap + PRICED.calm * PRICED.jump_variance),
        float(fast_left * swap),
        float(of_level * swap),
    )


def index(years: float, v: Array, m: Array) -> Array:
    """The volatility index of a term, in points."""
    constant, of_v, of_m = index_weights(years)
    return np.asarray(100.0 * np.sqrt(constant + of_v * v + of_m * m))


_NODES, _END, _DAYS, _STEPS = 64, 60.0, 330, 4


@cache
def _transform() -> tuple[Array, Array, Array]:
    """Nodes x, their weights, and A, B, C by day to expiry: an array of days by 3 by nodes."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    # Nodes crowd towards zero, where a high index has all of its integrand: x is the end times the
    # square of a node on 0 to 1.
    root = (points + 1.0) / 2.0
    x = _END * root**2
    weights = weights * _END * root
    constant, of_v, of_m = index_weights(30.0 / YEAR)
    state = np.stack([-(x**2) * constant, -(x**2) * of_v, -(x**2) * of_m])

    def slope(now: Array) -> Array:
        _, b, c = now
        jump = 1.0 / (1.0 - PRICED.jump * b) - 1.0
        return np.stack(
            [
                PRICED.level_reversion * PRICED.level * c + PRICED.calm * jump,
                -PRICED.reversion * b + PRICED.wobble**2 / 2 * b * b + PRICED.excited * jump,
                PRICED.reversion * b
                - PRICED.level_reversion * c
                + PRICED.level_wobble**2 / 2 * c * c,
            ]
        )

    step = 1.0 / YEAR / _STEPS
    days = [state]
    for _ in range(_DAYS):
        for _ in range(_STEPS):
            k1 = slope(state)
            k2 = slope(state + step / 2 * k1)
            k3 = slope(state + step / 2 * k2)
            k4 = slope(state + step * k3)
            state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        days.append(state)
    return x, weights, np.stack(days)


def future(days: Array, v: Array, m: Array) -> Array:
    """The VIX future that expires in `days` calendar days (less than 330), in points.

    Between whole days the transform's exponents are interpolated linearly.
    """
    x, weights, exponents = _transform()
    out = np.empty(len(days))
    for start in range(0, len(days), 4096):
        part = slice(start, start + 4096)
        whole = np.floor(days[part]).astype(np.int64)
        share = (days[part] - whole)[:, None, None]
        now = exponents[whole] * (1.0 - share) + exponents[whole + 1] * share
        power = now[:, 0] + now[:, 1] * v[part, None] + now[:, 2] * m[part, None]
        inside = -np.expm1(power) / x**2
        # Beyond the last node the transform is nil, and the integral of 1 / x^2 is 1 / end.
        out[part] = (inside @ weights + 1.0 / _END) / np.sqrt(np.pi)
    return 100.0 * out
