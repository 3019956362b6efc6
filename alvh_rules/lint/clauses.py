"""The comparisons of a ruleset as they were written, and what each compares with what.

The checked ruleset says some things in comparisons of its own (limits), repeats a layer's clauses
for every layer that is like it, and holds properties that restate a number on purpose. Here each
comparison that a trader wrote as a clause comes once, with the side that is fixed before any data
is read, its threshold, told apart from the side that is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import NUMERIC
from alvh_rules.core.source import Span

_NOT_CLAUSES = (c.Role.BOUND, c.Role.ALWAYS)
_ORDERED = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Clause:
    """`measure < threshold`, either way round. `closing`: it speaks of an open position."""

    compare: c.Compare
    measure: c.Expression
    threshold: c.Expression
    closing: bool

    @property
    def place(self) -> Span:
        """Where the threshold is written."""
        return self.threshold.span


def clauses(ruleset: c.CheckedRuleset) -> Iterator[Clause]:
    """Every written comparison of a measure with a threshold, once, in the order of the text."""
    params = {param.name for param in ruleset.params}
    found: dict[tuple[Span, Span, str], Clause] = {}
    for compare, closing in _comparisons(ruleset):
        if compare.operator not in _ORDERED or compare.left.type.kind not in NUMERIC:
            continue
        left, right = (is_fixed(side, params) for side in (compare.left, compare.right))
        if left == right or not compare.span.file:
            continue
        sides = (compare.right, compare.left) if left else (compare.left, compare.right)
        # `between` makes two comparisons of one span: the threshold tells them apart.
        key = (compare.span, sides[1].span, compare.operator)
        found.setdefault(key, Clause(compare, *sides, closing))
    yield from sorted(found.values(), key=lambda clause: (clause.compare.span, clause.place))


def is_fixed(node: c.Expression, params: set[str]) -> bool:
    """Whether a value rests on literals and params alone."""
    match node:
        case c.Constant():
            return True
        case c.Reference():
            return node.name in params
        case c.Negative() | c.Arithmetic():
            return all(is_fixed(part, params) for part in c.operands(node))
        case _:
            return False


def number_of(node: c.Expression) -> float | None:
    """The number of a literal or of the negative of one; else None."""
    if isinstance(node, c.Negative):
        inner = number_of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, c.Constant) and node.type.kind in NUMERIC:
        return float(node.value)
    return None


def _comparisons(ruleset: c.CheckedRuleset) -> Iterator[tuple[c.Compare, bool]]:
    """Comparisons on the rows themselves; those on a period's clock (`weekly`) are left out."""
    roots = [
        (value, False)
        for name, value in ruleset.values.items()
        if ruleset.roles[name] not in _NOT_CLAUSES
    ]
    roots += [(layer.close, True) for layer in ruleset.layers if layer.close is not None]
    for root, closing in roots:
        stack: list[c.Expression] = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, c.Invoke | c.Lasting) and node.clock:
                continue
            if isinstance(node, c.Compare):
                yield node, closing
            stack.extend(c.operands(node))
