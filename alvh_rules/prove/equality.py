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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import z3

from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate.inputs import Array
from alvh_rules.pipeline import Checked
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.prove.assumptions import assume, assumed_nodes
from alvh_rules.prove.boundary import on_the_edges, plainest
from alvh_rules.prove.difference import CLOSE, difference
from alvh_rules.prove.example import (
    Held,
    Key,
    Market,
    Part,
    fewest,
    look_for,
    market_of,
    parts_of,
    possible,
    term_of,
)
from alvh_rules.prove.histories import Histories, entangled, held_at, rows_before
from alvh_rules.prove.merging import Merger, relate_latches
from alvh_rules.prove.region import region_of
from alvh_rules.prove.replay import on_one_row, replayed
from alvh_rules.prove.solver import Asker, Budget
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import TOO_MANY, TooManyCases

__all__ = ["DecisionVerdict", "Market", "compare_decisions"]

Status = Literal["same", "same_off_boundary", "different", "undecided"]
CANDIDATES = 8
"""Rows of the evaluator's in which they differ that are held against the facts."""
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

    def __init__(
        self, symbols: Symbols, checked: Checked, gaps: bool, missing: frozenset[object]
    ) -> None:
        assert checked.ruleset is not None
        assert checked.plan is not None
        self.ruleset = checked.ruleset
        self.plan = plan_of(checked.ruleset, also=checked.ruleset.assumptions)
        self.to = Translation(symbols, checked.ruleset, self.plan, gaps=gaps, optional=missing)
        self.shown = self.to.shown

    def words(self, number: int) -> tuple[str, ...]:
        """The words of a label's codes."""
        return tuple(self.ruleset.labels.get(self.plan.nodes[number].type.labels, ()))


class _Pair:
    """Both rulesets over one set of unknowns."""

    def __init__(self, old: Checked, new: Checked, budget: Budget, gaps: bool) -> None:
        self.symbols = Symbols()
        self.asker = Asker(self.symbols, budget)
        self.marked = False
        self.histories: list[Histories] | None = None
        missing = _optional(self.symbols, old) | _optional(self.symbols, new)
        self.sides = [_Side(self.symbols, item, gaps, missing) for item in (old, new)]
        merger = Merger(self.asker)
        for side in self.sides:
            side.to.merge = merger.same
            self.asker.always += assume(side.to)

    def nodes(self, name: str) -> tuple[int, int]:
        """The decision's node in each plan."""
        old, new = (side.plan.names[name] for side in self.sides)
        return old, new

    def difference(self, name: str) -> z3.BoolRef:
        """When the two decide differently."""
        numbers = self.nodes(name)
        values = [side.to.value(n) for side, n in zip(self.sides, numbers, strict=True)]
        relate_latches(self.asker, self.sides[0].to, self.sides[1].to)
        kinds = [
            g.storage_of(s.plan.nodes[n].type) for s, n in zip(self.sides, numbers, strict=True)
        ]
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


def _verdict(pair: _Pair, gaps: Callable[[], _Pair], name: str) -> DecisionVerdict:
    begun = time.perf_counter()

    def found(status: Status, **said: Any) -> DecisionVerdict:
        empty = {
            "example": None,
            "old": None,
            "new": None,
            "region": "",
            "boundary": "",
            "reason": "",
        }
        return DecisionVerdict(
            name, status, **{**empty, **said}, seconds=time.perf_counter() - begun
        )

    numbers = pair.nodes(name)
    keys = [side.to.keys.of(n) for side, n in zip(pair.sides, numbers, strict=True)]
    if keys[0] == keys[1]:
        return found("same")
    for each in (pair, None):
        try:
            now = each or gaps()
            apart = now.difference(name)
        except TooManyCases:
            return found("undecided", reason=TOO_MANY)
        if not now.marked:
            _mark_rivals(now)
            now.marked = True
        shown = _shown(now, name, apart)
        if shown is None:
            continue
        if isinstance(shown, str):
            return found("undecided", reason=shown)
        market, sight, values, kept = shown
        doubt = _doubt(now, numbers, _parts(now, numbers), kept, market)
        if doubt:
            return found("undecided", reason=doubt)
        translations = [side.to for side in now.sides]
        region = region_of(now.asker, translations, _parts(now, numbers), numbers, apart, sight)
        return found("different", example=market, old=values[0], new=values[1], region=region)
    return _on_the_edges(pair, name, found)


