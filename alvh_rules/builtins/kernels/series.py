"""Kernels of series in time."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.recurrence import Memory
from alvh_rules.builtins.kernels.trees import rolling_least, shifted
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Boolean, Float, Kleene

_ONE = np.array(1, dtype=np.int8)


def ago(x: Float, n: int) -> Float:
    return shifted(x, n).copy()


def change(x: Float, n: int) -> Float:
    out = x - shifted(x, n)
    return np.where(np.isfinite(out), out, np.nan)


def cumulative(memory: Memory, x: Float) -> Float:
    known = ~np.isnan(x)
    running = np.where(known, x, 0.0)
    running = np.cumsum(np.concatenate([[memory.get("total", 0.0)], running]))[1:]
    if len(running):
        memory["total"] = float(running[-1])
    return np.where(known & np.isfinite(running), running, np.nan)


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

    Whether the state is true, and whether it is at least unknown, are two latches that do not touch
    each other, each of yes and no.
    """
    if not len(begin):
        return begin.copy()
    high = np.negative(end)
    low = np.minimum(begin, high)
    state = memory.get("state", FALSE)
    out = _carried(low > UNKNOWN, high > UNKNOWN, state > UNKNOWN)
    out += _carried(low >= UNKNOWN, high >= UNKNOWN, state >= UNKNOWN)
    out -= _ONE
    memory["state"] = int(out[-1])
    return out


def _carried(sets: Boolean, keeps: Boolean, state: bool) -> Kleene:
    """The state after each row, 1 or 0: set, or kept from the row before; what sets also keeps.

    That is how a binary addition carries. A row is a digit; one that sets has a one in both numbers,
    one that keeps in the first alone, any other in neither. The state before the first row is the
    carry that comes in, and the carry out of each digit is the state after its row.
    """
    rows = len(sets)
    first, second = _digits(keeps), _digits(sets)
    carries = (first + second + state) ^ first ^ second
    held = np.frombuffer(carries.to_bytes(rows // 8 + 1, "little"), dtype=np.uint8)
    return np.unpackbits(held, count=rows + 1, bitorder="little")[1:].view(np.int8)


def _digits(bits: Boolean) -> int:
    """A number with these binary digits, the lowest first."""
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
