"""Versions that follow one another over one book: a change to the same text changes nothing, a change
to another is of what it says, and nothing is known of a version before it is in force."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.backtest.deciding import Program
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.run import backtest
from alvh_rules.backtest.simulate import Inputs
from alvh_rules.backtest.succession import Term, with_account_of
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from tests.backtest.test_simulate import programs, reconciled
from tests.backtest.world import HEAD, market_of, path, quotes_of

CASH = "  cash earns tbill\n"

SPREAD = (
    "layer {name}\n  sell put spread on spx\n    expiring 20 to 40 days\n    wings 25 points\n  weight {weight}\n"
    "  at most 3 open\n  every 4 sessions\n  open when {when}\n{more}\n"
)


def spread(*, name: str = "a", weight: str = "100%", when: str = "true", more: str = "") -> str:
    return SPREAD.format(name=name, weight=weight, when=when, more=more)


def version(text: str, header: str, capital: str = "1,000,000"):
    """A checked ruleset of the lines."""
    head = HEAD.format(header=header).replace("1,000,000", capital)
    result = check_source(Source("world.alvh", head + text))
    assert result.ruleset is not None, result.rendered()
    return result.ruleset


def follow(
    rulesets,
    firsts: list[int],
    frame: pd.DataFrame,
    *,
    shared: bool = False,
    bulk: bool = True,
):
    """A backtest of versions, each from its row on; `shared`: equal ones are one program."""
    first, terms = rulesets[0], []
    for number, (ruleset, row) in enumerate(zip(rulesets, firsts, strict=True)):
        again = next((at for at in range(number) if shared and rulesets[at] == ruleset), None)
        if again is not None:
            program = terms[again].program
        else:
            ruleset = with_account_of(ruleset, first)
            program = Program(ruleset, market_of(ruleset, frame))
        terms.append(Term(program, row, f"v{number}"))
    market = terms[0].program.market
    asked = Settings(first=np.datetime64(frame["date"].iloc[firsts[0]]))
    return backtest(first, market, Inputs(quotes_of(market)), asked, terms=terms, bulk=bulk)


def governed(
    texts: list[str], firsts: list[int], frame: pd.DataFrame, *, header: str = CASH, **more
):
    """The same of texts under one header."""
    return follow([version(text, header) for text in texts], firsts, frame, **more)


def plain(text: str, frame: pd.DataFrame, first: int = 0, header: str = CASH):
    """The backtest of one ruleset."""
    ruleset = version(text, header)
    market = market_of(ruleset, frame)
    day = np.datetime64(frame["date"].iloc[first])
    return backtest(ruleset, market, Inputs(quotes_of(market)), Settings(first=day))


def same(one, other, *, upto=None) -> None:
    """Two runs are one, up to a day; what versions are called is not compared."""
    for name in ("equity", "trades", "positions", "decisions", "market"):
        left, right = getattr(one, name), getattr(other, name)
        left, right = (item.drop(columns="version", errors="ignore") for item in (left, right))
        if upto is not None:
            left, right = (item[item["date"] <= upto] for item in (left, right))
        pd.testing.assert_frame_equal(
            left.reset_index(drop=True), right.reset_index(drop=True), check_exact=True
        )


@settings(max_examples=15, deadline=None)
@given(programs(), st.integers(0, 50), st.integers(1, 20), st.integers(1, 25))
def test_a_change_to_the_same_text_changes_nothing(program, seed, before, after) -> None:
    """All that a version's parts know goes over: orders, closings under way, memories, hedges."""
    text, header = program
    frame = path(seed, 60)
    firsts = [5, 5 + before, 5 + before + after]
    run = governed([text] * 3, firsts, frame, header=header)
    same(plain(text, frame, 5, header), run)
    reconciled(run)


