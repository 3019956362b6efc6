"""Kernels of recursive averages: one pass over the known rows, state held over missing ones."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.recurrence import Memory, average, known_rows, spread_over
from alvh_rules.evaluate.inputs import Float


def _part(memory: Memory, name: str) -> Memory:
    part: Memory = memory.setdefault(name, {})
    return part


def ema(memory: Memory, x: Float, n: int) -> Float:
    known = known_rows(x)
    values = x if known is None else x[known]
    return spread_over(known, average(memory, values, n, 2.0 / (n + 1)))


def rsi(memory: Memory, x: Float, n: int) -> Float:
    known = known_rows(x)
    values = x if known is None else x[known]
    before = memory.get("before")
    if len(values):
        memory["before"] = float(values[-1])
    changes = np.empty(len(values))
    np.subtract(values[1:], values[:-1], out=changes[1:])
    if len(values):
        changes[0] = values[0] - before if before is not None else math.nan
    # The first known row of all has no change.
    moved = changes if before is not None else changes[1:]
    rises = np.maximum(moved, 0.0)
    falls = rises - moved
    out = changes if before is not None else changes[1:]
    gain = average(_part(memory, "gain"), rises, n, 1.0 / n)
    loss = average(_part(memory, "loss"), falls, n, 1.0 / n)
    np.add(gain, loss, out=rises)
    np.divide(gain, rises, out=out)
    out *= 100.0
    if not np.minimum.reduce(rises, initial=1.0) > 0.0:
        # Nothing has moved.
        out[rises == 0.0] = 50.0
    return spread_over(known, changes)


def _line(memory: Memory, values: Float, fast: int, slow: int) -> Float:
    """The distance of two averages of known values."""
    out = average(_part(memory, "fast"), values, fast, 2.0 / (fast + 1))
    out -= average(_part(memory, "slow"), values, slow, 2.0 / (slow + 1))
    return out


def macd(memory: Memory, x: Float, fast: int, slow: int) -> Float:
    known = known_rows(x)
    values = x if known is None else x[known]
    return spread_over(known, _line(memory, values, fast, slow))


def macd_signal(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    known = known_rows(x)
    values = x if known is None else x[known]
    line = _line(memory, values, fast, slow)
    return spread_over(known, ema(_part(memory, "signal"), line, signal))


def macd_histogram(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    known = known_rows(x)
    values = x if known is None else x[known]
    line = _line(memory, values, fast, slow)
    line -= ema(_part(memory, "signal"), line, signal)
    return spread_over(known, line)


def atr(memory: Memory, high: Float, low: Float, close: Float, n: int) -> Float:
    known = known_rows(high, low, close)
    if known is not None:
        high, low, close = high[known], low[known], close[known]
    before = memory.get("before")
    if len(close):
        memory["before"] = float(close[-1])
    earlier = np.empty(len(close))
    earlier[1:] = close[:-1]
    if len(close):
        earlier[0] = math.nan if before is None else before
    ranges = np.maximum(high, earlier) - np.minimum(low, earlier)
    # The first known row of all has no close before it.
    begun = ranges if before is not None else ranges[1:]
    begun[...] = average(memory, begun, n, 1.0 / n)
    return spread_over(known, ranges)
