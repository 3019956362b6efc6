"""Minute bars: a bare count is of bars, `N sessions` samples closes, and truncation changes nothing."""

import numpy as np
import pytest

from alvh_rules.core.source import Source
from alvh_rules.evaluate.interpreter import Interpreter
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate

TEXT = """\
ruleset m version 1.0.0
  bars 65 minutes
data
  spx price
  vix volatility
target by_bars = spx / sma(spx, 3)
target by_sessions = spx / sma(spx, 2 sessions)
target by_weeks = spx / weekly(spx)
signal lasting when vix < 20 for 2 sessions
signal short_lasting when vix < 20 for 2
"""
FRAME = simulate(120, 2, minutes=65)


@pytest.fixture(scope="module")
def ruleset():
    return check_source(Source("m.alvh", TEXT)).ruleset


def test_sessions_sample_closes(ruleset) -> None:
    market, found = market_from_frame(FRAME, ruleset.schema)
    assert found == []
    out = evaluate(ruleset, market).columns
    spx = FRAME["spx"].to_numpy()
    # Six bars a session: closes stand on rows 5, 11, 17, …; the second is known on row 11.
    assert np.isnan(out["by_sessions"][:11]).all()
    average = (spx[5] + spx[11]) / 2
    assert out["by_sessions"][11] == spx[11] / average
    assert out["by_sessions"][16] == spx[16] / average
    assert out["by_bars"][2] == spx[2] / (spx[:3].sum() / 3)


def test_cutting_bars_off_changes_nothing_before(ruleset) -> None:
    market, _ = market_from_frame(FRAME, ruleset.schema)
    whole = evaluate(ruleset, market).columns
    for cut in range(1, 40):
        part, _ = market_from_frame(FRAME.iloc[:cut], ruleset.schema)
        columns = evaluate(ruleset, part).columns
        for name, column in columns.items():
            np.testing.assert_array_equal(column, whole[name][:cut])


def test_a_session_that_lacks_its_last_bar_is_known_on_the_next(ruleset) -> None:
    market, _ = market_from_frame(FRAME.drop(index=11), ruleset.schema)
    out = evaluate(ruleset, market).columns["by_sessions"]
    spx = FRAME["spx"].to_numpy()
    assert np.isnan(out[10])
    assert out[11] == spx[12] / ((spx[5] + spx[10]) / 2)


def test_the_interpreter_agrees(ruleset) -> None:
    market, _ = market_from_frame(FRAME.iloc[:60], ruleset.schema)
    fast, slow = evaluate(ruleset, market), Interpreter(ruleset, market)
    for name in ("by_bars", "by_sessions", "by_weeks"):
        mine = [slow.value(name, row) for row in range(60)]
        np.testing.assert_allclose(
            fast.columns[name], [np.nan if v is None else v for v in mine], rtol=1e-12
        )
    for name in ("lasting", "short_lasting"):
        mine = [{True: 1, False: -1, None: 0}[slow.value(name, row)] for row in range(60)]
        assert fast.columns[name].tolist() == mine
