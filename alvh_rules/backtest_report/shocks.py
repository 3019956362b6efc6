"""How a book came through market shocks that everybody knows, with the hedge and without.

A shock is a span of days, both ends in, chosen by what the index and VIX did, not by any run. Changes are
over the close before its first session; a shock that a run does not hold whole, with a session before it, is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.returns import dates_of, session_returns
from alvh_rules.backtest_report.risk import deepest
from alvh_rules.evaluate.inputs import Float

SPANS: Final = (
    ("1998-08-27", "1998-10-08"),
    ("2001-09-17", "2001-09-21"),
    ("2008-09-15", "2008-11-20"),
    ("2010-05-04", "2010-05-20"),
    ("2011-07-25", "2011-08-08"),
    ("2015-08-18", "2015-08-25"),
    ("2018-02-05", "2018-02-05"),
    ("2018-12-04", "2018-12-24"),
    ("2020-02-20", "2020-03-23"),
    ("2024-08-01", "2024-08-05"),
    ("2025-04-03", "2025-04-08"),
)


@dataclass(frozen=True, slots=True)
class Through:
    """One book through a shock: fractions, the `drawdown` from the highest close since the one before."""

    change: float
    worst_day: float
    drawdown: float


@dataclass(frozen=True, slots=True)
class Shock:
    """A span of sessions, both books through it, and dollars that the hedge made."""

    first: str
    last: str
    hedged: Through
    alone: Through
    hedge: float


def shocks(backtest: Backtest) -> list[Shock]:
    """Every shock that lies inside the run."""
    days, frame, found = dates_of(backtest.equity), backtest.equity, []
    for first, last in SPANS:
        rows = np.flatnonzero((days >= np.datetime64(first)) & (days <= np.datetime64(last)))
        if not len(rows) or rows[0] == 0 or days[-1] < np.datetime64(last):
            continue
        part = np.concatenate([[rows[0] - 1], rows])
        hedge = math.nan
        if "hedge_profit" in frame.columns:
            profit = frame["hedge_profit"].to_numpy(dtype=float)[part]
            hedge = float(profit[-1] - profit[0])
        found.append(
            Shock(
                first,
                last,
                _through(frame["equity"].to_numpy(dtype=float)[part]),
                _through(frame["equity_without_hedge"].to_numpy(dtype=float)[part]),
                hedge,
            )
        )
    return found


def _through(equity: Float) -> Through:
    before, after = float(equity[0]), equity[1:]
    if not before > 0.0:
        return Through(math.nan, math.nan, math.nan)
    returns = session_returns(after, before)
    known = returns[~np.isnan(returns)]
    return Through(
        float(after[-1]) / before - 1.0,
        float(known.min()) if len(known) else math.nan,
        deepest(np.arange(len(after)), after, before).depth,
    )
