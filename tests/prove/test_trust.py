"""Proofs, refutations and equalities of random rulesets, held against the evaluator.

The rulesets have windows, tables, latches, events, regimes and limits. The markets are random walks of
100,000 rows on which every window is worked out by its kernel, so that nothing here rests on the
prover's own idea of what a window is.
"""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from dataclasses import replace

from alvh_rules.core.kleene import FALSE
from alvh_rules.core.source import Source
from alvh_rules.pipeline import Checked, check_source, evaluate
from alvh_rules.prove.equality import compare_decisions
from alvh_rules.prove.ruleset import prove
from alvh_rules.testing.run_tests import blank_market, run_tests

ROWS = 100_000
HISTORY = 40
"""Rows after which every window of these rulesets has its history."""

TEXT = """\
ruleset trust version 1.0.0

data
  spx price
  vix volatility
  vix3m volatility

let slope = vix3m / vix - 1
let strength = rsi(spx, 5)

table by_slope by slope
  below {edge0}% => {value0}%
  {edge0}% to {edge1}% => {value1}%
  {edge1}% or more => {value2}%

table ramp by vix, interpolated
  at 15 => {value0}%
  at 40 => {value2}%

signal stressed from {first} until {second}

layer short
  sell put on spx
    expiring 30 days
    at delta 20%
  weight {weight0}%
  open when {third}

layer long like short
  weight by_slope

hedge
  ratio by_slope of vega
  hold vix futures month 1

regime tight when {fourth}
  weight x 50%
  hedge x 120%

limit total_weight <= {bound}%
limit hedge.ratio <= 140%

target plain = by_slope
target mixed = if stressed then ramp else by_slope
target scaled = min(max(slope, -20%), 50%) * by_slope + ramp

{promises}
"""

CONDITION = st.sampled_from(
    [
        "slope < 0%",
        "slope > 5%",
        "vix > 25",
        "vix > 25 for 2 sessions",
        "vix < sma(vix, 5)",
        "spx > highest(spx, 10) * 0.95",
        "crosses_above(vix, vix3m)",
        "strength < 30",
        "strength between 40 and 60",
        "not (slope > 2% and vix < 20)",
        "(vix > vix3m or strength > 70)",
        "percentile_rank(vix, 10) > 80%",
        "ago(vix, 3) < vix",
    ]
)
PROMISE = st.builds(
    "always {} {} {}% when {}".format,
    st.sampled_from(
        ["hedge.ratio", "short.weight", "long.weight", "total_weight", "mixed", "scaled"]
    ),
    st.sampled_from(["<=", ">=", "<", ">"]),
    st.sampled_from([0, 20, 30, 60, 75, 100, 120, 140, 150]),
    CONDITION,
)


@st.composite
def rulesets(draw) -> dict[str, object]:
    """The words of a random ruleset."""
    edges = sorted(draw(st.sets(st.integers(-10, 15), min_size=2, max_size=2)))
    percents = st.sampled_from([0, 10, 30, 45, 60, 100, 150])
    return {
        **{f"edge{index}": edge for index, edge in enumerate(edges)},
        **{f"value{index}": draw(percents) for index in range(3)},
        "weight0": draw(st.sampled_from([30, 50, 80])),
        "bound": draw(st.sampled_from([60, 100])),
        **{name: draw(CONDITION) for name in ("first", "second", "third", "fourth")},
        "promises": "\n".join(draw(st.lists(PROMISE, min_size=3, max_size=5, unique=True))),
    }


def checked(text: str) -> Checked:
    result = check_source(Source("trust.alvh", text))
    hard = [item.code for item in result.diagnostics if item.is_error]
    assert hard in ([], ["ALV503"]), result.rendered()
    return result


def walks(result: Checked, seed: int, rows: int = ROWS):
    """A market of random walks, in quarters, that meet the edges of tables often."""
    random = np.random.default_rng(seed)
    assert result.ruleset is not None
    market = blank_market(result.ruleset, rows)
    columns = dict(market.columns)

    def walk(low: float, high: float, step: int) -> np.ndarray:
        moved = np.cumsum(random.integers(-step, step + 1, rows)) / 4
        span = high - low
        # Folded back at both ends, so that it stays within.
        return low + span - np.abs(moved % (2 * span) - span)

    columns["spx"] = walk(90, 140, 8)
    columns["vix"] = walk(10, 50, 6)
    ratio = 1 + random.integers(-12, 18, rows) / 100
    columns["vix3m"] = np.round(columns["vix"] * ratio * 100) / 100
    return replace(market, columns=columns)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(rulesets(), st.integers(0, 2**32 - 1))
