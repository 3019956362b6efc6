"""Decisions for a book, session by session: in bulk where nothing depends on it, else bar by bar.

1. What a ruleset reads of the book (`book.drawdown`, `short.breached`) becomes given columns of its
   plan.
2. What does not rest on them runs over all of history at once, for both books, and the loop looks it up.
3. The rest is cut out of the plan: its code for one bar (`evaluate/scalar_code.py`) decides each session
   from what was looked up and from the facts that the loop has just found. Live, where there is no
   history to run over, the whole plan is code for one bar. All give the same bits.
4. A closing condition is cut out of the plan: what in it does not speak of a position comes from the
   run above, the rest is code of its own that each open position runs with its own memory (`profit >=
   50% of credit for 2 sessions` remembers by position).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alvh_rules.backtest.wording import condition_words
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
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

    def __init__(self, ruleset: c.CheckedRuleset, plan: g.Plan, layer: c.Layer) -> None:
        assert layer.close is not None
        lowering = Lowering.over(ruleset, plan)
        items = list(alternatives(layer.close))
        wanted = [plan.closings[layer.name], *(lowering.lower(item) for item in items)]
        nodes, places, self.reads, self.known = cut(plan, wanted)
        self.clauses = tuple(
            Clause(at, condition_words(ruleset, item), item.span)
            for at, item in enumerate(items, 1)
        )
        self._code = BarByBar(nodes, places)
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
        given = {row_name(number): value for number, value in zip(self.reads, values, strict=True)}
        row = [given[name] if name in given else facts[name] for name in self._columns]
        if self._stateful:
            self._code.load(self._fresh if state is None else state)
        found = self._code.decide(row, moment)
        if self._stateful:
            state = self._code.save()
        clause = next((item for item in self.clauses if found[item.at] == TRUE), self.clauses[0])
        return (found[0] if self.known else 0), clause, state


def alternatives(node: c.Expression) -> Iterator[c.Expression]:
    """The conditions of which any makes a condition true."""
    if isinstance(node, c.Logical) and node.operator == "or":
        for item in node.items:
            yield from alternatives(item)
    else:
        yield node


def cut(
    plan: g.Plan, wanted: Sequence[int], facts: tuple[type, ...] = (g.Position,)
) -> tuple[list[g.Node], list[int], list[int], bool]:
    """The part of a plan that rests on operations of these types, which the book alone knows, with
    given columns in place of the rest.

    Gives its nodes, the places of the wanted ones, the plan's nodes that it reads, and whether it can
    be worked out so: what samples such a fact by weeks cannot.
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
        if isinstance(node.operation, facts) or rests.intersection(node.inputs):
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
            put(number, g.Node(g.Given(row_name(number)), (), node.type, g.ROWS, node.span))
    return nodes, [places[number] for number in wanted], reads, known


def row_name(number: int) -> str:
    """What a node of the whole plan is called in a part that was cut out of it."""
    return f"row {number}"


class Rules:
    """A ruleset's plan as a book reads it: what it wants of each session, whatever the market.

    `empty` are the facts of the book that the ruleset reads, as they are while nothing is held.
    """

    def __init__(self, ruleset: c.CheckedRuleset) -> None:
        self.ruleset = ruleset
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
            layer.name: Closing(ruleset, self.plan, layer)
            for layer in ruleset.layers
            if layer.close is not None
        }
        names = [*ruleset.outputs, *(limit.binds for limit in ruleset.limits if limit.binds)]
        names += [item.name for item in ruleset.always]
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


class Program(Rules):
    """A ruleset's plan over a market, as the books of a backtest share it."""

    def __init__(self, ruleset: c.CheckedRuleset, market: Market) -> None:
        super().__init__(ruleset)
        self.market = market
        self.moments = list(moments(market))
        self.data = {name: column.tolist() for name, column in market.columns.items()}

        self._columns: dict[int, list[Scalar]] = {}

    def columns(self, numbers: Iterable[int]) -> list[list[Scalar]]:
        """The values of nodes that rest on nothing given, on every row; worked out once."""
        numbers = list(numbers)
        new = [number for number in numbers if number not in self._columns]
        if new:
            plan = replace(self.plan, names={row_name(number): number for number in new})
            kept = evaluate(self.ruleset, plan, self.market, names=plan.names).kept
            self._columns |= {number: kept[number].tolist() for number in new}
        return [self._columns[number] for number in numbers]


