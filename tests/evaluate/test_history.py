"""The flagship ruleset on real history, and the laws of a run."""

import numpy as np
import pytest

from alvh_rules import load
from alvh_rules.core.resources import ruleset_path
from alvh_rules.market.read import Options, read_market
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import evaluate
from alvh_rules.report.decisions import decision_frame


@pytest.fixture(scope="module")
def core():
    return load(ruleset_path("alvh_core"))


@pytest.fixture(scope="module")
def history(core, shared_data):
    options = Options(calendars=[shared_data / "calendar" / "macro_events.csv"])
    market, found = read_market(
        [shared_data / "market" / "daily.csv"], core.checked.schema, options
    )
    assert found == []
    return decision_frame(evaluate(core.checked, market), "all")


def test_the_crash_of_2020(history) -> None:
    row = history.loc["2020-03-16"]
    assert row["slope"] == pytest.approx(67.7 / 82.69 - 1)
    assert row["hedge_ratio"] == 1.5
    assert row["hedge.ratio"] == 1.8
    assert row["event.fomc"]
    assert row["hedge.hold"] == "vix call butterfly expiring 20 to 40 days"


def test_an_unscheduled_move_is_not_seen_coming_and_a_meeting_is(history) -> None:
    assert not history.loc["2020-03-13", "event.fomc"]
    assert history.loc["2019-07-30", "event.fomc"]
    assert history.loc["2019-07-31", "event.fomc"]
    assert not history.loc["2019-08-01", "event.fomc"]


def test_before_vix3m_nothing_is_decided(history) -> None:
    early = history.loc[:"2006-07-14"]
    assert early["slope"].isna().all()
    assert early["short.open"].isna().sum() > 0
    assert not early["short.open"].fillna(False).any()
    assert np.isfinite(history.loc["2006-07-17", "slope"])


def test_built_in_calendars_decide_as_the_file_does(core, shared_data, history) -> None:
    market, _ = read_market([shared_data / "market" / "daily.csv"], core.checked.schema)
    other = decision_frame(evaluate(core.checked, market), "all")
    columns = ["event.fomc", "event.cpi", "event.ppi"]
    assert other.loc["2000":, columns].equals(history.loc["2000":, columns])


@pytest.mark.parametrize(
    "name", ["alvh_core", "vix_futures_by_slope", "equity_volatility_target", "tail_hedge_by_level"]
)
def test_cutting_the_file_off_changes_no_earlier_decision(name) -> None:
    rules = load(ruleset_path(name))
    frame = simulate(600, 3).set_index("date")
    frame.index = frame.index.astype("datetime64[ns]")
    whole = rules.run(frame, columns="all")
    assert len(whole) == 600
    assert whole.index.equals(frame.index)
    for cut in (1, 30, 271, 599):
        assert rules.run(frame.iloc[:cut], columns="all").equals(whole.iloc[:cut])


@pytest.mark.filterwarnings("ignore::alvh_rules.DataWarning")
def test_a_session_absent_from_the_file_is_missing_not_skipped() -> None:
    rules = load(ruleset_path("equity_volatility_target"))
    frame = simulate(120, 4)
    whole = rules.run(frame.set_index("date"), columns="all")
    gap = rules.run(frame.drop(index=60).set_index("date"), columns="all")
    assert np.isnan(gap["realized"].iloc[60])
    assert np.isnan(gap["realized"].iloc[79])
    assert gap["realized"].iloc[100] == whole["realized"].iloc[101]


def test_weekly_holds_the_last_completed_week(tmp_path) -> None:
    path = tmp_path / "w.alvh"
    path.write_text("ruleset w version 1.0.0\ndata\n  spx price\ntarget last_week = weekly(spx)\n")
    frame = simulate(30, 1).set_index("date")
    out = load(path).run(frame)["last_week"]
    spx = frame["spx"]
    # 2007-01-03 was a Wednesday: its week is complete on Friday the 5th.
    assert out.iloc[:2].isna().all()
    assert (out.iloc[2:7] == spx.iloc[2]).all()
    assert out.iloc[7] == spx.iloc[7]
