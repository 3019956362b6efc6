"""Positions and cash, in whole cents.

1. Every amount becomes cents where it arises, rounded half to even, and is only added after that. So
   equity is cash and the value of open legs exactly, and the profits add up to what was gained.
2. An option or a share costs its price and is worth its mark. A future costs nothing and is worth
   nothing after its daily settlement: what it gained since the last mark goes to cash.
3. A leg without a mark keeps its last value; how often is counted.

A leg's `cost` is what was paid for what is still held, by average; realised profit is what a reduction
brings beyond its part of the cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.marks import Mark

if TYPE_CHECKING:
    from alvh_rules.backtest.paths import Path


def cents(dollars: float) -> int:
    """Dollars in cents, half to even."""
    return round(dollars * 100.0)


@dataclass(slots=True)
class Held:
    """A contract in a position: how many (signed), its value in cents, the cost of what is held, and
    its last known mark."""

    contract: Contract
    multiplier: float
    count: float = 0.0
    value: int = 0
    cost: int = 0
    mark: Mark | None = None


@dataclass(slots=True)
class Position:
    """Legs that were opened together.

    `flow` is all cash in and out in cents, fees included; `premium` what its opening brought before
    fees; `unit` the legs of one unit and `units` how many were opened; `path` what it is worth on the
    sessions that follow, while its legs stay as they are.
    """

    name: str
    owner: str
    structure: str
    opened: int
    legs: dict[Contract, Held] = field(default_factory=dict)
    flow: int = 0
    premium: int = 0
    unit: tuple[Leg, ...] = ()
    units: float = 0.0
    covered: bool = False
    closing: str = ""
    state: object = None
    path: Path | None = None
    worth: int | None = None

    @property
    def value(self) -> int:
        """Market value in cents (futures are worth nothing after settlement)."""
        if self.worth is None:
            self.worth = sum(
                held.value for held in self.legs.values() if not held.contract.is_future
            )
        return self.worth

    def moved(self) -> None:
        """Forget what was worked out from legs that are no longer so."""
        self.path = self.worth = None

    @property
    def profit(self) -> int:
        """Profit so far, realised or not, in cents."""
        return self.flow + self.value

    def held(self) -> list[Leg]:
        """The legs as they are now, in contracts."""
        return [Leg(held.contract, held.count) for held in self.legs.values()]


class Ledger:
    """Cash and positions of one book."""

    def __init__(self, capital: float) -> None:
        self.cash = cents(capital)
        self.interest = 0
        self.positions: dict[str, Position] = {}
        self.closed: dict[str, int] = {}
        """Profit in cents of positions that are gone, by owner."""
        self.stale = 0
        """Marks that were carried for want of a quote."""

    @property
    def equity(self) -> int:
        """Cash and the value of everything held, in cents."""
        return self.cash + sum(position.value for position in self.positions.values())

    def profit_of(self, owner: str) -> int:
        """An owner's profit since the first session, in cents."""
        return self.closed.get(owner, 0) + sum(
            position.profit for position in self.positions.values() if position.owner == owner
        )

    def earn(self, amount: int) -> None:
        """Interest on cash."""
        self.cash += amount
        self.interest += amount

    def receive(self, position: Position, amount: int) -> None:
        """Cash that a position brings (or takes): a dividend, a fee."""
        self.cash += amount
        position.flow += amount

    def trade(
        self, position: Position, contract: Contract, multiplier: float, count: float, price: float
    ) -> tuple[int, int]:
        """Buy (or sell) contracts at a price; the cash received and the profit realised, in cents.

        A future's cash is zero here: its gain comes with the next mark.
        """
        position.moved()
        held = position.legs.get(contract)
        if held is None:
            held = position.legs[contract] = Held(contract, multiplier)
        paid = cents(price * multiplier * count)
        realised = 0
        if held.count * count < 0:
            reduced = min(abs(count), abs(held.count))
            # What of this trade closes, and what of the cost belongs to what is closed.
            closing = paid if reduced == abs(count) else round(paid * reduced / abs(count))
            back = (
                held.cost
                if reduced == abs(held.count)
                else round(held.cost * reduced / abs(held.count))
            )
            realised = -closing - back
            held.cost -= back + closing
        held.cost += paid
        held.count += count
        if abs(held.count) < 1e-12:
            held.count = 0.0
        if contract.is_future:
            held.value += paid
            return 0, realised
        self.receive(position, -paid)
        return -paid, realised

    def mark(self, held: Held, position: Position, mark: Mark) -> None:
        """Value a leg at a mark; a future's change goes to cash."""
        position.moved()
        if math.isfinite(mark.mid):
            held.mark = mark
        else:
            self.stale += 1
            if held.mark is None:
                return
        assert held.mark is not None
        value = cents(held.mark.mid * held.multiplier * held.count)
        if held.contract.is_future:
            self.receive(position, value - held.value)
        held.value = value

    def mark_along(self, position: Position, path: Path, at: int) -> None:
        """Value all legs at one entry of the position's path, as `mark` does leg by leg."""
        position.path, position.worth = path, path.value[at]
        self.stale += path.stale[at]
        if path.has_futures:
            before = sum(held.value for held in position.legs.values() if held.contract.is_future)
            self.receive(position, path.futures[at] - before)
        for leg in path.legs:
            leg.held.mark, leg.held.value = leg.marks[at], leg.values[at]

    def settle(self, position: Position, contract: Contract, price: float) -> tuple[int, int]:
        """Settle a leg at its underlying's settlement; cash and realised profit in cents."""
        position.moved()
        held = position.legs.pop(contract)
        worth = cents(contract.payoff(price) * held.multiplier * held.count)
        cash = worth - held.value if contract.is_future else worth
        self.receive(position, cash)
        return cash, worth - held.cost

    def drop_empty(self, position: Position) -> bool:
        """Forget legs that are sold out, and the position once it has none; whether it is gone."""
        for contract in [key for key, held in position.legs.items() if held.count == 0.0]:
            position.moved()
            held = position.legs.pop(contract)
            # A future that was traded away since the last mark still has its gain to bring.
            if contract.is_future and held.value:
                self.receive(position, -held.value)
        if position.legs:
            return False
        del self.positions[position.name]
        self.closed[position.owner] = self.closed.get(position.owner, 0) + position.flow
        return True
