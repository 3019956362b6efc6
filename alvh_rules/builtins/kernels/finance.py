"""Kernels of finance. What has no finite value is missing."""

from __future__ import annotations

import numpy as np

from alvh_rules.builtins.kernels.windows import finite
from alvh_rules.evaluate.inputs import Float


def capm_return(risk_free: Float, beta: Float, market: Float) -> Float:
    return finite(risk_free + beta * (market - risk_free))


def wacc(equity: Float, debt: Float, of_equity: Float, of_debt: Float, tax: Float) -> Float:
    with np.errstate(all="ignore"):
        return finite((equity * of_equity + debt * of_debt * (1.0 - tax)) / (equity + debt))


def npv(rate: Float, *flows: Float) -> Float:
    with np.errstate(all="ignore"):
        growth = 1.0 + rate / 100.0
        total = flows[0]
        discount = np.ones(len(rate))
        for flow in flows[1:]:
            discount = discount * growth
            total = total + flow / discount
        return np.where(growth > 0, finite(total), np.nan)


_LEAST_GROWTH, _MOST_GROWTH = 1e-4, 11.0
"""One plus the least and the greatest rate that `irr` looks for."""
_HALVINGS = 64
"""Enough to take the logarithm of their quotient to the last bit."""


def irr(*flows: Float) -> Float:
    """One change of sign: the value, over the discount where the sign turns, falls in the rate."""
    amounts = np.stack(flows)
    signs = np.sign(amounts)
    turns, last, turn = np.zeros(len(flows[0])), signs[0], np.zeros(len(flows[0]))
    for period, sign in enumerate(signs):
        turned = (sign != 0.0) & (last != 0.0) & (sign != last)
        turns = turns + turned
        turn = np.where(turned, period, turn)
        last = np.where(sign != 0.0, sign, last)
    # The flows so turned that the later ones are above zero, as of one who pays first.
    amounts = amounts * last
    periods = np.arange(len(flows))[:, None] - turn

    def worth(logarithm: Float) -> Float:
        return np.asarray((amounts * np.exp(-logarithm * periods)).sum(axis=0))

    with np.errstate(all="ignore"):
        low, high = np.log(np.full((2, len(turn)), [[_LEAST_GROWTH], [_MOST_GROWTH]]))
        inside = (turns == 1.0) & (worth(low) >= 0.0) & (worth(high) <= 0.0)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            above = worth(middle) > 0.0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        missing = np.isnan(amounts).any(axis=0)
        return np.where(inside & ~missing, 100.0 * np.expm1(high), np.nan)


def ddm_value(dividend: Float, required: Float, growth: Float) -> Float:
    with np.errstate(all="ignore"):
        value = dividend * (1.0 + growth / 100.0) / ((required - growth) / 100.0)
        return np.where(required > growth, finite(value), np.nan)


def _multiple(price: Float, base: Float) -> Float:
    with np.errstate(all="ignore"):
        return np.where(base > 0, finite(price / base), np.nan)


def price_to_earnings(price: Float, earnings: Float) -> Float:
    return _multiple(price, earnings)


def price_to_cash_flow(price: Float, cash_flow: Float) -> Float:
    return _multiple(price, cash_flow)


def quick_ratio(assets: Float, inventory: Float, liabilities: Float) -> Float:
    with np.errstate(all="ignore"):
        return finite((assets - inventory) / liabilities)


def forward_volatility(near: Float, near_days: Float, far: Float, far_days: Float) -> Float:
    with np.errstate(all="ignore"):
        between = (far * far * far_days - near * near * near_days) / (far_days - near_days)
        return np.where(far_days > near_days, finite(np.sqrt(between)), np.nan)


def reer(x: Float, norm: Float, *basket: Float) -> Float:
    """`basket` holds three arrays for each member: the volatility, its norm, its weight."""
    with np.errstate(all="ignore"):
        whole, total = np.zeros(len(x)), np.zeros(len(x))
        sound = (x > 0.0) & (norm > 0.0)
        for other, level, weight in zip(basket[::3], basket[1::3], basket[2::3], strict=True):
            whole = whole + weight
            total = total + weight * (np.log(x / norm) - np.log(other / level))
            sound &= (other > 0.0) & (level > 0.0) & (weight >= 0.0)
        return np.where(sound & (whole > 0.0), finite(np.exp(total / whole)), np.nan)
