"""Values of a plan for every market at once: decision diagrams over the cases of a ruleset.

A value is a *leaf*, or a *choice*: a selector with a few cases (the bands of a table, the true,
false and unknown of a condition, an event) and a value for each. Selectors stand in one order on
every path, as in ordered decision diagrams, so equal values are one object. A leaf is a plain number,
truth or code, as the evaluator has it; or, where it rests on data, a `Number` (one polynomial over
another) or a `Truth` (two formulas of the solver).

Arithmetic on plain leaves is done by the plan's own scalars, in floating point: a weight that rests
on events, tables and regimes alone is exact here to the last bit. Source of the diagrams: R. Bryant,
Graph-Based Algorithms for Boolean Function Manipulation (1986); many leaves: Bahar et al. (1993).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from alvh_rules.prove.polynomial import Polynomial

MOST_CASES = 1_000
"""Nodes that one operation may make before its inputs are said as formulas instead."""
MOST_DEEP = 100
"""Selectors on one path, likewise."""


TOO_MANY = "its cases are more than are followed"


class TooManyCases(Exception):  # noqa: N818 - it is no fault: the caller takes another way
    """A diagram would grow beyond its bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Selector:
    """Cases of which exactly one holds: a plain value and a formula for each."""

    number: int
    cases: tuple[float | int, ...]
    guards: tuple[z3.BoolRef, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One value, whatever the case."""

    content: Content


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A value for each case of a selector."""

    selector: Selector
    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """`top / bottom`, known where `known` holds."""

    top: Polynomial
    bottom: Polynomial
    known: z3.BoolRef


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is true and when false; otherwise it is unknown."""

    true: z3.BoolRef
    false: z3.BoolRef

    @property
    def unknown(self) -> z3.BoolRef:
        """When it is neither."""
        if z3.is_not(self.false) and self.false.arg(0).eq(self.true):
            return z3.BoolVal(False)
        if z3.is_not(self.true) and self.true.arg(0).eq(self.false):
            return z3.BoolVal(False)
        return both(z3.Not(self.true), z3.Not(self.false))


Content = float | int | Number | Truth
Value = Leaf | Choice


def both(*parts: z3.BoolRef) -> z3.BoolRef:
    """`and`, without the trues."""
    kept = {part.get_id(): part for part in parts if not z3.is_true(part)}
    if any(z3.is_false(part) for part in kept.values()):
        return z3.BoolVal(False)
    if not kept:
        return z3.BoolVal(True)
    found: z3.BoolRef = next(iter(kept.values())) if len(kept) == 1 else z3.And(*kept.values())
    return found


def either(*parts: z3.BoolRef) -> z3.BoolRef:
    """`or`, without the falses."""
    kept = {part.get_id(): part for part in parts if not z3.is_false(part)}
    if any(z3.is_true(part) for part in kept.values()):
        return z3.BoolVal(True)
    if not kept:
        return z3.BoolVal(False)
    found: z3.BoolRef = next(iter(kept.values())) if len(kept) == 1 else z3.Or(*kept.values())
    return found


def opposite(part: z3.BoolRef) -> z3.BoolRef:
    """`not`, of constants and of another `not` too."""
    if z3.is_true(part) or z3.is_false(part):
        return z3.BoolVal(z3.is_false(part))
    if z3.is_not(part):
        found: z3.BoolRef = part.arg(0)
        return found
    negated: z3.BoolRef = z3.Not(part)
    return negated


@dataclass
class Diagrams:
    """Makes values, each once."""

    _leaves: dict[Hashable, Leaf] = field(default_factory=dict)
    _choices: dict[Hashable, Choice] = field(default_factory=dict)
    _selectors: dict[Hashable, Selector] = field(default_factory=dict)
    _reordered: int = 0

    def leaf(self, content: Content) -> Leaf:
        """The leaf of a content; numbers go by their digits, so that NaN is one leaf."""
        key: Hashable
        match content:
            case Number():
                key = ("n", content.top, content.bottom, content.known.get_id())
            case Truth():
                if z3.is_true(content.true):
                    return self.leaf(1)
                if z3.is_true(content.false):
                    return self.leaf(-1)
                if z3.is_false(content.true) and z3.is_false(content.false):
                    return self.leaf(0)
                key = ("t", content.true.get_id(), content.false.get_id())
            case _:
                key = (type(content).__name__, repr(content))
        return self._leaves.setdefault(key, Leaf(content))

    def selector(self, cases: Sequence[float | int], guards: Sequence[z3.BoolRef]) -> Selector:
        """The selector of these cases; those that never hold are left out, equal ones are one."""
        merged: dict[float | int, z3.BoolRef] = {}
        for case, guard in zip(cases, guards, strict=True):
            if not z3.is_false(guard):
                merged[case] = either(merged[case], guard) if case in merged else guard
        key = (tuple(merged), tuple(guard.get_id() for guard in merged.values()))
        found = self._selectors.get(key)
        if found is None:
            found = Selector(len(self._selectors), tuple(merged), tuple(merged.values()))
            self._selectors[key] = found
        return found

    def cases_of(self, selector: Selector) -> Value:
        """A value that is the selector's own case."""
        return self.choose(selector, [self.leaf(case) for case in selector.cases])

    def choose(self, selector: Selector, options: Sequence[Value]) -> Value:
        """An option for each case, with the selectors of all of them in order."""
        if all(option is options[0] for option in options):
            return options[0]
        tops = [o.selector for o in options if isinstance(o, Choice)]
        first = min(tops, key=lambda item: item.number, default=selector)
        if first.number > selector.number or not tops:
            key = (selector.number, tuple(id(option) for option in options))
            found = self._choices.get(key)
            if found is None:
                found = self._choices[key] = Choice(selector, tuple(options))
            return found
        self._reordered += 1
        if self._reordered > MOST_CASES:
            raise TooManyCases
        if first is selector:
            own = [_at(option, selector, case) for case, option in enumerate(options)]
            return self.choose(selector, own)
        return self.choose(
            first,
            [
                self.choose(selector, [_at(option, first, case) for option in options])
                for case in range(len(first.cases))
            ],
        )

    def apply(
        self,
        function: Callable[..., Value],
        arguments: Sequence[Value],
        most: int | None = None,
    ) -> Value:
        """The function of leaves, on every combination of cases. Raises `TooManyCases`."""
        done: dict[tuple[int, ...], Value] = {}
        self._reordered = 0

        def under(values: tuple[Value, ...], deep: int) -> Value:
            key = tuple(map(id, values))
            found = done.get(key)
            if found is not None:
                return found
            if len(done) > (most or MOST_CASES) or deep > MOST_DEEP:
                raise TooManyCases
            tops = [value.selector for value in values if isinstance(value, Choice)]
            if tops:
                top = min(tops, key=lambda item: item.number)
                options = [
                    under(tuple(_at(value, top, case) for value in values), deep + 1)
                    for case in range(len(top.cases))
                ]
                found = self.choose(top, options)
            else:
                found = function(*(value.content for value in values if isinstance(value, Leaf)))
            done[key] = found
            return found

        return under(tuple(arguments), 0)

    def bind(self, value: Value, then: Callable[[Content], Value]) -> Value:
        """A value with each leaf replaced by the value that it leads to. Raises `TooManyCases`."""
        return self.apply(lambda content: then(content), [value])


def _at(value: Value, selector: Selector, case: int) -> Value:
    """The value in a case of a selector that may stand at its top."""
    if isinstance(value, Choice) and value.selector is selector:
        return value.options[case]
    return value


def leaves(value: Value) -> list[Leaf]:
    """The leaves of a value, each once."""
    found: dict[int, Leaf] = {}
    seen: set[int] = set()
    stack = [value]
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Leaf):
            found[id(top)] = top
        else:
            stack.extend(top.options)
    return list(found.values())


