"""The open positions of a book as a trader looks at them: what is held, and what would close it.

Of a layer's closing condition each clause that compares two numbers is looked at: where the position's
number stands now, and what it waits for. The nearest is the one whose numbers are least apart, as a
share of the larger. A clause that holds already has ordered the closing, which the book then says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from alvh_rules.backtest.deciding import Rules, Scalar, alternatives, cut, row_name
from alvh_rules.backtest.instruments import NEVER, Contract
from alvh_rules.backtest.layers import LayerRun, position_facts
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.simulate import BookRun
from alvh_rules.backtest.wording import condition_words
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.report.values import shown


@dataclass(frozen=True, slots=True)
class Outlook:
    """An open position. `legs` are contracts, how many, and marks in points; `profit` so far in dollars;
    `days` to the nearest expiry, None of shares. `closes` is what would close it, in words; `closing` says
    that this is ordered."""

    position: str
    owner: str
    structure: str
    legs: tuple[tuple[Contract, float, float], ...]
    profit: float
    days: int | None
    closes: str
    closing: bool


@dataclass(frozen=True, slots=True)
class _Side:
    """A clause that compares: its text, and the places of both sides among the code's values."""

    text: str
    left: int
    right: int
    kind: Kind
    written: bool


class Closings:
    """How near each clause of a layer's closing condition is to closing a position."""

    def __init__(self, rules: Rules, layer: c.Layer) -> None:
        assert layer.close is not None
        lowering = Lowering.over(rules.ruleset, rules.plan)
        self._sides: list[_Side] = []
        wanted: list[int] = []
        self.texts: list[str] = []
        for item in alternatives(layer.close):
            text = condition_words(rules.ruleset, item)
            inner = item.condition if isinstance(item, c.Lasting) else item
            if not isinstance(inner, c.Compare) or inner.left.type.kind not in NUMERIC:
                self.texts.append(text)
                continue
            kind, written = inner.left.type.kind, isinstance(inner.right, c.Constant)
            self._sides.append(_Side(text, len(wanted), len(wanted) + 1, kind, written))
            wanted += [lowering.lower(inner.left), lowering.lower(inner.right)]
        known = set(range(len(rules.plan.nodes)))
        # What the plan does not hold would have to be worked out anew from the first row on.
        self._usable = bool(wanted) and known.issuperset(wanted)
        if self._usable:
            nodes, places, self._reads, _ = cut(rules.plan, wanted)
            self._code = BarByBar(nodes, places)
            fresh = self._code.save()
            self._usable = not fresh["own"] and not fresh["calls"]

    def nearest(self, run: BookRun, position: Position, row: int, moment: Moment) -> str:
        """The clause nearest to closing a position, with where it stands; else all in words."""
        others = " or ".join(self.texts)
        if not self._usable:
            return " or ".join([*(side.text for side in self._sides), *self.texts])
        facts = position_facts(run.context, position, row)
        decisions = run.context.decisions
        given = {row_name(number): decisions.node(number) for number in self._reads}
        values: list[Scalar] = [
            given[name] if name in given else facts[name] for name in self._code.columns
        ]
        found = self._code.decide(values, moment)
        best: tuple[float, str] | None = None
        for side in self._sides:
            left, right = float(found[side.left]), float(found[side.right])
            if left != left or right != right:
                continue
            apart = abs(left - right) / max(abs(left), abs(right), math.ulp(1.0))
            wanted = "" if side.written else f", {_shown(right, side.kind)} closes it"
            words = f"{side.text} (now {_shown(left, side.kind)}{wanted})"
            if best is None or apart < best[0]:
                best = apart, words
        return others if best is None else best[1]


def _shown(value: float, kind: Kind) -> str:
    if kind is Kind.MONEY:
        return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"
    return shown(value, kind)


class Outlooks:
    """The outlooks of a book, from the code that is made once for its layers."""

    def __init__(self, rules: Rules) -> None:
        self._closings = {
            layer.name: Closings(rules, layer)
            for layer in rules.ruleset.layers
            if layer.close is not None
        }

    def of(self, run: BookRun, row: int, moment: Moment) -> list[Outlook]:
        """Every open position after a row's session, in the order they were opened."""
        return list(self._outlooks(run, row, moment))

    def _outlooks(self, run: BookRun, row: int, moment: Moment) -> Iterator[Outlook]:
        today = int(run.context.dates[row].astype("datetime64[D]").astype(int))
        for position in run.context.book.ledger.positions.values():
            layer = run.layers.get(position.owner)
            closes, closing = self._closes(run, layer, position, row, moment)
            nearest = min(contract.expiry for contract in position.legs)
            yield Outlook(
                position.name,
                position.owner,
                position.structure,
                tuple(
                    (held.contract, held.count, held.mark.mid if held.mark else math.nan)
                    for held in position.legs.values()
                ),
                position.profit / 100.0,
                None if nearest == NEVER else nearest - today,
                closes,
                closing,
            )

    def _closes(
        self,
        run: BookRun,
        layer: LayerRun | None,
        position: Position,
        row: int,
        moment: Moment,
    ) -> tuple[str, bool]:
        if layer is None:
            return "", False
        ending = layer.endings.get(position.name)
        if ending is not None:
            return ending.text.removeprefix("close when "), True
        closings = self._closings.get(position.owner)
        if closings is None:
            return "held to expiry", False
        return closings.nearest(run, position, row, moment), False
