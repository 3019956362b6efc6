"""Figures against numbers worked by hand, against an independent library, and on unknown values."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_rules.backtest.result import Backtest, Settings
from alvh_rules.backtest_report.metrics import metrics, over_bill
from alvh_rules.backtest_report.returns import (
    bill_returns,
    monthly_returns,
    session_returns,
    whole_months,
)
from alvh_rules.backtest_report.risk import deepest, drawdowns, expected_shortfall
from alvh_rules.backtest_report.sharpe import (
    deflated,
    expected_best,
    long_run_variance,
    sharpe_ratio,
)
from alvh_rules.backtest_report.shocks import shocks
from tests.backtest_report.runs import made_run


@pytest.fixture(scope="module")
def run() -> Backtest:
    return made_run()


def _days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


def test_returns_begin_at_the_capital_and_pass_over_the_unknown() -> None:
    returns = session_returns(np.array([101.0, math.nan, 99.99]), 100.0)
    assert returns[[0, 2]] == pytest.approx([0.01, -0.01])
    assert math.isnan(returns[1])


def test_after_ruin_there_are_no_returns() -> None:
    returns = session_returns(np.array([50.0, -10.0, 20.0, 40.0]), 100.0)
    assert returns[:2] == pytest.approx([-0.5, -1.2])
    assert np.isnan(returns[2:]).all()


def test_a_drawdown_has_its_dates() -> None:
    days = _days("2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08")
    fall = deepest(days, np.array([110.0, 99.0, 88.0, 104.5, 110.0]), 100.0)
    assert fall.depth == pytest.approx(-0.2)
    assert [str(item) for item in (fall.peak, fall.trough, fall.recovered)] == [
        "2020-01-02",
        "2020-01-06",
        "2020-01-08",
    ]


def test_a_fall_from_the_capital_has_no_peak_and_may_not_recover() -> None:
    fall = deepest(_days("2020-01-02", "2020-01-03"), np.array([95.0, 97.0]), 100.0)
    assert (fall.depth, fall.peak, fall.recovered) == (pytest.approx(-0.05), None, None)
    assert drawdowns(np.array([95.0, math.nan, 101.0]), 100.0)[[0, 2]] == pytest.approx([-0.05, 0])


def test_expected_shortfall_takes_the_last_by_its_part() -> None:
    returns = np.array([-0.1, -0.05, -0.02] + [0.01] * 47)
    # 5% of 50 returns is 2.5 of them.
    assert expected_shortfall(returns, 0.95) == pytest.approx((-0.1 - 0.05 - 0.5 * 0.02) / 2.5)
    assert expected_shortfall(returns[:20], 0.95) == pytest.approx(-0.1)
    assert math.isnan(expected_shortfall(returns[:19], 0.95))
    assert math.isnan(expected_shortfall(returns, 0.99))
    # 10 × (1 − 0.9) is a hair below 1 in floating point.
    assert expected_shortfall(returns[:10], 0.9) == pytest.approx(-0.1)
    assert expected_shortfall(np.r_[returns, returns], 0.99) == pytest.approx(-0.1)


def test_the_sharpe_ratio_and_its_plain_error_by_hand() -> None:
    ratio = sharpe_ratio(np.array([0.01, 0.03, math.nan, 0.02, 0.02]))
    deviation = math.sqrt(0.0002 / 3)
    assert ratio.value == pytest.approx(0.02 / deviation)
    assert ratio.count == 4
    # Lo (2002), equation (9): SR is sqrt(6), so sqrt((1 + 3) / 4) = 1.
    assert ratio.plain_error == pytest.approx(1.0)


def test_without_lags_the_error_is_mertens() -> None:
    returns = np.random.default_rng(5).gamma(2.0, 0.01, 400) - 0.018
    ratio = sharpe_ratio(returns)
    population = returns.mean() / returns.std()
    wanted = 1 - ratio.skew * population + (ratio.kurtosis - 1) / 4 * population**2
    assert long_run_variance(returns, 0) == pytest.approx(wanted, rel=1e-12)


def test_the_error_covers_what_it_should() -> None:
    # Of autocorrelated returns: the plain error is too small, the general one is not.
    rng = np.random.default_rng(7)
    ratios, plain, general = [], [], []
    for _ in range(300):
        noise = rng.normal(0, 0.01, 1000)
        returns = 0.0005 + noise
        returns[1:] += 0.5 * noise[:-1]
        ratio = sharpe_ratio(returns)
        ratios.append(ratio.value)
        plain.append(ratio.plain_error)
        general.append(ratio.error)
    seen = np.std(ratios)
    assert np.mean(general) == pytest.approx(seen, rel=0.12)
    assert np.mean(plain) < 0.85 * seen


def test_returns_that_do_not_vary_have_no_ratio() -> None:
    assert math.isnan(sharpe_ratio(np.full(300, 0.001)).value)
    assert math.isnan(sharpe_ratio(np.array([0.01])).value)


def test_the_deflated_ratio_is_the_published_example() -> None:
    # Bailey and López de Prado (2014), their numerical example: an annual Sharpe ratio of 2.5 over five
    # years of 250 days, skew -3, kurtosis 10, 100 trials whose annual variance is one half: DSR 0.90.
    ratio = replace(
        sharpe_ratio(np.array([0.01, 0.02, 0.04])),
        value=2.5 / math.sqrt(250),
        skew=-3.0,
        kurtosis=10.0,
        count=1250,
    )
    step = math.sqrt(0.5 / 250)
    draws = np.random.default_rng(1).normal(size=100)
    draws = (draws - draws.mean()) / draws.std(ddof=1) * step
    assert expected_best(list(draws)) == pytest.approx(0.1132, abs=2e-4)
    assert deflated(ratio, list(draws)) == pytest.approx(0.9004, abs=2e-4)
    assert deflated(ratio, [ratio.value]) > 0.99


def test_bills_earn_the_yield_of_the_session_before(run) -> None:
    small = replace(
        run,
        equity=pd.DataFrame({"date": pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06"])}),
        market=pd.DataFrame(
            {
                "date": pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06"]),
                "tbill_3m": [3.6, math.nan, 7.2],
            }
        ),
    )
    assert bill_returns(small) == pytest.approx([0.0, 0.0001, 0.0003])


def test_months_are_over_the_month_before() -> None:
    days = _days("2020-01-30", "2020-01-31", "2020-02-03", "2020-02-28", "2020-03-02")
    months, returns = monthly_returns(days, np.array([101.0, 102, 103, 96.9, 100.776]), 100.0)
    assert months.tolist() == [600, 601, 602]
    assert returns == pytest.approx([0.02, -0.05, 0.04])
    assert whole_months(months, returns) == pytest.approx([-0.05])


def test_figures_agree_with_an_independent_library(run) -> None:
    empyrical = pytest.importorskip("empyrical")
    mine = metrics(run)
    returns = session_returns(run.equity["equity"].to_numpy(), run.capital)
    bill = bill_returns(run)
    book = mine.hedged
    assert book.cagr == pytest.approx(empyrical.annual_return(returns), rel=1e-10)
    assert book.volatility == pytest.approx(empyrical.annual_volatility(returns), rel=1e-10)
    assert book.sharpe == pytest.approx(empyrical.sharpe_ratio(returns, bill), rel=1e-10)
    assert book.sortino == pytest.approx(empyrical.sortino_ratio(returns, bill), rel=1e-10)
    assert book.max_drawdown == pytest.approx(empyrical.max_drawdown(returns), rel=1e-10)
    assert book.calmar == pytest.approx(empyrical.calmar_ratio(returns), rel=1e-10)
    # Where the tail is whole: 5% of 500 returns.
    assert expected_shortfall(returns[:500], 0.95) == pytest.approx(
        empyrical.conditional_value_at_risk(returns[:500], 0.05), rel=1e-10
    )


def test_the_book_without_the_hedge_has_figures_of_its_own(run) -> None:
    mine = metrics(run)
    alone = metrics(
        replace(run, equity=run.equity.assign(equity=run.equity["equity_without_hedge"]))
    )
    assert mine.unhedged == alone.hedged
    assert mine.unhedged != mine.hedged


def test_trading_by_hand(run) -> None:
    days = pd.to_datetime(["2020-01-02", "2020-01-03"])
    trade = {"fees": 1.0, "slippage": 2.0, "contracts": -2, "date": days[0], "position": "a-1"}
    trades = pd.DataFrame(
        [
            {**trade, "owner": "a", "action": "open", "cash": 500.0, "profit": 0.0},
            {**trade, "owner": "a", "action": "close", "cash": -200.0, "profit": 299.0},
            {**trade, "position": "a-2", "owner": "a", "action": "open", "cash": 300, "profit": 0},
            {**trade, "position": "a-2", "owner": "a", "action": "settle", "cash": -400}
            | {"profit": -101.0},
            {**trade, "position": "h-1", "owner": "hedge", "action": "open", "cash": -100.0}
            | {"profit": 0.0},
            {**trade, "position": "", "owner": "a", "action": "refuse", "cash": 0.0, "profit": 0.0},
        ]
    )
    small = replace(
        run,
        capital=1000.0,
        settings=Settings(),
        trades=trades,
        equity=pd.DataFrame(
            {
                "date": days,
                "equity": [1000.0, 1100.0],
                "equity_without_hedge": [1000.0, 1150.0],
                "hedge_profit": [0.0, -50.0],
            }
        ),
        positions=pd.DataFrame({"date": days[[0, 0, 1]], "owner": ["a", "hedge", "hedge"]}),
    )
    got = metrics(small).trading
    assert (got.hit_rate, got.finished, got.average_credit) == (0.5, 2, 200.0)
    assert (got.days_in_market, got.trades, got.refused, got.fees) == (0.5, 5, 1, 5.0)
    # Two sessions say nothing of a year.
    assert math.isnan(got.turnover)
    assert math.isnan(got.hedge_cost_per_year)
    assert math.isnan(metrics(small).hedged.cagr)
    assert math.isnan(metrics(small).hedged.sharpe)
    assert math.isnan(metrics(small).hedged.volatility)
    assert math.isnan(metrics(small).deflated_sharpe)
    assert metrics(small).hedged.total_return == pytest.approx(0.1)


def test_a_month_of_returns_is_enough_for_a_deviation_and_no_rate(run) -> None:
    one, other = (
        metrics(replace(run, equity=run.equity[:sessions])).hedged for sessions in (19, 20)
    )
    assert math.isnan(one.volatility)
    assert other.volatility > 0
    assert math.isfinite(other.sharpe)
    assert math.isnan(other.cagr)


def test_costs_by_the_year(run) -> None:
    got = metrics(run)
    years = 520 / 252
    hedge = run.equity["hedge_profit"].iloc[-1]
    assert got.trading.hedge_cost_per_year == pytest.approx(-hedge / years)
    assert got.trading.hedge_cost_share == pytest.approx(-hedge / years / 1e6)
    done = run.trades[run.trades["action"] != "refuse"]
    mean = run.equity["equity"].mean()
    assert got.trading.turnover == pytest.approx(done["cash"].abs().sum() / 2 / mean / years)


def test_an_unknown_equity_is_counted_and_left_out(run) -> None:
    equity = run.equity.copy()
    equity.loc[100:104, "equity"] = math.nan
    got = metrics(replace(run, equity=equity)).hedged
    assert got.unknown_sessions == 5
    assert got.total_return == metrics(run).hedged.total_return


def test_without_a_bill_the_ratio_is_over_nothing_and_says_so(run) -> None:
    bare = metrics(replace(run, market=run.market.drop(columns="tbill_3m")))
    assert bare.bill == ""
    assert bare.hedged.sharpe > metrics(run).hedged.sharpe


def test_the_dictionary_is_json_without_nan(run) -> None:
    import json

    text = json.dumps(metrics(run).to_dict(), allow_nan=False)
    content = json.loads(text)
    assert content["hedged"]["worst_day_date"] == str(metrics(run).hedged.worst_day_date)
    assert content["hedged"]["cvar_99_monthly"] is None


def test_a_known_shock_is_told_for_both_books(run) -> None:
    days = pd.to_datetime(["2020-02-19", "2020-02-20", "2020-03-12", "2020-03-23", "2020-03-24"])
    equity = pd.DataFrame(
        {
            "date": days,
            "equity": [1000.0, 1010.0, 909.0, 950.0, 960.0],
            "equity_without_hedge": [1000.0, 1000.0, 800.0, 900.0, 910.0],
            "hedge_profit": [5.0, 15.0, 60.0, 105.0, 100.0],
        }
    )
    (found,) = shocks(replace(run, equity=equity))
    assert (found.first, found.last) == ("2020-02-20", "2020-03-23")
    assert found.hedged.change == pytest.approx(-0.05)
    assert found.hedged.worst_day == pytest.approx(909 / 1010 - 1)
    assert found.hedged.drawdown == pytest.approx(909 / 1010 - 1)
    assert found.alone.change == pytest.approx(-0.1)
    assert found.alone.drawdown == pytest.approx(-0.2)
    assert found.hedge == 100.0
    # Without a session before it, or cut off at its end, there is nothing to compare with.
    assert shocks(replace(run, equity=equity[1:])) == []
    assert shocks(replace(run, equity=equity[:3])) == []


def test_ratios_over_a_bill_that_is_not_always_known_say_on_how_many_sessions(run) -> None:
    known = metrics(run)
    assert known.bill_sessions == known.sessions
    assert over_bill(known, "tbill", "") == "tbill"
    market = run.market.copy()
    market[known.bill] = market[known.bill].where(market.index >= len(market) // 2)
    half = metrics(replace(run, market=market))
    assert 0 < half.bill_sessions < half.sessions
    told = over_bill(half, "tbill", "")
    assert told == (
        f"tbill, on the {half.bill_sessions:,} of {half.sessions:,} sessions where it is known"
    )
