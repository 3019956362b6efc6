"""What is said in text: a position's life, what prevented trades, the summary, and the commands."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_rules.backtest_report.attribution import Causes, attributed
from alvh_rules.backtest_report.book import owners, session_change
from alvh_rules.backtest_report.explain_position import explain_position, nearest_position
from alvh_rules.backtest_report.files import write_run
from alvh_rules.backtest_report.metrics import metrics
from alvh_rules.backtest_report.no_trades import no_trades_lines, prevented, refused
from alvh_rules.backtest_report.summary import summary_lines
from alvh_rules.backtest_report.worst_days import worst_days
from alvh_rules.cli.main import main
from tests.backtest_report.runs import made_run


@pytest.fixture(scope="module")
def run():
    return made_run()


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    write_run(run, path)
    return path


def test_the_causes_of_a_finished_position_are_what_its_trades_realised(run) -> None:
    trades = run.trades[run.trades["action"] != "refuse"]
    finished = trades.loc[trades["action"].isin(("close", "settle")), "position"]
    for name in finished[::7]:
        total = sum((item.causes for item in attributed(run, name)), Causes()).total
        wanted = trades.loc[trades["position"] == name, "profit"].sum()
        assert total == pytest.approx(wanted, abs=0.005)


def test_the_causes_of_all_positions_are_the_profits_of_the_layers(run) -> None:
    names = run.positions["position"].unique()
    total = sum(item.causes.total for name in names for item in attributed(run, name))
    wanted = sum(values[-1] for values in owners(run).values())
    assert total == pytest.approx(wanted, abs=0.01)


def _legs(run, days, **columns) -> pd.DataFrame:
    base = {
        "position": "a-1",
        "owner": "a",
        "leg": 1,
        "underlying": "SPX",
        "right": "put",
        "strike": 2500.0,
        "expiry": pd.Timestamp("2020-02-21"),
        "contracts": -1,
        "source": "model",
    }
    return pd.DataFrame({"date": pd.to_datetime(days), **columns}).assign(**base)


def test_a_session_is_split_by_hand(run) -> None:
    # Over a weekend: the underlying from 2,500 to 2,490, the volatility from 20 to 22.
    days = ["2020-01-03", "2020-01-06"]
    held = _legs(
        run,
        days,
        market_value=[-1000.0, -1900.0],
        volatility=[20.0, 22.0],
        delta=[40.0, 50.0],
        gamma=[-2.0, -2.0],
        theta=[15.0, 16.0],
        vega=[-100.0, -110.0],
    )
    trades = run.trades[:1].assign(
        date=pd.to_datetime(days[:1]),
        position="a-1",
        owner="a",
        cash=1020.0,
        fees=0.65,
        slippage=30.0,
        action="open",
    )
    market = pd.DataFrame({"date": pd.to_datetime(days), "spot": [2500.0, 2490.0]})
    small = replace(run, positions=held, trades=trades, market=market)
    first, second = attributed(small, "a-1")
    # Sold for 30 below the mark, and a fee: 1020 - 1000 - 0.65, of which 30 and 0.65 are costs.
    assert first.causes == Causes(residual=50.0, fees=-0.65, slippage=-30.0)
    assert second.causes == Causes(
        delta=-400.0, gamma=-100.0, theta=45.0, vega=-200.0, residual=-245.0
    )
    assert second.causes.total == pytest.approx(-900.0)


def test_a_future_gains_its_move(run) -> None:
    days = ["2020-01-02", "2020-01-03", "2020-01-06"]
    held = _legs(
        run,
        days[:2],
        mark=[15.0, 15.5],
        market_value=[0.0, 0.0],
        volatility=[math.nan] * 2,
        delta=[0.0, 0.0],
        gamma=[0.0, 0.0],
        theta=[0.0, 0.0],
        vega=[2000.0, 2000.0],
    ).assign(underlying="VIX", right="future", strike=math.nan, contracts=2)
    opening = {"date": days[0], "action": "open", "legs": "+2 VIX 2020-02-21 future @ 15.05"}
    closing = {"date": days[2], "action": "close", "legs": "-2 VIX 2020-02-21 future @ 14.95"}
    rows = [
        {**opening, "fees": 4.0, "slippage": 100.0, "cash": 0.0, "profit": -4.0},
        {**closing, "fees": 4.0, "slippage": 100.0, "cash": 0.0, "profit": -204.0},
    ]
    trades = pd.DataFrame(rows).assign(position="a-1", date=lambda it: pd.to_datetime(it["date"]))
    small = replace(run, positions=held, trades=trades)
    each = [item.causes for item in attributed(small, "a-1")]
    assert [round(item.delta, 6) for item in each] == [0.0, 1000.0, -1000.0]
    # Bought at 15.05 and sold at 14.95: 200 dollars, and the fees.
    assert sum(item.total for item in each) == pytest.approx(-208.0)
    assert sum(item.residual for item in each) == pytest.approx(0.0, abs=1e-6)


def test_a_roll_of_futures_charges_each_fill_once(run) -> None:
    days = ["2020-01-02", "2020-01-03"]
    expiries = pd.to_datetime(["2020-01-22", "2020-02-19"])
    held = _legs(
        run,
        days,
        mark=[15.0, 16.0],
        market_value=[0.0, 0.0],
        volatility=[math.nan] * 2,
        delta=[0.0, 0.0],
        gamma=[0.0, 0.0],
        theta=[0.0, 0.0],
        vega=[1000.0, 1000.0],
    ).assign(underlying="VIX", right="future", strike=math.nan, contracts=1, expiry=expiries)
    legs = "-1 VIX 2020-01-22 future @ 15.45; +1 VIX 2020-02-19 future @ 16.05"
    trades = pd.DataFrame(
        {
            "position": "a-1",
            "date": pd.to_datetime(days[1:]),
            "action": "roll",
            "legs": legs,
            "fees": 2.0,
            "slippage": 100.0,
            "cash": 0.0,
            "profit": 448.0,
        }
    )
    second = attributed(replace(run, positions=held, trades=trades), "a-1")[1].causes
    # 450 on what was sold, 50 lost on what was bought since, and the fees.
    assert second.total == pytest.approx(450 - 50 - 2)
    assert second.slippage == -100.0


def test_an_option_on_vix_moves_with_its_future(run) -> None:
    days = ["2020-01-02", "2020-01-03"]
    held = _legs(
        run,
        days,
        market_value=[300.0, 420.0],
        volatility=[90.0, 95.0],
        delta=[0.0, 0.0],
        gamma=[0.0, 0.0],
        theta=[-10.0, -10.0],
        vega=[50.0, 60.0],
    ).assign(underlying="VIX", right="call", strike=20.0)
    trades = run.trades[:1].assign(position="a-1", date=pd.to_datetime(days[:1]))
    small = replace(run, positions=held, trades=trades)
    # Its future is not known: all but time is in the residual, and its own volatility is no move of it.
    assert attributed(small, "a-1")[1].causes == Causes(theta=-10.0, residual=130.0)
    told = replace(small, positions=held.assign(spot=[15.0, 17.0]))
    assert attributed(told, "a-1")[1].causes == Causes(theta=-10.0, delta=100.0, residual=30.0)


def test_an_option_on_vix_is_split_by_its_future_and_its_own_volatility(run) -> None:
    days = ["2020-01-02", "2020-01-03", "2020-01-06"]
    held = _legs(
        run,
        days[:2],
        market_value=[300.0, 420.0],
        volatility=[90.0, 95.0],
        delta=[0.0, 0.0],
        gamma=[0.0, 0.0],
        theta=[-10.0, -10.0],
        vega=[50.0, 60.0],
    ).assign(
        underlying="VIX", right="call", strike=20.0, expiry=pd.Timestamp("2020-02-19"),
        spot=[15.0, 17.0], own_delta=[50.0, 60.0], own_gamma=[6.0, 6.0], own_vega=[2.0, 3.0],
    )  # fmt: skip
    trades = pd.DataFrame(
        {
            "position": "a-1",
            "date": pd.to_datetime([days[0], days[2]]),
            "action": ["open", "close"],
            "legs": ["+1 VIX 2020-02-19 C20 @ 3.00", "-1 VIX 2020-02-19 C20 @ 3.50"],
            "fees": 0.0,
            "slippage": 0.0,
            "cash": [-300.0, 350.0],
            "profit": [0.0, 50.0],
            "underlyings": ["15", "16"],
            "volatilities": ["90", "92"],
        }
    )
    first, second, third = (
        item.causes for item in attributed(replace(run, positions=held, trades=trades), "a-1")
    )
    assert first == Causes()
    # Two points of the future, five of its volatility, one day: 100 + 12 + 10 - 10, of 120.
    assert second == Causes(delta=100.0, gamma=12.0, theta=-10.0, vega=10.0, residual=8.0)
    # Sold at 350: the log says what the future and its volatility were then.
    assert third == Causes(delta=-60.0, gamma=3.0, theta=-30.0, vega=-9.0, residual=26.0)
    assert (first + second + third).total == 50.0


def test_the_life_of_a_position(run) -> None:
    lines = explain_position(run, "short-0012")
    assert lines is not None
    text = "\n".join(lines)
    assert text.startswith("short-0012: iron condor on spx, wings 25, of short")
    assert "opened on 2017-08-24, decided at the close of 2017-08-23" in text
    assert "because of  slope > 0%  (made.alvh:21)" in text
    assert "because of  profit >= 50% of credit" in text
    realised = run.trades.loc[run.trades["position"] == "short-0012", "profit"].sum()
    assert lines[-1].split() == ["profit", f"+${realised:,.2f}"]
    hedge = explain_position(run, "hedge-0009")
    day = run.trades.loc[run.trades["position"] == "hedge-0009", "decided"].iloc[0]
    vix = run.market.loc[run.market["date"] == day, "vix"].iloc[0]
    assert f"  then        vix {vix:.4g}" in hedge


def test_an_open_position_is_told_as_open(run) -> None:
    last = run.equity["date"].iloc[-1]
    name = run.positions.loc[run.positions["date"] == last, "position"].iloc[0]
    assert any("still open on" in line for line in explain_position(run, name))


def test_a_hedge_of_many_trades_is_told_so_far(run) -> None:
    many = run.trades[run.trades["position"] == "short-0012"]
    rows = pd.concat([many[:1], *[many[:1].assign(action="resize")] * 100, many[1:]])
    lines = explain_position(replace(run, trades=rows), "short-0012")
    assert "and 62 more trades" in lines
    assert sum(line.startswith("resized") for line in lines) == 38


def test_control_characters_do_not_reach_the_terminal() -> None:
    hostile = made_run(sessions=60, hostile="\x1b[2J\u202e")
    name = hostile.trades["position"].iloc[0]
    for lines in (
        explain_position(hostile, name),
        no_trades_lines(hostile),
        summary_lines(hostile, metrics(hostile)),
    ):
        assert "\\x1b[2J" in "\n".join(lines)
        assert all(line.isprintable() for line in lines)


def test_prevented_clauses_are_ranked(run) -> None:
    rows = [
        {"owner": "a", "clause": "x", "place": "r:1", "sessions": 3, "false": 9, "unknown": 0},
        {"owner": "a", "clause": "y", "place": "r:2", "sessions": 7, "false": 8, "unknown": 0},
        {"owner": "a", "clause": "z", "place": "r:3", "sessions": 3, "false": 5, "unknown": 6},
    ]
    bare = replace(run, prevented=pd.DataFrame(rows), trades=run.trades[:0])
    assert [item.clause for item in prevented(bare)] == ["y", "z", "x"]
    lines = no_trades_lines(bare)
    assert lines[0] == "no trades in 520 sessions"
    assert lines[2] == "  a  y: alone on 7, false on 8 (r:2)"
    assert lines[3] == "  a  z: alone on 3, false on 5, unknown on 6 (r:3)"


def test_refusals_are_counted_by_their_reason(run) -> None:
    assert [(item.owner, item.times) for item in refused(run)] == [("short", 4), ("long", 1)]
    told = run.trades.assign(reason="")
    told.loc[told["action"] == "refuse", "reason"] = ["a", "b", "b", "b", "b"]
    assert {(item.reason, item.times) for item in refused(replace(run, trades=told))} >= {("b", 3)}


def test_refusals_that_differ_in_numbers_are_one(run) -> None:
    rows = run.trades[run.trades["action"] == "refuse"].assign(owner="a")
    why = [f"no quote for SPX 2020-01-{day} P{day}00" for day in (17, 18, 19)]
    rows = rows[:4].assign(reason=[*why, "no quote for a leg"])
    found = refused(replace(run, trades=rows))
    assert [(item.told, item.times) for item in found] == [
        (f"{why[0]} (and the like)", 3),
        ("no quote for a leg", 1),
    ]


def test_the_worst_day_is_split_wholly(run) -> None:
    days = worst_days(run)
    equity = run.equity["equity"].to_numpy()
    assert days[0].profit == pytest.approx(session_change(equity, run.capital).min(), rel=0.2)
    changes = [item.change for item in days]
    assert changes == sorted(changes)
    for item in days:
        assert sum(item.by_owner.values()) == pytest.approx(item.profit, abs=0.005)
        assert item.profit - item.alone == pytest.approx(item.by_owner["hedge"], abs=0.005)


def test_the_positions_of_a_worst_day_make_its_loss(run) -> None:
    import alvh_rules.backtest_report.worst_days as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_POSITIONS", 1000)
        for item in worst_days(run, 20):
            assert sum(moved.profit for moved in item.positions) == pytest.approx(
                item.profit, abs=0.005
            )


def test_the_summary_says_what_the_figures_say(run) -> None:
    figures = metrics(run)
    text = "\n".join(summary_lines(run, figures))
    assert re.search(r"return a year \(CAGR\) +5\.53% +4\.59%", text)
    assert "the hedge earned $9,816 a year, 0.98% of the capital" in text
    short = run.equity["short_profit"].iloc[-1]
    assert re.search(rf"short +\+\${short:,.0f} ", text)
    assert "openings that were refused" in text


def test_without_a_hedge_there_is_one_column(run) -> None:
    alone = replace(
        run,
        equity=run.equity.assign(equity_without_hedge=run.equity["equity"], hedge_profit=0.0),
        trades=run.trades[run.trades["owner"] != "hedge"],
    )
    text = "\n".join(summary_lines(alone, metrics(alone)))
    assert "without" not in text
    assert "the hedge" not in text


def test_the_summary_of_nothing_known(run) -> None:
    unknown = replace(run, equity=run.equity.assign(equity=np.nan, equity_without_hedge=np.nan))
    text = "\n".join(summary_lines(unknown, metrics(unknown)))
    assert re.search(r"worst day +— +—", text)
    assert "nan" not in text


def test_the_command_explains_a_position(folder, run, capsys) -> None:
    assert main(["explain", "--position", "short-0012", "--out", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == explain_position(run, "short-0012")
    assert main(["explain", "--position", "shrt-0012", "--out", str(folder)]) == 2
    assert "did you mean `short-0012`?" in capsys.readouterr().out
    assert nearest_position(run, "zzz") == ""


def test_the_commands_refuse_what_is_no_run(folder, tmp_path, capsys) -> None:
    assert main(["explain", "--position", "short-0012", "--out", str(tmp_path)]) == 2
    assert "ALV940" in capsys.readouterr().out
    assert main(["explain", "--position", "short-0012"]) == 2
    assert "go together" in capsys.readouterr().out
    assert main(["explain"]) == 2
    assert "name a ruleset" in capsys.readouterr().out
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "p.html")]) == 2
    assert "ALV940" in capsys.readouterr().out
    assert main(["report", str(folder), "--out", str(tmp_path / "no" / "p.html")]) == 2
    assert "no such folder" in capsys.readouterr().out


def test_the_command_makes_the_page_that_the_run_makes(folder, run, tmp_path, capsys) -> None:
    pytest.importorskip("plotly")
    from alvh_rules.backtest_report.page import page

    assert main(["report", str(folder), "--out", str(tmp_path / "p.html")]) == 0
    assert "wrote" in capsys.readouterr().out
    assert (tmp_path / "p.html").read_text(encoding="utf-8") == page(run, metrics(run))


def test_the_command_without_plotly_names_the_one_that_installs_it(
    folder, tmp_path, capsys, monkeypatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert main(["report", str(folder), "--out", str(tmp_path / "p.html")]) == 2
    assert "pip install 'alvh-rules[report]'" in capsys.readouterr().out
    assert not (tmp_path / "p.html").exists()
