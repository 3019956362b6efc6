"""The steps of a run: what each operation of a plan does to a block of rows.

A step reads the cells of earlier steps and fills its own. A cell is an array of the block's rows (or
of its clock's periods), a plain number where the plan has a constant, or a curve; beside it stands
whether it is *whole*: known on every row. Whole inputs take a path without masks. Where a step does
not look it says that its cell is not whole, which is always safe.

Numbers are float64 with NaN for missing, and what is not finite is missing: a dot product with zeros
tells in one pass whether anything is not. Conditions are int8 in Kleene's logic, where `and` is the
least, `or` the greatest and `not` the negative. Codes are whole numbers with -1 for missing.

What a step remembers from block to block is numbers, lists and dictionaries of them, so that a run
can be written down and taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.builtins.kernels.series import held, latch
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.inputs import Array, Float, Kleene, is_missing, missing_of
from alvh_rules.plan import graph as g

_COMPARE: Mapping[str, np.ufunc] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ARITHMETIC: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_DTYPES = {g.Storage.NUMBER: np.float64, g.Storage.FLAG: np.int8, g.Storage.CODE: np.int32}
_DECIMALS = 1e12
"""Decided weights and ratios are rounded to this many parts."""
_SMALL_CODES = 127

_zeros = np.zeros(0)


def _all_finite(column: Float) -> bool:
    global _zeros
    if len(_zeros) < len(column):
        _zeros = np.zeros(len(column))
    return bool(np.dot(column, _zeros[: len(column)]) == 0.0)


def settled(column: Float) -> tuple[Float, bool]:
    """The column with what is not finite made missing, and whether all of it is known."""
    if _all_finite(column):
        return column, True
    return np.where(np.isfinite(column), column, np.nan), False


def spread(value: float | int, storage: g.Storage, rows: int) -> Array:
    """A constant on every row."""
    return np.full(rows, value, dtype=_DTYPES[storage])


class Cells:
    """The cells of one block: `values` and `whole` by node."""

    def __init__(self, count: int) -> None:
        self.values: list[Any] = [None] * count
        self.whole: list[bool] = [False] * count
        self.rows: dict[str, int] = {}


class Step:
    """One operation of a plan. `run` fills the step's cell; it must not change its inputs."""

    def __init__(self, number: int, node: g.Node, nodes: Sequence[g.Node]) -> None:
        self.number = number
        self.node = node
        self.inputs = node.inputs
        self.kinds = [nodes[part].type.kind for part in node.inputs]
        self.storages = [g.storage_of(nodes[part].type) for part in node.inputs]
        # An operation on constants alone, which the plan did not fold, is done on rows of them.
        self.all_constant = bool(node.inputs) and all(
            isinstance(nodes[part].operation, g.Constant) for part in node.inputs
        )

    def run(self, cells: Cells, block: Block) -> None:
        rows = cells.rows[self.node.clock]
        inputs = [cells.values[part] for part in self.inputs]
        if self.all_constant:
            inputs = self.arrays(inputs, rows)
        whole = [cells.whole[part] for part in self.inputs]
        cells.values[self.number], cells.whole[self.number] = self.compute(
            inputs, whole, block, rows
        )

    def compute(
        self, inputs: list[Any], whole: list[bool], block: Block, rows: int
    ) -> tuple[Any, bool]:
        """The cell, and whether it is whole."""
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
            case g.Event():
                return event_window(self.node.operation, block)
            case _:
                return missing_of(self.node.type.kind, rows), False
        if column.dtype == np.float64:
            return column, _all_finite(column)
        lost = UNKNOWN if self.node.type.kind is Kind.FLAG else -1
        return column, not bool((column == lost).any())


class Pointwise(Step):
    """An operation that a function of its inputs does."""

    def __init__(
        self,
        number: int,
        node: g.Node,
        nodes: Sequence[g.Node],
        function: Callable[[list[Any], list[bool], int], tuple[Any, bool]],
        as_arrays: bool = False,
    ) -> None:
        super().__init__(number, node, nodes)
        self.function = function
        self.all_constant = self.all_constant or as_arrays

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        return self.function(inputs, whole, rows)


class Sample(Step):
    """A column of the rows at the end of each completed period; the last row is remembered."""

    last: Any = None

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        sample = block.timeline.periods[self.node.clock].sample
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

    def __init__(self, number: int, node: g.Node, nodes: Sequence[g.Node]) -> None:
        super().__init__(number, node, nodes)
        self.clock = nodes[node.inputs[0]].clock
        self.last: Any = missing_of(node.type.kind, 1)[0].item()

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        available = block.timeline.periods[self.clock].available
        (column,) = self.arrays(inputs, len(available))
        lengths = np.diff(np.concatenate([[0], available, [rows]]))
        out = np.repeat(np.concatenate([[self.last], column]).astype(column.dtype), lengths)
        if len(column):
            self.last = column[-1].item()
        return out, False

    def save(self) -> Any:
        return self.last

    def load(self, saved: Any) -> None:
        self.last = saved


