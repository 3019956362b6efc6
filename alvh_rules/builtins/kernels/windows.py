"""Kernels of windows. Missing rows are NaN and spread by arithmetic; extremes spread them too.

Means, variances and products of deviations come from one tree, whose halves are merged by the
formula of Chan, Golub and LeVeque (1979): no sum of squares is taken, so a constant window has
exactly no deviation, and n rows cost log n merges.
"""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.ranks import counts_at_most
from alvh_rules.builtins.kernels.trees import Columns, combined, filled, merged, rolling
from alvh_rules.evaluate.inputs import Float


def finite(x: Float) -> Float:
    """x with what is not finite made missing."""
    if math.isfinite(np.add.reduce(x)):
        return x
    return np.where(np.isfinite(x), x, np.nan)


def sma(x: Float, n: int) -> Float:
    out = rolling(x, n, np.add)
    out /= n
    return out


def _merge_weighted(older: Columns, a: int, newer: Columns, b: int) -> Columns:
    """Sums, and sums weighted 1, 2, … from the oldest, of both together."""
    (sum_a, weighted_a), (sum_b, weighted_b) = older, newer
    # The newer rows stand a places further on.
    return sum_a + sum_b, weighted_a + (weighted_b + sum_b * a)


def wma(x: Float, n: int) -> Float:
    _, weighted = merged((x, x), n, _merge_weighted)
    return finite(filled(weighted, len(x), np.nan) / (n * (n + 1) / 2))


def highest(x: Float, n: int) -> Float:
    # Of zeros of both signs either may be found: adding zero makes it the positive one.
    out = rolling(x, n, np.maximum)
    out += 0.0
    return out


def lowest(x: Float, n: int) -> Float:
    out = rolling(x, n, np.minimum)
    out += 0.0
    return out


def _merge_moments(older: Columns, a: int, newer: Columns, b: int) -> Columns:
    """Means and the sum of squared deviations of both together."""
    (mean_a, squares_a), (mean_b, squares_b) = older, newer
    apart = mean_b - mean_a
    mean = mean_a + apart * (b / (a + b))
    squares = (squares_a + squares_b) + (apart * apart) * (a * b / (a + b))
    return mean, squares


def _moments(x: Float, n: int) -> tuple[Float, Float]:
    """Each window's mean, and its sum of squared deviations."""
    mean, squares = merged((x, np.zeros(len(x))), n, _merge_moments)
    return filled(mean, len(x), np.nan), filled(squares, len(x), np.nan)


def stdev(x: Float, n: int) -> Float:
    return finite(np.sqrt(_moments(x, n)[1] / (n - 1)))


def zscore(x: Float, n: int) -> Float:
    mean, squares = _moments(x, n)
    with np.errstate(all="ignore"):
        return finite((x - mean) / np.sqrt(squares / (n - 1)))


def percentile_rank(x: Float, n: int) -> Float:
    counts = counts_at_most(x, n)
    out = filled(counts / n, len(x), np.nan)
    lost = np.isnan(x)
    if lost.any():
        missing = np.cumsum(lost)
        missing[n:] -= missing[:-n].copy()
        out[missing > 0] = np.nan
    return out


def realized_volatility(price: Float, n: int) -> Float:
    out = np.empty(len(price))
    out[:n] = np.nan
    later = out[n:]
    with np.errstate(all="ignore"):
        squares = price[1:] / price[:-1]
        np.log(squares, squares)
        np.multiply(squares, squares, squares)
        combined(squares, n, np.add, later)
        later *= 252.0 / n
        np.sqrt(later, later)
        later *= 100.0
    return out


def _merge_products(older: Columns, a: int, newer: Columns, b: int) -> Columns:
    """Means, squared deviations and products of deviations of both together."""
    mean_xa, mean_ya, squares_xa, squares_ya, products_a = older
    mean_xb, mean_yb, squares_xb, squares_yb, products_b = newer
    x, y = mean_xb - mean_xa, mean_yb - mean_ya
    share, weight = b / (a + b), a * b / (a + b)
    return (
        mean_xa + x * share,
        mean_ya + y * share,
        (squares_xa + squares_xb) + (x * x) * weight,
        (squares_ya + squares_yb) + (y * y) * weight,
        (products_a + products_b) + (x * y) * weight,
    )


def _products(x: Float, y: Float, n: int) -> tuple[Float, Float, Float]:
    """Squared deviations of x and of y, and the products of both. A row that one lacks, both do."""
    lost = np.isnan(x) | np.isnan(y)
    x, y = np.where(lost, np.nan, x), np.where(lost, np.nan, y)
    none = np.zeros(len(x))
    found = merged((x, y, none, none, none), n, _merge_products)
    squares_x, squares_y, products = (filled(column, len(x), np.nan) for column in found[2:])
    return squares_x, squares_y, products


def correlation(x: Float, y: Float, n: int) -> Float:
    with np.errstate(all="ignore"):
        squares_x, squares_y, products = _products(x, y, n)
        spread = np.sqrt(squares_x) * np.sqrt(squares_y)
        return np.clip(finite(products / spread), -1.0, 1.0)


def beta(x: Float, market: Float, n: int) -> Float:
    with np.errstate(all="ignore"):
        _, squares, products = _products(x, market, n)
        return finite(products / squares)
