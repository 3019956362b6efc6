"""Layers: what each closes and opens on a session, and the weight that moves between them.

At the close of a session, first each open position's closing condition is asked. Then, where a layer's
opening condition is true, fewer than `at most` are open (orders under way included) and `every` allows,
one structure is selected at that close and sized. What is decided becomes an order, filled when the
header says. A size is not worked out again at the fill: the order is for so many contracts.

Projected IRR of a layer, for `reallocate`: of the unit it would open now, credit over margin, by 365
over the days to expiry, times the probability of profit. A layer without a candidate, or whose
candidate has no such figure, takes no part in that step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.context import Context, underlying_of
from alvh_rules.backtest.instruments import Leg
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.limits import Adds
from alvh_rules.backtest.paths import path_at
from alvh_rules.backtest.sizing import YEAR, Size, UnitValue, unit_value, units_of
from alvh_rules.backtest.strikes import Selected
from alvh_rules.backtest.trades import Cause
from alvh_rules.backtest.wording import condition_words, structure_words
from alvh_rules.check import checked as c
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.options.contracts import Expiries
from alvh_rules.syntax import ast

DEFAULT_STEP = 0.10
"""Weight that a reallocation moves at most where the ruleset does not say."""


@dataclass(frozen=True)
class Opening:
    """An order to open units of a structure."""

    layer: str
    structure: str
    legs: tuple[Leg, ...]
    units: float
    cause: Cause
    covered: bool


class LayerRun:
    """One layer of one book."""

    def __init__(self, context: Context, layer: c.Layer) -> None:
        self.context, self.layer = context, layer
        self.name = layer.name
        self.structure = structure_words(layer.structure)
        self.underlying = underlying_of(context.ruleset, layer.structure.underlying)
        opening = context.ruleset.values[f"{layer.name}.open"]
        self._why = opening.span if opening.span.file else layer.span
        self._opens = condition_words(context.ruleset, opening)
        self.last_opened = -(10**9)
        self._of_options = not (
            isinstance(layer.structure, ast.Structure)
            and layer.structure.shape in ("futures", "shares", "nothing")
        )
        self.pending: Opening | None = None
        self.endings: dict[str, Cause] = {}
        self.unknown_closings = 0

    def positions(self) -> list[Position]:
        """The layer's open positions."""
        return [
            item for item in self.context.book.ledger.positions.values() if item.owner == self.name
        ]

    def take_over(self, before: LayerRun) -> None:
        """Go on from the layer of that name in another version of the ruleset."""
        self.pending, self.endings = before.pending, before.endings
        self.last_opened = before.last_opened

    # --- fills of what was decided before ---

    def fill(self, row: int) -> None:
        """Fill the orders under way at the close of a row."""
        book = self.context.book
        for name, cause in list(self.endings.items()):
            position = book.ledger.positions.get(name)
            if position is None or book.close(row, position, cause):
                del self.endings[name]
            else:
                self.context.skipped += 1
        if self.pending is not None:
            order, self.pending = self.pending, None
            opened = book.open(
                row,
                self.name,
                order.structure,
                order.legs,
                order.units,
                order.cause,
                covered=order.covered,
            )
            if opened is None:
                self.context.skipped += 1

    # --- decisions ---

    def decide_closings(self, row: int) -> None:
        """Order the closing of every position whose condition is true."""
        if self.layer.close is None:
            return
        for position in self.positions():
            if position.name in self.endings:
                continue
            facts = position_facts(self.context, position, row)
            closes, clause, position.state = self.context.decisions.closes(
                self.name, position.state, facts
            )
            if closes == TRUE:
                self.endings[position.name] = Cause(f"close when {clause.text}", clause.span, row)
            elif closes == UNKNOWN:
                self.unknown_closings += 1

    def has_room(self, row: int) -> bool:
        """Whether another position may be opened now."""
        held = len(self.positions()) + (self.pending is not None)
        return held < self.layer.at_most and row - self.last_opened >= self.layer.every

    def looks_at(self, row: int) -> tuple[str, Expiries, int] | None:
        """The expiry that is looked at first on a session on which the layer may open."""
        context = self.context
        opens = context.decisions.of(f"{self.name}.open") == TRUE and self.has_room(row)
        if not opens or not self._of_options:
            return None
        return context.selector.nearest(
            self.layer.structure, self.underlying, row, context.decisions.written
        )

    def decide_opening(self, row: int, withheld: str = "") -> None:
        """Order one opening, if the layer opens, or say why not; `withheld` is why nothing may open."""
        context = self.context
        if context.decisions.of(f"{self.name}.open") != TRUE or not self.has_room(row):
            return
        cause = Cause(f"open when {self._opens}", self._why, row)

        def refuse(reason: str) -> None:
            context.refuse(row, self.name, self.structure, cause, reason)

        if withheld:
            return refuse(withheld)
        stopped = context.limits.paused(row, context.history, context.drawdown, context.bounds())
        if stopped is not None:
            return refuse(f"{stopped.text}: openings pause")
        found = self.candidate(row)
        if isinstance(found, str):
            return refuse(found)
        selected, value = found
        if isinstance(self.layer.structure, ast.Structure):
            debit = value.cash < 0.0 and self.layer.structure.side == "sell"
            if debit and self.layer.structure.shape not in ("calendar", "butterfly"):
                return refuse(f"it is sold, but would cost ${-value.cash:,.2f} a unit")
        units = units_of(context.book, self.size(selected), value, selected.legs, context.whole)
        if isinstance(units, str):
            return refuse(units)
        held, adds = _book_adds(context.book), _unit_adds(context, selected.legs, value, row)
        units, cut = context.limits.scaled(row, units, held, adds, context.bounds(), context.whole)
        if not units > 0.0:
            assert cut is not None
            return refuse(f"{cut.text}: no room for one unit")
        size = self.layer.size
        covered = size is not None and size.measure == "covered"
        self.pending = Opening(
            self.name, self.structure, selected.legs, float(units), cause, covered
        )
        self.last_opened = row

    def candidate(self, row: int) -> tuple[Selected, UnitValue] | str:
        """The unit that the layer would open now, and what it brings; or why there is none."""
        context = self.context
        if not self._of_options:
            return "a layer opens options; futures and shares are held by `hold` or the hedge"
        selected = context.selector.select(
            self.layer.structure, self.underlying, row, context.decisions.written
        )
        if isinstance(selected, str):
            return selected
        for leg, mark in zip(selected.legs, selected.marks, strict=True):
            context.book.marks.note(leg.contract, row, mark)
        value = unit_value(context.book, selected.legs, row)
        return value if isinstance(value, str) else (selected, value)

    def size(self, selected: Selected) -> Size:
        """How large a position may be now."""
        context, size = self.context, self.layer.size
        if size is None:
            weight = float(context.decisions.of(f"{self.name}.weight"))
            budget = context.ruleset.risk * context.equity * weight / self.layer.at_most
            return Size("weight", budget)
        number = math.nan
        if size.value is not None:
            number = context.decisions.written(size.value.span)[0]
        elif size.measure in ("cash_secured", "covered"):
            number = 0.0
        return Size(size.measure, number, selected.days)

    def projected_irr(self, row: int) -> float:
        """Of the unit that would be opened now, a fraction a year; NaN where there is none."""
        found = self.candidate(row)
        if isinstance(found, str):
            return math.nan
        selected, value = found
        chance = self.context.selector.chance(selected.legs, self.underlying, row)
        if not value.margin > 0.0 or not selected.days > 0.0:
            return math.nan
        return value.cash / value.margin * YEAR / selected.days * chance


