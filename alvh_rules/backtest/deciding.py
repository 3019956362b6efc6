"""Decisions for a book, session by session: in bulk where nothing depends on it, else bar by bar.

1. What a ruleset reads of the book (`book.drawdown`, `short.breached`) becomes given columns of its
   plan. Where there are none, the plan runs over all of history at once, and the loop looks up.
2. Else the plan's code for one bar (`evaluate/scalar_code.py`) decides each session from the facts
   that the loop has just found. Both give the same bits.
3. A closing condition is cut out of the plan: what in it does not speak of a position comes from the
   run above, the rest is code of its own that each open position runs with its own memory (`profit >=
   50% of credit for 2 sessions` remembers by position).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alvh_rules.backtest.wording import condition_words
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import TRUE
from alvh_rules.core.source import Span
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.engine import evaluate
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import CLOCKS, BarByBar, Moment
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering, plan_of

Scalar = float | int
Facts = Mapping[str, Scalar]
CAPITAL, EQUITY = "book.capital", "book.equity"


def book_names(ruleset: c.CheckedRuleset) -> dict[str, Scalar]:
    """Every fact about the book that the ruleset reads, and what it is while nothing is held."""
    found: dict[str, Scalar] = {}
    roots: list[c.Expression] = [*ruleset.values.values(), *ruleset.measures.values()]
    roots += [layer.close for layer in ruleset.layers if layer.close is not None]
    roots += [limit.bound for limit in ruleset.limits if limit.bound is not None]
    while roots:
        node = roots.pop()
        if isinstance(node, c.Book):
            found[node.name] = node.empty
        roots.extend(c.operands(node))
    return found


def moments(market: Market) -> Iterator[Moment]:
    """Where each row of a market stands, as a feed of bars would tell."""
    timeline = market.timeline
    completed: list[dict[str, tuple[bool, ...]]] = [
        dict.fromkeys(CLOCKS, ()) for _ in range(len(timeline))
    ]
    for clock, periods in timeline.periods.items():
        for sample, row in zip(periods.sample.tolist(), periods.available.tolist(), strict=True):
            completed[row][clock] += (sample < row,)
    ordinals = timeline.ordinals.tolist()
    for block, ordinal, done in zip(blocks_of(market, {}, 1), ordinals, completed, strict=True):
        yield Moment(block, ordinal, **done)


@dataclass(frozen=True)
class Clause:
    """One of the conditions of which any closes a position: its place among the closing's values,
    and its text."""

    at: int
    text: str
    span: Span


class Closing:
    """A layer's closing condition as code for one position and session."""

    def __init__(
        self, ruleset: c.CheckedRuleset, plan: g.Plan, layer: c.Layer, market: Market
    ) -> None:
        assert layer.close is not None
        lowering = Lowering.over(ruleset, plan)
        items = list(_alternatives(layer.close))
        wanted = [plan.closings[layer.name], *(lowering.lower(item) for item in items)]
        nodes, places, self.reads, self.known = _cut(plan, wanted)
        self.clauses = tuple(
            Clause(at, condition_words(ruleset, item), item.span)
            for at, item in enumerate(items, 1)
        )
        self._code = BarByBar(nodes, places, market)
        self._columns = self._code.columns
        self._fresh = self._code.save()
        self._stateful = bool(self._fresh["own"]) or bool(self._fresh["calls"])

    @property
    def remembers(self) -> bool:
        """Whether it has a memory of each position."""
        return self._stateful

    def decide(
        self, state: Any, facts: Facts, values: Sequence[Scalar], moment: Moment
    ) -> tuple[Scalar, Clause, Any]:
        """Whether a position closes (Kleene), the first clause that says so, and its memory.

        `values` are those of the nodes in `reads`, from the run of decisions.
        """
        given = {f"row {number}": value for number, value in zip(self.reads, values, strict=True)}
        row = [given[name] if name in given else facts[name] for name in self._columns]
        if self._stateful:
            self._code.load(self._fresh if state is None else state)
        found = self._code.decide(row, moment)
        if self._stateful:
            state = self._code.save()
        clause = next((item for item in self.clauses if found[item.at] == TRUE), self.clauses[0])
        return (found[0] if self.known else 0), clause, state


def _alternatives(node: c.Expression) -> Iterator[c.Expression]:
    if isinstance(node, c.Logical) and node.operator == "or":
        for item in node.items:
            yield from _alternatives(item)
    else:
        yield node


def _cut(plan: g.Plan, wanted: Sequence[int]) -> tuple[list[g.Node], list[int], list[int], bool]:
    """The part of a plan that rests on a position, with given columns in place of the rest.

    Gives its nodes, the places of the wanted ones, the plan's nodes that it reads, and whether it can
    be worked out at all: what samples a position by weeks cannot.
    """
    needed: set[int] = set()
    stack = list(wanted)
    while stack:
        number = stack.pop()
        if number not in needed:
            needed.add(number)
            stack.extend(plan.nodes[number].inputs)
    rests: set[int] = set()
    known = True
    for number in sorted(needed):
        node = plan.nodes[number]
        if isinstance(node.operation, g.Position) or rests.intersection(node.inputs):
            rests.add(number)
            known = known and not node.clock
    nodes: list[g.Node] = []
    places: dict[int, int] = {}
    reads: list[int] = []

    def put(number: int, node: g.Node) -> None:
        places[number] = len(nodes)
        nodes.append(node)

    border = {part for number in rests for part in plan.nodes[number].inputs} | set(wanted)
    for number in sorted(needed):
        node = plan.nodes[number]
        if number in rests:
            operation = node.operation
            if isinstance(operation, g.Position):
                put(number, replace(node, operation=g.Given(operation.name)))
            else:
                put(number, replace(node, inputs=tuple(places[part] for part in node.inputs)))
        elif isinstance(node.operation, g.Constant) and number in border:
            put(number, node)
        elif number in border:
            reads.append(number)
            put(number, g.Node(g.Given(f"row {number}"), (), node.type, g.ROWS, node.span))
    return nodes, [places[number] for number in wanted], reads, known


