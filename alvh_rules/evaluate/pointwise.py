"""What the operations of one row do to a block: a function for each, made once for a program.

A function fills no cell itself: it takes the block's cells, in which it finds its inputs and room for
its result, and gives the result and whether it is whole. Whole inputs take a path without masks. What
a function needs of its node is worked out when it is made, since a short block takes less time than
looking things up does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.cells import DTYPES, Cells, all_finite
from alvh_rules.evaluate.columns import codes_type, looking_up
from alvh_rules.evaluate.inputs import Array, is_missing, missing_of
from alvh_rules.evaluate.interpolation import Polyline
from alvh_rules.plan import graph as g

Computed = tuple[Any, bool]
"""A cell, and whether it is whole."""
Function = Callable[[Cells], Computed]
"""What an operation does to a block's cells."""

_COMPARE: Mapping[str, np.ufunc] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ARITHMETIC: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_FLOAT, _TRUTH, _CODE = (DTYPES[storage] for storage in list(g.Storage)[:3])
# Arrays of no dimension: NumPy takes them in half the time that a number takes.
_ONE, _MINUS_TWO = np.array(1, dtype=np.int8), np.array(-2, dtype=np.int8)
_DECIMALS = np.array(1e12)
"""Decided weights and ratios are rounded to this many parts."""
_SMALL_CODES = 127


def pointwise(number: int, nodes: Sequence[g.Node]) -> tuple[Function, np.dtype[Any]]:
    """The function of an operation on one row, and the type of the room that it takes."""
    node = nodes[number]
    inputs = node.inputs
    kinds = [nodes[part].type.kind for part in inputs]
    own = DTYPES[g.storage_of(node.type)]
    match node.operation:
        case g.Negative() | g.Not():
            return _negative(number, inputs[0], own), own
        case g.Arithmetic(operator):
            return _arithmetic(number, inputs, _ARITHMETIC[operator]), own
        case g.Rounded():
            return _rounded(number, inputs[0]), own
        case g.Compare(operator):
            return _compare(number, inputs, _COMPARE[operator]), own
        case g.IsMissing():
            return _is_missing(number, inputs[0]), own
        case g.Logical(operator):
            join = np.minimum if operator == "and" else np.maximum
            return _logical(number, inputs, join), own
        case g.Conditional():
            return _conditional(number, inputs, node.type.kind), own
        case g.Band():
            return _band(number, inputs[0], node.operation, kinds[0])
        case g.Cross(columns):
            return _cross(number, inputs, columns), own
        case g.FirstTrue():
            return _first(number, inputs), own
        case g.Select(options):
            constants = _constants(node, nodes)
            if constants is not None:
                return _looked_up(number, inputs[0], constants, options, node.type.kind), own
            return _select(number, inputs, options, node.type.kind), own
        case g.Interpolate():
            return _interpolate(inputs, node.operation), own
        case g.Combination(counts):
            return _combination(number, inputs, counts)
        case g.Lookup(values):
            return _lookup(number, inputs[0], values, node.type.kind), own
        case _:
            raise AssertionError(f"{node.operation} is no step")


def _negative(number: int, part: int, dtype: np.dtype[Any]) -> Function:
    negative = np.negative

    def run(cells: Cells) -> Computed:
        return negative(cells.values[part], cells.room(number, dtype)), cells.whole[part]

    return run


def _arithmetic(number: int, inputs: Sequence[int], operation: np.ufunc) -> Function:
    left, right = inputs

    def run(cells: Cells) -> Computed:
        values, whole = cells.values, cells.whole
        out = operation(values[left], values[right], cells.room(number, _FLOAT))
        if whole[left] and whole[right]:
            return out, all_finite(out) or cells.settle(number, out, False)
        return out, cells.settle(number, out, False)

    return run


def _rounded(number: int, part: int) -> Function:
    def run(cells: Cells) -> Computed:
        out = np.multiply(cells.values[part], _DECIMALS, cells.room(number, _FLOAT))
        np.rint(out, out)
        np.divide(out, _DECIMALS, out)
        return out, cells.settle(number, out, cells.whole[part])

    return run


