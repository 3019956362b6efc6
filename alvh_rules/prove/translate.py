"""Say a plan in the solver's terms.

1. Nodes are taken in the plan's order, those under what is asked for alone; each becomes a value for
   every market (`values.py`).
2. What a row does not say of itself is an unknown: a column, an event, a fact of what is held, a
   function that looks back (`windows.py`). The nodes that are so are `opaque`: a counterexample gives
   them values, and the evaluator takes those in place of the nodes.
3. Arithmetic is exact, over the decimals that were written. What is missing is followed as Kleene's
   logic has it. With `gaps` any data may be missing; without, only columns that are `optional`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import z3

from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core import kinds, schema
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import applied, missing, rounded
from alvh_rules.prove import polynomial as p
from alvh_rules.prove import windows
from alvh_rules.prove.keys import Keys
from alvh_rules.prove.symbols import Symbols, implied
from alvh_rules.prove.values import (
    Content,
    Leaf,
    Number,
    Selector,
    TooManyCases,
    Truth,
    Value,
    both,
    either,
    folded,
    leaves,
    opposite,
    plain,
)

YES, NO = z3.BoolVal(True), z3.BoolVal(False)
UNIT = Fraction(1, 10**12)
MOST_TERMS = 60
"""Terms of a polynomial beyond which a number is only known by its bounds."""
OPAQUE = (g.Column, g.Given, g.Book, g.Event, g.Lasting, g.Latch, g.Hold)
_POSITIVE = (Kind.PRICE, Kind.VOLATILITY)


class Translation:
    """The values of a plan's nodes, over unknowns that other translations may share.

    `tag` sets apart what is given here and what rests on it from the same in another translation;
    `optional` are the columns that may be missing though data are present.
    """

    def __init__(
        self,
        symbols: Symbols,
        ruleset: CheckedRuleset,
        plan: g.Plan,
        *,
        gaps: bool = False,
        tag: str = "",
        optional: frozenset[object] = frozenset(),
    ) -> None:
        self.symbols = symbols
        self.diagrams = symbols.diagrams
        self.ruleset = ruleset
        self.plan = plan
        self.gaps = gaps
        self.keys = Keys(symbols.numbers, ruleset, plan, tag)
        self.past = self.keys if not tag else Keys(symbols.numbers, ruleset, plan)
        """What a node was before this row: the same for every tag."""
        self.columns = {column.name: column for column in ruleset.schema.columns}
        self.optional = optional
        self.merge: Callable[[Translation, int, Keys], int] | None = None
        """Finds an equal computation of another plan, where two are compared."""
        self.memory: dict[int, Truth] = {}
        """Of a latch and its like: what it was before this row."""
        self._done: dict[int, Value] = {}
        self._said: set[object] = set()

    # --- what is asked for ---

    def value(self, number: int) -> Value:
        """The value of a node."""
        if number not in self._done:
            for part in self._under(number):
                if part not in self._done:
                    self._done[part] = self._made(part, self.plan.nodes[part])
        return self._done[number]

    def truth(self, number: int) -> Truth:
        """A condition as formulas."""
        return self.truth_of(self.value(number))

    def _under(self, number: int) -> list[int]:
        found = {number}
        stack = [number]
        while stack:
            for part in self.plan.nodes[stack.pop()].inputs:
                if part not in found and part not in self._done:
                    found.add(part)
                    stack.append(part)
        return sorted(found)

    def opaque(self, number: int) -> bool:
        """Whether a market gives this node its value."""
        operation = self.plan.nodes[number].operation
        if isinstance(operation, g.Call):
            return BUILTINS[operation.function].shape is not Shape.POINTWISE
        return isinstance(operation, OPAQUE)

    def market_of(
        self, number: int, opens: Callable[[int], bool] = lambda number: False
    ) -> list[int]:
        """The opaque nodes that a node rests on; under one that `opens`, what it rests on too."""
        found, seen, stack = [], {number}, [number]
        while stack:
            top = stack.pop()
            if self.opaque(top):
                found.append(top)
                if not opens(top):
                    continue
            for part in self.plan.nodes[top].inputs:
                if part not in seen:
                    seen.add(part)
                    stack.append(part)
        return sorted(found)

    # --- values as formulas ---

    def truth_of(self, value: Value) -> Truth:
        """A condition's value as formulas."""
        if isinstance(value, Leaf):
            return _truth(value.content)
        true = folded(value, lambda content: _truth(content).true, bool_if)
        unknown = folded(value, lambda content: _truth(content).unknown, bool_if)
        if z3.is_false(unknown):
            return Truth(true, opposite(true))
        return Truth(true, folded(value, lambda content: _truth(content).false, bool_if))

    def where(self, value: Value, test: Callable[[Content], bool]) -> z3.BoolRef:
        """When a value's leaf passes a test."""
        found: z3.BoolRef = folded(value, lambda content: YES if test(content) else NO, bool_if)
        return found

    def known(self, value: Value) -> z3.BoolRef:
        """When a value is not missing."""
        found: z3.BoolRef = folded(value, _known, bool_if)
        return found

    def is_known(self, number: int) -> z3.BoolRef:
        """When a node has a value."""
        value = self.value(number)
        match g.storage_of(self.plan.nodes[number].type):
            case g.Storage.FLAG:
                return opposite(self.truth_of(value).unknown)
            case g.Storage.CODE:
                return self.where(value, lambda content: content != -1)
            case _:
                return self.known(value)

    def number_of(self, value: Value) -> Number:
        """A number's value as one leaf: an unknown that is what each case says."""
        if isinstance(value, Leaf):
            found = self.number(value.content)
            return found or Number(p.number(0), p.number(1), NO)
        known = self.known(value)
        which = self.symbols.real(("cases", id(value)), self.range(value))
        if ("cases", which) not in self._said:
            self._said.add(("cases", which))
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
        low: p.End | None = None
        high: p.End | None = None
        for leaf in leaves(value):
            number = self.number(leaf.content)
            if number is None:
                continue
            found = self.symbols.within(number)
            low = found.low if low is None else _least(low, found.low)
            high = found.high if high is None else _most(high, found.high)
        return p.Interval(low or p.End(None), high or p.End(None))

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

    def missing(self, storage: g.Storage) -> float | int:
        """What stands where nothing is known."""
        return missing(storage)

    def same(self, number: int, keys: Keys) -> int:
        """The number of a node's computation; of one that was proved equal to it, if there is one."""
        return keys.of(number) if self.merge is None else self.merge(self, number, keys)

    # --- nodes ---

    def _made(self, number: int, node: g.Node) -> Value:
        values = [self._done[part] for part in node.inputs]
        match node.operation:
            case g.Constant(value):
                return self.diagrams.leaf(value)
            case g.Column(name):
                return self._column(number, node, self.columns[name])
            case g.Given():
                return self.unknown(("given", self.keys.of(number)), node, self.gaps)
            case g.Book():
                return self.unknown(("book", self.keys.of(number)), node, False)
            case g.Position():
                return self.unknown(("position", self.keys.of(number)), node, True)
            case g.Event():
                return self.diagrams.leaf(windows.event(self, number, node.operation))
            case g.Sample():
                return windows.sample(self, number, node, values[0])
            case g.Hold():
                return windows.hold(self, node, values[0])
            case g.Lasting():
                return self.diagrams.leaf(windows.lasting(self, number, node, values[0]))
            case g.Latch():
                return self.diagrams.leaf(windows.latch(self, number, values[0], values[1]))
            case g.Logical(word):
                return self._logical(word, values)
            case g.Conditional():
                storage = g.storage_of(node.type)
                return self.apply(
                    lambda *parts: self._chosen(storage, *parts),
                    [self._plain(values[0]), *values[1:]],
                    node,
                )
            case g.FirstTrue():
                return self._first(values)
            case g.Select(options):
                storage = g.storage_of(node.type)
                return self.apply(
                    lambda *parts: self._selected(options, storage, *parts), values, node
                )
            case g.Band() as band:
                storage = g.storage_of(self.plan.nodes[node.inputs[0]].type)
                return self.apply(lambda leaf: self._band(band, leaf, storage), values, node)
            case g.Interpolate() as points:
                return self.apply(lambda *parts: self._interpolated(points, *parts), values, node)
            case g.Call():
                return windows.call(self, number, node, values)
            case _:
                storages = [g.storage_of(self.plan.nodes[part].type) for part in node.inputs]
                own = g.storage_of(node.type)
                return self.apply(
                    lambda *parts: self._pointwise(node.operation, parts, storages, own),
                    values,
                    node,
                )

    def _column(self, number: int, node: g.Node, column: schema.Column) -> Value:
        key = ("column", self.keys.of(number))
        may_miss = self.gaps or column.optional or self.keys.of(number) in self.optional
        return self.unknown(key, node, may_miss)

    def unknown(self, key: tuple[object, ...], node: g.Node, may_miss: bool) -> Value:
        """A value of which only the kind is known."""
        known = self.symbols.boolean("known", key) if may_miss else YES
        match g.storage_of(node.type):
            case g.Storage.NUMBER:
                which = self.symbols.real(key, range_of(node))
                return self.diagrams.leaf(self.symbols.number(which, known))
            case g.Storage.FLAG:
                true = self.symbols.boolean("true", key)
                false = both(known, opposite(true)) if may_miss else opposite(true)
                return self.diagrams.leaf(Truth(both(known, true), false))
            case g.Storage.CODE:
                words = self.ruleset.labels.get(node.type.labels, ())
                each = [self.symbols.boolean("label", key, word) for word in words]
                # One word at a time: the first of those that are so.
                guards = [
                    both(known, word, *(opposite(other) for other in each[:index]))
                    for index, word in enumerate(each[:-1])
                ]
                guards.append(both(known, *(opposite(other) for other in each[:-1])))
                selector = self.diagrams.selector(
                    (*range(len(words)), -1), (*guards, opposite(known))
                )
                return self.diagrams.cases_of(selector)
            case _:
                # A curve has no value of its own.
                return self.diagrams.leaf(0.0)

    def apply(self, function: Callable[..., Value], values: Sequence[Value], node: g.Node) -> Value:
        """A function of leaves; where there are too many cases, of numbers and conditions as one.

        What is too large even so is an unknown of its kind, which is sound and says nothing.
        """
        try:
            return self.diagrams.apply(function, values)
        except TooManyCases:
            pass
        try:
            return self.diagrams.apply(function, [self._collapsed(value) for value in values])
        except TooManyCases:
            key = ("large", node.operation, tuple(map(id, values)))
            return self.unknown(key, replace(node, type=replace(node.type, difference=True)), True)

    def _collapsed(self, value: Value) -> Value:
        contents = [leaf.content for leaf in leaves(value)]
        if isinstance(value, Leaf):
            return value
        if any(isinstance(content, Truth) for content in contents):
            return self._plain(value)
        if any(isinstance(content, (Number, float)) for content in contents):
            return self.diagrams.leaf(self.number_of(value))
        cases = sorted({leaf.content for leaf in leaves(value) if isinstance(leaf.content, int)})
        guards = [
            self.where(value, lambda content, case=case: content == case)  # type: ignore[misc]
            for case in cases
        ]
        return self.diagrams.cases_of(self.diagrams.selector(cases, guards))

    def _plain(self, value: Value) -> Value:
        """A condition whose leaves are true, false and unknown."""
        if plain(value):
            return value
        return self.diagrams.cases_of(self.selector_of(self.truth_of(value)))

    def _logical(self, word: str, values: Sequence[Value]) -> Value:
        operation = g.Logical(word)
        flags = [g.Storage.FLAG] * len(values)
        if all(plain(value) for value in values):
            try:
                return self.diagrams.apply(
                    lambda *parts: self._pointwise(operation, parts, flags, g.Storage.FLAG),
                    values,
                    200,
                )
            except TooManyCases:
                pass
        truths = [self.truth_of(value) for value in values]
        every, some = (both, either) if word == "and" else (either, both)
        true = every(*(truth.true for truth in truths))
        if all(z3.is_false(truth.unknown) for truth in truths):
            return self.diagrams.leaf(Truth(true, opposite(true)))
        return self.diagrams.leaf(Truth(true, some(*(truth.false for truth in truths))))

    def _chosen(
        self, storage: g.Storage, condition: Content, then: Content, otherwise: Content
    ) -> Value:
        if condition == UNKNOWN:
            return self.diagrams.leaf(missing(storage))
        return self.diagrams.leaf(then if condition == TRUE else otherwise)

    def _first(self, values: Sequence[Value]) -> Value:
        truths = [self.truth_of(value) for value in values]
        before, cases, guards = YES, [], []
        lost = NO
        for number, truth in enumerate(truths):
            cases.append(number)
            guards.append(both(before, truth.true))
            lost = either(lost, both(before, truth.unknown))
            before = both(before, truth.false)
        selector = self.diagrams.selector((*cases, len(values), -1), (*guards, before, lost))
        return self.diagrams.cases_of(selector)

    def _selected(self, options: int, storage: g.Storage, code: Content, *values: Content) -> Value:
        assert isinstance(code, int)
        if code >= 0:
            return self.diagrams.leaf(values[code])
        return self.diagrams.leaf(values[options] if len(values) > options else missing(storage))

    def _band(self, band: g.Band, content: Content, storage: g.Storage) -> Value:
        if isinstance(content, Truth):
            selector = self.selector_of(content)
            cases = [
                int(applied(band, [case], [storage], g.Storage.CODE)) for case in selector.cases
            ]
            return self.diagrams.cases_of(self.diagrams.selector(cases, selector.guards))
        if not isinstance(content, Number):
            return self.diagrams.leaf(int(applied(band, [content], [storage], g.Storage.CODE)))
        above = self.above(content, band.edges, band.joins_above)
        guards, under = [], YES
        for number, edge in enumerate(above):
            guards.append(both(content.known, under, opposite(edge)))
            under = above[number]
        guards.append(both(content.known, under))
        cases = (*band.rows, band.missing)
        selector = self.diagrams.selector(cases, (*guards, opposite(content.known)))
        return self.diagrams.cases_of(selector)

    def above(
        self, number: Number, edges: Sequence[float], joins: Sequence[bool]
    ) -> list[z3.BoolRef]:
        """Whether a number lies above each edge, or on one that joins what is above."""
        value = Number(number.top, number.bottom, YES)
        return [
            self.symbols.compare(value, self.symbols.constant(edge), ">=" if join else ">").true
            for edge, join in zip(edges, joins, strict=True)
        ]

    def _interpolated(self, points: g.Interpolate, content: Content, *last: Content) -> Value:
        number = self.number(content)
        absent = self.diagrams.leaf(last[0] if last else float("nan"))
        if number is None:
            return absent
        above = self.above(number, points.points, [False] * len(points.points))
        guards, pieces, under = [], [], YES
        for index, edge in enumerate(above):
            guards.append(both(number.known, under, opposite(edge)))
            pieces.append(self._piece(points, number, index))
            under = edge
        guards.append(both(number.known, under))
        pieces.append(self.diagrams.leaf(points.values[-1]))
        guards.append(opposite(number.known))
        pieces.append(absent)
        selector = self.diagrams.selector(range(len(guards)), guards)
        return self.diagrams.choose(selector, [pieces[int(case)] for case in selector.cases])

    def _piece(self, points: g.Interpolate, number: Number, index: int) -> Value:
        if index == 0:
            return self.diagrams.leaf(points.values[0])
        a, b = (p.decimal(points.points[at]) for at in (index - 1, index))
        low, high = (p.decimal(points.values[at]) for at in (index - 1, index))
        slope = (high - low) / (b - a)
        # low + (x - a) slope, over x's own denominator.
        top = number.top.times(slope) + number.bottom.times(low - a * slope)
        return self.diagrams.leaf(Number(top, number.bottom, YES))

    def _pointwise(
        self,
        operation: g.Operation,
        parts: Sequence[Content],
        storages: Sequence[g.Storage],
        own: g.Storage,
    ) -> Value:
        """An operation of one row on one leaf of each input."""
        if not any(isinstance(part, (Number, Truth)) for part in parts):
            plain_parts: list[Any] = list(parts)
            return self.diagrams.leaf(applied(operation, plain_parts, storages, own))
        match operation:
            case g.Not():
                truth = _truth(parts[0])
                return self.diagrams.leaf(Truth(truth.false, truth.true))
            case g.IsMissing():
                known = _known(parts[0])
                return self.diagrams.leaf(Truth(opposite(known), known))
            case g.Compare(sign) if g.Storage.FLAG in storages:
                return self.diagrams.leaf(_same(sign, _truth(parts[0]), _truth(parts[1])))
        numbers = [self.number(part) for part in parts]
        left, right = numbers[0], numbers[-1]
        if left is None or right is None:
            return self.diagrams.leaf(UNKNOWN if own is g.Storage.FLAG else float("nan"))
        match operation:
            case g.Compare(sign):
                return self.diagrams.leaf(self.symbols.compare(left, right, sign))
            case g.Negative():
                return self.diagrams.leaf(Number(-left.top, left.bottom, left.known))
            case g.Arithmetic(sign):
                return self.diagrams.leaf(self.arithmetic(sign, left, right))
            case g.Rounded():
                return self._rounded(left)
        raise AssertionError(f"{operation} is not of one row")

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

    def _rounded(self, number: Number) -> Value:
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


def range_of(node: g.Node) -> p.Interval:
    """What a kind says of a level: prices and volatilities are above zero, an index within 0 to 100."""
    kind = node.type.kind
    if node.type.difference or kind not in kinds.RANGES:
        return p.ANYWHERE
    low, high = kinds.RANGES[kind]
    return p.Interval(
        p.End(None if low is None else p.decimal(low), kind in _POSITIVE),
        p.End(None if high is None else p.decimal(high)),
    )


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


def _truth(content: Content) -> Truth:
    if isinstance(content, Truth):
        return content
    return Truth(z3.BoolVal(content == TRUE), z3.BoolVal(content == FALSE))


def _known(content: Content) -> z3.BoolRef:
    """When a leaf is not missing; a code is missing at -1, a truth never is so here."""
    if isinstance(content, Number):
        return content.known
    if isinstance(content, Truth):
        return opposite(content.unknown)
    return z3.BoolVal(content == content)


def _same(sign: str, left: Truth, right: Truth) -> Truth:
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
