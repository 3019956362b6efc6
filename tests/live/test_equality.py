"""The journal's decisions are those of `alvh run` over the bars that it accepted, bit for bit."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.core.kinds import Kind
from alvh_rules.core.resources import ruleset_path, shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.live.decide import Engine
from alvh_rules.live.messages import from_fields
from alvh_rules.live.rows import prepared_for
from alvh_rules.live.stamps import Stamp, key_of, stamp_of
from alvh_rules.market import sessions
from alvh_rules.market.formats import read_table
from alvh_rules.market.read import Options, market_from_frame, read_market
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate
from alvh_rules.report.decisions import decision_frame
from alvh_rules.report.explain import explain
from tests.evaluate.test_blocks import INTRADAY, MINUTES
from tests.evaluate.test_interpreter import CONDITIONS, TEXT, random_frame
from tests.live.conftest import Lives


def messages_of(frame):
    """The rows of a frame as messages, by way of JSON's text: NaN is null."""
    for fields in frame.to_dict("records"):
        plain = {
            name: None if value is None or value != value else value
            for name, value in fields.items()
        }
        yield from_fields(json.loads(json.dumps(plain, default=str)))


def same_as_history(journal, ruleset, plan, market) -> None:
    """Every row of history stands in the journal with the same bits, unknowns included."""
    evaluation = evaluate(ruleset, market, plan=plan)
    frame = decision_frame(evaluation)
    bars = list(journal.bars())
    daily = market.timeline.daily
    keys = [
        key_of(Stamp(time, time.astype("datetime64[D]")), daily=daily)
        for time in market.timeline.times
    ]
    assert [bar.key for bar in bars] == keys
    assert [bar.absent for bar in bars] == (~market.timeline.present).tolist()
    for name in ruleset.outputs:
        there = [bar.decisions[name] for bar in bars]
        here = frame[name]
        if ruleset.values[name].type.kind in (Kind.FLAG, Kind.LABEL):
            assert there == [
                None if item is None or item != item else item
                for item in here.astype(object).where(here.notna(), None)
            ]
            continue
        values = np.array([np.nan if item is None else item for item in there])
        assert np.isnan(values).tolist() == np.isnan(here.to_numpy()).tolist(), name
        known = ~np.isnan(values)
        assert values[known].tobytes() == here.to_numpy()[known].tobytes(), name
    unknown = [
        sorted(name for name in bar.decisions if bar.decisions[name] is None) for bar in bars
    ]
    assert [sorted(bar.unknown) for bar in bars] == unknown


@settings(max_examples=25, deadline=None)
@given(
    st.lists(CONDITIONS, min_size=5, max_size=5),
    st.integers(0, 2**32 - 1),
    st.sets(st.integers(1, 68), max_size=12),
    st.integers(0, 69),
)
def test_random_rulesets(tmp_path_factory, conditions, seed, without, cut) -> None:
    """Random rulesets, data with gaps, sessions without a bar, and a restart at a random row."""
    text = TEXT.format(*conditions)
    result = check_source(Source("r.alvh", text))
    if result.ruleset is None:
        return
    frame = random_frame(seed, 70)
    numbers = frame.select_dtypes("number").columns
    frame[numbers] *= np.random.default_rng(seed).uniform(0.9, 1.1, frame[numbers].shape)
    frame = frame.drop(index=list(without)).reset_index(drop=True)
    with ExitStack() as stack:
        lives = Lives(tmp_path_factory.mktemp("random"), stack)
        live = lives.start(text)
        for row, message in enumerate(messages_of(frame)):
            if row and row == cut:
                live = lives.start(text)
            live.take(message)
        assert not live.health.quarantined
        market, _ = market_from_frame(frame, result.ruleset.schema)
        same_as_history(live.journal, result.ruleset, result.plan, market)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets_restarted_often(lives, path) -> None:
    rules, text = load(path), path.read_text()
    frame = simulate(600, 7)
    frame = frame.drop(index=[5, 100, 101, 270]).reset_index(drop=True)
    live = lives.start(text)
    for row, message in enumerate(messages_of(frame)):
        # From some 510 rows on a start loads a checkpoint, and does not begin with the first bar.
        if row in (1, 99, 255, 257, 515, 560):
            live = lives.start(text)
        live.take(message)
    market, _ = market_from_frame(frame, rules.checked.schema)
    same_as_history(live.journal, rules.checked, rules.plan, market)


LATE = """\
ruleset late version 1.0.0
data
  vix volatility carry 2 sessions
  vix3m volatility known 08:30 next session
  tbill rate known next session carry 1 sessions
let slope = vix3m / vix - 1
signal up when slope > 2%
signal dear when tbill > 3.2
target amount = sma(slope, 2)
"""


