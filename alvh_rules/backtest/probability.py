"""The probability that a structure makes a profit at expiry, for many candidates at once.

Under the pricing measure the price at expiry lies below a strike K with probability N(-d2(K)), taken
at that strike's own implied volatility (Hull, Options, Futures, and Other Derivatives, 10th ed.,
section 15.8). Between neighbouring strikes the payoff is linear; where it changes sign there, the
probability between them is split as the payoff is. So a profit counts credit, wings and breakevens,
and needs no simulation. The probability is the market's own, not a forecast.
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


def probability_of_profit(nodes: Float, below: Float, payoff: Float) -> Float:
    """For each candidate (a row of `payoff`, profit at each node) the probability of a profit.

    `nodes` are prices ascending, `below` the probability of a price below each. Outside the nodes a
    candidate's profit is taken to keep its sign.
    """
    mass = np.diff(below)
    left, right = payoff[:, :-1], payoff[:, 1:]
    gain = np.maximum(left, 0.0) + np.maximum(right, 0.0)
    whole = np.abs(left) + np.abs(right)
    with np.errstate(invalid="ignore"):
        share = np.where(whole > 0.0, gain / whole, 0.0)
    inside = share @ mass
    outside = np.where(payoff[:, 0] > 0.0, below[0], 0.0)
    outside = outside + np.where(payoff[:, -1] > 0.0, 1.0 - below[-1], 0.0)
    return np.asarray(inside + outside)
