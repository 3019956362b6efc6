"""Tables: every point of the line in exactly one band.

A band is an interval between two *cuts*. A cut is a number and a side: (5%, 0) lies just below 5%,
so that a band which begins there takes 5% in; (5%, 1) lies just above. Cuts are totally ordered,
which turns open and closed ends into one comparison. Sorted by their first cut, the bands must
follow on one another from the least value of the input's kind to its greatest; what lies between
two of them is a gap or an overlap, named by its exact points.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.infer_kinds import Elaborator
from alvh_rules.core.diagnostics import Label
from alvh_rules.core.kinds import RANGES, Kind, Type
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast


class Cut(NamedTuple):
    """Just below (`side` 0) or just above (1) a value."""

    value: float
    side: int


class Stretch(NamedTuple):
    """A band between two cuts, and the row it came from."""

    begin: Cut
    end: Cut
    row: int
    span: Span


def shown(value: float, kind: Kind) -> str:
    """A held value as a trader writes it."""
    if kind is Kind.RATIO:
        return f"{Decimal(repr(value)) * 100:f}".rstrip("0").rstrip(".") + "%"
    text = repr(value)
    return text.removesuffix(".0")


def axis(
    work: Elaborator, name: str, value: c.Expression, bands: tuple[ast.Band, ...], at: Span
) -> c.Axis | None:
    """The axis that these bands make for an input; None where they are at fault."""
    scope = work.scope
    missing = [index for index, band in enumerate(bands) if band.form == "missing"]
    for index in missing[1:]:
        scope.report(
            errors.repeated_part(
                f"table `{name}`", "missing", bands[index].span, bands[missing[0]].span
            )
        )
    if len(missing) > 1:
        return None
    rest = [(index, band) for index, band in enumerate(bands) if band.form != "missing"]
    last = missing[0] if missing else None
    if value.type.kind in (Kind.LABEL, Kind.FLAG):
        rows = _label_rows(work, name, value.type, rest, at)
        return None if rows is None else c.Axis(value, (), (), rows, last)
    stretches = []
    for index, band in rest:
        stretch = _stretch(work, name, band, index, value.type)
        if stretch is None:
            return None
        stretches.append(stretch)
    ordered = _cover(work, name, stretches, value.type, at)
    if ordered is None:
        return None
    edges, joins, positions = [], [], []
    if ordered[0].begin.value > -math.inf:
        positions.append(-1)
        edges.append(ordered[0].begin.value)
        joins.append(ordered[0].begin.side == 0)
    for number, stretch in enumerate(ordered):
        positions.append(stretch.row)
        if stretch.end.value < math.inf:
            edges.append(stretch.end.value)
            joins.append(stretch.end.side == 0)
            if number == len(ordered) - 1:
                positions.append(-1)
    _advise_on_quotient(work, name, value, bands[0].span)
    return c.Axis(value, tuple(edges), tuple(joins), tuple(positions), last)


def _label_rows(
    work: Elaborator, name: str, type: Type, bands: list[tuple[int, ast.Band]], at: Span
) -> tuple[int, ...] | None:
    scope = work.scope
    words = ("false", "true") if type.kind is Kind.FLAG else scope.label_sets.get(type.labels, ())
    rows: dict[str, int] = {}
    spans: dict[str, Span] = {}
    sound = True
    for index, band in bands:
        word = ""
        if band.form == "word" and isinstance(band.low, ast.Word):
            word = band.low.name
        elif band.form == "word" and isinstance(band.low, ast.Truth):
            word = "true" if band.low.value else "false"
        if word not in words:
            scope.report(
                errors.table_form(
                    name,
                    band.span,
                    f"`{scope.shown(band.span)}` is not {type.describe()}",
                    "the rows are " + ", ".join(f"`{item}`" for item in words),
                )
            )
            sound = False
        elif word in rows:
            scope.report(errors.table_overlap(name, f"`{word}`", band.span, spans[word]))
            sound = False
        else:
            rows[word], spans[word] = index, band.span
    absent = [word for word in words if word not in rows]
    if sound and absent:
        scope.report(errors.table_missing_label(name, absent, at))
        sound = False
    return tuple(rows[word] for word in words) if sound else None


def _edge(work: Elaborator, node: ast.Expression, type: Type) -> float | None:
    found = work.adapt(node, type, level=True) if work.is_bare(node) else work.infer(node)
    if found is None:
        return None
    if found.type.kind is not type.kind:
        work.scope.report(
            errors.mismatch(
                "an edge for",
                found.type.describe(),
                type.describe(),
                node.span,
                node.span,
                node.span,
            )
        )
        return None
    if isinstance(found, c.Negative) and isinstance(found.operand, c.Constant):
        return -float(found.operand.value)
    assert isinstance(found, c.Constant)
    return float(found.value)


def _stretch(work: Elaborator, name: str, band: ast.Band, row: int, type: Type) -> Stretch | None:
    scope = work.scope
    if band.form in ("word", "at"):
        what = "a label" if band.form == "word" else "a point (`at`)"
        help = (
            "write `, interpolated` after the input"
            if band.form == "at"
            else "the bands cover the whole line, the last by `… or more`; `missing` is for unknown values"
        )
        scope.report(
            errors.table_form(
                name, band.span, f"{what} stands where a band of numbers is wanted", help
            )
        )
        return None
    low = None if band.low is None else _edge(work, band.low, type)
    high = None if band.high is None else _edge(work, band.high, type)
    if (band.low is not None and low is None) or (band.high is not None and high is None):
        return None
    begin = Cut(-math.inf, 0) if low is None else Cut(low, int(band.form.startswith("over")))
    end = Cut(math.inf, 1) if high is None else Cut(high, int("up_to" in band.form))
    if begin >= end:
        low_text = shown(low or 0.0, type.kind)
        scope.report(
            errors.table_dead_row(name, band.span, f"it begins at {low_text} and ends no higher")
        )
        return None
    return Stretch(begin, end, row, band.span)


def _cover(
    work: Elaborator, name: str, stretches: list[Stretch], type: Type, at: Span
) -> list[Stretch] | None:
    """The stretches in order, if they cover the kind's line once."""
    scope = work.scope
    low, high = (None, None) if type.difference else RANGES.get(type.kind, (None, None))
    position = Cut(-math.inf, 0) if low is None else Cut(low, 0)
    domain_end = Cut(math.inf, 1) if high is None else Cut(high, 1)
    if not stretches:
        scope.report(errors.table_form(name, at, "no row says what a number gives"))
        return None
    sound = True
    before: Stretch | None = None
    ordered = sorted(stretches)
    for stretch in ordered:
        if stretch.end <= position and before is None:
            why = f"{type.describe()} is never so low"
            scope.report(errors.table_dead_row(name, stretch.span, why))
            sound = False
            continue
        if stretch.begin >= domain_end:
            scope.report(
                errors.table_dead_row(name, stretch.span, f"{type.describe()} is never so high")
            )
            sound = False
            continue
        if stretch.begin > position:
            labels = [Label(before.span, "the band below the gap")] if before else []
            where = _between(position, stretch.begin, type.kind)
            scope.report(errors.table_gap(name, where, stretch.span, labels, _gap_help(before)))
            sound = False
        elif before is not None and stretch.begin < position:
            if stretch.end <= position:
                scope.report(
                    errors.table_dead_row(
                        name,
                        stretch.span,
                        "another band takes in all of it",
                        [Label(before.span, "this one")],
                    )
                )
            else:
                where = _between(stretch.begin, position, type.kind)
                scope.report(errors.table_overlap(name, where, stretch.span, before.span))
            sound = False
        if stretch.end > position or before is None:
            position = max(position, stretch.end)
            before = stretch
    if position < domain_end:
        where = _between(position, domain_end if high is not None else Cut(math.inf, 1), type.kind)
        assert before is not None
        scope.report(errors.table_gap(name, where, before.span, [], _gap_help(None)))
        sound = False
    return ordered if sound else None


