"""The figures of a backtest: of the book, of the same rules without the hedge, and of its trading.

A year is 252 sessions, as everywhere in the language. What is not known is NaN, and null in files: no
growth or cost by the year of a run under 250 sessions, fewer than any calendar year has, and no
deviation, nor a ratio that rests on one, of fewer than 20 returns.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.returns import (
    bill_column,
    bill_returns,
    dates_of,
    monthly_returns,
    session_returns,
    whole_months,
)
from alvh_rules.backtest_report.risk import deepest, downside_deviation, expected_shortfall
from alvh_rules.backtest_report.sharpe import ANNUAL, Sharpe, deflated, sharpe_ratio
from alvh_rules.evaluate.inputs import Float

if TYPE_CHECKING:
    import pandas

LEAST_ANNUALISED: Final = 250
"""Sessions from which growth and costs by the year are given."""
LEAST_ESTIMATED: Final = 20
"""Known returns from which volatility and the ratios that rest on it are given: about a month."""
NOT_LAYERS: Final = ("hedge", "holding")
"""Owners of positions that are no layers."""
CLOSINGS: Final = ("close", "settle")
"""Actions after which nothing of a position is left."""


@dataclass(frozen=True, slots=True)
class BookMetrics:
    """The figures of one book's equity. Returns, volatility and drawdown are fractions.

    `final_equity` dollars, the last known; `total_return` over the capital; `cagr` its rate by the year,
    (1 + total_return)^(252 / sessions) − 1; `volatility` the deviation (n − 1) of session returns times
    sqrt(252); `sharpe` and `sharpe_error` by the year, over the Treasury bill (`sharpe.py`);
    `sharpe_plain_error` that of independent normal returns; `sortino` the yearly mean excess return over
    the yearly downside deviation; `calmar` the cagr over the depth of the deepest drawdown (Young 1991,
    over the whole run); `cvar_…` the mean of the worst 5% or 1% of sessions or whole months;
    `worst_day_profit` dollars; `unknown_sessions` those without a known return.
    """

    final_equity: float
    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sharpe_error: float
    sharpe_plain_error: float
    skew: float
    kurtosis: float
    sortino: float
    calmar: float
    max_drawdown: float
    drawdown_peak: Any
    drawdown_trough: Any
    drawdown_recovered: Any
    cvar_95_daily: float
    cvar_99_daily: float
    cvar_95_monthly: float
    cvar_99_monthly: float
    worst_day: float
    worst_day_date: Any
    worst_day_profit: float
    unknown_sessions: int


@dataclass(frozen=True, slots=True)
class TradingMetrics:
    """What was traded, by the hedged book; the run without the hedge keeps its equity alone.

    `turnover` half of all cash that changed hands in trades, over the mean equity, by the year (a
    trade in futures moves none); `hedge_cost_per_year` dollars that the hedge lost by the year (negative
    where it earned), `hedge_cost_share` the same as a fraction of the capital; `hit_rate` the share of the
    layers' finished positions that made money; `average_credit` dollars that one contract of a layer's
    structure brought at opening, over those that brought any; `days_in_market` the share of sessions that
    ended with a position other than the hedge; `refused` openings refused; `fees` and `slippage` dollars.
    """

    turnover: float
    hedge_cost_per_year: float
    hedge_cost_share: float
    hit_rate: float
    finished: int
    average_credit: float
    days_in_market: float
    trades: int
    refused: int
    fees: float
    slippage: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """All figures of a backtest.

    `bill` names the column that returns are measured over, nothing where the market has none and the
    Sharpe ratio is over 0%; `bill_sessions` on how many sessions it was known: Sharpe and Sortino ratios
    are of those alone. `trials` is how many distinct runs of the ruleset are recorded, this one
    included; `deflated_sharpe` how probable a true Sharpe ratio above zero is after so many.
    """

    sessions: int
    first: Any
    last: Any
    bill: str
    bill_sessions: int
    hedged: BookMetrics
    unhedged: BookMetrics
    trading: TradingMetrics
    trials: int
    deflated_sharpe: float

    def to_dict(self) -> dict[str, Any]:
        """The figures for JSON: days as ISO dates, what is not known as null."""
        plain = _plain(dataclasses.asdict(self))
        assert isinstance(plain, dict)
        return plain


def metrics(backtest: Backtest, trials: Sequence[float] = ()) -> Metrics:
    """The figures of a backtest.

    `trials`: the Sharpe ratio by the year of every other distinct run of the ruleset that is recorded
    (`trials.py`), NaN where it was unknown.
    """
    equity = backtest.equity
    days = dates_of(equity)
    bill = bill_returns(backtest)
    hedged = book_metrics(backtest, "equity", days, bill)
    excess = session_returns(_column(equity, "equity"), backtest.capital) - bill
    ratio = _sharpe(excess)
    each = [*(other / math.sqrt(ANNUAL) for other in trials), ratio.value]
    return Metrics(
        sessions=len(days),
        first=days[0] if len(days) else None,
        last=days[-1] if len(days) else None,
        bill=bill_column(backtest),
        bill_sessions=int((~np.isnan(bill)).sum()),
        hedged=hedged,
        unhedged=book_metrics(backtest, "equity_without_hedge", days, bill),
        trading=trading_metrics(backtest),
        trials=len(each),
        deflated_sharpe=deflated(ratio, each),
    )


def over_bill(figures: Metrics, name: str, missing: str) -> str:
    """What Sharpe and Sortino ratios are over, and for how many sessions where not for all: `name` is
    the column as it may be shown, `missing` why there is none."""
    if not figures.bill:
        return f"0%, since {missing}"
    if figures.bill_sessions == figures.sessions:
        return name
    return f"{name}, on the {figures.bill_sessions:,} of {figures.sessions:,} sessions where it is known"


def book_metrics(backtest: Backtest, column: str, days: Any, bill: Float) -> BookMetrics:
    """The figures of the equity in a column of `backtest.equity`."""
    equity, capital = _column(backtest.equity, column), backtest.capital
    returns = session_returns(equity, capital)
    known = returns[~np.isnan(returns)]
    ratio = _sharpe(returns - bill)
    final = _last_known(equity)
    total = final / capital - 1
    cagr = _by_year(total, len(days))
    fall = deepest(days, equity, capital)
    below = downside_deviation(returns - bill)
    mean_excess = float(np.nanmean(returns - bill)) if ratio.count else math.nan
    whole = whole_months(*monthly_returns(days, equity, capital))
    worst = int(np.nanargmin(returns)) if len(known) else -1
    return BookMetrics(
        final_equity=final,
        total_return=total,
        cagr=cagr,
        volatility=_volatility(known),
        sharpe=ratio.annual(ratio.value),
        sharpe_error=ratio.annual(ratio.error),
        sharpe_plain_error=ratio.annual(ratio.plain_error),
        skew=ratio.skew,
        kurtosis=ratio.kurtosis,
        sortino=mean_excess / below * math.sqrt(ANNUAL) if below > 0 else math.nan,
        calmar=cagr / -fall.depth if fall.depth < 0 else math.nan,
        max_drawdown=fall.depth,
        drawdown_peak=fall.peak,
        drawdown_trough=fall.trough,
        drawdown_recovered=fall.recovered,
        cvar_95_daily=expected_shortfall(returns, 0.95),
        cvar_99_daily=expected_shortfall(returns, 0.99),
        cvar_95_monthly=expected_shortfall(whole, 0.95),
        cvar_99_monthly=expected_shortfall(whole, 0.99),
        worst_day=float(returns[worst]) if worst >= 0 else math.nan,
        worst_day_date=days[worst] if worst >= 0 else None,
        worst_day_profit=_session_profit(equity, capital, worst),
        unknown_sessions=int(np.isnan(returns).sum()),
    )


def trading_metrics(backtest: Backtest) -> TradingMetrics:
    """The figures of what was traded."""
    trades, equity = backtest.trades, _column(backtest.equity, "equity")
    done = trades[trades["action"] != "refuse"]
    sessions = len(equity)
    cash = float(np.abs(done["cash"].to_numpy(dtype=float)).sum())
    mean = float(np.nanmean(equity)) if sessions and not np.isnan(equity).all() else math.nan
    years = sessions / ANNUAL if sessions >= LEAST_ANNUALISED else math.nan
    hedge = _last_known(_column(backtest.equity, "hedge_profit"))
    finished = finished_profits(backtest)
    openings = done[(done["action"] == "open") & ~done["owner"].isin(NOT_LAYERS)]
    each = openings["cash"].to_numpy(dtype=float) / np.abs(
        openings["contracts"].to_numpy(dtype=float)
    )
    held = backtest.positions
    in_market = held.loc[held["owner"] != "hedge", "date"].nunique()
    return TradingMetrics(
        turnover=cash / 2 / mean / years if mean > 0 else math.nan,
        # Nothing lost is nothing, and no negative zero.
        hedge_cost_per_year=-hedge / years + 0.0,
        hedge_cost_share=-hedge / years / backtest.capital + 0.0,
        hit_rate=float((finished > 0).mean()) if len(finished) else math.nan,
        finished=len(finished),
        average_credit=float(each[each > 0].mean()) if (each > 0).any() else math.nan,
        days_in_market=in_market / sessions if sessions else math.nan,
        trades=len(done),
        refused=len(trades) - len(done),
        fees=float(done["fees"].sum()),
        slippage=float(done["slippage"].sum()),
    )


def finished_profits(backtest: Backtest) -> Float:
    """What each finished position of the layers made, dollars: the profits its trades realised."""
    trades = backtest.trades
    mine = trades[~trades["owner"].isin(NOT_LAYERS) & (trades["action"] != "refuse")]
    over = mine.loc[mine["action"].isin(CLOSINGS), "position"].unique()
    profits = mine[mine["position"].isin(over)].groupby("position")["profit"].sum(min_count=1)
    return profits.dropna().to_numpy(dtype=float)  # type: ignore[no-any-return]


def _sharpe(excess: Float) -> Sharpe:
    """The Sharpe ratio, unknown of too few returns."""
    known = excess[~np.isnan(excess)]
    return sharpe_ratio(known if len(known) >= LEAST_ESTIMATED else known[:0])


def _volatility(known: Float) -> float:
    if len(known) < LEAST_ESTIMATED:
        return math.nan
    return float(known.std(ddof=1)) * math.sqrt(ANNUAL)


def _column(frame: pandas.DataFrame, name: str) -> Float:
    """A column of numbers; unknown throughout where the frame has none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=float)  # type: ignore[no-any-return]


def _last_known(column: Float) -> float:
    known = column[~np.isnan(column)]
    return float(known[-1]) if len(known) else math.nan


def _by_year(total: float, sessions: int) -> float:
    """A total return as a rate by the year; losing everything or more is −100%."""
    if sessions < LEAST_ANNUALISED or total != total:
        return math.nan
    return (1 + total) ** (ANNUAL / sessions) - 1 if total > -1 else -1.0


def _session_profit(equity: Float, capital: float, row: int) -> float:
    """The change of equity in a session, dollars."""
    if row < 0:
        return math.nan
    before = _last_known(equity[:row])
    return float(equity[row]) - (capital if before != before else before)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
