"""What a row does not say of itself, and what is always true of it.

A function that looks back is an unknown: the same call is the same unknown, and its value is held
between what its record says and, where it averages or picks, between the bounds of its argument.
Beyond that each family here adds what holds for every history (`lowest <= x <= highest`, a longer
window's highest is no lower, a latch is on only where `until` is not). Leaving a fact out costs
proofs, never soundness: whatever a history can give, these unknowns can be.

What was before this row (a latch's last state, the rows of `for N sessions` before today) is an
unknown of its own; today's part is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import z3

from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.plan import graph as g
from alvh_rules.prove import polynomial as p
from alvh_rules.prove.formulas import known_in
from alvh_rules.prove.functions import EXACT
from alvh_rules.prove.symbols import implied
from alvh_rules.prove.values import (
    Content,
    Leaf,
    Number,
    Truth,
    Value,
    both,
    either,
    leaves,
    opposite,
)

if TYPE_CHECKING:
    from alvh_rules.prove.translate import Translation

YES = z3.BoolVal(True)
_ALWAYS_KNOWN = frozenset(
    [
        "sma",
        "wma",
        "highest",
        "lowest",
        "ema",
        "stdev",
        "percentile_rank",
        "realized_volatility",
        "rsi",
        "macd",
        "macd_signal",
        "macd_histogram",
        "atr",
        "ago",
        "change",
        "cumulative",
        "days_until",
        "days_since",
    ]
)
"""Known on every row that has history enough, where their data are."""
_OF_WINDOW = ("lowest", "highest", "sma", "wma")
_RISES_WITH_TODAY = (
    "sma",
    "wma",
    "ema",
    "highest",
    "lowest",
    "percentile_rank",
    "rsi",
    "cumulative",
    "zscore",
)
"""No lower where today's argument is higher and the past is the same."""
_NO_FASTER = ("sma", "wma", "ema", "highest", "lowest")
"""Of these, higher by no more than today's argument is."""
_DEFINED = ("zscore", "macd")
"""What other windows of the same argument define, whichever of them is met first."""


def event(to: Translation, number: int, node: g.Event) -> Truth:
    """A calendar's window: on wherever a narrower window of the same calendar is."""
    symbols = to.symbols
    truth = symbols.truth(("event", to.keys.of(number)), not to.gaps)
    windows = to.symbols.families.setdefault(("event", node.calendar, to.gaps), {})
    for (begin, end), other in windows.items():
        if (begin, end) == (node.begin, node.end):
            continue
        if begin <= node.begin and node.end <= end:
            symbols.fact(implied(truth.true, other.true))
        elif node.begin <= begin and end <= node.end:
            symbols.fact(implied(other.true, truth.true))
    windows[node.begin, node.end] = truth
    return truth


def _before(to: Translation, number: int, known: bool) -> Truth:
    """What a condition's memory was before this row."""
    found = to.symbols.truth(("before", to.same(number, to.past)), known)
    to.memory[number] = found
    return found


def latch(to: Translation, number: int, begin: Value, end: Value) -> Truth:
    """`not until and (from or what it was)`, in Kleene's logic; what it was is an unknown."""
    start, stop = to.truth_of(begin), to.truth_of(end)
    known = z3.is_false(start.unknown) and z3.is_false(stop.unknown)
    before = _before(to, number, known)
    true = both(stop.false, either(start.true, before.true))
    if known:
        return Truth(true, opposite(true))
    return Truth(true, either(stop.true, both(start.false, before.false)))


def lasting(to: Translation, number: int, node: g.Node, condition: Value) -> Truth:
    """True today, and on the rows before that it counts; more rows are harder to have."""
    assert isinstance(node.operation, g.Lasting)
    return _held(
        to, number, node.inputs[0], node.operation.count, to.truth_of(condition), node.clock
    )


def _held(to: Translation, number: int, inner: int, count: int, today: Truth, clock: str) -> Truth:
    if count <= 1:
        return today
    # Rows before the first are unknown; without gaps there is history enough.
    known = z3.is_false(today.unknown) and not to.gaps
    before = _before(to, number, known)
    family = to.symbols.families.setdefault(("held", to.past.of(inner), clock, to.gaps), {})
    for other, earlier in family.items():
        if other == count:
            continue
        longer, shorter = (before, earlier) if count > other else (earlier, before)
        to.symbols.fact(implied(longer.true, shorter.true))
        to.symbols.fact(implied(shorter.false, longer.false))
    family[count] = before
    true = both(today.true, before.true)
    return Truth(true, opposite(true) if known else either(today.false, before.false))


def sample(to: Translation, number: int, node: g.Node, today: Value) -> Value:
    """A column at the end of the last completed period: as today's may be, not as it is."""
    key = ("sample", to.same(number, to.past))
    return past_of(to, key, node, today)