class Window(Step):
    """An operation that reads a fixed number of rows back: it remembers so many of its inputs."""

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
        self.tails: list[Array] = [np.zeros(0, dtype=_DTYPES[storage]) for storage in self.storages]

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        inputs = self.arrays(inputs, rows)
        if not self.back:
            return self._told(self.kernel(*inputs))
        joined = [
            np.concatenate([tail, column]) for tail, column in zip(self.tails, inputs, strict=True)
        ]
        before = len(self.tails[0])
        self.tails = [column[max(len(column) - self.back, 0) :] for column in joined]
        return self._told(self.kernel(*joined)[before:])

    def _told(self, out: Array) -> tuple[Array, bool]:
        if out.dtype == np.int8:
            return out, False
        return out, _all_finite(out)

    def save(self) -> Any:
        return [tail.tolist() for tail in self.tails]

    def load(self, saved: Any) -> None:
        self.tails = [
            np.array(tail, dtype=_DTYPES[storage])
            for tail, storage in zip(saved, self.storages, strict=True)
        ]


class Remembering(Step):
    """An operation that rests on every row since the first: its kernel keeps a memory."""

    def __init__(
        self, number: int, node: g.Node, nodes: Sequence[g.Node], kernel: Callable[..., Array]
    ) -> None:
        super().__init__(number, node, nodes)
        self.kernel = kernel
        self.memory: dict[str, Any] = {}

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        out = self.kernel(self.memory, *self.arrays(inputs, rows))
        if out.dtype == np.int8:
            return out, all(whole)
        return out, _all_finite(out)

    def save(self) -> Any:
        return self.memory

    def load(self, saved: Any) -> None:
        self.memory = saved


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
        case g.Column() | g.Given() | g.Book() | g.Position() | g.Event():
            return Read(number, node, nodes)
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
            function, as_arrays = _pointwise(node, nodes)
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

    def function(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        out = kernel(*bound(inputs))
        return out, out.dtype == np.float64 and _all_finite(out)

    return Pointwise(number, node, nodes, function, as_arrays=True)


Function = Callable[[list[Any], list[bool], int], tuple[Any, bool]]


def _pointwise(node: g.Node, nodes: Sequence[g.Node]) -> tuple[Function, bool]:
    """The function of an operation on one row, and whether it wants constants as rows."""
    kinds = [nodes[part].type.kind for part in node.inputs]
    kind = node.type.kind
    match node.operation:
        case g.Negative() | g.Not():
            return lambda inputs, whole, rows: (np.negative(inputs[0]), whole[0]), False
        case g.Arithmetic(operator):
            return _arithmetic(_ARITHMETIC[operator]), False
        case g.Rounded():
            return lambda inputs, whole, rows: settled(
                np.rint(inputs[0] * _DECIMALS) / _DECIMALS
            ), False
        case g.Compare(operator):
            return _compare(_COMPARE[operator], kinds[0]), False
        case g.IsMissing():
            return _is_missing(kinds[0]), False
        case g.Logical(operator):
            return _logical(np.minimum if operator == "and" else np.maximum), False
        case g.Conditional():
            return _conditional(kind), False
        case g.Band():
            return _band(node.operation, kinds[0]), True
        case g.Cross(columns):
            return _cross(columns), True
        case g.FirstTrue():
            return _first, True
        case g.Select(options):
            constants = _constants(node, nodes)
            if constants is not None:
                return _looked_up(constants, options, kind), True
            return _select(options, kind), True
        case g.Interpolate():
            return _interpolate(node.operation), True
        case _:
            raise AssertionError(f"{node.operation} is no step")


def _arithmetic(operation: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        return settled(operation(inputs[0], inputs[1]))

    return run


def _truths(found: Any) -> Kleene:
    """A yes or no on each row as true or false."""
    out: Kleene = found.view(np.int8)
    out += out
    out -= 1
    return out


def _compare(operation: np.ufunc, kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        left, right = inputs
        out = _truths(operation(left, right))
        if whole[0] and whole[1]:
            return out, True
        for side, known in zip(inputs, whole, strict=True):
            if not known:
                out[...] = np.where(_lost(side, kind), UNKNOWN, out)
        return out, False

    return run


def _lost(column: Any, kind: Kind) -> Any:
    if isinstance(column, float | int):
        column = np.array(column)
    return is_missing(column, kind)


def _is_missing(kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        if whole[0]:
            return np.full(rows, FALSE, dtype=np.int8), True
        return _truths(_lost(inputs[0], kind)), True

    return run


def _logical(join: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        out = join(inputs[0], inputs[1])
        for item in inputs[2:]:
            join(out, item, out=out)
        return out, all(whole)

    return run


def _conditional(kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        condition, then, otherwise = inputs
        out = np.where(condition == TRUE, then, otherwise)
        dtype = missing_of(kind, 0).dtype
        out = out if out.dtype == dtype else out.astype(dtype)
        if not whole[0]:
            unknown = condition == UNKNOWN
            out[unknown] = missing_of(kind, 1)[0]
        return out, all(whole)

    return run


def _band(band: g.Band, kind: Kind) -> Function:
    rows_of = np.array(band.rows, dtype=np.int32)
    small = (
        np.int8 if max(max(band.rows), band.missing, len(band.rows)) < _SMALL_CODES else np.int32
    )
    rows_of = rows_of.astype(small)
    in_order = bool(np.array_equal(rows_of, np.arange(len(rows_of))))

    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        value = inputs[0]
        if kind is Kind.FLAG:
            at = (value == TRUE).view(np.int8)
        elif kind is Kind.LABEL:
            at = np.maximum(value, 0)
        else:
            at = np.zeros(len(value), dtype=small)
            for edge, above in zip(band.edges, band.joins_above, strict=True):
                at += (value >= edge) if above else (value > edge)
        out = at.astype(small, copy=False) if in_order else rows_of[at]
        if whole[0]:
            return out, min(band.rows) >= 0
        lost = is_missing(value, kind)
        out = np.where(lost, small(band.missing), out)
        return out, False

    return run


def _cross(columns: int) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        down, across = (item.astype(np.int32, copy=False) for item in inputs)
        out = down * np.int32(columns) + across
        if all(whole):
            return out, True
        return np.where((down < 0) | (across < 0), np.int32(-1), out), False

    return run


def _first(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
    out = np.full(rows, len(inputs), dtype=np.int32)
    for code in range(len(inputs) - 1, -1, -1):
        condition = inputs[code]
        out[condition == TRUE] = code
        if not whole[code]:
            out[condition == UNKNOWN] = -1
    return out, all(whole)


def _constants(node: g.Node, nodes: Sequence[g.Node]) -> list[float | int] | None:
    """The values of a choice among constants alone, or None."""
    found = []
    for part in node.inputs[1:]:
        operation = nodes[part].operation
        if not isinstance(operation, g.Constant):
            return None
        found.append(operation.value)
    return found


def _looked_up(constants: list[float | int], options: int, kind: Kind) -> Function:
    """A choice among constants is one table: code -1 takes its last entry."""
    missing = missing_of(kind, 1)
    table = np.array(constants[:options] + (constants[options:] or missing.tolist()))
    table = table.astype(missing.dtype)
    sure = not bool(is_missing(table[:options], kind).any())
    always = sure and not bool(is_missing(table, kind).any())

    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        return table.take(inputs[0]), always or (sure and whole[0])

    return run


def _select(options: int, kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        code = inputs[0]
        out = missing_of(kind, rows)
        for number, option in enumerate(inputs[1 : 1 + options]):
            np.copyto(out, option, where=code == number)
        for otherwise in inputs[1 + options :]:
            np.copyto(out, otherwise, where=code < 0)
        return out, all(whole)

    return run


def _interpolate(operation: g.Interpolate) -> Function:
    points, values = np.array(operation.points), np.array(operation.values)

    def run(inputs: list[Any], whole: list[bool], rows: int) -> tuple[Any, bool]:
        value = inputs[0]
        out: Float = np.interp(value, points, values)
        if whole[0]:
            return out, True
        lost = np.isnan(value)
        out[lost] = inputs[1][lost] if len(inputs) > 1 else np.nan
        return out, len(inputs) > 1 and whole[1]

    return run


def event_window(event: g.Event, block: Block) -> tuple[Kleene, bool]:
    """Whether a date's session lies so that this one is in its window.

    An unscheduled date is known on its own session only from then on, so of its window only the
    part from that session counts.
    """
    calendar = block.market.calendars[event.calendar]
    rows = block.timeline.ordinals[block.session_starts]
    active = np.zeros(len(rows), dtype=bool)
    for scheduled in (True, False):
        events = calendar.ordinals[calendar.scheduled == scheduled]
        begin = event.begin if scheduled else max(event.begin, 0)
        if begin > event.end:
            continue
        # An event at q covers q + begin to q + end: rows s with an event in [s - end, s - begin].
        low = np.searchsorted(events, rows - event.end, "left")
        high = np.searchsorted(events, rows - begin, "right")
        active |= high > low
    covered = (rows >= calendar.first_ordinal) & (rows <= calendar.last_ordinal)
    truths = np.where(covered, np.where(active, TRUE, FALSE), UNKNOWN).astype(np.int8)
    return block.by_session(lambda starts: truths), bool(covered.all())
