"""Random rulesets: what says the same is the same, and what is called the same decides the same."""

import re

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alvh_rules.compare.bump import Bump
from alvh_rules.compare.compare import compare
from alvh_rules.core.source import Source
from alvh_rules.market.read import market_from_frame
from alvh_rules.pipeline import Checked, check_source, evaluate
from alvh_rules.syntax.format import format_source
from tests.evaluate.test_interpreter import CONDITIONS, EDGES, TEXT, random_frame

FIVE = st.lists(CONDITIONS, min_size=5, max_size=5)
LOCAL = ("shifted", "banded", "gridded", "ramp", "steep")


def read(text: str) -> Checked:
    return check_source(Source("r.alvh", text))


def renamed(text: str) -> str:
    """The text with other names for what is local."""
    for name in LOCAL:
        text = re.sub(rf"\b{name}\b", f"other_{name}", text)
    return text


def items_of(text: str) -> list[str]:
    """The header, then each item with its rows."""
    return re.split(r"\n(?=\S)", text.rstrip("\n"))


@settings(max_examples=25)
@given(FIVE, st.randoms(use_true_random=False))
def test_layout_names_and_order_change_nothing(conditions, random) -> None:
    text = TEXT.format(*conditions)
    old = read(text)
    assume(old.ruleset is not None)
    shaped, found = format_source(Source("r.alvh", renamed(text)))
    assert not any(item.is_error for item in found)
    header, *items = items_of(shaped)
    # Regimes, events and limits have an order; what names things has none.
    free = [item for item in items if item.startswith(("let", "table", "signal", "data", "labels"))]
    rest = [item for item in items if item not in free]
    random.shuffle(free)
    new = read("\n".join([header, *free, "# a comment", *rest]) + "\n")
    assert new.ruleset is not None, new.rendered()
    comparison = compare(old, new, "old", "new")
    assert {(item.status, item.how) for item in comparison.decisions} == {("same", "structure")}
    assert comparison.changes == ()
    assert comparison.bump is Bump.PATCH


CHANGES = st.one_of(
    st.tuples(st.just("condition"), st.integers(0, 4), CONDITIONS),
    st.tuples(st.just("edge"), st.integers(0, 40), EDGES),
    st.tuples(st.just("operator"), st.integers(0, 40), st.just("")),
)


def mutated(conditions: list[str], change: tuple[str, int, str]) -> str:
    """The ruleset with a condition, a number or a comparison changed."""
    what, at, other = change
    if what == "condition":
        return TEXT.format(*[other if n == at else text for n, text in enumerate(conditions)])
    text = TEXT.format(*conditions)
    begin = text.index("table")
    pattern = r"(?<==> )\d+%" if what == "edge" else r" (?:<=|>=|<|>|and|or) "
    places = list(re.finditer(pattern, text[begin:]))
    if not places:
        return text
    found = places[at % len(places)]
    turned = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "and": "or", "or": "and"}
    new = other if what == "edge" else f" {turned[found[0].strip()]} "
    return text[: begin + found.start()] + new + text[begin + found.end() :]


@settings(max_examples=40)
@given(FIVE, CHANGES, st.integers(0, 2**32 - 1))
def test_what_is_called_the_same_decides_the_same(conditions, change, seed) -> None:
    old, new = read(TEXT.format(*conditions)), read(mutated(conditions, change))
    assume(old.ruleset is not None and new.ruleset is not None)
    assert old.ruleset is not None
    assert new.ruleset is not None
    comparison = compare(old, new, "old", "new", seconds=1.0)
    frame = random_frame(seed, 60)
    columns = []
    for side in (old, new):
        market, found = market_from_frame(frame, side.ruleset.schema)
        assert found == []
        columns.append(evaluate(side.ruleset, market, plan=side.plan).columns)
    for item in comparison.decisions:
        before, after = columns[0][item.name], columns[1][item.name]
        alike = np.asarray(before == after) | ((before != before) & (after != after))
        if item.status == "same" and item.how == "structure":
            assert alike.all(), (item.name, change)
        elif item.status == "same":
            # By the solver: in real arithmetic.
            close = alike | (np.abs(before - after) <= 1e-9 * np.maximum(1, np.abs(before)))
            assert close.all(), (item.name, change)
        elif item.status == "different":
            assert item.example is None or item.old != item.new
