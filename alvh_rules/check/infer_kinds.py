"""Resolve names and kinds: from a syntax expression to a checked one.

Kinds flow both ways. A bare number (or a param whose kind is not settled yet) takes the kind of
what it meets in an additive or comparing place, and stays a ratio as a factor; anything else says
its own kind. Every fault is reported once and gives None, which spreads without further reports.

The work is divided by the node's class, in one method each. Names are elaborated in the order of
their dependence (`order_names.py`), so nothing here recurses through names.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.infer_calls import Calls
from alvh_rules.check.scope import BOOK, LAYER, OTHER_POSITION_NAMES, POSITION, Scope
from alvh_rules.core.kinds import (
    DESCRIPTIONS,
    NUMERIC,
    POINTS,
    Kind,
    Type,
    difference_kind,
    product_kind,
    quotient_kind,
    sum_kind,
)
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast

_BARE_UNITS = ("", "%", "points", "$")
_UNIT_KINDS = {
    "$": (Kind.MONEY, Kind.PRICE),
    "days": (Kind.DAYS,),
    "sessions": (Kind.SESSIONS,),
    "contracts": (Kind.COUNT,),
    "shares": (Kind.COUNT,),
    "points": (Kind.PRICE, Kind.VOLATILITY, Kind.RATE, Kind.INDEX),
}


def decimal_value(text: str, percent: bool = False) -> float:
    """The double nearest to a literal; `5%` as a fraction is the double nearest to 0.05."""
    exact = Decimal(text)
    return float(exact / 100 if percent else exact)


class Elaborator:
    """Elaborates expressions against a scope. `position` allows the names of open positions; a
    `promise` is told why it cannot have them."""

    def __init__(self, scope: Scope, *, position: bool = False, promise: bool = False) -> None:
        self.scope = scope
        self.position = position
        self.promise = promise
        self.calls = Calls(self)

    # --- entry points ---

    def condition(self, node: ast.Expression) -> c.Expression | None:
        """An expression that must be a yes/no."""
        found = self.infer(node)
        if found is not None and found.type.kind is not Kind.FLAG:
            self.scope.report(errors.wants_condition(found.type.describe(), node.span))
            return None
        return found

    def expecting(
        self, node: ast.Expression, type: Type, *, level: bool = False
    ) -> c.Expression | None:
        """An expression that must be of a type; a bare number takes it."""
        if self.is_bare(node):
            return self.adapt(node, type, level=level)
        found = self.infer(node, type)
        if found is None:
            return None
        if found.type.kind is not type.kind or found.type.labels != type.labels:
            self.scope.report(
                errors.wrong_literal(
                    f"{type.describe()} is wanted here, not {found.type.describe()}", node.span
                )
            )
            return None
        return found

    def infer(self, node: ast.Expression, expected: Type | None = None) -> c.Expression | None:
        """An expression of whatever kind it says, or the expected one where it says none."""
        if self.is_bare(node):
            return self.adapt(node, expected or self.own_type(node))
        match node:
            case ast.Number():
                return self.adapt(node, self.own_type(node))
            case ast.Word():
                return self._word(node, expected)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Truth():
                return c.Constant(TRUE if node.value else FALSE, c.FLAG, node.span)
            case ast.Text():
                return self._text(node, expected)
            case ast.Date():
                return self._date(node)
            case ast.Call():
                return self.calls.call(node)
            case ast.Negative():
                return self._negative(node, expected)
            case ast.Arithmetic():
                return self._arithmetic(node, expected)
            case ast.Comparison():
                return self._comparison(node)
            case ast.Between():
                return self._between(node)
            case ast.Is():
                return self._is(node)
            case ast.Lasting():
                return self._lasting(node)
            case ast.Not():
                operand = self.condition(node.operand)
                return operand and c.Not(operand, c.FLAG, node.span)
            case ast.Logical():
                items = [self.condition(item) for item in node.items]
                known = tuple(item for item in items if item is not None)
                if len(known) < len(items):
                    return None
                return c.Logical(node.operator, known, c.FLAG, node.span)
            case ast.Conditional():
                return self._conditional(node, expected)
            case ast.Missing():
                self.scope.report(
                    errors.wrong_literal("`missing` stands only after `is`", node.span)
                )
                return None

    # --- bare numbers ---

    def is_bare(self, node: ast.Expression) -> bool:
        """Whether an expression is of numbers alone, and so takes the kind of what it meets."""
        match node:
            case ast.Number():
                return node.unit in _BARE_UNITS
            case ast.Negative():
                return self.is_bare(node.operand)
            case ast.Arithmetic():
                return self.is_bare(node.left) and self.is_bare(node.right)
            case ast.Word():
                state = self.scope.params.get(node.name)
                if state is not None:
                    return state.type is None
                return node.name in self.scope.aliases
            case _:
                return False

    def own_type(self, node: ast.Expression) -> Type:
        """The kind that a bare expression has where nothing says another."""
        match node:
            case ast.Number() if node.unit in _UNIT_KINDS and node.unit != "points":
                return Type(_UNIT_KINDS[node.unit][0])
            case ast.Negative():
                return self.own_type(node.operand)
            case ast.Arithmetic():
                left = self.own_type(node.left)
                return self.own_type(node.right) if left == c.RATIO else left
            case ast.Word(name) if name in self.scope.aliases:
                let = self.scope.named[name]
                assert isinstance(let, ast.Let)
                return self.own_type(let.value)
            case ast.Word(name) if name in self.scope.params:
                return self.own_type(self.scope.params[name].row.value)
            case _:
                return c.RATIO

    def adapt(
        self, node: ast.Expression, type: Type, *, level: bool = False
    ) -> c.Expression | None:
        """A bare expression as a value of a type. `level`: warn of values no level has."""
        match node:
            case ast.Number():
                return self._number(node, type, level)
            case ast.Negative():
                operand = self.adapt(node.operand, type)
                return operand and c.Negative(operand, operand.type, node.span)
            case ast.Arithmetic():
                left_type = right_type = type
                if node.operator == "of":
                    left_type = c.RATIO
                elif node.operator in ("*", "/"):
                    right_type = c.RATIO
                left = self.adapt(node.left, left_type)
                right = self.adapt(node.right, right_type)
                if left is None or right is None or self._by_zero(node, right):
                    return None
                operator = "*" if node.operator == "of" else node.operator
                return c.Arithmetic(operator, left, right, type, node.span)
            case ast.Word():
                self.scope.used.add(node.name)
                if node.name in self.scope.params:
                    return self._param(node, type)
                let = self.scope.named[node.name]
                assert isinstance(let, ast.Let)
                found = self.adapt(let.value, type, level=level)
                return found
            case _:
                raise AssertionError(f"not bare: {node}")

    def _number(self, node: ast.Number, type: Type, level: bool) -> c.Constant | None:
        shown = self.scope.shown(node.span)
        kind = type.kind
        if kind not in NUMERIC:
            self.scope.report(
                errors.wrong_literal(f"{type.describe()} is wanted here, not a number", node.span)
            )
            return None
        if node.unit == "%":
            if kind is Kind.RATIO:
                return self._constant(decimal_value(node.text, percent=True), type, node.span)
            if kind in POINTS:
                return self._constant(decimal_value(node.text), type, node.span)
            help = f"write `{node.text}`" if kind is Kind.INDEX else ""
            if kind is Kind.MONEY:
                whole = "credit" if self.position else "equity"
                help = f"say of what it is a share: `{shown} of {whole}`"
            self.scope.report(errors.wrong_unit(shown, DESCRIPTIONS[kind], node.span, help))
            return None
        if node.unit in _UNIT_KINDS and kind not in _UNIT_KINDS[node.unit]:
            self.scope.report(errors.wrong_unit(shown, DESCRIPTIONS[kind], node.span, ""))
            return None
        if node.unit in ("months", "minutes", "hours"):
            self.scope.report(
                errors.wrong_unit(shown, DESCRIPTIONS[kind], node.span, "count in days or sessions")
            )
            return None
        value = decimal_value(node.text)
        if (
            level
            and node.unit == ""
            and not type.difference
            and self._implausible(node, kind, value)
        ):
            return None
        return self._constant(value, type, node.span)

    def _constant(self, value: float, type: Type, span: Span) -> c.Constant | None:
        if not math.isfinite(value):
            self.scope.report(errors.wrong_literal("this number is too large", span))
            return None
        return c.Constant(value, type, span)

    def _implausible(self, node: ast.Number, kind: Kind, value: float) -> bool:
        shown = node.text
        if kind is Kind.VOLATILITY and 0 < value < 1:
            suggestion = format(Decimal(shown) * 100, "f")
            suggestion = suggestion.rstrip("0").rstrip(".") if "." in suggestion else suggestion
            self.scope.report(
                errors.implausible(
                    shown,
                    f"{shown} volatility points",
                    node.span,
                    "volatility",
                    suggestion,
                    f"{shown} points",
                )
            )
            return True
        if kind is Kind.RATIO and value >= 3:
            percent = format(Decimal(shown) * 100, "f")
            self.scope.report(
                errors.implausible(
                    shown, f"{percent}%", node.span, "ratio", f"{shown}%", f"{percent}%"
                )
            )
            return True
        if kind is Kind.INDEX and 0 < value < 1:
            self.scope.report(
                errors.implausible(
                    shown,
                    f"{shown} of 100",
                    node.span,
                    "index level",
                    format((Decimal(shown) * 100).normalize(), "f"),
                    f"{shown} points",
                )
            )
            return True
        return False

    def _param(self, node: ast.Word, type: Type) -> c.Expression | None:
        state = self.scope.params[node.name]
        plain = replace(type, difference=False)
        if state.type is None:
            state.type = plain
            state.first_use = node.span
        elif state.type.kind is not plain.kind:
            assert state.first_use is not None
            self.scope.report(
                errors.param_two_kinds(
                    node.name, node.span, plain.describe(), state.type.describe(), state.first_use
                )
            )
            return None
        return c.Reference(node.name, state.type, node.span)

    # --- names ---

    def _word(self, node: ast.Word, expected: Type | None) -> c.Expression | None:
        scope, name = self.scope, node.name
        scope.used.add(name)
        if self.position and name in POSITION:
            return c.Position(name, POSITION[name], node.span)
        if name in scope.columns:
            column = scope.columns[name]
            if column.kind is Kind.CURVE:
                scope.report(errors.curve_has_no_value(name, node.span))
                return None
            labels = name_of_set(scope, column.labels)
            return c.Reference(name, Type(column.kind, labels), node.span)
        if name in scope.params:
            state = scope.params[name]
            assert state.type is not None
            return c.Reference(name, state.type, node.span)
        if name in scope.named:
            value = scope.values.get(name)
            return value and c.Reference(name, value.type, node.span)
        if expected is not None and expected.kind is Kind.LABEL:
            words = scope.label_sets.get(expected.labels, ())
            if name in words:
                return c.Constant(words.index(name), expected, node.span)
        if name in scope.label_set_of:
            labels = scope.label_set_of[name]
            return c.Constant(
                scope.label_sets[labels].index(name), Type(Kind.LABEL, labels), node.span
            )
        if name == "total_weight" and name in scope.decisions:
            return c.Reference(name, scope.decisions[name], node.span)
        if name in ("equity", "capital"):
            return c.Book(f"book.{name}", scope.capital, Type(Kind.MONEY), node.span)
        self._unknown(node, expected)
        return None

    def _unknown(self, node: ast.Word, expected: Type | None) -> None:
        scope, name = self.scope, node.name
        if name in scope.lost or name in scope.broken:
            return
        if name in BUILTINS:
            scope.report(errors.function_without_call(name, node.span, BUILTINS[name].signature))
        elif name in POSITION:
            if self.promise:
                layer = next(iter(scope.layers), "") if name in LAYER else ""
                of_layer = f"{layer}.{name}" if layer else ""
                scope.report(errors.position_name_promised(name, node.span, of_layer))
                return
            scope.report(errors.position_name_outside(name, node.span))
        elif name in scope.calendars:
            scope.report(errors.calendar_has_no_value(name, node.span))
        elif expected is not None and expected.kind is Kind.LABEL:
            words = scope.label_sets.get(expected.labels, ())
            scope.report(
                errors.unknown_label(
                    name, node.span, expected.labels, words, scope.nearest(name, words)
                )
            )
        else:
            near = OTHER_POSITION_NAMES.get(name.lower(), "") if self.position else ""
            near = near or scope.nearest_of_all(name, POSITION if self.position else ())
            scope.report(errors.unknown_name(name, node.span, near))

    def _attribute(self, node: ast.Attribute) -> c.Expression | None:
        scope = self.scope
        full = f"{node.owner}.{node.name}"
        scope.used.add(node.owner)
        if full in scope.decisions:
            return c.Reference(full, scope.decisions[full], node.span)
        if node.owner == "book":
            if node.name in BOOK:
                return c.Book(full, 0.0, BOOK[node.name], node.span)
            known = tuple(BOOK)
        elif node.owner in scope.layers:
            if node.name in LAYER:
                empty = FALSE if LAYER[node.name].kind is Kind.FLAG else 0.0
                return c.Book(full, empty, LAYER[node.name], node.span)
            known = ("open", "weight", *LAYER)
        elif node.owner == "hedge" and scope.hedge is not None:
            if node.name == "cost":
                return c.Book(full, 0.0, Type(Kind.MONEY), node.span)
            known = (*(key[6:] for key in scope.decisions if key.startswith("hedge.")), "cost")
        else:
            if node.owner not in scope.lost and node.owner not in scope.broken:
                near = scope.nearest(node.owner, {*scope.layers, "hedge", "book"})
                at = Span(node.span.file, node.span.start, node.span.start + len(node.owner))
                if node.owner in scope.columns:
                    scope.report(errors.column_has_no_parts(node.owner, at))
                    return None
                scope.report(errors.unknown_name(node.owner, at, near, "no layer here is"))
            return None
        scope.report(
            errors.unknown_attribute(
                node.owner, node.name, node.span, known, scope.nearest(node.name, known)
            )
        )
        return None

    def _text(self, node: ast.Text, expected: Type | None) -> c.Expression | None:
        if expected is not None and expected.kind is Kind.LABEL:
            words = self.scope.label_sets.get(expected.labels, ())
            if node.value in words:
                return c.Constant(words.index(node.value), expected, node.span)
            self.scope.report(
                errors.unknown_label(
                    node.value,
                    node.span,
                    expected.labels,
                    words,
                    self.scope.nearest(node.value, words),
                )
            )
            return None
        self.scope.report(errors.wrong_literal("a text has no value here", node.span))
        return None

    def _date(self, node: ast.Date) -> c.Expression | None:
        import datetime

        try:
            day = datetime.date.fromisoformat(node.text)
        except ValueError:
            self.scope.report(
                errors.wrong_literal(f"`{node.text}` is no day of the calendar", node.span)
            )
            return None
        days = (day - datetime.date(1970, 1, 1)).days
        return c.Constant(float(days), Type(Kind.DATE), node.span)

    # --- operators ---

    def _negative(self, node: ast.Negative, expected: Type | None) -> c.Expression | None:
        operand = self.infer(node.operand, expected)
        if operand is None or not self._numeric(operand):
            return None
        return c.Negative(operand, replace(operand.type, difference=True), node.span)

    def _numeric(self, value: c.Expression) -> bool:
        if value.type.kind in NUMERIC or value.type.kind is Kind.DATE:
            return True
        self.scope.report(errors.wants_number(value.type.describe(), value.span))
        return False

    def _pair(
        self,
        left: ast.Expression,
        right: ast.Expression,
        *,
        level: bool,
        expected: Type | None = None,
    ) -> tuple[c.Expression, c.Expression] | None:
        """Two operands of an additive or comparing place, the bare one in the other's kind."""
        bare_left, bare_right = self.is_bare(left), self.is_bare(right)
        first: c.Expression | None
        second: c.Expression | None
        if bare_left and not bare_right:
            second = self.infer(right, expected)
            first = second and self.adapt(left, second.type, level=level)
        elif bare_right and not bare_left:
            first = self.infer(left, expected)
            second = first and self.adapt(right, first.type, level=level)
        else:
            if bare_left and expected is None:
                # Of two that wait for a kind, one may say its own: `$50 < low`.
                own = self.own_type(left)
                expected = self.own_type(right) if own == c.RATIO else own
            first = self.infer(left, expected)
            second = self.infer(right, first.type if first and first.type.labels else expected)
        if first is None or second is None:
            return None
        return first, second

    def _arithmetic(self, node: ast.Arithmetic, expected: Type | None) -> c.Expression | None:
        if node.operator in ("+", "-"):
            return self._additive(node, expected)
        left_type = self.own_type(node.left) if self.is_bare(node.left) else None
        right_type = self.own_type(node.right) if self.is_bare(node.right) else None
        left, right = self.infer(node.left, left_type), self.infer(node.right, right_type)
        if left is None or right is None or not self._numeric(left) or not self._numeric(right):
            return None
        if self._by_zero(node, right):
            return None
        if node.operator == "of" and left.type.kind is not Kind.RATIO:
            self.scope.report(
                errors.mismatch(
                    "a share of",
                    left.type.describe(),
                    right.type.describe(),
                    node.span,
                    left.span,
                    right.span,
                    "`of` takes a share: `10% of equity`",
                )
            )
            return None
        divide = node.operator == "/"
        kind = (quotient_kind if divide else product_kind)(left.type.kind, right.type.kind)
        if kind is None:
            verb = "divided by" if divide else "multiplied by"
            self.scope.report(
                errors.mismatch(
                    verb,
                    left.type.describe(),
                    right.type.describe(),
                    node.span,
                    left.span,
                    right.span,
                )
            )
            return None
        difference = (left.type.difference or right.type.difference) and not (
            divide and right.type.difference
        )
        operator = "/" if divide else "*"
        return c.Arithmetic(operator, left, right, Type(kind, difference=difference), node.span)

    def _by_zero(self, node: ast.Arithmetic, right: c.Expression) -> bool:
        """Whether a quotient is by a zero that is written so; it is reported."""
        while isinstance(right, c.Negative):
            right = right.operand
        zero = node.operator == "/" and isinstance(right, c.Constant) and right.value == 0
        if zero:
            self.scope.report(errors.divided_by_zero(node.span))
        return zero

    def _additive(self, node: ast.Arithmetic, expected: Type | None) -> c.Expression | None:
        pair = self._pair(node.left, node.right, level=False, expected=expected)
        if pair is None:
            return None
        left, right = pair
        if not self._numeric(left) or not self._numeric(right):
            return None
        minus = node.operator == "-"
        kind = (difference_kind if minus else sum_kind)(left.type.kind, right.type.kind)
        if kind is None:
            verb = "reduced by" if minus else "added to"
            self.scope.report(
                errors.mismatch(
                    verb,
                    left.type.describe(),
                    right.type.describe(),
                    node.span,
                    left.span,
                    right.span,
                    "only values of one kind add up; a quotient of them is a ratio",
                )
            )
            return None
        literal = isinstance(left, c.Constant) or isinstance(right, c.Constant)
        differences = (left.type.difference, right.type.difference)
        if literal:
            difference = any(differences)
        elif minus:
            # Level from level is a difference, and so is difference from difference.
            difference = differences[0] == differences[1]
        else:
            difference = all(differences)
        return c.Arithmetic(
            node.operator, left, right, Type(kind, difference=difference), node.span
        )

    def _comparable(self, left: c.Expression, right: c.Expression, span: Span) -> bool:
        if left.type.kind is right.type.kind and left.type.labels == right.type.labels:
            return True
        self.scope.report(
            errors.mismatch(
                "compared with",
                left.type.describe(),
                right.type.describe(),
                span,
                left.span,
                right.span,
                self._comparison_help(left, right),
            )
        )
        return False

    def _comparison_help(self, left: c.Expression, right: c.Expression) -> str:
        kinds = {left.type.kind, right.type.kind}
        if kinds == {Kind.VOLATILITY, Kind.RATIO}:
            return "a quotient of two volatilities is a ratio; a volatility is in points"
        return "only values of one kind can be compared"

    def _comparison(self, node: ast.Comparison) -> c.Expression | None:
        pair = self._pair(node.left, node.right, level=True)
        if pair is None:
            return None
        left, right = pair
        if not self._numeric(left) or not self._numeric(right):
            return None
        if not self._comparable(left, right, node.span):
            return None
        return c.Compare(node.operator, left, right, c.FLAG, node.span)

    def _between(self, node: ast.Between) -> c.Expression | None:
        value = self.infer(node.value)
        if value is None or not self._numeric(value):
            return None
        ends = []
        for end in (node.low, node.high):
            bare = self.is_bare(end)
            found = self.adapt(end, value.type, level=True) if bare else self.infer(end)
            if found is None or not self._comparable(value, found, node.span):
                return None
            ends.append(found)
        low, high = ends
        if isinstance(low, c.Constant) and isinstance(high, c.Constant) and low.value > high.value:  # type: ignore[operator]
            self.scope.report(
                errors.reversed_range(
                    "this range",
                    self.scope.shown(low.span),
                    self.scope.shown(high.span),
                    low.span.cover(high.span),
                )
            )
            return None
        return c.Logical(
            "and",
            (
                c.Compare(">=", value, low, c.FLAG, node.span),
                c.Compare("<=", value, high, c.FLAG, node.span),
            ),
            c.FLAG,
            node.span,
        )

    def _is(self, node: ast.Is) -> c.Expression | None:
        if isinstance(node.other, ast.Missing):
            value = self.infer(node.value)
            if value is None:
                return None
            found: c.Expression = c.IsMissing(value, c.FLAG, node.span)
            return c.Not(found, c.FLAG, node.span) if node.negated else found
        pair = self._pair(node.value, node.other, level=True)
        if pair is None or not self._comparable(pair[0], pair[1], node.span):
            return None
        operator = "!=" if node.negated else "=="
        return c.Compare(operator, pair[0], pair[1], c.FLAG, node.span)

    def _conditional(self, node: ast.Conditional, expected: Type | None) -> c.Expression | None:
        condition = self.condition(node.condition)
        pair = self._pair(node.then, node.otherwise, level=False, expected=expected)
        if condition is None or pair is None:
            return None
        then, otherwise = pair
        if then.type.kind is not otherwise.type.kind or then.type.labels != otherwise.type.labels:
            self.scope.report(
                errors.mismatch(
                    "an alternative to",
                    then.type.describe(),
                    otherwise.type.describe(),
                    node.span,
                    then.span,
                    otherwise.span,
                    "both branches must be of one kind",
                )
            )
            return None
        return c.Conditional(condition, then, otherwise, then.type, node.span)

    def _lasting(self, node: ast.Lasting) -> c.Expression | None:
        condition = self.condition(node.condition)
        counted = self.calls.window("for", node.count)
        if condition is None or counted is None:
            return None
        count, clock = counted
        return c.Lasting(condition, count, clock, c.FLAG, node.span)

    # --- constants ---

    def constant_value(self, value: c.Expression, at: Span | None = None) -> float | None:
        """The number of a literal, a negative of one, or a param; else None.

        `at` is the place that needs it, where that is not the value's own.
        """
        place = at or value.span
        if isinstance(value, c.Constant) and not isinstance(value.value, str):
            return float(value.value)
        if isinstance(value, c.Negative):
            inner = self.constant_value(value.operand, place)
            return None if inner is None else -inner
        if isinstance(value, c.Reference) and value.name in self.scope.params:
            state = self.scope.params[value.name]
            state.fixed_by = place
            constant = self.adapt(state.row.value, value.type)
            return self.constant_value(constant, place) if constant is not None else None
        return None


def name_of_set(scope: Scope, words: tuple[str, ...]) -> str:
    """The label set with these words."""
    return next((name for name, have in scope.label_sets.items() if words and have == words), "")
