"""The numbers inside structures and sizes, as expressions: what only positions need to know.

A delta, a distance or a weight may be a literal, a param or a measure (`at delta wanted`). Each is
checked against the kind that its place asks for and kept by its place in the text, from which the
backtest reads it (`CheckedRuleset.measures`). `spot` stands only in `at 95% of spot` and `at spot`:
what is kept there is the share.
"""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.infer_kinds import Elaborator
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import walk

_DAYS, _COUNT = Type(Kind.DAYS), Type(Kind.COUNT)


def measure(
    work: Elaborator, node: ast.Expression | None, type: Type, *, level: bool = False
) -> c.Expression | None:
    """Keep an expression of a type; None where there is none, or it is at fault."""
    if node is None:
        return None
    found = work.expecting(node, type, level=level)
    if found is not None:
        work.scope.measures[node.span] = found
    return found


def share_of_spot(node: ast.Expression) -> ast.Expression | None:
    """The share in `95% of spot`; None where the strike is said otherwise."""
    if (
        isinstance(node, ast.Arithmetic)
        and node.operator == "of"
        and isinstance(node.right, ast.Word)
        and node.right.name == "spot"
    ):
        return node.left
    return None


def measure_structure(work: Elaborator, structure: ast.Structure | ast.Legs) -> None:
    """Keep the numbers of a structure's choices."""
    points = _points(work, structure.underlying)
    for choice in structure.choices:
        _measure_choice(work, choice, points)
    for leg in structure.legs if isinstance(structure, ast.Legs) else ():
        for choice in leg.choices:
            _measure_choice(work, choice, points)


def _points(work: Elaborator, underlying: str) -> Type:
    """The kind of a distance between strikes: the underlying's own."""
    column = work.scope.columns.get(underlying)
    kind = column.kind if column is not None else Kind.PRICE
    return Type(kind if kind in (Kind.PRICE, Kind.VOLATILITY) else Kind.PRICE, difference=True)


def _measure_choice(work: Elaborator, choice: ast.Choice, points: Type) -> None:
    match choice:
        case ast.Expiring():
            for node in (choice.low, choice.high, choice.nearest, choice.second):
                # A wrong unit is reported where ranges are looked at.
                if not (isinstance(node, ast.Number) and node.unit not in ("", "days")):
                    measure(work, node, _DAYS)
        case ast.Selection(measure="wings"):
            said = [node for node in (choice.low, choice.high, choice.nearest) if node is not None]
            as_share = any(_is_share(work, node) for node in said)
            for node in said:
                measure(work, node, c.RATIO if as_share else points)
        case ast.Selection():
            for node in (choice.low, choice.high, choice.nearest):
                measure(work, node, Type(Kind.RATIO, difference=True))
        case ast.AtStrike():
            share = share_of_spot(choice.strike)
            if share is not None:
                measure(work, share, c.RATIO)
            elif any(isinstance(part, ast.Word) and part.name == "spot" for part in walk(choice)):
                work.scope.report(
                    errors.impossible_choice(
                        "`spot` stands in a strike only as a share of it",
                        choice.span,
                        "write `at 95% of spot`",
                    )
                )
            else:
                measure(work, choice.strike, points)
        case ast.Offset():
            measure(work, choice.distance, points)
        case ast.Months():
            for node in (choice.low, choice.high):
                measure(work, node, _COUNT)
        case ast.ConstantMaturity():
            measure(work, choice.days, _DAYS)
        case _:
            pass


def _is_share(work: Elaborator, node: ast.Expression) -> bool:
    """Whether wings are a share of spot (`5%`) and not points."""
    if isinstance(node, ast.Number):
        return node.unit == "%"
    if work.is_bare(node):
        return work.own_type(node).kind is Kind.RATIO and any(
            isinstance(part, ast.Number) and part.unit == "%" for part in walk(node)
        )
    found = work.scope.named.get(node.name) if isinstance(node, ast.Word) else None
    value = work.scope.values.get(node.name) if found is not None else None  # type: ignore[union-attr]
    return value is not None and value.type.kind is Kind.RATIO
