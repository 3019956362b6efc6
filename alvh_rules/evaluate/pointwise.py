"""What the operations of one row do to a block: a function for each, made once for a run.

A function takes the inputs' cells, whether each is whole, how many rows there are, and the step, which
gives room for the result. Whole inputs take a path without masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.cells import DTYPES, settle
from alvh_rules.evaluate.columns import codes_type, looking_up
from alvh_rules.evaluate.inputs import Float, is_missing, missing_of
from alvh_rules.plan import graph as g

if TYPE_CHECKING:
    from alvh_rules.evaluate.steps import Step

Function = Callable[[list[Any], list[bool], int, "Step"], tuple[Any, bool]]
"""From a step's inputs, whether they are whole, the rows and the step itself, to its cell."""

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
_ONE, _MINUS_TWO = np.int8(1), np.int8(-2)
_DECIMALS = 1e12
"""Decided weights and ratios are rounded to this many parts."""
_SMALL_CODES = 127


def pointwise(node: g.Node, nodes: Sequence[g.Node]) -> tuple[Function, bool]:
    """The function of an operation on one row, and whether it wants constants as rows."""
    kinds = [nodes[part].type.kind for part in node.inputs]
    kind = node.type.kind
    match node.operation:
        case g.Negative() | g.Not():
            return _negative, False
        case g.Arithmetic(operator):
            return _arithmetic(_ARITHMETIC[operator]), False
        case g.Rounded():
            return _rounded, False
        case g.Compare(operator):
            return _compare(_COMPARE[operator]), False
        case g.IsMissing():
            return _is_missing(), False
        case g.Logical(operator):
            return _logical(np.minimum if operator == "and" else np.maximum), False
        case g.Conditional():
            return _conditional(kind), False
        case g.Band():
            return _band(node.operation, kinds[0]), True
        case g.Cross(columns):
            return _cross(columns), True
        case g.FirstTrue():
            return _first, True
        case g.Select(options):
            constants = _constants(node, nodes)
            if constants is not None:
                return _looked_up(constants, options, kind), True
            return _select(options, kind), True
        case g.Interpolate():
            return _interpolate(node.operation), True
        case g.Combination(counts):
            return _combination(counts), True
        case g.Lookup(values):
            return _lookup(values, kind), True
        case _:
            raise AssertionError(f"{node.operation} is no step")


