"""The steps of a run: what each operation of a plan does to a block of rows.

A step reads the cells of earlier steps and fills its own. A cell is an array of the block's rows (or
of its clock's periods), a plain number where the plan has a constant, or a curve; beside it stands
whether it is *whole*: known on every row. Whole inputs take a path without masks. Where a step does
not look it says that its cell is not whole, which is always safe.

Numbers are float64 with NaN for missing, and what is not finite is missing: the sum of a column tells
in one pass whether anything in it is not. Conditions are int8 in Kleene's logic, where `and` is the
least, `or` the greatest and `not` the negative. Codes are whole numbers with -1 for missing.

What a step remembers from block to block is numbers, lists and dictionaries of them, so that a run
can be written down and taken up again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh_rules.builtins.kernels.runs import stretched
from alvh_rules.builtins.kernels.series import held, latch
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.inputs import Array, Float, is_missing, missing_of
from alvh_rules.plan import graph as g
from alvh_rules.plan import scalars

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
_DTYPES: dict[g.Storage, np.dtype[Any]] = {
    g.Storage.NUMBER: np.dtype(np.float64),
    g.Storage.FLAG: np.dtype(np.int8),
    g.Storage.CODE: np.dtype(np.int32),
}
_FLOAT, _TRUTH, _CODE = (_DTYPES[storage] for storage in list(g.Storage)[:3])
_ONE = np.int8(1)
_TRUE, _FALSE, _UNKNOWN = np.int8(TRUE), np.int8(FALSE), np.int8(UNKNOWN)
_DECIMALS = 1e12
"""Decided weights and ratios are rounded to this many parts."""
_SMALL_CODES = 127


def _all_finite(column: Float) -> bool:
    # A sum is finite only if its terms are; one that overflows sends whole data down the slow path.
    return math.isfinite(np.add.reduce(column))


def settled(column: Float) -> tuple[Float, bool]:
    """The column with what is not finite made missing, and whether all of it is known."""
    if _all_finite(column):
        return column, True
    return np.where(np.isfinite(column), column, np.nan), False


def spread(value: float | int, storage: g.Storage, rows: int) -> Array:
    """A constant on every row."""
    return np.full(rows, value, dtype=_DTYPES[storage])


class Cells:
    """The cells of one block: `values` and `whole` by node.

    Room for a cell's array is taken from arrays that earlier cells have let go, so that a run works in
    the same memory from block to block; a cell that is wanted is made where it is wanted, in `targets`.
    """

    def __init__(self, count: int) -> None:
        self.values: list[Any] = [None] * count
        self.whole: list[bool] = [False] * count
        self.rows: dict[str, int] = {}
        self.targets: dict[int, Array] = {}
        self._own: list[Array | None] = [None] * count
        self._free: dict[Any, list[Array]] = {}
        self._known: dict[int, Any] = {}

    def begin(self, rows: int) -> None:
        """A new block of so many rows: what was worked out of the last one's cells is forgotten."""
        self.rows[g.ROWS] = rows
        self._known.clear()

    def put_constant(self, number: int, node: g.Node) -> None:
        """A constant is a plain number, and stays."""
        assert isinstance(node.operation, g.Constant)
        value = node.operation.value
        self.values[number] = value
        self.whole[number] = not scalars.is_missing(value, g.storage_of(node.type))

    def room(self, number: int, dtype: Any, rows: int) -> Array:
        """An array for a node's cell, whatever stands in it."""
        target = self.targets.get(number)
        if target is not None and target.dtype == dtype:
            return target
        free = self._free.get(dtype)
        if free:
            own = free.pop()
            if len(own) >= rows:
                self._own[number] = own
                return own[:rows]
        own = np.empty(rows, dtype=dtype)
        self._own[number] = own
        return own

    def known(self, number: int, kind: Kind) -> Any:
        """One where a cell is known and zero where it is missing, as bytes; worked out once."""
        found = self._known.get(number)
        if found is None:
            value = self.values[number]
            column = np.array([value]) if isinstance(value, float | int) else value
            found = self._known[number] = np.logical_not(is_missing(column, kind)).view(np.int8)
        return found

    def let_go(self, number: int) -> None:
        """The cell is read no more."""
        self.values[number] = None
        self._known.pop(number, None)
        own = self._own[number]
        if own is not None:
            self._own[number] = None
            self._free.setdefault(own.dtype, []).append(own)


Function = Callable[[list[Any], list[bool], int, "Step"], tuple[Any, bool]]
"""From a step's inputs, whether they are whole, the rows and the step itself, to its cell."""


