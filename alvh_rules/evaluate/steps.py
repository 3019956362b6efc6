"""The steps of a run: what each operation of a plan does to a block of rows.

A step reads the cells of earlier steps and fills its own (`cells.py`). What reads one row alone is
done by a function of `pointwise.py`; the steps here cross clocks, look back, or remember.

Numbers are float64 with NaN for missing, and what is not finite is missing: the sum of a column tells
in one pass whether anything in it is not. Conditions are int8 in Kleene's logic, where `and` is the
least, `or` the greatest and `not` the negative. Codes are whole numbers with -1 for missing.

What a step remembers from block to block is numbers, lists and dictionaries of them, so that a run
can be written down and taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from alvh_rules.builtins.kernels.runs import stretched
from alvh_rules.builtins.kernels.series import held, latch
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import DTYPES, Cells, all_finite, settled, spread
from alvh_rules.evaluate.inputs import Array, Calendar, missing_of
from alvh_rules.evaluate.pointwise import Function, pointwise
from alvh_rules.plan import graph as g

_TRUE, _FALSE, _UNKNOWN = np.int8(TRUE), np.int8(FALSE), np.int8(UNKNOWN)


class Step:
    """One operation of a plan. `run` fills the step's cell; it must not change its inputs."""

    remembers = False
    """Whether a block's cell rests on the blocks before, so that they must be run in order."""

    def __init__(self, number: int, node: g.Node, nodes: Sequence[g.Node]) -> None:
        self.number = number
        self.node = node
        self.inputs = node.inputs
        self.cells = Cells(0)
        self.kinds = [nodes[part].type.kind for part in node.inputs]
        self.storages = [g.storage_of(nodes[part].type) for part in node.inputs]
        self.constant = [isinstance(nodes[part].operation, g.Constant) for part in node.inputs]
        # An operation on constants alone, which the plan did not fold, is done on rows of them.
        self.spreads = bool(node.inputs) and all(self.constant)

    def run(self, block: Block) -> None:
        """Fill the cell."""
        cells, parts, number = self.cells, self.inputs, self.number
        values, wholes = cells.values, cells.whole
        rows = cells.rows[self.node.clock]
        inputs = [values[part] for part in parts]
        if self.spreads:
            inputs = self.arrays(inputs, rows)
        whole = [wholes[part] for part in parts]
        values[number], wholes[number] = self.compute(inputs, whole, block, rows)

    def fresh(self) -> Self:
        """The same step with a memory of its own, for one that has not been run."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def room(self, dtype: Any, rows: int) -> Array:
        """An array for the cell."""
        return self.cells.room(self.number, dtype, rows)

    def known(self, place: int) -> Any:
        """One where an input is known and zero where it is missing."""
        return self.cells.known(self.inputs[place], self.kinds[place])

    def compute(
        self, inputs: list[Any], whole: list[bool], block: Block, rows: int
    ) -> tuple[Any, bool]:
        """The cell, and whether it is whole; for `run`, unless a step has a `run` of its own."""
        raise NotImplementedError

    def arrays(self, inputs: Sequence[Any], rows: int) -> list[Any]:
        """The inputs with constants spread over the rows."""
        return [
            spread(value, storage, rows) if isinstance(value, float | int) else value
            for value, storage in zip(inputs, self.storages, strict=True)
        ]

    def save(self) -> Any:
        """What is remembered, as numbers, lists and dictionaries; None for nothing."""
        return None

    def load(self, saved: Any) -> None:
        """Take up what was saved."""


class Read(Step):
    """A column of the data, of the caller, or of what is held."""

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        match self.node.operation:
            case g.Column(name) if self.node.type.kind is Kind.CURVE:
                return block.curve(name), False
            case g.Column(name):
                column = block.column(name)
            case g.Given(name):
                column = block.given_column(name)
            case g.Book(_, empty):
                return spread(empty, g.storage_of(self.node.type), rows), True
            case _:
                return missing_of(self.node.type.kind, rows), False
        if column.dtype == np.float64:
            return column, all_finite(column)
        lost = UNKNOWN if self.node.type.kind is Kind.FLAG else -1
        return column, not bool((column == lost).any())


class Pointwise(Step):
    """An operation that a function of its inputs does."""

    def __init__(
        self,
        number: int,
        node: g.Node,
        nodes: Sequence[g.Node],
        function: Function,
        as_arrays: bool = False,
    ) -> None:
        super().__init__(number, node, nodes)
        self.function = function
        self.spreads = self.spreads or (as_arrays and any(self.constant))

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        return self.function(inputs, whole, rows, self)


class Sample(Step):
    """A column of the rows at the end of each completed period; the last row is remembered."""

    remembers = True
    last: Any = None

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        sample = block.periods(self.node.clock).sample
        (column,) = self.arrays(inputs, len(block))
        if isinstance(column, tuple):
            last = self.last or tuple(tuple(np.nan for _ in part) for part in column)
            self.last = tuple(tuple(float(month[-1]) for month in part) for part in column)
            out = tuple(
                tuple(_taken(month, sample, end) for month, end in zip(part, ends, strict=True))
                for part, ends in zip(column, last, strict=True)
            )
            return out, False
        last = self.last
        if last is None:
            last = missing_of(self.node.type.kind, 1)[0]
        self.last = column[-1].item()
        return _taken(column, sample, last), False

    def save(self) -> Any:
        return self.last

    def load(self, saved: Any) -> None:
        self.last = saved


def _taken(column: Array, sample: Array, last: Any) -> Array:
    out = column[np.maximum(sample, 0)]
    out[sample < 0] = last
    return out


class Hold(Step):
    """A clock's values on the rows: each from its available row until the next."""

    remembers = True

    def __init__(self, number: int, node: g.Node, nodes: Sequence[g.Node]) -> None:
        super().__init__(number, node, nodes)
        self.clock = nodes[node.inputs[0]].clock
        self.last: Any = missing_of(node.type.kind, 1)[0].item()

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        available = block.periods(self.clock).available
        (column,) = self.arrays(inputs, len(available))
        values = np.concatenate([[self.last], column]).astype(column.dtype)
        out = stretched(np.concatenate([[0], available]), values, rows)
        if len(column):
            self.last = column[-1].item()
        return out, False

    def save(self) -> Any:
        return self.last

    def load(self, saved: Any) -> None:
        self.last = saved


