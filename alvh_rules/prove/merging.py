"""Calls and memories of two plans that are one, because what they rest on is proved equal.

`inverted from not (a and b) …` and `inverted from not a or not b …` have keys of their own, since
they were written differently. Where the solver proves every input of the one equal to that of the
other, in every market and so on every row, both look back on the same past, and are one unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


def relate_latches(asker: Asker, one: Translation, other: Translation) -> None:
    """What always holds between latches of two plans, by induction over the rows.

    Both are off at the start. If, where the one having been on means that the other was, the one
    being on today means that the other is, then it always does; which is a fact of what was before.
    """
    for a, b in [(one, other), (other, one)]:
        for first in _latches(a):
            for second in _latches(b):
                before, after = a.memory[first], b.memory[second]
                if before.true.eq(after.true):
                    continue
                kept = either(opposite(before.true), after.true)
                if asker.budget.left < 1:
                    return
                now, then = a.truth(first), b.truth(second)
                if asker.exists(kept, now.true, opposite(then.true)).verdict == "no":
                    asker.symbols.fact(kept)


def _latches(to: Translation) -> list[int]:
    return [
        number
        for number in sorted(to.memory)
        if isinstance(to.plan.nodes[number].operation, g.Latch)
    ]