class Step:
    """One operation of a plan. `run` fills the step's cell; it must not change its inputs."""

    def __init__(self, number: int, node: g.Node, nodes: Sequence[g.Node]) -> None:
        self.number = number
        self.node = node
        self.inputs = node.inputs
        self.cells = Cells(0)
        self.kinds = [nodes[part].type.kind for part in node.inputs]
        self.storages = [g.storage_of(nodes[part].type) for part in node.inputs]
        # An operation on constants alone, which the plan did not fold, is done on rows of them.
        self.all_constant = bool(node.inputs) and all(
            isinstance(nodes[part].operation, g.Constant) for part in node.inputs
        )

    def run(self, block: Block) -> None:
        """Fill the cell."""
        cells = self.cells
        rows = cells.rows[self.node.clock]
        inputs = [cells.values[part] for part in self.inputs]
        if self.all_constant:
            inputs = self.arrays(inputs, rows)
        whole = [cells.whole[part] for part in self.inputs]
        cells.values[self.number], cells.whole[self.number] = self.compute(
            inputs, whole, block, rows
        )

    def room(self, dtype: Any, rows: int) -> Array:
        """An array for the cell."""
        return self.cells.room(self.number, dtype, rows)

    def known(self, place: int) -> Any:
        """One where an input is known and zero where it is missing."""
        return self.cells.known(self.inputs[place], self.kinds[place])

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
        function: Function,
        as_arrays: bool = False,
    ) -> None:
        super().__init__(number, node, nodes)
        self.function = function
        self.all_constant = self.all_constant or as_arrays

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        return self.function(inputs, whole, rows, self)


class Sample(Step):
    """A column of the rows at the end of each completed period; the last row is remembered."""

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
        return (out, False) if out.dtype == np.int8 else settled(out)

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
        return (out, all(whole)) if out.dtype == np.int8 else settled(out)

    def save(self) -> Any:
        return self.memory

    def load(self, saved: Any) -> None:
        self.memory = saved