class Window(Step):
    """An operation that reads a fixed number of rows back: it remembers so many of its inputs."""

    remembers = True

    def __init__(
        self,
        number: int,
        node: g.Node,
        nodes: Sequence[g.Node],
        back: int,
        kernel: Callable[..., Array],
    ) -> None:
        super().__init__(number, node, nodes)
        self.back = back
        self.kernel = kernel
        self.tails: list[Array] = [np.zeros(0, dtype=DTYPES[storage]) for storage in self.storages]

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        inputs = self.arrays(inputs, rows)
        joined = [
            np.concatenate([tail, column]) for tail, column in zip(self.tails, inputs, strict=True)
        ]
        before = len(self.tails[0])
        self.tails = [column[max(len(column) - self.back, 0) :] for column in joined]
        return self._told(self.kernel(*joined)[before:])

    def _told(self, out: Array) -> tuple[Array, bool]:
        return (out, False) if out.dtype == np.int8 else settled(out)

    def save(self) -> Any:
        return [tail.tolist() for tail in self.tails]

    def load(self, saved: Any) -> None:
        self.tails = [
            np.array(tail, dtype=DTYPES[storage])
            for tail, storage in zip(saved, self.storages, strict=True)
        ]


class Remembering(Step):
    """An operation that rests on every row since the first: its kernel keeps a memory."""

    remembers = True

    def __init__(
        self, number: int, node: g.Node, nodes: Sequence[g.Node], kernel: Callable[..., Array]
    ) -> None:
        super().__init__(number, node, nodes)
        self.kernel = kernel
        self.memory: dict[str, Any] = {}

    def fresh(self) -> Self:
        other = super().fresh()
        other.memory = {}
        return other

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        out = self.kernel(self.memory, *self.arrays(inputs, rows))
        return (out, all(whole)) if out.dtype == np.int8 else settled(out)

    def save(self) -> Any:
        return self.memory

    def load(self, saved: Any) -> None:
        self.memory = saved


