"""The probability that a structure makes a profit at expiry, for many candidates at once.

Under the pricing measure the price at expiry lies below a strike K with probability N(-d2(K)), taken
at that strike's own implied volatility (Hull, Options, Futures, and Other Derivatives, 10th ed.,
section 15.8). Between neighbouring strikes the probability is spread evenly. A structure's profit is
linear between its own strikes, so that its breakevens are known, and with them the prices at which it
gains: credit, wings and all count, and nothing is simulated. The probability is the market's own, not
a forecast.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.builtins.kernels.normal import normal_cdf
from alvh_rules.evaluate.inputs import Float

YEAR = 365.0


def probability_below(strikes: Float, volatility: Float, forward: float, days: float) -> Float:
    """N(-d2) at each strike; `volatility` in points. Rises with the strike, in 0 to 1."""
    deviation = np.maximum(volatility, 1e-6) / 100.0 * np.sqrt(days / YEAR)
    d2 = np.log(forward / strikes) / deviation - deviation / 2.0
    return np.asarray(np.maximum.accumulate(np.clip(normal_cdf(-d2), 0.0, 1.0)))


def probability_of_profit(nodes: Float, below: Float, points: Float, profit: Float) -> Float:
    """For each candidate (a row of `points`, prices ascending) the probability of a profit.

    `nodes` are prices ascending, `below` the probability of a price below each. `profit` is that at each
    point, linear between them; beyond its first and last point a candidate keeps its sign.
    """
    left, right = profit[:, :-1], profit[:, 1:]
    at = np.interp(points, nodes, below)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = left / (left - right)
        crossing = points[:, :-1] + share * np.diff(points, axis=1)
    turns = left * right < 0.0
    at_crossing = np.interp(np.where(turns, crossing, points[:, :-1]), nodes, below)
    low = np.where(turns & (left < 0.0), at_crossing, at[:, :-1])
    high = np.where(turns & (left > 0.0), at_crossing, at[:, 1:])
    gains = (left > 0.0) | (right > 0.0)
    inside = np.where(gains, high - low, 0.0).sum(axis=1)
    outside = np.where(profit[:, 0] > 0.0, below[0], 0.0)
    outside = outside + np.where(profit[:, -1] > 0.0, 1.0 - below[-1], 0.0)
    return np.asarray(inside + outside)
