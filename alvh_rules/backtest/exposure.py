"""What the open legs amount to: Greeks in dollars, margin, largest loss, by owner and in all.

A leg's Greeks are its quote's, times multiplier and contracts: delta dollars for a point of the
underlying, gamma dollars for a point squared, theta dollars a calendar day, vega dollars for a point
of implied volatility. What is written on a volatility (VIX) has its vega by its price instead: one
point of its future is taken as one point of volatility, so that a VIX future has a vega of $1,000 and
an option on it its delta times $100; its delta and gamma are no exposure to the index and are not
counted there. Delta and gamma are for a point of one underlying, the book's reference: what is on
another counts by an equal relative move of both. A Greek that is unknown counts as nothing, and the position's mark is told as stale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from alvh_rules.backtest.instruments import Contract
from alvh_rules.backtest.ledger import Position
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


def _known(value: float) -> float:
    return value if value == value else 0.0


@dataclass(slots=True)
class Needs:
    """Margin and largest loss of a position, in dollars; `fixed` while its legs stay as they are."""

    margin: float
    max_loss: float
    fixed: bool


def needs(position: Position, multiplier: Callable[[Contract], float]) -> Needs:
    """What a position needs, at its last marks."""
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
    return Needs(needed, max(lost if bounded else needed, 0.0), bounded and not outright)
