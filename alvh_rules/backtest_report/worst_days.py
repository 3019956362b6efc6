"""The worst days of a run, each explained: who lost what, on which positions, and what was decided.

A day's loss is the change of equity. It is split by owner through the cumulative profits, which add
up to it exactly, and by position through what its legs are worth and what its trades brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.attribution import causes_of_session
from alvh_rules.backtest_report.book import (
    hedges,
    on_sessions,
    owners,
    rows_of_events,
    session_change,
    value_on,
)
from alvh_rules.backtest_report.returns import dates_of, session_returns
from alvh_rules.backtest_report.words import shown

MOST_DAYS: Final = 8
MOST_POSITIONS: Final = 6
MOST_TRADES: Final = 12
MOST_DECISIONS: Final = 12
_MOVES: Final = ("spot", "vix", "vix3m", "vvix")


@dataclass(frozen=True, slots=True)
class Moved:
    """A position on a day: what it made, dollars, and the clause that opened it."""

    position: str
    owner: str
    profit: float
    structure: str
    opened: Any
    clause: str
    place: str


@dataclass(frozen=True, slots=True)
class WorstDay:
    """One day. `profit` and `alone` are the change of equity with and without the hedge, dollars;
    `by_owner` what each made; `moves` the market's values before and on the day; `decided` the
    decisions at the close before, which were in force."""

    day: Any
    change: float
    profit: float
    alone: float
    by_owner: dict[str, float]
    positions: tuple[Moved, ...]
    moves: dict[str, tuple[float, float]]
    events: tuple[str, ...]
    decided_on: Any
    decided: dict[str, str]
    trades: tuple[dict[str, Any], ...]
    more_trades: int


def worst_days(backtest: Backtest, most: int = MOST_DAYS) -> list[WorstDay]:
    """The days with the lowest returns, worst first, the earlier of equals first; losses only."""
    equity = backtest.equity["equity"].to_numpy(dtype=float)
    returns = session_returns(equity, backtest.capital)
    order = np.argsort(returns, kind="stable")
    return [_day(backtest, int(row)) for row in order[:most] if returns[row] < 0]


def _day(backtest: Backtest, row: int) -> WorstDay:
    frame, days = backtest.equity, dates_of(backtest.equity)
    day, before = days[row], days[row - 1] if row else None
    equity = frame["equity"].to_numpy(dtype=float)
    alone = frame["equity_without_hedge"].to_numpy(dtype=float) if hedges(backtest) else equity
    trades = backtest.trades[dates_of(backtest.trades) == day]
    kept = trades[trades["action"] != "refuse"]
    market = {
        name: on_sessions(backtest, backtest.market, name)
        for name in _MOVES
        if name in backtest.market.columns
    }
    return WorstDay(
        day=day,
        change=float(session_returns(equity, backtest.capital)[row]),
        profit=float(session_change(equity, backtest.capital)[row]),
        alone=float(session_change(alone, backtest.capital)[row]),
        by_owner={
            name: float(session_change(values)[row]) for name, values in owners(backtest).items()
        },
        positions=_positions(backtest, day, before),
        moves={
            name: (float(values[row - 1]) if row else float("nan"), float(values[row]))
            for name, values in market.items()
        },
        events=tuple(name for name, rows in rows_of_events(backtest).items() if row in rows),
        decided_on=before,
        decided=_decided(backtest, before),
        trades=tuple(kept[:MOST_TRADES].to_dict("records")),
        more_trades=max(len(kept) - MOST_TRADES, 0),
    )


def _positions(backtest: Backtest, day: Any, before: Any) -> tuple[Moved, ...]:
    """The positions that moved most, by what they made on the day."""
    held, trades = backtest.positions, backtest.trades
    dates = dates_of(held)
    now, then = held[dates == day], held[dates == before]
    mine = trades[(dates_of(trades) == day) & (trades["action"] != "refuse")]
    profit = {}
    for name in sorted({*now["position"], *then["position"], *mine["position"]}):
        traded = mine[mine["position"] == name]
        profit[name] = causes_of_session(
            backtest,
            then[then["position"] == name],
            now[now["position"] == name],
            traded if len(traded) else None,
            before,
            day,
        ).total
    order = sorted(profit, key=lambda name: -abs(profit[name]))[:MOST_POSITIONS]
    return tuple(_moved(backtest, str(name), profit[name]) for name in order)


def _moved(backtest: Backtest, position: str, profit: float) -> Moved:
    trades = backtest.trades
    first = trades[(trades["position"] == position) & (trades["action"] != "refuse")]
    if not len(first):
        return Moved(position, "", profit, "", None, "", "")
    opening = first.iloc[0]
    return Moved(
        position,
        str(opening["owner"]),
        profit,
        str(opening["structure"]),
        opening["date"],
        str(opening["clause"]),
        str(opening["place"]),
    )


def _decided(backtest: Backtest, day: Any) -> dict[str, str]:
    names = [name for name in backtest.decisions.columns if name != "date"][:MOST_DECISIONS]
    if day is None:
        return {}
    return {name: shown(value_on(backtest.decisions, name, day)) for name in names}
