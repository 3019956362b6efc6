"""The evaluator and the naive interpreter agree, on random rulesets and random data with gaps."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.builtins.document import EXAMPLES
from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind
from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import is_missing
from alvh_rules.evaluate.interpreter import FUNCTIONS, Interpreter
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate

FRAME = simulate(70, 11, start="2020-01-02")
NUMBERS = st.sampled_from(
    [
        "a",
        " b",
        " c",
        " shifted",
        " ago(b, 2)",
        " min(a, b)",
        " max(a, c)",
        " abs(a - b)",
        " sma(a, 3)",
        " highest(b, 5)",
        "\n    lowest(a, 4)",
        " ema(c, 4)",
        " stdev(a, 3)",
        " wma(b, 3)",
        " 0.5 * a + 0.5 * b",
        " clip(a, b, c)",
        "\n    (if up then a else b)",
        " macd(a, 3, 5)",
        " atr(c, b, a, 3)",
        " weekly(highest(a, 2))",
        " cumulative(b)",
        "\n    macd_signal(a, 3, 5, 2)",
        " macd_histogram(a, 3, 5, 2)",
        " change(a, 2)",
        " monthly(a)",
        "option_price(call, a, b, 40, 60 days)",
        "option_price(put, a, b, v, 30, 3%, 1%)",
        "vega(put, a, b, v, 30 days)",
        "theta(call, a, b, v, 30 days, 5%)",
        "extrinsic(put, c, a, b)",
        "breakeven(put, b, c)",
        "parity_gap(a, b, c, a, 30, 3%, 1%)",
    ]
).map(str.strip)
SHARES = st.sampled_from(
    [
        "a / b",
        " b / c - 1",
        " percentile_rank(a, 5)",
        " zscore(b, 4)",
        " banded",
        " ramp",
        " gridded",
        "\n    rsi(a, 4) / rsi(b, 3)",
        "correlation(a, b, 5)",
        "beta(a, c, 4)",
        " sqrt(a / c)",
        " exp(a / b - 1)",
        " log(b / c)",
        "delta(call, a, b, v, 30 days)",
        "delta(put, b, a, v, 10, 2%, 1%)",
        "gamma(call, a, b, v, 20)",
        "probability_of_profit(a, min(b, c), max(b, c), v, 45, 3%)",
        "(100% - probability_of_profit(a, 0, b, v, 45))",
    ]
).map(str.strip)
EDGES = st.sampled_from(["-5%", "0%", "50%", "75%", "100%", "125%"])
SIMPLE = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">="]), NUMBERS),
    st.builds("{} {} {}".format, SHARES, st.sampled_from(["<", "<=", ">", ">="]), EDGES),
    st.sampled_from(
        ["up", "a is missing", "crosses_above(a, b)", "crosses_below(b, c)", "kind is high"]
    )
    | st.sampled_from(
        ["sessions_since(a > b) < 3", "held(up, 2)", "latch(a > b, b > c)", "days_until(fomc) < 5"]
    )
    | st.sampled_from(["days_since(cpi) < 3", "realized_volatility(p, 4) > 20", "rsi(p, 5) > 50"])
    # No edge here is a value that rounding alone could put on either side of it.
    | st.sampled_from(
        [
            "constant_maturity(vx, 30 days) > 14.321",
            "weekly(constant_maturity(vx, days_since(cpi) + 20 days)) > 14.321",
            "roll_yield(vx) < -12.34",
            "roll_yield(vx, 1, 3) is missing",
            "implied_volatility(call, option_price(call, a, b, v, 90), a, b, 90) > 47",
            "implied_volatility(put, c, a, b, 90) is missing",
            "irr(-(1 contracts * a), 1 contracts * b, 1 contracts * c) > 47.77%",
            "reer(v, ema(v, 5), constant_maturity(vx, 40), 14, 60%, v, 13, 40%) > 103%",
        ]
    ),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds("(not {})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(({}) for {} sessions)".format, inner, st.integers(1, 4)),
    ),
    max_leaves=6,
)
TEXT = """\
ruleset random version 1.0.0
data
  a price
  b price
  c price
  p price
  v volatility
  vx curve from "m1" to "m3"
  up flag
calendar fomc, cpi
param
  steep = 110%
labels size = low, high
let shifted = ago(a, 1)
let kind = if a > b then high else low
table banded by a / b
  up to 90% => 0%
  over 90% up to 100% => 50%
  over 100% => 75%
  missing => 125%
table gridded by a / c, kind
              | low | high
  below 100%  | 0%  | 50%
  100% or more | 75% | 100%
table ramp by b / c, interpolated
  at 50% => 0%
  at 150% => 100%
signal first when {0}
signal second from {1} until {2}
layer one
  sell iron condor on p expiring 30 days
  weight 60%
  open when {3}
