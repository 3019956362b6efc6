"""The plan's laws: nodes are shared, simplified without changing a bit, verified, freed in time."""

from dataclasses import replace

import numpy as np
import pytest

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check, check_source, evaluate
from alvh_rules.plan import graph as g
from alvh_rules.plan.schedule import schedule
from alvh_rules.plan.verify import PlanError, verify

HEAD = "ruleset r version 1.0.0\ndata\n  a price\n  b price\n"
FRAME = simulate(60, 3, start="2020-01-02")


def planned(body: str):
    result = check_source(Source("r.alvh", HEAD + body))
    assert result.ruleset is not None, result.rendered()
    return result.ruleset, result.plan


def operations(plan: g.Plan, kind: type) -> list:
    return [node.operation for node in plan.nodes if isinstance(node.operation, kind)]


def test_what_is_written_twice_is_computed_once() -> None:
    _, plan = planned(
        "let m = sma(a, 3) / b\nlet y = b / 2\nsignal s when sma(a, 3) / b > 2\n"
        "signal t when m > 2 and b / 2 > y\n"
    )
    assert len(operations(plan, g.Call)) == 1
    assert sum(o.operator == "/" for o in operations(plan, g.Arithmetic)) == 2
    assert plan.names["s"] in plan.nodes[plan.names["t"]].inputs


def test_zero_and_minus_zero_are_two_constants() -> None:
    _, plan = planned("signal s when a / b > 0 or a / b < -0.0\n")
    assert sorted(map(repr, (o.value for o in operations(plan, g.Constant)))) == ["-0.0", "0.0"]


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        ("a > 1 and 1 < 2", "a > 1"),
        ("a > 1 or (b > 1 or a > 1)", "a > 1 or b > 1"),
        ("not (not (a > 1))", "a > 1"),
        ("a * (2 / 4 + 0.5) > 1", "a > 1"),
        ("(if 1 < 2 then a else b) > 1", "a > 1"),
    ],
)
def test_simplified_to(condition: str, same: str) -> None:
    _, plan = planned(f"signal s when {condition}\nsignal t when {same}\n")
    assert plan.names["s"] == plan.names["t"]


@pytest.mark.parametrize(
    "condition",
    [
        # Each would be wrong where a is missing.
        "a - a >= 0",
        "(if a > 1 then b else b) > 1",
        "a > 1 or not (a > 1)",
    ],
)
def test_not_simplified(condition: str) -> None:
    ruleset, plan = planned(f"signal s when {condition}\n")
    frame = FRAME[["date"]].assign(a=np.nan, b=2.0)
    market, _ = market_from_frame(frame, ruleset.schema)
    assert market is not None
    assert set(evaluate(ruleset, market, plan=plan).columns["s"].tolist()) == {0}


def test_a_long_chain_of_names_inside_weekly() -> None:
    names = "let x0 = a\n" + "".join(f"let x{n} = x{n - 1} + b\n" for n in range(1, 3000))
    _, plan = planned(names + "signal s when weekly(x2999) > 5\n")
    assert sum(node.clock == "week" for node in plan.nodes) > 2999


BROKEN = {
    "order": lambda n: replace(n, inputs=(10_000,)),
    "arity": lambda n: replace(n, inputs=n.inputs[:1]),
    "clock": lambda n: replace(n, clock="week"),
    "storage": lambda n: replace(n, operation=g.Not()),
    "column": lambda n: replace(n, operation=g.Column("zebra"), inputs=()),
    "window": lambda n: replace(n, operation=g.Call("sma", (None, 10**9)), inputs=n.inputs[:1]),
    "function": lambda n: replace(n, operation=g.Call("zebra", (None, None))),
    "calendar": lambda n: replace(n, operation=g.Event("fomc", 0, 1), inputs=()),
    "band": lambda n: replace(
        n, operation=g.Band((2.0, 1.0), (True, True), (0, 1, 2), -1), inputs=n.inputs[:1]
    ),
}


@pytest.mark.parametrize("law", BROKEN)
def test_a_broken_plan_is_refused(law: str) -> None:
    ruleset, plan = planned("let m = a / b\nsignal s when m > 1\n")
    at = plan.names["m"]
    nodes = list(plan.nodes)
    nodes[at] = BROKEN[law](nodes[at])
    with pytest.raises(PlanError, match=f"node {at} "):
        verify(replace(plan, nodes=tuple(nodes)), ruleset)


def test_two_equal_nodes_are_refused() -> None:
    ruleset, plan = planned("let m = a / b\nsignal s when m > 1\n")
    twice = replace(plan, nodes=(*plan.nodes, plan.nodes[-1]))
    with pytest.raises(PlanError, match="do the same"):
        verify(twice, ruleset)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_columns_are_freed_after_their_last_reader(path) -> None:
    result = check(path)
    assert result.ruleset is not None
    assert result.plan is not None
    wanted = {result.plan.names[name] for name in result.ruleset.outputs}
    found = schedule(result.plan.nodes, wanted)
    alive: set[int] = set()
    for step in found.steps:
        assert set(result.plan.nodes[step.number].inputs) <= alive
        alive.add(step.number)
        assert len(alive) <= found.most_alive
        alive -= set(step.frees)
    assert alive == wanted
    if len(found.steps) > 10:
        assert found.most_alive < len(found.steps)


def test_a_schedule_leaves_out_what_nobody_wants() -> None:
    ruleset, plan = planned("signal s when a > 1\nsignal t when sma(b, 5) > 1\n")
    steps = schedule(plan.nodes, [plan.names["s"]]).steps
    assert len(steps) == 3
    market, _ = market_from_frame(FRAME[["date"]].assign(a=1.0, b=2.0), ruleset.schema)
    assert market is not None
    assert set(evaluate(ruleset, market, names=["s"]).columns) == {"a", "s"} - {"a"}


def test_closing_conditions_reach_the_plan() -> None:
    _, plan = planned(
        "layer short\n  sell iron condor on a expiring 30 days\n  weight 30%\n"
        "  open when b > 1\n  close when any of\n    profit >= 50% of credit\n    b > 3\n"
    )
    read = {o.name for o in operations(plan, g.Position)}
    assert read == {"profit", "credit"}
    assert plan.nodes[plan.closings["short"]].operation == g.Logical("or")
