"""One answer: any size of block, and a run taken up again at any row, give the same bits."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.core.kinds import Kind
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate import scalar_calls, steps
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.engine import Run
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.evaluate.engines import Engine, is_there
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import CLOCKS, BarByBar, Moment
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source
from tests.evaluate.test_interpreter import CONDITIONS, TEXT, random_frame

ROWS = 70
WAYS = [engine for engine in (Engine.BLOCKS, Engine.NATIVE) if is_there(engine)]
"""The engines that take no time to be made: Numba's has fewer examples, in `test_strands.py`."""
DAYS = simulate(ROWS, 11, start="2020-01-02")
MINUTES = simulate(600, 5, minutes=30, start="2020-01-02")


def same_bits(one, other) -> None:
    assert one.kept.keys() == other.kept.keys()
    for number, column in one.kept.items():
        pair = (column, other.kept[number])
        if isinstance(column, tuple):
            pair = tuple(np.concatenate([*item[0], *item[1]]) for item in pair)
        assert pair[0].dtype == pair[1].dtype
        # Bits, not values: zeros of both signs and missing values included.
        assert pair[0].tobytes() == pair[1].tobytes(), one.plan.nodes[number]


def random_market(ruleset, seed: int) -> Market:
    frame = random_frame(seed, ROWS)
    numbers = frame.select_dtypes("number").columns
    # Off the quarters, so that every rounding shows.
    frame[numbers] *= np.random.default_rng(seed).uniform(0.9, 1.1, frame[numbers].shape)
    market, found = market_from_frame(frame, ruleset.schema)
    assert found == []
    return market


@settings(max_examples=60, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.data())
def test_random_rulesets(conditions, seed, data) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is None:
        return
    market = random_market(result.ruleset, seed)
    size = data.draw(st.sampled_from([1, 2, 3, 7, 30, 64, 69]))
    for engine in WAYS:
        whole = evaluate_plan(result.ruleset, result.plan, market, engine=engine)
        same_bits(
            whole, evaluate_plan(result.ruleset, result.plan, market, block=size, engine=engine)
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.data())
def test_kernels_that_take_a_block_in_parts(conditions, seed, data) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is None:
        return
    market = random_market(result.ruleset, seed)
    whole = evaluate_plan(result.ruleset, result.plan, market, engine="blocks")
    part, size = (data.draw(st.integers(1, ROWS)) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "_PART", part)
        same_bits(
            whole, evaluate_plan(result.ruleset, result.plan, market, block=size, engine="blocks")
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.data())
def test_a_saved_run_goes_on_exactly(conditions, seed, data) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is None:
        return
    market = random_market(result.ruleset, seed)
    whole = evaluate_plan(result.ruleset, result.plan, market)
    wanted = [result.plan.names[name] for name in result.ruleset.outputs]
    cut, engine = data.draw(st.integers(1, ROWS - 1)), data.draw(st.sampled_from(WAYS))
    before, after = (Run(result.plan.nodes, wanted, engine=engine) for _ in range(2))
    [first, *_] = blocks_of(market, {}, cut)
    with np.errstate(all="ignore"):
        before.feed(first)
        # Through text: what is saved is data, and nothing of the process that saved it.
        after.load(json.loads(json.dumps(before.save())))
        rest = blocks_of(market, {}, 1)
        for block in list(rest)[cut:]:
            after.feed(block)
            for number in wanted:
                expected = whole.kept[number][block.start : block.end]
                assert np.asarray(after.cell(number)).astype(expected.dtype).tobytes() == (
                    expected.tobytes()
                )


@pytest.mark.parametrize("engine", WAYS)
@pytest.mark.parametrize("size", [1, 13, 64, 4_000])
@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets(path, size, engine) -> None:
    rules = load(path)
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    whole = evaluate_plan(rules.checked, rules.plan, market, engine=engine)
    same_bits(whole, evaluate_plan(rules.checked, rules.plan, market, block=size, engine=engine))


def moments(market: Market):
    """Where each row stands, as a feed of bars would tell."""
    timeline = market.timeline
    completed = [dict.fromkeys(CLOCKS, ()) for _ in range(len(timeline))]
    for clock, periods in timeline.periods.items():
        for sample, row in zip(periods.sample.tolist(), periods.available.tolist(), strict=True):
            completed[row][clock] += (sample < row,)
    ordinals = timeline.ordinals.tolist()
    for block, ordinal, done in zip(blocks_of(market, {}, 1), ordinals, completed, strict=True):
        yield Moment(block, ordinal, **done)


def bar_by_bar(ruleset, plan, market: Market, cut: int = 0) -> None:
    """One bar at a time gives the bits of history; at row `cut` it is saved and taken up again."""
    whole = evaluate_plan(ruleset, plan, market, engine="blocks")
    wanted = [n for n in plan.names.values() if plan.nodes[n].type.kind is not Kind.CURVE]
    code = BarByBar(plan.nodes, wanted)
    columns = [market.columns[name].tolist() for name in code.columns]
    for row, moment in enumerate(moments(market)):
        if row and row == cut:
            saved = json.loads(json.dumps(code.save()))
            code = BarByBar(plan.nodes, wanted)
            code.load(saved)
        found = code.decide([column[row] for column in columns], moment)
        for number, value in zip(wanted, found, strict=True):
            expected = whole.kept[number][row]
            same = np.asarray(value).astype(expected.dtype).tobytes() == expected.tobytes()
            assert same, (row, value, expected, plan.nodes[number], code.source)


@settings(max_examples=60, deadline=None)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.integers(0, 69))
def test_one_bar_at_a_time_gives_the_bits_of_history(conditions, seed, cut) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    if result.ruleset is not None:
        bar_by_bar(result.ruleset, result.plan, random_market(result.ruleset, seed), cut)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets_one_bar_at_a_time(path) -> None:
    rules = load(path)
    market, _ = market_from_frame(DAYS, rules.checked.schema)
    bar_by_bar(rules.checked, rules.plan, market, 33)