layer two like one
  weight banded
hedge
  ratio gridded of vega
  hold by b / c
    below 100% => p call expiring 30 days
    100% or more => nothing
event fomc from 2 sessions before to 1 session after
  one x 150%
  hedge x 90%
event cpi on same session
  weight x 50%
regime tight when {4}
  weight x 75%
  steep = 90%
signal third when a / b > steep
limit total_weight <= 100%
limit hedge.ratio <= 80%
always one.weight <= 100%
"""


def same(evaluation, interpreter, ruleset) -> None:
    for name in ruleset.values:
        type = ruleset.values[name].type
        column = evaluation.columns[name]
        for row in range(len(column)):
            slow = interpreter.value(name, row)
            fast = column[row].item()
            if type.kind is Kind.FLAG:
                assert fast == {True: 1, False: -1, None: 0}[slow], (name, row)
            elif type.kind is Kind.LABEL:
                assert fast == (-1 if slow is None else slow), (name, row)
            elif slow is None or fast != fast:
                assert slow is None, (name, row, fast)
                assert fast != fast, (name, row, slow)
            else:
                assert math.isclose(fast, slow, rel_tol=1e-9, abs_tol=1e-9), (name, row)


def random_frame(seed: int, rows: int):
    """Data for `TEXT`, a tenth of it missing; quarters keep sums exact, so that ties are ties."""
    random = np.random.default_rng(seed)
    frame = FRAME[["date"]].iloc[:rows].copy()
    for name in "abcp":
        values = random.integers(12, 25, rows) / 4
        frame[name] = np.where(random.random(rows) < 0.1, np.nan, values)
    for name in ("v", "m1", "m2", "m3"):
        values = random.integers(40, 80, rows) / 4
        frame[name] = np.where(random.random(rows) < 0.1, np.nan, values)
    frame["up"] = random.choice(["true", "false", ""], rows)
    return frame


@settings(max_examples=100)
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_random_rulesets_on_random_data(conditions, seed) -> None:
    result = check_source(Source("r.alvh", TEXT.format(*conditions)))
    hard = [item for item in result.diagnostics if item.is_error and item.code != "ALV503"]
    assert hard == []
    if result.ruleset is None:
        return
    market, found = market_from_frame(random_frame(seed, 40), result.ruleset.schema)
    assert found == []
    same(evaluate(result.ruleset, market), Interpreter(result.ruleset, market), result.ruleset)


LEVELS = {
    "price": (4000.0, 5200.0),
    "volatility": (10.0, 40.0),
    "curve": (10.0, 40.0),
    "rate": (1.0, 6.0),
    "money": (50.0, 90.0),
}
APART = {
    "quote": (20.0, 200.0),
    "other_quote": (20.0, 200.0),
    "dividend": (20.0, 60.0),
    "earnings": (100.0, 300.0),
    "cash_flow": (100.0, 300.0),
    "outlay": (-140.0, -100.0),
}


def test_every_function_gives_the_same_values_on_random_data() -> None:
    """The examples of the records, on data with a gap in every eleventh cell."""
    lines = [f"let of_{name} = {record.example}\n" for name, record in BUILTINS.items()]
    text = f"ruleset functions version 1.0.0\n{EXAMPLES}{''.join(lines)}"
    # Short windows, so that a gap does not make every one unknown.
    text = re.sub(r", \d+( sessions)?\)", ", 3)", text)
    result = check_source(Source("functions.alvh", text))
    assert result.ruleset is not None, result.rendered()
    random = np.random.default_rng(4)
    frame = FRAME[["date"]].copy()
    for column in result.ruleset.schema.columns:
        for name in column.sources or (column.name,):
            low, high = APART.get(name, LEVELS[column.kind.value])
            gap = random.random(len(frame)) < (1 / 90 if column.name == "spx" else 1 / 11)
            frame[name] = np.where(gap, np.nan, random.uniform(low, high, len(frame)))
    market, found = market_from_frame(frame, result.ruleset.schema)
    assert found == []
    evaluation = evaluate(result.ruleset, market)
    same(evaluation, Interpreter(result.ruleset, market), result.ruleset)
    for name in BUILTINS:
        value = evaluation.ruleset.values[f"of_{name}"]
        assert not is_missing(evaluation.columns[f"of_{name}"], value.type.kind).all(), name


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_shipped_rulesets(path) -> None:
    ruleset = load(path).checked
    market, _ = market_from_frame(FRAME, ruleset.schema)
    same(evaluate(ruleset, market), Interpreter(ruleset, market), ruleset)


def test_every_function_has_a_definition_here() -> None:
    apart = (Shape.RESAMPLE, Shape.CALENDAR)
    assert set(FUNCTIONS) == {name for name, r in BUILTINS.items() if r.shape not in apart}
