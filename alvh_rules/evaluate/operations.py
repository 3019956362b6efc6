"""Each operation of a plan over whole columns.

Numbers are float64 with NaN for missing, and a result that is not finite is missing. Conditions are
int8 in Kleene's logic, where `and` is the least, `or` the greatest and `not` the negative. Codes are
int32 with -1 for missing. A constant is a column of stride zero: it takes no room and needs no rule
of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.builtins.kernels.series import held, latch
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Array, Float, Kleene, Market, is_missing, missing_of
from alvh_rules.plan import graph as g

Curve = tuple[tuple[Array, ...], tuple[Array, ...]]
"""A futures curve: settlements by month, and days to each month's expiry."""

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_DTYPES = {g.Storage.NUMBER: np.float64, g.Storage.FLAG: np.int8, g.Storage.CODE: np.int32}
_DECIMALS = 1e12
"""Decided weights and ratios are rounded to this many parts."""


def rows_of(market: Market, clock: str) -> int:
    """How many rows a clock has."""
    timeline = market.timeline
    return len(timeline.periods[clock].sample) if clock else len(timeline)


def constant(value: float | int, type: Type, rows: int) -> Array:
    """The value on every row."""
    return np.broadcast_to(np.array(value, dtype=_DTYPES[g.storage_of(type)]), rows)


def read(
    node: g.Node, market: Market, given: Mapping[str, Array], rows: int
) -> Array | Curve | None:
    """The column of an operation that reads no other, or None where it is not one."""
    match node.operation:
        case g.Constant(value):
            return constant(value, node.type, rows)
        case g.Column(name) if node.type.kind is Kind.CURVE:
            return market.curve(name)
        case g.Column(name):
            return np.asarray(market.columns[name])
        case g.Given(name):
            return given[name]
        case g.Book(_, empty):
            return constant(empty, node.type, rows)
        case g.Position():
            return missing_of(node.type.kind, rows)
        case g.Event():
            return _event(node.operation, market)
        case _:
            return None


def compute(node: g.Node, inputs: Sequence[Any], kinds: Sequence[Kind], market: Market) -> Any:
    """The column of an operation on its inputs, which are not changed. `kinds` are theirs."""
    match node.operation:
        case g.Sample():
            return _sampled(inputs[0], market, node.clock)
        case g.Negative() | g.Not():
            return np.negative(inputs[0])
        case g.Arithmetic(operator):
            return _finite(_ARITHMETIC[operator](*inputs))
        case g.Rounded():
            return _finite(np.rint(inputs[0] * _DECIMALS) / _DECIMALS)
        case g.Compare(operator):
            return _compared(operator, inputs[0], inputs[1], kinds[0])
        case g.IsMissing():
            return np.where(is_missing(inputs[0], kinds[0]), TRUE, FALSE).astype(np.int8)
        case g.Logical(operator):
            join = np.minimum if operator == "and" else np.maximum
            out = join(inputs[0], inputs[1])
            for item in inputs[2:]:
                join(out, item, out=out)
            return out
        case g.Lasting(count):
            return held(inputs[0], count)
        case g.Latch():
            return latch(inputs[0], inputs[1])
        case g.Conditional():
            return _conditional(*inputs, kind=node.type.kind)
        case g.Band():
            return _banded(node.operation, inputs[0], kinds[0])
        case g.Cross(columns):
            cell = inputs[0] * np.int32(columns) + inputs[1]
            return np.where((inputs[0] < 0) | (inputs[1] < 0), np.int32(-1), cell)
        case g.FirstTrue():
            return _first(inputs)
        case g.Select(options):
            return _selected(inputs[0], inputs[1 : 1 + options], inputs[1 + options :], node.type)
        case g.Interpolate():
            return _interpolated(node.operation, inputs)
        case g.Call():
            return _called(node.operation, inputs, market)
        case _:
            raise AssertionError(f"{node.operation} has no column")


def hold(column: Array, market: Market, clock: str, kind: Kind) -> Array:
    """A clock's values on the rows: each from its available row until the next."""
    timeline = market.timeline
    out = missing_of(kind, len(timeline))
    rows = np.arange(len(timeline))
    at = np.searchsorted(timeline.periods[clock].available, rows, "right") - 1
    known = at >= 0
    out[known] = column[at[known]]
    return out


