"""The unknowns of a proof: what a market may be, and what is always true of it.

An unknown is a data column on this row, the value of a function that looks back, an event, what was
before this row, or a fact of what is held. It has one key, whichever ruleset asks for it, so that the
same call is the same value. What is always true is kept as facts, each with the unknowns it speaks
of, and a question is asked with the facts that its own unknowns lead to.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import z3

from alvh_rules.prove import polynomial as p
from alvh_rules.prove.keys import Numbers
from alvh_rules.prove.values import Diagrams, Number, Truth, both, either, opposite

Ratio = tuple[p.Polynomial, p.Polynomial]


class Symbols:
    """Unknowns, the atoms made of them, and the facts about them."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.diagrams = Diagrams()
        self.reals: list[z3.ArithRef] = []
        self.bounds: dict[int, p.Interval] = {}
        self._by_key: dict[Hashable, int] = {}
        self._truths: dict[Hashable, z3.BoolRef] = {}
        self._atoms: dict[Hashable, z3.BoolRef] = {}
        self._atom_of: dict[int, p.Polynomial] = {}
        self._facts: list[tuple[z3.BoolRef, frozenset[str]]] = []
        self._facts_of: dict[str, list[int]] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._kept: list[z3.ExprRef] = []
        self.families: dict[Hashable, dict[Any, Any]] = {}
        """Unknowns that facts connect, by what connects them."""

    # --- unknowns ---

    def real(self, key: Hashable, within: p.Interval = p.ANYWHERE) -> int:
        """The number of a real unknown; its bounds become facts when it is made."""
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = len(self.reals)
            term = z3.Real(f"r{found}")
            self.reals.append(term)
            self.narrow(found, within)
        return found

    def narrow(self, number: int, within: p.Interval) -> None:
        """Say that an unknown lies within bounds."""
        self.bounds[number] = self.bounds.get(number, p.ANYWHERE).meet(within)
        term = self.reals[number]
        if within.low.value is not None:
            low = _rational(within.low.value)
            self.fact(term > low if within.low.open else term >= low)
        if within.high.value is not None:
            high = _rational(within.high.value)
            self.fact(term < high if within.high.open else term <= high)

    def boolean(self, *key: Hashable) -> z3.BoolRef:
        """A yes/no unknown."""
        found = self._truths.get(key)
        if found is None:
            found = self._truths[key] = z3.Bool(f"b{len(self._truths)}")
        return found

    def truth(self, key: Hashable, known: bool) -> Truth:
        """A condition that is an unknown; where it is not `known` it may be unknown to the ruleset."""
        true = self.boolean("true", key)
        if known:
            return Truth(true, opposite(true))
        false = self.boolean("false", key)
        if ("apart", key) not in self._truths:
            self.boolean("apart", key)
            self.fact(either(opposite(true), opposite(false)))
        return Truth(true, false)

    # --- facts ---

    def fact(self, formula: z3.BoolRef) -> None:
        """Something that holds in every market."""
        if z3.is_true(formula):
            return
        names = self.names(formula)
        for name in names:
            self._facts_of.setdefault(name, []).append(len(self._facts))
        self._facts.append((formula, names))

    def facts_for(self, formulas: Iterable[z3.BoolRef]) -> list[z3.BoolRef]:
        """The facts that the unknowns of these formulas lead to, in the order they were made."""
        wanted: set[int] = set()
        seen: set[str] = set()
        stack = [name for formula in formulas for name in self.names(formula)]
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            for number in self._facts_of.get(name, ()):
                if number not in wanted:
                    wanted.add(number)
                    stack.extend(self._facts[number][1])
        return [self._facts[number][0] for number in sorted(wanted)]

    def names(self, formula: z3.ExprRef) -> frozenset[str]:
        """The unknowns in a formula."""
        found = self._names.get(formula.get_id())
        if found is not None:
            return found
        stack = [formula]
        seen: set[int] = set()
        names: set[str] = set()
        while stack:
            top = stack.pop()
            if top.get_id() in seen:
                continue
            seen.add(top.get_id())
            known = self._names.get(top.get_id())
            if known is not None:
                names |= known
            elif top.num_args():
                stack.extend(top.children())
            elif z3.is_const(top) and top.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                names.add(top.decl().name())
        # Kept alive, so that its number is not given to another.
        self._kept.append(formula)
        self._names[formula.get_id()] = frozenset(names)
        return self._names[formula.get_id()]

    def keep(self, formulas: Iterable[z3.ExprRef]) -> None:
        """Keep formulas alive whose numbers stand in a key, so that none is given to another."""
        self._kept.extend(formulas)

    # --- terms ---

    def term(self, polynomial: p.Polynomial) -> z3.ArithRef:
        """A polynomial as the solver has it."""
        parts = []
        for monomial, factor in polynomial.terms:
            term: z3.ArithRef = _rational(factor)
            for number in monomial:
                term = self.reals[number] if term is None else term * self.reals[number]
            parts.append(term)
        return z3.Sum(parts) if len(parts) > 1 else parts[0] if parts else _rational(Fraction(0))

    def atom(self, polynomial: p.Polynomial, sign: str) -> z3.BoolRef:
        """`polynomial < 0` and the like, each atom once whatever it was multiplied by."""
        if sign == "!=":
            return opposite(self.atom(polynomial, "=="))
        if sign in (">", ">="):
            return self.atom(-polynomial, "<" if sign == ">" else "<=")
        shared = tuple(number for number in polynomial.shared() if self._bound(number).positive)
        polynomial = polynomial.without(shared)
        constant = polynomial.constant
        if constant is not None:
            holds = constant < 0 or (constant == 0 and sign != "<")
            return z3.BoolVal(holds if sign != "==" else constant == 0)
        within = polynomial.within(self.bounds)
        if within.positive or (sign == "<" and within.not_negative):
            return z3.BoolVal(False)
        if within.negative or (sign == "<=" and within.not_positive):
            return z3.BoolVal(sign != "==")
        leading = polynomial.terms[-1][1]
        polynomial = polynomial.times(1 / abs(leading))
        if leading < 0:
            if sign == "==":
                polynomial = -polynomial
            else:
                # -q < 0 is not q <= 0.
                return opposite(self.atom(-polynomial, "<=" if sign == "<" else "<"))
        found = self._atoms.get((polynomial, sign))
        if found is None:
            term = self.term(polynomial)
            found = {"<": term < 0, "<=": term <= 0, "==": term == 0}[sign]
            self._atoms[polynomial, sign] = found
            self._atom_of[found.get_id()] = polynomial
        return found

    def _bound(self, number: int) -> p.Interval:
        return self.bounds.get(number, p.ANYWHERE)

    def edges(self, formulas: Iterable[z3.BoolRef]) -> list[p.Polynomial]:
        """The polynomials of the atoms in formulas: a decision can turn where one of them is zero."""
        found: dict[p.Polynomial, None] = {}
        seen: set[int] = set()
        stack = list(formulas)
        while stack:
            top = stack.pop()
            if top.get_id() in seen:
                continue
            seen.add(top.get_id())
            edge = self._atom_of.get(top.get_id())
            if edge is not None:
                found[edge] = None
            elif z3.is_bool(top):
                stack.extend(top.children())
        return list(found)

    def compare(self, left: Number, right: Number, sign: str) -> Truth:
        """One number against another."""
        difference = left.top * right.bottom - right.top * left.bottom
        bottom = left.bottom * right.bottom
        within = bottom.within(self.bounds)
        known = both(left.known, right.known)
        if within.positive:
            holds = self.atom(difference, sign)
        elif within.negative:
            holds = self.atom(-difference, sign)
        else:
            above = self.atom(bottom, ">")
            holds = either(
                both(above, self.atom(difference, sign)),
                both(opposite(above), self.atom(-difference, sign)),
            )
        if z3.is_true(known):
            return Truth(holds, opposite(holds))
        return Truth(both(known, holds), both(known, opposite(holds)))

    def number(self, which: int, known: z3.BoolRef | None = None) -> Number:
        """An unknown as a number."""
        return Number(p.unknown(which), p.number(1), z3.BoolVal(True) if known is None else known)

    def constant(self, value: float) -> Number:
        """A number of the ruleset."""
        return Number(p.number(p.decimal(value)), p.number(1), z3.BoolVal(True))

    def within(self, value: Number) -> p.Interval:
        """Where a number lies, by the bounds of its unknowns."""
        top, bottom = value.top.within(self.bounds), value.bottom.within(self.bounds)
        constant = value.bottom.constant
        if constant is not None and constant > 0:
            return value.top.times(1 / constant).within(self.bounds)
        if len(value.bottom.terms) == 1 and bottom.positive:
            return self._termwise(value)
        if bottom.positive:
            if top.positive:
                return p.Interval(p.End(Fraction(0), True), p.End(None))
            if top.not_negative:
                return p.Interval(p.End(Fraction(0)), p.End(None))
            if top.not_positive:
                return p.Interval(p.End(None), p.End(Fraction(0)))
        return p.ANYWHERE

    def _termwise(self, value: Number) -> p.Interval:
        """Of a quotient by one positive monomial: the sum of what each term's quotient can be."""
        ((below, factor),) = value.bottom.terms
        total = p.Interval(p.End(Fraction(0)), p.End(Fraction(0)))
        for monomial, part in value.top.terms:
            above, under = list(monomial), []
            for number in below:
                if number in above:
                    above.remove(number)
                else:
                    under.append(number)
            top = p.Polynomial(((tuple(above), p.ONE),)).within(self.bounds)
            inverse = p.Polynomial(((tuple(under), p.ONE),)).within(self.bounds)
            total = p.plus(total, p.scaled(p.product(top, p.inverted(inverse)), part / factor))
        return total


def _rational(value: Fraction) -> z3.RatNumRef:
    return z3.Q(value.numerator, value.denominator)


def implied(first: z3.BoolRef, then: z3.BoolRef) -> z3.BoolRef:
    """`then` wherever `first`."""
    return either(opposite(first), then)


def all_of(parts: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """`and` of several."""
    return both(*parts)
