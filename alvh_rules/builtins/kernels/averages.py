"""Kernels of recursive averages: one pass over the known rows, state held over missing ones."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.recurrence import Memory, average, over_known
from alvh_rules.evaluate.inputs import Float


def _part(memory: Memory, name: str) -> Memory:
    part: Memory = memory.setdefault(name, {})
    return part


def ema(memory: Memory, x: Float, n: int) -> Float:
    known = ~np.isnan(x)
    return over_known(x, known, average(memory, x[known], n, 2.0 / (n + 1)))


def rsi(memory: Memory, x: Float, n: int) -> Float:
    known = ~np.isnan(x)
    values = x[known]
    before = memory.get("before", math.nan)
    changes = np.diff(values, prepend=before)
    if len(values):
        memory["before"] = float(values[-1])
    begun = before == before
    moved = changes if begun else changes[1:]
    gain = average(_part(memory, "gain"), np.maximum(moved, 0.0), n, 1.0 / n)
    loss = average(_part(memory, "loss"), np.maximum(-moved, 0.0), n, 1.0 / n)
    whole = gain + loss
    with np.errstate(all="ignore"):
        strength = np.where(whole == 0.0, 50.0, 100.0 * (gain / whole))
    out = strength if begun else np.concatenate([changes[:1], strength])
    return over_known(x, known, out)


def macd(memory: Memory, x: Float, fast: int, slow: int) -> Float:
    return ema(_part(memory, "fast"), x, fast) - ema(_part(memory, "slow"), x, slow)


def macd_signal(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    return ema(_part(memory, "signal"), macd(memory, x, fast, slow), signal)


def macd_histogram(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    line = macd(memory, x, fast, slow)
    return line - ema(_part(memory, "signal"), line, signal)


def atr(memory: Memory, high: Float, low: Float, close: Float, n: int) -> Float:
    known = ~(np.isnan(high) | np.isnan(low) | np.isnan(close))
    closes = close[known]
    before = memory.get("before", math.nan)
    if len(closes):
        memory["before"] = float(closes[-1])
    earlier = np.concatenate([[before], closes[:-1]]) if len(closes) else closes
    ranges = np.maximum(high[known], earlier) - np.minimum(low[known], earlier)
    if before == before or not len(closes):
        return over_known(close, known, average(memory, ranges, n, 1.0 / n))
    # The first known row has no close before it.
    rest = average(memory, ranges[1:], n, 1.0 / n)
    return over_known(close, known, np.concatenate([[math.nan], rest]))
