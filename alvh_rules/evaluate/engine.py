"""The vectorised evaluator: a checked ruleset and a market, to a column for every name.

1. Names are taken in the ruleset's order, in which each stands after all that it refers to.
2. An expression is evaluated bottom up over whole columns; equal expressions share one column.
3. Numbers are float64 with NaN for missing; a result that is not finite is missing. Conditions are
   int8 in Kleene's logic. Labels are int16 codes, -1 missing.
4. Inside `weekly(…)` and its like the columns are sampled on the clock's completed periods, the
   expression is evaluated on those, and its values are held until the next period is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh_rules.builtins.kernels.series import held, latch
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.inputs import Array, Float, Kleene, Market, is_missing, missing_of

DECIMALS = 1e12
"""Decided weights and ratios are rounded to this many parts."""

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


@dataclass
class Evaluation:
    """The columns of one run, by name; `given` overrides names (tests)."""

    ruleset: c.CheckedRuleset
    market: Market
    given: Mapping[str, Array] = field(default_factory=dict)
    columns: dict[str, Array] = field(default_factory=dict)
    _memo: dict[tuple[str, c.Expression], Array] = field(default_factory=dict)

    def run(self) -> Evaluation:
        """Evaluate every name."""
        for name in self.ruleset.values:
            self.named(name, "")
        return self

    def named(self, name: str, clock: str) -> Array:
        """A name's column on a clock."""
        if clock == "" and name in self.columns:
            return self.columns[name]
        if name in self.given:
            column = self.given[name] if clock == "" else self._sample(self.given[name], clock)
        else:
            column = self.value(self.ruleset.values[name], clock)
        if clock == "":
            self.columns[name] = column
        return column

    def rows(self, clock: str) -> int:
        """How many rows a clock has."""
        timeline = self.market.timeline
        return len(timeline) if clock == "" else len(timeline.periods[clock].sample)

    def value(self, node: c.Expression, clock: str = "") -> Array:
        """An expression's column on a clock."""
        key = (clock, node)
        found = self._memo.get(key)
        if found is None:
            with np.errstate(all="ignore"):
                found = self._evaluate(node, clock)
            self._memo[key] = found
        return found

    def _sample(self, column: Array, clock: str) -> Array:
        if clock == "":
            return column
        return np.asarray(column[self.market.timeline.periods[clock].sample])

    def _hold(self, column: Array, clock: str, kind: Kind) -> Array:
        """A clock's values on the rows: each from its available row until the next."""
        timeline = self.market.timeline
        out = missing_of(kind, len(timeline))
        at = (
            np.searchsorted(timeline.periods[clock].available, np.arange(len(timeline)), "right")
            - 1
        )
        known = at >= 0
        out[known] = column[at[known]]
        return out

    def _evaluate(self, node: c.Expression, clock: str) -> Array:
        n = self.rows(clock)
        match node:
            case c.Constant():
                return self._constant(node, n)
            case c.Column():
                # By its own name a curve is shown as its nearest month.
                key = f"{node.name}[1]" if node.type.kind is Kind.CURVE else node.name
                return self._sample(np.asarray(self.market.columns[key]), clock)
            case c.Book():
                if node.name in self.given:
                    return self._sample(self.given[node.name], clock)
                if node.type.kind is Kind.FLAG:
                    return np.full(n, node.empty, dtype=np.int8)
                return np.full(n, float(node.empty))
            case c.Position():
                return missing_of(node.type.kind, n)
            case c.Reference():
                return self.named(node.name, clock)
            case c.Negative():
                return np.asarray(np.negative(self.value(node.operand, clock)))
            case c.Arithmetic():
                operation = _ARITHMETIC[node.operator]
                out = operation(self.value(node.left, clock), self.value(node.right, clock))
                return np.asarray(np.where(np.isfinite(out), out, np.nan))
            case c.Compare():
                return self._compare(node, clock)
            case c.IsMissing():
                missing = is_missing(self.value(node.operand, clock), node.operand.type.kind)
                return np.where(missing, TRUE, FALSE).astype(np.int8)
            case c.Not():
                return np.asarray(np.negative(self.value(node.operand, clock)))
            case c.Logical():
                join = np.minimum if node.operator == "and" else np.maximum
                out = self.value(node.items[0], clock)
                for item in node.items[1:]:
                    out = join(out, self.value(item, clock))
                return np.asarray(out)
            case c.Conditional():
                return self._conditional(node, clock)
            case c.Invoke():
                return self._invoke(node, clock)
            case c.Lasting():
                if node.clock and not clock:
                    inner = held(self.value(node.condition, node.clock), node.count)
                    return self._hold(inner, node.clock, Kind.FLAG)
                return held(self.value(node.condition, clock), node.count)
            case c.Latch():
                return latch(self.value(node.begin, clock), self.value(node.end, clock))
            case c.Table():
                return self._table(node, clock)
            case c.Interpolate():
                return self._interpolate(node, clock)
            case c.EventWindow():
                return self._sample(self._window(node), clock)
            case c.FirstTrue():
                return self._first(node, clock)
            case c.Choose():
                index = self.value(node.index, clock)
                options = [self.value(option, clock) for option in node.options]
                return self._pick(index, options, node.type.kind, n)
            case c.Rounded():
                value = self.value(node.operand, clock)
                return np.asarray(np.rint(value * DECIMALS) / DECIMALS)

    def _constant(self, node: c.Constant, n: int) -> Array:
        if isinstance(node.value, str):
            raise TypeError("a text has no column")
        if node.value != node.value:
            return missing_of(node.type.kind, n)
        if node.type.kind is Kind.FLAG:
            return np.full(n, node.value, dtype=np.int8)
        if node.type.kind is Kind.LABEL:
            return np.full(n, node.value, dtype=np.int16)
        return np.full(n, float(node.value))

    def _compare(self, node: c.Compare, clock: str) -> Kleene:
        left, right = self.value(node.left, clock), self.value(node.right, clock)
        unknown = is_missing(left, node.left.type.kind) | is_missing(right, node.right.type.kind)
        truth = np.where(_COMPARE[node.operator](left, right), TRUE, FALSE)
        return np.where(unknown, UNKNOWN, truth).astype(np.int8)

    def _conditional(self, node: c.Conditional, clock: str) -> Array:
        condition = self.value(node.condition, clock)
        then, other = self.value(node.then, clock), self.value(node.otherwise, clock)
        unknown = missing_of(node.type.kind, len(condition))
        out = np.where(condition == TRUE, then, np.where(condition == FALSE, other, unknown))
        return np.asarray(out, dtype=unknown.dtype)

    def _invoke(self, node: c.Invoke, clock: str) -> Array:
        builtin = node.builtin
        if builtin.shape is Shape.RESAMPLE:
            return self._hold(self.value(node.arguments[0], node.clock), node.clock, node.type.kind)
        inner = clock or node.clock
        arguments: list[Any] = []
        parameters = builtin.parameters_of(len(node.arguments))
        for parameter, argument in zip(parameters, node.arguments, strict=True):
            if parameter.role is Takes.CALENDAR:
                assert isinstance(argument, c.Constant)
                calendar = self.market.calendars[str(argument.value)]
                arguments += [calendar, self.market.timeline]
                inner = ""
            elif parameter.role in (Takes.WINDOW, Takes.CONSTANT, Takes.WORD, Takes.MONTH):
                assert isinstance(argument, c.Constant)
                arguments.append(argument.value)
            elif parameter.role is Takes.CURVE:
                assert isinstance(argument, c.Reference)
                arguments.append(
                    tuple(
                        tuple(self._sample(month, inner) for month in part)
                        for part in self.market.curve(argument.name)
                    )
                )
            else:
                arguments.append(self.value(argument, inner))
        out: Array = builtin.kernel()(*arguments)
        if inner != clock:
            return self._hold(out, inner, node.type.kind) if inner else self._sample(out, clock)
        return out

    def _table(self, node: c.Table, clock: str) -> Array:
        """The flat index of each row's cell, then the cell's value."""
        n = self.rows(clock)
        flat = np.zeros(n, dtype=np.int64)
        lost = np.zeros(n, dtype=bool)
        width = len(node.values)
        for position, axis in enumerate(node.axes):
            index = self.axis_rows(axis, clock)
            lost |= index < 0
            size = self._axis_size(node, position)
            width //= size
            flat = flat * size + np.maximum(index, 0)
        flat[lost] = -1
        values = [self.value(item, clock) for item in node.values]
        out = self._pick(flat, values, node.type.kind, n)
        if node.missing is not None:
            fallback = self.value(node.missing, clock)
            out = np.where(lost, fallback, out).astype(out.dtype)
        return out

    def _axis_size(self, node: c.Table, position: int) -> int:
        if len(node.axes) == 1:
            return len(node.values)
        across = node.axes[1]
        used = [*across.rows, *([across.missing] if across.missing is not None else [])]
        columns = max(used) + 1
        return columns if position == 1 else len(node.values) // columns

    def axis_rows(self, axis: c.Axis, clock: str = "") -> Array:
        """The row that each value of the input falls in, -1 where none."""
        value = self.value(axis.input, clock)
        kind = axis.input.type.kind
        rows = np.asarray(axis.rows, dtype=np.int64)
        if kind is Kind.FLAG:
            band = (value == TRUE).astype(np.int64)
        elif kind is Kind.LABEL:
            band = np.maximum(value, 0).astype(np.int64)
        else:
            band = np.zeros(len(value), dtype=np.int64)
            for edge, above in zip(axis.edges, axis.joins_above, strict=True):
                band += (value >= edge) if above else (value > edge)
        out = rows[band]
        lost = is_missing(value, kind)
        out[lost] = -1 if axis.missing is None else axis.missing
        return np.asarray(out)

    def _interpolate(self, node: c.Interpolate, clock: str) -> Array:
        value = self.value(node.input, clock)
        out: Float = np.interp(value, node.points, node.values)
        lost = np.isnan(value)
        out[lost] = np.nan
        if node.missing is not None:
            out = np.where(lost, self.value(node.missing, clock), out)
        return out

    def _pick(self, index: Array, options: list[Array], kind: Kind, n: int) -> Array:
        out = missing_of(kind, n)
        for code, option in enumerate(options):
            chosen = index == code
            out[chosen] = option[chosen]
        return out

    def _first(self, node: c.FirstTrue, clock: str) -> Array:
        n = self.rows(clock)
        out = np.full(n, len(node.conditions), dtype=np.int16)
        for code in range(len(node.conditions) - 1, -1, -1):
            condition = self.value(node.conditions[code], clock)
            out = np.where(condition == TRUE, code, np.where(condition == FALSE, out, -1))
        return out.astype(np.int16)

    def _window(self, node: c.EventWindow) -> Kleene:
        """Whether a date's session lies so that this one is in its window.

        An unscheduled date is known on its own session only from then on, so of its window only
        the part from that session counts.
        """
        given = self.given.get(f"event {node.calendar}")
        if given is not None:
            return given.astype(np.int8)
        calendar = self.market.calendars[node.calendar]
        rows = self.market.timeline.ordinals
        active = np.zeros(len(rows), dtype=bool)
        for scheduled in (True, False):
            events = calendar.ordinals[calendar.scheduled == scheduled]
            begin = node.begin if scheduled else max(node.begin, 0)
            if begin > node.end:
                continue
            # An event at q covers q + begin to q + end: rows s with an event in [s - end, s - begin].
            low = np.searchsorted(events, rows - node.end, "left")
            high = np.searchsorted(events, rows - begin, "right")
            active |= high > low
        covered = (rows >= calendar.first_ordinal) & (rows <= calendar.last_ordinal)
        return np.where(covered, np.where(active, TRUE, FALSE), UNKNOWN).astype(np.int8)
