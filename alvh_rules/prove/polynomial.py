"""Polynomials over numbered unknowns, with exact coefficients.

A decision compares sums, products and quotients of columns. As one polynomial over another, both
sides of a comparison multiply out to `p < 0`, so that `vix3m / vix - 1 > 5%` and `vix3m > 1.05 * vix`
become the same linear atom, and the solver is asked of nothing harder than the ruleset says.

A monomial is the ascending tuple of its unknowns, each as often as its power. Bounds are worked out
by interval arithmetic over exact fractions; an open end is one that is not reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

Monomial = tuple[int, ...]


class End(NamedTuple):
    """An end of an interval; `value` None is infinite, `open` says that it is not reached."""

    value: Fraction | None
    open: bool = False


class Interval(NamedTuple):
    """The numbers from `low` to `high`."""

    low: End
    high: End

    @property
    def positive(self) -> bool:
        """Whether every number in it is above zero."""
        value = self.low.value
        return value is not None and (value > 0 or (value == 0 and self.low.open))

    @property
    def negative(self) -> bool:
        """Whether every number in it is below zero."""
        value = self.high.value
        return value is not None and (value < 0 or (value == 0 and self.high.open))

    @property
    def not_negative(self) -> bool:
        """Whether no number in it is below zero."""
        return self.low.value is not None and self.low.value >= 0

    @property
    def not_positive(self) -> bool:
        """Whether no number in it is above zero."""
        return self.high.value is not None and self.high.value <= 0

    def meet(self, other: Interval) -> Interval:
        """What lies in both; it may hold nothing."""
        return Interval(_higher(self.low, other.low), _lower(self.high, other.high))


ANYWHERE = Interval(End(None), End(None))
ONE = Fraction(1)


def _higher(a: End, b: End) -> End:
    if a.value is None or b.value is None:
        return b if a.value is None else a
    if a.value == b.value:
        return End(a.value, a.open or b.open)
    return a if a.value > b.value else b


def _lower(a: End, b: End) -> End:
    if a.value is None or b.value is None:
        return b if a.value is None else a
    if a.value == b.value:
        return End(a.value, a.open or b.open)
    return a if a.value < b.value else b


def plus(a: Interval, b: Interval) -> Interval:
    """Where a sum lies."""

    def end(x: End, y: End) -> End:
        if x.value is None or y.value is None:
            return End(None)
        return End(x.value + y.value, x.open or y.open)

    return Interval(end(a.low, b.low), end(a.high, b.high))


def scaled(a: Interval, by: Fraction) -> Interval:
    """Where a multiple lies."""

    def end(x: End) -> End:
        return End(None) if x.value is None else End(x.value * by, x.open)

    low, high = end(a.low), end(a.high)
    return Interval(low, high) if by >= 0 else Interval(high, low)


def inverted(a: Interval) -> Interval:
    """Where one over a positive number lies."""
    low, high = a
    most = End(None) if not low.value else End(1 / low.value, low.open)
    least = End(Fraction(0), True) if not high.value else End(1 / high.value, high.open)
    return Interval(least, most)


def product(a: Interval, b: Interval) -> Interval:
    """Where a product lies. Only signs and finite ends are used; what is not sure is left open."""
    if a.not_negative and b.not_negative:
        low = End((a.low.value or Fraction(0)) * (b.low.value or Fraction(0)))
        if low.value == 0:
            low = End(low.value, a.positive and b.positive)
        elif a.low.open or b.low.open:
            low = End(low.value, True)
        if a.high.value is None or b.high.value is None:
            return Interval(low, End(None))
        most = a.high.value * b.high.value
        return Interval(low, End(most, most > 0 and (a.high.open or b.high.open)))
    if a.not_positive and not a.not_negative:
        return scaled(product(scaled(a, Fraction(-1)), b), Fraction(-1))
    if b.not_positive and not b.not_negative:
        return scaled(product(a, scaled(b, Fraction(-1))), Fraction(-1))
    ends = [a.low.value, a.high.value, b.low.value, b.high.value]
    if any(value is None for value in ends):
        return ANYWHERE
    found = [x * y for x in ends[:2] for y in ends[2:] if x is not None and y is not None]
    return Interval(End(min(found)), End(max(found)))


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A sum of monomials, each with a coefficient that is not zero, in ascending order."""

    terms: tuple[tuple[Monomial, Fraction], ...]

    @property
    def constant(self) -> Fraction | None:
        """Its value where it has no unknowns, else None."""
        if not self.terms:
            return Fraction(0)
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    @property
    def unknowns(self) -> frozenset[int]:
        """The unknowns that it has."""
        return frozenset(number for monomial, _ in self.terms for number in monomial)

    @property
    def degree(self) -> int:
        """The most unknowns in a monomial."""
        return max((len(monomial) for monomial, _ in self.terms), default=0)

    def __add__(self, other: Polynomial) -> Polynomial:
        found = dict(self.terms)
        for monomial, factor in other.terms:
            found[monomial] = found.get(monomial, Fraction(0)) + factor
        return _of(found)

    def __neg__(self) -> Polynomial:
        return self.times(Fraction(-1))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        found: dict[Monomial, Fraction] = {}
        for a, x in self.terms:
            for b, y in other.terms:
                both = tuple(sorted(a + b))
                found[both] = found.get(both, Fraction(0)) + x * y
        return _of(found)

    def times(self, factor: Fraction) -> Polynomial:
        """Every coefficient times a number."""
        return _of({monomial: part * factor for monomial, part in self.terms})

    def shared(self) -> Monomial:
        """The unknowns that every monomial has, as often as all of them have."""
        if not self.terms:
            return ()
        rest = list(self.terms[0][0])
        for monomial, _ in self.terms[1:]:
            left, kept = list(monomial), []
            for number in rest:
                if number in left:
                    left.remove(number)
                    kept.append(number)
            rest = kept
        return tuple(rest)

    def without(self, shared: Monomial) -> Polynomial:
        """The quotient by unknowns that every monomial has."""
        found = {}
        for monomial, factor in self.terms:
            left = list(monomial)
            for number in shared:
                left.remove(number)
            found[tuple(left)] = factor
        return _of(found)

    def within(self, bounds: Mapping[int, Interval]) -> Interval:
        """Where its value lies, where each unknown lies within its bounds."""
        total = Interval(End(Fraction(0)), End(Fraction(0)))
        for monomial, factor in self.terms:
            part = Interval(End(ONE), End(ONE))
            for number in monomial:
                part = product(part, bounds.get(number, ANYWHERE))
            total = plus(total, scaled(part, factor))
        return total

    def at(self, values: Mapping[int, Fraction]) -> Fraction:
        """Its value, where every unknown has one."""
        total = Fraction(0)
        for monomial, factor in self.terms:
            part = factor
            for number in monomial:
                part *= values[number]
            total += part
        return total


def _of(found: Mapping[Monomial, Fraction]) -> Polynomial:
    return Polynomial(tuple(sorted((key, part) for key, part in found.items() if part)))


def number(value: Fraction | int) -> Polynomial:
    """A number as a polynomial."""
    return _of({(): Fraction(value)})


def unknown(which: int) -> Polynomial:
    """An unknown as a polynomial."""
    return Polynomial((((which,), ONE),))


def decimal(value: float) -> Fraction:
    """The decimal of 15 digits that a trader wrote and a double stands for: 0.1 is a tenth here."""
    return Fraction(f"{value:.15g}")
