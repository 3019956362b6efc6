"""What a report asks of a backtest: its layers, whether it hedges, by which measure, and its prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.returns import dates_of
from alvh_rules.evaluate.inputs import Float

if TYPE_CHECKING:
    import pandas

PROFIT: Final = "_profit"
_LAST: Final = ("holding", "hedge", "interest")
"""Owners in the order of a report: layers by the ruleset, then these."""


def owners(backtest: Backtest) -> dict[str, Float]:
    """The cumulative profit, dollars by session, of each layer, of what is held, of the hedge, and of
    interest on cash; the last three only where there is any."""
    equity = backtest.equity
    names = [name.removesuffix(PROFIT) for name in equity.columns if name.endswith(PROFIT)]
    layers = [name for name in names if name not in _LAST]
    profits = {name: equity[name + PROFIT].to_numpy(dtype=float) for name in layers}
    for name in _LAST:
        column = name if name == "interest" else name + PROFIT
        if column in equity.columns:
            values = equity[column].to_numpy(dtype=float)
            if np.nan_to_num(values).any():
                profits[name] = values
    return profits


def hedges(backtest: Backtest) -> bool:
    """Whether anything was ever done to hedge."""
    if (backtest.trades["owner"] == "hedge").any():
        return True
    equity = backtest.equity
    if "equity_without_hedge" not in equity.columns:
        return False
    return not np.array_equal(
        equity["equity"].to_numpy(dtype=float),
        equity["equity_without_hedge"].to_numpy(dtype=float),
        equal_nan=True,
    )


def session_change(values: Float, before: float = 0.0) -> Float:
    """What a cumulative figure changed in each session, from the last known one."""
    changes = np.full(len(values), np.nan)
    last = before
    for row, now in enumerate(values.tolist()):
        if now == now:
            changes[row], last = now - last, now
    return changes


@dataclass(frozen=True, slots=True)
class Measure:
    """What the hedge is held by: its name as shown, and its values by session."""

    name: str
    values: Float


def hedge_measure(backtest: Backtest) -> Measure | None:
    """The measure that the hedge ratio is drawn against.

    The one that the backtest names (`hedge_measure`), or a column `slope` of its decisions or market,
    or the slope from VIX to VIX3M where both are there.
    """
    named = getattr(backtest, "hedge_measure", "")
    for name in filter(None, (named, "slope")):
        for frame in (backtest.decisions, backtest.market):
            if name in frame.columns:
                return Measure(name, on_sessions(backtest, frame, name))
    market = backtest.market
    if {"vix", "vix3m"} <= set(market.columns):
        ratio = on_sessions(backtest, market, "vix3m") / on_sessions(backtest, market, "vix")
        return Measure("vix3m / vix - 1", ratio - 1)
    return None


def on_sessions(backtest: Backtest, frame: pandas.DataFrame, name: str) -> Float:
    """A frame's column of numbers on the sessions of the run; NaN where the frame has no such row."""
    import pandas

    values = pandas.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    column = pandas.Series(values, index=dates_of(frame))
    column = column[~column.index.duplicated(keep="last")]
    return column.reindex(dates_of(backtest.equity)).to_numpy(dtype=float)  # type: ignore[no-any-return]


def rows_of_events(backtest: Backtest) -> Mapping[str, list[int]]:
    """By calendar, the rows of its sessions."""
    days = dates_of(backtest.equity)
    found: dict[str, list[int]] = {}
    for name, each in backtest.events.items():
        dates = np.array([np.datetime64(str(item)[:10], "D") for item in each], "datetime64[D]")
        found[name] = np.flatnonzero(np.isin(days, dates)).tolist()
    return found


def price_sources(backtest: Backtest) -> dict[str, int]:
    """How many prices of legs by session came from where, most first."""
    counts = backtest.positions["source"].value_counts() if len(backtest.positions) else {}
    return {str(name): int(counts[name]) for name in getattr(counts, "index", ())}


def value_on(frame: pandas.DataFrame, name: str, day: Any) -> Any:
    """A frame's value on a day, None where it has no such row."""
    rows = np.flatnonzero(dates_of(frame) == day)
    return frame[name].iloc[rows[-1]] if len(rows) else None
