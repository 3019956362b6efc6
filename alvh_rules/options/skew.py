"""The shape of implied variance over strikes: SSVI, and its relation to a VIX-like index.

Total variance at log-moneyness k = ln(K/F), for an at-the-money total variance θ (Gatheral and
Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014), equation 4.1):

    w(k, θ) = θ/2 (1 + ρ φ k + √((φ k + ρ)² + 1 - ρ²)),   φ(θ) = η / √(θ (1 + θ)).

Their theorem 4.2: no butterfly has a negative price if θ φ (1 + |ρ|) < 4 and θ φ² (1 + |ρ|) ≤ 4. With
this φ the second says η² (1 + |ρ|) ≤ 4 (1 + θ), and η² (1 + |ρ|) ≤ 4 is enough for both. Theorem 4.1: no
calendar spread has, where θ does not fall with maturity and θ φ rises no faster than φ (1 + √(1 - ρ²))
/ ρ²; here it rises by φ / (2 (1 + θ)). The bound of the parameters is that inequality.

A VIX-like index is the volatility of the log contract, √(V/T). By Breeden and Litzenberger and a
change of variable (Gatheral, The Volatility Surface (2006), chapter 11) its total variance is

    V(θ, ρ) = ∫ w(k) n(d₂(k)) |d₂'(k)| dk,   d₂ = -k/√w - √w/2,

which is greater than θ unless calls are much dearer than puts. The inverse, θ from V, is tabulated once for a pair of parameters by
Chebyshev polynomials in √V and ρ, so that thousands of rows are solved in one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

from alvh_rules.builtins.kernels.normal import normal_density
from alvh_rules.evaluate.inputs import Float

MOST_CURVATURE = 2.0
"""Of η √(1 + |ρ|)."""
LEAST_ETA = 0.01
_WIDEST, _POINTS = 30.0, 1201
"""The integral reaches so many at-the-money deviations either way, on so many points."""
_ORDERS = (14, 12)
MOST_TOTAL = 4.0
"""The largest total variance of the table: a volatility of 200% for a year."""
LEAST_TOTAL = 1e-8


@dataclass(frozen=True, slots=True)
class Skew:
    """The parameters of the shape.

    `eta` its curvature. `rho` its slope (negative: puts dearer than calls), where the skew index
    stands at `index`; an index a point higher adds `response` to it, within `lowest` and `highest`.
    Raises ValueError for parameters outside the bounds under which there is no arbitrage.
    """

    rho: float
    eta: float
    index: float = 120.0
    response: float = 0.0
    lowest: float = -0.95
    highest: float = 0.95

    def __post_init__(self) -> None:
        if not -1.0 < self.lowest <= self.rho <= self.highest < 1.0:
            raise ValueError(
                f"rho is {self.rho:g}, not between {self.lowest:g} and {self.highest:g}"
            )
        most = most_eta(self.lowest, self.highest)
        if not LEAST_ETA <= self.eta <= most:
            raise ValueError(f"eta is {self.eta:g}, not between {LEAST_ETA:g} and {most:.4f}")
        if not np.isfinite([self.index, self.response]).all():
            raise ValueError("the index and the response are not finite")

    def slopes(self, index: Float) -> Float:
        """ρ on each row, from the skew index there; `rho` itself where that is missing."""
        moved = self.rho + self.response * (index - self.index)
        return np.where(np.isnan(moved), self.rho, np.clip(moved, self.lowest, self.highest))

    def at_the_money(self, total: Float, rho: Float) -> Float:
        """θ at which the index's own total variance is `total`; NaN outside of the table."""
        low, high = np.sqrt(LEAST_TOTAL), np.sqrt(MOST_TOTAL)
        with np.errstate(invalid="ignore"):
            root = np.sqrt(total)
            inside = (root >= low) & (root <= high)
            x = np.where(inside, 2.0 * (root - low) / (high - low) - 1.0, np.nan)
            span = self.highest - self.lowest
            y = 2.0 * (rho - self.lowest) / span - 1.0 if span else np.zeros_like(rho)
            return np.asarray(total * chebyshev.chebval2d(x, y, _shares(self)))


def most_eta(lowest: float, highest: float) -> float:
    """The largest η without arbitrage, for every ρ between two."""
    return float(MOST_CURVATURE / np.sqrt(1.0 + max(abs(lowest), abs(highest))))


def total_variance(k: Float, theta: Float, rho: Float, eta: float) -> Float:
    """w(k, θ): total variance at log-moneyness k."""
    moved = eta * k / np.sqrt(theta * (1.0 + theta))
    # ρ² + 1 - ρ² is one: written so that nothing cancels at the money.
    inner = np.sqrt(moved * (moved + 2.0 * rho) + 1.0)
    return np.asarray(0.5 * theta * (1.0 + rho * moved + inner))


def index_variance(theta: Float, rho: Float, eta: float) -> Float:
    """V(θ, ρ): the total variance of the log contract, arrays of one length."""
    z = np.linspace(-_WIDEST, _WIDEST, _POINTS)
    scale = np.sqrt(theta)[:, None]
    k = z * scale
    w = total_variance(k, theta[:, None], rho[:, None], eta)
    root = np.sqrt(w)
    d2 = -k / root - 0.5 * root
    moved = eta * k / np.sqrt(theta * (1.0 + theta))[:, None]
    slope = eta / np.sqrt(theta * (1.0 + theta))[:, None]
    inner = np.sqrt(moved * (moved + 2.0 * rho[:, None]) + 1.0)
    bend = 0.5 * theta[:, None] * slope * (rho[:, None] + (moved + rho[:, None]) / inner)
    # d₂'(k), with w'(k) in `bend`; below zero wherever there is no arbitrage.
    change = -1.0 / root + 0.5 * bend * (k / w - 0.5) / root
    inside = w * normal_density(d2) * -change * scale
    return np.asarray(np.trapezoid(inside, z, axis=1))


@cache
def _shares(skew: Skew) -> Float:
    """Chebyshev coefficients of θ/V in √V and ρ."""
    nodes = [np.cos(np.pi * (np.arange(count) + 0.5) / count) for count in _ORDERS]
    low, high = np.sqrt(LEAST_TOTAL), np.sqrt(MOST_TOTAL)
    roots = low + (nodes[0] + 1.0) * 0.5 * (high - low)
    rhos = skew.lowest + (nodes[1] + 1.0) * 0.5 * (skew.highest - skew.lowest)
    total, rho = (item.ravel() for item in np.meshgrid(roots**2, rhos, indexing="ij"))
    theta = total.copy()
    # V/θ changes slowly with θ, so that dividing by it converges like a secant.
    for _ in range(60):
        after = theta * total / index_variance(theta, rho, skew.eta)
        done = np.abs(after / theta - 1.0).max() < 1e-13
        theta = after
        if done:
            break
    shares = (theta / total).reshape(_ORDERS)
    basis = [chebyshev.chebvander(x, len(x) - 1) for x in nodes]
    weights = [np.where(np.arange(count) == 0, 1.0, 2.0) / count for count in _ORDERS]
    return np.asarray(weights[0][:, None] * (basis[0].T @ shares @ basis[1]) * weights[1][None, :])
