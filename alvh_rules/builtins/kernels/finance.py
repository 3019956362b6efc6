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
