"""What is held beside the hedge: standing holdings, and the shares that keep the book's delta."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from alvh_rules.backtest.context import Context, underlying_of
from alvh_rules.backtest.futures import spread_whole
from alvh_rules.backtest.hedging import HEDGE
from alvh_rules.backtest.instruments import Contract
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.targets import (
    MOST_CONTRACTS,
    TOO_MANY,
    Target,
    Targets,
    is_outright,
    outright_contracts,
    too_many,
)
from alvh_rules.backtest.trades import Cause
from alvh_rules.syntax import ast


class DeltaBand:
    """`keep delta between … by …`: gamma scalping. Where the book's delta closes outside the band,
    shares or futures are traded to bring it to the middle."""

    def __init__(self, context: Context, keep: ast.KeepDelta) -> None:
        self.context, self.keep = context, keep
        self.text = context.ruleset.text(keep.structure.span)
        self.targets = Targets(context)
        self._position: str | None = None

    def save(self) -> dict[str, Any]:
        """What is carried to the next session beside the orders under way."""
        return {"position": self._position}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave."""
        self._position = saved["position"]

    @property
    def held(self) -> str | None:
        """The name of its position."""
        return self._position

    def take_over(self, before: DeltaBand) -> None:
        """Go on from another version's, where both trade the same."""
        if self.text == before.text:
            self._position, self.targets.pending = before._position, before.targets.pending

    def fill(self, row: int) -> None:
        """Fill the order under way."""
        for _, position in self.targets.fill(row):
            self._position = None if position is None else position.name

    def decide(self, row: int) -> None:
        """Order what brings the book's delta back, where it has left the band."""
        context, keep = self.context, self.keep
        low, high = (context.decisions.written(part.span)[0] for part in (keep.low, keep.high))
        delta = context.book.whole.greeks.delta
        if not (low == low and high == high) or low <= delta <= high:
            return
        cause, text = context.cause_at(keep.span, row), self.text
        found = outright_contracts(context, keep.structure, row)
        if isinstance(found, str):
            return context.refuse(row, HEDGE, text, cause, found)
        marks = context.book.marks
        marks.follow([item for item, _ in found], row)
        each = sum(
            weight
            * marks.at(item, row).delta
            * marks.multiplier(item)
            * context.book.moves(item, row)
            for item, weight in found
        )
        if not each > 0.0:
            return context.refuse(row, HEDGE, text, cause, f"no quote for {found[0][0]}")
        position = context.book.ledger.positions.get(self._position or "")
        held = {} if position is None else {k: h.count for k, h in position.legs.items()}
        change = ((low + high) / 2.0 - delta) / each
        counts = spread_whole(change, [weight for _, weight in found], context.whole)
        wanted = dict(held)
        for (item, _), count in zip(found, counts, strict=True):
            wanted[item] = wanted.get(item, 0.0) + count
        wanted = {item: count for item, count in wanted.items() if abs(count) > 1e-9}
        if wanted == held:
            return
        name, action = (None, "open") if position is None else (position.name, "resize")
        self.targets.pending.append(
            Target(HEDGE, name, text, wanted, (), 0.0, action if wanted else "close", cause)
        )


