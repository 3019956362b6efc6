"""What an operation on one row gives for one value of each input.

This is the plan's own arithmetic: constants are folded by it, tables of finite states are filled by
it, and the steps that work on columns give the same bits. Python's floats are IEEE doubles, and each
operation here is one of them or none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan import graph as g

Scalar = float | int
"""A number (NaN missing), a truth of `core.kleene`, or a code (-1 missing)."""

COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
POINTWISE = (
    g.Negative,
    g.Arithmetic,
    g.Rounded,
    g.Compare,
    g.IsMissing,
    g.Not,
    g.Logical,
    g.Conditional,
    g.Band,
    g.Cross,
    g.FirstTrue,
    g.Select,
)
"""The operations that `applied` knows."""


def missing(storage: g.Storage) -> Scalar:
    """What stands where nothing is known."""
    return {g.Storage.NUMBER: math.nan, g.Storage.FLAG: UNKNOWN, g.Storage.CODE: -1}[storage]


def is_missing(value: Scalar, storage: g.Storage) -> bool:
    """Whether nothing is known."""
    if storage is g.Storage.NUMBER:
        return value != value
    return value == missing(storage)


def applied(
    operation: g.Operation,
    values: Sequence[Scalar],
    storages: Sequence[g.Storage],
    storage: g.Storage,
) -> Scalar:
    """The operation's value; `storages` are of the inputs and `storage` of the result."""
    match operation:
        case g.Negative() | g.Not():
            return -values[0]
        case g.Arithmetic(sign):
            return _arithmetic(sign, values[0], values[1])
        case g.Rounded():
            return rounded(values[0])
        case g.Compare(sign):
            if any(is_missing(v, s) for v, s in zip(values, storages, strict=True)):
                return UNKNOWN
            return TRUE if COMPARE[sign](values[0], values[1]) else FALSE
        case g.IsMissing():
            return TRUE if is_missing(values[0], storages[0]) else FALSE
        case g.Logical(word):
            return min(values) if word == "and" else max(values)
        case g.Conditional():
            condition, then, otherwise = values
            if condition == UNKNOWN:
                return missing(storage)
            return then if condition == TRUE else otherwise
        case g.Band():
            return _band(operation, values[0], storages[0])
        case g.Cross(columns):
            return -1 if min(values) < 0 else values[0] * columns + values[1]
        case g.FirstTrue():
            for number, value in enumerate(values):
                if value != FALSE:
                    return number if value == TRUE else -1
            return len(values)
        case g.Select(options):
            code = int(values[0])
            if code >= 0:
                return values[1 + code]
            return values[1 + options] if len(values) > 1 + options else missing(storage)
        case _:
            raise AssertionError(f"{operation} is not of one row")


def _arithmetic(sign: str, left: float, right: float) -> float:
    if sign == "/" and right == 0.0:
        return math.nan
    found = ARITHMETIC[sign](left, right)
    return found if math.isfinite(found) else math.nan


def rounded(value: float) -> float:
    """To 12 decimals, ties to even; what is too large to have so many is missing."""
    scaled = value * 1e12
    if not math.isfinite(scaled):
        return math.nan
    # Python rounds to a whole number, which has no negative zero.
    return math.copysign(round(scaled) / 1e12, scaled)


def _band(band: g.Band, value: Scalar, storage: g.Storage) -> int:
    if is_missing(value, storage):
        return band.missing
    if storage is g.Storage.NUMBER:
        pairs = zip(band.edges, band.joins_above, strict=True)
        return band.rows[sum((value >= edge) if above else (value > edge) for edge, above in pairs)]
    return band.rows[int(value == TRUE) if storage is g.Storage.FLAG else int(value)]
