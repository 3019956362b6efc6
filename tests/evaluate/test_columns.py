"""Columns kept as codes are the columns, bit for bit, and are made arrays only when they are asked for."""

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate import engine
from alvh_rules.evaluate.columns import Coded, Kept, Named, codes_type
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.evaluate.engines import Engine, is_there
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import check_source
from alvh_rules.report.decisions import decision_frame
from alvh_rules.report.exact_mean import ExactMean
from alvh_rules.report.summary import Summary, summary_names
from tests.evaluate.test_blocks import DAYS, random_market
from tests.evaluate.test_interpreter import CONDITIONS, TEXT

FINITE = """\
ruleset finite version 1.0.0
data
  spx price
  vix volatility
  vix3m volatility
labels mood = calm, tense
let slope = vix3m / vix - 1
table share by slope
  below -5%   => 150%
  -5% to 0%   => 0%
  0% to 5%    => 60%
  5% or more  => 35%
table other by slope
  below -5%   => 5%
  -5% to 0%   => 10%
  0% to 5%    => 15%
  5% or more  => 20%
signal rising when vix > 20
target scaled = if rising then share * 2 else share
target plain = share
target same_codes = other
target negative_zero = if rising then -share else share
target feeling = if rising then tense else calm
target measured = sma(vix, 5)
target always_so = 12%
"""
ENGINES = [engine for engine in Engine if is_there(engine)]


@pytest.fixture(autouse=True)
def _long_from_the_first_row(monkeypatch) -> None:
    monkeypatch.setattr(engine, "FOLD_FROM", 0)
    monkeypatch.setattr(engine, "CODES_FROM", 0)


def assert_columns(ruleset, plan, market, **choices) -> list[str]:
    """That each output has the bits that it has without codes; the outputs kept as codes."""
    names = ruleset.outputs
    plain = evaluate_plan(ruleset, plan, market)
    found = evaluate_plan(ruleset, plan, market, names=names, **choices)
    coded = [name for name in names if isinstance(found.held(name), Coded)]
    for name in names:
        one, other = plain.columns[name], found.columns[name]
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), name
        held = found.held(name)
        if isinstance(held, Coded):
            some = held.of_rows(slice(3, 40, 2)).array()
            assert some.tobytes() == one[3:40:2].tobytes()
            assert np.array(held.at(7)).tobytes() == one[7].tobytes()
            assert (
                np.repeat(held.palette, held.counts()).tobytes()
                == (
                    np.concatenate([one[held.codes == code] for code in range(len(held.palette))])
                ).tobytes()
            )
    return coded


@settings(max_examples=60, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.data())
def test_random_rulesets(conditions, seed, data) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is None:
        return
    market = random_market(result.ruleset, seed)
    size, threads = data.draw(st.sampled_from([1, 7, 30, 70])), data.draw(st.integers(1, 3))
    assert_columns(result.ruleset, result.plan, market, block=size, threads=threads)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets(path) -> None:
    rules = load(path)
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    assert_columns(rules.checked, rules.plan, market, block=13)


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("block", [1, 33, 500])
def test_what_takes_few_values_is_kept_as_codes(kind, block) -> None:
    result = check_source(Source("r.alvh", FINITE))
    assert result.ruleset is not None, result.rendered()
    frame = DAYS.copy()
    frame["vix"] = frame["vix"].where(np.arange(len(frame)) % 9 != 4)
    market, found = market_from_frame(frame, result.ruleset.schema)
    assert market is not None, found
    coded = assert_columns(result.ruleset, result.plan, market, block=block, engine=kind)
    assert coded == ["scaled", "plain", "same_codes", "negative_zero"]


def test_an_array_is_made_when_it_is_asked_for_and_once() -> None:
    made = []

    class Told(Coded):
        def array(self):
            made.append(self)
            return super().array()

    codes = Told(np.array([0, 1, 1], dtype=np.int8), np.array([np.nan, 2.0]))
    columns = Named({"a": 4, "absent": 5}, Kept({4: codes}))
    assert list(columns) == ["a"]
    assert "a" in columns
    assert "absent" not in columns
    assert columns.held("a") is codes
    assert not made
    assert columns["a"] is columns["a"]
    assert made == [codes]
    assert columns["a"].tolist()[1:] == [2.0, 2.0]


@pytest.mark.parametrize("values", [2, 16, 17, 64, 65, 127, 128, 129, 32_767, 32_769])
@pytest.mark.parametrize("rows", [0, 1, 5, 65_536, 65_537, 200_001])
def test_codes_of_any_number_of_values(values, rows) -> None:
    random = np.random.default_rng(values)
    palette = random.random(values)
    codes = random.integers(0, values, rows).astype(codes_type(values))
    column = Coded(codes, palette)
    assert column.array().tobytes() == palette[codes].tobytes()
    assert column.counts().tolist() == np.bincount(codes, minlength=values).tolist()


@pytest.mark.parametrize("asked", [None, 3])
def test_a_summary_and_a_frame_of_codes_are_those_of_arrays(asked) -> None:
    result = check_source(Source("r.alvh", FINITE))
    assert result.ruleset is not None, result.rendered()
    assert result.plan is not None
    frame = DAYS.copy()
    frame["vix"] = frame["vix"].where(np.arange(len(frame)) % 9 != 4)
    market, _ = market_from_frame(frame, result.ruleset.schema)
    assert market is not None
    rows = np.ones(len(market.timeline), dtype=bool)
    rows[:asked] = asked is None
    told, frames = [], []
    for names in (None, [*result.ruleset.outputs, *summary_names(result.ruleset)]):
        evaluation = evaluate_plan(result.ruleset, result.plan, market, names=names)
        summary = Summary(result.ruleset, result.plan)
        summary.add(evaluation, rows)
        told.append([*summary.last, *summary.lines({})])
        frames.append(decision_frame(evaluation, rows=rows))
    assert told[0] == told[1]
    assert any("unknown on 7" in line or "unknown on 8" in line for line in told[0])
    pandas.testing.assert_frame_equal(*frames, check_exact=True)
    assert not np.signbit(frames[1]["negative_zero"][frames[1]["negative_zero"] == 0]).any()
    assert len(frames[0]) == rows.sum()


def test_a_counted_mean_is_the_mean() -> None:
    values = np.array([5e-324, -0.0, 0.1, -1e300, 1e300, 0.3, 1.7976931348623157e308])
    counts = np.array([3, 1, 7, 2, 1, 100_000, 1])
    counted, added = ExactMean(), ExactMean()
    counted.add_counted(values, counts)
    added.add(np.repeat(values, counts))
    assert counted.count == added.count
    assert counted._sum == added._sum
