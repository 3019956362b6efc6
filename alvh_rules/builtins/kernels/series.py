"""Kernels of series in time."""

from __future__ import annotations

import numpy as np

from alvh_rules.builtins.kernels.trees import shifted
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Float, Kleene


def ago(x: Float, n: int) -> Float:
    return shifted(x, n).copy()


def change(x: Float, n: int) -> Float:
    out = x - shifted(x, n)
    return np.where(np.isfinite(out), out, np.nan)


def cumulative(x: Float) -> Float:
    known = ~np.isnan(x)
    total = np.cumsum(np.where(known, x, 0.0))
    return np.where(known & np.isfinite(total), total, np.nan)


def _truth(value: np.ndarray, known: np.ndarray) -> Kleene:
    return np.where(known, np.where(value, TRUE, FALSE), UNKNOWN).astype(np.int8)


def _crossing(a: Float, b: Float) -> Kleene:
    a0, b0 = shifted(a, 1), shifted(b, 1)
    now = _truth(a > b, ~(np.isnan(a) | np.isnan(b)))
    before = _truth(a0 <= b0, ~(np.isnan(a0) | np.isnan(b0)))
    return np.minimum(now, before)


def crosses_above(a: Float, b: Float) -> Kleene:
    return _crossing(a, b)


def crosses_below(a: Float, b: Float) -> Kleene:
    return _crossing(b, a)


def sessions_since(condition: Kleene) -> Float:
    out = np.full(len(condition), np.nan)
    since = -1
    for row, value in enumerate(condition.tolist()):
        if value == TRUE:
            since = 0
        elif value == UNKNOWN:
            since = -1
        elif since >= 0:
            since += 1
        if since >= 0:
            out[row] = since
    return out


def held(condition: Kleene, n: int) -> Kleene:
    out = condition.copy()
    for back in range(1, n):
        if back >= len(condition):
            # Rows before the first are unknown.
            out = np.minimum(out, UNKNOWN)
            break
        out[back:] = np.minimum(out[back:], condition[:-back])
        out[:back] = np.minimum(out[:back], UNKNOWN)
    return out.astype(np.int8)


def latch(begin: Kleene, end: Kleene) -> Kleene:
    out = np.empty(len(begin), dtype=np.int8)
    state = FALSE
    for row, (on, off) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        state = min(-off, max(on, state))
        out[row] = state
    return out
