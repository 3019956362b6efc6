"""What doubles have at their edges: zeros of both signs, subnormals, overflow, infinities, NaN.

The policy is in docs/language.md, and the same however a ruleset is run.
"""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alvh_rules.builtins.kernels.recurrence import load_filter, smoothed
from alvh_rules.core.source import Source
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.evaluate.engines import Engine, is_there
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.interpreter import Interpreter
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import check_source
from tests.evaluate.test_blocks import DAYS, WAYS, bar_by_bar, same_bits

LEAST, MOST = 5e-324, sys.float_info.max
EDGES = [0.0, -0.0, LEAST, -LEAST, 1e-310, -3e-308, 1.0, -2.5, 1e300, MOST, -MOST, math.nan]

TEXT = """\
ruleset edges version 1.0.0
data
  a ratio
  b ratio
  p price
let sum = a + b
let apart = a - b
let product = a * b
let quotient = a / b
let less = -a
let amount = abs(a)
let lesser = if a < b then a else b
let choice = if a < 0% then a else b
let lagged = ago(a, 1)
let moved = change(a, 2)
let highest_a = highest(a, 3)
let lowest_a = lowest(a, 3)
let total = cumulative(a)
let same = a + 0%
let scaled = a * 0.5 / 2.0 - 100%
signal equal when a is b
signal above when a > 0%
signal lost when sum is missing
table banded by a
  below 0% => 0%
  0% to 100% => 50%
  100% or more => 100%
  missing => 125%
"""
WINDOWS = """\
let average = sma(a, 5)
let recursive = ema(a, 3)
let strength = rsi(a, 4)
let line = macd(a, 2, 3)
let signal_line = macd_signal(a, 2, 3, 2)
let histogram = macd_histogram(a, 2, 3, 2)
let spread = stdev(a, 3)
let score = zscore(a, 3)
let moving = realized_volatility(p, 4)
"""


def checked(text: str):
    result = check_source(Source("edges.alvh", text))
    assert result.ruleset is not None, result.rendered()
    return result


POINTS, ALL = checked(TEXT), checked(TEXT + WINDOWS)


def market_of(ruleset, a: list[float], b: list[float]) -> Market:
    rows = DAYS[["date"]].head(len(a))
    market, found = market_from_frame(rows.assign(a=1.0, b=1.0, p=1.0), ruleset.schema)
    assert market is not None, found
    # As they are given, zeros' signs included: a reader need not keep them.
    columns = {"a": np.array(a), "b": np.array(b), "p": np.array(b)}
    return Market(market.timeline, columns, market.calendars)


PAIRS = st.lists(
    st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)), min_size=12, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.sampled_from([1, 3, 8]), st.integers(2, 3))
def test_every_way_to_run_gives_the_same_bits(pairs, size, threads) -> None:
    a, b = map(list, zip(*pairs, strict=True))
    market = market_of(ALL.ruleset, a, b)
    whole = evaluate_plan(ALL.ruleset, ALL.plan, market, engine="blocks")
    for engine in WAYS:
        for lanes in (1, threads):
            found = evaluate_plan(
                ALL.ruleset, ALL.plan, market, block=size, engine=engine, threads=lanes
            )
            same_bits(whole, found)
    bar_by_bar(ALL.ruleset, ALL.plan, market, size)


@pytest.mark.skipif(
    not is_there(Engine.COMPILED), reason="Numba, of the extra `fast`, is not there"
)
@settings(max_examples=15, deadline=None)
@given(PAIRS)
def test_compiled_strands_give_the_same_bits(pairs) -> None:
    a, b = map(list, zip(*pairs, strict=True))
    market = market_of(ALL.ruleset, a, b)
    whole = evaluate_plan(ALL.ruleset, ALL.plan, market)
    same_bits(whole, evaluate_plan(ALL.ruleset, ALL.plan, market, engine="compiled"))


