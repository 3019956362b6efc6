"""What a hedge's ratio is of, and how much of that a hedge's contracts have.

| basis | of the layers | of a hedge's contract |
|---|---|---|
| `vega` | dollars they lose when VIX rises by a point | dollars it gains; an option's when bought |
| `max_loss` | their largest losses at expiry | its worth: a future's value, an option's price when bought |
| `contracts` | units that are open | one a unit |
| `capital` | what the run started with | its worth, as above |

When VIX rises by a point the rest of the curve moves with it, the far less than the near
(`alvh_rules/options/curve_moves.py`): an option's vega counts by what its own volatility moves, a
future's thousand dollars by what the future moves, an option on a future by its delta to it as well.

A unit of options counts the sum of its legs, as it is bought. A calendar counts its long leg alone: its
legs cancel on every move of the level, since the near moves more and the far one has more delta, so
that any number of calendars could follow from what is left. What it does gain is in the ratio that is
held, which counts every leg. Of other units, one whose legs leave less than a twentieth of what
the long ones have is no hedge.
"""

from __future__ import annotations

import math
from typing import Final

from alvh_rules.backtest.context import Context
from alvh_rules.backtest.instruments import NEVER, Contract, Leg
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.marks import Mark
from alvh_rules.options.black_scholes import OPENING
from alvh_rules.options.curve_moves import future_move, volatility_move

LEAST_NET: Final = 0.05
"""Of the vega of a unit's long legs, what must be left of it for the unit to be a hedge."""


class HedgeMeasures:
    """A hedge's basis over one book."""

    def __init__(self, context: Context, basis: str) -> None:
        self.context, self.basis = context, basis

    def of_layers(self, row: int) -> float:
        """The amount that the ratio is of, on a session."""
        context = self.context
        layers = [context.book.exposure(layer.name) for layer in context.ruleset.layers]
        match self.basis:
            case "vega":
                return max(-self._layers_gain(row), 0.0)
            case "max_loss":
                return sum(item.max_loss for item in layers)
            case "contracts":
                return sum(item.units for item in layers)
            case _:
                return context.ruleset.capital

    def _layers_gain(self, row: int) -> float:
        names = {layer.name for layer in self.context.ruleset.layers}
        return sum(
            self._gain_held(position, row)
            for position in self.context.book.ledger.positions.values()
            if position.owner in names
        )

    def _gain_held(self, position: Position, row: int) -> float:
        """Dollars that a position gains when VIX rises by a point; what is unknown counts nothing."""
        gained = 0.0
        for contract, held in position.legs.items():
            if held.mark is not None:
                each = self.gain(contract, held.mark, row) * held.multiplier * held.count
                gained += each if math.isfinite(each) else 0.0
        return gained

    def gain(self, contract: Contract, mark: Mark, row: int) -> float:
        """Points that a contract gains, by its mark, when VIX rises by a point."""
        if contract.expiry == NEVER:
            return 0.0
        today = int(self.context.dates[row].astype("datetime64[D]").astype(int))
        days = contract.expiry - today - (OPENING if contract.morning else 0.0)
        if contract.underlying in self.context.book.volatilities:
            return mark.delta * future_move(days)
        return mark.vega * volatility_move(days)

    def of_contract(self, contract: Contract, row: int) -> float:
        """A contract's amount in the units of the basis."""
        book = self.context.book
        mark, multiplier = book.marks.at(contract, row), book.marks.multiplier(contract)
        match self.basis:
            case "vega":
                return self.gain(contract, mark, row) * multiplier
            case "contracts":
                return 1.0
            case _:
                return mark.mid * multiplier

    def of_unit(self, shape: str, unit: tuple[Leg, ...], row: int, cost: float) -> float:
        """A unit's amount in the units of the basis, as it is bought at `cost`."""
        if self.basis == "contracts":
            return 1.0
        if self.basis != "vega":
            return cost
        parts = [leg.count * self.of_contract(leg.contract, row) for leg in unit]
        net, long = sum(parts), sum(part for part in parts if part > 0.0)
        if shape == "calendar":
            return long
        return net if net >= LEAST_NET * long else min(net, 0.0)

    def held_ratio(self, position: Position | None, row: int) -> float:
        """What is held, every leg counted, as a ratio of the basis; NaN where there is nothing to
        hedge."""
        basis = self.of_layers(row)
        if not basis > 0.0:
            return math.nan
        if position is None:
            return 0.0
        if self.basis == "contracts":
            outright = any(not item.is_option for item in position.legs)
            counts = sum(abs(held.count) for held in position.legs.values())
            return (counts if outright else position.units) / basis
        if self.basis == "vega":
            return self._gain_held(position, row) / basis
        total = 0.0
        for held in position.legs.values():
            if held.contract.is_option:
                total += held.cost / 100.0
            elif held.mark is not None:
                total += held.count * held.multiplier * held.mark.mid
        return total / basis