def _parts(pair: _Pair, numbers: Sequence[int]) -> list[Part]:
    """What a market gives. A latch that the other ruleset does not have is given its memory."""
    translations = [side.to for side in pair.sides]
    known = [
        {to.same(n, to.keys) for n in to.market_of(number, lambda _: True)}
        for to, number in zip(translations, numbers, strict=True)
    ]

    def opened(to: Translation, number: int) -> bool:
        other = known[1 - translations.index(to)]
        return to.same(number, to.keys) not in other

    return parts_of(translations, [[number] for number in numbers], opened)


def _mark_rivals(pair: _Pair) -> None:
    """Tell apart what both rulesets call the same and is not the same computation."""
    old, new = (side.to for side in pair.sides)
    by_text = [{to.shown.text(number): number for number in _told_nodes(to)} for to in (old, new)]
    for text in by_text[0].keys() & by_text[1].keys():
        first, second = by_text[0][text], by_text[1][text]
        if old.same(first, old.keys) != new.same(second, new.keys):
            old.shown.marks[first], new.shown.marks[second] = "old", "new"


def _told_nodes(to: Translation) -> list[int]:
    """The nodes that a market or a region may name."""
    own = {to.plan.names[name] for name in to.ruleset.outputs} - set(to.memory)
    opaque = [number for number in range(len(to.plan.nodes)) if to.opaque(number)]
    return sorted({*to.shown.names, *opaque} - own)


def _shown(pair: _Pair, name: str, apart: z3.BoolRef) -> Any:
    """A market in which they differ, with the values there; None if there is none; or a reason."""
    numbers = pair.nodes(name)
    parts = _parts(pair, numbers)
    barred: list[z3.BoolRef] = []
    reason = ""
    for trial in range(TRIALS):
        sight = look_for(pair.asker, [apart, *barred], parts, roundly=trial < TRIALS - 1)
        if sight.verdict == "no":
            return None if not barred else reason
        if sight.verdict == "unknown":
            return reason or sight.reason
        values = _values(pair, numbers, parts, sight.held)
        if _differ(pair, numbers, values):

            def shows(held: Mapping[Key, Held], values: list[Any] = values) -> bool:
                return _alike(values, _values(pair, numbers, parts, held))

            kept = fewest(parts, sight.held, shows)
            assert kept is not None
            return market_of(parts, kept), sight, _told(pair, numbers, values), kept
        reason = (
            "they differ in real arithmetic, on a boundary where floating point makes them alike"
        )
        assert sight.model is not None
        barred.append(_elsewhere(parts, sight.model))
    return reason


def _doubt(
    pair: _Pair,
    numbers: Sequence[int],
    parts: Sequence[Part],
    kept: Mapping[Key, Held],
    market: Market,
) -> str:
    """Why it is not known whether a history comes to an example; '' where one does, or can.

    Values that rest on the same data may rule one another out: then both rulesets are run over made-up
    histories, and must differ on some row.
    """
    given: dict[object, Part] = {}
    for part in parts:
        if part.key in kept:
            # What is one computation in both is one value.
            given.setdefault((part.of.same(part.number, part.of.keys), part.before), part)
    if not entangled(list(given.values())):
        return ""
    if _history_apart(pair, numbers) is not None:
        return ""
    told = ", ".join(f"{name} = {_plain(value)}" for name, value in market.given.items())
    return (
        f"they would differ where {told}; these rest on the same data, and no history was found that"
        " comes to it"
    )