def position_facts(context: Context, position: Position, row: int) -> dict[str, float | int]:
    """The attributes of an open position, as closing conditions read them."""
    path, at = path_at(position, row)
    greeks = path.greeks[at]
    profit = position.profit / 100.0
    days = path.nearest - int(context.book.marks.days[row])
    credit = position.premium / 100.0
    return {
        "profit": profit,
        "loss": -profit,
        # What was paid for brought no credit.
        "credit": credit if credit > 0.0 else math.nan,
        "days_to_expiry": float(days),
        "breached": TRUE if path.breached[at] else FALSE,
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
        "extrinsic": path.extrinsic[at],
    }


def _book_adds(book: Book) -> Adds:
    whole, greeks = book.whole, book.whole.greeks
    return Adds(greeks.delta, greeks.gamma, greeks.theta, greeks.vega, whole.margin, whole.max_loss)


def _unit_adds(context: Context, legs: tuple[Leg, ...], value: UnitValue, row: int) -> Adds:
    book = context.book
    delta = gamma = theta = vega = 0.0
    for leg in legs:
        mark, size = book.marks.at(leg.contract, row), leg.count
        size *= book.marks.multiplier(leg.contract)
        theta += size * mark.theta
        if leg.contract.underlying in book.volatilities:
            vega += size * mark.delta
        else:
            moves = book.moves(leg.contract, row)
            delta += size * mark.delta * moves
            gamma += size * mark.gamma * moves * moves
            vega += size * mark.vega
    return Adds(delta, gamma, theta, vega, value.margin, max(value.max_loss, 0.0))


class Reallocation:
    """Weight that has moved between layers, a bounded step a period."""

    def __init__(self, context: Context, layers: dict[str, LayerRun]) -> None:
        self.moved = dict.fromkeys(layers, 0.0)
        self._context, self._layers = context, layers
        self._item = context.ruleset.reallocate

    def take_over(self, before: Reallocation) -> None:
        """Go on from another version's: what has moved between the same layers has moved."""
        if self._named() == before._named():
            self.moved |= {name: before.moved[name] for name in self._named()}

    def _named(self) -> list[str]:
        layers = () if self._item is None else self._item.layers
        return sorted(word.name for word in layers if word.name in self._layers)

    def step(self, row: int) -> None:
        """On the first session of a period, move weight from the least to the most promising."""
        item, context = self._item, self._context
        if item is None or row == 0 or not self._begins(item.period, row):
            return
        named = [word.name for word in item.layers if word.name in self._layers]
        promised = {name: self._layers[name].projected_irr(row) for name in named}
        known = {name: value for name, value in promised.items() if math.isfinite(value)}
        if len(known) < 2:
            return
        best, worst = max(known, key=lambda n: known[n]), min(known, key=lambda n: known[n])
        step = DEFAULT_STEP
        if item.step is not None:
            step = context.decisions.written(item.step.span)[0]
        has = float(context.decisions.of(f"{worst}.weight"))
        if known[best] > known[worst] and math.isfinite(step) and has > 0.0:
            amount = min(step, has)
            self.moved[best] += amount
            self.moved[worst] -= amount

    def _begins(self, period: str, row: int) -> bool:
        before, now = self._context.dates[row - 1], self._context.dates[row]
        if period == "daily":
            return True
        if period == "weekly":
            # 1970-01-01 was a Thursday: weeks that begin on Monday.
            return bool((before.astype(int) + 3) // 7 != (now.astype(int) + 3) // 7)
        months = [int(day.astype("datetime64[M]").astype(int)) for day in (before, now)]
        if period == "quarterly":
            months = [month // 3 for month in months]
        return months[0] != months[1]
