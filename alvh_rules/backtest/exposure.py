"""What the open legs amount to: Greeks in dollars, margin, largest loss, by owner and in all.

A leg's Greeks are its quote's, times multiplier and contracts: delta dollars for a point of the
underlying, gamma dollars for a point squared, theta dollars a calendar day, vega dollars for a point
of implied volatility. What is written on a volatility (VIX) has its vega by its price instead: one
point of its future is taken as one point of volatility, so that a VIX future has a vega of $1,000 and
an option on it its delta times $100; its delta and gamma are no exposure to the index and are not
counted there. A Greek that is unknown counts as nothing, and the position's mark is told as stale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from alvh_rules.backtest.instruments import Contract
from alvh_rules.backtest.ledger import Held, Position
from alvh_rules.backtest.payoff import margin, profile


@dataclass(slots=True)
class Greeks:
    """Delta, gamma, theta and vega in dollars."""

    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0

    def add(self, other: Greeks) -> None:
        """Add another's."""
        self.delta += other.delta
        self.gamma += other.gamma
        self.theta += other.theta
        self.vega += other.vega


@dataclass(slots=True)
class Exposure:
    """Of an owner's positions, or of all: Greeks, margin, largest loss, and whether any is breached."""

    greeks: Greeks = field(default_factory=Greeks)
    margin: float = 0.0
    max_loss: float = 0.0
    breached: bool = False
    units: float = 0.0


def leg_greeks(held: Held, of_volatility: bool) -> Greeks:
    """The Greeks of a leg at its last mark."""
    mark = held.mark
    if mark is None:
        return Greeks()
    size = held.multiplier * held.count
    delta, gamma, theta, vega = (_known(item) for item in mark[4:8])
    if of_volatility:
        return Greeks(0.0, 0.0, size * theta, size * delta)
    return Greeks(size * delta, size * gamma, size * theta, size * vega)


def _known(value: float) -> float:
    return value if value == value else 0.0


def is_breached(position: Position) -> bool:
    """Whether the underlying closed beyond a strike that is sold."""
    for held in position.legs.values():
        contract, mark = held.contract, held.mark
        if held.count < 0 and contract.is_option and mark is not None:
            beyond = contract.right * (mark.spot - contract.strike)
            if beyond > 0:
                return True
    return False


def extrinsic(position: Position) -> float:
    """The time value that the options still hold, in dollars, long and short against each other."""
    total = 0.0
    for held in position.legs.values():
        contract, mark = held.contract, held.mark
        if not contract.is_option:
            continue
        if mark is None:
            return math.nan
        total += held.multiplier * held.count * (mark.mid - contract.payoff(mark.spot))
    return abs(total)


@dataclass(slots=True)
class Needs:
    """Margin and largest loss of a position, in dollars, kept while its legs stay as they are."""

    legs: tuple[tuple[Contract, float], ...]
    margin: float
    max_loss: float
    fixed: bool


def needs(position: Position, multiplier: Callable[[Contract], float], old: Needs | None) -> Needs:
    """What a position needs, at its last marks."""
    now = tuple((held.contract, held.count) for held in position.legs.values())
    if old is not None and old.fixed and old.legs == now:
        return old
    legs = position.held()

    def price(contract: Contract) -> float:
        mark = position.legs[contract].mark
        return 0.0 if mark is None else _known(mark.mid)

    spot = next((held.mark.spot for held in position.legs.values() if held.mark), 0.0)
    outright = any(leg.contract.is_future for leg in legs)
    whole = profile([leg for leg in legs if not leg.contract.is_future], multiplier)
    needed = 0.0 if position.covered else margin(legs, multiplier, price, _known(spot))
    lost = whole.max_loss(position.premium / 100.0) if not outright else needed
    bounded = math.isfinite(lost)
    return Needs(now, needed, max(lost if bounded else needed, 0.0), bounded and not outright)
