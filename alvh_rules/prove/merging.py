"""Calls and memories of two plans that are one, because what they rest on is proved equal.

`inverted from not (a and b) …` and `inverted from not a or not b …` have keys of their own, since
they were written differently. Where the solver proves every input of the one equal to that of the
other, in every market and so on every row, both look back on the same past, and are one unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from alvh_rules.plan import graph as g
from alvh_rules.prove.difference import difference
from alvh_rules.prove.keys import Keys
from alvh_rules.prove.solver import Asker
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import either, opposite

MOST_COMPARED = 200
"""Pairs that are put to the solver; those beyond are taken for different."""


@dataclass
class Merger:
    """Remembers what was met, and what it was proved equal to."""

    asker: Asker
    _met: dict[object, list[tuple[int, Translation, int]]] = field(default_factory=dict)
    _same: dict[int, int] = field(default_factory=dict)
    _compared: int = 0

    def same(self, to: Translation, number: int, keys: Keys) -> int:
        """The number of a node's computation, or of an equal one that was met before."""
        key = keys.of(number)
        if key in self._same:
            return self._same[key]
        node = to.plan.nodes[number]
        kind = (node.operation, g.storage_of(node.type), node.clock, len(node.inputs), to.gaps)
        others = self._met.setdefault(kind, [])
        for other, owner, at in others:
            if owner is not to and self._equal(owner, at, to, number):
                self._same[key] = other
                return other
        others.append((key, to, number))
        self._same[key] = key
        return key

    def _equal(self, one: Translation, at: int, other: Translation, number: int) -> bool:
        pairs = zip(one.plan.nodes[at].inputs, other.plan.nodes[number].inputs, strict=True)
        for a, b in pairs:
            if one.keys.of(a) == other.keys.of(b):
                continue
            storages = [g.storage_of(to.plan.nodes[n].type) for to, n in ((one, a), (other, b))]
            if storages[0] is not storages[1] or storages[0] is g.Storage.CURVE:
                return False
            if storages[0] is g.Storage.CODE or self._compared >= MOST_COMPARED:
                return False
            self._compared += 1
            apart = difference(one, one.value(a), other.value(b), storages[0])
            if self.asker.exists(apart).verdict != "no":
                return False
        return True


def relate_latches(
    asker: Asker,
    one: Translation,
    other: Translation,
    among: Sequence[int] | None = None,
    done: set[tuple[int, int]] | None = None,
) -> None:
    """What always holds between latches of two plans (or of one), by induction over the rows.

    Both are off at the start. If, where the one having been on means that the other was, the one
    being on today means that the other is, then it always does; which is a fact of what was before.
    `among` are the nodes that are looked at, `done` the pairs that were.
    """
    for a, b in [(one, other), (other, one)] if one is not other else [(one, one)]:
        for first, second in product(
            _with_memory(a, g.Latch, among), _with_memory(b, g.Latch, among)
        ):
            before, after = a.memory[first], b.memory[second]
            if before.true.eq(after.true) or not _new(first, second, done):
                continue
            kept = either(opposite(before.true), after.true)
            if asker.budget.left < 1:
                return
            now, then = a.truth(first), b.truth(second)
            if asker.exists(kept, now.true, opposite(then.true)).verdict == "no":
                asker.symbols.fact(kept)


def relate_lasting(
    asker: Asker, to: Translation, among: Sequence[int], done: set[tuple[int, int]]
) -> None:
    """Of two conditions that last: where the one means the other on every row, and for no fewer rows, it
    has lasted where the other has."""
    found = _with_memory(to, g.Lasting, among)
    for first, second in product(found, found):
        nodes = [to.plan.nodes[number] for number in (first, second)]
        counts = [_count(node) for node in nodes]
        inner = [node.inputs[0] for node in nodes]
        if counts[0] < counts[1] or inner[0] == inner[1] or nodes[0].clock != nodes[1].clock:
            continue
        if not _new(first, second, done) or asker.budget.left < 1:
            continue
        one, other = (to.truth(number) for number in inner)
        if asker.exists(one.true, opposite(other.true)).verdict == "no":
            before, after = to.memory[first], to.memory[second]
            asker.symbols.fact(either(opposite(before.true), after.true))


def _count(node: g.Node) -> int:
    return node.operation.count if isinstance(node.operation, g.Lasting) else 0


def _new(first: int, second: int, done: set[tuple[int, int]] | None) -> bool:
    """Whether a pair was not looked at before; with no memory of pairs, always."""
    if done is None:
        return True
    if (first, second) in done or len(done) >= MOST_COMPARED:
        return False
    done.add((first, second))
    return True


def _with_memory(
    to: Translation, sort: type[g.Latch] | type[g.Lasting], among: Sequence[int] | None
) -> list[int]:
    return [
        number
        for number in sorted(to.memory)
        if isinstance(to.plan.nodes[number].operation, sort) and (among is None or number in among)
    ]