Decide = Callable[[Facts], tuple[Sequence[Scalar], Moment]]
"""Decides on the next session from the facts of a book: the values of nodes, and the moment."""


class Decisions:
    """What a ruleset decides for one book.

    `advance` is told each session's facts, in order from the first row; the other methods speak of
    that session. `decide` gives its values, in which `places` says where each node of the plan is.
    """

    def __init__(self, rules: Rules, decide: Decide, places: Mapping[int, int]) -> None:
        self._rules, self._decide, self._places = rules, decide, places
        self._names = {name: places[rules.plan.names[name]] for name in rules.names}
        self._values: Sequence[Scalar] = ()
        self._moment: Moment | None = None

    def advance(self, facts: Facts) -> None:
        """Decide on the next session."""
        self._values, self._moment = self._decide(facts)

    def remember(self, values: Mapping[int, Scalar]) -> None:
        """Go on from the values of the session before, by the node that the rules want."""
        held: list[Scalar] = [math.nan] * (1 + max(self._places.values(), default=0))
        for number, value in values.items():
            held[self._places[number]] = value
        self._values = held

    def of(self, name: str) -> Scalar:
        """The value of a name of the ruleset."""
        return self._values[self._names[name]]

    def node(self, number: int) -> Scalar:
        """The value of a node of the plan that the rules want."""
        return self._values[self._places[number]]

    def written(self, span: Span) -> tuple[float, bool]:
        """The number written at a place, and whether it is a ratio; NaN where it is unknown."""
        found = self._rules.measures.get(span)
        if found is None:
            return math.nan, False
        number, is_ratio = found
        return float(self.node(number)), is_ratio

    def limit(self, number: int) -> float:
        """The bound of the ruleset's limit of that number, from zero."""
        node = self._rules.bounds[number]
        return math.nan if node is None else float(self.node(node))

    def violated(self) -> c.Always | None:
        """The first property of the ruleset that does not hold."""
        for item in self._rules.ruleset.always:
            if self.of(item.name) == FALSE:
                return item
        return None

    def closes(self, layer: str, state: Any, facts: Facts) -> tuple[Scalar, Clause, Any]:
        """Whether a position of a layer closes on this session."""
        closing = self._rules.closings[layer]
        values = [self.node(number) for number in closing.reads]
        assert self._moment is not None
        return closing.decide(state, facts, values, self._moment)


def of_history(program: Program, *, bulk: bool = True) -> Decisions:
    """The decisions of a program, from the first row on. A fact that is not told is what it is while
    nothing is held. Not in `bulk` the whole plan is decided bar by bar, as a live run does."""
    nodes, wanted, reads, known = cut(program.plan, program.wanted, (g.Given,))
    if not bulk or not known:
        nodes, wanted, reads = list(program.plan.nodes), program.wanted, []
    places = {number: at for at, number in enumerate(program.wanted)}
    code = BarByBar(nodes, wanted)
    given = dict(zip(map(row_name, reads), program.columns(reads), strict=True)) | program.data
    # A column for each that the code reads; None where the book tells it.
    columns = [given.get(name) for name in code.columns]
    empty = [program.empty.get(name, math.nan) for name in code.columns]
    told = list(zip(code.columns, columns, empty, strict=True))
    rows = iter(range(len(program.moments)))

    def decide(facts: Facts) -> tuple[Sequence[Scalar], Moment]:
        row = next(rows)
        moment = program.moments[row]
        values = [
            facts.get(name, without) if column is None else column[row]
            for name, column, without in told
        ]
        return code.decide(values, moment), moment

    return Decisions(program, decide, places)
