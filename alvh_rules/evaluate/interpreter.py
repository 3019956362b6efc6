"""The naive interpreter: one row at a time, as the language's document reads aloud.

It is the model that the vectorised evaluator must agree with: slow, without arrays, each function
defined by looking back over plain Python numbers. Missing is None, and so is unknown. A value is
worked out from the expression, the row and the clock, and remembered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate import definitions_finance, definitions_options
from alvh_rules.evaluate.inputs import Market

Number = float | None
Truth = bool | None
Value = Any


class Interpreter:
    """Values of a ruleset over a market, by name and row: numbers, truths, label codes, or None."""

    def __init__(self, ruleset: c.CheckedRuleset, market: Market) -> None:
        self.ruleset = ruleset
        self.market = market
        # By identity: the nodes live as long as the ruleset does.
        self.memo: dict[tuple[int, int, str], Value] = {}

    def value(self, name: str, row: int) -> Value:
        """A name's value on a row."""
        return self.at(self.ruleset.values[name], row, "")

    def at(self, node: c.Expression, row: int, clock: str) -> Value:
        """An expression's value on a row of a clock."""
        key = (id(node), row, clock)
        if key not in self.memo:
            self.memo[key] = self._work_out(node, row, clock)
        return self.memo[key]

    def _history(self, node: c.Expression, row: int, clock: str) -> list[Value]:
        return [self.at(node, earlier, clock) for earlier in range(row + 1)]

    def _row(self, row: int, clock: str) -> int:
        return row if not clock else int(self.market.timeline.periods[clock].sample[row])

    def _held(
        self, node: c.Expression, row: int, clock: str, inner: Callable[[int], Value]
    ) -> Value:
        """The value of the last period that can be read on this row."""
        done = [
            k
            for k, known in enumerate(self.market.timeline.periods[clock].available)
            if known <= row
        ]
        return inner(done[-1]) if done else None

    def _work_out(self, node: c.Expression, row: int, clock: str) -> Value:
        match node:
            case c.Constant():
                if node.type.kind is Kind.FLAG:
                    return {1: True, -1: False}.get(node.value)  # type: ignore[arg-type]
                return None if node.value != node.value else node.value
            case c.Column():
                # By its own name a curve is shown as its nearest month.
                key = f"{node.name}[1]" if node.type.kind is Kind.CURVE else node.name
                cell = self.market.columns[key][self._row(row, clock)].item()
                if node.type.kind is Kind.FLAG:
                    return {1: True, -1: False}.get(cell)
                if node.type.kind is Kind.LABEL:
                    return None if cell < 0 else cell
                return None if cell != cell else cell
            case c.Book():
                return node.empty == 1 if node.type.kind is Kind.FLAG else float(node.empty)
            case c.Position():
                return None
            case c.Reference():
                return self.at(self.ruleset.values[node.name], row, clock)
            case c.Negative():
                value = self.at(node.operand, row, clock)
                return None if value is None else -value
            case c.Arithmetic():
                return _arithmetic(
                    node.operator, self.at(node.left, row, clock), self.at(node.right, row, clock)
                )
            case c.Compare():
                return _compare(
                    node.operator, self.at(node.left, row, clock), self.at(node.right, row, clock)
                )
            case c.IsMissing():
                return self.at(node.operand, row, clock) is None
            case c.Not():
                return _not(self.at(node.operand, row, clock))
            case c.Logical():
                truths = [self.at(item, row, clock) for item in node.items]
                return _all(truths) if node.operator == "and" else _any(truths)
            case c.Conditional():
                condition = self.at(node.condition, row, clock)
                if condition is None:
                    return None
                return self.at(node.then if condition else node.otherwise, row, clock)
            case c.Lasting():
                if node.clock and not clock:
                    return self._held(
                        node,
                        row,
                        node.clock,
                        lambda k: _lasting(
                            self._history(node.condition, k, node.clock), node.count
                        ),
                    )
                return _lasting(self._history(node.condition, row, clock), node.count)
            case c.Latch():
                return _latch(
                    self._history(node.begin, row, clock), self._history(node.end, row, clock)
                )
            case c.Invoke():
                return self._invoke(node, row, clock)
            case c.Table():
                return self._table(node, row, clock)
            case c.Interpolate():
                value = self.at(node.input, row, clock)
                if value is None:
                    return None if node.missing is None else self.at(node.missing, row, clock)
                return _interpolated(value, node.points, node.values)
            case c.EventWindow():
                return self._event(node, self._row(row, clock))
            case c.FirstTrue():
                for code, condition in enumerate(node.conditions):
                    holds = self.at(condition, row, clock)
                    if holds is None or holds:
                        return None if holds is None else code
                return len(node.conditions)
            case c.Choose():
                index = self.at(node.index, row, clock)
                return None if index is None else self.at(node.options[index], row, clock)
            case c.Rounded():
                value = self.at(node.operand, row, clock)
                fits = value is not None and math.isfinite(value * 1e12)
                return round(value * 1e12) / 1e12 if fits else None

    def _event(self, node: c.EventWindow, row: int) -> Truth:
        calendar = self.market.calendars[node.calendar]
        session = int(self.market.timeline.ordinals[row])
        if not calendar.first_ordinal <= session <= calendar.last_ordinal:
            return None
        for event, scheduled in zip(
            calendar.ordinals.tolist(), calendar.scheduled.tolist(), strict=True
        ):
            inside = event + node.begin <= session <= event + node.end
            if inside and (scheduled or session >= event):
                return True
        return False

    def _table(self, node: c.Table, row: int, clock: str) -> Value:
        places = []
        for axis in node.axes:
            value = self.at(axis.input, row, clock)
            if value is None:
                place = -1 if axis.missing is None else axis.missing
            elif axis.input.type.kind in (Kind.FLAG, Kind.LABEL):
                place = axis.rows[int(value)]
            else:
                band = 0
                for edge, joins_above in zip(axis.edges, axis.joins_above, strict=True):
                    if value > edge or (joins_above and value == edge):
                        band += 1
                place = axis.rows[band]
            places.append(place)
        if min(places) < 0:
            return None if node.missing is None else self.at(node.missing, row, clock)
        if len(places) == 1:
            return self.at(node.values[places[0]], row, clock)
        across = node.axes[1]
        width = max(*across.rows, -1 if across.missing is None else across.missing) + 1
        return self.at(node.values[places[0] * width + places[1]], row, clock)

    def _invoke(self, node: c.Invoke, row: int, clock: str) -> Value:
        builtin = node.builtin
        if builtin.shape is Shape.RESAMPLE:
            inner = node.arguments[0]
            return self._held(node, row, node.clock, lambda k: self.at(inner, k, node.clock))
        if node.clock and not clock:
            return self._held(node, row, node.clock, lambda k: self._call(node, k, node.clock))
        return self._call(node, row, clock)

    def _call(self, node: c.Invoke, row: int, clock: str) -> Value:
        builtin = node.builtin
        if builtin.shape is Shape.CALENDAR:
            return self._days(node, self._row(row, clock))
        parameters = builtin.parameters_of(len(node.arguments))
        arguments: list[Any] = []
        for parameter, argument in zip(parameters, node.arguments, strict=True):
            if parameter.role in (Takes.WINDOW, Takes.CONSTANT, Takes.WORD, Takes.MONTH):
                assert isinstance(argument, c.Constant)
                arguments.append(argument.value)
            elif parameter.role is Takes.CURVE:
                assert isinstance(argument, c.Reference)
                arguments.append(self._curve(argument.name, self._row(row, clock)))
            elif builtin.shape is Shape.POINTWISE:
                arguments.append(self.at(argument, row, clock))
            else:
                arguments.append(self._history(argument, row, clock))
        if builtin.shape is Shape.POINTWISE and None in arguments:
            return None
        return _finite(FUNCTIONS[builtin.name](*arguments))

    def _curve(self, name: str, row: int) -> list[tuple[Number, Number]]:
        """Each month's settlement and days to expiry, nearest first."""
        pairs = zip(*self.market.curve(name), strict=True)
        cells = [(float(price[row]), float(days[row])) for price, days in pairs]
        return [(None if p != p else p, None if d != d else d) for p, d in cells]

    def _days(self, node: c.Invoke, row: int) -> Number:
        name = node.arguments[0]
        assert isinstance(name, c.Constant)
        calendar = self.market.calendars[str(name.value)]
        day = self.market.timeline.dates[row]
        if not calendar.first_date <= day <= calendar.last_date:
            return None
        pairs = list(zip(calendar.dates, calendar.scheduled, strict=True))
        if node.builtin.name == "days_until":
            ahead = [date for date, scheduled in pairs if scheduled and date >= day]
            return float((ahead[0] - day).astype(int)) if ahead else None
        behind = [date for date, _ in pairs if date <= day]
        return float((day - behind[-1]).astype(int)) if behind else None