class HoldingRun:
    """A standing holding: futures or shares kept at a weight of equity, or options bought with it.

    The weight of futures is that of their value. Options are bought for the weighted share of equity,
    kept to their expiry and bought again; a weight of zero sells them. Shares on which calls are written
    (`size covered`) stay as they are until those are gone: sold, they would leave a naked call.
    """

    def __init__(self, context: Context, holding: ast.Holding) -> None:
        self.context, self.holding = context, holding
        self.targets = Targets(context)
        self.text = context.ruleset.text(holding.structure.span)
        self._position: str | None = None

    def save(self) -> dict[str, Any]:
        """What is carried to the next session beside the orders under way."""
        return {"position": self._position}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave."""
        self._position = saved["position"]

    def fill(self, row: int) -> None:
        """Fill the order under way."""
        for order, position in self.targets.fill(row):
            if position is not None:
                self._position = position.name
            elif order.position == self._position:
                self._position = None

    @property
    def held(self) -> str | None:
        """The name of its position."""
        return self._position

    def follows(self, before: HoldingRun, *, exactly: bool) -> bool:
        """Whether it can go on from a holding of another version: of the same words, or where not
        `exactly`, of futures or shares on the same underlying, which are brought to any target."""
        if exactly:
            return self.text == before.text
        mine, other = self.holding.structure, before.holding.structure
        outright = is_outright(mine) and is_outright(other)
        return outright and (mine.shape, mine.underlying) == (other.shape, other.underlying)

    def take_over(self, before: HoldingRun) -> None:
        """Go on from a holding of another version."""
        self._position, self.targets.pending = before._position, before.targets.pending

    def adopt(self, position: Position) -> None:
        """Go on from a position that was opened elsewhere."""
        self._position = position.name
        position.structure = self.text

    def decide(self, row: int) -> None:
        """Order what brings the holding to its weight."""
        context, holding = self.context, self.holding
        weight = 1.0
        if holding.weight is not None:
            weight = context.decisions.written(holding.weight.span)[0]
        if not math.isfinite(weight):
            return
        position = context.book.ledger.positions.get(self._position or "")
        cause = context.cause_at(holding.span, row)
        if holding.structure.shape == "shares" and position is not None and self._written_on():
            return
        if is_outright(holding.structure):
            self._outright(row, weight, position, cause)
        elif holding.structure.shape != "nothing":
            self._options(row, weight, position, cause)

    def _written_on(self) -> bool:
        """Whether calls are open that the shares of this holding cover."""
        underlying = underlying_of(self.context.ruleset, self.holding.structure.underlying)
        return any(
            position.covered and contract.underlying == underlying
            for position in self.context.book.ledger.positions.values()
            for contract in position.legs
        )

    def _outright(self, row: int, weight: float, position: Position | None, cause: Cause) -> None:
        context = self.context
        found = outright_contracts(context, self.holding.structure, row)
        if isinstance(found, str):
            return context.refuse(row, "holding", self.text, cause, found)
        marks = context.book.marks
        marks.follow([item for item, _ in found], row)
        each = sum(
            share * marks.at(item, row).mid * marks.multiplier(item) for item, share in found
        )
        if not each > 0.0:
            return context.refuse(row, "holding", self.text, cause, f"no quote for {found[0][0]}")
        total = weight * context.equity / each
        if abs(total) > MOST_CONTRACTS and self.holding.structure.shape != "shares":
            return context.refuse(row, "holding", self.text, cause, TOO_MANY)
        counts = spread_whole(total, [share for _, share in found], context.whole)
        wanted = {item: n for (item, _), n in zip(found, counts, strict=True) if n}
        held = {} if position is None else {key: leg.count for key, leg in position.legs.items()}
        if wanted == held:
            return
        if position is None:
            self._order(None, wanted, "open", cause)
        else:
            same = set(held) == set(wanted)
            action = "close" if not wanted else "resize" if same else "roll"
            self._order(position, wanted, action, cause)

    def _options(self, row: int, weight: float, position: Position | None, cause: Cause) -> None:
        context = self.context
        if position is not None:
            if weight == 0.0:
                self._order(position, {}, "close", cause)
            return
        if not weight > 0.0:
            return
        structure = self.holding.structure
        underlying = underlying_of(context.ruleset, structure.underlying)
        found = context.selector.select(structure, underlying, row, context.decisions.written)
        if isinstance(found, str):
            return context.refuse(row, "holding", self.text, cause, found)
        marks = context.book.marks
        marks.follow([leg.contract for leg in found.legs], row)
        costs = context.book.costs
        price = sum(
            leg.count
            * marks.multiplier(leg.contract)
            * costs.fill(marks.at(leg.contract, row), leg.count, len(found.legs))
            for leg in found.legs
        )
        if not price > 0.0:
            return context.refuse(row, "holding", self.text, cause, "a unit has no price to pay")
        units = weight * context.equity / price
        units = float(math.floor(units + 1e-9)) if context.whole else units
        if not units > 0.0:
            reason = (
                f"too small for one contract: ${weight * context.equity:,.0f} for ${price:,.0f}"
            )
            return context.refuse(row, "holding", self.text, cause, reason)
        if too_many(units, found.legs):
            return context.refuse(row, "holding", self.text, cause, TOO_MANY)
        wanted = {leg.contract: leg.count * units for leg in found.legs}
        self.targets.pending.append(
            Target("holding", None, self.text, wanted, found.legs, units, "open", cause)
        )

    def _order(
        self, position: Position | None, wanted: Mapping[Contract, float], action: str, cause: Cause
    ) -> None:
        name = None if position is None else position.name
        self.targets.pending.append(
            Target("holding", name, self.text, wanted, (), 0.0, action, cause)
        )
