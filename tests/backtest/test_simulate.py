"""The laws of the loop, on random rulesets and markets: money adds up, nothing is seen early, and the
two ways to decide are one."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.world import path, run

STRUCTURES = st.sampled_from(
    [
        "sell iron condor on spx\n    expiring 7 to 21 days, nearest 14 days\n"
        "    probability_of_profit 60% to 85%, nearest 70%\n    wings 25 points",
        "sell put spread on spx\n    expiring 20 to 40 days\n    at delta 20%\n    wings 2%",
        "buy call spread on spx\n    expiring 20 to 40 days\n    at the money\n    wings 50 points",
        "sell straddle on spx\n    expiring next monthly",
        "sell strangle on spx\n    expiring 20 to 40 days\n    at delta 10% to 30%",
        "buy put butterfly on spx\n    expiring next weekly\n    wings 50 points",
        "buy call calendar on spx\n    expiring 14 days and 40 days",
        "sell put on spx\n    expiring 30 days\n    at 95% of spot",
        "legs on spx expiring 20 to 40 days\n    sell   put at delta 20%\n"
        "    buy  2 put at delta 5%\n    buy    call at the money or above",
    ]
)
SIZES = st.sampled_from(
    ["weight 50%", "size 2 contracts", "size max_loss is 5% of equity", "weight 120%"]
)
CLOSINGS = st.sampled_from(
    [
        "",
        "  close when profit >= 50% of credit or loss > 2 * credit\n",
        "  close when any of\n    days_to_expiry <= 3 days\n    breached for 2 sessions\n    vix > 30\n",
        "  close when delta > 100 or theta < 0 or extrinsic < $200\n",
        "  hold to expiry\n",
    ]
)
HEDGES = st.sampled_from(
    [
        "",
        "hedge\n  ratio 80% of vega\n  hold vix futures months 2 to 4\n",
        "hedge\n  ratio 100% of vega\n  hold by slope\n"
        "    below 0%   => vix call butterfly expiring 20 to 40 days\n"
        "    0% to 5%   => vix calendar expiring 30 days and 60 days\n"
        "    5% or more => vix futures months 4 to 7\n"
        "  time_shift to next expiry when a.breached\n",
        "hedge\n  ratio 5% of capital\n  hold vix call expiring 30 days at delta 20%\n",
        "hedge\n  ratio 50% of contracts\n  hold spx put spread expiring 20 to 40 days\n",
        "hedge\n  keep delta between -50 and 50 by spx shares\n",
    ]
)
HOLDINGS = st.sampled_from(
    [
        "",
        "hold vix futures rolling months 1 to 2\n  weight 20%\n",
        "hold spx shares\n  weight if slope > 0% then 60% else 20%\n",
        "hold vix futures constant maturity 45 days\n  weight -10%\n",
        "hold vix call expiring 30 days at delta 20%\n  weight 1%\n",
    ]
)
LIMITS = st.sampled_from(
    [
        "",
        "limit book.vega >= -3000\nlimit book.loss <= 3% of equity per month\n",
        "limit book.margin <= 30% of equity\nlimit book.drawdown <= 10%\n",
        "regime careful when book.drawdown > 2%\n  weight x 50%\n",
    ]
)
HEADERS = st.sampled_from(
    [
        "  cash earns tbill\n",
        "  fill same close\n  contracts fractional\n",
        "  fill same close\n  cash earns tbill\n",
        "",
    ]
)


@st.composite
def programs(draw) -> tuple[str, str]:
    """A ruleset of one layer or two, perhaps a hedge, a holding and limits; and its header."""
    text = ""
    for name in ("a", "b")[: draw(st.integers(1, 2))]:
        text += (
            f"layer {name}\n  {draw(STRUCTURES)}\n  {draw(SIZES)}\n  at most {draw(st.integers(1, 3))}"
            f" open\n  every {draw(st.integers(1, 4))} sessions\n  open when slope > -50%\n"
        )
        closing = draw(CLOSINGS)
        if "buy" in text.split("layer")[-1] and "credit" in closing:
            closing = ""
        text += closing + "\n"
    text += draw(HEDGES) + "\n" + draw(HOLDINGS) + "\n" + draw(LIMITS)
    return text, draw(HEADERS)


def cents(column: pd.Series) -> np.ndarray:
    """Whole cents, and nothing else."""
    found = np.round(column.to_numpy() * 100)
    assert np.allclose(found, column.to_numpy() * 100, atol=1e-4)
    return found.astype(np.int64)


def reconciled(backtest) -> None:
    """Every session, equity is cash and open legs, and capital and all profits, to the cent."""
    equity = backtest.equity
    held = backtest.positions.assign(cents=cents(backtest.positions["market_value"]))
    value = held.groupby("date")["cents"].sum().reindex(equity["date"], fill_value=0)
    assert (cents(equity["equity"]) == cents(equity["cash"]) + value.to_numpy()).all()
    profits = sum(cents(equity[name]) for name in equity if name.endswith("_profit"))
    total = round(backtest.capital * 100) + profits + cents(equity["interest"])
    assert (cents(equity["equity"]) == total).all()
    # What the trades realised and the open legs have not: a second way to the same profit.
    traded = backtest.trades
    assert (traded["fees"] >= 0).all()
    assert (traded["slippage"] >= 0).all()
    opened = traded[traded["action"] == "open"]
    assert opened["position"].is_unique
    assert set(backtest.positions["position"]) <= set(opened["position"])


@settings(max_examples=25, deadline=None)
@given(programs(), st.integers(0, 50), st.sets(st.integers(5, 60), max_size=4))
def test_money_adds_up_to_the_cent_at_every_session(program, seed, missing) -> None:
    text, header = program
    backtest = run(text, path(seed, 70), header=header, missing=frozenset(missing))
    reconciled(backtest)


@settings(max_examples=12, deadline=None)
@given(programs(), st.integers(0, 50), st.integers(20, 60))
def test_rows_cut_off_at_the_end_change_nothing_before_them(program, seed, cut) -> None:
    text, header = program
    frame = path(seed, 70)
    whole = run(text, frame, header=header)
    part = run(text, frame.iloc[:cut], header=header)
    pd.testing.assert_frame_equal(part.equity, whole.equity.iloc[:cut], check_exact=True)
    before = whole.trades[whole.trades["date"] <= part.equity["date"].iloc[-1]]
    pd.testing.assert_frame_equal(part.trades, before.reset_index(drop=True), check_exact=True)


@settings(max_examples=8, deadline=None)
@given(programs(), st.integers(0, 50))
def test_deciding_in_bulk_and_bar_by_bar_are_one(program, seed) -> None:
    text, header = program
    frame = path(seed, 60)
    apart = run(text, frame, header=header, bulk=False)
    together = run(text, frame, header=header)
    pd.testing.assert_frame_equal(apart.equity, together.equity, check_exact=True)
    pd.testing.assert_frame_equal(apart.trades, together.trades, check_exact=True)


@settings(max_examples=8, deadline=None)
@given(programs(), st.integers(0, 50))
def test_the_decisions_shown_are_those_that_were_taken(program, seed) -> None:
    """All columns are worked out once more at the end, from the facts as they were: the ratio that the
    hedge followed is the one that is shown."""
    text, header = program
    backtest = run(text, path(seed, 60), header=header)
    if "hedge.ratio" in backtest.decisions:
        shown = backtest.decisions["hedge.ratio"].to_numpy()
        assert np.array_equal(shown, backtest.equity["hedge_ratio"].to_numpy(), equal_nan=True)


def test_the_same_run_again_is_the_same(tmp_path) -> None:
    text = (
        "layer a\n  sell put spread on spx\n    expiring 30 days\n  weight 50%\n  open when true\n"
    )
    first, second = (run(text, path(3, 60)) for _ in range(2))
    pd.testing.assert_frame_equal(first.positions, second.positions, check_exact=True)


def test_without_a_hedge_both_equities_are_one() -> None:
    text = (
        "layer a\n  sell put spread on spx\n    expiring 30 days\n  weight 50%\n  open when true\n"
    )
    equity = run(text, path(3, 60)).equity
    assert (equity["equity"] == equity["equity_without_hedge"]).all()
    assert (equity["hedge_profit"] == 0).all()


def test_a_hedge_changes_the_other_equity_by_nothing() -> None:
    layer = (
        "layer a\n  sell put spread on spx\n    expiring 30 days\n  weight 50%\n  open when true\n"
    )
    hedge = "hedge\n  ratio 100% of vega\n  hold vix futures month 1\n"
    plain, hedged = run(layer, path(3, 60)), run(layer + hedge, path(3, 60))
    assert (hedged.equity["equity_without_hedge"] == plain.equity["equity"]).all()
    assert (hedged.equity["hedge_profit"] != 0).any()


WITHHELD = """\
layer a
  sell put spread on spx
    expiring 20 to 40 days
    at delta 20%
    wings 2%
  weight 50%
  at most 9 open
  open when slope > -50%
  close when days_to_expiry <= 15 days

hedge
  ratio 80% of vega
  hold vix futures months 2 to 4

always vix <= 17
"""


def test_a_session_that_violates_a_promise_opens_nothing_and_still_closes() -> None:
    frame = path(3, 70)
    held = set(frame.loc[frame["vix"] <= 17, "date"])
    assert 10 < len(held) < 60
    trades = run(WITHHELD, frame).trades
    decided = trades["decided"].dt.strftime("%Y-%m-%d")
    made = trades[~trades["action"].isin(["refuse", "settle", "close"])]
    assert len(made)
    assert set(decided[made.index]) <= held
    refused = trades[(trades["action"] == "refuse") & ~decided.isin(held)]
    assert set(refused["reason"]) == {"`always vix <= 17` does not hold: nothing is opened"}
    closed = trades[(trades["action"] == "close") & (trades["owner"] == "a")]
    assert not set(decided[closed.index]) <= held
