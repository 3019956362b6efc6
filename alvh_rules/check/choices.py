"""The selection clauses of structures and legs: ranges that hold something, wings that exist."""

from __future__ import annotations

from decimal import Decimal

from alvh_rules.check import errors
from alvh_rules.check.scope import Scope
from alvh_rules.syntax import ast

_WITHOUT_OPTIONS = ("futures", "shares", "nothing")


def check_structure(scope: Scope, structure: ast.Structure | ast.Legs, layer: bool) -> None:
    """Report what no market can offer."""
    for choice in structure.choices:
        _check_choice(scope, choice)
    known = {*scope.columns}
    name = structure.underlying
    if name:
        scope.used.add(name)
    if name and name not in known and name not in scope.lost and name not in scope.broken:
        scope.report(
            errors.unknown_name(
                name, structure.span, scope.nearest(name, known), "no data column here is"
            )
        )
    if isinstance(structure, ast.Legs):
        for leg in structure.legs:
            for choice in leg.choices:
                _check_choice(scope, choice)
        if not any(isinstance(item, ast.Expiring) for item in structure.choices):
            scope.report(
                errors.missing_clause(
                    "`legs`", "`expiring`", structure.span, "say when they expire"
                )
            )
    elif (
        layer
        and structure.shape not in _WITHOUT_OPTIONS
        and not any(isinstance(item, ast.Expiring) for item in structure.choices)
    ):
        scope.report(
            errors.missing_clause(
                "this structure",
                "`expiring`",
                structure.span,
                "add `expiring 30 to 45 days, nearest 38 days`",
            )
        )


def _number(node: ast.Expression | None) -> Decimal | None:
    if isinstance(node, ast.Negative) and isinstance(node.operand, ast.Number):
        return -Decimal(node.operand.text)
    return Decimal(node.text) if isinstance(node, ast.Number) else None


def _unsigned(node: ast.Expression) -> ast.Expression:
    return node.operand if isinstance(node, ast.Negative) else node


def _check_choice(scope: Scope, choice: ast.Choice) -> None:
    match choice:
        case ast.Expiring():
            for node in (choice.low, choice.high, choice.nearest, choice.second):
                if isinstance(node, ast.Number) and node.unit not in ("", "days"):
                    scope.report(
                        errors.wrong_unit(
                            scope.shown(node.span),
                            "a number of days",
                            node.span,
                            "expiries are counted in calendar days",
                        )
                    )
                    return
            _check_range(scope, "days to expiry", choice.low, choice.high, choice.nearest)
            near, far = _number(choice.low), _number(choice.second)
            if near is not None and far is not None and near >= far:
                scope.report(
                    errors.impossible_choice(
                        "the second expiry of a calendar must come after the first", choice.span
                    )
                )
        case ast.Selection():
            _check_range(scope, choice.measure, choice.low, choice.high, choice.nearest)
            _check_measure(scope, choice)
        case ast.Months():
            for node in (choice.low, choice.high):
                number = _number(node)
                if number is not None and (number < 1 or number != number.to_integral_value()):
                    scope.report(
                        errors.impossible_choice("futures months count from 1", choice.span)
                    )
                    return
            _check_range(scope, "months", choice.low, choice.high, None)
        case _:
            pass


def _check_range(
    scope: Scope,
    what: str,
    low: ast.Expression | None,
    high: ast.Expression | None,
    preferred: ast.Expression | None,
) -> None:
    least, most, wanted = _number(low), _number(high), _number(preferred)
    if least is None or most is None or low is None or high is None:
        return
    if least > most:
        first, last = scope.shown(low.span), scope.shown(high.span)
        turned = f"{last} to {first}"
        if isinstance(low, ast.Number) and isinstance(high, ast.Number) and not low.unit:
            # One unit for both ends stands on the second.
            turned = f"{high.text} to {first}{last.removeprefix(high.text)}"
        scope.report(errors.reversed_range(what, first, last, low.span.cover(high.span), turned))
    elif wanted is not None and preferred is not None and not least <= wanted <= most:
        scope.report(errors.nearest_outside(what, preferred.span))


def _check_measure(scope: Scope, choice: ast.Selection) -> None:
    for node in (choice.low, choice.high, choice.nearest):
        value = _number(node)
        if node is None or value is None:
            continue
        number = _unsigned(node)
        assert isinstance(number, ast.Number)
        if choice.measure == "wings":
            if value <= 0:
                scope.report(errors.impossible_choice("wings are wider than nothing", node.span))
            elif number.unit == "%" and value >= 100:
                scope.report(
                    errors.impossible_choice(
                        "wings as wide as the underlying reach a strike of zero", node.span
                    )
                )
            continue
        share = value / 100 if number.unit == "%" else value
        if not 0 < share < 1:
            help = ""
            if choice.measure == "delta" and 0 < -share < 1:
                help = (
                    f"write `{scope.shown(number.span)}`: a put's delta is written without its sign"
                )
            elif number.unit == "":
                help = f"write `{number.text}%`"
            measure = choice.measure.replace("_", " ")
            scope.report(
                errors.impossible_choice(f"a {measure} lies between 0% and 100%", node.span, help)
            )
