"""Static arbitrage of a surface: what a butterfly and a calendar spread are worth, up to a scale.

The shapes that `skew` accepts have none; these functions are how that is tested, and how a surface
from elsewhere can be. Source: Gatheral and Jacquier (2014), sections 2.1 and 2.2.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.options.surface import Surface


def density(k: Float, theta: Float, rho: Float, eta: float) -> Float:
    """Durrleman's g(k): the risk-neutral density is g(k) n(d₂)/√w, so that below zero some
    butterfly costs less than nothing. Derivatives are exact."""
    slope = eta / np.sqrt(theta * (1.0 + theta))
    moved = slope * k
    inner = np.sqrt(moved * (moved + 2.0 * rho) + 1.0)
    w = 0.5 * theta * (1.0 + rho * moved + inner)
    first = 0.5 * theta * slope * (rho + (moved + rho) / inner)
    second = 0.5 * theta * slope**2 * (1.0 - rho**2) / inner**3
    return np.asarray(
        (1.0 - 0.5 * k * first / w) ** 2 - 0.25 * first**2 * (1.0 / w + 0.25) + 0.5 * second
    )


def calendar_gap(surface: Surface, rows: Integer, early: float, late: float, k: Float) -> Float:
    """By how much total variance at log-moneyness k grows between two times (days) on each row:
    below zero some calendar spread costs less than nothing."""
    first = surface.total_variance(rows, np.full(len(rows), early), k)
    return surface.total_variance(rows, np.full(len(rows), late), k) - first
