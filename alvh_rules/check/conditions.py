"""Clauses that decide nothing: always or never true, contradictory, or said twice.

Each expression gets an interval of possible values from literals, from the ranges of kinds and from
the bounds in the functions' records. A comparison whose sides' intervals do not meet is decided
before any data; in an `and`, the comparisons of one expression with constants are intersected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.removal import of_clause
from alvh_rules.check.scope import Scope
from alvh_rules.core.kinds import RANGES

Interval = tuple[float, float]
_ALL: Interval = (-math.inf, math.inf)


def check_conditions(
    scope: Scope, values: Mapping[str, c.Expression], layers: tuple[c.Layer, ...]
) -> None:
    """Report the clauses of every value that cannot matter."""
    # A property is meant to be always true: only its parts' own definitions are looked at.
    written = [value for name, value in values.items() if scope.roles[name] is not c.Role.ALWAYS]
    roots = [*written, *(layer.close for layer in layers if layer.close is not None)]
    seen: set[object] = set()
    for root in roots:
        stack = [root]
        while stack:
            node = stack.pop()
            if (
                node.type.kind.value == "flag"
                and node.span.file
                and (node.span, type(node)) not in seen
            ):
                seen.add((node.span, type(node)))
                _check(scope, values, node)
            stack.extend(c.operands(node))


def _check(scope: Scope, values: Mapping[str, c.Expression], node: c.Expression) -> None:
    if isinstance(node, c.Compare):
        verdict = _decided(values, node)
        if verdict is not None:
            text = scope.shown(node.span)
            why = f"the left side lies between {_range(_interval(values, node.left, 0))}"
            report = errors.always_true if verdict else errors.always_false
            if not _in_step(scope, node):
                scope.report(report(text, why, node.span))
    elif isinstance(node, c.Logical):
        _clauses(scope, node)


def _in_step(scope: Scope, node: c.Compare) -> bool:
    """Whether the comparison was made for a limit, not written as a clause."""
    return any(
        value is node and scope.roles[name] is c.Role.BOUND for name, value in scope.values.items()
    )


def _range(interval: Interval) -> str:
    low, high = (f"{end:g}" if math.isfinite(end) else "any value" for end in interval)
    return f"{low} and {high}"


def _decided(values: Mapping[str, c.Expression], node: c.Compare) -> bool | None:
    a, b = _interval(values, node.left, 0), _interval(values, node.right, 0)
    match node.operator:
        case "<":
            return True if a[1] < b[0] else False if a[0] >= b[1] else None
        case "<=":
            return True if a[1] <= b[0] else False if a[0] > b[1] else None
        case ">":
            return True if a[0] > b[1] else False if a[1] <= b[0] else None
        case ">=":
            return True if a[0] >= b[1] else False if a[1] < b[0] else None
        case _:
            return None


def _interval(values: Mapping[str, c.Expression], node: c.Expression, depth: int) -> Interval:
    if depth > 40:
        return _ALL
    match node:
        case c.Constant() if isinstance(node.value, (int, float)) and not math.isnan(node.value):
            return (float(node.value), float(node.value))
        case c.Negative():
            low, high = _interval(values, node.operand, depth + 1)
            return (-high, -low)
        case c.Column():
            return _of_kind(node)
        case c.Reference():
            target = values.get(node.name)
            if target is None or isinstance(target, c.Choose):
                return _of_kind(node)
            return _interval(values, target, depth + 1)
        case c.Invoke():
            least, most = node.builtin.least, node.builtin.most
            return (-math.inf if least is None else least, math.inf if most is None else most)
        case c.Table() if node.missing is None and all(
            isinstance(item, c.Constant) and isinstance(item.value, (int, float))
            for item in node.values
        ):
            numbers = [float(item.value) for item in node.values if isinstance(item, c.Constant)]
            return (min(numbers), max(numbers))
        case _:
            return _ALL


def _of_kind(node: c.Column | c.Reference) -> Interval:
    if node.type.difference:
        return _ALL
    low, high = RANGES.get(node.type.kind, (None, None))
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _clauses(scope: Scope, node: c.Logical) -> None:
    """Repeated clauses; and, in an `and`, comparisons that leave nothing."""
    first: dict[c.Expression, c.Expression] = {}
    for item in node.items:
        if item in first and item.span != first[item].span:
            removal = of_clause(scope.sources[item.span.file], node.span, item.span)
            scope.report(
                errors.repeated_clause(scope.shown(item.span), item.span, first[item].span, removal)
            )
        first.setdefault(item, item)
    if node.operator != "and":
        return
    bounds: dict[c.Expression, tuple[float, float, c.Compare, c.Compare]] = {}
    for item in _flat(node):
        if not isinstance(item, c.Compare) or item.operator not in ("<", "<=", ">", ">="):
            continue
        limit = _number(item.right)
        if limit is None:
            continue
        tight = math.nextafter
        low, high, by_low, by_high = bounds.get(item.left, (-math.inf, math.inf, item, item))
        if item.operator in (">", ">="):
            value = tight(limit, math.inf) if item.operator == ">" else limit
            if value > low:
                low, by_low = value, item
        else:
            value = tight(limit, -math.inf) if item.operator == "<" else limit
            if value < high:
                high, by_high = value, item
        if low > high and by_low.span != by_high.span:
            scope.report(
                errors.contradiction(
                    by_high.span, by_low.span, scope.shown(by_high.span), scope.shown(by_low.span)
                )
            )
            return
        bounds[item.left] = (low, high, by_low, by_high)


def _flat(node: c.Logical) -> list[c.Expression]:
    found: list[c.Expression] = []
    for item in node.items:
        if isinstance(item, c.Logical) and item.operator == "and":
            found.extend(_flat(item))
        else:
            found.append(item)
    return found


def _number(node: c.Expression) -> float | None:
    if isinstance(node, c.Negative):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, c.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    return None
