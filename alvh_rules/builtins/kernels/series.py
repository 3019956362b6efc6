"""Kernels of series in time."""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.builtins.kernels.recurrence import Memory
from alvh_rules.builtins.kernels.trees import rolling_least, shifted
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Float, Kleene

_ONE, _UNKNOWN = np.array(1, dtype=np.int8), np.array(UNKNOWN, dtype=np.int8)


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

    Whether the state is true, and whether it is at least unknown, are two latches of yes and no that
    do not touch each other. A latch works as a binary addition carries: its rows are digits, one that
    sets it has a one in both numbers, one that keeps it in the first alone, any other in neither. The
    state before the first row is the carry that comes in, and the carry out of a digit is the state
    after its row.
    """
    rows = len(begin)
    if not rows:
        return begin.copy()
    # The two latches stand behind each other, with digits between them that keep nothing.
    width = 8 * (rows // 8 + 1)
    bits = np.zeros((2, 2, width), dtype=np.bool_)
    np.less(end, _UNKNOWN, bits[0, 0, :rows])
    np.less_equal(end, _UNKNOWN, bits[0, 1, :rows])
    np.greater(begin, _UNKNOWN, bits[1, 0, :rows])
    np.greater_equal(begin, _UNKNOWN, bits[1, 1, :rows])
    packed = np.packbits(bits, bitorder="little").tobytes()
    keeps = int.from_bytes(packed[: width // 4], "little")
    sets = int.from_bytes(packed[width // 4 :], "little") & keeps
    state = memory.get("state", FALSE)
    before = (state > UNKNOWN) | (state >= UNKNOWN) << width
    carries = (keeps + sets + before) ^ keeps ^ sets
    held = np.frombuffer(carries.to_bytes(width // 4, "little"), dtype=np.uint8)
    after = np.unpackbits(held, bitorder="little").view(np.int8)
    out = np.add(after[1 : rows + 1], after[width + 1 : width + rows + 1])
    np.subtract(out, _ONE, out)
    memory["state"] = int(out[-1])
    return out
