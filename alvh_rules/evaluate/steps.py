"""The steps of a run: what each operation of a plan does to a block of rows.

A step reads the cells of earlier steps and gives its own (`cells.py`). What reads one row alone is
done by a function of `pointwise.py`; the steps here cross clocks, look back, or remember.

Numbers are float64 with NaN for missing, and what is not finite is missing: the sum of a column tells
in one pass whether anything in it is not. Conditions are int8 in Kleene's logic, where `and` is the
least, `or` the greatest and `not` the negative. Codes are whole numbers with -1 for missing.

A step that does not remember is the same for every run and thread: what it works on it is handed. What
one remembers from block to block is numbers, lists and dictionaries of them, so that a run can be
written down and taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
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
from alvh_rules.evaluate.cells import DTYPES, Cells, all_finite, constant_of, spread
from alvh_rules.evaluate.inputs import Array, Calendar, missing_of
from alvh_rules.evaluate.pointwise import Computed, Function, pointwise
from alvh_rules.plan import graph as g

_FLOAT = DTYPES[g.Storage.NUMBER]


class Step:
    """One operation of a plan. `compute` gives its cell; it must not change its inputs."""

    remembers = False
    """Whether a block's cell rests on the blocks before, so that they must be run in order."""

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        node = nodes[number]
        self.number = number
        self.node = node
        self.inputs = node.inputs
        self.storages = [g.storage_of(nodes[part].type) for part in node.inputs]
        self.constant = [constant_of(nodes[part]) is not None for part in node.inputs]
        self.rooms: dict[int, np.dtype[Any]] = {}
        """The nodes whose cells it makes in rooms, and the rooms' types."""

    def compute(self, cells: Cells, block: Block) -> Computed:
        """The cell, and whether it is whole."""
        raise NotImplementedError

    def timed(self, cells: Cells, block: Block, seconds: list[float]) -> Computed:
        """As `compute`; the time it takes is added to that of its node."""
        begun = perf_counter()
        computed = self.compute(cells, block)
        seconds[self.number] += perf_counter() - begun
        return computed

    def fresh(self) -> Self:
        """The same step with a memory of its own, for one that has not been run."""
        if not self.remembers:
            return self
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def arrays(self, cells: Cells, rows: int) -> list[Any]:
        """The inputs with constants spread over the rows."""
        values = cells.values
        return [
            spread(values[part], storage, rows) if constant else values[part]
            for part, storage, constant in zip(
                self.inputs, self.storages, self.constant, strict=True
            )
        ]

    def settled(self, cells: Cells, out: Array) -> Computed:
        """What a kernel gave, with what is not finite made missing."""
        if out.dtype == _FLOAT:
            return out, cells.settle(self.number, out, all(cells.whole[n] for n in self.inputs))
        return out, False

    def save(self) -> Any:
        """What is remembered, as numbers, lists and dictionaries; None for nothing."""
        return None

    def load(self, saved: Any) -> None:
        """Take up what was saved."""


class Read(Step):
    """A column of the data or of the caller."""

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        super().__init__(number, nodes)
        operation = self.node.operation
        assert isinstance(operation, g.Column | g.Given)
        self.name = operation.name
        self.given = isinstance(operation, g.Given)
        self.lost = UNKNOWN if self.node.type.kind is Kind.FLAG else -1

    def compute(self, cells: Cells, block: Block) -> Computed:
        column = block.given_column(self.name) if self.given else block.column(self.name)
        if column.dtype == _FLOAT:
            return column, all_finite(column)
        return column, not bool((column == self.lost).any())


class ReadCurve(Step):
    """A curve of the data."""

    def compute(self, cells: Cells, block: Block) -> Computed:
        operation = self.node.operation
        assert isinstance(operation, g.Column)
        return block.curve(operation.name), False


class Pointwise(Step):
    """An operation that a function of its inputs does."""

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        super().__init__(number, nodes)
        function, dtype = pointwise(number, nodes)
        self.rooms = {number: dtype}
        curved = isinstance(self.node.operation, g.Interpolate) and any(self.constant)
        # An operation on constants alone, which the plan did not fold, is done on rows of them.
        spreads = curved or all(self.constant)
        self.function = self._on_arrays(function) if spreads else function

    def compute(self, cells: Cells, block: Block) -> Computed:
        return self.function(cells)

    def _on_arrays(self, function: Function) -> Function:
        def run(cells: Cells) -> Computed:
            kept = [cells.values[part] for part in self.inputs]
            rows = cells.rows[self.node.clock]
            try:
                for part, column in zip(self.inputs, self.arrays(cells, rows), strict=True):
                    cells.values[part] = column
                return function(cells)
            finally:
                for part, value in zip(self.inputs, kept, strict=True):
                    cells.values[part] = value

        return run


