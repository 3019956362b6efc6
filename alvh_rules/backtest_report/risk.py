"""Drawdowns, the mean of the worst, and the deviation below a target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Float


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a highest equity: `depth` a fraction at or below zero, and the sessions of
    the peak, the trough, and the first at or above the peak again (None where there was none)."""

    depth: float
    peak: Any = None
    trough: Any = None
    recovered: Any = None


def drawdowns(equity: Float, capital: float) -> Float:
    """The fall of each session from the highest equity up to it, the capital included: fractions at or
    below zero, NaN where the equity is not known."""
    filled = np.where(np.isnan(equity), -np.inf, equity)
    highest = np.maximum.accumulate(np.maximum(filled, capital)) if len(equity) else filled
    return equity / highest - 1


def deepest(days: Any, equity: Float, capital: float) -> Drawdown:
    """The deepest drawdown, the first of equals. Its peak is None where it is the capital itself."""
    falls = drawdowns(equity, capital)
    known = np.flatnonzero(~np.isnan(falls))
    if not len(known):
        return Drawdown(math.nan)
    trough = int(known[np.argmin(falls[known])])
    if falls[trough] == 0:
        return Drawdown(0.0)
    before = known[known <= trough]
    top = max(float(equity[before].max()), capital)
    peaks = before[equity[before] == top]
    after = known[(known > trough) & (equity[known] >= top)]
    return Drawdown(
        float(falls[trough]),
        days[peaks[-1]] if len(peaks) else None,
        days[trough],
        days[after[0]] if len(after) else None,
    )


def expected_shortfall(returns: Float, level: float) -> float:
    """The mean of the worst `1 − level` of the returns (CVaR): a fraction, negative for a loss.

    With n returns the worst n (1 − level) are taken, the last of them by its part. Unknown where that
    is less than one return: 20 are needed for 95%, 100 for 99%. Source: Acerbi and Tasche (2002), "On
    the Coherence of Expected Shortfall", their estimator.
    """
    known = np.sort(returns[~np.isnan(returns)])
    # 10 × (1 − 0.9) is a hair below 1 in floating point: cut the noise off.
    tail = round(len(known) * (1 - level), 9)
    if tail < 1:
        return math.nan
    whole = math.floor(tail)
    part = (tail - whole) * float(known[whole]) if tail > whole else 0.0
    return (float(known[:whole].sum()) + part) / tail


def downside_deviation(excess: Float) -> float:
    """The root of the mean squared shortfall below zero, over all known returns.

    Source: Sortino and van der Meer (1991), "Downside Risk", with the Treasury bill as the target.
    """
    known = excess[~np.isnan(excess)]
    return float(np.sqrt(np.mean(np.minimum(known, 0.0) ** 2))) if len(known) else math.nan
