"""What a structure can pay at expiry: exactly, at every price of its underlying.

At the nearest expiry the payoff of a set of legs is piecewise linear in the price, with a corner at
each strike. It is therefore known everywhere from its values at zero and at the strikes, and its
slope beyond the last one. Largest loss, largest profit, breakevens and margin follow from these
numbers, whatever the widths of the wings.

Legs that expire later count at their intrinsic value there: an option is never worth less (but for
a European put's interest, which is left out), so a calendar's margin is a bound on the safe side.

Margin is what the legs may have to pay at expiry, the premium received aside. Where that has no
bound (a call that is sold and not covered), it is the rule of Cboe's margin manual for short options
(Reg T strategy-based): the premium, and the greater of 20% of the underlying less what the option is
out of the money, and 10% of the underlying.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from alvh_rules.backtest.instruments import Contract, Leg

SHORT_CALL_SHARE, SHORT_CALL_LEAST = 0.20, 0.10
"""Shares of the underlying in the margin of a call that is sold and not covered."""
FUTURES_MARGIN = 0.35
"""Margin of a VIX future, as a share of its value. Cboe Futures Exchange sets it by contract and
changes it with volatility, between about a fifth and a half; this is a round number between."""

Multiplier = Callable[[Contract], float]


@dataclass(frozen=True, slots=True)
class Profile:
    """The payoff of one unit, in dollars, without what was paid for it.

    `prices` ascend from zero; `values` are the payoff there; `slope` is dollars a point beyond the
    last price.
    """

    prices: tuple[float, ...]
    values: tuple[float, ...]
    slope: float

    @property
    def least(self) -> float:
        """The smallest payoff at any price; minus infinity where it has no bound."""
        return -math.inf if self.slope < 0 else min(self.values)

    @property
    def most(self) -> float:
        """The largest payoff at any price; infinity where it has no bound."""
        return math.inf if self.slope > 0 else max(self.values)

    def at(self, price: float) -> float:
        """The payoff at one price, at least zero."""
        if price >= self.prices[-1]:
            return self.values[-1] + self.slope * (price - self.prices[-1])
        for (low, below), (high, above) in pairwise(zip(self.prices, self.values, strict=True)):
            if price <= high:
                return below + (above - below) * (price - low) / (high - low)
        raise AssertionError("prices ascend from zero")

    def max_loss(self, cash: float) -> float:
        """The largest loss at expiry where `cash` dollars were received; infinite, or below zero
        where every outcome gains."""
        return -(self.least + cash)

    def max_profit(self, cash: float) -> float:
        """The largest profit at expiry where `cash` dollars were received."""
        return self.most + cash

    def breakevens(self, cash: float) -> tuple[float, ...]:
        """The prices at which the profit changes its sign, ascending."""
        found = []
        points = [
            (price, value + cash) for price, value in zip(self.prices, self.values, strict=True)
        ]
        for (low, below), (high, above) in pairwise(points):
            if (below < 0 < above) or (above < 0 < below):
                found.append(low + (high - low) * below / (below - above))
            elif above == 0.0 and below != 0.0:
                found.append(high)
        last, value = points[-1]
        if value * self.slope < 0:
            found.append(last - value / self.slope)
        return tuple(found)


def profile(legs: Sequence[Leg], multiplier: Multiplier) -> Profile:
    """The payoff of legs at the nearest of their expiries; futures are worth their price here."""
    terms = [
        (leg.contract.is_option, float(leg.contract.right), leg.contract.strike, size)
        for leg in legs
        for size in (leg.count * multiplier(leg.contract),)
    ]
    strikes = {strike for option, _, strike, _ in terms if option and strike > 0}
    prices = (0.0, *sorted(strikes))
    values = []
    for price in prices:
        total = 0.0
        for option, right, strike, size in terms:
            total += size * (max(right * (price - strike), 0.0) if option else price)
        values.append(total)
    # Beyond all strikes a put is worth nothing, and all else moves point for point.
    slope = sum(size for option, right, _, size in terms if not option or right > 0)
    return Profile(prices, tuple(values), slope)


def margin(
    legs: Sequence[Leg],
    multiplier: Multiplier,
    price: Callable[[Contract], float],
    spot: float,
) -> float:
    """What a position needs, in dollars; never below zero.

    `price` is a contract's in points, `spot` the underlying's. Futures need a share of their value;
    the rest what its exact payoff may take, or where that has no bound, the rule above.
    """
    outright = [leg for leg in legs if leg.contract.is_future]
    rest = [leg for leg in legs if not leg.contract.is_future]
    needed = sum(
        FUTURES_MARGIN * abs(leg.count) * multiplier(leg.contract) * price(leg.contract)
        for leg in outright
    )
    if not rest:
        return needed
    whole = profile(rest, multiplier)
    if whole.slope >= 0:
        return needed + max(-whole.least, 0.0)
    # The calls beyond those that are covered are margined by rule, the others by their payoff.
    uncovered = -whole.slope
    calls = [leg for leg in rest if leg.contract.right > 0 and leg.count < 0]
    ruled = 0.0
    for leg in sorted(calls, key=lambda leg: leg.contract.strike):
        size = min(-leg.count * multiplier(leg.contract), uncovered)
        uncovered -= size
        out = max(leg.contract.strike - spot, 0.0)
        part = max(SHORT_CALL_SHARE * spot - out, SHORT_CALL_LEAST * spot)
        ruled += size * (max(price(leg.contract), 0.0) + part)
    # Up to the highest strike the payoff has a bound of its own.
    return needed + max(ruled, -min(whole.values), 0.0)