def _compare(number: int, inputs: Sequence[int], operation: np.ufunc) -> Function:
    left, right = inputs

    def run(cells: Cells) -> Computed:
        values, whole = cells.values, cells.whole
        out = cells.room(number, _TRUTH)
        # A truth as a byte is 0 or 1; twice that less one is Kleene's.
        operation(values[left], values[right], out.view(np.bool_))
        np.add(out, out, out)
        np.subtract(out, _ONE, out)
        if whole[left]:
            if whole[right]:
                return out, True
        else:
            # Unknown is zero: what is known is kept by multiplying with one.
            np.multiply(out, cells.known(left), out)
        if not whole[right]:
            np.multiply(out, cells.known(right), out)
        return out, False

    return run


def _is_missing(number: int, part: int) -> Function:
    def run(cells: Cells) -> Computed:
        out = cells.room(number, _TRUTH)
        if cells.whole[part]:
            out.fill(FALSE)
        else:
            # One where it is known: twice that from one is false, and zero true.
            np.multiply(cells.known(part), _MINUS_TWO, out)
            np.add(out, _ONE, out)
        return out, True

    return run


def _logical(number: int, inputs: Sequence[int], join: np.ufunc) -> Function:
    first, second, *others = inputs

    def run(cells: Cells) -> Computed:
        values, wholes = cells.values, cells.whole
        out = join(values[first], values[second], out=cells.room(number, _TRUTH))
        whole = wholes[first] and wholes[second]
        for part in others:
            join(out, values[part], out=out)
            whole = whole and wholes[part]
        return out, whole

    return run


def _conditional(number: int, inputs: Sequence[int], kind: Kind) -> Function:
    condition, then, otherwise = inputs
    missing = missing_of(kind, 1)

    def run(cells: Cells) -> Computed:
        values, whole = cells.values, cells.whole
        truth = values[condition]
        out = cells.room(number, missing.dtype)
        np.copyto(out, values[otherwise])
        np.copyto(out, values[then], where=truth == TRUE)
        if not whole[condition]:
            np.copyto(out, missing, where=truth == UNKNOWN)
        return out, whole[condition] and whole[then] and whole[otherwise]

    return run


def _band(number: int, part: int, band: g.Band, kind: Kind) -> tuple[Function, np.dtype[Any]]:
    most = max(*band.rows, band.missing, len(band.rows))
    small = np.dtype(np.int8 if most < _SMALL_CODES else np.int32)
    codes = np.array(band.rows, dtype=small)
    in_order = bool(np.array_equal(codes, np.arange(len(codes))))
    sure = min(band.rows) >= 0
    missing = np.array(band.missing, dtype=small)
    # Missing is below every edge: added to its code, zero, what it lacks of its own is enough.
    added = in_order and kind not in (Kind.FLAG, Kind.LABEL)
    edges = [
        (np.greater_equal if above else np.greater, np.array(edge))
        for edge, above in zip(band.edges, band.joins_above, strict=True)
    ]

    def passed(value: Array, out: Array, scratch: Array) -> None:
        """How many edges each row has passed."""
        if not edges:
            out.fill(0)
            return
        (above, edge), *others = edges
        if small.itemsize == 1:
            above(value, edge, out.view(np.bool_))
        else:
            np.copyto(out, above(value, edge, scratch))
        for above, edge in others:
            np.add(out, above(value, edge, scratch), out)

    def run(cells: Cells) -> Computed:
        value = cells.values[part]
        out = cells.room(number, small)
        if kind is Kind.FLAG:
            codes.take((value == TRUE).view(np.int8), out=out, mode="clip")
        elif kind is Kind.LABEL:
            codes.take(np.maximum(value, 0), out=out, mode="clip")
        else:
            passed(value, out, cells.scratch(len(out)))
            if not in_order:
                codes.take(out.copy(), out=out, mode="clip")
        if cells.whole[part]:
            return out, sure
        known = cells.known(part)
        if added:
            lacking = np.multiply(known, -missing, dtype=small)
            np.add(lacking, missing, lacking)
            np.add(out, lacking, out)
        else:
            np.copyto(out, missing, where=np.logical_not(known))
        return out, False

    return run, small


def _cross(number: int, inputs: Sequence[int], columns: int) -> Function:
    down, across = inputs
    factor = np.array(columns, dtype=_CODE)

    def run(cells: Cells) -> Computed:
        row, column = cells.values[down], cells.values[across]
        out = np.multiply(row, factor, cells.room(number, _CODE))
        np.add(out, column, out)
        whole = cells.whole[down] and cells.whole[across]
        if not whole:
            np.copyto(out, -1, where=(row < 0) | (column < 0))
        return out, whole

    return run