@settings(max_examples=10, deadline=None)
@given(programs(), programs(), st.integers(0, 50), st.integers(6, 50))
def test_a_version_changes_nothing_before_it_is_in_force(one, other, seed, at) -> None:
    frame = path(seed, 60)
    run = governed([one[0], other[0]], [5, at], frame, header=one[1])
    reconciled(run)
    # Up to the close before: that close is the last that the first version decides.
    last = pd.Timestamp(frame["date"].iloc[at - 1])
    alone = plain(one[0], frame, 5, one[1])
    trades = [
        item[item["date"] <= last].drop(columns="version", errors="ignore")
        for item in (run.trades, alone.trades)
    ]
    pd.testing.assert_frame_equal(*trades, check_exact=True)
    equity = [item.equity[item.equity["date"] <= last]["equity"] for item in (run, alone)]
    pd.testing.assert_series_equal(*equity, check_exact=True)


@settings(max_examples=6, deadline=None)
@given(programs(), programs(), st.integers(0, 50), st.integers(6, 30), st.integers(35, 55))
def test_rows_cut_off_change_nothing_before_them(one, other, seed, at, cut) -> None:
    frame = path(seed, 60)
    whole = governed([one[0], other[0]], [5, at], frame, header=one[1])
    part = governed([one[0], other[0]], [5, at], frame.iloc[:cut], header=one[1])
    pd.testing.assert_frame_equal(
        part.equity, whole.equity.iloc[: len(part.equity)], check_exact=True
    )


def test_one_version_throughout_is_the_plain_backtest() -> None:
    text, frame = spread(), path(3, 60)
    run = governed([text], [0], frame)
    same(plain(text, frame), run)
    assert set(run.trades["version"]) == {"v0"}
    assert "version" not in plain(text, frame).trades


def test_the_next_version_decides_at_the_close_of_its_first_session() -> None:
    frame = path(3, 40)
    # With one every four sessions and three open at most, the second opens on its first session.
    run = governed([spread(), spread(when="vix > 0").replace("most 3", "most 9")], [0, 20], frame)
    opened = run.trades[run.trades["action"] == "open"]
    day = pd.Timestamp(frame["date"].iloc[20])
    assert (opened["version"] == np.where(opened["decided"] < day, "v0", "v1")).all()
    assert (opened["decided"] == day).any()
    # What the first decided at the close before is filled at that close, as it was ordered.
    at_change = opened[opened["date"] == day]
    assert list(at_change["version"]) == ["v0"] * len(at_change)


def test_positions_are_kept_and_closed_by_the_new_versions_clause() -> None:
    frame = path(3, 60)
    closing = spread(when="false", more="  close when days_to_expiry <= 25 days\n")
    run = governed([spread(), closing], [0, 20], frame)
    held = run.positions[run.positions["date"] == pd.Timestamp(frame["date"].iloc[20])]
    assert len(held)
    closed = run.trades[run.trades["action"] == "close"]
    assert len(closed)
    assert set(closed["clause"]) == {"close when days_to_expiry <= 25 days"}
    assert set(closed["version"]) == {"v1"}
    # None was closed before its time: each was decided with 25 days left or fewer, or on the first session.
    assert set(closed["position"]) <= set(run.trades[run.trades["version"] == "v0"]["position"])


def test_a_layer_that_is_gone_is_closed_at_the_first_close() -> None:
    frame = path(3, 60)
    run = governed([spread() + spread(name="b"), spread()], [0, 20], frame)
    day = pd.Timestamp(frame["date"].iloc[20])
    closed = run.trades[(run.trades["action"] == "close") & (run.trades["owner"] == "b")]
    assert (
        len(closed)
        == run.positions[(run.positions["date"] == day) & (run.positions["owner"] == "b")][
            "position"
        ].nunique()
    )
    assert set(closed["clause"]) == {"version v1 has no layer `b`"}
    assert set(closed["decided"]) == {day}
    assert set(closed["date"]) == {pd.Timestamp(frame["date"].iloc[21])}
    assert not (
        (run.positions["owner"] == "b") & (run.positions["date"] > day + pd.Timedelta(days=5))
    ).any()
    # Its column of profits stays, to the cent.
    reconciled(run)
    assert "b_profit" in run.equity


