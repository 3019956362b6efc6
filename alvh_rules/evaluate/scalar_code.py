"""Straight-line code for one bar at a time, made from a verified plan.

1. What depends on few states is folded into tables, as for a long run.
2. Each node becomes a line or a few on plain Python numbers, in the plan's order; the nodes of a
   clock stand in a loop over the periods that the bar completes.
3. What is remembered from bar to bar is a variable of the enclosing function, which can be saved and
   loaded.

The text of the code is made of node numbers, operators and the fixed patterns below, never of
anything that a ruleset says: its numbers are bound as values (`k…`), its names do not appear. The
operations and their order are those of the steps on columns, so the bits are the same. A built-in
without a pattern here is called as its kernel, on one row; that costs microseconds, not meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh_rules.evaluate import scalar_patterns as patterns
from alvh_rules.evaluate.scalar_calls import Called, Curve, Dated, Stepped, Window, called
from alvh_rules.evaluate.scalar_calls import Moment as Moment
from alvh_rules.evaluate.scalar_logic import Stopping, owners
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import POINTWISE, missing
from alvh_rules.plan.schedule import schedule
from alvh_rules.plan.tabulate import tabulated

CLOCKS = ("session", "week", "month")
_OF_ONE_ROW = (*POINTWISE, g.Combination, g.Lookup)
_MOST_SHIFTED = 8
"""Earlier values that are kept in a variable each."""


@dataclass
class Code:
    """Code in the making: its lines, the variables it keeps, the values bound to it."""

    nodes: Sequence[g.Node]
    lines: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    bound: dict[str, Any] = field(default_factory=dict)
    indent: str = "        "
    branches: bool = True
    """Whether what is left out costs nothing: Python does one thing after another."""
    settled: set[str] = field(default_factory=set)
    """Values that are known to be finite or the one NaN that missing is."""

    def say(self, line: str) -> None:
        """One more line."""
        self.lines.append(self.indent + line)

    def keep(self, name: str, value: Any) -> str:
        """A variable that is kept from bar to bar, with its first value."""
        self.state[name] = value
        return name

    def bind(self, name: str, value: Any) -> str:
        """A name for a value that never changes."""
        self.bound[name] = value
        return name

    def value(self, number: int) -> str:
        """What a node's value is called: a bound name for a constant."""
        operation = self.nodes[number].operation
        if isinstance(operation, g.Constant):
            return self.bind(f"k{number}", operation.value)
        return f"v{number}"

    def entry(self, number: int, table: tuple[float | int, ...], at: str) -> str:
        """The entry of a node's table; minus one takes the last."""
        return f"{self.bind(f't{number}', table)}[{at}]"

    def choice(self, number: int, options: Sequence[str], at: str) -> str:
        """The option of a node at a code; minus one takes the last. Constants are one table."""
        if all(option in self.bound for option in options):
            return self.entry(number, tuple(self.bound[option] for option in options), at)
        return f"({', '.join(options)},)[{at}]"

    def lagged(self, name: str, found: str, value: str, lag: int) -> None:
        """Put into `found` the value of `lag` bars ago, NaN before the first, and keep this one."""
        if lag > _MOST_SHIFTED:
            self.ring(name, found, value, lag)
            return
        # So few are moved on by one in less time than a place in a list is counted.
        kept = [self.keep(f"{name}_{place}", math.nan) for place in range(lag)]
        for into, out_of in zip([found, *kept], [*kept, value], strict=True):
            self.say(f"{into} = {out_of}")

    def ring(self, name: str, found: str, value: str, lag: int) -> None:
        """As `lagged`, with a list whose oldest entry is overwritten."""
        self.keep(name, [math.nan] * lag)
        self.keep(f"{name}_at", 0)
        self.say(f"{found} = {name}[{name}_at]; {name}[{name}_at] = {value}")
        last = self.bind(f"last_{name}", lag - 1)
        self.say(f"{name}_at = {name}_at + 1 if {name}_at != {last} else 0")

    def truth(self, holds: str, fails: str) -> str:
        """True or false by two comparisons, of which at most one holds; else unknown."""
        return f"1 if {holds} else -1 if {fails} else 0"

    def quotient(self, left: str, right: str) -> str:
        """A quotient, not finite where the divisor is zero."""
        return f"{left} / {right} if {right} else nan"

    def band(self, number: int, operation: g.Band, value: str, edges: Sequence[str]) -> str:
        """The code of a node's band for a number; the edges are given by their bound names."""
        parts = []
        for index, (edge, above) in enumerate(zip(edges, operation.joins_above, strict=True)):
            row = self.bind(f"r{number}_{index}", operation.rows[index])
            parts.append(f"{row} if {value} {'<' if above else '<='} {edge} else ")
        last = self.bind(f"r{number}_last", operation.rows[-1])
        lost = self.bind(f"lost{number}", operation.missing)
        return f"{''.join(parts)}{last} if {value} == {value} else {lost}"


