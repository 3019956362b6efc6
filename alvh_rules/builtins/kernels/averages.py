"""Kernels of recursive averages: one pass over the known rows, state held over missing ones."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.evaluate.inputs import Float


def _smoothed(x: Float, n: int, alpha: float) -> Float:
    """alpha x + (1 - alpha) before, begun with the mean of the first n known values."""
    out = np.full(len(x), np.nan)
    state, count, total = math.nan, 0, 0.0
    keep = 1.0 - alpha
    for row, value in enumerate(x.tolist()):
        if value != value:
            continue
        if count < n:
            count += 1
            total += value
            if count < n:
                continue
            state = total / n
        else:
            state = alpha * value + keep * state
        out[row] = state
    return np.where(np.isfinite(out), out, np.nan)


def ema(x: Float, n: int) -> Float:
    return _smoothed(x, n, 2.0 / (n + 1))


def rsi(x: Float, n: int) -> Float:
    out = np.full(len(x), np.nan)
    before = math.nan
    count, gain, loss = 0, 0.0, 0.0
    for row, value in enumerate(x.tolist()):
        if value != value:
            continue
        if before != before:
            before = value
            continue
        up, down = max(value - before, 0.0), max(before - value, 0.0)
        before = value
        if count < n:
            count += 1
            gain += up
            loss += down
            if count < n:
                continue
            gain /= n
            loss /= n
        else:
            gain = (gain * (n - 1) + up) / n
            loss = (loss * (n - 1) + down) / n
        whole = gain + loss
        out[row] = 50.0 if whole == 0.0 else 100.0 * (gain / whole)
    return np.where(np.isfinite(out), out, np.nan)


def macd(x: Float, fast: int, slow: int) -> Float:
    return ema(x, fast) - ema(x, slow)


def macd_signal(x: Float, fast: int, slow: int, signal: int) -> Float:
    return ema(macd(x, fast, slow), signal)


def macd_histogram(x: Float, fast: int, slow: int, signal: int) -> Float:
    line = macd(x, fast, slow)
    return line - ema(line, signal)


def atr(high: Float, low: Float, close: Float, n: int) -> Float:
    known = ~(np.isnan(high) | np.isnan(low) | np.isnan(close))
    ranges = np.full(len(high), np.nan)
    before = math.nan
    for row in np.flatnonzero(known).tolist():
        if before == before:
            ranges[row] = max(high[row], before) - min(low[row], before)
        before = float(close[row])
    return _smoothed(ranges, n, 1.0 / n)
