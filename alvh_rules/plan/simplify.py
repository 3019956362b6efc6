"""Say the same with less: what a node can be replaced by when it is made.

Every rule gives the same column, bit for bit, missing rows included. What looks true of numbers and
is not true of missing ones is left alone: `x - x` is not zero where x is missing, `if c then x else
x` is not x where c is unknown, and `x + 0` turns a negative zero into zero.

1. An operation on constants is a constant, worked out as the evaluator would.
2. In an `and`, a true clause goes, a false one decides, a nested `and` is opened and a repeated
   clause counts once; for `or` the other way round.
3. `not not x` is x, `-(-x)` is x, x times one is x, a choice by a constant is the chosen one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan import graph as g

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Same:
    """The node is another one."""

    number: int


Simpler = g.Constant | Same | tuple[g.Operation, tuple[int, ...]]


def simplified(
    nodes: Sequence[g.Node], operation: g.Operation, inputs: tuple[int, ...]
) -> Simpler | None:
    """What the operation on these inputs can be replaced by, or None."""
    constants = [_constant(nodes[number]) for number in inputs]
    match operation:
        case g.Negative():
            return _undone(nodes, operation, inputs) or _folded(operation, constants)
        case g.Not():
            return _undone(nodes, operation, inputs) or _folded(operation, constants)
        case g.Arithmetic(operator="*") if 1.0 in constants:
            return Same(inputs[1] if constants[0] == 1.0 else inputs[0])
        case g.Arithmetic() | g.Rounded():
            return _folded(operation, constants)
        case g.Compare():
            kinds = {g.storage_of(nodes[number].type) for number in inputs}
            return _folded(operation, constants) if kinds == {g.Storage.NUMBER} else None
        case g.Logical():
            return _clauses(nodes, operation, inputs)
        case g.Conditional() if constants[0] in (TRUE, FALSE):
            return Same(inputs[1] if constants[0] == TRUE else inputs[2])
        case g.Select() if constants[0] is not None and constants[0] >= 0:
            return Same(inputs[1 + int(constants[0])])
        case _:
            return None


def _constant(node: g.Node) -> float | int | None:
    return node.operation.value if isinstance(node.operation, g.Constant) else None


def _undone(
    nodes: Sequence[g.Node], operation: g.Operation, inputs: tuple[int, ...]
) -> Same | None:
    inner = nodes[inputs[0]]
    return Same(inner.inputs[0]) if inner.operation == operation else None


def _folded(operation: g.Operation, constants: Sequence[float | int | None]) -> g.Constant | None:
    known = [value for value in constants if value is not None]
    if len(known) < len(constants):
        return None
    match operation:
        case g.Negative() | g.Not():
            return g.Constant(-known[0])
        case g.Rounded():
            return g.Constant(rounded(float(known[0])))
        case g.Arithmetic():
            return g.Constant(_arithmetic(operation.operator, float(known[0]), float(known[1])))
        case g.Compare():
            if any(math.isnan(value) for value in known):
                return g.Constant(UNKNOWN)
            return g.Constant(TRUE if _COMPARE[operation.operator](*known) else FALSE)
        case _:
            return None


def _arithmetic(name: str, left: float, right: float) -> float:
    if name == "/" and right == 0.0:
        return math.nan
    found = _ARITHMETIC[name](left, right)
    return found if math.isfinite(found) else math.nan


def rounded(value: float) -> float:
    """To 12 decimals, ties to even; what is too large to have so many is itself."""
    scaled = value * 1e12
    return round(scaled) / 1e12 if math.isfinite(scaled) else math.nan


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
