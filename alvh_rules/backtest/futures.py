"""Futures by month, by a roll from month to month, or by a constant maturity: weights of contracts.

Weights are numbers of contracts in proportion; they add up to one. Months count from the nearest
expiry after the day.

- `months 4 to 7`: as many contracts of each.
- `rolling months 1 to 2`: the roll of the S&P 500 VIX Short-Term Futures Index (S&P Dow Jones
  Indices, S&P VIX Futures Indices Methodology). The roll period runs from one settlement day up to
  the next; `dt` is its number of business days, `dr` those left after the next session. Of the
  contracts of the first pair of months the nearer holds dr/dt. For `rolling months 4 to 7` the
  fourth holds dr/dt of a third, the fifth and sixth a third each, and the seventh the rest, as in the
  Mid-Term Index.
- `constant maturity 30 days`: the two months around it, by time: (T2 - 30) / (T2 - T1) of the nearer.
  Before the first month all is the first, beyond the last the last.
"""

from __future__ import annotations

import math

import numpy as np

from alvh_rules.backtest.choices import Values
from alvh_rules.backtest.instruments import Contract, day_number
from alvh_rules.backtest.slices import Listing
from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.market.expiries import vix_expiries
from alvh_rules.market.sessions import exchange
from alvh_rules.options.contracts import Right
from alvh_rules.syntax import ast

MOST_MONTH = 12


def roll_share(day: np.datetime64) -> float:
    """dr/dt on a day: what the first month of a pair still holds at that day's close."""
    expiries = vix_expiries()
    at = int(np.searchsorted(expiries, day, "right"))
    if not 0 < at < len(expiries):
        return math.nan
    before, after, now = exchange().ordinals(
        np.array([expiries[at - 1], expiries[at], day], dtype="datetime64[D]")
    )
    return float((after - now - 1) / (after - before))


def futures_of(
    structure: ast.Structure,
    underlying: str,
    row: int,
    day: np.datetime64,
    listing: Listing,
    values: Values,
    shift: int = 0,
) -> list[tuple[Contract, float]] | str:
    """Contracts and their weights on a day, as listed on a row; or why there are none.

    `day` is the row's, or that of the next session where orders fill then: its schedule is known.
    `shift` moves months that many further out.
    """
    listed = listing.expiries(underlying, row, Right.OUTRIGHT)
    later = listed.date > day
    dates, mornings = listed.date[later], listed.morning[later]
    choice = next(
        (i for i in structure.choices if isinstance(i, ast.Months | ast.ConstantMaturity)), None
    )
    days = (dates - day).astype(np.float64)
    if isinstance(choice, ast.ConstantMaturity):
        places, weights = _constant(days, values(choice.days.span)[0])
    else:
        low, high = 1.0, 1.0
        rolling = False
        if choice is not None:
            low = values(choice.low.span)[0]
            high = low if choice.high is None else values(choice.high.span)[0]
            rolling = choice.rolling
        if not (low == low and high == high) or low > high or high > MOST_MONTH or low < 1:
            return "the months asked for are unknown on that day, or out of order"
        places = np.arange(int(low), int(high) + 1) - 1 + shift
        weights = _rolled(len(places), roll_share(day)) if rolling else _even(len(places))
    if len(places) == 0 or not np.isfinite(weights).all():
        return "no month is listed at that maturity"
    if places[-1] >= len(dates):
        return f"month {places[-1] + 1} of {underlying} futures is not listed"
    return [
        (
            Contract(underlying, day_number(dates[at]), Right.OUTRIGHT, 0.0, bool(mornings[at])),
            float(weight),
        )
        for at, weight in zip(places, weights, strict=True)
        if weight > 0.0
    ]


def _even(count: int) -> Float:
    return np.full(count, 1.0 / count)


def _rolled(count: int, share: float) -> Float:
    """Weights of rolling months: one pair rolls into the next, at `share` of it left."""
    if count == 1:
        return np.ones(1)
    weights = np.full(count, 1.0 / (count - 1))
    weights[0] *= share
    weights[-1] *= 1.0 - share
    return weights


def _constant(days: Float, maturity: float) -> tuple[Integer, Float]:
    """The two months around a maturity, and their weights by time."""
    if not len(days) or not math.isfinite(maturity):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    at = int(np.searchsorted(days, maturity))
    if at == 0 or at == len(days):
        return np.array([min(at, len(days) - 1)]), np.ones(1)
    near, far = days[at - 1], days[at]
    share = (far - maturity) / (far - near)
    return np.array([at - 1, at]), np.array([share, 1.0 - share])


def spread_whole(total: float, weights: list[float], whole: bool) -> list[float]:
    """A number of contracts over weights; whole ones so that each sum from the nearest on is the
    nearest whole number (ties to even)."""
    if not whole:
        return [total * weight for weight in weights]
    counts, before, reached = [], 0, 0.0
    for weight in weights:
        reached += total * weight
        now = round(reached)
        counts.append(float(now - before))
        before = now
    return counts