@settings(max_examples=60, deadline=None)
@given(PAIRS)
@example([(MOST, -MOST)] * 12)
@example([(LEAST, 2.0)] * 12)
def test_the_interpreter_agrees(pairs) -> None:
    """On what adds nothing up: there its order of additions would decide what overflows."""
    a, b = map(list, zip(*pairs, strict=True))
    market = market_of(POINTS.ruleset, a, b)
    whole = evaluate_plan(POINTS.ruleset, POINTS.plan, market)
    model = Interpreter(POINTS.ruleset, market)
    for name, column in whole.columns.items():
        if name == "total":
            continue
        for row, value in enumerate(column.tolist()):
            expected = model.value(name, row)
            if isinstance(value, float):
                assert (expected is None and math.isnan(value)) or expected == value, (name, row)
                assert math.isnan(value) or math.isfinite(value)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # Either zero divides nothing; zeros are equal, and neither is above the other.
        (1.0, -0.0, {"quotient": None, "equal": -1, "above": 1, "sum": 1.0}),
        (0.0, -0.0, {"quotient": None, "equal": 1, "above": -1, "sum": 0.0, "banded": 0.5}),
        (-0.0, 1.0, {"quotient": -0.0, "lesser": -0.0, "less": 0.0, "amount": 0.0, "banded": 0.5}),
        # Subnormal numbers are numbers.
        (LEAST, 2.0, {"product": 2 * LEAST, "above": 1, "same": LEAST, "less": -LEAST}),
        (LEAST, MOST, {"quotient": 0.0, "above": 1}),
        # What is larger than a double holds is missing.
        (MOST, MOST, {"sum": None, "product": None, "apart": 0.0, "quotient": 1.0, "lost": 1}),
        (MOST, -MOST, {"sum": 0.0, "apart": None, "scaled": MOST / 4, "lost": -1}),
        (1e300, LEAST, {"quotient": None}),
        (math.nan, 1.0, {"sum": None, "above": 0, "lost": 1, "banded": 1.25}),
    ],
)
def test_what_comes_of_an_edge(a, b, expected) -> None:
    market = market_of(ALL.ruleset, [a] * 3, [b] * 3)
    columns = evaluate_plan(ALL.ruleset, ALL.plan, market).columns
    for name, value in expected.items():
        found = columns[name][-1].item()
        if value is None:
            assert math.isnan(found), name
        else:
            assert (found, math.copysign(1, found)) == (value, math.copysign(1, value)), name


@pytest.mark.parametrize("lost", [math.inf, -math.inf])
def test_an_infinity_in_the_data_is_refused(lost) -> None:
    frame = DAYS[["date"]].head(3).assign(a=[1.0, lost, 2.0], b=1.0, p=1.0)
    market, found = market_from_frame(pd.DataFrame(frame), ALL.ruleset.schema)
    assert market is None
    assert found


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_the_filter_and_the_loop_agree_on_what_overflows(place, value) -> None:
    load_filter()
    values = np.random.default_rng(1).normal(size=100)
    values[place] = value
    whole = smoothed(values, 0.25, 1.0)
    state, expected = 1.0, []
    for item in values.tolist():
        state = 0.25 * item + 0.75 * state
        expected.append(state)
    assert whole.tobytes() == np.array(expected).tobytes()


SUBNORMAL = """\
import threading
import numpy as np
from alvh_rules.builtins.kernels.recurrence import load_filter, smoothed
load_filter()
try:
    import numba
    half = numba.njit(fastmath=False, error_model="numpy")(lambda x: x * 0.5)
    assert half(1e-310) != 0.0
except ImportError:
    pass
found = []
def look():
    tiny = np.full(1000, 1e-310)
    found.extend([(tiny * 0.5).all(), smoothed(tiny, 0.5, 0.0).all(), 1e-310 * 0.5 != 0.0])
look()
thread = threading.Thread(target=look)
thread.start()
thread.join()
assert len(found) == 6 and all(found), found
"""


def test_no_library_flushes_subnormals_to_zero() -> None:
    """The libraries that are loaded for long runs leave the processor's mode alone."""
    subprocess.run([sys.executable, "-c", SUBNORMAL], check=True)
