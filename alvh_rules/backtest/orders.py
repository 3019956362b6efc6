"""What a ruleset would trade now: the orders of its last session, against what is really held.

1. The ruleset decides on every session, so that latches and averages are as they would be; it holds
   nothing before the last one.
2. On the last session the broker's positions are put into the book at their prices, everything is
   marked, and the ruleset decides from the facts of that book.
3. Its orders are not filled but told: legs, contracts, a limit price for one unit (the fill that a
   backtest would assume, at this close), and the clause behind each.

A position that a trader overrides is left as it is; that is told, and so are the orders it would have
had.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from alvh_rules.backtest import errors
from alvh_rules.backtest.broker import Holdings, grouped
from alvh_rules.backtest.deciding import Program, of_history
from alvh_rules.backtest.frames import place_of
from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.ledger import Position, cents
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.simulate import BookRun, Inputs, prices_of, sessions_of
from alvh_rules.backtest.targets import Target
from alvh_rules.backtest.trades import Cause
from alvh_rules.core.diagnostics import Diagnostic


@dataclass(frozen=True)
class Order:
    """An intended trade, or one that is not made and why.

    `action` is open, resize, roll, close, refuse or override; `legs` signed contracts to trade;
    `limit` dollars to receive (positive) or to pay for all of it but futures, before fees; NaN where a
    leg has no quote.
    """

    owner: str
    position: str
    action: str
    structure: str
    legs: tuple[tuple[Contract, float], ...]
    limit: float
    clause: str
    place: str
    reason: str = ""


@dataclass(frozen=True)
class Orders:
    """The orders of a session, and the book that they start from, in dollars."""

    day: str
    equity: float
    cash: float
    orders: tuple[Order, ...]


def orders_now(
    program: Program, inputs: Inputs, settings: Settings, holdings: Holdings | None = None
) -> Orders | Diagnostic:
    """The orders of the last session of a market, or what holdings cannot be valued then."""
    dates = program.market.timeline.dates
    prices = prices_of(program, inputs)
    run = BookRun(program.ruleset, of_history(program), prices, settings, hedged=True, full=True)
    last = len(dates) - 1
    day = int(dates[last].astype("datetime64[D]").astype(int))
    if last:
        for session in sessions_of(program, inputs, last - 1):
            run.session(session, False)
    overrides: dict[str, str] = {}
    if holdings is not None:
        problem = _unvalued(run, holdings, last, day)
        if problem is not None:
            return problem
        overrides = _take_over(run, holdings, last)
    run.decide_only(last)
    told = _Telling(run, last, overrides)
    return Orders(
        str(dates[last]),
        run.context.equity,
        run.context.book.ledger.cash / 100.0,
        tuple(told.orders()),
    )


def _unvalued(run: BookRun, holdings: Holdings, row: int, day: int) -> Diagnostic | None:
    """The first leg that has expired, or has neither a quote nor a price."""
    marks = run.context.book.marks
    for leg in holdings.legs:
        contract = leg.contract
        if contract.expiry <= day:
            return errors.holdings(str(contract), "it has expired by the last session", ())
        marks.follow([contract], row)
        quoted = math.isfinite(marks.at(contract, row).mid)
        if not quoted and (contract.is_future or not math.isfinite(leg.price)):
            return errors.holdings(str(contract), "there is no quote for it on that day", ())
    return None


def _take_over(run: BookRun, holdings: Holdings, row: int) -> dict[str, str]:
    """Put positions into the book; gives the reasons of those that are overridden, by name."""
    book, overrides = run.context.book, {}
    ledger = book.ledger
    for number, ((owner, _), legs) in enumerate(grouped(holdings.legs).items(), 1):
        position = Position(f"{owner}-held-{number}", owner, "as held", row)
        ledger.positions[position.name] = position
        book.marks.follow([leg.contract for leg in legs], row)
        for leg in legs:
            mark = book.marks.at(leg.contract, row)
            # A broker's cash has a future's gains up to its last settlement already.
            said = math.isfinite(leg.price) and not leg.contract.is_future
            price = leg.price if said else mark.mid
            multiplier = book.marks.multiplier(leg.contract)
            ledger.trade(position, leg.contract, multiplier, leg.count, price)
        position.premium = sum(
            -cents(leg.price * book.marks.multiplier(leg.contract) * leg.count)
            for leg in legs
            if math.isfinite(leg.price) and not leg.contract.is_future
        )
        units = math.gcd(*(round(abs(leg.count)) for leg in legs)) or 1
        position.units = float(units)
        position.unit = tuple(Leg(leg.contract, leg.count / units) for leg in legs)
        reasons = [leg.override for leg in legs if leg.override]
        if reasons:
            overrides[position.name] = reasons[0]
        run.adopt(position)
    if holdings.cash is not None:
        ledger.cash = cents(holdings.cash)
    return overrides


class _Telling:
    """The orders under way of a book, as `Order`s."""

    def __init__(self, run: BookRun, row: int, overrides: Mapping[str, str]) -> None:
        self.run, self.row, self.overrides = run, row, overrides
        self.book, self.ruleset = run.context.book, run.context.ruleset

    def orders(self) -> list[Order]:
        """All of them: closings, openings, the hedge, holdings; then what is not done."""
        found: list[Order] = []
        for layer in self.run.layers.values():
            for name, cause in layer.endings.items():
                position = self.book.ledger.positions[name]
                found.append(self._changed(position, {}, "close", position.structure, cause))
            opening = layer.pending
            if opening is not None:
                legs = tuple((leg.contract, leg.count * opening.units) for leg in opening.legs)
                found.append(
                    self._order(layer.name, "", "open", opening.structure, legs, opening.cause)
                )
        for target in self.run.targets():
            found.append(self._target(target))
        found += [
            Order(
                trade.owner,
                trade.position,
                "refuse",
                trade.structure,
                (),
                math.nan,
                trade.cause.text,
                place_of(self.ruleset, trade.cause.span),
                trade.reason,
            )
            for trade in self.run.recorder.trades
            if trade.action == "refuse"
        ]
        ordered = {order.position for order in found}
        for name, reason in self.overrides.items():
            if name not in ordered:
                position = self.book.ledger.positions[name]
                found.append(
                    Order(
                        position.owner,
                        name,
                        "override",
                        position.structure,
                        (),
                        math.nan,
                        "",
                        "",
                        f"kept by the trader: {reason}",
                    )
                )
        return found

    def _target(self, target: Target) -> Order:
        if target.position is None:
            legs = tuple(target.contracts.items())
            return self._order(
                target.owner, "", target.action, target.structure, legs, target.cause
            )
        position = self.book.ledger.positions[target.position]
        return self._changed(
            position, target.contracts, target.action, target.structure, target.cause
        )

    def _changed(
        self,
        position: Position,
        targets: Mapping[Contract, float],
        action: str,
        structure: str,
        cause: Cause,
    ) -> Order:
        changes = []
        for contract in dict.fromkeys([*position.legs, *targets]):
            held = position.legs.get(contract)
            change = targets.get(contract, 0.0) - (held.count if held else 0.0)
            if abs(change) > 1e-9:
                changes.append((contract, change))
        return self._order(position.owner, position.name, action, structure, tuple(changes), cause)

    def _order(
        self,
        owner: str,
        position: str,
        action: str,
        structure: str,
        legs: tuple[tuple[Contract, float], ...],
        cause: Cause,
    ) -> Order:
        self.book.marks.follow([contract for contract, _ in legs], self.row)
        limit = 0.0 if any(not item.is_future for item, _ in legs) else math.nan
        for contract, count in legs:
            if contract.is_future:
                continue
            mark = self.book.marks.at(contract, self.row)
            price = self.book.costs.fill(mark, count, len(legs))
            limit -= price * self.book.marks.multiplier(contract) * count
        reason = ""
        if position in self.overrides:
            reason = f"kept by the trader: {self.overrides[position]}; the rules would {action} it"
            action = "override"
        place = place_of(self.ruleset, cause.span)
        return Order(owner, position, action, structure, legs, limit, cause.text, place, reason)