class Called(Step):
    """A built-in of one row: its kernel, over the inputs' rows."""

    def __init__(self, number: int, nodes: Sequence[g.Node], kernel: Callable[..., Array]) -> None:
        super().__init__(number, nodes)
        self.kernel = kernel

    def compute(self, cells: Cells, block: Block) -> Computed:
        rows = cells.rows[self.node.clock]
        return self.settled(cells, self.kernel(*self.arrays(cells, rows)))


class Sample(Step):
    """A column of the rows at the end of each completed period; the last row is remembered."""

    remembers = True
    last: Any = None

    def compute(self, cells: Cells, block: Block) -> Computed:
        sample = block.periods(self.node.clock).sample
        (column,) = self.arrays(cells, len(block))
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

    def __init__(self, number: int, nodes: Sequence[g.Node]) -> None:
        super().__init__(number, nodes)
        self.clock = nodes[self.inputs[0]].clock
        self.last: Any = missing_of(self.node.type.kind, 1)[0].item()

    def compute(self, cells: Cells, block: Block) -> Computed:
        available = block.periods(self.clock).available
        (column,) = self.arrays(cells, len(available))
        values = np.concatenate([[self.last], column]).astype(column.dtype)
        out = stretched(np.concatenate([[0], available]), values, len(block))
        if len(column):
            self.last = column[-1].item()
        return out, False

    def save(self) -> Any:
        return self.last

    def load(self, saved: Any) -> None:
        self.last = saved


_PART = 32_768
"""Rows of a block that a kernel is given at a time: what it makes on the way stays near the processor."""


def in_parts(
    kernel: Callable[..., Array], inputs: Sequence[Any], cells: Cells, step: Step
) -> Array:
    """The column of a kernel that goes on from part to part, as from block to block."""
    rows = cells.rows[step.node.clock]
    if rows <= _PART or not all(isinstance(column, np.ndarray) for column in inputs):
        return kernel(*inputs)
    out = cells.room(step.number, DTYPES[g.storage_of(step.node.type)])
    for start in range(0, rows, _PART):
        out[start : start + _PART] = kernel(*(c[start : start + _PART] for c in inputs))
    return out


class Window(Step):
    """An operation that reads a fixed number of rows back: it remembers so many of its inputs."""

    remembers = True

    def __init__(
        self,
        number: int,
        nodes: Sequence[g.Node],
        back: int,
        kernel: Callable[..., Array],
    ) -> None:
        super().__init__(number, nodes)
        self.rooms = {number: DTYPES[g.storage_of(self.node.type)]}
        self.back = back
        self.kernel = kernel
        self.tails: list[Array] = [np.zeros(0, dtype=DTYPES[storage]) for storage in self.storages]

    def compute(self, cells: Cells, block: Block) -> Computed:
        inputs = self.arrays(cells, cells.rows[self.node.clock])
        return self.settled(cells, in_parts(self._of_part, inputs, cells, self))

    def _of_part(self, *inputs: Array) -> Array:
        before = len(self.tails[0])
        joined: Sequence[Array] = inputs
        if before:
            joined = [
                np.concatenate((tail, column))
                for tail, column in zip(self.tails, inputs, strict=True)
            ]
        start = max(len(joined[0]) - self.back, 0)
        # Copies: the rooms of the inputs are used again.
        self.tails = [column[start:].copy() for column in joined]
        out = self.kernel(*joined)
        return out[before:] if before else out

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

    def __init__(self, number: int, nodes: Sequence[g.Node], kernel: Callable[..., Array]) -> None:
        super().__init__(number, nodes)
        self.rooms = {number: DTYPES[g.storage_of(self.node.type)]}
        self.kernel = kernel
        self.memory: dict[str, Any] = {}

    def fresh(self) -> Self:
        other = super().fresh()
        other.memory = {}
        return other

    def compute(self, cells: Cells, block: Block) -> Computed:
        inputs = self.arrays(cells, cells.rows[self.node.clock])
        out = in_parts(self._of_part, inputs, cells, self)
        if out.dtype == np.int8:
            return out, all(cells.whole[part] for part in self.inputs)
        return self.settled(cells, out)

    def _of_part(self, *inputs: Array) -> Array:
        return self.kernel(self.memory, *inputs)

    def save(self) -> Any:
        return self.memory

    def load(self, saved: Any) -> None:
        self.memory = saved