def _negative(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    return np.negative(inputs[0], out=own.room(inputs[0].dtype, rows)), whole[0]


def _arithmetic(operation: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = operation(inputs[0], inputs[1], out=own.room(_FLOAT, rows))
        return out, settle(out, whole[0] and whole[1])

    return run


def _rounded(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    out = np.multiply(inputs[0], _DECIMALS, out=own.room(_FLOAT, rows))
    np.rint(out, out=out)
    out /= _DECIMALS
    return out, settle(out, whole[0])


def _compare(operation: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        left, right = inputs
        out = own.room(_TRUTH, rows)
        # A truth as a byte is 0 or 1; twice that less one is Kleene's.
        operation(left, right, out=out.view(np.bool_))
        out += out
        out -= _ONE
        if whole[0] and whole[1]:
            return out, True
        for place in range(2):
            if not whole[place]:
                # Unknown is zero: what is known is kept by multiplying with one.
                out *= own.known(place)
        return out, False

    return run


def _is_missing() -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(_TRUTH, rows)
        if whole[0]:
            out.fill(FALSE)
        else:
            # One where it is known: twice that from one is false, and zero true.
            np.multiply(own.known(0), _MINUS_TWO, out=out)
            out += _ONE
        return out, True

    return run


def _logical(join: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = join(inputs[0], inputs[1], out=own.room(_TRUTH, rows))
        for item in inputs[2:]:
            join(out, item, out=out)
        return out, all(whole)

    return run


def _conditional(kind: Kind) -> Function:
    missing = missing_of(kind, 1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        condition, then, otherwise = inputs
        out = own.room(missing.dtype, rows)
        np.copyto(out, otherwise)
        np.copyto(out, then, where=condition == TRUE)
        if not whole[0]:
            np.copyto(out, missing, where=condition == UNKNOWN)
        return out, all(whole)

    return run


def _band(band: g.Band, kind: Kind) -> Function:
    most = max(*band.rows, band.missing, len(band.rows))
    small = np.dtype(np.int8 if most < _SMALL_CODES else np.int32)
    codes = np.array(band.rows, dtype=small)
    in_order = bool(np.array_equal(codes, np.arange(len(codes))))
    sure = min(band.rows) >= 0
    missing = small.type(band.missing)
    # Missing is below every edge: added to its code, zero, what it lacks of its own is enough.
    added = in_order and kind not in (Kind.FLAG, Kind.LABEL)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        value = inputs[0]
        if kind is Kind.FLAG:
            at = (value == TRUE).view(np.int8)
        elif kind is Kind.LABEL:
            at = np.maximum(value, 0)
        else:
            at = np.zeros(rows, dtype=small)
            above_edge = np.empty(rows, dtype=np.bool_)
            for edge, above in zip(band.edges, band.joins_above, strict=True):
                (np.greater_equal if above else np.greater)(value, edge, out=above_edge)
                at += above_edge.view(np.int8)
        out = own.room(small, rows)
        if in_order:
            out[...] = at
        else:
            codes.take(at, out=out, mode="clip")
        if whole[0]:
            return out, sure
        if added:
            lacking = np.multiply(own.known(0), -missing, dtype=small)
            lacking += missing
            out += lacking
        else:
            np.copyto(out, missing, where=own.known(0) == 0)
        return out, False

    return run


def _cross(columns: int) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        down, across = inputs
        out = np.multiply(down, np.int32(columns), out=own.room(_CODE, rows))
        out += across
        if not all(whole):
            np.copyto(out, -1, where=(down < 0) | (across < 0))
        return out, all(whole)

    return run


def _first(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    out = own.room(_CODE, rows)
    out.fill(len(inputs))
    for code in range(len(inputs) - 1, -1, -1):
        condition = inputs[code]
        np.copyto(out, code, where=condition == TRUE)
        if not whole[code]:
            np.copyto(out, -1, where=condition == UNKNOWN)
    return out, all(whole)


def _constants(node: g.Node, nodes: Sequence[g.Node]) -> list[float | int] | None:
    """The values of a choice among constants alone, or None."""
    found = []
    for part in node.inputs[1:]:
        operation = nodes[part].operation
        if not isinstance(operation, g.Constant):
            return None
        found.append(operation.value)
    return found


def _looked_up(constants: list[float | int], options: int, kind: Kind) -> Function:
    """A choice among constants is one table: code -1 takes its last entry."""
    missing = missing_of(kind, 1)
    table = np.array(constants[:options] + (constants[options:] or missing.tolist()))
    table = table.astype(missing.dtype)
    known = ~is_missing(table, kind)
    sure, always = bool(known[:options].all()), bool(known.all())
    itself = kind is Kind.LABEL and table.tolist() == [*range(options), -1]

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(table.dtype, rows)
        if itself:
            np.copyto(out, inputs[0])
        else:
            table.take(inputs[0], out=out, mode="wrap")
        return out, always or (sure and whole[0])

    return run


def _select(options: int, kind: Kind) -> Function:
    missing = missing_of(kind, 1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        code = inputs[0]
        out = own.room(missing.dtype, rows)
        np.copyto(out, missing)
        for number, option in enumerate(inputs[1 : 1 + options]):
            np.copyto(out, option, where=code == number)
        for otherwise in inputs[1 + options :]:
            np.copyto(out, otherwise, where=code < 0)
        return out, all(whole)

    return run


def _combination(counts: tuple[int, ...]) -> Function:
    # Digits begin at -1: the number of the first combination, all of them -1, is zero.
    dtype = codes_type(math.prod(counts))
    radices = [dtype.type(count) for count in counts[1:]]
    one = dtype.type(1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(dtype, rows)
        np.add(inputs[0], one, out=out, casting="same_kind")
        for digit, radix in zip(inputs[1:], radices, strict=True):
            out *= radix
            out += digit
            out += one
        return out, all(whole)

    return run


def _lookup(values: tuple[float | int, ...], kind: Kind) -> Function:
    table = np.array(values, dtype=missing_of(kind, 0).dtype)
    sure = not bool(is_missing(table, kind).any())
    look_up = looking_up(table)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(table.dtype, rows)
        look_up(inputs[0], out)
        return out, sure

    return run


def _interpolate(operation: g.Interpolate) -> Function:
    points, values = np.array(operation.points), np.array(operation.values)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        value = inputs[0]
        out: Float = np.interp(value, points, values)
        if whole[0]:
            return out, True
        lost = np.isnan(value)
        out[lost] = inputs[1][lost] if len(inputs) > 1 else np.nan
        return out, len(inputs) > 1 and whole[1]

    return run
