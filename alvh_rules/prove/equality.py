"""Whether two rulesets decide alike in every market.

1. Both plans are translated over one set of unknowns: the same data column is the same unknown, and
   the same call on the same argument. Calls whose arguments the solver proves equal are one too.
2. A decision whose two computations have one key (`keys.py`) is the same, bit for bit.
3. Otherwise the solver looks for a market with the data present in which they differ; then for one
   with gaps. Each example is replayed in the evaluator before it is shown.
4. Where they are equal in real arithmetic, markets on the edges are put before the evaluator: what
   differs there differs by rounding alone, and is said to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import z3

from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate.inputs import Array
from alvh_rules.pipeline import Checked
from alvh_rules.plan import graph as g
from alvh_rules.prove.assumptions import assume
from alvh_rules.prove.boundary import given_to, on_the_edges, random_columns, taken
from alvh_rules.prove.example import Held, Market, Part, fewest, look_for, market_of, parts_of
from alvh_rules.prove.region import region_of
from alvh_rules.prove.replay import replayed
from alvh_rules.prove.shown import Shown
from alvh_rules.prove.solver import Asker, Budget
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.translate import Translation, bool_if
from alvh_rules.prove.values import Content, Number, TooManyCases, Value, both, either, opposite

__all__ = ["DecisionVerdict", "Market", "compare_decisions"]

Status = Literal["same", "same_off_boundary", "different", "undecided"]
CLOSE = 1e-12
"""Part of the greater value by which numbers may differ and be the same: what reordering a sum does."""
RANDOM_ROWS = 2_000
TRIALS = 3
"""Examples of the solver that may fail to replay before a difference is left undecided."""


@dataclass(frozen=True)
class DecisionVerdict:
    """What is known of one decision of two rulesets.

    `name` is a name that both decide. `example` is a market in which they differ, replayed in the
    evaluator, and `old` and `new` are the values there, as shown. `region` says where they differ in
    the trader's terms; `boundary` where they do in floating point only. `seconds` is the time spent.
    """

    name: str
    status: Status
    example: Market | None
    old: object
    new: object
    region: str
    boundary: str
    reason: str
    seconds: float


class _Side:
    """One ruleset's translation, and its plan's nodes by name."""

    def __init__(self, symbols: Symbols, checked: Checked, gaps: bool, missing: frozenset[object]) -> None:
        assert checked.ruleset is not None
        assert checked.plan is not None
        self.ruleset, self.plan = checked.ruleset, checked.plan
        self.to = Translation(symbols, checked.ruleset, checked.plan, gaps=gaps, optional=missing)
        self.shown = Shown(checked.ruleset, checked.plan)

    def words(self, number: int) -> tuple[str, ...]:
        """The words of a label's codes."""
        return tuple(self.ruleset.labels.get(self.plan.nodes[number].type.labels, ()))


class _Pair:
    """Both rulesets over one set of unknowns."""

    def __init__(self, old: Checked, new: Checked, budget: Budget, gaps: bool) -> None:
        self.symbols = Symbols()
        self.asker = Asker(self.symbols, budget)
        missing = _optional(self.symbols, old) | _optional(self.symbols, new)
        self.sides = [_Side(self.symbols, item, gaps, missing) for item in (old, new)]
        for side in self.sides:
            side.to.asker = self.asker
            self.asker.always += assume(side.to)

    def nodes(self, name: str) -> tuple[int, int]:
        """The decision's node in each plan."""
        old, new = (side.plan.names[name] for side in self.sides)
        return old, new

    def difference(self, name: str) -> z3.BoolRef:
        """When the two decide differently."""
        numbers = self.nodes(name)
        values = [side.to.value(n) for side, n in zip(self.sides, numbers, strict=True)]
        kinds = [g.storage_of(s.plan.nodes[n].type) for s, n in zip(self.sides, numbers, strict=True)]
        if kinds[0] is not kinds[1]:
            return z3.BoolVal(True)
        words = [side.words(n) for side, n in zip(self.sides, numbers, strict=True)]
        return difference(self.sides[0].to, values[0], values[1], kinds[0], words[0], words[1])


def _optional(symbols: Symbols, checked: Checked) -> frozenset[object]:
    """The computations of columns that may be missing."""
    from alvh_rules.prove.keys import Keys

    assert checked.ruleset is not None
    assert checked.plan is not None
    keys = Keys(symbols.numbers, checked.ruleset, checked.plan)
    optional = {column.name for column in checked.ruleset.schema.columns if column.optional}
    return frozenset(
        keys.of(number)
        for number, node in enumerate(checked.plan.nodes)
        if isinstance(node.operation, g.Column) and node.operation.name in optional
    )