def test_carried_and_late_columns(lives) -> None:
    result = check_source(Source("r.alvh", LATE))
    assert result.ruleset is not None, result.rendered()
    frame = simulate(560, 3).drop(index=[20, 21, 22, 60, 515])
    frame["tbill"] = 3.0 + frame["vix"] / 100
    for name in ("vix", "vix3m", "tbill"):
        lost = np.random.default_rng(5).random(len(frame)) < 0.3
        frame.loc[lost, name] = np.nan
    frame = frame.reset_index(drop=True)
    live = lives.start(LATE)
    for row, message in enumerate(messages_of(frame)):
        # Rows after a checkpoint rest on what was carried over it.
        if row in (19, 20, 40, 515, 540):
            live = lives.start(LATE)
        live.take(message)
    market, _ = market_from_frame(frame, result.ruleset.schema)
    same_as_history(live.journal, result.ruleset, result.plan, market)


def test_a_checkpoint_carries_gaps_and_late_columns() -> None:
    """Loaded in the middle of a gap, an engine goes on as the one that it was saved by."""
    result = check_source(Source("r.alvh", LATE))
    assert result.ruleset is not None
    assert result.plan is not None
    prepared, _ = prepared_for(result.ruleset.schema, Options())
    days = [str(day) for day in sessions.exchange_sessions()[15_000:15_008]]
    bars = [[15.0, 16.0, 3.5], [15.0, 16.5, 3.1], [math.nan, 17.0, math.nan], [math.nan] * 3]
    bars += [[math.nan, 16.0, 3.3]] * 4
    whole, cut = (Engine(result.ruleset, result.plan, prepared, explains=False) for _ in range(2))
    for day, values in zip(days, bars, strict=True):
        stamp = stamp_of(day, daily=True)
        saved = json.loads(json.dumps(cut.save()))
        cut = Engine(result.ruleset, result.plan, prepared, explains=False)
        cut.load(saved)
        assert list(cut.take(stamp, values)) == list(whole.take(stamp, values))
    assert json.dumps(cut.save()) == json.dumps(whole.save())


def test_no_zero_has_a_sign(lives) -> None:
    live = lives.start(
        "ruleset r version 1.0.0\ndata\n  spx price\ntarget none_of_it = -(spx / spx - 1)\n"
    )
    live.take(from_fields({"date": "2024-03-04", "spx": 5.0}))
    [bar] = live.journal.bars()
    assert repr(bar.decisions["none_of_it"]) == "0.0"
    assert '"none_of_it":0.0' in live.journal.outputs(0, 1)[0].text


def test_minutes_with_curves_and_three_clocks(lives) -> None:
    result = check_source(Source("r.alvh", INTRADAY))
    assert result.ruleset is not None
    live = lives.start(INTRADAY)
    for row, message in enumerate(messages_of(MINUTES)):
        if row in (13, 14, 200, 333):
            live = lives.start(INTRADAY)
        live.take(message)
    market, _ = market_from_frame(MINUTES, result.ruleset.schema)
    same_as_history(live.journal, result.ruleset, result.plan, market)


def test_the_whole_of_real_history(lives, shared_data) -> None:
    path = shared_data / "market" / "daily.csv"
    text = ruleset_path("alvh_core").read_text()
    rules = load(ruleset_path("alvh_core"))
    table = read_table(path)
    columns = [table.fetch(at).to_pylist() for at in range(len(table.names))]
    live = lives.start(text)
    for cells in zip(*columns, strict=True):
        live.take(from_fields(dict(zip(table.names, cells, strict=True))))
    assert not live.health.quarantined
    market, _ = read_market([path], rules.checked.schema, Options())
    assert live.journal.count() == len(market.timeline) > 9000
    same_as_history(live.journal, rules.checked, rules.plan, market)


def test_explanations_are_those_of_history() -> None:
    rules = load(ruleset_path("alvh_core"))
    market, _ = market_from_frame(simulate(420, 2), rules.checked.schema)
    whole = evaluate(rules.checked, market, plan=rules.plan)
    prepared, _ = prepared_for(rules.checked.schema, Options())
    engine = Engine(rules.checked, rules.plan, prepared, explains=False)
    for row in range(420):
        engine.explains = row in (0, 3, 40, 260, 419)
        time = market.timeline.times[row]
        values = [market.columns[item.key][row].item() for item in prepared.sought]
        [found] = engine.take(Stamp(time, time.astype("datetime64[D]")), values)
        if engine.explains:
            assert list(found.explanation) == explain(whole, rules.checked.outputs, row)
