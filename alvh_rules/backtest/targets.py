"""Orders that bring a position to numbers of contracts: what a hedge and a holding have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.context import Context, underlying_of
from alvh_rules.backtest.futures import futures_of
from alvh_rules.backtest.instruments import NEVER, Contract, Leg
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.trades import Cause
from alvh_rules.options.contracts import Right
from alvh_rules.syntax import ast

MOST_CONTRACTS = 1_000_000.0
"""Of one leg: beyond this no market is deep enough for the run to mean anything."""
TOO_MANY = f"it would take more than {MOST_CONTRACTS:,.0f} contracts of a leg"


@dataclass(frozen=True)
class Target:
    """An order to bring a position (None: a new one) to numbers of contracts."""

    owner: str
    position: str | None
    structure: str
    contracts: Mapping[Contract, float]
    unit: tuple[Leg, ...]
    units: float
    action: str
    cause: Cause


class Targets:
    """Orders of a hedge or a holding under way, and their fills."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.pending: list[Target] = []

    def fill(self, row: int) -> list[tuple[Target, Position | None]]:
        """Fill what was ordered; each order with its position, None where it was refused or is gone."""
        book, done = self.context.book, []
        orders, self.pending = self.pending, []
        for order in orders:
            position: Position | None = None
            if order.position is None:
                position = self._open(book, order, row)
            else:
                position = book.ledger.positions.get(order.position)
                if position is not None:
                    wanted = order.contracts
                    if not book.change(row, position, wanted, order.action, order.cause):
                        self.context.skipped += 1
                    elif wanted:
                        position.unit, position.units = order.unit, order.units
                        position.structure = order.structure
                    else:
                        position = None
            done.append((order, position))
        return done

    def _open(self, book: Book, order: Target, row: int) -> Position | None:
        if order.unit and order.units:
            unit, units = order.unit, order.units
        else:
            unit = tuple(Leg(item, count) for item, count in order.contracts.items() if count)
            units = 1.0
        if not unit:
            return None
        position = book.open(row, order.owner, order.structure, unit, units, order.cause)
        if position is None:
            self.context.skipped += 1
        return position


def outright_contracts(
    context: Context, structure: ast.Structure, row: int, shift: int = 0
) -> list[tuple[Contract, float]] | str:
    """The contracts of futures or shares and their proportions, as of the day of the fill."""
    underlying = underlying_of(context.ruleset, structure.underlying)
    if structure.shape == "shares":
        return [(Contract(underlying, NEVER, Right.OUTRIGHT, 0.0, False), 1.0)]
    return futures_of(
        structure,
        underlying,
        row,
        context.filled_on(row),
        context.listing,
        context.decisions.written,
        shift,
    )


def is_outright(structure: ast.Structure) -> bool:
    """Whether a structure is of futures or shares."""
    return structure.shape in ("futures", "shares")


def too_many(units: float, unit: tuple[Leg, ...]) -> bool:
    """Whether a leg would have more contracts than any market."""
    return any(abs(units * leg.count) > MOST_CONTRACTS for leg in unit)


def held_units(position: Position | None) -> float:
    """Units that a position holds."""
    return 0.0 if position is None else position.units


def affordable(units: float, cost: float, held: float, budget: float) -> float:
    """Units, cut so that those that are bought beyond the held ones cost no more than a budget."""
    if cost <= 0.0 or units <= held:
        return units
    return min(units, held + max(budget, 0.0) / cost)
