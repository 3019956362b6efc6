"""A program for the native machine, made from a strand of a plan's nodes.

Each operation of a plan becomes one of the machine's or a few (`native_program.py`). Nothing of a
ruleset's text becomes code: a program is numbers, and the machine verifies it before it is run. What
has no encoding here stays a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alvh_rules.evaluate.interpolation import Polyline
from alvh_rules.evaluate.native_program import HELD, Encoded, Held, Place, Program
from alvh_rules.evaluate.strands import takes_squares
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import missing

_OF = {Held.NUMBER: "", Held.TRUTH: "_truth", Held.CODE: "_code"}
"""How the operations of each kind of column are called after their first word."""
_COMPARE = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_MOST_WINDOW = 1 << 15
"""Rows of a window up to which a machine remembers them: more than the language allows."""
_EDGES = 4
"""Edges of a table that one operation counts."""
_MOST_RANKED = 1_024
"""Rows of a window up to which comparing with each costs less than what NumPy's step does."""

Encoding = Callable[[Program, int, Any, Sequence[int]], None]
"""Takes the program, the node, its operation and its inputs' nodes."""


def encoded(
    nodes: Sequence[g.Node],
    strand: Sequence[int],
    inputs: Sequence[int],
    squares: Sequence[int],
    outputs: Sequence[int],
) -> Encoded:
    """The program of a strand: the inputs' columns are those of `inputs`, then those of `squares`."""
    program = Program(nodes)
    for index, number in enumerate(inputs):
        program.input(number, index)
    given = {
        number: program.register(Place.INPUT, Held.NUMBER, len(inputs) + index)
        for index, number in enumerate(squares)
    }
    for index, number in enumerate(outputs):
        program.output(number, index)
    last = {
        part: number for number in strand if number not in given for part in nodes[number].inputs
    }
    for number in strand:
        program.owner = number
        operation = nodes[number].operation
        if number in given:
            assert isinstance(operation, g.Call)
            _volatility(program, number, operation, given[number])
        else:
            encoding_of(nodes, number)(program, number, operation, nodes[number].inputs)
            for part in dict.fromkeys(nodes[number].inputs):
                if last[part] == number:
                    program.let_go(part)
        program.delivered(number)
        if number not in last:
            program.let_go(number)
    return program.encoded()


def can_be_encoded(nodes: Sequence[g.Node], number: int) -> bool:
    """Whether a node of the rows has an encoding."""
    return not nodes[number].clock and has_encoding(nodes, number)


def has_encoding(nodes: Sequence[g.Node], number: int) -> bool:
    """Whether a node has an encoding, whatever its clock."""
    node = nodes[number]
    storages = [g.storage_of(nodes[part].type) for part in node.inputs]
    if g.Storage.CURVE in (*storages, g.storage_of(node.type)):
        return False
    if takes_squares(node.operation):
        priced = not isinstance(nodes[node.inputs[0]].operation, g.Constant)
        return priced and _whole(node.operation.fixed[1]) <= _MOST_WINDOW
    match node.operation:
        case g.Call(function, fixed):
            windows = [item for item in fixed if isinstance(item, int)]
            if function == "percentile_rank" and not 2 <= max(windows) <= _MOST_RANKED:
                return False
            return function in _CALLS and max(windows, default=0) <= _MOST_WINDOW
        case g.Compare(operator):
            same_codes = set(storages) == {g.Storage.CODE} and operator in ("==", "!=")
            return set(storages) == {g.Storage.NUMBER} or same_codes
        case g.Combination(counts):
            return math.prod(counts) < 2**31
        case g.Lasting(count):
            return count <= _MOST_WINDOW
        case operation:
            return type(operation) in _OPERATIONS


def encoding_of(nodes: Sequence[g.Node], number: int) -> Encoding:
    """How a node that can be encoded is."""
    operation = nodes[number].operation
    if isinstance(operation, g.Call):
        return _CALLS[operation.function]
    return _OPERATIONS[type(operation)]


def _storage(program: Program, number: int) -> Held:
    return HELD[g.storage_of(program.nodes[number].type)]


# --- operations of one row ---


