"""The hedge: how much of what it should hold, each session, and the orders that bring it there.

How much is needed is a ratio of a basis (`hedge_measures.py`).

Futures and shares are brought to the target contract by contract, and roll as the months move on. An
option structure is selected when it is first wanted and kept, with its units brought to the target
each session, until another structure is wanted, one of its legs expires, or a time shift replaces it by
the same structure in the next expiry that is listed. A time shift acts when its condition becomes true; months of
futures stand one further out while it is true. Options are bought as far as free cash goes, and with a
limit on `hedge.cost` as far as what they cost fits what the limit leaves. An unknown ratio or structure
keeps what is held.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from alvh_rules.backtest.context import Context, underlying_of
from alvh_rules.backtest.futures import spread_whole
from alvh_rules.backtest.hedge_measures import HedgeMeasures
from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.shapes import SHAPES
from alvh_rules.backtest.strikes import Selected
from alvh_rules.backtest.targets import (
    MOST_CONTRACTS,
    TOO_MANY,
    Target,
    Targets,
    affordable,
    held_units,
    is_outright,
    outright_contracts,
    too_many,
)
from alvh_rules.backtest.trades import Cause
from alvh_rules.check import checked as c
from alvh_rules.core.kleene import TRUE
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast

HEDGE = "hedge"


class HedgeRun:
    """The hedge of one book."""

    def __init__(self, context: Context, hedge: c.Hedge) -> None:
        self.context, self.hedge = context, hedge
        self.targets = Targets(context)
        self.measures = HedgeMeasures(context, hedge.basis)
        self.ratio = self.held_ratio = math.nan
        self.unknown = 0
        self.adverse: dict[str, int] = {}
        """Of option structures: sessions on which what was held for vega lost on a rise of VIX."""
        self._position: str | None = None
        self._code = -1
        self._each = math.nan
        self._was_shifting = False
        ruleset = context.ruleset
        words = ruleset.labels.get("hedge.hold", ())
        texts = {ruleset.text(item.span): item for item in reversed(hedge.structures)}
        self._structures = [texts[word] for word in words]
        self._words = list(words)
        stated = ruleset.values.get("hedge.ratio@0")
        self._ratio_span = stated.span if stated is not None else hedge.span

    @property
    def position(self) -> Position | None:
        """What the hedge holds."""
        if self._position is None:
            return None
        return self.context.book.ledger.positions.get(self._position)

    @property
    def held(self) -> str | None:
        """The name of its position."""
        return self._position

    def take_over(self, before: HedgeRun) -> None:
        """Go on from the hedge of another version of the ruleset.

        A structure of the same words is the same: it is kept, and what a unit of it counts too, unless
        the ratio is of something else now.
        """
        self._position, self._was_shifting = before._position, before._was_shifting
        self.targets.pending = before.targets.pending
        if before._code < 0:
            return
        words = before._words[before._code]
        self._code = self._words.index(words) if words in self._words else -1
        if self._code >= 0 and self.hedge.basis == before.hedge.basis:
            self._each = before._each

    def adopt(self, position: Position) -> None:
        """Go on from a position that was opened elsewhere, as of the structure that fits its legs."""
        self._position = position.name
        outright = any(not contract.is_option for contract in position.legs)
        legs = len(position.legs)
        for code, structure in enumerate(self._structures):
            shape = SHAPES.get((structure.shape, structure.right))
            if (
                is_outright(structure)
                if shape is None
                else not outright and len(shape.legs) == legs
            ):
                self._code = code
                position.structure = self.context.ruleset.text(structure.span)
                return

    def save(self) -> dict[str, Any]:
        """What is carried to the next session beside the orders under way."""
        return {
            "position": self._position,
            "ratio": self.ratio,
            "held_ratio": self.held_ratio,
            "unknown": self.unknown,
            "code": self._code,
            "each": float(self._each),
            "was_shifting": self._was_shifting,
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave."""
        self._position, self.unknown = saved["position"], saved["unknown"]
        self.ratio, self.held_ratio = saved["ratio"], saved["held_ratio"]
        self._code, self._each = saved["code"], saved["each"]
        self._was_shifting = saved["was_shifting"]

    def fill(self, row: int) -> None:
        """Fill the orders under way."""
        for order, position in self.targets.fill(row):
            if order.owner != HEDGE:
                continue
            if position is not None:
                self._position = position.name
            elif order.position == self._position:
                self._position = None

    # --- what is wanted ---

    def keep(self, row: int) -> None:
        """Decide nothing: what is held stays."""
        self.ratio = math.nan
        self.held_ratio = self.measures.held_ratio(self.position, row)

    def decide(self, row: int) -> None:
        """Order what brings the hedge to its target."""
        context = self.context
        if not self._structures:
            return
        self.ratio = float(context.decisions.of("hedge.ratio"))
        code = int(context.decisions.of("hedge.hold"))
        self.held_ratio = self.measures.held_ratio(self.position, row)
        self._note_adverse()
        if not math.isfinite(self.ratio) or code < 0:
            self.unknown += 1
            return
        structure = self._structures[code]
        shifting = (
            "hedge.time_shift" in context.ruleset.values
            and context.decisions.of("hedge.time_shift") == TRUE
        )
        begins, self._was_shifting = shifting and not self._was_shifting, shifting
        changed, self._code = code != self._code, code
        position = self.position
        needed = self.ratio * self.measures.of_layers(row)
        text = context.ruleset.text(structure.span)
        cause = self._cause(row, text if changed else "")
        if structure.shape == "nothing" or not needed > 0.0:
            if position is not None:
                self._order(position, text, {}, (), 0.0, "close", cause)
            return
        if is_outright(structure):
            self._outright(row, structure, text, needed, int(shifting), cause)
        else:
            self._options(row, structure, text, needed, changed, begins, cause)

    def _note_adverse(self) -> None:
        position = self.position
        if self.hedge.basis == "vega" and position is not None and self.held_ratio <= 0.0:
            name = position.structure
            self.adverse[name] = self.adverse.get(name, 0) + 1

    def _cause(self, row: int, held: str) -> Cause:
        if held:
            return Cause(f"hold {held}", self._structures[self._code].span, row)
        return self.context.cause_at(self._ratio_span, row)

    def _shift_cause(self, row: int) -> Cause:
        span: Span = self.context.ruleset.values["hedge.time_shift"].span
        return Cause(f"time_shift to next expiry when {self.context.ruleset.text(span)}", span, row)

    def _outright(
        self, row: int, structure: ast.Structure, text: str, needed: float, shift: int, cause: Cause
    ) -> None:
        context = self.context
        found = outright_contracts(context, structure, row, shift)
        if isinstance(found, str):
            return context.refuse(row, HEDGE, text, cause, found)
        context.book.marks.follow([item for item, _ in found], row)
        each = sum(weight * self.measures.of_contract(item, row) for item, weight in found)
        if not each > 0.0:
            return context.refuse(row, HEDGE, text, cause, _useless(self.hedge.basis, each))
        if needed / each > MOST_CONTRACTS:
            return context.refuse(row, HEDGE, text, cause, TOO_MANY)
        counts = spread_whole(needed / each, [weight for _, weight in found], context.whole)
        wanted = {item: n for (item, _), n in zip(found, counts, strict=True) if n}
        position = self.position
        held = position.legs if position is not None else {}
        grows = sum(wanted.values()) > sum(item.count for item in held.values())
        if grows and self._stopped(row, text, cause):
            return
        if position is not None and any(item.is_option for item in position.legs):
            self._order(position, position.structure, {}, (), 0.0, "close", cause)
            position = None
        if position is None:
            if wanted:
                self._order(None, text, wanted, (), 0.0, "open", cause)
            return
        same = set(held) == set(wanted)
        if same and all(abs(held[item].count - n) < 1e-9 for item, n in wanted.items()):
            return
        action = "close" if not wanted else "resize" if same else "roll"
        if shift and not same:
            cause = self._shift_cause(row)
        self._order(position, text, wanted, (), 0.0, action, cause)

    def _options(
        self,
        row: int,
        structure: ast.Structure,
        text: str,
        needed: float,
        changed: bool,
        begins: bool,
        cause: Cause,
    ) -> None:
        context, position = self.context, self.position
        keeps = (
            position is not None
            and not begins
            and not changed
            and position.unit
            and set(position.legs) == {leg.contract for leg in position.unit}
        )
        if keeps:
            assert position is not None
            unit = position.unit
        else:
            after = 0
            if begins and position is not None and not changed:
                after = min(item.expiry for item in position.legs)
                cause = self._shift_cause(row)
            found = self._select(structure, row, after)
            if isinstance(found, str):
                return context.refuse(row, HEDGE, text, cause, found)
            unit = found.legs
        context.book.marks.follow([leg.contract for leg in unit], row)
        cost = sum(
            leg.count
            * context.book.marks.at(leg.contract, row).mid
            * context.book.marks.multiplier(leg.contract)
            for leg in unit
        )
        if not keeps or not math.isfinite(self._each):
            self._each = self.measures.of_unit(structure.shape, unit, row, cost)
        each = self._each
        if not each > 0.0:
            context.refuse(row, HEDGE, text, cause, _useless(self.hedge.basis, each))
            if position is not None and not keeps and changed:
                self._order(position, position.structure, {}, (), 0.0, "close", cause)
            return
        held = held_units(position) if keeps else 0.0
        units = affordable(needed / each, cost, held, self._budget(row))
        if context.whole:
            # Cut by the budget, a half is not rounded up.
            units = float(round(units) if units >= needed / each else math.floor(units + 1e-9))
        if too_many(units, unit):
            return context.refuse(row, HEDGE, text, cause, TOO_MANY)
        grows = not keeps or position is None or units > position.units
        if grows and units and self._stopped(row, text, cause):
            return
        wanted = {leg.contract: leg.count * units for leg in unit} if units else {}
        if keeps:
            assert position is not None
            if units != position.units:
                action = "resize" if units else "close"
                self._order(position, text, wanted, unit, units, action, cause)
            return
        if position is not None:
            if begins and not changed and units:
                self._order(position, text, wanted, unit, units, "roll", cause)
                return
            self._order(position, position.structure, {}, (), 0.0, "close", cause)
        if units:
            self._order(None, text, wanted, unit, units, "open", cause)

    def _select(self, structure: ast.Structure, row: int, after: int) -> Selected | str:
        context = self.context
        underlying = underlying_of(context.ruleset, structure.underlying)
        return context.selector.select(structure, underlying, row, context.decisions.written, after)

    def _budget(self, row: int) -> float:
        """Dollars that options may be bought for now."""
        context = self.context
        left = context.limits.hedge_budget(context.history, context.bounds())
        return min(max(context.book.free_cash, 0.0), left)

    def _stopped(self, row: int, text: str, cause: Cause) -> bool:
        context = self.context
        limit = context.limits.hedge_stopped(row, context.history, context.bounds())
        if limit is not None:
            context.refuse(row, HEDGE, text, cause, f"{limit.text}: purchases stop")
        return limit is not None

    def _order(
        self,
        position: Position | None,
        structure: str,
        contracts: Mapping[Contract, float],
        unit: tuple[Leg, ...],
        units: float,
        action: str,
        cause: Cause,
    ) -> None:
        name = None if position is None else position.name
        self.targets.pending.append(
            Target(HEDGE, name, structure, contracts, unit, units, action, cause)
        )


def _useless(basis: str, each: float) -> str:
    if basis == "vega":
        return f"a unit gains ${each:,.2f} when VIX rises by a point: it is no hedge of vega"
    return f"a unit is worth ${each:,.2f}: no number of them makes the ratio"
