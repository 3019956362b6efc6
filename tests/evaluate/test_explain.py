"""What an explanation says would turn a decision does turn it, and less does not."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alvh_rules import load
from alvh_rules.core.resources import ruleset_path, shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.evaluate.engine import evaluate as evaluate_plan
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.report.explain import explain
from alvh_rules.report.turns import Turns
from alvh_rules.testing.coverage import Coverage
from alvh_rules.testing.run_tests import run_tests

FRAME = simulate(300, 4, start="2020-01-02")
NAMES = ("first", "second", "third", "fourth")
HEAD = (
    "ruleset r version 1.0.0\ndata\n  spx price\n  vix volatility\n  vix3m volatility\n"
    "let first = vix3m / vix - 1\nlet second = sma(vix, 5)\nlet third = rsi(spx, 5)\n"
    "let fourth = highest(vix, 10)\n"
)
CLAUSES = st.one_of(
    st.builds("first {} {}%".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(-9, 15)),
    st.builds("second {} {}".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(10, 40)),
    st.builds("third {} {}".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(20, 80)),
    st.builds("second {} fourth".format, st.sampled_from(["<", ">"])),
    st.builds("third between {} and {}".format, st.integers(20, 45), st.integers(50, 80)),
)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.builds("(not {})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(CONDITIONS, st.integers(30, 299))
def test_a_turn_turns(condition: str, row: int) -> None:
    result = check_source(Source("r.alvh", HEAD + f"signal s when {condition}\n"))
    assume(result.ruleset is not None)
    ruleset = result.ruleset
    market, _ = market_from_frame(FRAME, ruleset.schema)
    before = evaluate(ruleset, market)
    verdict = int(before.columns["s"][row])
    turn = Turns(before, row).of(ruleset.values["s"])
    assume(turn is not None)

    def after(share: float) -> int:
        """The verdict with each measure moved this share of its way."""
        columns = {name: before.columns[name].copy() for name in NAMES}
        for move in turn.moves:
            part = move.start + (move.end - move.start) * share
            columns[move.text][row] = move.reached if share == 1.0 else part
        plan = plan_of(ruleset, frozenset(columns))
        return int(evaluate_plan(ruleset, plan, market, given=columns).columns["s"][row])

    assert after(1.0) == -verdict
    if len(turn.moves) == 1:
        assert after(0.99) == verdict


@pytest.fixture(scope="module")
def core():
    rules = load(ruleset_path("alvh_core"))
    frame = FRAME.copy()
    frame.loc[120:124, "vix3m"] = np.nan
    market, _ = market_from_frame(frame, rules.checked.schema)
    return evaluate(rules.checked, market)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_every_name_of_every_session_can_be_explained(path) -> None:
    rules = load(path)
    market, _ = market_from_frame(FRAME, rules.checked.schema)
    evaluation = evaluate(rules.checked, market)
    for row in (0, 7, 40, 299):
        lines = explain(evaluation, rules.checked.outputs, row)
        heads = [line.split(":")[0] for line in lines if not line.startswith(" ")]
        assert heads == list(rules.checked.outputs)


def test_an_unknown_says_for_want_of_what(core) -> None:
    row = 122
    lines = explain(core, ["inverted"], row)
    assert lines[0] == "inverted: unknown"
    assert lines[1].endswith("for 3 sessions  (for want of vix3m)")
    assert "    ?   slope < 0%  (for want of vix3m)" in lines


def test_a_weight_shows_its_steps(core) -> None:
    days = core.columns["event.fomc"] == 1
    row = int(np.flatnonzero(days & (core.columns["event.cpi"] != 1))[0])
    lines = explain(core, ["short.weight"], row)
    assert lines[1] == "  base = 30%"
    assert lines[2] == "  yes event fomc: short x 50%"
    assert lines[-1].startswith("  limit total_weight <= 100% = ")


def test_the_same_clauses_are_told_once(core) -> None:
    lines = explain(core, ["short.open", "medium.open"], 250)
    assert lines[-1].endswith("(by the same clauses as short.open)")


def test_what_samples_sessions_and_weeks_is_explained_and_counted() -> None:
    text = (
        "ruleset minutes version 1.0.0\n  bars 30 minutes\ndata\n  spx price\n  vix volatility\n"
        "let calm = weekly(if vix > 20 and spx > 1 then vix else 2 * vix)\n"
        "signal busy when (vix > 15 and vix < 90) for 2 sessions\n"
        "signal low when vix < calm\n"
        'test "x"\n  given\n    vix = 14\n  expect\n    not busy\n'
    )
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    frame = simulate(100, 5, minutes=30, start="2020-01-02")
    market, _ = market_from_frame(frame, result.ruleset.schema)
    lines = explain(evaluate(result.ruleset, market), result.ruleset.outputs, 90)
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == ["busy", "low"]
    coverage = Coverage(result.ruleset)
    assert [item.verdict for item in run_tests(result.ruleset, None, coverage)] == ["passed"]
    assert "  conditions, both ways: 25% (1 of 4)" in coverage.lines()