def past_of(to: Translation, key: tuple[object, ...], node: g.Node, today: Value) -> Value:
    """A value of another row: an unknown within the bounds that today's has."""
    total = all(z3.is_true(known_in(leaf.content)) for leaf in leaves(today))
    if g.storage_of(node.type) is not g.Storage.NUMBER:
        return to.unknown(key, node, not total)
    within = to.range(today)
    known = YES if total else to.symbols.boolean("known", key)
    return to.diagrams.leaf(to.symbols.number(to.symbols.real(key, within), known))


def hold(to: Translation, node: g.Node, inner: Value) -> Value:
    """The last completed period's value, once a period is complete."""
    if not to.gaps:
        return inner
    clock = to.plan.nodes[node.inputs[0]].clock
    complete = to.symbols.boolean("complete", clock)
    selector = to.selector_of(Truth(complete, opposite(complete)))
    storage = g.storage_of(node.type)

    def held(done: Content, content: Content) -> Value:
        return to.diagrams.leaf(content if done == 1 else to.missing(storage))

    return to.apply(held, [to.diagrams.cases_of(selector), inner], node)


def call(to: Translation, number: int, node: g.Node, values: Sequence[Value]) -> Value:
    """A built-in's call."""
    assert isinstance(node.operation, g.Call)
    name, fixed = node.operation.function, node.operation.fixed
    if name in EXACT:
        return to.apply(lambda *parts: EXACT[name](to, *parts), values, node)
    counts = [item for item in fixed if item is not None]
    if name == "latch":
        return to.diagrams.leaf(latch(to, number, values[0], values[1]))
    if name == "held":
        inner, count = node.inputs[0], int(counts[0])
        truth = to.truth_of(values[0])
        return to.diagrams.leaf(_held(to, number, inner, count, truth, node.clock))
    if name in ("crosses_above", "crosses_below"):
        return to.diagrams.leaf(_crossing(to, number, name, values))
    if name == "ago":
        key = ("ago", to.same(number, to.past))
        found = past_of(to, key, node, values[0])
    else:
        found = _measure(to, number, node, values)
    if isinstance(found, Leaf) and isinstance(found.content, Number):
        _relate(
            to,
            node,
            name,
            [int(item) for item in counts if isinstance(item, (int, float))],
            found.content,
            values,
        )
    return found


def _measure(to: Translation, number: int, node: g.Node, values: Sequence[Value]) -> Value:
    """An unknown within the bounds of its record and, where it averages, of its argument."""
    assert isinstance(node.operation, g.Call)
    record = BUILTINS[node.operation.function]
    key = ("call", to.same(number, to.keys))
    numbers = [value for value in values if to.is_number(value)]
    total = record.name in _ALWAYS_KNOWN and not to.gaps
    total = total and all(
        z3.is_true(known_in(leaf.content)) for value in values for leaf in leaves(value)
    )
    if g.storage_of(node.type) is not g.Storage.NUMBER:
        return to.unknown(key, node, not total)
    within = p.Interval(_end(record.least), _end(record.most))
    if record.within_argument and numbers:
        within = within.meet(to.range(numbers[0]))
    known = YES if total else to.symbols.boolean("known", key)
    if (
        not total
        and record.shape in (Shape.WINDOW, Shape.RECURSIVE)
        and record.name != "sessions_since"
    ):
        # A missing row inside the window makes the value unknown; today is inside.
        for value in numbers:
            to.symbols.fact(implied(known, to.known(value)))
    return to.diagrams.leaf(to.symbols.number(to.symbols.real(key, within), known))


def _end(value: float | None) -> p.End:
    return p.End(None if value is None else p.decimal(value))


def _crossing(to: Translation, number: int, name: str, values: Sequence[Value]) -> Truth:
    """a > b today, and a <= b on the row before, which is an unknown."""
    sign = ">" if name == "crosses_above" else "<"
    found = to.apply(lambda a, b: to.compared(a, b, sign), values, to.plan.nodes[number])
    now = to.truth_of(found)
    known = z3.is_false(now.unknown) and not to.gaps
    before = _before(to, number, known)
    true = both(now.true, before.true)
    return Truth(true, opposite(true) if known else either(now.false, before.false))


