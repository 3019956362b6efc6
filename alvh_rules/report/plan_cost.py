"""What a run of a plan is estimated to cost: the bytes that each node moves, and its time.

A pass over memory that is near costs about `NANOSECONDS_A_BYTE`, and in a native strand, whose columns
are nearer, `NATIVE_NANOSECONDS_A_BYTE`. A node's time is its bytes times the passes that its operation
makes: one for a comparison, one for each edge of a table's bands, one for each doubling of a window's
tree. What goes a row at a time takes what the processor takes for one. It is an estimate to compare
nodes and rulesets by, before a run; `--profile` measures.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.builtins.record import Role, Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.evaluate.engines import recurs
from alvh_rules.plan import graph as g

NANOSECONDS_A_BYTE = 0.06
NATIVE_NANOSECONDS_A_BYTE = 0.02
_NATIVE_RECURRENCE, _NATIVE_LATCH = 2.5, 1.2
"""Nanoseconds of what goes a row at a time in a native strand: averages, and counts and latches."""
_BYTES = {g.Storage.NUMBER: 8, g.Storage.FLAG: 1, g.Storage.CODE: 4, g.Storage.CURVE: 0}
_RECURRENCE = 5
"""Passes' worth of a recursive average, which goes a row at a time."""
_FUNCTION = 8
"""Passes' worth of what is worked out by logarithms, exponentials and the like."""


def bytes_of(nodes: Sequence[g.Node], number: int) -> int:
    """Bytes that a node reads and writes for a row."""
    parts = [nodes[part] for part in nodes[number].inputs]
    read = [part for part in parts if not isinstance(part.operation, g.Constant)]
    return sum(_BYTES[g.storage_of(node.type)] for node in [*read, nodes[number]])


def nanoseconds_of(nodes: Sequence[g.Node], number: int, native: bool = False) -> float:
    """A node's estimated time for a row, as a step or in a native strand."""
    operation = nodes[number].operation
    if nodes[number].clock or isinstance(operation, g.Constant):
        # A clock of sessions and longer has few rows.
        return 0.0
    if not native:
        return bytes_of(nodes, number) * NANOSECONDS_A_BYTE * _passes(operation)
    if isinstance(operation, g.Latch | g.Lasting):
        return _NATIVE_LATCH
    if recurs(operation):
        return _NATIVE_RECURRENCE
    return bytes_of(nodes, number) * NATIVE_NANOSECONDS_A_BYTE * _passes(operation)


def _passes(operation: g.Operation) -> int:
    match operation:
        case g.Band(edges):
            return max(len(edges), 1)
        case g.Rounded():
            return 3
        case g.Lasting(count):
            return _doublings(count)
        case g.Latch():
            return _RECURRENCE
        case g.Interpolate():
            return _FUNCTION
        case g.Call(function, fixed):
            builtin = BUILTINS[function]
            if builtin.shape is Shape.RECURSIVE:
                return _RECURRENCE
            windows = [
                int(value)
                for value, parameter in zip(fixed, builtin.parameters, strict=False)
                if parameter.role is Role.WINDOW and value is not None
            ]
            return _doublings(max(windows)) if windows else _FUNCTION
        case _:
            return 1


def _doublings(rows: int) -> int:
    """How often a window's tree doubles, and joins what it has: one for a single row."""
    return max(rows.bit_length() + rows.bit_count() - 1, 1)
