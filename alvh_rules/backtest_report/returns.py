"""A book's returns: by session, over a Treasury bill, and by month.

The return of a session is its change of equity over the equity of the last session whose equity is
known; the first session's is over the capital. After a session at or below zero equity there is
nothing left that a return could be of: returns from there on are unknown (NaN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.evaluate.inputs import Float, Integer

if TYPE_CHECKING:
    import pandas

BILL_COLUMNS: Final = ("tbill_3m", "tbill")
"""Names of the 3-month Treasury bill's yield in a market, the first that is there."""
BILL_YEAR: Final = 360.0
"""Days of the year that a bill's yield is quoted for (actual/360)."""
BILL_CARRY: Final = 5
"""Sessions that a yield holds on where none is published, as on holidays of the bond market."""


def dates_of(frame: pandas.DataFrame) -> Any:
    """The days of a frame's rows, `datetime64[D]`: its `date` column, or its index."""
    days = frame["date"] if "date" in frame.columns else frame.index
    return days.to_numpy().astype("datetime64[D]")


def session_returns(equity: Float, capital: float) -> Float:
    """Returns of sessions, fractions, as long as `equity` (dollars); NaN where not known."""
    returns = np.full(len(equity), np.nan)
    last = capital
    for row, now in enumerate(equity.tolist()):
        if now != now:
            continue
        if last > 0:
            returns[row] = now / last - 1
        last = now if last > 0 else last
    return returns


def bill_column(backtest: Backtest) -> str:
    """The market's column of Treasury bill yields, or nothing."""
    return next((name for name in BILL_COLUMNS if name in backtest.market.columns), "")


def bill_returns(backtest: Backtest) -> Float:
    """What a Treasury bill earned into each session, a fraction: the yield of the session before, simple,
    for the calendar days since (actual/360). Nothing into the first session; zero throughout where the
    market has no such column; NaN where the yield was not known for more than `BILL_CARRY` sessions.
    """
    days = dates_of(backtest.equity)
    earned = np.zeros(len(days))
    name = bill_column(backtest)
    if not name or len(days) < 2:
        return earned
    import pandas

    held = pandas.Series(
        backtest.market[name].to_numpy(dtype=float), index=dates_of(backtest.market)
    )
    held = held[~held.index.duplicated(keep="last")].ffill(limit=BILL_CARRY)
    percent = held.reindex(days).to_numpy(dtype=float)
    elapsed = np.diff(days).astype(float)
    earned[1:] = percent[:-1] / 100 * elapsed / BILL_YEAR
    return earned


def month_of(days: Any) -> Integer:
    """The month of each day, counted from January 1970."""
    return days.astype("datetime64[M]").astype(np.int64)  # type: ignore[no-any-return]


def monthly_returns(days: Any, equity: Float, capital: float) -> tuple[Integer, Float]:
    """The months of a run and what each returned: its last known equity over the month before's.

    Months count from January 1970. The first and the last may be parts of months.
    """
    months, at = month_of(days), np.flatnonzero(~np.isnan(equity))
    each = np.unique(months)
    if not len(at):
        return each, np.full(len(each), np.nan)
    last_row = np.searchsorted(months[at], each, side="right") - 1
    ends = np.where(last_row >= 0, equity[at[np.maximum(last_row, 0)]], np.nan)
    # A month without a known equity has no return, and the next one's is over what stood before.
    known = np.isin(each, months[at])
    returns = np.full(len(each), np.nan)
    returns[known] = session_returns(ends[known], capital)
    return each, returns


def whole_months(months: Integer, returns: Float) -> Float:
    """The known returns of months that have a month of the run on either side: no part of a month."""
    inside: Float = returns[1:-1] if len(months) > 2 else returns[:0]
    return inside[~np.isnan(inside)]
