"""The life of positions and of money, against figures that are worked by hand in the small world."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_rules.backtest.result import Settings
from tests.backtest.world import HALF, path, run

FREE = Settings(fee=0.0, slippage={1: 0.0})
PUT = "layer a\n  sell put on spx\n    expiring {expiring}\n    at the money or below\n  {size}\n"


def flat(rows: int = 60, **columns) -> pd.DataFrame:
    """A market that stands still, but for what is given."""
    frame = path(1, rows).assign(spx=2700.0, vix=16.0, vix3m=18.0)
    for name, values in columns.items():
        frame[name] = values
    return frame


def put(expiring: str = "next monthly", size: str = "size 1 contracts", rest: str = "") -> str:
    return PUT.format(expiring=expiring, size=size) + "  open when true\n" + rest


def test_an_order_is_filled_at_the_next_close_and_pays_its_share_of_the_spread() -> None:
    backtest = run(put(), flat(), header="")
    trade = backtest.trades.iloc[0]
    days = backtest.equity["date"]
    assert (trade["decided"], trade["date"]) == (days[0], days[1])
    mark = backtest.positions.iloc[0]
    slipped = 0.50 * HALF * 100
    assert trade["slippage"] == pytest.approx(slipped, abs=0.011)
    assert trade["cash"] == pytest.approx(mark["mark"] * 100 - slipped, abs=0.011)
    assert trade["fees"] == 0.65
    assert (trade["clause"], trade["place"]) == ("open when true", "world.alvh:17")


def test_a_morning_settlement_takes_the_opening_print_of_the_expiry_day() -> None:
    frame = flat()
    third_friday = list(frame["date"]).index("2018-01-19")
    opening = np.full(len(frame), 2700.0)
    opening[third_friday] = 2650.0
    backtest = run(put(), frame, header="", settings=FREE, opening=opening)
    settled = backtest.trades[backtest.trades["action"] == "settle"].iloc[0]
    assert str(settled["date"].date()) == "2018-01-19"
    assert settled["cash"] == -100 * (2700 - 2650)
    assert settled["clause"] == "settled at the opening print of the expiry day"
    # A weekly of this world settles at the close.
    weekly = run(put("next weekly"), frame, header="", settings=FREE, opening=opening)
    first = weekly.trades[weekly.trades["action"] == "settle"].iloc[0]
    assert (str(first["date"].date()), first["cash"]) == ("2018-01-05", 0.0)


def test_cash_earns_the_rate_of_the_session_before_over_calendar_days() -> None:
    frame = flat(10, tbill=[1.0, 2.0] + [3.0] * 8)
    equity = run("hold spx shares\n  weight 0%\n", frame).equity
    # 2 January 2018 was a Tuesday.
    first = round(100_000_000 * 1.0 / 100 / 360)
    second = round((100_000_000 + first) * 2.0 / 100 / 360)
    assert equity["interest"].iloc[1] == first / 100
    assert equity["interest"].iloc[2] == (first + second) / 100
    cash = 100_000_000 + first + second
    over = round(cash * 3.0 / 100 / 360)
    weekend = round((cash + over) * 3.0 * 3 / 100 / 360)
    assert str(equity["date"].iloc[4].date()) == "2018-01-08"
    assert equity["interest"].iloc[4] == pytest.approx(
        (cash + over + weekend) / 100 - 1e6, abs=1e-6
    )
    assert (run("hold spx shares\n  weight 0%\n", frame, header="").equity["interest"] == 0).all()


def test_shares_pay_dividends_on_their_last_value() -> None:
    frame = flat(5)
    backtest = run(
        "hold spx shares\n  weight 27%\n",
        frame,
        header="  fill same close\n",
        settings=FREE,
        dividends={"spx": np.full(5, 3.65)},
    )
    # 100 shares of 2,700, a day, at 3.65% of 365.
    assert backtest.equity["holding_profit"].iloc[1] == 27.0
    assert backtest.equity["equity"].iloc[1] == 1_000_027.0


def test_a_position_closes_by_the_clause_that_is_true_first() -> None:
    closing = "  close when any of\n    loss >= 300% of credit\n    breached for 2 sessions\n    vix > 90\n"
    spx = [2700.0] * 5 + [2690.0] * 55
    backtest = run(put("30 to 40 days", rest=closing), flat(spx=spx), header="")
    closed = backtest.trades[backtest.trades["action"] == "close"].iloc[0]
    assert closed["clause"] == "close when breached for 2 sessions"
    assert closed["decided"] == backtest.equity["date"][6]


def test_a_memory_of_one_position_is_not_another_s() -> None:
    """`for 2 sessions` begins anew with each position, though the market has been there for long."""
    closing = "  at most 2 open\n  every 3 sessions\n  close when days_to_expiry < 90 days for 4 sessions\n"
    backtest = run(put("30 to 60 days", rest=closing), flat(30), header="")
    opened = backtest.trades[backtest.trades["action"] == "open"].set_index("position")["date"]
    closed = backtest.trades[backtest.trades["action"] == "close"].set_index("position")["decided"]
    days = list(backtest.equity["date"])
    # Marked first on the day of the fill: the fourth such close is three sessions on.
    for name in closed.index:
        assert days.index(closed[name]) - days.index(opened[name]) == 3


def test_openings_are_spaced_counted_and_one_a_session() -> None:
    rest = "  at most 3 open\n  every 4 sessions\n"
    backtest = run(put("50 to 80 days", rest=rest), flat(40), header="")
    opened = backtest.trades[backtest.trades["action"] == "open"]
    days = list(backtest.equity["date"])
    assert [days.index(day) for day in opened["decided"]] == [0, 4, 8]


def test_a_weight_buys_its_share_of_the_risk_budget() -> None:
    text = "layer a\n  sell put spread on spx\n    expiring 30 days\n    at delta 20%\n    wings 50 points\n"
    text += "  weight 60%\n  at most 2 open\n  open when true\n"
    backtest = run(text, flat(), header="", settings=FREE)
    trade = backtest.trades.iloc[0]
    credit = trade["cash"] / trade["contracts"]
    budget = 0.10 * 1_000_000 * 0.60 / 2
    assert trade["contracts"] == budget // (5_000 - credit)
    assert backtest.equity["margin"].iloc[1] == 5_000 * trade["contracts"]


def test_cash_secures_no_more_puts_than_it_can_pay() -> None:
    header = "  fill same close\n  contracts fractional\n"
    backtest = run(put(size="size cash_secured"), flat(), header=header, settings=FREE)
    trade = backtest.trades.iloc[0]
    assert trade["contracts"] == pytest.approx(
        1_000_000 / (270_000 - trade["cash"] / trade["contracts"])
    )
    first = backtest.equity.iloc[0]
    assert first["margin"] == pytest.approx(first["cash"], abs=0.02)


def test_calls_are_covered_by_shares_and_need_no_margin() -> None:
    text = (
        "layer a\n  sell call on spx\n    expiring next monthly\n  size covered\n  open when true\n"
    )
    text += "hold spx shares\n  weight 100%\n"
    backtest = run(text, flat(), header="", settings=FREE)
    trade = backtest.trades[backtest.trades["structure"].str.contains("call")]
    # On the first session the shares are ordered, not held.
    assert trade["action"].tolist()[:2] == ["refuse", "open"]
    assert trade["contracts"].iloc[1] == 3  # 370 shares
    assert (backtest.equity["margin"] == 0).all()


def test_shares_that_calls_are_written_on_stay_until_the_calls_are_gone() -> None:
    """Kept at their weight day by day they would be sold as the index rises, and the calls be naked."""
    text = (
        "layer a\n  sell call on spx\n    expiring next monthly\n  size covered\n  open when true\n"
        "hold spx shares\n  weight 100%\n"
    )
    header = "  fill same close\n  contracts fractional\n"
    backtest = run(text, flat(40, spx=2700.0 + 4.0 * np.arange(40)), header=header, settings=FREE)
    legs = backtest.positions.pivot_table(index="date", columns="right", values="contracts")
    # The shares come first: the calls are there from the first session on.
    assert len(legs) == 40
    assert np.allclose(legs["share"], -100.0 * legs["call"])
    # A settlement in between brings them back to their weight.
    assert legs["share"].nunique() == legs["call"].nunique() > 1


def test_required_return_sells_the_extrinsic_value_that_earns_it() -> None:
    text = "layer a\n  sell put on spx\n    expiring 30 days\n    at delta 20%\n"
    text += "  size required_return is 4%\n  open when true\n"
    backtest = run(text, flat(), header="  contracts fractional\n", settings=FREE)
    trade = backtest.trades.iloc[0]
    days = 30 + 1  # decided on 2 January, for 2 February
    expiry = backtest.positions["expiry"].iloc[0]
    days = (expiry - trade["decided"]).days
    decided_value = trade["contracts"] * 100
    wanted = 0.04 * 1_000_000 * days / 365
    per_unit = wanted / decided_value
    # Sold a session later: the value is a day's theta less than what was decided on.
    assert trade["cash"] / decided_value == pytest.approx(per_unit, rel=0.06)


def test_a_leg_without_a_quote_refuses_the_package_and_says_so() -> None:
    backtest = run(put(), flat(), header="", missing=frozenset({1}))
    # The order of the first session, the decision of the second, the decision of the third.
    assert backtest.trades["action"].tolist()[:3] == ["refuse", "refuse", "open"]
    assert backtest.trades["reason"].iloc[0].startswith("no quote for SPX 2018-01-19 P2700")
    assert backtest.trades["reason"].iloc[1] == "no put of that expiry has a price"
    assert backtest.equity["skipped"].iloc[1] >= 1


def test_a_target_alone_trades_nothing_and_is_told() -> None:
    backtest = run("target amount = if slope > 0% then 50% else 0%\n", flat(5))
    assert [item.code for item in backtest.found] == ["ALV880"]
    assert not len(backtest.trades)


def test_a_limit_scales_what_is_opened() -> None:
    text = put("30 days", "size 5 contracts", "limit book.delta <= 120\n")
    backtest = run(text, flat(), header="", settings=FREE)
    # A put at the money has a delta of about a half: 50 dollars a point and contract.
    assert backtest.trades.iloc[0]["contracts"] == 2
    assert any(item.code == "ALV881" for item in backtest.found)


def test_a_loss_over_a_month_pauses_openings_until_it_is_21_sessions_old() -> None:
    spx = [2700.0] * 3 + [2500.0] * 57
    text = put("5 to 14 days", "size 3 contracts", "limit book.loss <= 2% of equity per month\n")
    backtest = run(text, flat(spx=spx), header="")
    refused = backtest.trades[backtest.trades["action"] == "refuse"]
    assert refused["reason"].str.contains("openings pause").all()
    days = list(backtest.equity["date"])
    # The put that lost is held to its expiry on the 12th; then there is room.
    assert days.index(refused["date"].iloc[0]) == 8
    assert days.index(refused["date"].iloc[-1]) == 2 + 21


def vix_rises(backtest, owner: str, day) -> float:
    """Dollars that an owner's legs gain at a close when VIX rises by a point, by the square root of
    time: the formulas of alvh_rules/options/curve_moves.py written out."""
    now = backtest.positions[
        (backtest.positions["date"] == day) & (backtest.positions["owner"] == owner)
    ]
    # SPX third Fridays and VIX expiries settle at the open.
    morning = (now["underlying"] == "VIX") | (now["expiry"].dt.day.between(15, 21))
    days = (now["expiry"] - day).dt.days - np.where(morning, 6.5 / 24.0, 0.0)
    far = (np.sqrt(days + 30.0) - np.sqrt(days)) / np.sqrt(30.0)
    each = np.where(now["underlying"] == "VIX", far, np.sqrt(30.0 / days))
    return float((now["vega"] * each).sum())


def test_the_hedge_holds_the_ratio_of_what_the_layers_lose_on_a_point_of_vix() -> None:
    text = put("30 to 60 days", "size 9 contracts")
    text += "hedge\n  ratio 100% of vega\n  hold vix futures months 3 to 5\n"
    backtest = run(text, flat(), header="  contracts fractional\n")
    day = backtest.equity["date"].iloc[5]
    # The ratio is met at the close before, and vega moves little in a session.
    held = vix_rises(backtest, "hedge", day)
    assert held == pytest.approx(-vix_rises(backtest, "a", day), rel=0.05)
    assert backtest.equity["hedge_held"].iloc[5] == pytest.approx(1.0, abs=0.05)


def test_a_calendar_counts_its_long_leg_and_what_is_held_counts_both() -> None:
    text = put("30 to 60 days", "size 2 contracts")
    text += "hedge\n  ratio 100% of vega\n  hold vix calendar expiring 30 days and 60 days\n"
    backtest = run(text, flat(), header="  contracts fractional\n")
    day = backtest.equity["date"].iloc[2]
    legs = backtest.positions[
        (backtest.positions["date"] == day) & (backtest.positions["owner"] == "hedge")
    ]
    near, far = legs.sort_values("expiry").to_dict("records")
    assert near["contracts"] == -far["contracts"] < 0
    long_alone = backtest.positions["contracts"] > 0
    bought = replace(backtest, positions=backtest.positions[long_alone])
    needed = -vix_rises(backtest, "a", day)
    assert vix_rises(bought, "hedge", day) == pytest.approx(needed, rel=0.05)
    held = backtest.equity["hedge_held"].iloc[2]
    assert held == pytest.approx(vix_rises(backtest, "hedge", day) / needed, abs=0.02)
    assert abs(held) < 0.35
    adverse = [item for item in backtest.found if item.code == "ALV889"]
    assert len(adverse) == (1 if (backtest.equity["hedge_held"] <= 0.0).any() else 0)


def test_a_hedge_that_loses_when_vix_rises_is_told_with_its_sessions() -> None:
    text = put("30 to 60 days", "size 1 contracts")
    text += "hedge\n  ratio 100% of vega\n  hold vix call butterfly expiring 20 to 40 days\n"
    calm = run(text, flat(12), settings=FREE)
    assert calm.equity["hedge_held"].max() > 0.5
    assert not [item for item in calm.found if item.code == "ALV889"]
    # VIX goes far beyond the body: what is held then gains on a fall.
    vix = np.array([16.0] * 6 + [60.0] * 6)
    (found,) = [
        item for item in run(text, flat(12, vix=vix), settings=FREE).found if item.code == "ALV889"
    ]
    assert "vix call butterfly" in found.message


def test_gamma_scalping_comes_back_to_the_middle_of_the_band() -> None:
    text = "layer a\n  buy straddle on spx\n    expiring 60 days\n  size 5 contracts\n  open when true\n"
    text += "hedge\n  keep delta between -20 and 20 by spx shares\n"
    spx = [2700.0] * 10 + [2760.0] * 20
    backtest = run(text, flat(30, spx=spx), header="  fill same close\n")
    delta = backtest.equity["book_delta"]
    assert (delta.abs() <= 20.5).all()
    moved = backtest.trades[backtest.trades["owner"] == "hedge"]
    assert abs(delta.iloc[10]) < 0.51
    assert "keep delta between" in moved["clause"].iloc[0]


def test_weight_moves_to_the_layer_that_promises_more_a_step_a_month() -> None:
    text = ""
    for name, delta in (("near", "30%"), ("far", "5%")):
        text += (
            f"layer {name}\n  sell put spread on spx\n    expiring 30 days\n    at delta {delta}\n"
        )
        text += "    wings 50 points\n  weight 50%\n  open when true\n"
    text += "reallocate monthly\n  between near, far\n  by projected_irr\n  at most 10% a step\n"
    backtest = run(text, flat(60))
    weights = backtest.decisions.set_index("date")[["near.weight", "far.weight"]]
    assert weights.iloc[0].tolist() == [0.5, 0.5]
    assert weights.loc["2018-02-01"].tolist() == pytest.approx([0.6, 0.4])
    assert weights.loc["2018-03-01"].tolist() == pytest.approx([0.7, 0.3])
    assert (weights.sum(axis=1).round(9) == 1).all()


def test_what_kept_a_layer_from_opening_is_ranked() -> None:
    text = "layer a\n  sell put on spx\n    expiring 30 days\n  weight 50%\n"
    text += "  open when all of\n    vix < 10\n    slope > 5%\n"
    backtest = run(text, flat(20))
    first = backtest.prevented.iloc[0]
    assert (first["clause"], first["sessions"], first["false"]) == ("vix < 10", 20, 20)
    assert len(backtest.prevented) == 1
    assert not len(backtest.positions)


def test_days_trim_what_is_traded_and_not_what_is_remembered() -> None:
    frame = flat(40)
    text = "signal long when spx > sma(spx, 20) - 1\n" + put().replace(
        "open when true", "open when long"
    )
    settings = Settings(first="2018-02-01", last="2018-02-20")
    backtest = run(text, frame, settings=settings)
    assert str(backtest.equity["date"].iloc[0].date()) == "2018-02-01"
    assert str(backtest.equity["date"].iloc[-1].date()) == "2018-02-20"
    assert backtest.trades["decided"].iloc[0] == backtest.equity["date"].iloc[0]
    with pytest.raises(ValueError, match="no session of the data lies between 2030-01-01"):
        run(text, frame, settings=Settings(first="2030-01-01"))


def test_a_future_gains_its_change_in_cash_and_is_worth_nothing() -> None:
    frame = flat(10, vix=[16.0] * 5 + [20.0] * 5)
    backtest = run(
        "hold vix futures month 1\n  weight 20%\n",
        frame,
        header="  fill same close\n",
        settings=FREE,
    )
    held = backtest.positions[backtest.positions["date"] == backtest.equity["date"].iloc[4]]
    count = held["contracts"].iloc[0]
    assert (backtest.positions["market_value"] == 0).all()
    before, after = backtest.equity["equity"].iloc[4], backtest.equity["equity"].iloc[5]
    # Four points up, less the thirtieth of a point that a day takes from this world's curve.
    assert after - before == pytest.approx(count * 1000 * (4 - 1 / 30), abs=1)
