"""Kernels of recursive averages: one pass over the known rows, state held over missing ones.

Within them a series ends with the known rows and is shorter by those before it begins.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.builtins.kernels.recurrence import (
    Memory,
    average,
    averages,
    known_values,
    on_rows,
)
from alvh_rules.evaluate.inputs import Boolean, Float

_NONE, _HUNDRED = np.array(0.0), np.array(100.0)


def _part(memory: Memory, name: str) -> Memory:
    part: Memory = memory.setdefault(name, {})
    return part


def ema(memory: Memory, x: Float, n: int) -> Float:
    known, found = _ema(memory, x, n)
    return on_rows(known, found, len(x))


def _ema(memory: Memory, x: Float, n: int) -> tuple[Boolean | None, Float]:
    """Which rows of x are known, and the average on the last of those."""
    (values,), known = known_values(x)
    return known, average(memory, values, n, 2.0 / (n + 1))


def rsi(memory: Memory, x: Float, n: int) -> Float:
    (values,), known = known_values(x)
    before = memory.get("before")
    # The first known row of all has no change.
    begun = 0 if before is None else 1
    moves = np.zeros((2, max(len(values) - 1 + begun, 0)))
    rises, falls = moves
    if len(values):
        memory["before"] = float(values[-1])
        np.subtract(values[1:], values[:-1], falls[begun:])
        if before is not None:
            falls[0] = values[0] - before
    np.maximum(falls, _NONE, out=rises)
    np.subtract(rises, falls, falls)
    parts = _part(memory, "gain"), _part(memory, "loss")
    gain, loss = averages(parts, moves, n, 1.0 / n)
    whole = np.add(gain, loss, loss)
    out = np.divide(gain, whole, gain)
    np.multiply(out, _HUNDRED, out)
    if not np.minimum.reduce(whole, initial=1.0) > 0.0:
        # Nothing has moved.
        out[whole == 0.0] = 50.0
    return on_rows(known, out, len(x))


def _line(memory: Memory, values: Float, fast: int, slow: int) -> Float:
    """The distance of two averages of known values."""
    quick = average(_part(memory, "fast"), values, fast, 2.0 / (fast + 1))
    late = average(_part(memory, "slow"), values, slow, 2.0 / (slow + 1))
    rows = min(len(quick), len(late))
    quick = quick[len(quick) - rows :]
    return np.subtract(quick, late[len(late) - rows :], quick)


def macd(memory: Memory, x: Float, fast: int, slow: int) -> Float:
    (values,), known = known_values(x)
    return on_rows(known, _line(memory, values, fast, slow), len(x))


def macd_signal(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    (values,), known = known_values(x)
    line = _line(memory, values, fast, slow)
    return on_rows(known, ema(_part(memory, "signal"), line, signal), len(x))


def macd_histogram(memory: Memory, x: Float, fast: int, slow: int, signal: int) -> Float:
    (values,), known = known_values(x)
    line = _line(memory, values, fast, slow)
    begun, smooth = _ema(_part(memory, "signal"), line, signal)
    if begun is not None:
        smooth = on_rows(begun, smooth, len(line))
    line = line[len(line) - len(smooth) :]
    return on_rows(known, np.subtract(line, smooth, line), len(x))


def atr(memory: Memory, high: Float, low: Float, close: Float, n: int) -> Float:
    rows = len(close)
    (high, low, close), known = known_values(high, low, close)
    before = memory.get("before")
    if len(close):
        memory["before"] = float(close[-1])
    # The first known row of all has no close before it.
    begun = 1 if before is None else 0
    earlier = close[: len(close) - 1]
    if before is not None:
        earlier = np.concatenate(([before], earlier))[: len(close)]
    ranges = np.maximum(high[begun:], earlier) - np.minimum(low[begun:], earlier)
    return on_rows(known, average(memory, ranges, n, 1.0 / n), rows)
