"""Conjunctions and disjunctions of one bar that stop at what decides them.

One false condition makes an `and` false, and one true condition an `or` true, whatever the others are.
What is computed for a later condition alone, and remembers nothing, is then left out:

1. A node belongs to an `and` or `or` if it is read by that one alone, or by what belongs to it.
2. What belongs to none stands before, in the plan's order. The conditions that need nothing more are
   joined first, each other one behind a look at whether it still matters.

The value is the same: the least or the greatest of the conditions, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from alvh_rules.plan import graph as g

if TYPE_CHECKING:
    from alvh_rules.evaluate.scalar_code import Code

_DEEPEST = 8
"""Looks inside each other; Python allows text a hundred of them."""


def owners(
    nodes: Sequence[g.Node],
    steps: Sequence[int],
    kept: Collection[int],
    of_one_row: tuple[type, ...],
) -> dict[int, int]:
    """The `and` or `or` that each node belongs to, where it belongs to one.

    `steps` are the nodes that are computed, in order; those in `kept` belong to none.
    """
    readers: dict[int, set[int]] = {number: set() for number in steps}
    for number in steps:
        for part in nodes[number].inputs:
            readers[part].add(number)
    free = [
        number
        for number in reversed(steps)
        if number not in kept
        and not nodes[number].clock
        and nodes[number].inputs
        and isinstance(nodes[number].operation, of_one_row)
    ]
    found: dict[int, int] = {}
    # From the last on: what belongs to an inner one as well, belongs to that.
    for logical in reversed(steps):
        if nodes[logical].clock or not isinstance(nodes[logical].operation, g.Logical):
            continue
        own = {logical}
        for number in free:
            if number < logical and readers[number] <= own:
                own.add(number)
                found[number] = logical
    return found


class Stopping:
    """Writes the nodes that belong to an `and` or `or` where it needs them."""

    def __init__(self, code: Code, owner: Mapping[int, int], line: Callable[[int], None]) -> None:
        self._code = code
        self._line = line
        self._depth = 0
        self._owned: dict[int, list[int]] = {}
        for number in sorted(owner):
            self._owned.setdefault(owner[number], []).append(number)

    def write(self, number: int) -> None:
        """The lines of a node, with those of what belongs to it."""
        if number in self._owned:
            self._join(number)
        else:
            self._line(number)

    def _join(self, number: int) -> None:
        code = self._code
        node = code.nodes[number]
        assert isinstance(node.operation, g.Logical)
        # For `and`: the lesser of two, while it is not yet false; for `or` the other way round.
        sign, matters = ("<", ">= 0") if node.operation.operator == "and" else (">", "<= 0")
        needs = {part: self._needs(part, self._owned[number]) for part in node.inputs}
        outer, deep = code.indent, self._depth
        written: set[int] = set()
        begun = False
        for part in sorted(node.inputs, key=lambda part: bool(needs[part])):
            missing = [need for need in needs[part] if need not in written]
            if begun and missing and self._depth < _DEEPEST:
                code.say(f"if v{number} {matters}:")
                code.indent += "    "
                self._depth += 1
            for need in missing:
                written.add(need)
                self.write(need)
            value = code.value(part)
            code.say(
                f"if {value} {sign} v{number}: v{number} = {value}"
                if begun
                else f"v{number} = {value}"
            )
            begun = True
        code.indent, self._depth = outer, deep

    def _needs(self, part: int, owned: Sequence[int]) -> list[int]:
        """What of the owned nodes a node rests on, itself included, in order."""
        own, found, ahead = set(owned), set(), [part]
        while ahead:
            number = ahead.pop()
            if number in own and number not in found:
                found.add(number)
                ahead += self._reads(number)
        return sorted(found)

    def _reads(self, number: int) -> list[int]:
        """The inputs of a node and of all that belongs to it."""
        parts = list(self._code.nodes[number].inputs)
        for inner in self._owned.get(number, ()):
            parts += self._reads(inner)
        return parts
