"""Functions of one row: exact where cases say them, else an unknown with what is always true of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from alvh_rules.prove import polynomial as p
from alvh_rules.prove.symbols import implied
from alvh_rules.prove.values import Content, Number, Value, both

if TYPE_CHECKING:
    from alvh_rules.prove.translate import Translation


def _pick(to: Translation, a: Content, b: Content, sign: str) -> Value:
    """The first where `a sign b`, else the second; missing where either is."""
    left, right = to.number(a), to.number(b)
    if left is None or right is None:
        return to.diagrams.leaf(float("nan"))
    truth = to.symbols.compare(left, right, sign)
    selector = to.selector_of(truth)
    options: list[Value] = []
    for case in selector.cases:
        chosen: Content = {1: a, -1: b, 0: float("nan")}[int(case)]
        options.append(to.diagrams.leaf(chosen))
    return to.diagrams.choose(selector, options)


def _least(to: Translation, *parts: Content) -> Value:
    return _fold(to, parts, "<=")


def _most(to: Translation, *parts: Content) -> Value:
    return _fold(to, parts, ">=")


def _fold(to: Translation, parts: Sequence[Content], sign: str) -> Value:
    found: Value = to.diagrams.leaf(parts[0])
    for part in parts[1:]:
        found = to.diagrams.apply(
            lambda a, part=part: _pick(to, a, part, sign),
            [found],
        )
    return found


def _clip(to: Translation, x: Content, low: Content, high: Content) -> Value:
    raised = _pick(to, x, low, ">=")
    return to.diagrams.apply(lambda a: _pick(to, a, high, "<="), [raised])


def _size(to: Translation, x: Content) -> Value:
    number = to.number(x)
    if number is None:
        return to.diagrams.leaf(float("nan"))
    negative = Number(-number.top, number.bottom, number.known)
    return _pick(to, number, negative, ">=")


def _curve_of(name: str) -> Callable[..., Value]:
    """`sqrt`, `log`, `exp`: an unknown with its sign, and on which side of one its argument lies."""

    def found(to: Translation, x: Content) -> Value:
        number = to.number(x)
        if number is None:
            return to.diagrams.leaf(float("nan"))
        symbols = to.symbols
        zero, one = symbols.constant(0.0), symbols.constant(1.0)
        exact = to.solid(number)
        known = number.known
        if name != "exp":
            known = both(known, symbols.compare(number, zero, ">=" if name == "sqrt" else ">").true)
        floor = p.Interval(p.End(Fraction(0)), p.End(None)) if name != "log" else p.ANYWHERE
        value = symbols.number(symbols.real((name, exact), floor), known)
        pivot, level = (zero, one) if name == "exp" else (one, zero if name == "log" else one)
        for sign in ("<=", ">=", "<", ">"):
            here = symbols.compare(number, pivot, sign).true
            symbols.fact(implied(both(known, here), symbols.compare(value, level, sign).true))
        if name == "sqrt":
            square = Number(value.top * value.top, p.number(1), known)
            symbols.fact(implied(known, symbols.compare(square, number, "==").true))
        for other, other_value in symbols.families.setdefault((name,), {}).values():
            less = symbols.compare(number, other, "<=").true
            order = symbols.compare(value, other_value, "<=").true
            more = symbols.compare(number, other, ">=").true
            back = symbols.compare(value, other_value, ">=").true
            ready = both(value.known, other_value.known)
            symbols.fact(implied(both(ready, less), order))
            symbols.fact(implied(both(ready, more), back))
        symbols.families[name,][exact] = (number, value)
        return to.diagrams.leaf(value)

    return found


EXACT: Mapping[str, Callable[..., Value]] = {
    "min": _least,
    "max": _most,
    "abs": _size,
    "clip": _clip,
    "sqrt": _curve_of("sqrt"),
    "log": _curve_of("log"),
    "exp": _curve_of("exp"),
}
"""What each function of one row is, of leaves."""