class EventWindow(Step):
    """Whether a date of a calendar lies so that the session is in its window.

    An unscheduled date is known on its own session only from then on, so of its window only the
    part from that session counts.
    """

    _dates: list[tuple[Array, int]] | None = None

    def compute(self, inputs: list[Any], whole: list[bool], block: Block, rows: int) -> Any:
        event = self.node.operation
        assert isinstance(event, g.Event)
        calendar = block.market.calendars[event.calendar]
        if self._dates is None:
            known = calendar.ordinals[calendar.scheduled]
            sudden = calendar.ordinals[~calendar.scheduled]
            dates = [(known, event.begin), (sudden, max(event.begin, 0))]
            self._dates = [(at, begin) for at, begin in dates if len(at) and begin <= event.end]
        sessions = block.ordinals[block.session_starts]
        active = np.zeros(len(sessions), dtype=np.bool_)
        for at, begin in self._dates:
            # A date at q covers q + begin to q + end: sessions s with one in [s - end, s - begin].
            low = np.searchsorted(at, sessions - event.end, "left")
            high = np.searchsorted(at, sessions - begin, "right")
            active |= high > low
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

    def function(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = kernel(*bound(inputs))
        return settled(out) if out.dtype == np.float64 else (out, False)

    return Pointwise(number, node, nodes, function, as_arrays=True)


def _pointwise(node: g.Node, nodes: Sequence[g.Node]) -> tuple[Function, bool]:
    """The function of an operation on one row, and whether it wants constants as rows."""
    kinds = [nodes[part].type.kind for part in node.inputs]
    kind = node.type.kind
    match node.operation:
        case g.Negative() | g.Not():
            return _negative, False
        case g.Arithmetic(operator):
            return _arithmetic(_ARITHMETIC[operator]), False
        case g.Rounded():
            return _rounded, False
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
        case g.Combination(counts):
            return _combination(counts), True
        case g.Lookup(values):
            return _lookup(values, kind), True
        case _:
            raise AssertionError(f"{node.operation} is no step")


def _negative(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    return np.negative(inputs[0], out=own.room(inputs[0].dtype, rows)), whole[0]


def _arithmetic(operation: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        return settled(operation(inputs[0], inputs[1], out=own.room(_FLOAT, rows)))

    return run


def _rounded(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    out = np.multiply(inputs[0], _DECIMALS, out=own.room(_FLOAT, rows))
    np.rint(out, out=out)
    out /= _DECIMALS
    return settled(out)


def _compare(operation: np.ufunc, kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        left, right = inputs
        out = own.room(_TRUTH, rows)
        # A truth as a byte is 0 or 1; twice that less one is Kleene's.
        operation(left, right, out=out.view(np.bool_))
        out += out
        out -= _ONE
        if whole[0] and whole[1]:
            return out, True
        for place in range(2):
            if not whole[place]:
                # Unknown is zero: what is known is kept by multiplying with one.
                out *= own.known(place)
        return out, False

    return run


def _lost(column: Any, kind: Kind) -> Any:
    if isinstance(column, float | int):
        column = np.array([column])
    return is_missing(column, kind)


def _is_missing(kind: Kind) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(_TRUTH, rows)
        if whole[0]:
            out.fill(FALSE)
        else:
            out[...] = np.where(_lost(inputs[0], kind), _TRUE, _FALSE)
        return out, True

    return run


def _logical(join: np.ufunc) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = join(inputs[0], inputs[1], out=own.room(_TRUTH, rows))
        for item in inputs[2:]:
            join(out, item, out=out)
        return out, all(whole)

    return run


def _conditional(kind: Kind) -> Function:
    missing = missing_of(kind, 1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        condition, then, otherwise = inputs
        out = own.room(missing.dtype, rows)
        np.copyto(out, otherwise)
        np.copyto(out, then, where=condition == TRUE)
        if not whole[0]:
            np.copyto(out, missing, where=condition == UNKNOWN)
        return out, all(whole)

    return run


def _band(band: g.Band, kind: Kind) -> Function:
    most = max(*band.rows, band.missing, len(band.rows))
    small = np.dtype(np.int8 if most < _SMALL_CODES else np.int32)
    codes = np.array(band.rows, dtype=small)
    in_order = bool(np.array_equal(codes, np.arange(len(codes))))
    sure = min(band.rows) >= 0
    missing = small.type(band.missing)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        value = inputs[0]
        if kind is Kind.FLAG:
            at = (value == TRUE).view(np.int8)
        elif kind is Kind.LABEL:
            at = np.maximum(value, 0)
        else:
            at = np.zeros(rows, dtype=small)
            above_edge = np.empty(rows, dtype=np.bool_)
            for edge, above in zip(band.edges, band.joins_above, strict=True):
                (np.greater_equal if above else np.greater)(value, edge, out=above_edge)
                at += above_edge.view(np.int8)
        out = own.room(small, rows)
        if in_order:
            out[...] = at
        else:
            codes.take(at, out=out, mode="clip")
        if whole[0]:
            return out, sure
        np.copyto(out, missing, where=own.known(0) == 0)
        return out, False

    return run


def _cross(columns: int) -> Function:
    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        down, across = inputs
        out = np.multiply(down, np.int32(columns), out=own.room(_CODE, rows))
        out += across
        if not all(whole):
            np.copyto(out, -1, where=(down < 0) | (across < 0))
        return out, all(whole)

    return run


def _first(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
    out = own.room(_CODE, rows)
    out.fill(len(inputs))
    for code in range(len(inputs) - 1, -1, -1):
        condition = inputs[code]
        np.copyto(out, code, where=condition == TRUE)
        if not whole[code]:
            np.copyto(out, -1, where=condition == UNKNOWN)
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
    known = ~is_missing(table, kind)
    sure, always = bool(known[:options].all()), bool(known.all())
    itself = kind is Kind.LABEL and table.tolist() == [*range(options), -1]

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(table.dtype, rows)
        if itself:
            np.copyto(out, inputs[0])
        else:
            table.take(inputs[0], out=out, mode="wrap")
        return out, always or (sure and whole[0])

    return run


def _select(options: int, kind: Kind) -> Function:
    missing = missing_of(kind, 1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        code = inputs[0]
        out = own.room(missing.dtype, rows)
        np.copyto(out, missing)
        for number, option in enumerate(inputs[1 : 1 + options]):
            np.copyto(out, option, where=code == number)
        for otherwise in inputs[1 + options :]:
            np.copyto(out, otherwise, where=code < 0)
        return out, all(whole)

    return run


def _combination(counts: tuple[int, ...]) -> Function:
    # Digits begin at -1: the number of the first combination, all of them -1, is zero.
    most = math.prod(counts)
    dtype = np.dtype(np.int8 if most < _SMALL_CODES else np.int16 if most < 2**15 else np.int32)
    radices = [dtype.type(count) for count in counts[1:]]
    one = dtype.type(1)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        out = own.room(dtype, rows)
        np.add(inputs[0], one, out=out, casting="same_kind")
        for digit, radix in zip(inputs[1:], radices, strict=True):
            out *= radix
            out += digit
            out += one
        return out, all(whole)

    return run


def _lookup(values: tuple[float | int, ...], kind: Kind) -> Function:
    table = np.array(values, dtype=missing_of(kind, 0).dtype)
    sure = not bool(is_missing(table, kind).any())

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        return table.take(inputs[0], out=own.room(table.dtype, rows), mode="clip"), sure

    return run


def _interpolate(operation: g.Interpolate) -> Function:
    points, values = np.array(operation.points), np.array(operation.values)

    def run(inputs: list[Any], whole: list[bool], rows: int, own: Step) -> tuple[Any, bool]:
        value = inputs[0]
        out: Float = np.interp(value, points, values)
        if whole[0]:
            return out, True
        lost = np.isnan(value)
        out[lost] = inputs[1][lost] if len(inputs) > 1 else np.nan
        return out, len(inputs) > 1 and whole[1]

    return run