def _sampled(column: Array | Curve, market: Market, clock: str) -> Array | Curve:
    sample = market.timeline.periods[clock].sample
    if isinstance(column, tuple):
        settlements, days = column
        return tuple(item[sample] for item in settlements), tuple(item[sample] for item in days)
    return np.asarray(column[sample])


def _finite(column: Float) -> Float:
    return np.where(np.isfinite(column), column, np.nan)


def _compared(operator: str, left: Array, right: Array, kind: Kind) -> Kleene:
    truth = np.where(_COMPARE[operator](left, right), TRUE, FALSE)
    unknown = is_missing(left, kind) | is_missing(right, kind)
    return np.where(unknown, UNKNOWN, truth).astype(np.int8)


def _conditional(condition: Kleene, then: Array, otherwise: Array, *, kind: Kind) -> Array:
    unknown = missing_of(kind, len(condition))
    out = np.where(condition == TRUE, then, np.where(condition == FALSE, otherwise, unknown))
    return np.asarray(out, dtype=unknown.dtype)


def _banded(band: g.Band, value: Array, kind: Kind) -> Array:
    rows = np.asarray(band.rows, dtype=np.int32)
    if kind is Kind.FLAG:
        at = (value == TRUE).astype(np.int64)
    elif kind is Kind.LABEL:
        at = np.maximum(value, 0).astype(np.int64)
    else:
        at = np.zeros(len(value), dtype=np.int64)
        for edge, above in zip(band.edges, band.joins_above, strict=True):
            at += (value >= edge) if above else (value > edge)
    out: Array = rows[at]
    out[is_missing(value, kind)] = band.missing
    return out


def _first(conditions: Sequence[Kleene]) -> Array:
    out = np.full(len(conditions[0]), len(conditions), dtype=np.int32)
    for code in range(len(conditions) - 1, -1, -1):
        condition = conditions[code]
        out[condition == TRUE] = code
        out[condition == UNKNOWN] = -1
    return out


def _selected(code: Array, options: Sequence[Array], last: Sequence[Array], type: Type) -> Array:
    out = missing_of(type.kind, len(code))
    for number, option in enumerate(options):
        chosen = code == number
        out[chosen] = option[chosen]
    for otherwise in last:
        lost = code < 0
        out[lost] = otherwise[lost]
    return out


def _interpolated(operation: g.Interpolate, inputs: Sequence[Float]) -> Float:
    value = inputs[0]
    out: Float = np.interp(value, operation.points, operation.values)
    lost = np.isnan(value)
    out[lost] = inputs[1][lost] if len(inputs) > 1 else np.nan
    return out


def _called(call: g.Call, inputs: Sequence[Any], market: Market) -> Array:
    builtin = BUILTINS[call.function]
    given = iter(inputs)
    arguments: list[Any] = []
    parameters = builtin.parameters_of(len(call.fixed))
    for parameter, fixed in zip(parameters, call.fixed, strict=True):
        if fixed is None:
            arguments.append(next(given))
        elif parameter.role is Takes.CALENDAR:
            arguments += [market.calendars[str(fixed)], market.timeline]
        else:
            arguments.append(fixed)
    out: Array = builtin.kernel()(*arguments)
    return out


def _event(event: g.Event, market: Market) -> Kleene:
    """Whether a date's session lies so that this one is in its window.

    An unscheduled date is known on its own session only from then on, so of its window only the
    part from that session counts.
    """
    calendar = market.calendars[event.calendar]
    rows = market.timeline.ordinals
    active = np.zeros(len(rows), dtype=bool)
    for scheduled in (True, False):
        events = calendar.ordinals[calendar.scheduled == scheduled]
        begin = event.begin if scheduled else max(event.begin, 0)
        if begin > event.end:
            continue
        # An event at q covers q + begin to q + end: rows s with an event in [s - end, s - begin].
        low = np.searchsorted(events, rows - event.end, "left")
        high = np.searchsorted(events, rows - begin, "right")
        active |= high > low
    covered = (rows >= calendar.first_ordinal) & (rows <= calendar.last_ordinal)
    return np.where(covered, np.where(active, TRUE, FALSE), UNKNOWN).astype(np.int8)
