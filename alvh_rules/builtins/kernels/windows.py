"""Kernels of windows. Missing rows are NaN and spread by arithmetic; extremes spread them too."""

from __future__ import annotations

import numpy as np

from alvh_rules.builtins.kernels.trees import rolling, shifted
from alvh_rules.evaluate.inputs import Float


def finite(x: Float) -> Float:
    """x with what is not finite made missing."""
    return np.where(np.isfinite(x), x, np.nan)


def sma(x: Float, n: int) -> Float:
    return finite(rolling(x, n, np.add) / n)


def wma(x: Float, n: int) -> Float:
    total = np.zeros(len(x))
    for back in range(n - 1, -1, -1):
        total = total + shifted(x, back) * (n - back)
    return finite(total / (n * (n + 1) / 2))


def highest(x: Float, n: int) -> Float:
    return rolling(x, n, np.maximum)


def lowest(x: Float, n: int) -> Float:
    return rolling(x, n, np.minimum)


def _deviations(x: Float, n: int) -> tuple[Float, Float]:
    """Mean and sample standard deviation, in two passes over each window.

    A constant window is told by its extremes, so that it has exactly no deviation.
    """
    mean = sma(x, n)
    total = np.zeros(len(x))
    for back in range(n - 1, -1, -1):
        off = shifted(x, back) - mean
        total = total + off * off
    flat = rolling(x, n, np.maximum) == rolling(x, n, np.minimum)
    return np.where(flat, x, mean), np.where(flat, 0.0, np.sqrt(total / (n - 1)))


def stdev(x: Float, n: int) -> Float:
    return finite(_deviations(x, n)[1])


def zscore(x: Float, n: int) -> Float:
    mean, deviation = _deviations(x, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return finite((x - mean) / deviation)


def percentile_rank(x: Float, n: int) -> Float:
    count = np.zeros(len(x))
    known = np.ones(len(x), dtype=bool)
    for back in range(n):
        past = shifted(x, back)
        count += past <= x
        known &= ~np.isnan(past)
    return np.where(known, count / n, np.nan)


def realized_volatility(price: Float, n: int) -> Float:
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = finite(np.log(price / shifted(price, 1)))
    return finite(100.0 * np.sqrt(rolling(returns * returns, n, np.add) * 252.0 / n))


def _products(x: Float, y: Float, n: int) -> Float:
    """The sum of the products of the deviations from the windows' means."""
    mean_x, mean_y = sma(x, n), sma(y, n)
    total = np.zeros(len(x))
    for back in range(n - 1, -1, -1):
        total = total + (shifted(x, back) - mean_x) * (shifted(y, back) - mean_y)
    return total


def correlation(x: Float, y: Float, n: int) -> Float:
    spread = stdev(x, n) * stdev(y, n) * (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(finite(_products(x, y, n) / spread), -1.0, 1.0)


def beta(x: Float, market: Float, n: int) -> Float:
    deviation = stdev(market, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return finite(_products(x, market, n) / (deviation * deviation * (n - 1)))