class Decisions:
    """What a ruleset decides for one book.

    `advance` is told each session's facts, in order from the first row; the other methods speak of
    that session. A fact that is not told is what it is while nothing is held.
    """

    def __init__(self, program: Program, *, bulk: bool | None = None) -> None:
        self.program = program
        self._bulk = program.bulk if bulk is None else bulk
        self._row = -1
        self._values: Sequence[Scalar] = ()
        self._columns: list[list[Scalar]] = []
        if self._bulk:
            self._columns = program.columns()
        else:
            self._code = BarByBar(program.plan.nodes, program.wanted, program.market)

    def advance(self, facts: Facts) -> None:
        """Decide on the next session."""
        self._row += 1
        program = self.program
        if self._bulk:
            self._values = [column[self._row] for column in self._columns]
            return
        row = [
            program.data[name][self._row]
            if name in program.data
            else facts.get(name, program.empty.get(name, math.nan))
            for name in self._code.columns
        ]
        self._values = self._code.decide(row, program.moments[self._row])

    def of(self, name: str) -> Scalar:
        """The value of a name of the ruleset."""
        return self._values[self.program.place_of_name[name]]

    def node(self, number: int) -> Scalar:
        """The value of a node of the plan that the program wants."""
        return self._values[self.program.place_of_node[number]]

    def written(self, span: Span) -> tuple[float, bool]:
        """The number written at a place, and whether it is a ratio; NaN where it is unknown."""
        found = self.program.measures.get(span)
        if found is None:
            return math.nan, False
        number, is_ratio = found
        return float(self._values[self.program.place_of_node[number]]), is_ratio

    def limit(self, number: int) -> float:
        """The bound of the ruleset's limit of that number, from zero."""
        node = self.program.bounds[number]
        return math.nan if node is None else float(self._values[self.program.place_of_node[node]])

    def closes(self, layer: str, state: Any, facts: Facts) -> tuple[Scalar, Clause, Any]:
        """Whether a position of a layer closes on this session."""
        closing = self.program.closings[layer]
        values = [self._values[self.program.place_of_node[number]] for number in closing.reads]
        return closing.decide(state, facts, values, self.program.moments[self._row])


class Program:
    """A ruleset's plan over a market, as the books of a backtest share it."""

    def __init__(self, ruleset: c.CheckedRuleset, market: Market) -> None:
        self.ruleset, self.market = ruleset, market
        self.empty = book_names(ruleset)
        bounds = [limit.bound for limit in ruleset.limits]
        also = [*ruleset.measures.values(), *(item for item in bounds if item is not None)]
        # A later version of a ruleset runs on the capital of the first one (`succession.py`).
        baked = self.empty.get(CAPITAL, ruleset.capital)
        self.empty |= {name: ruleset.capital for name in (CAPITAL, EQUITY) if name in self.empty}
        # What the run starts with never changes: it needs no telling, unless it is another's.
        given = frozenset(self.empty) - ({CAPITAL} if baked == ruleset.capital else set())
        self.plan = plan_of(ruleset, given, also)
        lowering = Lowering.over(ruleset, self.plan)
        self.measures = {
            span: (lowering.lower(value), value.type.kind is Kind.RATIO)
            for span, value in ruleset.measures.items()
        }
        self.bounds = [None if item is None else lowering.lower(item) for item in bounds]
        self.closings = {
            layer.name: Closing(ruleset, self.plan, layer, market)
            for layer in ruleset.layers
            if layer.close is not None
        }
        names = [*ruleset.outputs, *(limit.binds for limit in ruleset.limits if limit.binds)]
        self.names = [
            name
            for name in dict.fromkeys(names)
            if ruleset.values[name].type.kind is not Kind.CURVE
        ]
        numbers = [self.plan.names[name] for name in self.names]
        numbers += [number for number, _ in self.measures.values()]
        numbers += [number for number in self.bounds if number is not None]
        numbers += [number for item in self.closings.values() for number in item.reads]
        self.wanted = list(dict.fromkeys(numbers))
        self.place_of_node = {number: at for at, number in enumerate(self.wanted)}
        self.place_of_name = {
            name: self.place_of_node[self.plan.names[name]] for name in self.names
        }
        self.bulk = not any(isinstance(node.operation, g.Given) for node in self.plan.nodes)
        self.moments = list(moments(market))
        self.data = {name: column.tolist() for name, column in market.columns.items()}

    def columns(self) -> list[list[Scalar]]:
        """The wanted values on every row, nothing being given."""
        kept = evaluate(self.ruleset, self.plan, self.market, names=None).kept
        return [kept[number].tolist() for number in self.wanted]