def _history_apart(pair: _Pair, numbers: Sequence[int]) -> tuple[int, int] | None:
    """The history and the row on which the two decide otherwise; None where none is found."""
    if pair.histories is None:
        before = max(rows_before(side.to) for side in pair.sides)
        pair.histories = [
            Histories(side.to, assumed_nodes(side.ruleset, side.plan), before)
            for side in pair.sides
        ]
    if not all(item.possible for item in pair.histories):
        return None
    (old, holds), (new, also) = (
        item.columns(n) for item, n in zip(pair.histories, numbers, strict=True)
    )
    for at, (one, other) in enumerate(zip(old, new, strict=True)):
        rows = np.flatnonzero(_apart(pair, numbers, [one, other]) & holds[at] & also[at])
        if len(rows):
            return at, int(rows[0])
    return None


def _history_market(
    pair: _Pair, numbers: Sequence[int], at: int, row: int
) -> tuple[list[Part], dict[Key, Held]]:
    """What each opaque node holds on a row of a history."""
    assert pair.histories is not None
    parts: list[Part] = []
    held: dict[Key, Held] = {}
    for side, history, number in zip(pair.sides, pair.histories, numbers, strict=True):
        for node in side.to.market_of(number):
            if side.plan.nodes[node].type.kind is Kind.CURVE:
                continue
            part = Part(side.to, node, side.shown.text(node))
            parts.append(part)
            held[part.key] = held_at(part, history.columns(node)[0][at][row])
    return parts, held


def _plain(value: float | int | str | None) -> str:
    if value is None or isinstance(value, bool):
        return "missing" if value is None else str(value).lower()
    return value if isinstance(value, str) else f"{value:g}"


def _elsewhere(parts: Sequence[Part], model: z3.ModelRef) -> z3.BoolRef:
    """Not this market's numbers again."""
    apart = []
    for part in parts:
        if g.storage_of(part.node.type) is g.Storage.NUMBER:
            term, _ = term_of(part)
            apart.append(term != model.eval(term, model_completion=True))
    return z3.Or(*apart) if apart else z3.BoolVal(False)


def _values(
    pair: _Pair, numbers: Sequence[int], parts: Sequence[Part], held: Mapping[Key, Held]
) -> list[Any]:
    return [
        on_one_row(side.to, [n], parts, held)[0]
        for side, n in zip(pair.sides, numbers, strict=True)
    ]


def _told(pair: _Pair, numbers: Sequence[int], values: Sequence[Any]) -> list[str]:
    return [
        side.shown.value(value, side.plan.nodes[n])
        for side, n, value in zip(pair.sides, numbers, values, strict=True)
    ]


def _alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))


def _differ(pair: _Pair, numbers: Sequence[int], values: Sequence[Any]) -> bool:
    return bool(_apart(pair, numbers, [np.asarray([value]) for value in values])[0])


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


def _on_the_edges(pair: _Pair, name: str, found: Callable[..., DecisionVerdict]) -> DecisionVerdict:
    """Equal in real arithmetic: whether floating point agrees, on edges and at random."""
    numbers = pair.nodes(name)
    parts = _parts(pair, numbers)
    decided_by = [side.to.value(n) for side, n in zip(pair.sides, numbers, strict=True)]
    edges, columns = on_the_edges(pair.symbols, decided_by, parts)
    held: Mapping[Key, Held] | None = None
    if edges:
        decided = [
            replayed(side.to, [n], parts, columns, edges)[0]
            for side, n in zip(pair.sides, numbers, strict=True)
        ]
        apart = np.flatnonzero(_apart(pair, numbers, decided))
        rows = plainest(columns, apart, parts, CANDIDATES)
        held = next((row for row in rows if possible(pair.asker, parts, row)), None)
    if held is None:
        # What cancels in real arithmetic has no edge; running it shows what rounding leaves.
        place_found = _history_apart(pair, numbers)
        if place_found is None:
            return found("same")
        parts, held = _history_market(pair, numbers, *place_found)
    values = _values(pair, numbers, parts, held)
    kept = fewest(parts, held, lambda trial: _alike(values, _values(pair, numbers, parts, trial)))
    market = market_of(parts, kept if kept is not None else held)
    place = ", ".join(f"{key} = {value!r}" for key, value in market.given.items())
    told = _told(pair, numbers, values)
    return found(
        "same_off_boundary",
        example=market,
        old=told[0],
        new=told[1],
        boundary=f"equal in real arithmetic; rounding alone sets them apart at {place}",
    )