def _gap_help(before: Stretch | None) -> str:
    if before is None:
        return "the bands must cover the whole line: begin with `below …`, end with `… or more`"
    return "`a to b` takes in a and leaves out b; `up to b` takes in b, `over a` leaves out a"


def _between(begin: Cut, end: Cut, kind: Kind) -> str:
    """The points between two cuts, in words."""
    low, high = shown(begin.value, kind), shown(end.value, kind)
    if begin.value == end.value:
        return f"exactly {low}"
    if math.isinf(begin.value):
        return f"values {'up to' if end.side else 'below'} {high}"
    if math.isinf(end.value):
        return f"values {'over' if begin.side else 'from'} {low}{'' if begin.side else ' up'}"
    first = f"over {low}" if begin.side else f"from {low}"
    last = f"up to {high}" if end.side else f"to below {high}"
    return f"values {first} {last}"


def _advise_on_quotient(work: Elaborator, name: str, value: c.Expression, span: Span) -> None:
    """`vix3m / vix - 1` against an edge: the division and the subtraction both round."""
    scope = work.scope
    seen = value
    while isinstance(seen, c.Reference) and seen.name in scope.values:
        seen = scope.values[seen.name]
    if not (
        isinstance(seen, c.Arithmetic)
        and seen.operator in ("+", "-")
        and isinstance(seen.right, c.Constant)
        and isinstance(seen.left, c.Arithmetic)
        and seen.left.operator == "/"
    ):
        return
    quotient = scope.shown(seen.left.span)
    moved = shown(float(seen.right.value), seen.right.type.kind)
    verb = "raised" if seen.operator == "-" else "lowered"
    scope.report(
        errors.edge_on_ratio(
            name, span, f"for exact edges write `by {quotient}` with every edge {verb} by {moved}"
        )
    )