def difference(
    to: Translation,
    old: Value,
    new: Value,
    storage: g.Storage,
    old_words: Sequence[str] = (),
    new_words: Sequence[str] = (),
) -> z3.BoolRef:
    """When two values differ: one is missing and the other not, or both are known and apart."""
    if storage is g.Storage.FLAG:
        a, b = to.truth_of(old), to.truth_of(new)
        return either(_unlike(a.true, b.true), _unlike(a.false, b.false))

    def word(code: Content, words: Sequence[str]) -> str:
        assert isinstance(code, int)
        return words[code] if 0 <= code < len(words) else ""

    def apart(a: Content, b: Content) -> Value:
        if storage is g.Storage.CODE:
            same = word(a, old_words) == word(b, new_words)
            return to.diagrams.leaf(-1 if same else 1)
        return to.diagrams.leaf(_numbers_apart(to, a, b))

    try:
        return to.truth_of(to.diagrams.apply(apart, [old, new])).true
    except TooManyCases:
        a, b = to.number_of(old), to.number_of(new)
        return to.truth_of(apart(a, b)).true


def _numbers_apart(to: Translation, a: Content, b: Content) -> Content:
    if isinstance(a, float) and isinstance(b, float):
        return -1 if _close(a, b) else 1
    left, right = to.number(a), to.number(b)
    if left is None or right is None:
        known = (left or right or Number(to.symbols.constant(0.0).top, to.symbols.constant(1.0).top, z3.BoolVal(False))).known
        from alvh_rules.prove.values import Truth

        return Truth(known, opposite(known))
    from alvh_rules.prove.values import Truth

    both_known = both(left.known, right.known)
    unequal = opposite(to.symbols.atom(left.top * right.bottom - right.top * left.bottom, "=="))
    found = either(_unlike(left.known, right.known), both(both_known, unequal))
    return Truth(found, opposite(found))


def _close(a: float, b: float) -> bool:
    if a != a or b != b:
        return a != a and b != b
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))


def _unlike(a: z3.BoolRef, b: z3.BoolRef) -> z3.BoolRef:
    if a.eq(b):
        return z3.BoolVal(False)
    return bool_if(a, opposite(b), b)


def compare_decisions(
    old: Checked, new: Checked, names: Sequence[str], *, seconds: float = 10.0
) -> list[DecisionVerdict]:
    """A verdict for each of the names, in their order, within so many seconds in all.

    Both rulesets must have been checked without errors, and both must have every name.
    """
    budget = Budget(seconds)
    present = _Pair(old, new, budget, gaps=False)
    with_gaps: list[_Pair] = []

    def gaps() -> _Pair:
        if not with_gaps:
            with_gaps.append(_Pair(old, new, budget, gaps=True))
        return with_gaps[0]

    return [_verdict(present, gaps, name) for name in names]


def _verdict(pair: _Pair, gaps: Any, name: str) -> DecisionVerdict:
    begun = time.perf_counter()

    def found(status: Status, **said: Any) -> DecisionVerdict:
        empty = {"example": None, "old": None, "new": None, "region": "", "boundary": "", "reason": ""}
        return DecisionVerdict(
            name, status, **{**empty, **said}, seconds=time.perf_counter() - begun
        )

    numbers = pair.nodes(name)
    keys = [side.to.keys.of(n) for side, n in zip(pair.sides, numbers, strict=True)]
    if keys[0] == keys[1]:
        return found("same")
    for each in (pair, None):
        now = each or gaps()
        apart = now.difference(name)
        shown = _shown(now, name, apart)
        if shown is None:
            continue
        if isinstance(shown, str):
            return found("undecided", reason=shown)
        example, values = shown
        region = region_of(
            now.asker, [side.to for side in now.sides], now.nodes(name), apart, example[1]
        )
        return found("different", example=example[0], old=values[0], new=values[1], region=region)
    return _on_the_edges(pair, name, found)


def _shown(pair: _Pair, name: str, apart: z3.BoolRef) -> Any:
    """A market in which they differ, with the values there; None if there is none; or a reason."""
    numbers = pair.nodes(name)
    parts = parts_of([side.to for side in pair.sides], [[n] for n in numbers])
    barred: list[z3.BoolRef] = []
    reason = ""
    for trial in range(TRIALS):
        sight = look_for(pair.asker, [apart, *barred], parts, roundly=trial < TRIALS - 1)
        if sight.verdict == "no":
            return None if not barred else reason
        if sight.verdict == "unknown":
            return reason or sight.reason

        def shows(held: Mapping[tuple[int, int], Held]) -> bool:
            return _differ(pair, numbers, parts, held)

        kept = fewest(parts, sight.held, shows)
        if kept is not None:
            values = _values(pair, numbers, parts, kept)
            return (market_of(parts, kept), sight), values
        reason = (
            "they differ in real arithmetic, on a boundary where floating point makes them alike"
        )
        assert sight.model is not None
        barred.append(_elsewhere(parts, sight.model))
    return reason