def test_a_hedge_that_is_gone_is_closed_and_one_that_stays_is_kept() -> None:
    frame = path(3, 60)
    hedge = "hedge\n  ratio 100% of vega\n  hold vix futures month 2\n"
    more = "hedge\n  ratio 200% of vega\n  hold vix futures month 2\n"
    run = governed([spread() + hedge, spread(), spread() + hedge], [0, 20, 40], frame)
    closed = run.trades[(run.trades["action"] == "close") & (run.trades["owner"] == "hedge")]
    assert "version v1 has no such hedge" in set(closed["clause"])
    reconciled(run)
    twice = governed([spread() + hedge, spread() + more], [0, 20], frame)
    moved = twice.trades[(twice.trades["owner"] == "hedge") & (twice.trades["version"] == "v1")]
    assert moved.iloc[0]["action"] == "resize"
    assert moved.iloc[0]["position"] in set(
        twice.trades[twice.trades["version"] == "v0"]["position"]
    )


def test_a_holding_goes_on_by_its_words_or_its_underlying() -> None:
    frame = path(3, 60)
    first = "hold spx shares\n  weight 20%\nhold vix futures month 1\n  weight 5%\n"
    second = "hold vix futures month 2\n  weight 5%\nhold spx shares\n  weight 20%\n"
    run = governed([first, second], [0, 20], frame)
    mine = run.trades[(run.trades["owner"] == "holding") & (run.trades["version"] == "v1")]
    assert "close" not in set(mine["action"])
    assert set(mine[mine["legs"].str.contains("VIX")]["action"]) <= {"roll", "resize"}
    gone = governed([first, "hold vix futures month 1\n  weight 5%\n"], [0, 20], frame)
    closed = gone.trades[gone.trades["action"] == "close"]
    assert list(closed["clause"]) == ["version v1 has no such holding"]


def test_a_brake_that_lapses_gives_the_version_before_its_own_memory_back() -> None:
    """The signals of a version that is braked go on meanwhile: it is as if it had run throughout."""
    frame = path(3, 60)
    text = spread(when="vix > 0 for 30 sessions")
    run = governed([text, spread(when="false"), text], [0, 10, 33], frame, shared=True)
    opened = run.trades[run.trades["action"] == "open"]
    # 30 sessions of the whole history have gone by on row 29, within the brake; on row 33 it opens.
    assert opened["decided"].min() == pd.Timestamp(frame["date"].iloc[33])


def test_a_closing_remembers_a_position_from_its_opening() -> None:
    frame = path(3, 50)
    waits = spread(when="true", more="  close when days_to_expiry < 100 days for 8 sessions\n")
    run = governed([spread(), waits], [0, 20], frame)
    closed = run.trades[run.trades["action"] == "close"]
    # Those that are eight sessions old are closed at the new version's first close.
    day = pd.Timestamp(frame["date"].iloc[20])
    assert (closed["decided"] == day).any()
    assert closed["decided"].min() == day


def test_capital_and_fills_are_the_first_versions_and_risk_is_each_ones_own() -> None:
    frame = path(3, 40)
    reads = spread(when="capital < $1,500,000 and equity < $1,500,000")
    later = version(reads, "  fill same close\n", "2,000,000")
    assert not len(plain(reads.replace("<", ">"), frame).trades)
    run = follow([version(spread(when="false"), CASH), later], [0, 10], frame)
    opened = run.trades[run.trades["action"] == "open"]
    assert len(opened)
    assert (opened["date"] > opened["decided"]).all()
    assert run.capital == 1_000_000
    usual, risky = (version(spread(), header) for header in (CASH, "  risk 40%\n"))
    most = [
        follow([usual, other], [0, 10], frame).trades["contracts"].max() for other in (usual, risky)
    ]
    assert most[1] > most[0]


def test_both_ways_to_decide_are_one() -> None:
    frame = path(3, 50)
    texts = [spread(), spread(when="book.delta < 5 or book.drawdown > 1%")]
    same(*(governed(texts, [0, 20], frame, bulk=bulk) for bulk in (True, False)))
