"""What the parts of one run share: the ruleset, the book, the day, and what the rows are called."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.deciding import Decisions
from alvh_rules.backtest.limits import BookLimits, History
from alvh_rules.backtest.selection import Selector
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest.trades import Cause
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.source import Span
from alvh_rules.market.sessions import exchange

LAG = {"next close": 1, "next open": 1, "same close": 0}


@dataclass
class Context:
    """One book's run. `dates` are those of the rows."""

    ruleset: c.CheckedRuleset
    book: Book
    decisions: Decisions
    listing: Listing
    selector: Selector
    limits: BookLimits
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    history: History = field(default_factory=History)
    drawdown: float = 0.0
    skipped: int = 0

    @property
    def whole(self) -> bool:
        """Whether contracts are whole."""
        return not self.ruleset.fractional

    @property
    def equity(self) -> float:
        """Equity in dollars."""
        return self.book.ledger.equity / 100.0

    def cause(self, text: str, span: Span, row: int) -> Cause:
        """A cause by its text."""
        return Cause(text, span, row)

    def cause_at(self, span: Span, row: int) -> Cause:
        """A cause by its place in the ruleset."""
        return Cause(self.ruleset.text(span), span, row)

    def refuse(self, row: int, owner: str, structure: str, cause: Cause, reason: str) -> None:
        """Record that something was not done."""
        self.skipped += 1
        self.book.refuse(row, owner, structure, cause, reason)

    def bounds(self) -> list[float]:
        """The bounds of all limits, as of this session."""
        return [self.decisions.limit(number) for number in range(len(self.ruleset.limits))]

    def filled_on(self, row: int) -> np.datetime64:
        """The day on which an order of this row is filled: its own, or the exchange's next session."""
        day = self.dates[row]
        if LAG[self.ruleset.fill] == 0:
            return np.datetime64(day, "D")
        sessions = exchange().sessions
        return np.datetime64(sessions[int(np.searchsorted(sessions, day, "right"))], "D")


def underlying_of(ruleset: c.CheckedRuleset, name: str) -> str:
    """What quotes call a column's underlying: a curve is of VIX futures."""
    column = next((item for item in ruleset.schema.columns if item.name == name), None)
    return "vix" if column is not None and column.kind is Kind.CURVE else name


def delta_reference(ruleset: c.CheckedRuleset) -> str:
    """What the book's delta is for a point of: the first underlying that is traded and is a price; empty
    where none is."""
    traded = [layer.structure.underlying for layer in ruleset.layers]
    traded += [item.structure.underlying for item in ruleset.holdings]
    hedge = ruleset.hedge
    traded += [item.underlying for item in (hedge.structures if hedge is not None else ())]
    if hedge is not None and hedge.keep is not None:
        traded.append(hedge.keep.structure.underlying)
    prices = {item.name for item in ruleset.schema.columns if item.kind is Kind.PRICE}
    return next((name for name in traded if name in prices), "")


def volatilities(ruleset: c.CheckedRuleset) -> frozenset[str]:
    """The underlyings that are volatilities themselves."""
    kinds = (Kind.VOLATILITY, Kind.CURVE)
    return frozenset(
        underlying_of(ruleset, item.name) for item in ruleset.schema.columns if item.kind in kinds
    )
