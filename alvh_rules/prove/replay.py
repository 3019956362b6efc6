"""A market in the evaluator: what the ruleset decides where the opaque nodes have given values.

The plan is kept as it is, save that each opaque node is a column that the caller sets; so the
decision is worked out by the very steps that run over history, in floating point. Of a latch, or of
`for N sessions`, the memory may be given instead: then today's part is worked out, by the definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from alvh_rules.evaluate.engine import evaluate
from alvh_rules.evaluate.inputs import Array, missing_of
from alvh_rules.plan import graph as g
from alvh_rules.prove.example import Held, Key, Part
from alvh_rules.prove.translate import Translation
from alvh_rules.testing.run_tests import blank_market


def replayed(
    to: Translation,
    wanted: Sequence[int],
    parts: Sequence[Part],
    columns: Mapping[Key, Array],
    rows: int,
) -> list[Array]:
    """The columns of several nodes where the parts are given; a part without a column is missing."""
    own = [part for part in parts if part.of is to]
    nodes, places = _with_given(to.plan, own, wanted)
    names = {f"#{number}": places[number] for number in wanted}
    given = {
        _name(part): columns.get(part.key, missing_of(part.node.type.kind, rows)) for part in own
    }
    changed = g.Plan(nodes, names, {}, {}, frozenset(given))
    evaluation = evaluate(
        to.ruleset,
        changed,
        blank_market(to.ruleset, rows),
        given=given,
        names=list(names),
        engine="blocks",
    )
    return [np.asarray(evaluation.columns[f"#{number}"]) for number in wanted]


def on_one_row(
    to: Translation, wanted: Sequence[int], parts: Sequence[Part], held: Mapping[Key, Held]
) -> list[Any]:
    """The values of several nodes in one market."""
    columns = {part.key: column_of(part.node, [held.get(part.key)]) for part in parts}
    found = [column[0] for column in replayed(to, wanted, parts, columns, 1)]
    return [float(value) if isinstance(value, np.floating) else int(value) for value in found]


def column_of(node: g.Node, values: Sequence[Held]) -> Array:
    """Values of a node as a column; None is missing."""
    found = missing_of(node.type.kind, len(values))
    for row, value in enumerate(values):
        if value is not None:
            found[row] = value
    return found


def _name(part: Part) -> str:
    return f"#{part.number}{' before' if part.before else ''}"


def _with_given(
    plan: g.Plan, parts: Sequence[Part], wanted: Sequence[int]
) -> tuple[tuple[g.Node, ...], dict[int, int]]:
    """The wanted nodes and those under them, with the parts given; and where each stands now."""
    by_number = {part.number: part for part in parts}
    nodes: list[g.Node] = []
    places: dict[int, int] = {}
    needed, stack = set(wanted), list(wanted)
    while stack:
        top = stack.pop()
        if top in by_number and not by_number[top].before:
            continue
        for item in plan.nodes[top].inputs:
            if item not in needed:
                needed.add(item)
                stack.append(item)

    def put(operation: g.Operation, inputs: tuple[int, ...], node: g.Node) -> int:
        nodes.append(replace(node, operation=operation, inputs=inputs))
        return len(nodes) - 1

    for number in sorted(needed):
        node = plan.nodes[number]
        part = by_number.get(number)
        inside = part is None or part.before
        inputs = tuple(places[item] for item in node.inputs) if inside else ()
        if part is None:
            places[number] = put(node.operation, inputs, node)
            continue
        given = put(g.Given(_name(part)), (), replace(node, clock=g.ROWS))
        if not part.before:
            places[number] = given
            continue
        match node.operation:
            case g.Latch():
                begun = put(g.Logical("or"), (inputs[0], given), node)
                kept = put(g.Not(), (inputs[1],), node)
                places[number] = put(g.Logical("and"), (kept, begun), node)
            case g.Call("crosses_above" | "crosses_below" as name):
                sign = ">" if name == "crosses_above" else "<"
                today = put(g.Compare(sign), inputs, node)
                places[number] = put(g.Logical("and"), (today, given), node)
            case g.Call("latch"):
                begun = put(g.Logical("or"), (inputs[0], given), node)
                kept = put(g.Not(), (inputs[1],), node)
                places[number] = put(g.Logical("and"), (kept, begun), node)
            case _:
                places[number] = put(g.Logical("and"), (inputs[0], given), node)
    return tuple(nodes), places
