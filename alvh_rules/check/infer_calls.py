"""Resolve calls of the built-in functions: an expression for each argument, by its parameter's role.

1. The arguments are counted; those that share a group of parameters and say their own kind come
   first, since the bare numbers of the group take the first one's.
2. Each argument is elaborated as its parameter's role asks: a window and a constant are folded to a
   number, a calendar is looked up, the rest are expressions of a kind that the record allows.
3. The record's rule gives the kind of the result.

An argument is never inferred twice: the work of calls in calls would double with each level.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.builtins.registry import BUILTINS, own_name
from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.core import bounds
from alvh_rules.core.kinds import DESCRIPTIONS, NUMERIC, Kind, Type
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast

if TYPE_CHECKING:
    from alvh_rules.check.infer_kinds import Elaborator


class Calls:
    """Elaborates calls for an elaborator. `resampled` is set inside `weekly` and `monthly`."""

    def __init__(self, work: Elaborator) -> None:
        self.work = work
        self.scope = work.scope
        self.resampled = False

    def call(self, node: ast.Call) -> c.Expression | None:
        name = node.function.name
        builtin = BUILTINS.get(name)
        if builtin is None:
            if name not in self.scope.lost:
                self.scope.report(
                    errors.unknown_function(
                        name,
                        node.function.span,
                        own_name(name) or self.scope.nearest(name, BUILTINS),
                    )
                )
            return None
        if not self._counts_fit(node, builtin):
            return None
        if builtin.shape is Shape.RESAMPLE:
            return self._resample(node, builtin)
        arguments: list[c.Expression | None] = []
        clock = ""
        inferred = self._infer_grouped(node, builtin)
        groups = self._group_types(node, builtin, inferred)
        for index, parameter in self._pairs(node, builtin):
            if index >= len(node.arguments):
                arguments.append(self._default(parameter, node.span))
                continue
            written = node.arguments[index]
            match parameter.role:
                case Role.WINDOW:
                    least = 1 if parameter.least is None else int(parameter.least)
                    window = self.window(name, written, least)
                    clock = (window[1] if window else "") or clock
                    arguments.append(
                        window and c.Constant(window[0], Type(Kind.COUNT), written.span)
                    )
                case Role.CALENDAR:
                    arguments.append(self._calendar(written))
                case Role.CONDITION:
                    arguments.append(self.work.condition(written))
                case Role.WORD:
                    arguments.append(self._word(builtin, parameter, written))
                case Role.CURVE:
                    arguments.append(self._curve(builtin, parameter, written))
                case Role.MONTH:
                    arguments.append(self._month(builtin, parameter, written, arguments))
                case Role.SERIES | Role.CONSTANT:
                    if index in inferred:
                        value = inferred[index]
                    else:
                        value = self._number_argument(parameter, written, groups)
                    arguments.append(value and self._fitting(builtin, parameter, value, groups))
        if any(item is None for item in arguments):
            return None
        known = tuple(item for item in arguments if item is not None)
        if not self._months_rise(node, builtin, known):
            return None
        return c.Invoke(builtin, known, clock, self._result_type(builtin, known), node.span)

    def window(self, what: str, node: ast.Expression, least: int = 1) -> tuple[int, str] | None:
        """A window's rows and clock, from a literal or a param."""
        scope = self.scope
        if isinstance(node, ast.Negative):
            scope.report(
                errors.look_ahead(
                    f"`{what}` with a negative count",
                    node.span,
                    "count rows back: a positive number",
                )
            )
            return None
        if isinstance(node, ast.Word) and node.name in scope.params:
            if self.work.is_bare(node) and self.work.adapt(node, Type(Kind.COUNT)) is None:
                return None
            scope.used.add(node.name)
            state = scope.params[node.name]
            state.fixed_by = node.span
            literal = state.row.value
        else:
            literal = node
        if not isinstance(literal, ast.Number) or literal.unit not in ("", "sessions"):
            if isinstance(node, ast.Word) and node.name in scope.lost:
                return None
            scope.report(
                errors.wants_constant(
                    f"the count of `{what}`",
                    node.span,
                    "write a number of rows, `20 sessions`, or a param",
                    _in_sessions(literal),
                )
            )
            return None
        sessions = literal.unit == "sessions"
        if sessions and self.resampled:
            scope.report(
                errors.window_form(
                    "inside `weekly` or `monthly` a count is of weeks or months",
                    node.span,
                    "write the bare number",
                )
            )
            return None
        value = Decimal(literal.text)
        if value != value.to_integral_value() or value < least:
            wanted = "a positive whole number" if least else "a whole number, zero or more"
            scope.report(
                errors.window_form(
                    f"the count of `{what}` must be {wanted}, not {literal.text}",
                    node.span,
                )
            )
            return None
        if value > bounds.MOST_WINDOW:
            scope.report(errors.look_back_too_long(int(value), bounds.MOST_WINDOW, node.span))
            return None
        intraday = bool(scope.bars.minutes)
        return int(value), "session" if sessions and intraday else ""

    def _pairs(self, node: ast.Call, builtin: Builtin) -> list[tuple[int, Parameter]]:
        return list(enumerate(builtin.parameters_of(len(node.arguments))))

    def _counts_fit(self, node: ast.Call, builtin: Builtin) -> bool:
        least = sum(item.default is None for item in builtin.parameters)
        most = len(builtin.parameters_of(len(node.arguments)))
        given, step = len(node.arguments), len(builtin.repeated)
        # The repeated ones stand together: a call that breaks off among them lacks some.
        if least <= given <= len(builtin.parameters) or (step and given == most):
            return True
        if step > 1:
            wanted = f"{least}, {least + step}, {least + 2 * step}, … arguments"
        elif step:
            wanted = f"at least {least} argument{'s' if least != 1 else ''}"
        else:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            wanted += " arguments" if wanted != "1" else " argument"
        self.scope.report(
            errors.argument_count(builtin.name, builtin.signature, given, wanted, node.span)
        )
        return False

    def _default(self, parameter: Parameter, span: Span) -> c.Expression:
        assert parameter.default is not None
        kind = (
            Kind.COUNT if parameter.role is Role.WINDOW else _single_kind(parameter) or Kind.RATIO
        )
        value = int(parameter.default) if parameter.role is Role.WINDOW else parameter.default
        return c.Constant(value, Type(kind), span)

    def _infer_grouped(self, node: ast.Call, builtin: Builtin) -> dict[int, c.Expression | None]:
        """The arguments of groups that say their own kind, each inferred once.

        The bare ones wait for it. An argument must never be inferred twice: the work of a call in a
        call in a call would double with each level.
        """
        inferred: dict[int, c.Expression | None] = {}
        for index, parameter in self._pairs(node, builtin):
            if not parameter.group or index >= len(node.arguments):
                continue
            written = node.arguments[index]
            if parameter.role not in (Role.SERIES, Role.CONSTANT):
                continue
            if not self.work.is_bare(written) and not _is_amount(written):
                inferred[index] = self.work.infer(written)
        return inferred

    def _group_types(
        self, node: ast.Call, builtin: Builtin, inferred: dict[int, c.Expression | None]
    ) -> dict[str, Type]:
        """The kind that the bare numbers of each group take: that of its first other member.

        Where no member says its own, `$` speaks for the group: a price or, if it may be, money.
        """
        found: dict[str, Type] = {}
        amounts: dict[str, Type] = {}
        for index, parameter in self._pairs(node, builtin):
            if not parameter.group:
                continue
            value = inferred.get(index)
            if value is not None:
                found.setdefault(parameter.group, value.type)
            elif index < len(node.arguments) and _is_amount(node.arguments[index]):
                kind = Kind.MONEY if Kind.MONEY in parameter.kinds else Kind.PRICE
                amounts.setdefault(parameter.group, Type(kind))
        return amounts | found

    def _number_argument(
        self, parameter: Parameter, written: ast.Expression, groups: dict[str, Type]
    ) -> c.Expression | None:
        """A series or constant; a bare one takes its group's kind, or else the parameter's own."""
        kind = _own_kind(parameter)
        expected = groups.get(parameter.group) or (Type(kind) if kind else None)
        if self.work.is_bare(written):
            return self.work.adapt(written, expected or c.RATIO)
        if expected is not None and _is_amount(written):
            return self.work.adapt(written, expected)
        return self.work.infer(written)

    def _fitting(
        self,
        builtin: Builtin,
        parameter: Parameter,
        value: c.Expression,
        groups: dict[str, Type],
    ) -> c.Expression | None:
        """An argument's value, if it is of a kind that the function takes there."""
        scope = self.scope
        if value.type.kind not in parameter.kinds:
            wanted = " or ".join(DESCRIPTIONS[kind] for kind in Kind if kind in parameter.kinds)
            wanted = "a number" if parameter.kinds == NUMERIC else wanted
            scope.report(
                errors.wrong_argument(
                    builtin.name,
                    parameter.name,
                    wanted,
                    value.type.describe(),
                    value.span,
                    parameter.doc,
                )
            )
            return None
        group = groups.get(parameter.group)
        if group is not None and group.kind is not value.type.kind:
            scope.report(
                errors.wrong_argument(
                    builtin.name,
                    parameter.name,
                    group.describe(),
                    value.type.describe(),
                    value.span,
                    "these arguments must be of one kind",
                )
            )
            return None
        if parameter.role is not Role.SERIES:
            return self._constant_argument(builtin, parameter, value)
        return value

    def _constant_argument(
        self, builtin: Builtin, parameter: Parameter, value: c.Expression
    ) -> c.Expression | None:
        folded = self.work.constant_value(value)
        if folded is None:
            self.scope.report(
                errors.wants_constant(
                    f"`{parameter.name}` of `{builtin.name}`",
                    value.span,
                    "write a number or a param",
                )
            )
            return None
        least, most = parameter.least, parameter.most
        if (least is not None and folded < least) or (most is not None and folded > most):
            self.scope.report(
                errors.wrong_literal(
                    f"`{parameter.name}` of `{builtin.name}` cannot be"
                    f" {self.scope.shown(value.span)}",
                    value.span,
                    parameter.doc,
                )
            )
            return None
        return c.Constant(folded, value.type, value.span)

    def _word(
        self, builtin: Builtin, parameter: Parameter, written: ast.Expression
    ) -> c.Expression | None:
        """One of the parameter's own words, whatever else has that name."""
        name = written.name if isinstance(written, ast.Word) else ""
        if name in parameter.words:
            return c.Constant(name, Type(Kind.TEXT), written.span)
        shown = name or self.scope.shown(written.span)
        near = self.scope.nearest(shown.lower(), parameter.words)
        self.scope.report(
            errors.unknown_word(builtin.name, shown, written.span, parameter.words, near)
        )
        return None

    def _curve(
        self, builtin: Builtin, parameter: Parameter, written: ast.Expression
    ) -> c.Expression | None:
        """A declared futures curve."""
        scope = self.scope
        name = written.name if isinstance(written, ast.Word) else ""
        scope.used.add(name)
        if name in scope.lost or name in scope.broken:
            return None
        curves = [key for key, column in scope.columns.items() if column.kind is Kind.CURVE]
        if name in curves:
            return c.Reference(name, Type(Kind.CURVE), written.span)
        if name and name not in scope.all_names():
            near = scope.nearest(name, curves)
            scope.report(errors.unknown_name(name, written.span, near, "no futures curve here is"))
            return None
        # Whatever it is, it has a kind of its own, or a fault of its own.
        value = self.work.infer(written)
        if value is not None:
            wanted, got = DESCRIPTIONS[Kind.CURVE], value.type.describe()
            scope.report(
                errors.wrong_argument(
                    builtin.name, parameter.name, wanted, got, written.span, parameter.doc
                )
            )
        return None

    def _month(
        self,
        builtin: Builtin,
        parameter: Parameter,
        written: ast.Expression,
        before: list[c.Expression | None],
    ) -> c.Expression | None:
        """The number of a month that the curve before it has."""
        value = self._number_argument(parameter, written, {})
        found = value and self._fitting(builtin, parameter, value, {})
        curve = before[0]
        if not isinstance(found, c.Constant) or not isinstance(curve, c.Reference):
            return None
        number = float(found.value)
        most = len(self.scope.columns[curve.name].sources)
        if number not in range(1, most + 1):
            shown = self.scope.shown(written.span)
            self.scope.report(
                errors.wrong_literal(
                    f"`{curve.name}` has months 1 to {most}, and none is {shown}", written.span
                )
            )
            return None
        return c.Constant(int(number), Type(Kind.COUNT), written.span)

    def _months_rise(
        self, node: ast.Call, builtin: Builtin, arguments: tuple[c.Expression, ...]
    ) -> bool:
        """Whether each month of a curve is farther than the one before; those by default too."""
        pairs = zip(arguments, builtin.parameters_of(len(arguments)), strict=True)
        months = [item for item, parameter in pairs if parameter.role is Role.MONTH]
        values = [int(item.value) for item in months if isinstance(item, c.Constant)]
        if all(near < far for near, far in pairwise(values)):
            return True
        named = " and ".join(str(value) for value in values)
        self.scope.report(
            errors.wrong_literal(
                f"`{builtin.name}` wants a nearer month, then a farther one, not {named}",
                node.span,
                f"its form is `{builtin.signature}`",
            )
        )
        return False

    def _calendar(self, written: ast.Expression) -> c.Expression | None:
        scope = self.scope
        name = written.name if isinstance(written, ast.Word) else ""
        if name in scope.calendars:
            scope.used.add(name)
            return c.Constant(name, Type(Kind.TEXT), written.span)
        if name not in scope.lost:
            scope.report(
                errors.unknown_calendar(
                    name or scope.shown(written.span),
                    written.span,
                    scope.nearest(name, scope.calendars),
                )
            )
        return None

    def _resample(self, node: ast.Call, builtin: Builtin) -> c.Expression | None:
        if self.resampled:
            self.scope.report(
                errors.window_form(
                    f"`{builtin.name}` cannot stand inside `weekly` or `monthly`", node.span
                )
            )
            return None
        self.resampled = True
        inner = self.work.infer(node.arguments[0])
        self.resampled = False
        if inner is None:
            return None
        clock = "week" if builtin.name == "weekly" else "month"
        return c.Invoke(builtin, (inner,), clock, inner.type, node.span)

    def _result_type(self, builtin: Builtin, arguments: tuple[c.Expression, ...]) -> Type:
        first = next(
            (
                argument
                for argument, parameter in zip(arguments, builtin.parameters, strict=False)
                if parameter.role is Role.SERIES
            ),
            None,
        )
        kind = builtin.returns
        if kind is None:
            assert first is not None
            kind = first.type.kind
        difference = builtin.difference
        if difference is None:
            difference = first is not None and first.type.difference
        labels = first.type.labels if first is not None and kind is Kind.LABEL else ""
        return Type(kind, labels, difference)


def _single_kind(parameter: Parameter) -> Kind | None:
    return next(iter(parameter.kinds)) if len(parameter.kinds) == 1 else None


def _own_kind(parameter: Parameter) -> Kind | None:
    """The kind of a number that says none, where nothing beside it does: the first allowed.

    None where a ratio may stand: a bare number is one.
    """
    if Kind.RATIO in parameter.kinds:
        return _single_kind(parameter)
    return next(kind for kind in Kind if kind in parameter.kinds)


def _is_amount(written: ast.Expression) -> bool:
    """Whether it is an amount in dollars: money or a price, as its place asks."""
    if isinstance(written, ast.Negative):
        return _is_amount(written.operand)
    return isinstance(written, ast.Number) and written.unit == "$"


def _in_sessions(written: ast.Expression) -> str:
    """`50 days` as the sessions that were probably meant."""
    if isinstance(written, ast.Number) and written.unit == "days":
        return f"{written.text} sessions"
    return ""
