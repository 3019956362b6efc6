"""How many units of a structure are opened.

| said | units |
|---|---|
| `weight 30%` | risk x equity x weight / `at most`, over a unit's largest loss at expiry |
| `size max_loss is $…` | the amount over a unit's largest loss |
| `size N contracts` | N |
| `size cash_secured` | free cash over what a unit may have to pay, less what it brings |
| `size covered` | shares held and not yet written on, over the multiplier |
| `size required_return is …` | what earns that return on equity in extrinsic value over the unit's days |

A unit's largest loss counts its own credit at the expected fill, fees included; where the loss has no
bound, the margin takes its place. All but `covered` are cut to what free cash can margin. Contracts are
rounded down to whole ones, unless the header says `contracts fractional`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.instruments import NEVER, Leg
from alvh_rules.backtest.payoff import margin, profile
from alvh_rules.backtest.targets import TOO_MANY, too_many
from alvh_rules.options.contracts import Right

YEAR = 365.0


@dataclass(frozen=True, slots=True)
class UnitValue:
    """One unit at the expected fill, in dollars: the cash it brings after fees, its largest loss and
    margin, the extrinsic value that it sells, and its Greeks' worth at mid."""

    cash: float
    max_loss: float
    margin: float
    extrinsic: float


def unit_value(book: Book, legs: Sequence[Leg], row: int) -> UnitValue | str:
    """What a unit brings and needs at the close of a row, by the marks there; or why that is not
    known."""
    marks = book.marks
    cash = sold = 0.0
    spot = math.nan
    for leg in legs:
        mark = marks.at(leg.contract, row)
        price = book.costs.fill(mark, leg.count, len(legs))
        if not math.isfinite(price):
            return f"no quote for {leg.contract}"
        multiplier = marks.multiplier(leg.contract)
        cash -= leg.count * price * multiplier
        cash -= book.costs.fee(leg.contract, leg.count) / 100.0
        sold -= leg.count * multiplier * (mark.mid - leg.contract.payoff(mark.spot))
        spot = mark.spot
    whole = profile(legs, marks.multiplier)
    needed = margin(legs, marks.multiplier, lambda item: marks.at(item, row).mid, spot)
    lost = whole.max_loss(cash)
    return UnitValue(cash, lost if math.isfinite(lost) else needed - cash, needed, sold)


@dataclass(frozen=True, slots=True)
class Size:
    """How a layer is sized on a session: a measure's name and its number.

    `budget` in dollars for `weight` and `max_loss`, a number of units for `contracts`, a rate in
    percent for `required_return`; nothing for the others.
    """

    measure: str
    number: float
    days: float = math.nan


def units_of(
    book: Book, size: Size, value: UnitValue, legs: Sequence[Leg], whole: bool
) -> float | str:
    """The units to open, at least the smallest that can be; or why none are."""
    if size.measure != "contracts" and not math.isfinite(size.number):
        return "its size is unknown on that day"
    free = book.free_cash
    lost = value.max_loss
    match size.measure:
        case "weight" | "max_loss":
            if lost <= 0.0:
                return "it cannot lose at these quotes, which no market offers"
            units = size.number / lost
            short = f"${size.number:,.0f} may be lost, and one unit may lose ${lost:,.0f}"
        case "contracts":
            units = size.number
            short = "it is of no contracts"
        case "cash_secured":
            if value.margin - value.cash <= 0.0:
                return "there is nothing for cash to secure"
            units = free / (value.margin - value.cash)
            short = f"${free:,.0f} of cash is free, and one unit needs ${value.margin - value.cash:,.0f}"
        case "covered":
            units = _uncovered(book, legs)
            short = "no shares are held that are not written on already"
        case _:
            if not value.extrinsic > 0.0:
                return "it sells no extrinsic value, so it earns no return by time"
            wanted = size.number / 100.0 * book.ledger.equity / 100.0 * size.days / YEAR
            units = wanted / value.extrinsic
            short = f"${wanted:,.0f} is required, and one unit sells ${value.extrinsic:,.0f}"
    need = value.margin - value.cash
    if size.measure != "covered" and need > 0.0 and units * need > free:
        units = min(units, free / need)
        short = f"${free:,.0f} of cash is free, and one unit needs ${need:,.0f} of margin"
    if whole:
        units = math.floor(units + 1e-9)
    if not units > 0.0:
        return f"too small for one contract: {short}"
    return TOO_MANY if too_many(units, tuple(legs)) else units


def _uncovered(book: Book, legs: Sequence[Leg]) -> float:
    """Units that shares cover beyond the calls that are sold already."""
    underlying = legs[0].contract.underlying
    multiplier = book.marks.multiplier(legs[0].contract)
    room = 0.0
    for position in book.ledger.positions.values():
        for held in position.legs.values():
            contract = held.contract
            if contract.underlying != underlying:
                continue
            if contract.expiry == NEVER:
                room += held.count
            elif contract.right is Right.CALL and held.count < 0:
                room += held.count * held.multiplier
    sold = sum(-leg.count for leg in legs if leg.contract.right is Right.CALL and leg.count < 0)
    return max(room, 0.0) / multiplier / sold if sold else 0.0
