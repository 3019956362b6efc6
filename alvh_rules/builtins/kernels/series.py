"""Kernels of series in time."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.recurrence import Memory
from alvh_rules.builtins.kernels.runs import stretched
from alvh_rules.builtins.kernels.trees import rolling_least, shifted
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Float, Kleene


def ago(x: Float, n: int) -> Float:
    return shifted(x, n).copy()


def change(x: Float, n: int) -> Float:
    out = x - shifted(x, n)
    return np.where(np.isfinite(out), out, np.nan)


def cumulative(memory: Memory, x: Float) -> Float:
    running = np.empty(len(x) + 1)
    running[0] = memory.get("total", 0.0)
    out = running[1:]
    out[...] = x
    lost = np.isnan(x)
    some = bool(lost.any())
    if some:
        out[lost] = 0.0
    np.cumsum(running, out=running)
    memory["total"] = float(running[-1])
    # A sum that has overflowed stays so: the last one tells.
    if some or not math.isfinite(running[-1]):
        out[lost | ~np.isfinite(out)] = np.nan
    return out


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


def sessions_since(memory: Memory, condition: Kleene) -> Float:
    """From the last row that was not false: counted up from a true one, lost after an unknown."""
    rows = np.arange(len(condition))
    last = np.maximum.accumulate(np.where(condition != FALSE, rows, -1))
    since = memory.get("since", math.nan)
    held = condition[np.maximum(last, 0)] == TRUE
    counted = np.where(held, rows - last, np.nan)
    out = np.where(last >= 0, counted, since + 1.0 + rows)
    if len(out):
        memory["since"] = float(out[-1])
    return out


def held(condition: Kleene, n: int) -> Kleene:
    return rolling_least(condition, n)


def latch(memory: Memory, begin: Kleene, end: Kleene) -> Kleene:
    """not end and (begin or the row before): each row clamps the state between two truths.

    A clamp taken twice is the clamp once, so of rows on end that clamp alike the first alone counts.
    A clamp after a clamp is a clamp, so those that are left are combined by doubling.
    """
    high = np.negative(end)
    low = np.minimum(begin, high)
    rows = len(low)
    if not rows:
        return low
    state = np.int8(memory.get("state", FALSE))
    # A clamp as one byte: the least and the greatest state that it leaves.
    clamps = low * np.int8(3)
    clamps += high
    turns = np.flatnonzero(clamps[1:] != clamps[:-1]) + 1
    starts = np.concatenate([[0], turns])
    low, high = low[starts], high[starts]
    low[0] = high[0] = np.minimum(high[0], np.maximum(low[0], state))
    states = _combined(low, high)
    memory["state"] = int(states[-1])
    return stretched(starts, states, rows)


def _combined(low: Kleene, high: Kleene) -> Kleene:
    """The state after each clamp, of which the first leaves one state."""
    size = 1
    # What leaves one state rests on nothing before it.
    while not np.array_equal(low, high):
        low_before, high_before = low[:-size], high[:-size]
        newer_low, newer_high = low[size:], high[size:]
        low_after = np.minimum(newer_high, np.maximum(newer_low, low_before))
        high_after = np.minimum(newer_high, np.maximum(newer_low, high_before))
        low = np.concatenate([low[:size], low_after])
        high = np.concatenate([high[:size], high_after])
        size *= 2
    return low
