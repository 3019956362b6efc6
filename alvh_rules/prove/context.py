"""A ruleset under proof: its translation, and how a market that shows something is found.

A market is looked for by the solver, rounded, replayed in the evaluator, and made small. What holds in
real arithmetic is then put before the evaluator on the edges where decisions turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import z3

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.evaluate.inputs import Array, is_missing
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering, plan_of
from alvh_rules.prove.assumptions import assume, assumed_nodes
from alvh_rules.prove.boundary import on_the_edges, plainest, random_columns
from alvh_rules.prove.example import (
    Held,
    Key,
    Market,
    Part,
    Sight,
    fewest,
    look_for,
    market_of,
    parts_of,
    possible,
    term_of,
)
from alvh_rules.prove.histories import Histories, entangled
from alvh_rules.prove.merging import relate_lasting, relate_latches
from alvh_rules.prove.replay import on_one_row, replayed
from alvh_rules.prove.solver import Asker, Budget
from alvh_rules.prove.symbols import Symbols
from alvh_rules.prove.translate import Translation
from alvh_rules.report.values import shown as shown_value

TRIALS = 3
"""Markets of the solver that may fail to replay before it is said so."""
RANDOM_ROWS = 20_000
"""Random markets that are tried where the solver does not answer."""
NOT_ASKED = "whether a history comes to it is not asked"
LAST_DIGITS = 1e-12
"""Part of a number by which another may differ and be the same but for rounding."""
CANDIDATES = 8
"""Rows of the evaluator's that are looked at more closely."""
ONLY_ROUNDING = (
    "no market that the solver proposes shows it in the evaluator: rounding decides there, or what"
    " the solver does not know of sqrt, log and exp"
)


@dataclass(frozen=True)
class Witness:
    """`yes` with a market that was replayed, `no`, or `unknown` with the reason."""

    verdict: str
    market: Market | None = None
    parts: tuple[Part, ...] = ()
    kept: Mapping[Key, Held] = field(default_factory=dict)
    sight: Sight | None = None
    values: tuple[Any, ...] = ()
    reason: str = ""


