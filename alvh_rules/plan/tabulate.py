"""Fold what depends on a few finite states into one small table.

A weight that events and a regime scale is a chain of products, but it takes only as many values as
there are combinations of those states. Here every number that rests on truths and codes alone is
worked out once for each combination (`scalars.py`) and becomes a lookup by the combination's number:

1. A truth or a code is a state, unless it is itself made of numbers that are folded. A number all of
   whose inputs are folded, constants or states, rests on the states that those rest on.
2. The combinations of a number's states, `MOST` at the most, are gone through in order.
3. Numbers that rest on the same states share one column of combination numbers.

What is looked up is bit for bit what would have been computed, missing values included. The pass is
for long runs: below some thousand rows the table costs more than it saves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alvh_rules.core.kinds import Kind, Type
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import POINTWISE, Scalar, applied
from alvh_rules.plan.schedule import schedule

MOST = 1024
"""Combinations of states in one table."""


@dataclass(frozen=True, slots=True)
class State:
    """A node of few values, and the values: from -1 to one less than `above`."""

    number: int
    above: int


States = tuple[State, ...]


def tabulated(nodes: Sequence[g.Node], wanted: Sequence[int]) -> tuple[list[g.Node], list[int]]:
    """The nodes with lookups for what can be folded, and the wanted nodes' numbers among them."""
    needed = [step.number for step in schedule(nodes, wanted).steps]
    states = states_of(nodes, needed)
    # Only what is wanted, or read by something that is not folded, is looked up at all.
    kept = set(wanted)
    for number in needed:
        if number not in states:
            kept.update(nodes[number].inputs)
    return _replaced(nodes, wanted, {key: found for key, found in states.items() if key in kept})


def coded(
    nodes: Sequence[g.Node], wanted: Sequence[int]
) -> tuple[list[int], dict[int, tuple[Scalar, ...]]]:
    """Nodes that tell the wanted ones, and for those that it does by a code, the values by code.

    Of a lookup, its combination's number tells all; of another node, its own column. The values are
    by the wanted node's number.
    """
    found = list(wanted)
    values: dict[int, tuple[Scalar, ...]] = {}
    for place, number in enumerate(wanted):
        operation = nodes[number].operation
        if isinstance(operation, g.Lookup):
            (found[place],) = nodes[number].inputs
            values[number] = operation.values
    return found, values


def states_of(nodes: Sequence[g.Node], needed: Iterable[int]) -> dict[int, States]:
    """The nodes that can be folded, each with the states it rests on."""
    folded: dict[int, States] = {}
    own: dict[int, State] = {}
    for number in sorted(needed):
        node = nodes[number]
        storage = g.storage_of(node.type)
        if isinstance(node.operation, g.Constant):
            folded[number] = ()
            continue
        found = _rests_on(nodes, node, folded, own)
        if found is not None:
            folded[number] = found
        elif storage is g.Storage.FLAG:
            own[number] = State(number, 2)
        elif storage is g.Storage.CODE:
            above = _codes(nodes, node)
            if above is not None:
                own[number] = State(number, above)
    return {number: found for number, found in folded.items() if found}


def _rests_on(
    nodes: Sequence[g.Node],
    node: g.Node,
    folded: Mapping[int, States],
    own: Mapping[int, State],
) -> States | None:
    """The states of a node that is worth folding, or None."""
    if not isinstance(node.operation, POINTWISE):
        return None
    union: dict[int, State] = {}
    of_numbers = g.storage_of(node.type) is g.Storage.NUMBER
    for part in node.inputs:
        if part in own:
            union[part] = own[part]
        elif part in folded:
            union.update({state.number: state for state in folded[part]})
            # A truth made of truths costs less than a lookup, one made of folded numbers more.
            of_numbers |= bool(folded[part])
        else:
            return None
    small = math.prod(state.above + 1 for state in union.values()) <= MOST
    return tuple(union[key] for key in sorted(union)) if of_numbers and small else None


def _codes(nodes: Sequence[g.Node], node: g.Node) -> int | None:
    """One more than a node's greatest code, where the plan tells it."""
    match node.operation:
        case g.Band(_, _, rows, missing):
            return max(*rows, missing) + 1
        case g.FirstTrue():
            return len(node.inputs) + 1
        case g.Select() | g.Conditional():
            options = [nodes[part].operation for part in node.inputs[1:]]
            codes = [int(item.value) for item in options if isinstance(item, g.Constant)]
            return max(codes) + 1 if len(codes) == len(options) else None
        case _:
            return None


def _replaced(
    nodes: Sequence[g.Node], wanted: Sequence[int], states: Mapping[int, States]
) -> tuple[list[g.Node], list[int]]:
    out: list[g.Node] = []
    moved: dict[int, int] = {}
    combinations: dict[States, int] = {}
    tables = _Tables(nodes)
    for number, node in enumerate(nodes):
        group = states.get(number)
        if group is None:
            moved[number] = len(out)
            out.append(replace(node, inputs=tuple(moved[part] for part in node.inputs)))
            continue
        if group not in combinations:
            combination = g.Combination(tuple(state.above + 1 for state in group))
            inputs = tuple(moved[state.number] for state in group)
            combinations[group] = len(out)
            out.append(g.Node(combination, inputs, Type(Kind.LABEL), node.clock, node.span))
        moved[number] = len(out)
        lookup = g.Lookup(tables.of(number, group))
        out.append(replace(node, operation=lookup, inputs=(combinations[group],)))
    return out, [moved[number] for number in wanted]


class _Tables:
    """Works nodes out for every combination of states."""

    def __init__(self, nodes: Sequence[g.Node]) -> None:
        self.nodes = nodes
        self._told: dict[tuple[int, States], tuple[Scalar, ...]] = {}

    def of(self, number: int, group: States) -> tuple[Scalar, ...]:
        """The node's value in each combination; the first state changes slowest."""
        key = (number, group)
        if key not in self._told:
            self._told[key] = self._work_out(number, group)
        return self._told[key]

    def _work_out(self, number: int, group: States) -> tuple[Scalar, ...]:
        node = self.nodes[number]
        ranges = [range(-1, state.above) for state in group]
        for place, state in enumerate(group):
            if state.number == number:
                return tuple(values[place] for values in itertools.product(*ranges))
        if isinstance(node.operation, g.Constant):
            return (node.operation.value,) * math.prod(len(values) for values in ranges)
        columns = [self.of(part, group) for part in node.inputs]
        storages = [g.storage_of(self.nodes[part].type) for part in node.inputs]
        storage = g.storage_of(node.type)
        return tuple(
            applied(node.operation, values, storages, storage)
            for values in zip(*columns, strict=True)
        )
