"""Black's formula on normalised values, and its inverse. No loop over rows.

An option out of the money on a forward F with strike K and deviation s = σ √T is worth, over
e^(-rT) √(F K), b(x, s) = e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2) with x = -|ln(F/K)|: calls and
puts alike. One in the money is worth its intrinsic value more (put-call parity), which is how the
digits of its small time value are kept.

The inverse, after P. Jäckel, Let's Be Rational (Wilmott 2015): b turns from convex to concave in s
at s = √(2|x|). Below that, ln b is nearly linear in 1/s²; above it, so is ln(e^(x/2) - b) in s.
Newton's steps on these are kept inside a bracket which every step narrows, and halve it where they
would leave it; rows that have settled drop out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh_rules.builtins.kernels.normal import (
    ROOT_OF_TWO,
    erfcx,
    normal_cdf,
    normal_density,
)
from alvh_rules.evaluate.inputs import Boolean, Float

_LEAST_DEVIATION, _MOST_DEVIATION = 1e-12, 64.0
"""Nothing outside of these can be told from its bounds in double precision."""
MOST_STEPS: Final = 100
"""More than the bracket needs, were it only halved; seldom are ten taken."""
_LAST_STEP = 1e-10
_LOG_OF_HALF = -0.6931471805599453


def log_value(x: Float, s: Float) -> Float:
    """ln b(x, s), for x not above zero and s above it; no underflow however deep."""
    h, t = x / s, 0.5 * s
    near = h + t > 0.0
    out = np.empty(len(x))
    a, c = -(h + t)[~near] / ROOT_OF_TWO, -(h - t)[~near] / ROOT_OF_TWO
    # Both tails over their common factor: e^(x/2) φ(h + t) is e^(-x/2) φ(h - t).
    with np.errstate(divide="ignore"):
        scaled = np.log(erfcx(a) - erfcx(c))
        out[~near] = -0.5 * (h * h + t * t)[~near] + _LOG_OF_HALF + scaled
        out[near] = np.log(_difference(x[near], h[near], t[near]))
    return out


def _difference(x: Float, h: Float, t: Float) -> Float:
    half = np.exp(0.5 * x)
    # Rounding may leave less than nothing of what is next to nothing.
    return np.maximum(half * normal_cdf(h + t) - normal_cdf(h - t) / half, 0.0)


def value(x: Float, s: Float) -> Float:
    """b(x, s), for x not above zero; zero where s is."""
    out = np.zeros(len(x))
    some = s > 0.0
    with np.errstate(under="ignore"):
        out[some] = np.exp(log_value(x[some], s[some]))
    return out


def complement(x: Float, s: Float) -> Float:
    """e^(x/2) - b(x, s), by how much the greatest value is missed; x not above zero, s above it."""
    h, t = x / s, 0.5 * s
    half = np.exp(0.5 * x)
    return np.asarray(half * normal_cdf(-h - t) + normal_cdf(h - t) / half)


def slope(x: Float, s: Float) -> Float:
    """The derivative of b in s."""
    h, t = x / s, 0.5 * s
    return normal_density(np.sqrt(h * h + t * t))


def deviation(x: Float, b: Float, missed: Float) -> Float:
    """The s at which b(x, s) is `b`, NaN where none can be told.

    x not above zero; `b` strictly between 0 and e^(x/2); `missed` the difference to the latter,
    given apart so that values near it keep their digits.
    """
    turn = np.sqrt(-2.0 * x)
    at_turn = value(x, turn)
    lower = b < at_turn
    target = np.where(lower, np.log(b), np.log(missed))
    low = np.where(lower, _LEAST_DEVIATION, np.maximum(turn, _LEAST_DEVIATION))
    high = np.where(lower, np.maximum(turn, _LEAST_DEVIATION), _MOST_DEVIATION)
    s = np.clip(_first_guess(x, b, turn, at_turn, lower), low, high)
    open_rows = np.flatnonzero(np.isfinite(target) & np.isfinite(x))
    out = np.full(len(x), np.nan)
    for _ in range(MOST_STEPS):
        if not len(open_rows):
            break
        rows = open_rows
        now = s[rows]
        error, step = _newton(x[rows], now, target[rows], lower[rows])
        # Both functions of s are made to rise: an error above zero lies to the right of the root.
        low[rows] = np.where(error <= 0.0, now, low[rows])
        high[rows] = np.where(error >= 0.0, now, high[rows])
        inside = (step > low[rows]) & (step < high[rows])
        after = np.where(inside, step, np.sqrt(low[rows] * high[rows]))
        # Newton's error falls with its square: after a step so small nothing is left to gain.
        small = np.where(inside, _LAST_STEP, 1e-15) * now
        settled = (error == 0.0) | (np.abs(after - now) <= small)
        s[rows] = np.where(error == 0.0, now, after)
        out[rows[settled]] = s[rows[settled]]
        open_rows = rows[~settled]
    out[open_rows] = s[open_rows]
    return np.where((out > _LEAST_DEVIATION) & (out < _MOST_DEVIATION), out, np.nan)


def _first_guess(x: Float, b: Float, turn: Float, at_turn: Float, lower: Boolean) -> Float:
    """By ln b = c - x²/(2 s²) through the turning point below it, by the tangent there above."""
    precision = 1.0 / (turn * turn) + 2.0 * (np.log(at_turn) - np.log(b)) / (x * x)
    tangent = turn + (b - at_turn) / normal_density(np.sqrt(-x))
    return np.where(lower, 1.0 / np.sqrt(precision), tangent)


def _newton(x: Float, s: Float, target: Float, lower: Boolean) -> tuple[Float, Float]:
    """How far each row is from its target (rising in s), and where Newton's step leads."""
    error, step = np.empty(len(x)), np.empty(len(x))
    if lower.any():
        at, y = s[lower], x[lower]
        logarithm = log_value(y, at)
        error[lower] = logarithm - target[lower]
        # In u = 1/s² the logarithm's slope is that in s times -s³/2.
        h, t = y / at, 0.5 * at
        ratio = np.exp(-0.5 * (h * h + t * t) - logarithm) * normal_density(np.zeros(1))
        u = 1.0 / (at * at) + error[lower] / (0.5 * ratio * at**3)
        step[lower] = 1.0 / np.sqrt(u)
    upper = ~lower
    if upper.any():
        at, y = s[upper], x[upper]
        left = complement(y, at)
        error[upper] = target[upper] - np.log(left)
        step[upper] = at - error[upper] * left / slope(y, at)
    return error, step
