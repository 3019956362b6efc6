"""`always hedge.ratio never rises as slope rises`: two markets that differ in one name alone.

The name is given, as a test gives it, once lower and once higher; every other column, and all that
was before this row, is the same in both. A window over the name differs with today's value: an average
or an extreme is no lower where today's value is higher, which is all that is taken for granted of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import z3

from alvh_rules.check import checked as c
from alvh_rules.plan.from_checked import Lowering, plan_of
from alvh_rules.prove.assumptions import assume
from alvh_rules.prove.boundary import on_the_edges, taken
from alvh_rules.prove.context import ONLY_ROUNDING, Context, notes_of, timed
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
)
from alvh_rules.prove.replay import on_one_row, replayed
from alvh_rules.prove.solver import Asker
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.verdicts import Verdict


def monotone(context: Context) -> Iterator[Verdict]:
    """Every monotone property."""
    for item in context.ruleset.monotone:
        yield _Pair(context, item).verdict()


@dataclass
class _Pair:
    """A ruleset twice, the one with the subject lower, the other with it higher."""

    context: Context
    item: c.Monotone

    def __post_init__(self) -> None:
        ruleset, item = self.context.ruleset, self.item
        also = [item.value, *([] if item.when is None else [item.when])]
        self.plan = plan_of(ruleset, frozenset([item.subject]), [*ruleset.assumptions, *also])
        lowering = Lowering.over(ruleset, self.plan)
        self.value = lowering.lower(item.value)
        self.when = None if item.when is None else lowering.lower(item.when)
        self.subject = self.plan.names[item.subject]
        self.symbols = Symbols()
        self.asker = Asker(self.symbols, self.context.budget)
        self.low, self.high = (
            Translation(self.symbols, ruleset, self.plan, tag=tag) for tag in ("low", "high")
        )
        # What the name's own definition says of where it lies holds of what is given for it.
        own = Context(ruleset, self.context.budget)
        within = own.to.range(own.to.value(own.plan.names[item.subject]))
        for to in (self.low, self.high):
            (which,) = to.number_of(to.value(self.subject)).top.unknowns
            self.symbols.narrow(which, within)
            self.asker.always += assume(to)

    @property
    def translations(self) -> tuple[Translation, Translation]:
        """Both."""
        return self.low, self.high

    def verdict(self) -> Verdict:
        """Whether some pair breaks it."""
        begun = time.perf_counter()
        item = self.item
        parts = parts_of(self.translations, [self._nodes(), self._nodes()])
        sight = look_for(self.asker, self._broken(), parts)
        if sight.verdict == "unknown":
            return Verdict(
                "monotone",
                item.text,
                "undecided",
                item.span,
                reason=sight.reason,
                seconds=timed(begun),
            )
        if sight.verdict == "yes":
            kept = fewest(parts, sight.held, lambda held: self._breaks(parts, held))
            if kept is None:
                return Verdict(
                    "monotone",
                    item.text,
                    "undecided",
                    item.span,
                    reason=ONLY_ROUNDING,
                    seconds=timed(begun),
                )
            return self._refuted(parts, kept, begun)
        on_edge = self._in_floating_point(parts)
        if on_edge is not None:
            return self._refuted(parts, on_edge, begun, rounding=True)
        notes = [note for note in notes_of(self.low, self.value) if "free within" in note]
        return Verdict(
            "monotone", item.text, "proved", item.span, notes=tuple(notes), seconds=timed(begun)
        )

    def _nodes(self) -> list[int]:
        return [self.value, self.subject, *([] if self.when is None else [self.when])]

    def _broken(self) -> list[z3.BoolRef]:
        """The lower subject with the lower (or higher) value; both known, and `when` in both."""
        low, high = self.translations
        apart = self.symbols.compare(
            low.number_of(low.value(self.subject)), high.number_of(high.value(self.subject)), "<"
        )
        sign = "<" if self.item.falling else ">"
        moved = low.diagrams.apply(
            lambda a, b: low.compared(a, b, sign), [low.value(self.value), high.value(self.value)]
        )
        found = [apart.true, low.truth_of(moved).true]
        if self.when is not None:
            found += [to.truth(self.when).true for to in self.translations]
        return found

    def _seen(self, parts: list[Part], held: Mapping[Key, Held]) -> list[list[Any]]:
        return [on_one_row(to, self._nodes(), parts, held) for to in self.translations]

    def _breaks(self, parts: list[Part], held: Mapping[Key, Held]) -> bool:
        low, high = self._seen(parts, held)
        if not low[1] < high[1] or any(row[2:] not in ([], [1]) for row in (low, high)):
            return False
        return bool(low[0] < high[0] if self.item.falling else low[0] > high[0])

    def _refuted(
        self, parts: list[Part], kept: Mapping[Key, Held], begun: float, rounding: bool = False
    ) -> Verdict:
        first = market_of([part for part in parts if part.of is self.low], kept)
        then = market_of([part for part in parts if part.of is self.high], kept)
        moved = {
            name: value for name, value in then.given.items() if first.given.get(name) != value
        }
        shown = self.low.shown
        node = self.plan.nodes[self.value]
        values = [shown.value(row[0], node) for row in self._seen(parts, kept)]
        return Verdict(
            "monotone",
            self.item.text,
            "refuted",
            self.item.span,
            market=first,
            against=Market(moved),
            values=(f"{shown.text(self.value)} goes from {values[0]} to {values[1]}",),
            rounding=rounding,
            seconds=timed(begun),
        )

    def _in_floating_point(self, parts: list[Part]) -> Mapping[Key, Held] | None:
        """Neighbouring doubles of the subject on an edge, between which the value moves wrongly."""
        own = [part for part in parts if part.of is self.low]
        decided_by = [self.low.value(node) for node in self._nodes()]
        rows, columns = on_the_edges(self.symbols, decided_by, own)
        subject = next((part for part in own if part.number == self.subject), None)
        if not rows or subject is None:
            return None
        nodes = self._nodes()
        found = replayed(self.low, nodes, own, columns, rows)
        moved = found[0][:-1] < found[0][1:] if self.item.falling else found[0][:-1] > found[0][1:]
        at = columns[subject.key]
        passing = moved & (at[:-1] < at[1:])
        for column in (columns[part.key] for part in own if part is not subject):
            passing &= (column[:-1] == column[1:]) | (
                (column != column)[:-1] & (column != column)[1:]
            )
        for column in found[2:]:
            passing &= (column[:-1] == 1) & (column[1:] == 1)
        for row in np.flatnonzero(passing)[:3]:
            low = taken(columns, int(row), own)
            high = taken(columns, int(row) + 1, own)
            if not possible(self.asker, own, low):
                continue
            held = {**low, **{(id(self.high), *key[1:]): value for key, value in high.items()}}
            return held
        return None
