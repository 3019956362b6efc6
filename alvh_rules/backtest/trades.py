"""What happened, row by row: trades and refusals, open legs, and sessions.

A `Recorder` holds the rows of one book; `frames.py` makes frames of them. A book that is only run for
comparison records its equity and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.paths import Path, path_at
from alvh_rules.core.source import Span
from alvh_rules.options.contracts import Source

SOURCES = {
    Source.UNKNOWN: "unknown",
    Source.CHAIN: "chain",
    Source.MODEL: "model",
    Source.SETTLEMENT: "settlement",
    Source.COLUMN: "column",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is done: a clause's text on one line, its place, and the row it was decided on."""

    text: str
    span: Span
    row: int


@dataclass(slots=True)
class Trade:
    """One row of `trades`; amounts in cents, rows of the timeline for days."""

    row: int
    position: str
    owner: str
    action: str
    structure: str
    legs: str
    contracts: float
    cash: int
    fees: int
    slippage: int
    profit: int
    cause: Cause
    source: str
    reason: str = ""
    underlyings: str = ""
    volatilities: str = ""


@dataclass(slots=True)
class Stretch:
    """A position over the sessions from row `first` to row `last` of one path."""

    position: Position
    path: Path
    first: int
    last: int


@dataclass
class Recorder:
    """The rows of one book; `full` where legs and trades are wanted beside sessions."""

    full: bool
    trades: list[Trade] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    _last: dict[str, Stretch] = field(default_factory=dict)

    @property
    def marks(self) -> int:
        """How many legs were marked, over all sessions."""
        return sum((part.last - part.first + 1) * len(part.path.legs) for part in self.stretches)

    def clear(self) -> None:
        """Forget all rows."""
        for rows in (self.trades, self.stretches, self.sessions):
            rows.clear()
        self._last.clear()

    def hold(self, row: int, position: Position) -> None:
        """One more session of a position, as it is marked."""
        path, _ = path_at(position, row)
        last = self._last.get(position.name)
        if last is not None and last.path is path:
            last.last = row
            return
        part = Stretch(position, path, row, row)
        self._last[position.name] = part
        self.stretches.append(part)

    def trade(self, trade: Trade) -> None:
        """One more trade, settlement or refusal."""
        if self.full:
            self.trades.append(trade)


def sources_of(found: set[int]) -> str:
    """The word for where prices came from."""
    words = {SOURCES[Source(item)] for item in found}
    return words.pop() if len(words) == 1 else "mixed" if words else "unknown"
