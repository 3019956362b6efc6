"""Why a value is what it is on a row, as a tree: each clause with its value and what would turn it.

A condition shows its clauses, whether they hold or not; a number shows the row of its table, the
factors of its product, the branch that was taken. A name is opened once in an explanation, and what
an earlier name of the same explanation was decided by is not told again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN, WORDS
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import is_missing
from alvh_rules.report.turns import Turns
from alvh_rules.report.values import shown, shown_value

_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Reason:
    """A clause or a value. `verdict` is Kleene's, None for what is not a yes/no; `note` says where
    it stands and what would turn it."""

    text: str
    value: str = ""
    verdict: int | None = None
    note: str = ""
    parts: tuple[Reason, ...] = ()


class Explanation:
    """Explains names on one row of an evaluation that kept everything."""

    def __init__(self, evaluation: Evaluation, row: int) -> None:
        self.evaluation = evaluation
        self.row = row
        self._turns = Turns(evaluation, row)
        self._opened: set[str] = set()
        self._told: dict[c.Expression, str] = {}
        self._explained: set[str] = set()

    def of(self, name: str) -> Reason:
        """The reasons of a name's value."""
        value = self.evaluation.ruleset.values[name]
        shown_now = shown_value(self.evaluation, name, self.row)
        earlier = self._told.setdefault(value, name)
        if earlier != name:
            return Reason(name, shown_now, note=f"by the same clauses as {earlier}")
        self._opened = {name, *self._explained}
        self._explained.add(name)
        parts = tuple(self._reasons(value, 0))
        # The whole condition stands first; what turns it is what turns the name.
        told = bool(parts and parts[0].note)
        note = self._turn(value) if value.type.kind is Kind.FLAG and not told else ""
        return Reason(name, shown_now, note=note, parts=parts)

    def wanting(self, name: str) -> list[str]:
        """The data columns whose absence leaves a name unknown on this row; `history` where none."""
        return self._wanting(self.evaluation.ruleset.values[name])

    def _reasons(self, node: c.Expression, depth: int) -> Iterator[Reason]:
        """The reasons of an expression: one line for a clause or a name, several for a sum."""
        if depth > _DEEPEST:
            return
        match node:
            case c.Reference():
                yield from self._name(node, depth)
            case c.Table() | c.Interpolate():
                yield from self._table(node, depth)
            case c.Conditional():
                yield from self._branch(node, depth)
            case c.Choose():
                index = int(self.evaluation.value(node.index)[self.row])
                yield from self._reasons(node.index, depth + 1)
                if index >= 0:
                    yield from self._reasons(node.options[index], depth + 1)
            case _ if node.type.kind is Kind.FLAG and node.span.file:
                yield self._clause(node, depth)
            case c.Rounded():
                yield from self._product(node, depth)
            case _:
                for operand in c.operands_on_rows(node):
                    yield from self._reasons(operand, depth + 1)

    def _name(self, node: c.Reference, depth: int) -> Iterator[Reason]:
        name = node.name
        ruleset = self.evaluation.ruleset
        role = ruleset.roles[name]
        value = ruleset.values[name]
        if role is c.Role.STEP:
            yield from self._reasons(value, depth)
            return
        note = ""
        parts: tuple[Reason, ...] = ()
        if name not in self._opened:
            self._opened.add(name)
            if role not in (c.Role.COLUMN, c.Role.PARAM):
                parts = tuple(dict.fromkeys(self._reasons(value, depth + 1)))
                note = self._turn(value) if value.type.kind is Kind.FLAG and parts else ""
        yield Reason(name, shown_value(self.evaluation, name, self.row), note=note, parts=parts)

    def _clause(self, node: c.Expression, depth: int) -> Reason:
        verdict = int(self.evaluation.value(node)[self.row])
        if isinstance(node, c.Logical) and not self._written_as_one(node):
            parts = [part for item in node.items for part in self._clauses(item, depth + 1)]
            word = "all of" if node.operator == "and" else "any of"
            return Reason(word, WORDS[verdict], verdict, self._turn(node), tuple(parts))
        parts = [
            part for item in c.operands_on_rows(node) for part in self._reasons(item, depth + 1)
        ]
        if isinstance(node, c.Logical):
            # `between` is written as one clause: its two comparisons are not clauses of their own.
            inner = [part for item in node.items for part in c.operands_on_rows(item)]
            parts = [part for item in inner for part in self._reasons(item, depth + 1)]
        unique = tuple(dict.fromkeys(part for part in parts if part.value))
        return Reason(
            self._text(node), WORDS[verdict], verdict, self._standing(node, verdict), unique
        )

    def _clauses(self, item: c.Expression, depth: int) -> Iterator[Reason]:
        """An item of an `all of`: a name that stands there alone is a clause of its own."""
        if not isinstance(item, c.Reference):
            yield from self._reasons(item, depth)
            return
        for part in self._name(item, depth):
            verdict = int(self.evaluation.value(item)[self.row])
            yield Reason(part.text, WORDS[verdict], verdict, part.note, part.parts)

    def _table(self, node: c.Table | c.Interpolate, depth: int) -> Iterator[Reason]:
        ruleset = self.evaluation.ruleset
        axes = [axis.input for axis in node.axes] if isinstance(node, c.Table) else [node.input]
        if isinstance(node, c.Table):
            for axis, spans in zip(
                range(len(axes)), (node.row_spans, node.column_spans), strict=False
            ):
                at = int(self.evaluation.picked(node, axis)[self.row])
                if 0 <= at < len(spans):
                    word = "column" if axis else "row"
                    note = self._edge(node.axes[axis])
                    yield Reason(f"{word} `{ruleset.text(spans[at])}`", note=note)
                    if not axis and len(axes) == 1:
                        yield from (
                            self._reasons(node.values[at], depth + 1)
                            if _opens(node.values[at])
                            else ()
                        )
        for value in axes:
            yield from self._reasons(value, depth + 1)

    def _edge(self, axis: c.Axis) -> str:
        """Where the table's answer would change: the nearest edge."""
        kind = axis.input.type.kind
        value = float(self.evaluation.value(axis.input)[self.row])
        if kind not in NUMERIC or np.isnan(value) or not axis.edges:
            return ""
        edge = min(axis.edges, key=lambda item: abs(item - value))
        verb = "below" if value < edge else "above" if value > edge else "on"
        by = f"{shown(abs(edge - value), kind)} {verb} " if value != edge else "on "
        return f"{shown(value, kind)} is {by}the edge at {shown(edge, kind)}"

    def _branch(self, node: c.Conditional, depth: int) -> Iterator[Reason]:
        condition = node.condition
        verdict = int(self.evaluation.value(condition)[self.row])
        ruleset = self.evaluation.ruleset
        if isinstance(condition, c.Reference) and ruleset.roles[condition.name] is c.Role.BOUND:
            # A limit's step: the value as it came, then what the limit made of it.
            yield from self._reasons(node.otherwise, depth)
            yield self._limit(node, condition.name, verdict)
            return
        yield from self._reasons(condition, depth + 1)
        if verdict == UNKNOWN:
            return
        taken = node.then if verdict == TRUE else node.otherwise
        if not isinstance(taken, c.Reference | c.Conditional):
            yield Reason(f"so `{self._text(taken)}`", self._value(taken))
        yield from self._reasons(taken, depth + 1)

    def _limit(self, node: c.Conditional, name: str, verdict: int) -> Reason:
        compare = self.evaluation.ruleset.values[name]
        text = self._text(compare)
        before = self._value(compare.left) if isinstance(compare, c.Compare) else ""
        told = {TRUE: f"binds: {before} before it", FALSE: f"does not bind: {before}"}
        return Reason(text, self._value(node), note=told.get(verdict, "cannot be told"))

    def _product(self, node: c.Rounded, depth: int) -> Iterator[Reason]:
        """A decided weight or ratio: what it begins with, then each factor that applies."""
        factors: list[c.Expression] = []
        first = node.operand
        while isinstance(first, c.Arithmetic) and first.operator == "*":
            factors.insert(0, first.right)
            first = first.left
        if isinstance(first, c.Constant):
            yield Reason("base", self._value(first))
        yield from self._reasons(first, depth + 1)
        for factor in factors:
            if isinstance(factor, c.Choose):
                yield from self._reasons(factor.index, depth + 1)
                yield Reason("factor of the regime", self._value(factor))
            elif isinstance(factor, c.Conditional) and isinstance(factor.condition, c.Reference):
                name = factor.condition.name
                verdict = int(self.evaluation.value(factor.condition)[self.row])
                text = f"{name.replace('.', ' ')}: {self._text(factor)}"
                yield Reason(text, WORDS[verdict], verdict)

    # --- words ---

    def _value(self, node: c.Expression) -> str:
        words = self.evaluation.ruleset.labels.get(node.type.labels, ())
        return shown(self.evaluation.value(node)[self.row], node.type.kind, words)

    def _text(self, node: c.Expression) -> str:
        return self.evaluation.ruleset.text(node.span)

    def _written_as_one(self, node: c.Logical) -> bool:
        return all(item.span == node.span for item in node.items)

    def _turn(self, node: c.Expression) -> str:
        now = int(self.evaluation.value(node)[self.row])
        if now == UNKNOWN:
            wanting = self._wanting(node)
            return f"for want of {', '.join(wanting)}" if wanting else ""
        turn = self._turns.of(node)
        return f"turns if {turn.describe()}" if turn is not None and turn.moves else ""

    def _standing(self, node: c.Expression, verdict: int) -> str:
        note = self._turn(node)
        if verdict == UNKNOWN or not isinstance(node, c.Compare | c.Logical):
            return note
        compare = node.items[0] if isinstance(node, c.Logical) else node
        if not isinstance(compare, c.Compare) or compare.left.type.kind not in NUMERIC:
            return note
        at = shown(self.evaluation.value(compare.left)[self.row], compare.left.type.kind)
        return f"it is {at}; {note}" if note else f"it is {at}"

    def _wanting(self, node: c.Expression) -> list[str]:
        """The data columns whose absence leaves the expression unknown on this row."""
        found: dict[str, None] = {}
        stack = [node]
        seen: set[str] = set()
        while stack:
            top = stack.pop()
            if isinstance(top, c.Reference):
                if top.name not in seen:
                    seen.add(top.name)
                    stack.append(self.evaluation.ruleset.values[top.name])
            elif isinstance(top, c.Column):
                if self._lost(top):
                    found[top.name] = None
            elif isinstance(top, c.Logical):
                # A clause that is decided wants for nothing.
                stack += [item for item in reversed(top.items) if self._lost(item)]
            else:
                stack += reversed(c.operands_on_rows(top))
        return list(found) or ["history"]

    def _lost(self, node: c.Expression) -> bool:
        if node.type.kind is Kind.CURVE:
            return False
        column = self.evaluation.value(node)
        return bool(is_missing(column[self.row : self.row + 1], node.type.kind)[0])


def _opens(node: c.Expression) -> bool:
    return not isinstance(node, c.Constant)