# --- logic and arithmetic ------------------------------------------------------------------------


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _arithmetic(operator: str, left: Number, right: Number) -> Number:
    if left is None or right is None:
        return None
    try:
        match operator:
            case "+":
                out = left + right
            case "-":
                out = left - right
            case "*":
                out = left * right
            case _:
                out = left / right
    except (ZeroDivisionError, OverflowError):
        return None
    return float(out) if math.isfinite(out) else None


def _compare(operator: str, left: Value, right: Value) -> Truth:
    if left is None or right is None:
        return None
    match operator:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)
        case "==":
            return bool(left == right)
        case _:
            return bool(left != right)


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(truths: Sequence[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def _any(truths: Sequence[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def _lasting(past: list[Truth], count: int) -> Truth:
    recent = past[-count:]
    # Rows before the first are unknown.
    return _all(recent + [None] * (count - len(recent)))


def _latch(begin: list[Truth], end: list[Truth]) -> Truth:
    state: Truth = False
    for on, off in zip(begin, end, strict=True):
        state = _all([_not(off), _any([on, state])])
    return state


def _interpolated(x: float, points: Sequence[float], values: Sequence[float]) -> float:
    if x <= points[0]:
        return values[0]
    for index in range(1, len(points)):
        if x < points[index]:
            slope = (values[index] - values[index - 1]) / (points[index] - points[index - 1])
            return slope * (x - points[index - 1]) + values[index - 1]
    return values[-1]


# --- functions: histories from the first row to today --------------------------------------------


def _window(x: list[Number], n: int) -> list[float] | None:
    """The last n values, or None where one is missing or before the first row."""
    recent = x[-n:]
    known = [value for value in recent if value is not None]
    return known if len(known) == n else None


def _over(work: Callable[[list[float]], Number]) -> Callable[[list[Number], int], Number]:
    def function(x: list[Number], n: int) -> Number:
        window = _window(x, n)
        return None if window is None else work(window)

    return function


def _deviation(window: list[float]) -> float:
    mean = math.fsum(window) / len(window)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in window) / (len(window) - 1))


def _score(window: list[float]) -> Number:
    deviation = _deviation(window)
    if deviation == 0:
        return None
    return (window[-1] - math.fsum(window) / len(window)) / deviation


def _realized(price: list[Number], n: int) -> Number:
    window = _window(price, n + 1)
    if window is None or min(window) <= 0:
        return None
    squares = [math.log(b / a) ** 2 for a, b in pairwise(window)]
    return 100.0 * math.sqrt(math.fsum(squares) * 252.0 / n)


def _paired(x: list[Number], y: list[Number], n: int) -> tuple[float, float, float] | None:
    """Sums of squares and of products of the deviations, or None where a value is missing."""
    a, b = _window(x, n), _window(y, n)
    if a is None or b is None:
        return None
    mean_a, mean_b = math.fsum(a) / n, math.fsum(b) / n
    product = math.fsum((u - mean_a) * (v - mean_b) for u, v in zip(a, b, strict=True))
    return math.fsum((u - mean_a) ** 2 for u in a), math.fsum((v - mean_b) ** 2 for v in b), product


def _correlation(x: list[Number], y: list[Number], n: int) -> Number:
    sums = _paired(x, y, n)
    if sums is None or sums[0] * sums[1] == 0:
        return None
    return max(-1.0, min(1.0, sums[2] / math.sqrt(sums[0] * sums[1])))


def _beta(x: list[Number], market: list[Number], n: int) -> Number:
    sums = _paired(x, market, n)
    return None if sums is None else _arithmetic("/", sums[2], sums[1])


def _ago(x: list[Number], n: int) -> Number:
    return x[-1 - n] if n < len(x) else None


def _change(x: list[Number], n: int) -> Number:
    return _arithmetic("-", x[-1], _ago(x, n))


def _smoothed(x: list[Number], n: int, alpha: float) -> list[Number]:
    known: list[float] = []
    out: list[Number] = []
    state = 0.0
    for value in x:
        if value is None:
            out.append(None)
            continue
        known.append(value)
        if len(known) < n:
            out.append(None)
            continue
        state = sum(known) / n if len(known) == n else alpha * value + (1.0 - alpha) * state
        out.append(state)
    return out


def _ema(x: list[Number], n: int) -> list[Number]:
    return _smoothed(x, n, 2.0 / (n + 1))


def _macd(x: list[Number], fast: int, slow: int) -> list[Number]:
    pairs = zip(_ema(x, fast), _ema(x, slow), strict=True)
    return [_arithmetic("-", a, b) for a, b in pairs]


def _histogram(x: list[Number], fast: int, slow: int, signal: int) -> Number:
    line = _macd(x, fast, slow)
    return _arithmetic("-", line[-1], _ema(line, signal)[-1])


def _rsi(x: list[Number], n: int) -> Number:
    known = [value for value in x if value is not None]
    moves = [b - a for a, b in pairwise(known)]
    if x[-1] is None or len(moves) < n:
        return None
    gain = sum(max(move, 0.0) for move in moves[:n]) / n
    loss = sum(max(-move, 0.0) for move in moves[:n]) / n
    for move in moves[n:]:
        gain = (gain * (n - 1) + max(move, 0.0)) / n
        loss = (loss * (n - 1) + max(-move, 0.0)) / n
    return 50.0 if gain + loss == 0 else 100.0 * (gain / (gain + loss))


def _atr(high: list[Number], low: list[Number], close: list[Number], n: int) -> Number:
    ranges: list[Number] = []
    before: Number = None
    for h, l, k in zip(high, low, close, strict=True):  # noqa: E741 - the bar's own letters
        if h is None or l is None or k is None:
            ranges.append(None)
            continue
        ranges.append(None if before is None else max(h, before) - min(l, before))
        before = k
    return _smoothed(ranges, n, 1.0 / n)[-1]


def _since(past: list[Truth]) -> Number:
    for back, truth in enumerate(reversed(past)):
        if truth:
            return float(back)
        if truth is None:
            return None
    return None


def _cumulative(x: list[Number]) -> Number:
    total = 0.0
    for value in x:
        total += 0.0 if value is None else value
    return None if x[-1] is None else total


def _crosses(a: list[Number], b: list[Number]) -> Truth:
    return _all([_compare(">", a[-1], b[-1]), _compare("<=", _ago(a, 1), _ago(b, 1))])


def _where(
    work: Callable[[float], float], allowed: Callable[[float], bool]
) -> Callable[[float], Number]:
    return lambda x: work(x) if allowed(x) else None


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ago": _ago,
    "change": _change,
    "cumulative": _cumulative,
    "crosses_above": _crosses,
    "crosses_below": lambda a, b: _crosses(b, a),
    "sessions_since": _since,
    "held": _lasting,
    "latch": _latch,
    "sma": _over(lambda w: math.fsum(w) / len(w)),
    "wma": _over(
        lambda w: math.fsum((k + 1) * v for k, v in enumerate(w)) / (len(w) * (len(w) + 1) / 2)
    ),
    "highest": _over(max),
    "lowest": _over(min),
    "stdev": _over(_deviation),
    "zscore": _over(_score),
    "percentile_rank": _over(lambda w: sum(v <= w[-1] for v in w) / len(w)),
    "realized_volatility": _realized,
    "ema": lambda x, n: _ema(x, n)[-1],
    "rsi": _rsi,
    "macd": lambda x, fast, slow: _macd(x, fast, slow)[-1],
    "macd_signal": lambda x, fast, slow, signal: _ema(_macd(x, fast, slow), signal)[-1],
    "macd_histogram": _histogram,
    "atr": _atr,
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": _where(math.sqrt, lambda x: x >= 0),
    "log": _where(math.log, lambda x: x > 0),
    "exp": _where(math.exp, lambda x: x < 709.0),
    "correlation": _correlation,
    "beta": _beta,
    "clip": lambda x, low, high: min(max(x, low), high),
    **definitions_finance.DEFINITIONS,
    **definitions_options.DEFINITIONS,
}
"""A definition for every function with a kernel, written apart from it."""
