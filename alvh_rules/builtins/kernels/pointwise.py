"""Kernels of one row."""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Float


def _finite(x: Float) -> Float:
    return np.where(np.isfinite(x), x, np.nan)


def min_(*items: Float) -> Float:
    # Of zeros of both signs either may be found: adding zero makes it the positive one.
    return np.asarray(np.minimum.reduce(items)) + 0.0


def max_(*items: Float) -> Float:
    return np.asarray(np.maximum.reduce(items)) + 0.0


def abs_(x: Float) -> Float:
    return np.abs(x)


def sqrt(x: Float) -> Float:
    with np.errstate(invalid="ignore"):
        return _finite(np.sqrt(x))


def log(x: Float) -> Float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finite(np.log(x))


def exp(x: Float) -> Float:
    with np.errstate(over="ignore"):
        return _finite(np.exp(x))


def clip(x: Float, low: Float, high: Float) -> Float:
    return np.minimum(np.maximum(x, low), high) + 0.0
