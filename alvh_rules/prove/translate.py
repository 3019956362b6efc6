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
from functools import cached_property
from typing import Any

import z3

from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core import kinds, schema
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import applied, missing
from alvh_rules.prove import polynomial as p
from alvh_rules.prove import windows
from alvh_rules.prove.choices import chosen
from alvh_rules.prove.formulas import NO, YES, Formulas, known_in, same_truth, truth_in
from alvh_rules.prove.keys import Keys
from alvh_rules.prove.shown import Shown
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.values import (
    Content,
    Leaf,
    Number,
    TooManyCases,
    Truth,
    Value,
    both,
    either,
    leaves,
    opposite,
    plain,
)

OPAQUE = (g.Column, g.Given, g.Book, g.Event, g.Lasting, g.Latch, g.Hold)
_POSITIVE = (Kind.PRICE, Kind.VOLATILITY)


class Translation(Formulas):
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
        super().__init__(symbols)
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

    @cached_property
    def shown(self) -> Shown:
        """What the ruleset calls the nodes."""
        return Shown(self.ruleset, self.plan)

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
                options = {TRUE: values[1], FALSE: values[2]}
                return chosen(self, self._plain(values[0]), options, g.storage_of(node.type))
            case g.FirstTrue():
                return self._first(values)
            case g.Select(count):
                options = dict(enumerate(values[1 : 1 + count]))
                if len(values) > 1 + count:
                    options[-1] = values[-1]
                return chosen(self, values[0], options, g.storage_of(node.type))
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

        What is too large even so is an unknown of its kind, which is sound and says nothing; of codes
        that no label names the cases are not known, so there it raises `TooManyCases`.
        """
        try:
            return self.diagrams.apply(function, values)
        except TooManyCases:
            pass
        try:
            return self.diagrams.apply(function, [self._collapsed(value) for value in values])
        except TooManyCases:
            if g.storage_of(node.type) is g.Storage.CODE and not node.type.labels:
                raise
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
        rows = (*band.rows, band.missing)
        selector = self.diagrams.selector(rows, (*guards, opposite(content.known)))
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
                truth = truth_in(parts[0])
                return self.diagrams.leaf(Truth(truth.false, truth.true))
            case g.IsMissing():
                known = known_in(parts[0])
                return self.diagrams.leaf(Truth(opposite(known), known))
            case g.Compare(sign) if g.Storage.FLAG in storages:
                return self.diagrams.leaf(same_truth(sign, truth_in(parts[0]), truth_in(parts[1])))
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
                return self.rounded_number(left)
        raise AssertionError(f"{operation} is not of one row")


def range_of(node: g.Node) -> p.Interval:
    """What a kind says of a level: prices and volatilities are above zero, an index within 0 to 100."""
    kind = node.type.kind
    if node.type.difference or kind not in kinds.RANGES:
        return p.ANYWHERE
    low, high = kinds.RANGES[kind]
    return p.Interval(
        p.End(p.decimal(low), kind in _POSITIVE),
        p.End(None if high is None else p.decimal(high)),
    )