def defined(source: str, space: dict[str, Any], name: str) -> Any:
    """What a text of this module's or `compiled_code.py`'s making defines under a name.

    The one place where made code is run: `space` is all that the text can see.
    """
    exec(compile(source, "<plan>", "exec"), space)
    return space[name]


Decide = Callable[[Sequence[float | int], Moment], tuple[Any, ...]]


class BarByBar:
    """Decides one bar at a time; gives the same bits as a run over history.

    `columns` are the data columns in the order in which `decide` takes their values: floats (NaN
    missing), truths as -1, 0, 1, label codes (-1 missing). `decide` returns the wanted nodes' values
    in order.
    """

    def __init__(self, nodes: Sequence[g.Node], wanted: Sequence[int]) -> None:
        folded, places = tabulated(nodes, wanted)
        self.source, code, self.columns = _written(folded, places)
        space: dict[str, Any] = {"nan": math.nan, "log": np.log, "sqrt": math.sqrt, **code.bound}
        space["__builtins__"] = {"float": float, "range": range}
        state = {
            name: list(value) if isinstance(value, list) else value
            for name, value in code.state.items()
        }
        made = defined(self.source, space, "make")(*state.values())
        # Not a method: a call of one more function would cost a tenth of a bar.
        self.decide: Decide = made[0]
        self._save, self._load = made[1:]
        self._names = list(state)
        self._calls = [item for item in code.bound.values() if isinstance(item, Called | Stepped)]

    def save(self) -> dict[str, Any]:
        """What is remembered, as numbers, lists and dictionaries."""
        own = dict(zip(self._names, self._save(), strict=True))
        return {"own": own, "calls": [call.save() for call in self._calls]}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same plan and wanted nodes."""
        own = [saved["own"][name] for name in self._names]
        self._load(*(list(value) if isinstance(value, list) else value for value in own))
        for call, remembered in zip(self._calls, saved["calls"], strict=True):
            if remembered is not None:
                call.load(remembered)


def _written(nodes: Sequence[g.Node], wanted: Sequence[int]) -> tuple[str, Code, tuple[str, ...]]:
    code = Code(nodes)
    steps = [step.number for step in schedule(nodes, wanted).steps]
    leaves = [n for n in steps if not nodes[n].clock and not nodes[n].inputs]
    columns = _leaves(code, leaves)
    dated = _by_session(nodes, steps)
    _dated(code, dated)
    held = {nodes[n].inputs[0] for n in steps if isinstance(nodes[n].operation, g.Hold)}
    for clock in CLOCKS:
        _clock(code, clock, [n for n in steps if nodes[n].clock == clock], held)
    sampled = {nodes[n].inputs[0] for n in steps if isinstance(nodes[n].operation, g.Sample)}
    owner = owners(nodes, steps, {*wanted, *sampled, *dated}, _OF_ONE_ROW)
    stopping = Stopping(code, owner, lambda number: _line(code, number))
    for number in steps:
        node = nodes[number]
        if node.clock or number in leaves or number in dated or number in owner:
            continue
        if isinstance(node.operation, g.Hold):
            code.say(f"v{number} = h{node.inputs[0]}")
        else:
            stopping.write(number)
    for number in sorted(sampled):
        code.say(f"p{number} = {code.value(number)}")
    out = "".join(f"{code.value(number)}, " for number in wanted)
    code.say(f"return ({out})")
    return _whole(code), code, columns


def _whole(code: Code) -> str:
    kept = ", ".join(code.state)
    lines = [f"def make({kept}):"]
    hold = f"        nonlocal {kept}" if kept else "        pass"
    lines += ["    def decide(values, moment):", hold, *code.lines]
    lines += ["    def save():", f"        return ({kept}{',' if kept else ''})"]
    again = ", ".join(f"_{name}" for name in code.state)
    lines += [f"    def load({again}):", hold]
    lines += [f"        {name} = _{name}" for name in code.state]
    return "\n".join([*lines, "    return decide, save, load", ""])


def _leaves(code: Code, leaves: Sequence[int]) -> tuple[str, ...]:
    """The lines of what reads no node and goes by no calendar; the columns that are read, in order."""
    names: list[str] = []
    given: list[str] = []
    for number in leaves:
        node = code.nodes[number]
        match node.operation:
            case g.Constant():
                continue
            case g.Column(name) if g.storage_of(node.type) is g.Storage.CURVE:
                code.bind(f"f{number}", Curve(name))
                code.say(f"v{number} = f{number}(moment)")
            case g.Column(name) | g.Given(name):
                names.append(name)
                given.append(f"v{number}, ")
            case g.Book(_, empty):
                code.bind(f"v{number}", empty)
            case g.Event() | g.Call():
                continue
            case _:
                code.bind(f"v{number}", missing(g.storage_of(node.type)))
    if given:
        code.lines.insert(0, f"{code.indent}{''.join(given)}= values")
    return tuple(names)


def _by_session(nodes: Sequence[g.Node], steps: Sequence[int]) -> list[int]:
    """The nodes that are the same through a session: what calendars say, and what rests on it alone."""
    same = {n for n in steps if isinstance(nodes[n].operation, g.Constant)}
    for number in steps:
        node = nodes[number]
        of_dates = isinstance(node.operation, g.Event | g.Call) and not node.inputs
        rests = isinstance(node.operation, _OF_ONE_ROW) and bool(node.inputs)
        if not node.clock and (of_dates or (rests and same.issuperset(node.inputs))):
            same.add(number)
    return [n for n in steps if n in same and not isinstance(nodes[n].operation, g.Constant)]


def _dated(code: Code, numbers: Sequence[int]) -> None:
    """The lines of what is the same through a session: it is worked out once, and kept."""
    if not numbers:
        return
    code.keep("session_before", None)
    code.say("if moment.ordinal != session_before:")
    outer, code.indent = code.indent, code.indent + "    "
    code.say("session_before = moment.ordinal")
    for number in numbers:
        node = code.nodes[number]
        code.keep(f"v{number}", missing(g.storage_of(node.type)))
        if node.inputs:
            _line(code, number)
        else:
            of_event = isinstance(node.operation, g.Event)
            code.bind(f"f{number}", (Window if of_event else Dated)(number, code.nodes))
            code.say(f"v{number} = f{number}(moment)")
    code.indent = outer


def _clock(code: Code, clock: str, numbers: Sequence[int], held: set[int]) -> None:
    if not numbers:
        return
    code.say(f"for before in moment.{clock}:")
    outer, code.indent = code.indent, code.indent + "    "
    for number in numbers:
        node = code.nodes[number]
        if isinstance(node.operation, g.Sample):
            read = node.inputs[0]
            storage = g.storage_of(node.type)
            first = None if storage is g.Storage.CURVE else missing(storage)
            code.keep(f"p{read}", first)
            code.say(f"v{number} = p{read} if before else {code.value(read)}")
        elif not isinstance(node.operation, g.Constant):
            _line(code, number)
    for number in sorted(held.intersection(numbers)):
        code.keep(f"h{number}", missing(g.storage_of(code.nodes[number].type)))
        code.say(f"h{number} = {code.value(number)}")
    code.indent = outer


def _line(code: Code, number: int) -> None:
    """The lines of one node that reads others."""
    node = code.nodes[number]
    inputs = [code.value(part) for part in node.inputs]
    storages = [g.storage_of(code.nodes[part].type) for part in node.inputs]
    pattern = patterns.pattern_of(node.operation)
    if pattern is not None:
        pattern(code, number, node.operation, inputs, storages)
        return
    assert isinstance(node.operation, g.Call), node.operation
    code.bind(f"f{number}", called(number, code.nodes))
    code.say(f"v{number} = f{number}(moment, {', '.join(inputs)})")
