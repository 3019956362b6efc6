"""What makes two computations the same, in one plan or in two.

Each node of a plan gets a number; equal numbers mean the same bits on every row of every market. A
node's key is its operation and its inputs' numbers, with what rewriting leaves alone taken out: `not`
is pushed inwards by De Morgan's laws (exact in Kleene's logic), `and` and `or` are flattened and
sorted, `a > b` is `b < a`, sums and products of two are sorted. A data column goes by what it reads
of the data, not by its name in the ruleset; labels go by their words.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.kinds import Kind
from alvh_rules.plan import graph as g

_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_TURNED = {">": "<", ">=": "<="}


@dataclass
class Numbers:
    """A number for each key; shared by all plans that are compared."""

    found: dict[Hashable, int] = field(default_factory=dict)

    def of(self, *key: Hashable) -> int:
        """The key's number."""
        return self.found.setdefault(key, len(self.found))


class Keys:
    """The numbers of one plan's nodes. `tag` sets the names that are given apart from others'."""

    def __init__(
        self, numbers: Numbers, ruleset: CheckedRuleset, plan: g.Plan, tag: str = ""
    ) -> None:
        self._numbers = numbers
        self._labels = ruleset.labels
        self._columns = {column.name: column for column in ruleset.schema.columns}
        self._nodes = plan.nodes
        self.tag = tag
        self._done: dict[tuple[int, bool], int] = {}
        # In order, so that none is found by deep recursion.
        for number in range(len(plan.nodes)):
            self.of(number)

    def of(self, number: int) -> int:
        """The number of a node's computation."""
        return self._key(number, False)

    def _key(self, number: int, negated: bool) -> int:
        found = self._done.get((number, negated))
        if found is None:
            found = self._done[number, negated] = self._made(self._nodes[number], number, negated)
        return found

    def _made(self, node: g.Node, number: int, negated: bool) -> int:
        of = self._numbers.of
        parts = [self.of(part) for part in node.inputs] if not negated else []
        match node.operation:
            case g.Not():
                return self._key(node.inputs[0], not negated)
            case g.Logical(word):
                if negated:
                    word = "and" if word == "or" else "or"
                inner = {self._key(part, negated) for part in node.inputs}
                return of("logical", word, tuple(sorted(inner)), node.clock)
            case g.Compare(sign):
                left, right = (self.of(part) for part in node.inputs)
                sign = _OPPOSITE[sign] if negated else sign
                if sign in _TURNED:
                    sign, left, right = _TURNED[sign], right, left
                elif sign in ("==", "!="):
                    left, right = sorted((left, right))
                return of("compare", sign, left, right, node.clock)
            case g.Constant(value) if negated and g.storage_of(node.type) is g.Storage.FLAG:
                return of("constant", g.Storage.FLAG, repr(-value), ())
            case _ if negated:
                return of("not", self.of(number))
            case g.Constant(value):
                words = self._words(node)
                shown = words[int(value)] if words and value >= 0 else repr(value)
                return of("constant", g.storage_of(node.type), shown, words and "word")
            case g.Column(name):
                column = self._columns[name]
                # Its own name is the ruleset's business, and so is whether it may be absent.
                return of(
                    "column",
                    column.kind,
                    column.sources or column.source,
                    column.labels,
                    (column.carry, column.lag_sessions, column.known_time),
                )
            case g.Given(name):
                return of("given", name, self.tag)
            case g.Arithmetic(sign) if sign in "+*":
                return of("arithmetic", sign, tuple(sorted(parts)), node.clock)
            case operation:
                return of(operation, tuple(parts), self._words(node), node.clock)

    def _words(self, node: g.Node) -> tuple[str, ...]:
        if node.type.kind is not Kind.LABEL:
            return ()
        return tuple(self._labels.get(node.type.labels, ()))
