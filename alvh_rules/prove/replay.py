"""A market in the evaluator: what the ruleset decides where the opaque nodes have given values.

The plan is kept as it is, save that each opaque node is a column that the caller sets; so the
decision is worked out by the very steps that run over history, in floating point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.evaluate.engine import Evaluation, evaluate
from alvh_rules.evaluate.inputs import Array, missing_of
from alvh_rules.plan import graph as g
from alvh_rules.testing.run_tests import blank_market


def replayed(
    ruleset: CheckedRuleset, plan: g.Plan, wanted: int, rows: int, given: Mapping[int, Array]
) -> Array:
    """A node's column where others are given, by number."""
    return replayed_many(ruleset, plan, [wanted], rows, given)[0]


def replayed_many(
    ruleset: CheckedRuleset,
    plan: g.Plan,
    wanted: Sequence[int],
    rows: int,
    given: Mapping[int, Array],
) -> list[Array]:
    """The columns of several nodes where others are given."""
    nodes = list(plan.nodes)
    for number in given:
        node = nodes[number]
        nodes[number] = replace(node, operation=g.Given(f"#{number}"), inputs=(), clock=g.ROWS)
    names = {f"#{number}": number for number in wanted}
    changed = g.Plan(tuple(nodes), names, {}, plan.numbers, frozenset(f"#{n}" for n in given))
    columns = {f"#{number}": column for number, column in given.items()}
    evaluation: Evaluation = evaluate(
        ruleset, changed, blank_market(ruleset, rows), given=columns, names=list(names), engine="blocks"
    )
    return [np.asarray(evaluation.columns[f"#{number}"]) for number in wanted]


def column_of(node: g.Node, values: Sequence[Any]) -> Array:
    """Values of a node as a column; None is missing."""
    found = missing_of(node.type.kind, len(values))
    for row, value in enumerate(values):
        if value is not None:
            found[row] = value
    return found