class Context:
    """One ruleset, its plan with the expressions that are asked about, and the seconds there are."""

    def __init__(
        self,
        ruleset: c.CheckedRuleset,
        budget: Budget,
        also: Sequence[c.Expression] = (),
        *,
        gaps: bool = False,
        plan: g.Plan | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.budget = budget
        self.plan = plan or plan_of(ruleset, also=[*ruleset.assumptions, *also])
        self.symbols = Symbols()
        self.asker = Asker(self.symbols, budget)
        self.to = Translation(self.symbols, ruleset, self.plan, gaps=gaps)
        self.asker.always += assume(self.to)
        self.shown = self.to.shown
        self._related: set[tuple[int, int]] = set()
        self._lowering = Lowering.over(ruleset, self.plan)

    @cached_property
    def with_gaps(self) -> Context:
        """The same, where any data may be missing."""
        return Context(self.ruleset, self.budget, gaps=True, plan=self.plan)

    def node(self, expression: c.Expression) -> int:
        """The node of an expression that the plan has."""
        return self._lowering.lower(expression)

    def cell(self, table: c.Table) -> int:
        """The node of a table's cell."""
        return self._lowering.cell(table, g.ROWS)

    def axis(self, table: c.Table, axis: int) -> int:
        """The node of the row (axis 0) or column (axis 1) that a table's input picks."""
        return self._lowering.axis(table.axes[axis], g.ROWS, table.span)

    def has(self, number: int) -> bool:
        """Whether the plan has the node."""
        return number < len(self.plan.nodes)

    # --- markets ---

    def witness(
        self,
        formulas: Sequence[z3.BoolRef],
        nodes: Sequence[int],
        test: Callable[[Sequence[Any]], bool],
        more: Sequence[int] = (),
    ) -> Witness:
        """A market in which the formulas hold and, in the evaluator, the nodes' values pass the test.

        `more` are nodes whose values are wanted too.
        """
        parts = parts_of([self.to], [nodes])
        barred: list[z3.BoolRef] = []
        reason = ""
        for trial in range(TRIALS):
            sight = look_for(self.asker, [*formulas, *barred], parts, roundly=trial < TRIALS - 1)
            if sight.verdict == "no":
                return Witness("unknown" if barred else "no", reason=reason)
            if sight.verdict == "unknown":
                return Witness("unknown", reason=reason or sight.reason)
            kept = fewest(
                parts, sight.held, lambda held: test(on_one_row(self.to, nodes, parts, held))
            )
            if kept is not None:
                return self._witness(parts, kept, [*nodes, *more], sight)
            reason = ONLY_ROUNDING
            assert sight.model is not None
            numbers = [
                term_of(part)[0]
                for part in parts
                if g.storage_of(part.node.type) is g.Storage.NUMBER
            ]
            model = sight.model
            barred.append(
                z3.Or(*(term != model.eval(term, model_completion=True) for term in numbers))
            )
        return Witness("unknown", reason=reason)

    def _witness(
        self,
        parts: Sequence[Part],
        kept: Mapping[Key, Held],
        nodes: Sequence[int],
        sight: Sight | None,
    ) -> Witness:
        values = on_one_row(self.to, nodes, parts, kept)
        return Witness("yes", market_of(parts, kept), tuple(parts), kept, sight, tuple(values))

    def in_floating_point(
        self, node: int, test: Callable[[Array], Array], scattered: bool = False
    ) -> Witness:
        """A market on an edge (or, `scattered`, anywhere) where the evaluator's value passes a test."""
        parts = parts_of([self.to], [[node]])
        if scattered:
            rows = RANDOM_ROWS
            columns = random_columns(parts, rows, np.random.default_rng(3))
        else:
            rows, columns = on_the_edges(self.symbols, [self.to.value(node)], parts)
        if not rows:
            return Witness("no")
        assumed = assumed_nodes(self.ruleset, self.plan)
        found, *held_true = replayed(self.to, [node, *assumed], parts, columns, rows)
        passing = test(found)
        for column in held_true:
            passing &= column != FALSE
        candidates = np.flatnonzero(passing)
        for held in plainest(columns, candidates, parts, CANDIDATES):
            if possible(self.asker, parts, held):
                kept = fewest(
                    parts,
                    held,
                    lambda trial: bool(
                        test(np.asarray(on_one_row(self.to, [node], parts, trial)))[0]
                    ),
                )
                return self._witness(parts, held if kept is None else kept, [node], None)
        return Witness("no")

    def relate_memories(self, number: int) -> None:
        """Add what holds between the memories under a node, from what holds on every row."""
        under = self.to.market_of(number, lambda _: True)
        relate_lasting(self.asker, self.to, under, self._related)
        relate_latches(self.asker, self.to, self.to, under, self._related)

    @cached_property
    def histories(self) -> Histories:
        """Made-up histories, run by the evaluator."""
        return Histories(self.to, assumed_nodes(self.ruleset, self.plan))

    def comes_about(
        self,
        found: Witness,
        nodes: Sequence[int],
        test: Callable[[Sequence[Array]], Array],
    ) -> tuple[bool, str]:
        """Whether a history shows what a market shows, and why it is not known whether one can ('' where
        none is needed).

        Values that rest on different data can stand beside one another; of those that rest on the same
        it is asked whether a history shows such a row.
        """
        given = [part for part in found.parts if part.key in found.kept]
        if not entangled(given):
            return False, ""
        if self.histories.seen(nodes, test) is not None:
            return True, ""
        market = ", ".join(self.given_texts(found))
        return False, (
            f"it would be so where {market}; these rest on the same data, and no history was found"
            " that comes to it"
        )

    def given_texts(self, found: Witness) -> list[str]:
        """A market's values, each as it is written."""
        texts = {part.text: part for part in found.parts if part.key in found.kept}
        told = []
        for text, part in texts.items():
            value = found.kept[part.key]
            if part.node.type.kind is Kind.FLAG:
                told.append(text if value == TRUE else f"not {text}")
            else:
                told.append(f"{text} = {self.shown.value(value, part.node)}")
        return told

    def in_a_history(self, number: int, test: Callable[[Array], Array]) -> Witness:
        """A row of a made-up history on which the evaluator's value of a node passes a test."""
        parts = [
            Part(self.to, part, self.shown.text(part))
            for part in self.to.market_of(number)
            if self.plan.nodes[part].type.kind is not Kind.CURVE
        ]
        held = self.histories.seen([number], lambda columns: test(columns[0]), parts)
        if held is None:
            return Witness("no")

        def shows(trial: Mapping[Key, Held]) -> bool:
            return bool(test(np.asarray(on_one_row(self.to, [number], parts, trial)))[0])

        kept = fewest(parts, held, shows)
        return self._witness(parts, held if kept is None else kept, [number], None)

    def rests_on_rounding(self, number: int, found: Witness) -> bool:
        """Whether a market's verdict is decided by numbers that differ in their last digits alone."""
        stack, seen = [number], {number}
        while stack:
            top = stack.pop()
            node = self.plan.nodes[top]
            if isinstance(node.operation, g.Compare) and not self.to.opaque(top):
                kinds = {g.storage_of(self.plan.nodes[part].type) for part in node.inputs}
                if kinds == {g.Storage.NUMBER}:
                    a, b = on_one_row(self.to, node.inputs, found.parts, found.kept)
                    if a != b and abs(a - b) <= LAST_DIGITS * max(abs(a), abs(b)):
                        return True
            if self.to.opaque(top) and top != number:
                continue
            stack += [part for part in node.inputs if part not in seen]
            seen.update(node.inputs)
        return False

    # --- words ---

    def told(
        self, nodes: Sequence[int], witness: Witness, rounding: bool = False
    ) -> tuple[str, ...]:
        """What a market's named nodes are there, beside what it gives; where `rounding` decides, with
        every digit."""
        shown = exactly if rounding else shown_value
        found = []
        for number in nodes:
            (value,) = on_one_row(self.to, [number], witness.parts, witness.kept)
            text = self.shown.text(number)
            if witness.market is not None and text in witness.market.given:
                continue
            node = self.plan.nodes[number]
            if self.to.opaque(number) and is_missing(np.asarray([value]), node.type.kind)[0]:
                # It does not matter to the market, which is why it is not given.
                continue
            words = self.ruleset.labels.get(node.type.labels, ())
            found.append(f"{text} is {shown(value, node.type.kind, words)}")
        return tuple(dict.fromkeys(found))

    def names_under(self, number: int) -> list[int]:
        """The named nodes that a node is made of, nearest first, and itself where it has a name."""
        found: list[int] = []
        stack, seen = [number], {number}
        while stack:
            top = stack.pop()
            if self.shown.name(top) is not None:
                found.append(top)
                if top != number:
                    continue
            for part in self.plan.nodes[top].inputs:
                if part not in seen:
                    seen.add(part)
                    stack.append(part)
        return sorted(found)

    def notes(
        self, number: int, given: Mapping[str, object] | None = None, seen: bool = False
    ) -> list[str]:
        """What a proof about a node rests on that is no plain data."""
        return notes_of(self.to, number, given, seen)


def notes_of(
    to: Translation,
    number: int,
    given: Mapping[str, object] | None = None,
    seen: bool = False,
) -> list[str]:
    """What a proof about a node rests on that is no plain data; or what a market that is `given` does.

    `seen` says that a history was found on which it shows too.
    """
    facts, measures, memories = [], [], []
    for part in to.market_of(number):
        if given is not None and to.shown.text(part) not in given:
            continue
        operation = to.plan.nodes[part].operation
        if isinstance(operation, g.Book):
            facts.append(f"`{operation.name}`")
        elif isinstance(operation, g.Call) and operation.function in BUILTINS:
            measures.append(f"`{to.shown.text(part)}`")
        elif isinstance(operation, (g.Latch, g.Lasting)):
            memories.append(f"`{to.shown.text(part)}`")
    found = []
    if facts:
        found.append(f"{_listed(facts)}: a fact of what is held, taken as free within its kind")
    if measures or memories:
        looked = _listed([*measures, *memories])
        asked = "a history was found that shows it too" if seen else NOT_ASKED
        found.append(f"{looked}: given by value; {asked}")
    return found


def _listed(items: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(items))


def exactly(value: Any, kind: Kind, words: tuple[str, ...] = ()) -> str:
    """A value as it is shown, with every digit where fewer would read back as another."""
    text = shown_value(value, kind, words)
    if not isinstance(value, float) or value != value:
        return text
    digits = text.rstrip("%").replace(",", "")
    try:
        read = float(digits) / (100 if text.endswith("%") else 1)
    except ValueError:
        return text
    if read == value or abs(read - value) > 1e-9 * abs(value):
        return text
    return f"{value * 100!r}%" if text.endswith("%") else repr(value)


def timed(begun: float) -> float:
    """Seconds since."""
    return time.perf_counter() - begun
