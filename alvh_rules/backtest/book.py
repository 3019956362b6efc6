"""One book: its ledger and what is done to it on a session.

Every trade is whole or is not done: where one of its legs has no quote, the package is refused and
the refusal recorded. Settlement takes all legs of a position that expire on the session at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from alvh_rules.backtest.exposure import Exposure, needs
from alvh_rules.backtest.fills import Costs
from alvh_rules.backtest.instruments import NEVER, Contract, Leg
from alvh_rules.backtest.ledger import Ledger, Position, cents
from alvh_rules.backtest.marks import Marks
from alvh_rules.backtest.paths import Path, moves
from alvh_rules.backtest.trades import Cause, Recorder, Trade, sources_of
from alvh_rules.core.source import Span
from alvh_rules.options.contracts import Source

_NOWHERE = Span("", 0, 0)
INTEREST_YEAR, DIVIDEND_YEAR = 360.0, 365.0
"""Days of a year for interest on cash (money markets) and for a dividend yield."""


class Book:
    """A ledger, the marks it is valued by, and the record of what it did."""

    def __init__(
        self,
        capital: float,
        marks: Marks,
        costs: Costs,
        recorder: Recorder,
        volatilities: frozenset[str],
        reference: str = "",
    ) -> None:
        self.ledger = Ledger(capital)
        self.marks, self.costs, self.recorder = marks, costs, recorder
        self.volatilities, self.reference = volatilities, reference
        self.fills = marks
        """Where trades get their prices: marks at the close, or others at the open."""
        self.whole = Exposure()
        self.owners: dict[str, Exposure] = {}
        self._numbers: dict[str, int] = {}

    # --- what it carries beside its ledger ---

    def numbers(self) -> dict[str, int]:
        """How many positions each owner has had."""
        return dict(self._numbers)

    def restore(self, numbers: Mapping[str, int]) -> None:
        """Go on from what `numbers` gave."""
        self._numbers = dict(numbers)

    # --- what a session brings ---

    def accrue(self, rate: float, days: int) -> None:
        """Simple interest on cash: a yearly rate in percent over calendar days, actual/360."""
        if math.isfinite(rate):
            self.ledger.earn(round(self.ledger.cash * rate / 100.0 * days / INTEREST_YEAR))

    def pay_dividends(self, yields: Mapping[str, float], days: int) -> None:
        """Dividends on shares as they stand at the last mark, by a yearly yield in percent."""
        for position in self.ledger.positions.values():
            for held in position.legs.values():
                paid = yields.get(held.contract.underlying, math.nan)
                if held.contract.expiry == NEVER and math.isfinite(paid):
                    amount = held.value * paid / 100.0 * days / DIVIDEND_YEAR
                    self.ledger.receive(position, round(amount))

    def settle(self, row: int, day: int) -> None:
        """Settle every leg that expires on or before a day: all of a position's at once."""
        for position in list(self.ledger.positions.values()):
            due = [item for item in position.legs if item.expiry <= day]
            if due:
                self._settle(position, due, row)

    def _settle(self, position: Position, due: Sequence[Contract], row: int) -> None:
        prices = {}
        reason = ""
        for contract in due:
            price = self.marks.settlement(contract, row)
            if not math.isfinite(price):
                mark = position.legs[contract].mark
                known = mark.mid if contract.is_future and mark else mark.spot if mark else math.nan
                # What the last close knew is the best that is known; it is told.
                price = known if math.isfinite(known) else contract.strike
                reason = "the settlement is not known: the last close stands for it"
            prices[contract] = price
        text = "; ".join(
            f"{position.legs[item].count:+g} {item} @ {prices[item]:.2f}" for item in due
        )
        cash = realised = 0
        for contract in due:
            received, gained = self.ledger.settle(position, contract, prices[contract])
            cash += received
            realised += gained
        style = "at the opening print" if due[0].morning else "at the close"
        cause = Cause(f"settled {style} of the expiry day", _NOWHERE, row)
        self._record(
            row,
            position,
            "settle",
            text,
            position.units,
            cash,
            0,
            0,
            realised,
            cause,
            {int(Source.SETTLEMENT)},
            reason,
            [prices[item] for item in due],
        )
        self.ledger.drop_empty(position)

    def mark(self, row: int) -> None:
        """Value every leg at the close of a row, and add up the exposures."""
        self.whole, self.owners = Exposure(), {}
        for position in self.ledger.positions.values():
            path = position.path
            if path is None or not path.reaches(row):
                path = Path(position, self.marks, self.volatilities, row, self.reference)
            at = row - path.first
            self.ledger.mark_along(position, path, at)
            need = path.needs
            if need is None:
                need = needs(position, self.marks.multiplier)
                path.needs = need if need.fixed else None
            own = self.owners.get(position.owner)
            if own is None:
                own = self.owners[position.owner] = Exposure()
            for part in (self.whole, own):
                part.greeks.add(path.greeks[at])
                part.margin += need.margin
                part.max_loss += need.max_loss
                part.units += abs(position.units)
            own.breached = own.breached or path.breached[at]

    def moves(self, contract: Contract, row: int) -> float:
        """Points that a contract's underlying moves on a point of the one that the book's delta is for."""
        spot = np.array([self.marks.at(contract, row).spot])
        found = moves(self.reference, contract.underlying, spot, self.marks, row)
        return float(np.asarray(found).item(0))

    def count_as_volatility(self, underlyings: frozenset[str], row: int) -> None:
        """Count what is written on these as vega too, from a row that is marked already."""
        if not underlyings <= self.volatilities:
            self.volatilities |= underlyings
            for position in self.ledger.positions.values():
                position.path = None
            self.mark(row)

    def exposure(self, owner: str) -> Exposure:
        """An owner's exposure at the last mark."""
        return self.owners.get(owner, Exposure())

    @property
    def free_cash(self) -> float:
        """Dollars of cash that no margin needs."""
        return self.ledger.cash / 100.0 - self.whole.margin

    # --- trades ---

    def open(
        self,
        row: int,
        owner: str,
        structure: str,
        unit: Sequence[Leg],
        units: float,
        cause: Cause,
        *,
        covered: bool = False,
    ) -> Position | None:
        """Open so many units of a structure at the close of a row; None where a leg has no quote."""
        self.follow([leg.contract for leg in unit], row)
        changes = {leg.contract: leg.count * units for leg in unit}
        prices = self._prices(changes, row)
        if isinstance(prices, Contract):
            self.refuse(row, owner, structure, cause, f"no quote for {prices}")
            return None
        number = self._numbers[owner] = self._numbers.get(owner, 0) + 1
        position = Position(f"{owner}-{number:04d}", owner, structure, row)
        position.unit, position.units, position.covered = tuple(unit), units, covered
        self.ledger.positions[position.name] = position
        self._trade(row, position, "open", changes, prices, units, cause)
        return position

    def change(
        self,
        row: int,
        position: Position,
        targets: Mapping[Contract, float],
        action: str,
        cause: Cause,
    ) -> bool:
        """Bring a position's legs to target numbers of contracts; whether it was done."""
        self.follow([*position.legs, *targets], row)
        changes = {}
        for contract in dict.fromkeys([*position.legs, *targets]):
            held = position.legs.get(contract)
            change = targets.get(contract, 0.0) - (held.count if held else 0.0)
            if abs(change) > 1e-9:
                changes[contract] = change
        if not changes:
            return True
        prices = self._prices(changes, row)
        if isinstance(prices, Contract):
            self.refuse(row, position.owner, position.structure, cause, f"no quote for {prices}")
            return False
        moved = next(iter(changes.values())) if action == "resize" else position.units
        self._trade(row, position, action, changes, prices, moved, cause)
        return True

    def close(self, row: int, position: Position, cause: Cause, action: str = "close") -> bool:
        """Trade all legs of a position away; False where one has no quote, and it stays."""
        return self.change(row, position, {}, action, cause)

    def refuse(self, row: int, owner: str, structure: str, cause: Cause, reason: str) -> None:
        """Record what was not done."""
        self.recorder.trade(
            Trade(row, "", owner, "refuse", structure, "", 0.0, 0, 0, 0, 0, cause, "", reason)
        )

    def follow(self, contracts: Sequence[Contract], row: int) -> None:
        """Price contracts that are about to be held, in one call."""
        self.marks.follow(contracts, row)
        if self.fills is not self.marks:
            self.fills.follow(contracts, row)

    def _prices(
        self, changes: Mapping[Contract, float], row: int
    ) -> dict[Contract, float] | Contract:
        """The fill price of each leg, or the first contract that has none."""
        prices = {}
        for contract, count in changes.items():
            price = self.costs.fill(self.fills.at(contract, row), count, len(changes))
            if not math.isfinite(price):
                return contract
            prices[contract] = price
        return prices

    def _trade(
        self,
        row: int,
        position: Position,
        action: str,
        changes: Mapping[Contract, float],
        prices: Mapping[Contract, float],
        units: float,
        cause: Cause,
    ) -> None:
        cash = fees = slipped = realised = 0
        sources = set()
        for contract, count in changes.items():
            mark, multiplier = self.fills.at(contract, row), self.marks.multiplier(contract)
            received, gained = self.ledger.trade(
                position, contract, multiplier, count, prices[contract]
            )
            fee = self.costs.fee(contract, count)
            self.ledger.receive(position, -fee)
            cash += received
            fees += fee
            realised += gained
            slipped += cents(abs(prices[contract] - mark.mid) * multiplier * abs(count))
            sources.add(mark.source)
            self.ledger.mark(position.legs[contract], position, mark)
        if action == "open":
            position.premium = cash
        text = "; ".join(f"{n:+g} {item} @ {prices[item]:.2f}" for item, n in changes.items())
        marks = [self.fills.at(item, row) for item in changes]
        self._record(
            row,
            position,
            action,
            text,
            units,
            cash,
            fees,
            slipped,
            realised - fees,
            cause,
            sources,
            "",
            [mark.spot for mark in marks],
            [mark.volatility for mark in marks],
        )
        self.ledger.drop_empty(position)

    def _record(
        self,
        row: int,
        position: Position,
        action: str,
        legs: str,
        units: float,
        cash: int,
        fees: int,
        slippage: int,
        profit: int,
        cause: Cause,
        sources: set[int],
        reason: str = "",
        underlyings: Sequence[float] = (),
        volatilities: Sequence[float] = (),
    ) -> None:
        self.recorder.trade(
            Trade(
                row,
                position.name,
                position.owner,
                action,
                position.structure,
                legs,
                units,
                cash,
                fees,
                slippage,
                profit,
                cause,
                sources_of(sources),
                reason,
                _listed(underlyings),
                _listed(volatilities),
            )
        )


def _listed(values: Sequence[float]) -> str:
    """Numbers in the order of a trade's legs; nothing for one that is not known."""
    return "; ".join(f"{value:.6g}" if math.isfinite(value) else "" for value in values)
