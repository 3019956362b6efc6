"""Say the same with less: what a node can be replaced by when it is made.

Every rule gives the same column, bit for bit, missing rows included. What looks true of numbers and
is not true of missing ones is left alone: `x - x` is not zero where x is missing, `if c then x else
x` is not x where c is unknown, and `x + 0` turns a negative zero into zero.

1. An operation on constants is a constant (`scalars.py`).
2. In an `and`, a true clause goes, a false one decides, a nested `and` is opened and a repeated
   clause counts once; for `or` the other way round.
3. `not not x` is x, `-(-x)` is x, x times one is x, a choice by a constant is the chosen one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import POINTWISE, Scalar, applied


@dataclass(frozen=True, slots=True)
class Same:
    """The node is another one."""

    number: int


Simpler = g.Constant | Same | tuple[g.Operation, tuple[int, ...]]


def simplified(
    nodes: Sequence[g.Node], operation: g.Operation, inputs: tuple[int, ...], storage: g.Storage
) -> Simpler | None:
    """What the operation on these inputs can be replaced by, or None. `storage` is the result's."""
    constants = [_constant(nodes[number]) for number in inputs]
    known = [value for value in constants if value is not None]
    if inputs and len(known) == len(inputs) and isinstance(operation, POINTWISE):
        storages = [g.storage_of(nodes[number].type) for number in inputs]
        return g.Constant(applied(operation, known, storages, storage))
    match operation:
        case g.Negative() | g.Not():
            inner = nodes[inputs[0]]
            return Same(inner.inputs[0]) if inner.operation == operation else None
        case g.Arithmetic(operator="*") if 1.0 in constants:
            return Same(inputs[1] if constants[0] == 1.0 else inputs[0])
        case g.Rounded() if nodes[inputs[0]].operation == operation:
            return Same(inputs[0])
        case g.Logical():
            return _clauses(nodes, operation, inputs)
        case g.Conditional() if constants[0] in (TRUE, FALSE):
            return Same(inputs[1] if constants[0] == TRUE else inputs[2])
        case g.Select() if constants[0] is not None and constants[0] >= 0:
            return Same(inputs[1 + int(constants[0])])
        case _:
            return None


def _constant(node: g.Node) -> Scalar | None:
    return node.operation.value if isinstance(node.operation, g.Constant) else None


def _clauses(
    nodes: Sequence[g.Node], operation: g.Logical, inputs: tuple[int, ...]
) -> Simpler | None:
    decides = FALSE if operation.operator == "and" else TRUE
    opened: list[int] = []
    for number in inputs:
        inner = nodes[number]
        opened += inner.inputs if inner.operation == operation else (number,)
    kept = []
    for number in dict.fromkeys(opened):
        value = _constant(nodes[number])
        if value == decides:
            return g.Constant(decides)
        if value != -decides:
            kept.append(number)
    if not kept:
        return g.Constant(-decides)
    if len(kept) == 1:
        return Same(kept[0])
    return (operation, tuple(kept)) if tuple(kept) != inputs else None
