"""A paper account: the book of a backtest, taken through sessions as they come.

The step of a session is `BookRun.session`, which a backtest calls for each row of its history; what differs
is where a session's prices and decisions are from. Prices are made of the last rows (`window.py`), decisions
by whoever has the bar (`Ask`): the account tells the facts of its book in the middle of the session, and
is told what the ruleset decides from them. So an account over some bars holds, to the cent and trade by
trade, what a backtest over the same bars holds.

What it carries is `save`d as JSON can spell it. An account and what is saved of it know nothing of rows to
come: there are none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from alvh_rules.backtest import carried
from alvh_rules.backtest.deciding import Decisions, Facts, Rules, Scalar
from alvh_rules.backtest.frames import LEG_NAMES, TRADE_NAMES, leg_cells, place_of, trade_cells
from alvh_rules.backtest.marks import SessionMarks
from alvh_rules.backtest.outlook import Outlook, Outlooks
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.simulate import BookRun, Prices, Session
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest.window import Shifted, Window
from alvh_rules.evaluate.scalar_code import Moment
from alvh_rules.market.sessions import exchange
from alvh_rules.options.contracts import Quotes
from alvh_rules.options.quotes import SPX_SKEW
from alvh_rules.options.skew import Skew
from alvh_rules.options.trading_data import Asked

Ask = Callable[[Facts], tuple[Sequence[Scalar], Moment]]
"""Decides on the session at hand from the facts of the book."""

STALE = "the decision was stale when it was made: nothing is opened"


@dataclass(frozen=True)
class Statement:
    """An account after a session, in the names and units of a backtest's frames (`result.py`).

    `equity` is the session's row; `trades` those of the session, `positions` the open legs. `stale` says
    that its decision came too late to be acted on. Missing numbers are None, days texts.
    """

    equity: dict[str, Any]
    trades: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    stale: bool


class Account:
    """The book of a ruleset, session by session. `places` says where the values that an `Ask` gives have
    each node of the rules' plan. `files` says what a file of the ruleset is called in
    what is told and saved. Trading begins on the day `settings.first`, or with the first session."""

    def __init__(
        self,
        rules: Rules,
        asked: Asked,
        settings: Settings,
        places: Mapping[int, int],
        skew: Skew = SPX_SKEW,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self._files = files or {}
        self._rules, self._asked, self._settings, self._skew = rules, asked, settings, skew
        self._places = places
        self.names = Window(rules.ruleset, asked, skew).names
        """The columns that prices are made from."""
        self._begin()

    def _begin(self) -> None:
        self._window = Window(self._rules.ruleset, self._asked, self._skew)
        self._run: BookRun | None = None
        self._day = -1
        self._rate = math.nan
        self._before: tuple[float, dict[str, float]] = (math.nan, {})
        self._trades = 0
        self._ask: Ask | None = None
        self._moment: Moment | None = None
        self._outlooks: Outlooks | None = None
        self.assumed: tuple[str, ...] = ()
        """What had to be assumed on the last session, in words."""

    @property
    def run(self) -> BookRun | None:
        """The book; None before the first session."""
        return self._run

    @property
    def day(self) -> int:
        """The day number of the last session."""
        return self._day

    def session(
        self,
        ordinal: int,
        columns: Mapping[str, float],
        rate: float,
        ask: Ask,
        *,
        stale: bool = False,
    ) -> Statement | None:
        """Take the account through the next session, given by its number in the exchange's calendar.

        `columns` are what prices are made from; `rate` is what cash earns from this close on, in percent.
        None before trading begins.
        """
        if self._run is None:
            self._start(ordinal)
        run = self._run
        assert run is not None
        day = int(run.context.dates[self._window.row + 1].astype("datetime64[D]").astype(np.int64))
        inputs, first = self._window.add(day, columns)
        row = self._window.row
        assumed_rate, yields = self._before
        session = Session(row, day, day - self._day if row else 0, self._rate, assumed_rate, yields)
        self._price(inputs.quotes, inputs.opening, first, row)
        self._ask = ask
        trading = self._settings.first is None or day >= _day_number(self._settings.first)
        run.session(session, trading, withheld=STALE if stale else "")
        self._day, self._rate = day, rate
        at = row - first
        assumed = math.nan if inputs.rates is None else float(inputs.rates[at])
        self._before = (
            assumed,
            {key: float(item[at]) for key, item in inputs.dividend_yields.items()},
        )
        self.assumed = tuple(
            # How many of the rows that are kept it was is nobody's business.
            re.sub(r" on [\d,]+ sessions?", "", item.message)
            for item in self._window.found
            if item.code == "ALV844"
        )
        return self._statement(stale) if trading else None

    def _start(self, ordinal: int) -> None:
        """A book that begins with a session, which is its row 0."""
        dates = exchange().sessions[ordinal:]
        days = dates.astype("datetime64[D]").astype(np.int64)
        nothing: Any = None
        self._quotes, self._opening = Shifted(nothing, 0), Shifted(nothing, 0)
        ruleset = self._rules.ruleset
        self._marks = SessionMarks(self._quotes, days)
        self._fills = SessionMarks(self._opening, days) if ruleset.fill == "next open" else None
        self._listing = Listing(self._quotes)
        self._decisions = Decisions(self._rules, self._decide, self._places)
        prices = Prices(self._marks, self._fills, self._listing, dates)
        self._run = BookRun(
            ruleset, self._decisions, prices, self._settings, hedged=True, full=True
        )
        self._first_ordinal = ordinal

    def _decide(self, facts: Facts) -> tuple[Sequence[Scalar], Moment]:
        assert self._ask is not None
        values, self._moment = self._ask(facts)
        return values, self._moment

    def _price(self, quotes: Quotes, opening: Quotes | None, first: int, row: int) -> None:
        assert self._run is not None
        ledger = self._run.context.book.ledger
        held = [contract for item in ledger.positions.values() for contract in item.legs]
        self._quotes.quotes, self._quotes.first = quotes, first
        self._marks.begin(row, held)
        if self._fills is not None and opening is not None:
            self._opening.quotes, self._opening.first = opening, first
            self._fills.begin(row, held)

    def _statement(self, stale: bool) -> Statement:
        run = self._run
        assert run is not None
        recorder, ruleset = run.recorder, self._rules.ruleset
        dates = run.context.dates
        trades = []
        for trade in recorder.trades:
            self._trades += 1
            place = place_of(ruleset, trade.cause.span)
            file = trade.cause.span.file
            if place and file in self._files:
                place = self._files[file] + place[len(file) :]
            cells = trade_cells(self._trades, trade, dates, place)
            trades.append(_plain(TRADE_NAMES, cells))
        legs = [
            leg_cells(part, part.last, number, dates)
            for part in recorder.stretches
            for number in range(len(part.path.legs))
        ]
        positions = [_plain(LEG_NAMES, cells) for cells in legs]
        equity = self._equity(recorder.sessions[-1])
        recorder.clear()
        return Statement(equity, trades, positions, stale)

    def _equity(self, session: Mapping[str, Any]) -> dict[str, Any]:
        greeks = zip(("delta", "gamma", "theta", "vega"), session["greeks"], strict=True)
        owners = [
            owner
            for owner in session["profit"]
            if owner != "holding" or self._rules.ruleset.holdings
        ]
        told = {
            "equity": session["equity"] / 100.0,
            "cash": session["cash"] / 100.0,
            "margin": float(np.round(float(session["margin"]), 2)),
            "interest": session["interest"] / 100.0,
            **{f"{owner}_profit": session["profit"][owner] / 100.0 for owner in owners},
            **{f"book_{name}": value for name, value in greeks},
            "hedge_ratio": session["ratio"],
            "hedge_held": session["held"],
            "drawdown": session["drawdown"],
            "skipped": session["skipped"],
        }
        return _plain(tuple(told), tuple(told.values()))

    def outlooks(self) -> list[Outlook]:
        """The open positions after the last session; none where it was not seen by this process."""
        if self._run is None or self._moment is None:
            return []
        if self._outlooks is None:
            self._outlooks = Outlooks(self._rules)
        return self._outlooks.of(self._run, self._window.row, self._moment)

    def save(self) -> dict[str, Any]:
        """What is carried to the next session."""
        if self._run is None:
            return {}
        decided = []
        if self._rules.ruleset.reallocate is not None and self._window.row >= 0:
            decided = [self._decisions.node(number) for number in self._rules.wanted]
        rate, yields = self._before
        return {
            "first_ordinal": self._first_ordinal,
            "day": self._day,
            "trades": self._trades,
            "rate": self._rate,
            "assumed_rate": rate,
            "yields": dict(yields),
            "decided": decided,
            "window": self._window.save(),
            "book": carried.saved(self._run, self._files),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same ruleset and settings."""
        self._begin()
        if not saved:
            return
        self._start(saved["first_ordinal"])
        assert self._run is not None
        self._day, self._trades = saved["day"], saved["trades"]
        self._rate = saved["rate"]
        self._before = saved["assumed_rate"], dict(saved["yields"])
        self._window.load(saved["window"])
        carried.load(self._run, saved["book"], self._files)
        if saved["decided"]:
            self._decisions.remember(dict(zip(self._rules.wanted, saved["decided"], strict=True)))

    def restart(self) -> None:
        """Forget everything."""
        self._begin()


def _day_number(day: Any) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _plain(names: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    """Cells as JSON has them: a missing number or day is None, a day a text."""
    found = {}
    for name, cell in zip(names, cells, strict=True):
        if isinstance(cell, np.datetime64):
            cell = None if np.isnat(cell) else str(cell.astype("datetime64[D]"))
        elif isinstance(cell, date):
            cell = cell.isoformat()
        elif isinstance(cell, float):
            cell = None if cell != cell else float(cell)
        found[name] = cell
    return found