def _negative(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    name = "negative" if _storage(program, n) is Held.NUMBER else "not"
    program.say(name, program.made(n), program.rows(inputs[0]))


def _arithmetic(program: Program, n: int, operation: g.Arithmetic, inputs: Sequence[int]) -> None:
    _binary(program, n, _ARITHMETIC[operation.operator], inputs)


def _binary(program: Program, n: int, name: str, inputs: Sequence[int]) -> None:
    left, right = inputs
    one = program.value(left)
    # Of two constants one stands on every row.
    both = program.registers[one][0] == Place.CONSTANT
    other = program.rows(right) if both else program.value(right)
    program.say(name, program.made(n), one, other)


def _rounded(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    program.say("round", program.made(n), program.rows(inputs[0]))


def _compare(program: Program, n: int, operation: g.Compare, inputs: Sequence[int]) -> None:
    name = _COMPARE[operation.operator]
    if _storage(program, inputs[0]) is Held.NUMBER:
        _binary(program, n, name, inputs)
    else:
        left, right = (program.rows(part) for part in inputs)
        program.say(f"{name}_code", program.made(n), left, right)


def _is_missing(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    name = f"is_missing{_OF[_storage(program, inputs[0])]}"
    program.say(name, program.made(n), program.rows(inputs[0]))


def _logical(program: Program, n: int, operation: g.Logical, inputs: Sequence[int]) -> None:
    first, *others = (program.rows(part) for part in inputs)
    word = operation.operator
    steps = [_with(program, word, other) for other in others]
    program.chain(first, Held.TRUTH, steps, program.made(n))


def _with(program: Program, name: str, *operands: int) -> Callable[[int, int], int]:
    """A step of a chain that has these operands behind what the step before has made."""
    return lambda out, before: program.say(name, out, before, *operands)


def _conditional(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    name = f"where{_OF[_storage(program, n)]}"
    parts = [program.rows(part) for part in inputs]
    program.say(name, program.made(n), *parts)


def _table(program: Program, held: Held, values: Sequence[float | int]) -> tuple[int, int]:
    """Where a table stands, and its entries."""
    pool: list[Any] = program.numbers if held is Held.NUMBER else program.integers
    pool += values
    return len(pool) - len(values), len(values)


def _look_up(program: Program, n: int, table: Sequence[float | int], code: int) -> None:
    """The entry of a table at the code in a register; what is none of the others takes the last."""
    held = _storage(program, n)
    by = "_by_truth" if program.registers[code][1] == Held.TRUTH else ""
    place = _table(program, held, table)
    program.say(f"look_up{_OF[held]}{by}", program.made(n), code, *place)


def _band(program: Program, n: int, band: g.Band, inputs: Sequence[int]) -> None:
    held = _storage(program, inputs[0])
    value = program.rows(inputs[0])
    if held is not Held.NUMBER:
        rows = band.rows
        # Minus one takes the last: a code that is missing, and of truths false.
        of_truths = (band.missing, rows[1], rows[0])
        _look_up(program, n, of_truths if held is Held.TRUTH else (*rows, band.missing), value)
        return
    if not band.edges:
        begin = program.filled(band.rows[0], Held.CODE)
        program.say("known_or", program.made(n), begin, value, band.missing)
        return
    # What belongs to the band below its edge is above it from the next number on.
    edges = [
        program.number(edge if above else math.nextafter(edge, math.inf))
        for edge, above in zip(band.edges, band.joins_above, strict=True)
    ]
    # Nothing is at or above what is no number.
    edges += [program.number(math.nan)] * (-len(edges) % _EDGES)
    passed = program.say("passed", program.scratch(Held.CODE), value, *edges[:_EDGES])
    for start in range(_EDGES, len(edges), _EDGES):
        some = edges[start : start + _EDGES]
        more = program.say("and_passed", program.scratch(Held.CODE), passed, value, *some)
        program.release(passed)
        passed = more
    if list(band.rows) != list(range(len(band.rows))):
        place = _table(program, Held.CODE, band.rows)
        code = program.say("look_up_code", program.scratch(Held.CODE), passed, *place)
        program.release(passed)
        passed = code
    program.say("known_or", program.made(n), passed, value, band.missing)
    program.release(passed)


def _cross(program: Program, n: int, operation: g.Cross, inputs: Sequence[int]) -> None:
    down, across = (program.rows(part) for part in inputs)
    program.say("cross", program.made(n), down, across, operation.columns)


def _first(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    conditions = [program.rows(part) for part in inputs]
    steps = [
        _with(program, "first_true", condition, number)
        for number, condition in reversed(list(enumerate(conditions)))
    ]
    none = program.filled(len(inputs), Held.CODE)
    program.chain(none, Held.CODE, steps, program.made(n))


def _select(program: Program, n: int, operation: g.Select, inputs: Sequence[int]) -> None:
    held = _storage(program, n)
    code, options = inputs[0], list(inputs[1:])
    told = [program.nodes[part].operation for part in options]
    lost = missing(g.storage_of(program.nodes[n].type))
    constants = [item.value for item in told if isinstance(item, g.Constant)]
    if len(constants) == len(options):
        if len(options) == operation.options:
            constants.append(lost)
        _look_up(program, n, constants, program.rows(code))
        return
    registers = [program.rows(part) for part in options]
    if len(options) == operation.options:
        registers.append(program.filled(lost, held))
    at = program.rows(code)
    *choices, last = registers
    steps = [
        _with(program, f"pick{_OF[held]}", at, choice, number)
        for number, choice in enumerate(choices)
    ]
    program.chain(last, held, steps, program.made(n))


def _combination(program: Program, n: int, operation: g.Combination, inputs: Sequence[int]) -> None:
    # Digits begin at -1, and each is one more here.
    def named(name: str, part: int) -> str:
        return f"{name}_of_truth" if _storage(program, part) is Held.TRUTH else name

    first, *others = inputs
    digits = [program.rows(part) for part in others]
    begin = program.made(n) if not others else program.scratch(Held.CODE)
    program.say(named("digit", first), begin, program.rows(first))
    if not others:
        return
    steps = [
        _with(program, named("next_digit", part), digit, count)
        for part, digit, count in zip(others, digits, operation.counts[1:], strict=True)
    ]
    program.chain(begin, Held.CODE, steps, program.made(n))
    program.release(begin)


def _lookup(program: Program, n: int, operation: g.Lookup, inputs: Sequence[int]) -> None:
    _look_up(program, n, operation.values, program.rows(inputs[0]))


def _interpolate(program: Program, n: int, table: g.Interpolate, inputs: Sequence[int]) -> None:
    line = Polyline.of(table)
    value = program.rows(inputs[0])
    place = _table(program, Held.NUMBER, (*line.points, *line.slopes, *line.values))
    if len(inputs) == 1:
        program.say("interpolate", program.made(n), value, *place)
        return
    found = program.say("interpolate", program.scratch(Held.NUMBER), value, *place)
    lost = program.say("is_missing", program.scratch(Held.TRUTH), value)
    program.say("where", program.made(n), lost, program.rows(inputs[1]), found)
    program.release(found)
    program.release(lost)


# --- what is remembered ---


def _lasting(program: Program, n: int, operation: g.Lasting, inputs: Sequence[int]) -> None:
    _held_for(program, n, operation.count, inputs[0])


def _held_for(program: Program, n: int, count: int, part: int) -> None:
    # Before the first row nothing is false, and nothing known.
    place = program.remembered((), (count, 0))
    program.say("lasting", program.made(n), program.rows(part), count, *place)


def _latch(program: Program, n: int, _: Any, inputs: Sequence[int]) -> None:
    begin, end = (program.rows(part) for part in inputs)
    program.say("latch", program.made(n), begin, end, *program.remembered((), (-1,)))


def _whole(value: Any) -> int:
    assert isinstance(value, int)
    return value


def _weights(program: Program, count: int, alpha: float) -> tuple[int, int, int]:
    """The rows of a recursive average, and the shares of what is new and what is old."""
    return program.number(count), program.number(alpha), program.number(1.0 - alpha)


def _average(program: Program, out: int, values: int, count: int, alpha: float) -> None:
    place = program.remembered((math.nan, 0.0), (0,))
    program.say("average", out, values, *_weights(program, count, alpha), *place)


def _ema(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[1])
    _average(program, program.made(n), program.rows(inputs[0]), count, 2.0 / (count + 1))


_LINES = {"macd": 0, "macd_signal": 1, "macd_histogram": 2}


def _macd(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    counts = [_whole(item) for item in call.fixed[1:]]
    # Of the line alone, no average is a signal: any weights do.
    three = (counts + counts[:1])[:3]
    weights = [place for count in three for place in _weights(program, count, 2.0 / (count + 1))]
    place = program.remembered((math.nan,) * 3 + (0.0,) * 3, (0,) * 3)
    what = _LINES[call.function]
    program.say("macd", program.made(n), program.rows(inputs[0]), *weights, what, *place)


def _rsi(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[1])
    place = program.remembered((math.nan,) * 3 + (0.0,) * 2, (0,) * 2)
    weights = _weights(program, count, 1.0 / count)
    program.say("strength", program.made(n), program.rows(inputs[0]), *weights, *place)


def _atr(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    ranges = program.scratch(Held.NUMBER)
    parts = [program.rows(part) for part in inputs]
    program.say("true_range", ranges, *parts, *program.remembered((math.nan,), ()))
    count = _whole(call.fixed[3])
    _average(program, program.made(n), ranges, count, 1.0 / count)
    program.release(ranges)


def _cumulative(program: Program, n: int, _: g.Call, inputs: Sequence[int]) -> None:
    place = program.remembered((0.0,), ())
    program.say("cumulative", program.made(n), program.rows(inputs[0]), *place)


def _sessions_since(program: Program, n: int, _: g.Call, inputs: Sequence[int]) -> None:
    place = program.remembered((math.nan,), ())
    program.say("sessions_since", program.made(n), program.rows(inputs[0]), *place)


def _crossing(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    a, b = (program.rows(part) for part in inputs)
    if call.function == "crosses_below":
        a, b = b, a
    program.say("crossing", program.made(n), a, b, *program.remembered((), (0,)))


def _held_call(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    _held_for(program, n, _whole(call.fixed[1]), inputs[0])


# --- windows ---


def tree_lags(count: int) -> list[int]:
    """How many rows of each power of two the doubling tree of a window looks back."""
    lags, size, covered = [], 1, 0
    while True:
        use = bool(count & size)
        grow = covered + (size if use else 0) < count
        if grow or (use and covered):
            lags.append(size if grow else covered)
        if use:
            covered += size
        if not grow:
            return lags
        size *= 2


def _rings(program: Program, count: int, columns: int = 1) -> int:
    """The rings of the tree of a window, of so many columns: the first one's number."""
    return program.ring(*(lag for lag in tree_lags(count) for _ in range(columns)))


def _sma(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[1])
    values, total = program.rows(inputs[0]), program.scratch(Held.NUMBER)
    program.say("window_sum", total, values, count, _rings(program, count))
    program.say("divide", program.made(n), total, program.constant(count))
    program.release(total)


def _wma(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[1])
    values, total = program.rows(inputs[0]), program.scratch(Held.NUMBER)
    program.say("window_weighted", total, values, count, _rings(program, count, 2))
    program.say("divide", program.made(n), total, program.constant(count * (count + 1) / 2))
    program.release(total)


def _extreme(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    name = "window_greatest" if call.function == "highest" else "window_least"
    count = _whole(call.fixed[1])
    values, found = program.rows(inputs[0]), program.scratch(Held.NUMBER)
    program.say(name, found, values, count, _rings(program, count))
    # Of zeros of both signs either may be found: adding zero makes it the positive one.
    program.say("add", program.made(n), found, program.constant(0.0))
    program.release(found)


def _volatility(program: Program, n: int, call: g.Call, squares: int) -> None:
    """Realized volatility from the squared logarithms of returns."""
    count = _whole(call.fixed[1])
    total, scaled = program.scratch(Held.NUMBER), program.scratch(Held.NUMBER)
    program.say("window_sum", total, squares, count, _rings(program, count))
    program.say("multiply", scaled, total, program.constant(252.0 / count))
    program.say("root", total, scaled)
    program.say("multiply", program.made(n), total, program.constant(100.0))
    program.release(total)
    program.release(scaled)


def _moments(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[1])
    values = program.rows(inputs[0])
    mean, squares = program.scratch(Held.NUMBER), program.scratch(Held.NUMBER)
    program.say("window_moments", mean, squares, values, count, _rings(program, count, 2))
    if call.function == "stdev":
        program.say("divide", mean, squares, program.constant(count - 1))
        program.say("root", program.made(n), mean)
    else:
        others = program.number(count - 1)
        program.say("standard_score", program.made(n), values, mean, squares, others)
    program.release(mean)
    program.release(squares)


def _products(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count = _whole(call.fixed[2])
    x, y = (program.rows(part) for part in inputs)
    beta, rings = int(call.function == "beta"), _rings(program, count, 5)
    program.say("window_products", program.made(n), x, y, beta, count, rings)


def _rank(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count, values = _whole(call.fixed[1]), program.rows(inputs[0])
    program.say("window_rank", program.made(n), values, count, program.ring(count - 1))


def _ago(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count, values = _whole(call.fixed[1]), program.rows(inputs[0])
    if count == 0:
        program.say("settle", program.made(n), values)
        return
    found = program.say("ago", program.scratch(Held.NUMBER), values, count, program.ring(count))
    program.say("settle", program.made(n), found)
    program.release(found)


def _change(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    count, values = _whole(call.fixed[1]), program.rows(inputs[0])
    if count == 0:
        program.say("subtract", program.made(n), values, values)
        return
    found = program.say("ago", program.scratch(Held.NUMBER), values, count, program.ring(count))
    program.say("subtract", program.made(n), values, found)
    program.release(found)


# --- functions of one row ---


def _arguments(program: Program, call: g.Call, inputs: Sequence[int]) -> list[int]:
    """The registers of a call's arguments: what is fixed is a constant."""
    given = iter(inputs)
    return [
        program.value(next(given)) if value is None else program.constant(_number(value))
        for value in call.fixed
    ]


def _number(value: Any) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _between(program: Program, n: int, call: g.Call, inputs: Sequence[int]) -> None:
    """`clip`, `min` and `max`: each argument in turn, and then zero, as `_extreme` adds it."""
    first, *others = _arguments(program, call, inputs)
    names = {"clip": ["greatest", "least"], "min": ["least"], "max": ["greatest"]}[call.function]
    if program.registers[first][0] == Place.CONSTANT:
        first = program.filled(program.numbers[program.registers[first][2]], Held.NUMBER)
    if call.function != "clip":
        names = names * len(others)
    found = program.scratch(Held.NUMBER)
    steps = [_with(program, name, other) for name, other in zip(names, others, strict=True)]
    if steps:
        program.chain(first, Held.NUMBER, steps, found)
    program.say("add", program.made(n), found if steps else first, program.constant(0.0))
    program.release(found)


def _absolute(program: Program, n: int, _: g.Call, inputs: Sequence[int]) -> None:
    program.say("absolute", program.made(n), program.rows(inputs[0]))


def _root(program: Program, n: int, _: g.Call, inputs: Sequence[int]) -> None:
    program.say("root", program.made(n), program.rows(inputs[0]))


_OPERATIONS: Mapping[type, Encoding] = {
    g.Arithmetic: _arithmetic,
    g.Negative: _negative,
    g.Not: _negative,
    g.Rounded: _rounded,
    g.Compare: _compare,
    g.IsMissing: _is_missing,
    g.Logical: _logical,
    g.Conditional: _conditional,
    g.Band: _band,
    g.Cross: _cross,
    g.FirstTrue: _first,
    g.Select: _select,
    g.Combination: _combination,
    g.Lookup: _lookup,
    g.Interpolate: _interpolate,
    g.Lasting: _lasting,
    g.Latch: _latch,
}
_CALLS: Mapping[str, Encoding] = {
    "ema": _ema,
    "macd": _macd,
    "macd_signal": _macd,
    "macd_histogram": _macd,
    "rsi": _rsi,
    "atr": _atr,
    "sma": _sma,
    "wma": _wma,
    "highest": _extreme,
    "lowest": _extreme,
    "stdev": _moments,
    "zscore": _moments,
    "correlation": _products,
    "beta": _products,
    "percentile_rank": _rank,
    "ago": _ago,
    "change": _change,
    "crosses_above": _crossing,
    "crosses_below": _crossing,
    "held": _held_call,
    "latch": _latch,
    "sessions_since": _sessions_since,
    "cumulative": _cumulative,
    "abs": _absolute,
    "sqrt": _root,
    "clip": _between,
    "min": _between,
    "max": _between,
}
