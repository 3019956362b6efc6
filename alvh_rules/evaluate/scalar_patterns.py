"""The patterns of `scalar_code.py`: an operation's lines of code on plain numbers.

Each does what its step on columns does, in the same order. Missing is NaN, which every comparison
with is false; truths are -1, 0, 1 of Kleene's logic; codes are whole numbers, -1 missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from alvh_rules.evaluate.interpolation import Polyline
from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import missing, rounded

if TYPE_CHECKING:
    from alvh_rules.evaluate.scalar_code import Code

Pattern = Callable[["Code", int, Any, Sequence[str], Sequence[g.Storage]], None]
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def pattern_of(operation: g.Operation) -> Pattern | None:
    """The pattern of an operation, or None where its kernel is to be called."""
    if isinstance(operation, g.Call):
        return _CALLS.get(operation.function)
    return _OPERATIONS[type(operation)]


def _finite(code: Code, name: str) -> None:
    # An infinity less itself is not zero, nor is NaN.
    code.say(f"if {name} - {name} != 0.0: {name} = nan")
    code.settled.add(name)


def _arithmetic(
    code: Code, n: int, operation: g.Arithmetic, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    left, right = inputs
    if operation.operator == "/":
        code.say(f"v{n} = {code.quotient(left, right)}")
    else:
        code.say(f"v{n} = {left} {_SIGNS[operation.operator]} {right}")
    if _stays_finite(code, operation.operator, left, right):
        code.settled.add(f"v{n}")
    else:
        _finite(code, f"v{n}")


def _stays_finite(code: Code, sign: str, left: str, right: str) -> bool:
    """Whether a constant cannot make more than is held of a value that is finite or missing."""
    sides = [(left, right), (right, left)] if sign in "+*" else [(left, right)]
    for value, constant in sides:
        number = code.bound.get(constant)
        if value in code.settled and isinstance(number, float) and math.isfinite(number):
            # Less than half of the last place of the greatest number is rounded away.
            bounded = {
                "*": abs(number) <= 1.0,
                "/": abs(number) >= 1.0,
            }.get(sign, abs(number) < _ROUNDED_AWAY)
            if bounded:
                return True
    return False


_ROUNDED_AWAY = 2.0**968


_SIGNS = {"+": "+", "-": "-", "*": "*"}


def _negative(
    code: Code, n: int, operation: Any, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.say(f"v{n} = -{inputs[0]}")


def _rounded(
    code: Code, n: int, operation: Any, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.bind("rint", rounded)
    code.say(f"v{n} = rint({inputs[0]})")


def _compare(
    code: Code, n: int, operation: g.Compare, inputs: Sequence[str], storages: Sequence[g.Storage]
) -> None:
    left, right = inputs
    sign = operation.operator
    if storages[0] is g.Storage.NUMBER:
        if sign in _OPPOSITE:
            holds, fails = (f"{left} {word} {right}" for word in (sign, _OPPOSITE[sign]))
            code.say(f"v{n} = {code.truth(holds, fails)}")
            return
        known = f"{left} == {left} and {right} == {right}"
    else:
        lost = missing(storages[0])
        code.bind("lost_code" if lost == -1 else "lost_truth", lost)
        name = "lost_code" if lost == -1 else "lost_truth"
        known = f"{left} != {name} and {right} != {name}"
    sign = {"==": "==", "!=": "!="}[sign]
    code.say(f"v{n} = (1 if {left} {sign} {right} else -1) if {known} else 0")


def _is_missing(
    code: Code, n: int, operation: Any, inputs: Sequence[str], storages: Sequence[g.Storage]
) -> None:
    (value,) = inputs
    if storages[0] is g.Storage.NUMBER:
        code.say(f"v{n} = -1 if {value} == {value} else 1")
    else:
        name = code.bind(f"lost{n}", missing(storages[0]))
        code.say(f"v{n} = 1 if {value} == {name} else -1")


def _logical(
    code: Code, n: int, operation: g.Logical, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    sign = "<" if operation.operator == "and" else ">"
    before = inputs[0]
    for item in inputs[1:]:
        code.say(f"v{n} = {before} if {before} {sign} {item} else {item}")
        before = f"v{n}"


def _conditional(
    code: Code, n: int, operation: Any, inputs: Sequence[str], storages: Sequence[g.Storage]
) -> None:
    condition, then, otherwise = inputs
    lost = code.bind(f"lost{n}", missing(storages[1]))
    code.say(f"v{n} = {then} if {condition} > 0 else {otherwise} if {condition} else {lost}")


def _band(
    code: Code, n: int, operation: g.Band, inputs: Sequence[str], storages: Sequence[g.Storage]
) -> None:
    (value,) = inputs
    if storages[0] is g.Storage.NUMBER:
        edges = [code.bind(f"e{n}_{index}", edge) for index, edge in enumerate(operation.edges)]
        code.say(f"v{n} = {code.band(n, operation, value, edges)}")
        return
    # Minus one takes the last entry: a code that is missing, and of truths false.
    table: tuple[int, ...]
    if storages[0] is g.Storage.FLAG:
        table = (operation.missing, operation.rows[1], operation.rows[0])
    else:
        table = (*operation.rows, operation.missing)
    code.say(f"v{n} = {code.entry(n, table, value)}")


def _cross(
    code: Code, n: int, operation: g.Cross, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    down, across = inputs
    columns = code.bind(f"c{n}", operation.columns)
    code.say(f"v{n} = {down} * {columns} + {across} if {down} >= 0 and {across} >= 0 else -1")


def _first(
    code: Code, n: int, operation: Any, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    parts = [
        f"{index} if {value} > 0 else -1 if {value} == 0 else "
        for index, value in enumerate(inputs)
    ]
    code.say(f"v{n} = {''.join(parts)}{len(inputs)}")


def _select(
    code: Code, n: int, operation: g.Select, inputs: Sequence[str], storages: Sequence[g.Storage]
) -> None:
    last = inputs[1 + operation.options] if len(inputs) > 1 + operation.options else None
    if last is None:
        last = code.bind(f"lost{n}", missing(storages[1]))
    code.say(f"v{n} = {code.choice(n, [*inputs[1 : 1 + operation.options], last], inputs[0])}")


def _combination(
    code: Code, n: int, operation: g.Combination, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    # Digits begin at -1; what that adds is one number.
    text, first = inputs[0], 1
    for value, count in zip(inputs[1:], operation.counts[1:], strict=True):
        text, first = f"({text}) * {count} + {value}", first * count + 1
    code.say(f"v{n} = {text} + {first}")


def _lookup(
    code: Code, n: int, operation: g.Lookup, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.say(f"v{n} = {code.entry(n, operation.values, inputs[0])}")


def _interpolate(
    code: Code, n: int, operation: g.Interpolate, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.bind(f"f{n}", Polyline.of(operation).at)
    value = inputs[0]
    lost = inputs[1] if len(inputs) > 1 else "nan"
    code.say(f"v{n} = f{n}({value}) if {value} == {value} else {lost}")


def _lasting(
    code: Code, n: int, operation: g.Lasting, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    _held(code, n, operation.count, inputs[0])


def _held(code: Code, n: int, count: int, value: str) -> None:
    # Rows on end that are not false, and that are known; before the first row nothing is.
    code.keep(f"s{n}_not_false", count)
    code.keep(f"s{n}_known", 0)
    limit = code.bind(f"n{n}", count)
    code.say(f"s{n}_not_false = s{n}_not_false + 1 if {value} >= 0 else 0")
    code.say(f"s{n}_known = s{n}_known + 1 if {value} else 0")
    code.say(f"v{n} = -1 if s{n}_not_false < {limit} else 1 if s{n}_known >= {limit} else 0")


def _latch(
    code: Code, n: int, operation: Any, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    begin, end = inputs
    name = code.keep(f"s{n}", -1)
    code.say(f"if {begin} > {name}: {name} = {begin}")
    code.say(f"if -{end} < {name}: {name} = -{end}")
    code.say(f"v{n} = {name}")


_OPERATIONS: dict[type, Pattern] = {
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


# --- built-ins ---


def _smoothed(code: Code, n: int, part: str, value: str, count: int, alpha: float) -> str:
    """A recursive average of a known value: its name, or NaN while it is not begun."""
    name = f"s{n}_{part}"
    code.keep(f"{name}_count", 0)
    code.keep(f"{name}_total", 0.0)
    code.keep(name, math.nan)
    limit = code.bind(f"n{n}_{part}", count)
    new, old = code.bind(f"a{n}_{part}", alpha), code.bind(f"b{n}_{part}", 1.0 - alpha)
    # Until it is begun the average is NaN, which is not equal to itself.
    code.say(f"if {name} == {name}: {name} = {new} * {value} + {old} * {name}")
    code.say("else:")
    code.say(f"    {name}_count += 1; {name}_total += {value}")
    code.say(f"    if {name}_count == {limit}: {name} = {name}_total / {limit}")
    return name


def _ema_lines(code: Code, n: int, part: str, value: str, count: int) -> None:
    """`value` averaged into `v{n}_{part}`; a missing row holds the state and is missing."""
    code.say(f"if {value} == {value}:")
    outer, code.indent = code.indent, code.indent + "    "
    name = _smoothed(code, n, part, value, count, 2.0 / (count + 1))
    code.say(f"w{n}_{part} = {name}")
    code.indent = outer
    code.say(f"else: w{n}_{part} = nan")


def _ema(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    _ema_lines(code, n, "x", inputs[0], _whole(operation.fixed[1]))
    code.say(f"v{n} = w{n}_x")
    _finite(code, f"v{n}")


def _macd(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    fast, slow, *signal = (_whole(item) for item in operation.fixed[1:])
    value = inputs[0]
    code.say(f"if {value} == {value}:")
    outer, code.indent = code.indent, code.indent + "    "
    quick = _smoothed(code, n, "fast", value, fast, 2.0 / (fast + 1))
    late = _smoothed(code, n, "slow", value, slow, 2.0 / (slow + 1))
    code.say(f"v{n} = {quick} - {late}")
    if signal:
        # A line that is missing holds the average, and its own place is missing.
        code.say(f"if v{n} == v{n}:")
        code.indent += "    "
        name = _smoothed(code, n, "signal", f"v{n}", signal[0], 2.0 / (signal[0] + 1))
        histogram = operation.function == "macd_histogram"
        code.say(f"v{n} = v{n} - {name}" if histogram else f"v{n} = {name}")
    code.indent = outer
    code.say(f"else: v{n} = nan")
    _finite(code, f"v{n}")


def _rsi(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    (value,) = inputs
    count = _whole(operation.fixed[1])
    before = code.keep(f"s{n}_before", math.nan)
    code.say(f"v{n} = nan")
    code.say(f"if {value} == {value}:")
    outer, code.indent = code.indent, code.indent + "    "
    code.say(f"change{n} = {value} - {before}")
    if code.branches:
        _begun_rsi(code, n, count)
    code.say(f"{'elif' if code.branches else 'if'} {before} == {before}:")
    code.indent += "    "
    code.say(f"rise{n} = change{n} if change{n} > 0.0 else 0.0")
    code.say(f"fall{n} = rise{n} - change{n}")
    gain = _smoothed(code, n, "gain", f"rise{n}", count, 1.0 / count)
    loss = _smoothed(code, n, "loss", f"fall{n}", count, 1.0 / count)
    _strength(code, n, gain, loss)
    code.indent = outer + "    "
    code.say(f"{before} = {value}")
    code.indent = outer
    _finite(code, f"v{n}")


def _begun_rsi(code: Code, n: int, count: int) -> None:
    # Of a rise and a fall one is zero, and what zero adds to an average is nothing. A change that is
    # not finite leaves the gain or the loss so for ever, and with it the index missing.
    new, old = code.bind(f"a{n}_gain", 1.0 / count), code.bind(f"b{n}_gain", 1.0 - 1.0 / count)
    gain, loss = f"s{n}_gain", f"s{n}_loss"
    code.say(f"if {loss} == {loss}:")
    code.say(f"    if change{n} > 0.0:")
    code.say(f"        {gain} = {new} * change{n} + {old} * {gain}")
    code.say(f"        {loss} = {old} * {loss}")
    code.say("    else:")
    code.say(f"        {gain} = {old} * {gain}")
    code.say(f"        {loss} = {old} * {loss} - {new} * change{n}")
    code.indent += "    "
    _strength(code, n, gain, loss)
    code.indent = code.indent[:-4]


def _strength(code: Code, n: int, gain: str, loss: str) -> None:
    code.say(f"whole{n} = {gain} + {loss}")
    code.say(f"v{n} = {gain} / whole{n} * 100.0 if whole{n} else 50.0")


def _whole(value: Any) -> int:
    assert isinstance(value, int)
    return value


def _tree(code: Code, n: int, value: str, count: int, combine: Callable[[str, str], str]) -> str:
    """The combination of the last `count` values by the doubling tree of `kernels/trees.py`."""
    power, size, covered, total = value, 1, 0, ""
    level = 0
    while True:
        use, grow = bool(count & size), covered + (size if count & size else 0) < count
        older = ""
        if use and covered:
            older = _lagged(code, n, f"{level}_window", power, covered)
        if use:
            total = power if not covered else _put(code, f"y{n}_{level}", combine(older, total))
            covered += size
        if not grow:
            return total
        before = _lagged(code, n, f"{level}_power", power, size)
        power = _put(code, f"x{n}_{level}", combine(before, power))
        size *= 2
        level += 1


def _put(code: Code, name: str, text: str) -> str:
    code.say(f"{name} = {text}")
    return name


def _lagged(code: Code, n: int, part: str, value: str, lag: int) -> str:
    """The value of `lag` bars ago, NaN before the first."""
    code.lagged(f"s{n}_{part}", f"q{n}_{part}", value, lag)
    return f"q{n}_{part}"


def _sma(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    count = _whole(operation.fixed[1])
    total = _tree(code, n, inputs[0], count, lambda older, newer: f"{older} + {newer}")
    code.say(f"v{n} = {total} / {code.bind(f'n{n}', count)}")
    _finite(code, f"v{n}")


def _extreme(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    sign = ">=" if operation.function == "highest" else "<="
    count = _whole(operation.fixed[1])

    def combine(older: str, newer: str) -> str:
        # The first where it is farther or missing, else the second, which may be missing too.
        return f"{older} if {older} {sign} {newer} or {older} != {older} else {newer}"

    total = _tree(code, n, inputs[0], count, combine)
    code.say(f"v{n} = {total} + 0.0")
    # A missing value has a sign too, and a step that settles its column gives it a plain one.
    _finite(code, f"v{n}")


def _realized_volatility(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    (price,) = inputs
    before = _lagged(code, n, "price", price, 1)
    code.say(f"ratio{n} = {price} / {before} if {before} else nan")
    code.say(f"square{n} = float(log(ratio{n})) if ratio{n} > 0.0 else nan")
    code.say(f"square{n} = square{n} * square{n}")
    volatility_of_squares(code, n, operation, f"square{n}")


def volatility_of_squares(code: Code, n: int, operation: g.Call, square: str) -> None:
    """Realized volatility from the squared logarithm of the return on each bar."""
    count = _whole(operation.fixed[1])
    total = _tree(code, n, square, count, lambda older, newer: f"{older} + {newer}")
    factor = code.bind(f"n{n}", 252.0 / count)
    code.say(f"v{n} = {total} * {factor}")
    # A root of what is finite, a hundred times, is so too.
    code.say(f"v{n} = sqrt(v{n}) * 100.0 if v{n} - v{n} == 0.0 else nan")
    code.settled.add(f"v{n}")


def _ago(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    count = _whole(operation.fixed[1])
    lagged = inputs[0] if count == 0 else _lagged(code, n, "x", inputs[0], count)
    code.say(f"v{n} = {lagged}")
    _finite(code, f"v{n}")


def _change(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    lagged = _lagged(code, n, "x", inputs[0], _whole(operation.fixed[1]))
    code.say(f"v{n} = {inputs[0]} - {lagged}")
    _finite(code, f"v{n}")


def _crossing(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    a, b = inputs if operation.function == "crosses_above" else tuple(reversed(inputs))
    name = code.keep(f"s{n}", 0)
    above, below = f"{a} > {b}", f"{a} <= {b}"
    code.say(f"now{n} = {code.truth(above, below)}")
    code.say(f"v{n} = now{n} if now{n} < {name} else {name}")
    code.say(f"{name} = {code.truth(below, above)}")


def _held_call(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    _held(code, n, _whole(operation.fixed[1]), inputs[0])


def _cumulative(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    name = code.keep(f"s{n}", 0.0)
    code.say(f"{name} = {name} + ({inputs[0]} if {inputs[0]} == {inputs[0]} else 0.0)")
    code.say(f"v{n} = {name} if {inputs[0]} == {inputs[0]} else nan")
    _finite(code, f"v{n}")


def _least(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    first, *others = _arguments(code, n, operation, inputs)
    sign = "<=" if operation.function == "min" else ">="
    _bounded(code, n, first, [(sign, other) for other in others])


def _clip(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    value, low, high = _arguments(code, n, operation, inputs)
    _bounded(code, n, value, [(">=", low), ("<=", high)])


def _arguments(code: Code, n: int, operation: g.Call, inputs: Sequence[str]) -> list[str]:
    """What each argument of a call is called: what is fixed is bound."""
    given = iter(inputs)
    return [
        next(given) if value is None else code.bind(f"c{n}_{place}", float(value))
        for place, value in enumerate(operation.fixed)
        if not isinstance(value, str)
    ]


def _bounded(code: Code, n: int, value: str, bounds: Sequence[tuple[str, str]]) -> None:
    """The farther of a value and each bound in turn; what is missing stays so."""
    for sign, other in bounds:
        code.say(f"v{n} = {value} if {value} {sign} {other} or {value} != {value} else {other}")
        value = f"v{n}"
    # Of zeros of both signs either may be found: adding zero makes it the positive one.
    code.say(f"v{n} = {value} + 0.0")
    _finite(code, f"v{n}")


def _root(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.say(f"v{n} = sqrt({inputs[0]}) if {inputs[0]} >= 0.0 else nan")


def _sessions_since(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    name = code.keep(f"s{n}", math.nan)
    condition = inputs[0]
    code.say(f"{name} = {name} + 1.0 if {condition} < 0 else 0.0 if {condition} else nan")
    code.say(f"v{n} = {name}")


def _absolute(
    code: Code, n: int, operation: g.Call, inputs: Sequence[str], _: Sequence[g.Storage]
) -> None:
    code.bind("absolute", abs)
    code.say(f"v{n} = absolute({inputs[0]})")


_CALLS: dict[str, Pattern] = {
    "ema": _ema,
    "macd": _macd,
    "macd_signal": _macd,
    "macd_histogram": _macd,
    "rsi": _rsi,
    "sma": _sma,
    "highest": _extreme,
    "lowest": _extreme,
    "realized_volatility": _realized_volatility,
    "ago": _ago,
    "change": _change,
    "crosses_above": _crossing,
    "crosses_below": _crossing,
    "held": _held_call,
    "latch": _latch,
    "cumulative": _cumulative,
    "abs": _absolute,
    "min": _least,
    "max": _least,
    "clip": _clip,
    "sqrt": _root,
    "sessions_since": _sessions_since,
}