def dates_in_windows(event: g.Event, calendar: Calendar) -> list[tuple[Array, int]]:
    """The sessions of an event's dates, and from which session after them each one's window begins.

    An unscheduled date is known on its own session only from then on, so of its window only the
    part from that session counts.
    """
    known = calendar.ordinals[calendar.scheduled]
    sudden = calendar.ordinals[~calendar.scheduled]
    dates = [(known, event.begin), (sudden, max(event.begin, 0))]
    return [(at, begin) for at, begin in dates if len(at) and begin <= event.end]


class EventWindow(Step):
    """Whether a date of a calendar lies so that the session is in its window."""

    _dates: list[tuple[Array, int]] | None = None

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        event = self.node.operation
        assert isinstance(event, g.Event)
        calendar = block.market.calendars[event.calendar]
        if self._dates is None:
            self._dates = dates_in_windows(event, calendar)
        sessions = block.ordinals[block.session_starts]
        # A date at q covers the sessions from q + begin to q + end: one window more from its first
        # session on, and one less after its last.
        turns = np.zeros(len(sessions) + 1, dtype=np.int64)
        for at, begin in self._dates:
            first, last = np.searchsorted(at, [sessions[0] - event.end, sessions[-1] - begin + 1])
            near = at[first:last]
            opens = np.searchsorted(sessions, near + begin, "left")
            closes = np.searchsorted(sessions, near + event.end, "right")
            turns += np.bincount(opens, minlength=len(turns))
            turns -= np.bincount(closes, minlength=len(turns))
        active = np.cumsum(turns[:-1]) > 0
        covered = (sessions >= calendar.first_ordinal) & (sessions <= calendar.last_ordinal)
        truths = np.where(covered, np.where(active, _TRUE, _FALSE), _UNKNOWN)
        return block.by_session(truths), bool(covered.all())


class CalendarCall(Step):
    """A built-in of a calendar, which is the same through a session."""

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        call = self.node.operation
        assert isinstance(call, g.Call)
        builtin = BUILTINS[call.function]
        names = [
            str(value)
            for value, parameter in zip(call.fixed, builtin.parameters, strict=True)
            if parameter.role is Takes.CALENDAR
        ]
        out = builtin.kernel()(block.market.calendars[names[0]], block.timeline)
        return out, False


# --- making steps ---


def step_of(number: int, nodes: Sequence[g.Node]) -> Step | None:
    """The step of a node; None for a constant, which is in its cell from the start."""
    node = nodes[number]
    match node.operation:
        case g.Constant():
            return None
        case g.Column() | g.Given() | g.Book() | g.Position():
            return Read(number, node, nodes)
        case g.Event():
            return EventWindow(number, node, nodes)
        case g.Sample():
            return Sample(number, node, nodes)
        case g.Hold():
            return Hold(number, node, nodes)
        case g.Lasting(count):
            return Window(number, node, nodes, count - 1, lambda column: held(column, count))
        case g.Latch():
            return Remembering(number, node, nodes, latch)
        case g.Call():
            return _call_step(number, node, nodes)
        case _:
            function, as_arrays = pointwise(node, nodes)
            return Pointwise(number, node, nodes, function, as_arrays)


def _call_step(number: int, node: g.Node, nodes: Sequence[g.Node]) -> Step:
    call = node.operation
    assert isinstance(call, g.Call)
    builtin = BUILTINS[call.function]
    if builtin.shape is Shape.CALENDAR:
        return CalendarCall(number, node, nodes)
    kernel, fixed = builtin.kernel(), call.fixed

    def bound(inputs: Sequence[Any]) -> list[Any]:
        given = iter(inputs)
        return [next(given) if value is None else value for value in fixed]

    if builtin.shape is Shape.RECURSIVE:
        return Remembering(
            number, node, nodes, lambda memory, *inputs: kernel(memory, *bound(inputs))
        )
    windows = {
        parameter.name: value
        for parameter, value in zip(builtin.parameters, fixed, strict=False)
        if parameter.role is Takes.WINDOW
    }
    back = builtin.lookback(**windows) if builtin.shape is Shape.WINDOW else 0
    if back:
        return Window(number, node, nodes, back, lambda *inputs: kernel(*bound(inputs)))

    def function(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = kernel(*bound(inputs))
        return settled(out) if out.dtype == np.float64 else (out, False)

    return Pointwise(number, node, nodes, function, as_arrays=True)