def _first(number: int, inputs: Sequence[int]) -> Function:
    def run(cells: Cells) -> Computed:
        out = cells.room(number, _CODE)
        out.fill(len(inputs))
        whole = True
        for code in range(len(inputs) - 1, -1, -1):
            condition = cells.values[inputs[code]]
            np.copyto(out, code, where=condition == TRUE)
            if not cells.whole[inputs[code]]:
                np.copyto(out, -1, where=condition == UNKNOWN)
                whole = False
        return out, whole

    return run


def _constants(node: g.Node, nodes: Sequence[g.Node]) -> list[float | int] | None:
    """The values of a choice among constants alone, or None."""
    found = []
    for part in node.inputs[1:]:
        operation = nodes[part].operation
        if not isinstance(operation, g.Constant):
            return None
        found.append(operation.value)
    return found


def _looked_up(
    number: int, part: int, constants: list[float | int], options: int, kind: Kind
) -> Function:
    """A choice among constants is one table: code -1 takes its last entry."""
    missing = missing_of(kind, 1)
    table = np.array(constants[:options] + (constants[options:] or missing.tolist()))
    table = table.astype(missing.dtype)
    known = ~is_missing(table, kind)
    sure, always = bool(known[:options].all()), bool(known.all())
    itself = kind is Kind.LABEL and table.tolist() == [*range(options), -1]

    def run(cells: Cells) -> Computed:
        code, out = cells.values[part], cells.room(number, table.dtype)
        if itself:
            np.copyto(out, code)
        else:
            table.take(code, out=out, mode="wrap")
        return out, always or (sure and cells.whole[part])

    return run


def _select(number: int, inputs: Sequence[int], options: int, kind: Kind) -> Function:
    missing = missing_of(kind, 1)

    def run(cells: Cells) -> Computed:
        values = cells.values
        code, out = values[inputs[0]], cells.room(number, missing.dtype)
        np.copyto(out, missing)
        for place, option in enumerate(inputs[1 : 1 + options]):
            np.copyto(out, values[option], where=code == place)
        for otherwise in inputs[1 + options :]:
            np.copyto(out, values[otherwise], where=code < 0)
        return out, all(cells.whole[item] for item in inputs)

    return run


def _combination(
    number: int, inputs: Sequence[int], counts: tuple[int, ...]
) -> tuple[Function, np.dtype[Any]]:
    # Digits begin at -1: the number of the first combination, all of them -1, is zero. So each digit
    # is one too small, which is one number for all of them together.
    dtype = codes_type(math.prod(counts))
    first, *others = inputs
    added = 1
    for count in counts[1:]:
        added = added * count + 1
    begin = np.array(added).astype(dtype)
    digits = [
        (part, np.array(count, dtype=dtype)) for part, count in zip(others, counts[1:], strict=True)
    ]

    def run(cells: Cells) -> Computed:
        values = cells.values
        out = cells.room(number, dtype)
        if not digits:
            np.add(values[first], begin, out, casting="same_kind")
            return out, cells.whole[first]
        (part, radix), *rest = digits
        np.multiply(values[first], radix, out, casting="same_kind")
        np.add(out, values[part], out, casting="same_kind")
        for part, radix in rest:
            np.multiply(out, radix, out)
            np.add(out, values[part], out, casting="same_kind")
        np.add(out, begin, out)
        return out, all(cells.whole[item] for item in inputs)

    return run, dtype


def _lookup(number: int, part: int, values: tuple[float | int, ...], kind: Kind) -> Function:
    table = np.array(values, dtype=missing_of(kind, 0).dtype)
    sure = not bool(is_missing(table, kind).any())
    look_up = looking_up(table)

    def run(cells: Cells) -> Computed:
        out = cells.room(number, table.dtype)
        look_up(cells.values[part], out)
        return out, sure

    return run


def _interpolate(inputs: Sequence[int], operation: g.Interpolate) -> Function:
    line = Polyline.of(operation)

    def run(cells: Cells) -> Computed:
        value = cells.values[inputs[0]]
        out = line.on(value)
        if cells.whole[inputs[0]]:
            return out, True
        lost = np.isnan(value)
        if len(inputs) == 1:
            out[lost] = np.nan
            return out, False
        np.copyto(out, cells.values[inputs[1]], where=lost)
        return out, cells.whole[inputs[1]]

    return run