def _relate(
    to: Translation,
    node: g.Node,
    name: str,
    counts: Sequence[int],
    found: Number,
    values: Sequence[Value],
) -> None:
    """Facts between this call and today's argument, and others of the same argument."""
    symbols = to.symbols
    if name == "sessions_since":
        truth = to.truth_of(values[0])
        zero = symbols.compare(found, symbols.constant(0.0), "==")
        one = symbols.compare(found, symbols.constant(1.0), ">=")
        symbols.fact(implied(truth.true, both(found.known, zero.true)))
        symbols.fact(implied(zero.true, truth.true))
        symbols.fact(implied(found.known, either(zero.true, one.true)))
        return
    if not values or not to.is_number(values[0]):
        return
    today = to.number_of(values[0])
    inner = to.past.of(node.inputs[0])
    count = counts[0] if counts else 0
    if name == "percentile_rank":
        least = Number(p.number(Fraction(1, count)), p.number(1), YES)
        symbols.fact(implied(found.known, symbols.compare(found, least, ">=").true))
    if name in ("change", "ago"):
        _from_the_past(to, name, inner, count, found, values[0], node.clock)
    family = symbols.families.setdefault(("window", inner, node.clock, to.gaps), {})
    if to.keys.tag == "" and to.keys is to.past:
        for (other, size), value in family.items():
            _ordered(to, (name, count), found, (other, size), value)
    if name in ("lowest", "highest"):
        sign = "<=" if name == "lowest" else ">="
        symbols.fact(_wherever(found, today, symbols.compare(found, today, sign)))
    if to.keys is to.past:
        family[name, count] = found
        waiting = symbols.families.setdefault(("waiting", inner, node.clock, to.gaps), {})
        if name in _DEFINED:
            waiting[name, tuple(counts)] = (found, today)
        for (other, sizes), (value, then) in list(waiting.items()):
            if _defined(to, other, sizes, value, then, family):
                del waiting[other, sizes]
    if name in _RISES_WITH_TODAY:
        key = ("risen", name, tuple(counts), inner, node.clock, to.gaps)
        others = symbols.families.setdefault(key, {})
        for other_today, value in others.values():
            for a, b, x, y in (
                (today, other_today, found, value),
                (other_today, today, value, found),
            ):
                less = symbols.compare(a, b, "<=")
                order = symbols.compare(x, y, "<=")
                rising = both(less.true, x.known, y.known)
                symbols.fact(implied(rising, order.true))
                if name in _NO_FASTER:
                    moved, by = to.arithmetic("-", y, x), to.arithmetic("-", b, a)
                    symbols.fact(implied(rising, symbols.compare(moved, by, "<=").true))
        others[to.keys.tag] = (today, found)


def _wherever(a: Number, b: Number, truth: Truth) -> z3.BoolRef:
    return implied(both(a.known, b.known), truth.true)


def _ordered(
    to: Translation, one: tuple[str, int], x: Number, other: tuple[str, int], y: Number
) -> None:
    """What holds between two windows of the same argument."""
    symbols = to.symbols
    for (a, n, u), (b, m, v) in (
        ((*one, x), (*other, y)),
        ((*other, y), (*one, x)),
    ):
        inside = n <= m or (a == "ago" and n < m)
        lower = a in ("lowest",) and b in ("sma", "wma", "highest") and n == m
        lower = lower or (a in ("sma", "wma") and b == "highest" and n <= m)
        lower = lower or (a == "highest" and b == "highest" and n <= m)
        lower = lower or (a == "ago" and b == "highest" and n < m)
        lower = lower or (a == "lowest" and b == "highest")
        if lower and (inside or a == "lowest"):
            symbols.fact(_wherever(u, v, symbols.compare(u, v, "<=")))
        upper = a == "lowest" and b == "lowest" and n <= m
        upper = upper or (a in ("sma", "wma") and b == "lowest" and n <= m)
        upper = upper or (a == "ago" and b == "lowest" and n < m)
        if upper:
            symbols.fact(_wherever(u, v, symbols.compare(u, v, ">=")))


def _from_the_past(
    to: Translation,
    name: str,
    inner: int,
    count: int,
    found: Number,
    argument: Value,
    clock: str,
) -> None:
    """`change` is today less an earlier row, and `ago` that row: one unknown, whatever today is."""
    symbols = to.symbols
    key = ("past of", inner, count, clock, to.gaps)
    then = symbols.number(symbols.real(key, to.range(argument)), found.known)
    whole = then if name == "ago" else to.arithmetic("-", to.number_of(argument), then)
    symbols.fact(_wherever(found, whole, symbols.compare(found, whole, "==")))


def _defined(
    to: Translation,
    name: str,
    counts: Sequence[int],
    found: Number,
    today: Number,
    family: Mapping[tuple[str, int], Number],
) -> bool:
    """What a definition says of a window by others of its argument; whether those are there yet."""
    symbols = to.symbols
    if name == "zscore":
        mean = family.get(("sma", counts[0]))
        if mean is None:
            return False
        nothing = symbols.constant(0.0)
        for sign in ("<", ">"):
            side = symbols.compare(found, nothing, sign).true
            level = symbols.compare(today, mean, sign).true
            symbols.fact(implied(both(side, mean.known), level))
        return True
    fast, slow = (family.get(("ema", count)) for count in counts[:2])
    if fast is None or slow is None:
        return False
    whole = to.arithmetic("-", fast, slow)
    symbols.fact(_wherever(found, whole, symbols.compare(found, whole, "==")))
    return True
