"""Where real arithmetic and floating point part: markets on the edges at which decisions turn.

A decision turns where an atom's polynomial is zero. On each such edge some markets are made: every
unknown but one takes a round value, the last the one that makes the polynomial zero, exactly and then
as the nearest doubles, and those a few steps to either side. All are put before the evaluator at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.evaluate.inputs import Array
from alvh_rules.plan import graph as g
from alvh_rules.prove import polynomial as p
from alvh_rules.prove.example import Held, Key, Part
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.values import Leaf, Number, Value, formulas_in

_LEVELS: Mapping[Kind, tuple[float, float]] = {
    Kind.VOLATILITY: (10.0, 40.0),
    Kind.PRICE: (50.0, 500.0),
    Kind.INDEX: (0.0, 100.0),
    Kind.RATIO: (-0.5, 1.5),
    Kind.RATE: (0.0, 6.0),
    Kind.COUNT: (0.0, 3000.0),
    Kind.SESSIONS: (0.0, 60.0),
    Kind.DAYS: (0.0, 90.0),
}
STEPS = (-2, -1, 0, 1, 2)
TRIES = 40
"""Markets on each edge, each with its neighbours."""
MOST_EDGES = 200
MOST_WEIGHED = 400
"""Rows of which the plainest are looked for."""
SCATTERED = 100
"""Markets that stand on no edge."""


def random_columns(
    parts: Sequence[Part], rows: int, random: np.random.Generator
) -> dict[Key, Array]:
    """Round random values for every part; what has one name has one column."""
    found: dict[Key, Array] = {}
    by_unknown: dict[object, Array] = {}
    for part in parts:
        same: object = _unknown_of(part)
        if same is None:
            same = ("computation", part.of.same(part.number, part.of.keys), part.before)
        if same not in by_unknown:
            by_unknown[same] = _random(part, rows, random)
        found[part.key] = by_unknown[same]
    return found


def _random(part: Part, rows: int, random: np.random.Generator) -> Array:
    kind = part.node.type.kind
    if kind is Kind.FLAG:
        return np.where(random.random(rows) < 0.5, TRUE, FALSE).astype(np.int8)
    if kind is Kind.LABEL:
        words = len(part.of.ruleset.labels.get(part.node.type.labels, ())) or 1
        return random.integers(0, words, rows).astype(np.int32)
    low, high = _LEVELS.get(kind, (-100.0, 100.0))
    if part.node.type.difference:
        low, high = -high / 4, high / 4
    value = part.value
    if isinstance(value, Leaf) and isinstance(value.content, Number):
        least, most = part.of.symbols.within(value.content)
        low = max(low, float(least.value)) if least.value is not None else low
        high = min(high, float(most.value)) if most.value is not None else high
        if low > high:
            low, high = (float(least.value or 0), float(least.value or 0) + 100.0)
    unit = 0.001 if kind is Kind.RATIO else 0.25
    found: Array = np.round(random.uniform(low, high, rows) / unit) * unit
    return np.clip(found, max(low, unit) if low >= 0 else low, max(high, low + unit))


def _unknown_of(part: Part) -> int | None:
    """The unknown that a part is, where it is one."""
    value = part.value
    if not isinstance(value, Leaf) or not isinstance(value.content, Number):
        return None
    content = value.content
    if content.bottom != p.number(1) or len(content.top.terms) != 1:
        return None
    monomial, factor = content.top.terms[0]
    return monomial[0] if len(monomial) == 1 and factor == 1 else None


def on_the_edges(
    symbols: Symbols, values: Sequence[Value], parts: Sequence[Part], seed: int = 1
) -> tuple[int, dict[Key, Array]]:
    """Rows, and a column for each part: markets on and about every edge that values turn on.

    Some more rows stand anywhere: what cancels in real arithmetic has no edge.
    """
    random = np.random.default_rng(seed)
    unknowns = {id(part): _unknown_of(part) for part in parts}
    mine = {number for number in unknowns.values() if number is not None}
    formulas = [formula for value in values for formula in formulas_in(value)]
    edges = [edge for edge in symbols.edges(formulas) if edge.unknowns and edge.unknowns <= mine]
    edges = edges[:MOST_EDGES]
    block = TRIES * len(STEPS)
    rows = block * len(edges) + SCATTERED * len(STEPS)
    columns = random_columns(parts, TRIES * len(edges) + SCATTERED, random)
    # One unknown has one array, whichever rulesets read it.
    wide = {id(column): np.repeat(column, len(STEPS)) for column in columns.values()}
    columns = {key: wide[id(column)] for key, column in columns.items()}
    of_unknown: dict[int, Array] = {}
    for part in parts:
        number = unknowns[id(part)]
        if number is not None:
            of_unknown[number] = columns[part.key]
    for index, edge in enumerate(edges):
        linear = [n for n in edge.unknowns if _linear(edge, n)]
        for trial in range(TRIES):
            if not linear:
                break
            at = index * block + trial * len(STEPS)
            solved = linear[trial % len(linear)]
            value = _root(
                edge, solved, {n: Fraction(str(float(of_unknown[n][at]))) for n in edge.unknowns}
            )
            if value is None or not _inside(symbols, solved, value):
                continue
            for place, steps in enumerate(STEPS):
                of_unknown[solved][at + place] = _stepped(float(value), steps)
    return rows, columns


def _linear(edge: p.Polynomial, number: int) -> bool:
    return all(monomial.count(number) <= 1 for monomial, _ in edge.terms)


def _root(edge: p.Polynomial, number: int, values: Mapping[int, Fraction]) -> Fraction | None:
    """The value of an unknown at which a polynomial that is linear in it is zero."""
    factor = rest = Fraction(0)
    for monomial, part in edge.terms:
        for other in monomial:
            if other != number:
                part *= values[other]
        if number in monomial:
            factor += part
        else:
            rest += part
    return -rest / factor if factor else None


def _inside(symbols: Symbols, number: int, value: Fraction) -> bool:
    low, high = symbols.bounds.get(number, p.ANYWHERE)
    above = low.value is None or value > low.value or (value == low.value and not low.open)
    return above and (
        high.value is None or value < high.value or (value == high.value and not high.open)
    )


def _stepped(value: float, steps: int) -> float:
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.inf if steps > 0 else -math.inf)
    return value


def taken(columns: Mapping[Key, Array], row: int, parts: Sequence[Part]) -> dict[Key, Held]:
    """One row's values."""
    found: dict[Key, Held] = {}
    for part in parts:
        value = columns[part.key][row]
        number = g.storage_of(part.node.type) is g.Storage.NUMBER
        found[part.key] = float(value) if number else int(value)
    return found


def plainest(
    columns: Mapping[Key, Array], rows: Array, parts: Sequence[Part], most: int
) -> list[dict[Key, Held]]:
    """Of some rows those that take the fewest digits to write, as markets."""
    found = [taken(columns, int(row), parts) for row in rows[:MOST_WEIGHED]]
    return sorted(found, key=lambda held: len(repr(list(held.values()))))[:most]