def size(value: Value) -> int:
    """Its nodes, each once."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        top = stack.pop()
        if id(top) not in seen:
            seen.add(id(top))
            stack.extend(top.options if isinstance(top, Choice) else ())
    return len(seen)


def plain(value: Value) -> bool:
    """Whether no leaf rests on data."""
    return all(isinstance(leaf.content, (int, float)) for leaf in leaves(value))


def folded(value: Value, of_leaf: Callable[[Content], Any], ite: Callable[..., Any]) -> Any:
    """A value as one term: nested `if`s over the guards, each node once."""
    done: dict[int, Any] = {}

    def under(node: Value) -> Any:
        if id(node) in done:
            return done[id(node)]
        if isinstance(node, Leaf):
            found = of_leaf(node.content)
        else:
            found = under(node.options[-1])
            for option, guard in zip(
                node.options[-2::-1], node.selector.guards[-2::-1], strict=True
            ):
                found = ite(guard, under(option), found)
        done[id(node)] = found
        return found

    return under(value)


def formulas_in(value: Value) -> list[z3.BoolRef]:
    """The guards of a value's selectors, and the formulas of its leaves."""
    found: list[z3.BoolRef] = []
    seen: set[int] = set()
    stack = [value]
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Choice):
            found += top.selector.guards
            stack.extend(top.options)
    for leaf in leaves(value):
        if isinstance(leaf.content, Truth):
            found += [leaf.content.true, leaf.content.false]
    return found