def _elsewhere(parts: Sequence[Part], model: z3.ModelRef) -> z3.BoolRef:
    """Not this market's numbers again."""
    from alvh_rules.prove.example import term_of

    apart = []
    for part in parts:
        if g.storage_of(part.node.type) is g.Storage.NUMBER:
            term, _ = term_of(part)
            apart.append(term != model.eval(term, model_completion=True))
    return z3.Or(*apart) if apart else z3.BoolVal(False)


def _columns(
    pair: _Pair, numbers: Sequence[int], parts: Sequence[Part], held: Mapping[tuple[int, int], Held]
) -> list[Any]:
    return [
        replayed(side.ruleset, side.plan, n, 1, given_to(parts, held, side.to))[0]
        for side, n in zip(pair.sides, numbers, strict=True)
    ]


def _values(
    pair: _Pair, numbers: Sequence[int], parts: Sequence[Part], held: Mapping[tuple[int, int], Held]
) -> list[str]:
    return [
        side.shown.value(_plain(value), side.plan.nodes[n])
        for side, n, value in zip(
            pair.sides, numbers, _columns(pair, numbers, parts, held), strict=True
        )
    ]


def _plain(value: Any) -> float | int:
    return float(value) if isinstance(value, np.floating) else int(value)


def _differ(
    pair: _Pair, numbers: Sequence[int], parts: Sequence[Part], held: Mapping[tuple[int, int], Held]
) -> bool:
    columns = [np.asarray([value]) for value in _columns(pair, numbers, parts, held)]
    return bool(_apart(pair, numbers, columns)[0])


def _apart(pair: _Pair, numbers: Sequence[int], columns: Sequence[Array]) -> Array:
    """The rows on which two columns of the decision differ."""
    old, new = columns
    node = pair.sides[0].plan.nodes[numbers[0]]
    if g.storage_of(node.type) is not g.storage_of(pair.sides[1].plan.nodes[numbers[1]].type):
        return np.ones(len(old), dtype=bool)
    if node.type.kind is Kind.LABEL:
        words = [side.words(n) for side, n in zip(pair.sides, numbers, strict=True)]
        old, new = (
            np.asarray([own[int(code)] if code >= 0 else "" for code in column])
            for own, column in zip(words, columns, strict=True)
        )
        return np.asarray(old != new)
    if node.type.kind is Kind.FLAG:
        return np.asarray(old != new)
    gone = np.isnan(old) != np.isnan(new)
    far = np.abs(old - new) > CLOSE * np.maximum(np.abs(old), np.abs(new))
    return np.asarray(gone | far)


def _on_the_edges(pair: _Pair, name: str, found: Any) -> DecisionVerdict:
    """Equal in real arithmetic: whether floating point agrees, on edges and at random."""
    numbers = pair.nodes(name)
    translations = [side.to for side in pair.sides]
    parts = parts_of(translations, [[n] for n in numbers])
    edges, columns = on_the_edges(pair.symbols, parts)
    scattered = random_columns(parts, RANDOM_ROWS, np.random.default_rng(2))
    columns = {key: np.concatenate([column, scattered[key]]) for key, column in columns.items()}
    rows = edges + RANDOM_ROWS
    decided = [
        replayed(
            side.ruleset,
            side.plan,
            n,
            rows,
            {part.number: columns[id(part.of), part.number] for part in parts if part.of is side.to},
        )
        for side, n in zip(pair.sides, numbers, strict=True)
    ]
    apart = np.flatnonzero(_apart(pair, numbers, decided)[:edges])
    if not len(apart):
        return found("same")
    held = taken(columns, int(apart[0]), parts)
    kept = fewest(parts, held, lambda trial: _differ(pair, numbers, parts, trial)) or held
    values = _values(pair, numbers, parts, kept)
    market = market_of(parts, kept)
    place = ", ".join(f"{key} = {value!r}" for key, value in market.given.items())
    return found(
        "same_off_boundary",
        example=market,
        old=values[0],
        new=values[1],
        boundary=f"equal in real arithmetic; rounding alone sets them apart at {place}",
    )