def table(work: Elaborator, node: ast.Table) -> c.Table | c.Interpolate | None:
    """A table's checked form."""
    scope, name = work.scope, node.name.name
    if len(node.inputs) > 2 or (len(node.inputs) == 2) != bool(node.columns):
        problem = "a grid has two inputs and a header line of columns"
        scope.report(
            errors.table_form(name, node.name.span, problem, "`table t by a, b`, then `| …`")
        )
        return None
    inputs = []
    for written in node.inputs:
        value = work.infer(written)
        if value is None:
            return None
        inputs.append(value)
    if node.interpolated:
        return _interpolate(work, node, inputs[0])
    if node.columns:
        return _grid(work, node, inputs[0], inputs[1])
    found = axis(work, name, inputs[0], tuple(row.band for row in node.rows), node.name.span)
    values = _values(work, name, [row.values[0] for row in node.rows])
    if found is None or values is None:
        return None
    spans = tuple(row.span for row in node.rows)
    return c.Table(name, (found,), values, None, values[0].type, node.span, spans)


def _grid(
    work: Elaborator, node: ast.Table, down: c.Expression, across: c.Expression
) -> c.Table | None:
    scope, name = work.scope, node.name.name
    rows = [row for row in node.rows if row.band.form != "missing" or len(row.values) > 1]
    whole = [row for row in node.rows if row not in rows]
    if len(node.columns) == 1:
        rows, whole = list(node.rows), []
    width = len(node.columns)
    for row in rows:
        if len(row.values) != width:
            scope.report(
                errors.table_form(
                    name,
                    row.span,
                    f"this row has {len(row.values)} values where the header has {width} columns",
                )
            )
            return None
    first = axis(work, name, down, tuple(row.band for row in rows), node.name.span)
    second = axis(work, name, across, node.columns, node.name.span)
    cells = [value for row in rows for value in row.values]
    cells += [row.values[0] for row in whole]
    values = _values(work, name, cells)
    if first is None or second is None or values is None:
        return None
    missing = values[len(rows) * width] if whole else None
    return c.Table(
        name,
        (first, second),
        values[: len(rows) * width],
        missing,
        values[0].type,
        node.span,
        tuple(row.span for row in (*rows, *whole)),
        tuple(band.span for band in node.columns),
    )


def _values(
    work: Elaborator, name: str, written: list[ast.Expression]
) -> tuple[c.Expression, ...] | None:
    """The values, all of the kind of the first that says one."""
    type: Type | None = None
    for node in written:
        if not work.is_bare(node):
            value = work.infer(node)
            if value is None:
                return None
            type = value.type
            break
    values = []
    for node in written:
        value = work.expecting(node, type or c.RATIO)
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def _interpolate(work: Elaborator, node: ast.Table, value: c.Expression) -> c.Interpolate | None:
    scope, name = work.scope, node.name.name
    points: list[float] = []
    spans: list[Span] = []
    written: list[ast.Expression] = []
    missing: ast.Expression | None = None
    missing_span = node.span
    for row in node.rows:
        if row.band.form == "missing":
            missing, missing_span = row.values[0], row.span
            continue
        if row.band.form != "at" or row.band.low is None:
            scope.report(
                errors.table_form(
                    name,
                    row.band.span,
                    "an interpolated table has points, not bands",
                    "write `at 5% => 45%`",
                )
            )
            return None
        point = _edge(work, row.band.low, value.type)
        if point is None:
            return None
        if points and point <= points[-1]:
            scope.report(
                errors.table_form(name, row.band.span, "the points must rise from row to row")
            )
            return None
        points.append(point)
        spans.append(row.span)
        written.append(row.values[0])
    if len(points) < 2:
        scope.report(errors.table_form(name, node.name.span, "a line needs two points or more"))
        return None
    values = _values(work, name, [*written, *([missing] if missing else [])])
    if values is None:
        return None
    numbers = []
    for item in values[: len(points)]:
        number = work.constant_value(item)
        if number is None:
            scope.report(errors.wants_constant("a point's value", item.span, "write a number"))
            return None
        numbers.append(number)
    last = None
    if missing is not None:
        last = values[-1]
        spans.append(missing_span)
    return c.Interpolate(
        name, value, tuple(points), tuple(numbers), last, values[0].type, node.span, tuple(spans)
    )