INTRADAY = """\
ruleset minutes version 1.0.0
  bars 30 minutes
data
  spx price
  vix volatility
  vx curve from "m1" to "m3"
calendar fomc
let by_sessions = sma(vix, 2 sessions)
let by_rows = rsi(spx, 3)
let by_week = weekly(highest(vix, 1))
let rolled = constant_maturity(vx, 30 days)
let daily_curve = monthly(constant_maturity(vx, 30 days))
signal busy when vix > by_sessions for 2 sessions
signal strong from by_rows > 60 until by_rows < 40
target amount = if busy then by_sessions / vix else 0%
layer one
  sell put on spx
    expiring 30 to 45 days
    at delta 20%
  weight 50%
  open when spx > 0
event fomc from 2 sessions before to 1 session after
  one x 50%
target near = if days_until(fomc) < 20 days then rolled / vix else daily_curve / by_week
"""


@pytest.mark.parametrize("engine", WAYS)
@pytest.mark.parametrize("size", [1, 5, 13, 14, 37])
def test_clocks_and_curves_across_blocks(size, engine) -> None:
    result = check_source(Source("r.alvh", INTRADAY))
    assert result.ruleset is not None, result.rendered()
    market, found = market_from_frame(MINUTES, result.ruleset.schema)
    assert market is not None, found
    whole = evaluate_plan(result.ruleset, result.plan, market, engine=engine)
    assert not np.isnan(whole.columns["by_sessions"]).all()
    same_bits(whole, evaluate_plan(result.ruleset, result.plan, market, block=size, engine=engine))
    bar_by_bar(result.ruleset, result.plan, market, size)


WINDOWS = """\
ruleset windows version 1.0.0
data
  a price
  b price
let scored = zscore(a, 5) + stdev(b, 7) / b
let paired = correlation(a, b, 6) + beta(b, a, 3) + correlation(a, a, 4)
let ranked = percentile_rank(b, 9) + wma(a, 8) / a + weekly(zscore(b, 4))
signal all_of_them when scored > paired + ranked
"""


@pytest.mark.skipif(not is_there(Engine.NATIVE), reason="the native engine was not built")
@pytest.mark.parametrize("cut", [1, 6, 33])
def test_a_state_of_one_bar_is_the_same_without_the_native_machine(monkeypatch, cut) -> None:
    result = check_source(Source("r.alvh", WINDOWS))
    assert result.ruleset is not None, result.rendered()
    market, _ = market_from_frame(random_frame(3, ROWS), result.ruleset.schema)
    plan = result.plan
    wanted = [plan.names[name] for name in ("scored", "paired", "ranked")]

    def code(native: bool) -> BarByBar:
        monkeypatch.setattr(scalar_calls, "native_is_there", lambda: native)
        return BarByBar(plan.nodes, wanted)

    one, other = code(True), code(False)
    kinds = [{type(call) for call in item._calls} for item in (one, other)]
    assert kinds == [{scalar_calls.Stepped}, {scalar_calls.Called}]
    bars = list(zip(*(market.columns[name].tolist() for name in one.columns), strict=True))
    found: list[list[tuple[float, ...]]] = [[], []]
    for row, (bar, moment) in enumerate(zip(bars, moments(market), strict=True)):
        if row == cut:
            saved = [json.dumps(item.save()) for item in (one, other)]
            assert saved[0] == saved[1]
            one, other = code(True), code(False)
            # Each goes on from what the other has saved.
            one.load(json.loads(saved[1]))
            other.load(json.loads(saved[0]))
        for item, rows in zip((one, other), found, strict=True):
            rows.append(item.decide(bar, moment))
    assert np.array(found[0]).tobytes() == np.array(found[1]).tobytes()
    assert not np.isnan(np.array(found[0])).all()
    assert json.dumps(one.save()) == json.dumps(other.save())


def test_what_another_run_saved_is_refused() -> None:
    result = check_source(Source("r.alvh", TEXT.format("up", "up", "up", "rsi(a, 4) > 50", "up")))
    assert result.ruleset is not None, result.rendered()
    plan = result.plan
    run = Run(plan.nodes, [plan.names["one.open"]])
    run.feed(next(blocks_of(random_market(result.ruleset, 1), {}, 9)))
    other = Run(plan.nodes, [plan.names["first"]])
    with pytest.raises(KeyError, match="another kind of run"):
        other.load(run.save())


@pytest.mark.parametrize("cut", [3, 7, 11])
def test_a_held_nothing_is_remembered_as_nothing_not_as_missing(cut: int) -> None:
    """Zero, false and the first label are values: a run taken up again holds them on."""
    lines = "let still = weekly(a - a)\nlet first = weekly(if a > 0 then low else high)\n"
    text = (
        "ruleset r version 1.0.0\ndata\n  a price\nlabels size = low, high\n"
        f"{lines}signal s when still is 0 and first is low\n"
    )
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    market, _ = market_from_frame(DAYS[["date"]].assign(a=5.0), result.ruleset.schema)
    wanted = [result.plan.names["s"]]
    whole = evaluate_plan(result.ruleset, result.plan, market, names=["s"]).columns["s"]
    before, after = (Run(result.plan.nodes, wanted) for _ in range(2))
    blocks = list(blocks_of(market, {}, 1))
    for block in blocks[:cut]:
        before.feed(block)
    after.load(json.loads(json.dumps(before.save())))
    found = []
    for block in blocks[cut:]:
        after.feed(block)
        found += after.cell(wanted[0]).tolist()
    assert found == whole[cut:].tolist()
    assert 1 in found
