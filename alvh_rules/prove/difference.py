"""When two values differ, as a formula."""

from __future__ import annotations

from collections.abc import Sequence

import z3

from alvh_rules.plan import graph as g
from alvh_rules.prove.formulas import bool_if
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import (
    Content,
    TooManyCases,
    Truth,
    Value,
    both,
    either,
    opposite,
)

CLOSE = 1e-12
"""Part of the greater value by which numbers may differ and be the same: what reordering a sum does."""


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
        return to.truth_of(apart(to.number_of(old), to.number_of(new))).true


def _numbers_apart(to: Translation, a: Content, b: Content) -> Content:
    if isinstance(a, float) and isinstance(b, float):
        return -1 if _close(a, b) else 1
    left, right = to.number(a), to.number(b)
    if left is None or right is None:
        one = left or right
        known = z3.BoolVal(False) if one is None else one.known
        return Truth(known, opposite(known))
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