def dates_in_windows(event: g.Event, calendar: Calendar) -> list[tuple[Array, int]]:
    """The sessions of an event's dates, and from which session after them each one's window begins.

    An unscheduled date is known on its own session only from then on, so of its window only the
    part from that session counts.
    """
    if calendar.scheduled.all():
        dates = [(calendar.ordinals, event.begin)]
    else:
        known = calendar.ordinals[calendar.scheduled]
        sudden = calendar.ordinals[~calendar.scheduled]
        dates = [(known, event.begin), (sudden, max(event.begin, 0))]
    return [(at, begin) for at, begin in dates if len(at) and begin <= event.end]


class EventWindow(Step):
    """Whether a date of a calendar lies so that the session is in its window.

    What the calendar says of every session that it covers is worked out once, and looked up by the
    sessions of each block.
    """

    _told: tuple[Calendar, Array] | None = None

    def compute(self, cells: Cells, block: Block) -> Computed:
        event = self.node.operation
        assert isinstance(event, g.Event)
        calendar = block.market.calendars[event.calendar]
        told = self._told
        if told is None or told[0] is not calendar:
            # Runs on other threads may do the same meanwhile, and find the same.
            told = self._told = calendar, in_windows(event, calendar)
        truths, begin = told[1], calendar.first_ordinal - 1
        sessions = block.sessions
        first, last = int(sessions[0]), int(sessions[-1])
        covered = begin < first and last <= calendar.last_ordinal
        if covered and last - first == len(sessions) - 1:
            found = truths[first - begin : last - begin + 1]
        else:
            found = truths.take(sessions - begin, mode="clip")
        return block.by_session(found), covered


def in_windows(event: g.Event, calendar: Calendar) -> Array:
    """Whether each session that a calendar covers is in a window of the event.

    One session more on either side stands for all that it does not cover: there nothing is known.
    """
    sessions = calendar.last_ordinal - calendar.first_ordinal + 1
    # One window more from a first session on, and one less after its last.
    turns = np.zeros(sessions + 1, dtype=np.int64)
    for at, begin in dates_in_windows(event, calendar):
        places = at - calendar.first_ordinal
        np.add.at(turns, np.clip(places + begin, 0, sessions), 1)
        np.add.at(turns, np.clip(places + event.end + 1, 0, sessions), -1)
    out = np.full(sessions + 2, UNKNOWN, dtype=np.int8)
    out[1:-1] = np.where(np.cumsum(turns[:-1]) > 0, TRUE, FALSE)
    out.flags.writeable = False
    return out


class CalendarCall(Step):
    """A built-in of a calendar, which is the same through a session."""

    def compute(self, cells: Cells, block: Block) -> Computed:
        call = self.node.operation
        assert isinstance(call, g.Call)
        builtin = BUILTINS[call.function]
        names = [
            str(value)
            for value, parameter in zip(call.fixed, builtin.parameters, strict=True)
            if parameter.role is Takes.CALENDAR
        ]
        return builtin.kernel()(block.market.calendars[names[0]], block.timeline), False


# --- making steps ---


def step_of(number: int, nodes: Sequence[g.Node]) -> Step | None:
    """The step of a node; None for a constant, which is in its cell from the start."""
    node = nodes[number]
    if constant_of(node) is not None:
        return None
    match node.operation:
        case g.Column() if node.type.kind is Kind.CURVE:
            return ReadCurve(number, nodes)
        case g.Column() | g.Given():
            return Read(number, nodes)
        case g.Event():
            return EventWindow(number, nodes)
        case g.Sample():
            return Sample(number, nodes)
        case g.Hold():
            return Hold(number, nodes)
        case g.Lasting(count):
            return Window(number, nodes, count - 1, lambda column: held(column, count))
        case g.Latch():
            return Remembering(number, nodes, latch)
        case g.Call():
            return _call_step(number, nodes)
        case _:
            return Pointwise(number, nodes)


def _call_step(number: int, nodes: Sequence[g.Node]) -> Step:
    call = nodes[number].operation
    assert isinstance(call, g.Call)
    builtin = BUILTINS[call.function]
    if builtin.shape is Shape.CALENDAR:
        return CalendarCall(number, nodes)
    kernel, fixed = builtin.kernel(), call.fixed

    def bound(inputs: Sequence[Any]) -> list[Any]:
        given = iter(inputs)
        return [next(given) if value is None else value for value in fixed]

    if builtin.shape is Shape.RECURSIVE:
        return Remembering(number, nodes, lambda memory, *inputs: kernel(memory, *bound(inputs)))
    windows = {
        parameter.name: value
        for parameter, value in zip(builtin.parameters, fixed, strict=False)
        if parameter.role is Takes.WINDOW
    }
    back = builtin.lookback(**windows) if builtin.shape is Shape.WINDOW else 0
    if back:
        return Window(number, nodes, back, lambda *inputs: kernel(*bound(inputs)))
    return Called(number, nodes, lambda *inputs: kernel(*bound(inputs)))
