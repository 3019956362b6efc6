"""What the solver is told holds of every row of real runs: the evaluator's rows are its markets.

For random rulesets on random data with gaps, each row's opaque values (columns, windows, memories) are
put into the translation. The facts must allow them, and the translated decisions must be the
evaluator's, up to what rounding does.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("z3", reason="proofs need the extra `prove`")

import z3

from alvh_rules.core.kinds import Kind
from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import is_missing
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import check_source, evaluate
from alvh_rules.plan import graph as g
from alvh_rules.prove import values
from alvh_rules.prove.example import Part, term_of
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.translate import Translation
from tests.evaluate.test_interpreter import CONDITIONS, TEXT, random_frame

NEAR = Fraction(1, 10**9)


def near(term, value: float):
    """A term within a billionth of a float."""
    exact = Fraction(float(value))
    apart = NEAR * max(1, abs(exact))
    low, high = exact - apart, exact + apart
    return z3.And(
        term >= z3.Q(low.numerator, low.denominator),
        term <= z3.Q(high.numerator, high.denominator),
    )


def fixed(part: Part, value, missing: bool) -> list:
    """That a part has the evaluator's value."""
    storage = g.storage_of(part.node.type)
    if storage is g.Storage.FLAG:
        truth = part.of.truth_of(part.value)
        return [{1: truth.true, -1: truth.false, 0: truth.unknown}[int(value)]]
    if storage is g.Storage.CODE:
        return [part.of.where(part.value, lambda code: code == int(value))]
    term, known = term_of(part)
    return [z3.Not(known)] if missing else [known, near(term, value)]


def decided(to: Translation, number: int, value, missing: bool):
    """That a node's translation is the evaluator's value."""
    found = to.value(number)
    storage = g.storage_of(to.plan.nodes[number].type)
    if storage is g.Storage.FLAG:
        truth = to.truth_of(found)
        return {1: truth.true, -1: truth.false, 0: truth.unknown}[int(value)]
    if storage is g.Storage.CODE:
        return to.where(found, lambda code: code == int(value))
    leaf = to.number_of(found)
    if missing:
        return z3.Not(leaf.known)
    return z3.And(leaf.known, near(to.symbols.term(to.solid(leaf)), value))


def all_parts(to: Translation) -> list[Part]:
    """Every opaque node on the rows that the plan has, those under other opaque nodes too."""
    return [
        Part(to, number, str(number))
        for number, node in enumerate(to.plan.nodes)
        if to.opaque(number) and node.clock == g.ROWS and node.type.kind is not Kind.CURVE
    ]


def compared(text: str, frame, rows) -> None:
    result = check_source(Source("r.alvh", text))
    if result.ruleset is None:
        # Random conditions may contradict themselves; nothing else may be wrong with them.
        assert {item.code for item in result.diagnostics if item.is_error} == {"ALV503"}
        return
    ruleset, plan = result.ruleset, result.plan
    market, found = market_from_frame(frame, ruleset.schema)
    assert found == []
    evaluation = evaluate(ruleset, market, plan=plan)
    symbols = Symbols()
    to = Translation(symbols, ruleset, plan, gaps=True)
    names = [
        name
        for name in ruleset.values
        if ruleset.values[name].type.kind not in (Kind.CURVE, Kind.TEXT)
    ]
    numbers = [plan.names[name] for name in names]
    parts = all_parts(to)
    for row in rows:
        solver = z3.Solver()
        solver.set("timeout", 4000)
        claims = []
        for part in parts:
            column = evaluation.kept[part.number]
            kind = part.node.type.kind
            claims += fixed(part, column[row], bool(is_missing(column, kind)[row]))
        wanted = [
            decided(
                to,
                number,
                evaluation.columns[name][row],
                bool(is_missing(evaluation.columns[name], ruleset.values[name].type.kind)[row]),
            )
            for name, number in zip(names, numbers, strict=True)
        ]
        solver.add(*claims, *symbols.facts_for([*claims, *wanted]))
        assert solver.check() == z3.sat, f"no market is as row {row} of the run:\n{text}"
        for name, want in zip(names, wanted, strict=True):
            solver.push()
            solver.add(want)
            # The solver may not finish products of windows; that says nothing.
            assert solver.check() != z3.unsat, f"`{name}` is otherwise on row {row}:\n{text}"
            solver.pop()


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_every_row_of_a_run_is_a_market_of_the_proof(conditions, seed) -> None:
    compared(TEXT.format(*conditions), random_frame(seed, 40), (0, 7, 19, 30, 39))


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.lists(CONDITIONS, min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_what_is_said_as_formulas_is_as_true(conditions, seed) -> None:
    """The same with room for few cases: numbers, conditions and codes become formulas."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "MOST_CASES", 12)
        compared(TEXT.format(*conditions), random_frame(seed, 40), (19, 39))


WINDOWS = """\
ruleset windows version 1.0.0
data
  a price
  b price
  c price
  p price
  v volatility
  up flag
let low3 = lowest(a, 3)
let low5 = lowest(a, 5)
let high3 = highest(a, 3)
let high5 = highest(a, 5)
let mean3 = sma(a, 3)
let mean5 = sma(a, 5)
let weighted = wma(a, 4)
let before = ago(a, 2)
let moved = change(a, 2)
let fast = ema(a, 3)
let slow = ema(a, 5)
let line = macd(a, 3, 5)
let spread = stdev(a, 3)
let score = zscore(a, 3)
let rank = percentile_rank(a, 4)
let strength = rsi(a, 3)
let realised = realized_volatility(p, 3)
let range_of = atr(a, b, c, 3)
let root = sqrt(a / b)
let grown = exp(a / b - 1)
let logged = log(a / b)
signal risen when crosses_above(a, b)
signal fallen when crosses_below(a, b)
signal lasting when (a > b) for 3 sessions
signal longer when (a > b) for 4 sessions
signal kept when held(a > b, 2)
signal switched from a > b until b > c
signal recent when sessions_since(a > c) < 3
signal week when weekly(highest(a, 2)) >= weekly(lowest(a, 2))
target one_or_none = if a > b then 1 else 0
"""


@pytest.mark.parametrize("seed", range(3))
def test_what_is_always_true_of_windows_is_true_of_runs(seed: int) -> None:
    frame = random_frame(seed, 40)
    for column in "abcp":
        # Few gaps, so that windows are known.
        frame[column] = frame[column].ffill().bfill()
    compared(WINDOWS, frame, range(6, 40, 3))


def test_a_wrong_fact_is_found() -> None:
    """The comparison itself can fail: it finds a lowest that is taken for a highest."""
    frame = random_frame(3, 40)
    frame["a"] = np.linspace(3, 6, 40)
    with pytest.MonkeyPatch.context() as patch:
        from alvh_rules.prove import windows

        def wrong(to, one, x, other, y):
            if (one[0], other[0]) == ("highest", "lowest"):
                to.symbols.fact(to.symbols.compare(x, y, "<").true)

        patch.setattr(windows, "_ordered", wrong)
        with pytest.raises(AssertionError, match="no market"):
            compared(WINDOWS, frame, [30])
