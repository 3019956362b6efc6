"""Look-back and warm-up, against what the evaluator does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import is_missing
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate
from alvh_rules.plan.look_back import look_backs

HEAD = "ruleset r version 1.0.0\ndata\n  a price\n  b price\n"
FRAME = simulate(260, 3, start="2020-01-02")
RANDOM = np.random.default_rng(5)
FRAME = FRAME[["date"]].assign(
    a=20 + RANDOM.random(len(FRAME)).cumsum(), b=RANDOM.random(len(FRAME)) + 5
)


def look_back(body: str, name: str = "m"):
    result = check_source(Source("r.alvh", HEAD + body + "\nsignal used when m > m / 2\n"))
    assert result.ruleset is not None, result.rendered()
    found = look_backs(result.plan.nodes, result.ruleset.schema.bars)
    return found[result.plan.names[name]], result.ruleset


@pytest.mark.parametrize(
    ("expression", "told", "endless"),
    [
        ("a", "none", False),
        ("sma(a, 20)", "19 sessions", False),
        ("sma(ago(a, 5), 20)", "24 sessions", False),
        ("sma(a, 5) + sma(b, 20)", "19 sessions", False),
        ("ema(a, 10)", "9 sessions", True),
        ("sma(ema(a, 10), 3)", "11 sessions", True),
        ("sma(a, 20 sessions)", "19 sessions", False),
        ("weekly(sma(a, 3))", "3 weeks", False),
        ("weekly(sma(a, 3)) + monthly(a)", "1 month", False),
        ("sma(weekly(a), 3)", "2 sessions, 1 week", False),
    ],
)
def test_look_back_of(expression: str, told: str, endless: bool) -> None:
    found, ruleset = look_back(f"let m = {expression}")
    assert found.describe(ruleset.schema.bars) == told
    assert found.endless == endless


NUMBERS = st.recursive(
    st.sampled_from(["a", "b"]),
    lambda inner: st.one_of(
        st.builds("sma({}, {})".format, inner, st.integers(1, 6)),
        st.builds("ago({}, {})".format, inner, st.integers(1, 4)),
        st.builds("highest({}, {})".format, inner, st.integers(1, 6)),
        st.builds("ema({}, {})".format, inner, st.integers(1, 5)),
        st.builds("(if {} > {} for 2 sessions then {} else a)".format, inner, inner, inner),
        st.builds("max({}, {})".format, inner, inner),
    ),
    max_leaves=4,
)
SAMPLED = st.one_of(NUMBERS, NUMBERS.map("weekly({})".format), NUMBERS.map("monthly({})".format))


@settings(max_examples=60, deadline=None)
@given(SAMPLED, st.integers(0, 120))
def test_known_after_the_warm_up_and_blind_to_what_stands_before(expression, cut) -> None:
    result = check_source(
        Source("r.alvh", HEAD + f"let m = {expression}\nsignal used when m > m / 2\n")
    )
    if result.ruleset is None:
        return
    bars = result.ruleset.schema.bars
    found = look_backs(result.plan.nodes, bars)[result.plan.names["m"]]
    market, _ = market_from_frame(FRAME, result.ruleset.schema)
    whole = evaluate(result.ruleset, market).columns["m"]
    warm = found.most_rows(bars)
    assert not is_missing(whole[warm:], result.ruleset.values["m"].type.kind).any()
    if not found.endless:
        later, _ = market_from_frame(FRAME.iloc[cut:], result.ruleset.schema)
        part = evaluate(result.ruleset, later).columns["m"]
        assert np.array_equal(part[warm:], whole[cut + warm :])


def test_a_warm_up_of_a_plain_window_is_exact() -> None:
    result = check_source(
        Source("r.alvh", HEAD + "let m = sma(ago(a, 5), 20)\nsignal used when m > m / 2\n")
    )
    market, _ = market_from_frame(FRAME, result.ruleset.schema)
    column = evaluate(result.ruleset, market).columns["m"]
    assert np.flatnonzero(~np.isnan(column))[0] == 24


def test_a_chain_of_windows_is_bounded() -> None:
    body = HEAD + "let x0 = sma(a, 25000)\n"
    body += "".join(f"let x{n} = sma(x{n - 1}, 25000)\n" for n in range(1, 8))
    result = check_source(Source("r.alvh", body + "signal s when x7 > b\n"))
    assert result.ruleset is None
    [found] = [item for item in result.diagnostics if item.is_error]
    assert found.code == "ALV404"
    # The fifth window is the first to pass the bound.
    text = body[found.span.start : found.span.end]
    assert text == "sma(x3, 25000)"
    assert "124,995 sessions" in found.message
