"""Values as the solver has them: conditions as formulas, numbers as polynomials over polynomials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import z3

from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan.scalars import rounded
from alvh_rules.prove import polynomial as p
from alvh_rules.prove.symbols import Symbols, implied
from alvh_rules.prove.values import (
    Content,
    Diagrams,
    Leaf,
    Number,
    Selector,
    Truth,
    Value,
    both,
    either,
    folded,
    leaves,
    opposite,
)

YES, NO = z3.BoolVal(True), z3.BoolVal(False)
UNIT = Fraction(1, 10**12)
MOST_TERMS = 60
"""Terms of a polynomial beyond which a number is only known by its bounds."""


class Formulas:
    """What values say, over one set of unknowns."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.diagrams: Diagrams = symbols.diagrams
        self._said: set[object] = set()

    def truth_of(self, value: Value) -> Truth:
        """A condition's value as formulas."""
        if isinstance(value, Leaf):
            return truth_in(value.content)
        true = folded(value, lambda content: truth_in(content).true, bool_if)
        unknown = folded(value, lambda content: truth_in(content).unknown, bool_if)
        if z3.is_false(unknown):
            return Truth(true, opposite(true))
        return Truth(true, folded(value, lambda content: truth_in(content).false, bool_if))

    def where(self, value: Value, test: Callable[[Content], bool]) -> z3.BoolRef:
        """When a value's leaf passes a test."""
        found: z3.BoolRef = folded(value, lambda content: YES if test(content) else NO, bool_if)
        return found

    def known(self, value: Value) -> z3.BoolRef:
        """When a value is not missing."""
        found: z3.BoolRef = folded(value, known_in, bool_if)
        return found

    def number_of(self, value: Value) -> Number:
        """A number's value as one leaf: an unknown that is what each case says."""
        if isinstance(value, Leaf):
            found = self.number(value.content)
            return found or Number(p.number(0), p.number(1), NO)
        known = self.known(value)
        which = self.symbols.real(("cases", id(value)), self.range(value))
        if self.first_time(("cases", which)):
            term = folded(value, self._term, z3.If)
            self.symbols.fact(implied(known, self.symbols.reals[which] == term))
        return self.symbols.number(which, known)

    def _term(self, content: Content) -> z3.ArithRef:
        number = self.number(content)
        return self.symbols.term(p.number(0) if number is None else self.solid(number))

    def selector_of(self, truth: Truth) -> Selector:
        """The cases of a condition."""
        return self.diagrams.selector(
            (TRUE, UNKNOWN, FALSE), (truth.true, truth.unknown, truth.false)
        )

    def range(self, value: Value) -> p.Interval:
        """Where a number lies, whatever the case."""
        found = [self.number(leaf.content) for leaf in leaves(value)]
        return self.hull([self.symbols.within(number) for number in found if number is not None])

    def hull(self, parts: Sequence[p.Interval]) -> p.Interval:
        """The interval around several."""
        if not parts:
            return p.ANYWHERE
        low, high = parts[0]
        for part in parts[1:]:
            low, high = _least(low, part.low), _most(high, part.high)
        return p.Interval(low, high)

    def first_time(self, key: object) -> bool:
        """Whether something is said for the first time."""
        new = key not in self._said
        self._said.add(key)
        return new

    def number(self, content: Content) -> Number | None:
        """A leaf as a number; None where it is missing."""
        if isinstance(content, Number):
            return content
        assert isinstance(content, (int, float))
        return None if content != content else self.symbols.constant(content)

    def is_number(self, value: Value) -> bool:
        """Whether a value is a number's."""
        return any(isinstance(leaf.content, (Number, float)) for leaf in leaves(value))

    def compared(self, a: Content, b: Content, sign: str) -> Value:
        """One leaf against another."""
        left, right = self.number(a), self.number(b)
        if left is None or right is None:
            return self.diagrams.leaf(UNKNOWN)
        return self.diagrams.leaf(self.symbols.compare(left, right, sign))

    # --- arithmetic ---

    def arithmetic(self, sign: str, left: Number, right: Number) -> Number:
        """A sum, difference, product or quotient; a quotient by zero is missing."""
        known = both(left.known, right.known)
        a, b, c, d = left.top, left.bottom, right.top, right.bottom
        if sign in "+-":
            if b == d:
                top, bottom = (a + c if sign == "+" else a - c), b
            else:
                top, bottom = (a * d + c * b if sign == "+" else a * d - c * b), b * d
        elif sign == "*":
            top, bottom = a * c, b * d
        else:
            top, bottom = a * d, b * c
            known = both(known, self.symbols.atom(c, "!="))
        if len(top.terms) > MOST_TERMS or len(bottom.terms) > MOST_TERMS:
            which = self.symbols.real(
                ("large", sign, left.top, left.bottom, right.top, right.bottom)
            )
            return self.symbols.number(which, known)
        return self._reduced(Number(top, bottom, known))

    def _reduced(self, number: Number) -> Number:
        """Without what top and bottom share, where that is never zero."""
        top, bottom = number.top, number.bottom
        constant = bottom.constant
        if constant is not None and constant != 0:
            return Number(top.times(1 / constant), p.number(1), number.known)
        common = [
            item
            for item in set(top.shared())
            if item in bottom.shared() and self.symbols.bounds.get(item, p.ANYWHERE).positive
        ]
        for item in common:
            top, bottom = top.without((item,)), bottom.without((item,))
        if common:
            return self._reduced(Number(top, bottom, number.known))
        return Number(top, bottom, number.known)

    def solid(self, number: Number) -> p.Polynomial:
        """A number as a polynomial: a quotient becomes an unknown that is its value."""
        if number.bottom.constant is not None:
            return number.top.times(1 / number.bottom.constant)
        which = self.symbols.real(
            ("quotient", number.top, number.bottom), self.symbols.within(number)
        )
        same = self.symbols.atom(p.unknown(which) * number.bottom - number.top, "==")
        self.symbols.fact(implied(self.symbols.atom(number.bottom, "!="), same))
        return p.unknown(which)

    def rounded_number(self, number: Number) -> Value:
        """A multiple of 10⁻¹² within half of one; a hair more, for what floating point does to ties."""
        exact = self.solid(number)
        if exact.constant is not None:
            return self.diagrams.leaf(rounded(float(exact.constant)))
        key = ("rounded", exact)
        fresh = z3.Int(f"k{self.symbols.numbers.of(*key)}")
        hair = UNIT * Fraction(501, 1000)
        low, high = exact.within(self.symbols.bounds)
        within = p.Interval(
            p.End(None if low.value is None else -((hair - low.value) // UNIT) * UNIT),
            p.End(None if high.value is None else (high.value + hair) // UNIT * UNIT),
        )
        which = self.symbols.real(key, within)
        term = self.symbols.reals[which]
        self.symbols.fact(term * 10**12 == z3.ToReal(fresh))
        apart = p.unknown(which) - exact
        self.symbols.fact(self.symbols.atom(apart - p.number(hair), "<="))
        self.symbols.fact(self.symbols.atom(apart + p.number(hair), ">="))
        return self.diagrams.leaf(self.symbols.number(which, number.known))


def bool_if(guard: z3.BoolRef, then: z3.BoolRef, otherwise: z3.BoolRef) -> z3.BoolRef:
    """`if` of conditions, without the constants."""
    if then.eq(otherwise):
        return then
    if z3.is_true(then) or z3.is_false(otherwise):
        return either(guard, otherwise) if z3.is_true(then) else both(guard, then)
    if z3.is_false(then):
        return both(opposite(guard), otherwise)
    if z3.is_true(otherwise):
        return either(opposite(guard), then)
    found: z3.BoolRef = z3.If(guard, then, otherwise)
    return found


def truth_in(content: Content) -> Truth:
    """A leaf as a condition."""
    if isinstance(content, Truth):
        return content
    return Truth(z3.BoolVal(content == TRUE), z3.BoolVal(content == FALSE))


def known_in(content: Content) -> z3.BoolRef:
    """When a leaf is not missing; a code is missing at -1, a truth never is so here."""
    if isinstance(content, Number):
        return content.known
    if isinstance(content, Truth):
        return opposite(content.unknown)
    return z3.BoolVal(content == content)


def same_truth(sign: str, left: Truth, right: Truth) -> Truth:
    """Whether two conditions are equal (`==`) or not, in Kleene\'s logic."""
    same = either(both(left.true, right.true), both(left.false, right.false))
    apart = either(both(left.true, right.false), both(left.false, right.true))
    return Truth(same, apart) if sign == "==" else Truth(apart, same)


def _least(a: p.End, b: p.End) -> p.End:
    if a.value is None or b.value is None:
        return p.End(None)
    return p.End(
        min(a.value, b.value),
        (a if a.value < b.value else b).open if a.value != b.value else a.open and b.open,
    )


def _most(a: p.End, b: p.End) -> p.End:
    if a.value is None or b.value is None:
        return p.End(None)
    return p.End(
        max(a.value, b.value),
        (a if a.value > b.value else b).open if a.value != b.value else a.open and b.open,
    )
