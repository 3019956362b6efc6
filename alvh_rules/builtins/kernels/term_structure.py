"""Kernels of futures curves: settlements and days to expiry, an array a month, nearest first."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from alvh_rules.builtins.kernels.windows import finite
from alvh_rules.evaluate.inputs import Float

Curve = tuple[tuple[Float, ...], tuple[Float, ...]]


def constant_maturity(curve: Curve, days: Float) -> Float:
    settlements, expiries = curve
    out = np.full(len(days), np.nan)
    with np.errstate(all="ignore"):
        months = pairwise(zip(settlements, expiries, strict=True))
        for (near, near_days), (far, far_days) in months:
            share = (days - near_days) / (far_days - near_days)
            inside = (near_days <= days) & (days <= far_days) & (near_days < far_days)
            out = np.where(inside, near + share * (far - near), out)
        for settlement, expiry in zip(settlements, expiries, strict=True):
            # On an expiry the month's own settlement, whether or not its neighbour has one.
            out = np.where(expiry == days, settlement, out)
    return finite(out)


def roll_yield(curve: Curve, near: int, far: int) -> Float:
    settlements, expiries = curve
    with np.errstate(all="ignore"):
        between = expiries[far - 1] - expiries[near - 1]
        share = settlements[near - 1] / settlements[far - 1] - 1.0
        return finite(np.where(between > 0.0, 100.0 * share * 365.0 / between, np.nan))