def test_a_proof_survives_a_hundred_thousand_markets(words, seed) -> None:
    result = checked(TEXT.format(**words))
    if result.ruleset is None:
        return
    proof = prove(result.ruleset, seconds=20)
    assert not proof.contradictory
    names = [item.name for item in result.ruleset.always]
    extremes = {item.name: item for item in proof.extremes}
    evaluation = evaluate(
        result.ruleset,
        walks(result, seed),
        names=[*names, *extremes, "regime", "hedge.ratio", "total_weight"],
    )
    verdicts = {item.text: item for item in proof.verdicts}
    for promise in result.ruleset.always:
        broken = np.flatnonzero(evaluation.columns[promise.name][HISTORY:] == FALSE)
        if verdicts[promise.text].status == "proved":
            assert len(broken) == 0, (promise.text, evaluation.columns[promise.name])
        elif len(broken):
            assert verdicts[promise.text].status in ("refuted", "undecided")
    for name, found in extremes.items():
        column = evaluation.columns[name][HISTORY:]
        column = column[~np.isnan(column)]
        if len(column) and found.least.value is not None:
            assert column.min() >= found.least.value - 1e-9, name
        if len(column) and found.greatest.value is not None:
            assert column.max() <= found.greatest.value + 1e-9, name


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(rulesets())
def test_a_refutation_is_a_test_that_fails(words) -> None:
    """Replayed by the ruleset's own tests, which know nothing of the prover."""
    result = checked(TEXT.format(**words))
    if result.ruleset is None:
        return
    for verdict in prove(result.ruleset, seconds=20).verdicts:
        if verdict.status != "refuted" or verdict.writable is None:
            continue
        promise, condition = verdict.text.removeprefix("always ").split(" when ")
        block = [
            'test "refuted"',
            *(
                ["  given", *(f"    {line}" for line in verdict.writable)]
                if verdict.writable
                else []
            ),
            "  expect",
            f"    not ({condition}) or ({promise})",
        ]
        again = checked(TEXT.format(**words) + "\n" + "\n".join(block) + "\n")
        assert again.ruleset is not None
        (outcome,) = run_tests(again.ruleset)
        assert outcome.verdict == "failed", (verdict.text, verdict.writable)


DECISIONS = [
    "stressed",
    "short.open",
    "short.weight",
    "long.weight",
    "total_weight",
    "hedge.ratio",
    "plain",
    "mixed",
    "scaled",
]
REWRITES = [
    (r"slope > 2% and vix < 20", "vix < 20 and slope > 2%"),
    (r"not \(slope > 2% and vix < 20\)", "(slope <= 2% or vix >= 20)"),
    (r"vix > vix3m or strength > 70", "strength > 70 or vix3m < vix"),
    (r"strength between 40 and 60", "not (strength < 40 or strength > 60)"),
    (r"let strength = rsi\(spx, 5\)\n", "let renamed = rsi(spx, 5)\nlet strength = renamed\n"),
    (r"(regime tight[\s\S]*?)\n\n(limit[^\n]*\nlimit[^\n]*)", r"\2\n\n\1"),
]


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(rulesets())
def test_a_rewriting_is_no_change(words) -> None:
    text = TEXT.format(**words)
    rewritten = text
    for pattern, other in REWRITES:
        rewritten = re.sub(pattern, other, rewritten)
    old, new = checked(text), checked(rewritten)
    if old.ruleset is None or new.ruleset is None:
        return
    for verdict in compare_decisions(old, new, DECISIONS, seconds=20):
        assert verdict.status == "same", (verdict, text)


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(
    rulesets(),
    st.sampled_from(["edge0", "edge1", "value0", "value1", "value2", "weight0", "first", "third"]),
    st.integers(1, 3),
    CONDITION,
    st.integers(0, 2**32 - 1),
)
def test_what_is_said_to_be_the_same_decides_alike(words, key, by, condition, seed) -> None:
    changed = {**words, key: condition if isinstance(words[key], str) else words[key] - by}
    if not changed["edge0"] < changed["edge1"]:
        return
    old, new = checked(TEXT.format(**words)), checked(TEXT.format(**changed))
    if old.ruleset is None or new.ruleset is None:
        return
    runs = [evaluate(each.ruleset, walks(each, seed), names=DECISIONS) for each in (old, new)]
    found = compare_decisions(old, new, DECISIONS, seconds=20)
    for verdict in found:
        one, other = (run.columns[verdict.name][HISTORY:] for run in runs)
        if one.dtype.kind == "f":
            apart = ~((one == other) | (np.isnan(one) & np.isnan(other)))
            apart &= ~(np.abs(one - other) <= 1e-12 * np.abs(one))
        else:
            apart = one != other
        if verdict.status == "same":
            assert not apart.any(), (verdict, words, changed)
        elif verdict.status == "different":
            assert verdict.old != verdict.new
        # A deliberate change that the market shows is found.
        if apart.any():
            assert verdict.status in ("different", "undecided", "same_off_boundary"), verdict
    if key in ("value0", "value1", "value2") and isinstance(by, int):
        # Each row of the table is picked by some market, and the target is its value.
        assert {item.name: item for item in found}["plain"].status == "different"
