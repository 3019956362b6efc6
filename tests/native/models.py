"""The operations of the native machine in plain Python, row by row, and columns to try them on.

A model takes its case and the columns that the operation reads, as lists, and gives the column that it
fills (or columns). Nothing here is of NumPy or of the machine: Python's floats are doubles, and its
whole numbers have no end, so each wrapping around is written down.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

NAN = math.nan
MOST = sys.float_info.max
EDGES = [
    NAN,
    math.inf,
    -math.inf,
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    2e-308,
    -1e-310,
    1.0,
    -2.5,
    MOST,
    -MOST,
]
ROWS, LONG = 3 * 1024 + 7, 7 * 1024 + 7
"""So long that what a ring of 2,000 rows remembers is moved within one run."""


@dataclass(frozen=True)
class Case:
    """An operation with all that its signature wants beside registers.

    `what` is which of two things it tells. `constant` is the operand that is one number, of those that may be. `kept` and `counts` are what is
    remembered before the first row; rings begin as missing.
    """

    name: str
    n: int = 0
    k: tuple[float, ...] = ()
    table: tuple[Any, ...] = ()
    kept: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    constant: int | None = None
    is_tame: bool = False
    what: int = 0

    @property
    def rows(self) -> int:
        """How many rows it is tried on."""
        return LONG if self.name == "ago" or self.name.startswith("window_") else ROWS

    def __str__(self) -> str:
        told = "" if self.constant is None else f" constant {self.constant}"
        return f"{self.name} {self.n}{told}{' tame' if self.is_tame else ''}"


# --- columns ---


def numbers(seed: int, is_tame: bool = False) -> list[float]:
    """Every edge beside every edge in the first two columns; later many, then few, then none.

    So long windows are known somewhere. A tame column begins with rows of one value and has edges from
    which a recursive average comes back.
    """
    chance = random.Random(seed)
    edges = [NAN, 0.0, -0.0, 5e-324, 1.0, -2.5] if is_tame else EDGES
    out = []
    for row in range(LONG):
        if is_tame and row < 20:
            out.append(7.0)
        elif row < len(edges) ** 2 and seed < 2:
            out.append(edges[(row // len(edges), row % len(edges))[seed]])
        elif chance.random() < (0.25 if row < 500 else 0.02 if row < 1500 else 0):
            out.append(chance.choice(edges))
        else:
            out.append(chance.gauss(0, 1) * 10.0 ** chance.randint(-3, 3))
    return out


def truths(seed: int) -> list[int]:
    chance = random.Random(seed)
    return chance.choices([-1, 0, 1], [4, 1, 5 + seed], k=LONG)


def codes(seed: int) -> list[int]:
    chance = random.Random(seed)
    wild = [2**31 - 1, -(2**31), 1000, -2, 32768, 255]
    return [chance.choice(wild if chance.random() < 0.1 else range(-1, 6)) for _ in range(LONG)]


# --- arithmetic ---


def interpolate(case: Case, a: float) -> float:
    third = len(case.table) // 3
    points, slopes, values = (case.table[start * third :][:third] for start in range(3))
    if math.isnan(a):
        return NAN
    a = min(max(a, points[0]), points[-1])
    place = max(place for place in range(third) if points[place] <= a)
    return slopes[place] * (a - points[place]) + values[place]


def settled(value: float) -> float:
    return value if math.isfinite(value) else NAN


def quotient(a: float, b: float) -> float:
    if b:
        return a / b
    if a == 0 or math.isnan(a) or math.isnan(b):
        return NAN
    return math.copysign(math.inf, math.copysign(1, a) * math.copysign(1, b))


def root(a: float) -> float:
    return math.sqrt(a) if a >= 0 else NAN


def rounded(a: float) -> float:
    scaled = a * 1e12
    return math.copysign(float(round(scaled)), a) / 1e12 if math.isfinite(scaled) else NAN


def least(a: float, b: float) -> float:
    return a if a <= b or math.isnan(a) else b


def greatest(a: float, b: float) -> float:
    return a if a >= b or math.isnan(a) else b


def wrapped(value: int, bits: int = 32) -> int:
    """The whole number that a column of so many bits has of another."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def compared(holds: Callable[[float, float], bool]) -> Callable[[Case, float, float], int]:
    def model(_: Case, a: float, b: float) -> int:
        if math.isnan(a) or math.isnan(b):
            return 0
        return 1 if holds(a, b) else -1

    return model


def chosen(missing: Any) -> Callable[..., Any]:
    return lambda _, truth, then, other: then if truth > 0 else other if truth < 0 else missing


def entry(case: Case, code: int) -> Any:
    return case.table[code] if 0 <= code < len(case.table) else case.table[-1]


def picked(case: Case, other: Any, code: int, option: Any) -> Any:
    return option if code == case.n else other


def digits(case: Case, before: int, digit: int) -> int:
    return wrapped(before * case.n + digit + 1)


def crossed(case: Case, down: int, across: int) -> int:
    return -1 if down < 0 or across < 0 else wrapped(down * case.n + across)


def same_code(a: int, b: int) -> int:
    return 0 if a < 0 or b < 0 else 1 if a == b else -1


OF_A_ROW: dict[str, Callable[..., Any]] = {
    "add": lambda _, a, b: settled(a + b),
    "subtract": lambda _, a, b: settled(a - b),
    "multiply": lambda _, a, b: settled(a * b),
    "divide": lambda _, a, b: settled(quotient(a, b)),
    "least": lambda _, a, b: least(a, b),
    "greatest": lambda _, a, b: greatest(a, b),
    "negative": lambda _, a: -a,
    "absolute": lambda _, a: settled(abs(a)),
    "root": lambda _, a: settled(root(a)),
    "round": lambda _, a: settled(rounded(a)),
    "settle": lambda _, a: settled(a),
    "copy": lambda _, a: a,
    "copy_truth": lambda _, a: a,
    "copy_code": lambda _, a: a,
    "less": compared(lambda a, b: a < b),
    "less_equal": compared(lambda a, b: a <= b),
    "greater": compared(lambda a, b: a > b),
    "greater_equal": compared(lambda a, b: a >= b),
    "equal": compared(lambda a, b: a == b),
    "not_equal": compared(lambda a, b: a != b),
    "equal_code": lambda _, a, b: same_code(a, b),
    "not_equal_code": lambda _, a, b: -same_code(a, b),
    "is_missing": lambda _, a: 1 if math.isnan(a) else -1,
    "is_missing_truth": lambda _, a: -1 if a else 1,
    "is_missing_code": lambda _, a: 1 if a == -1 else -1,
    "not": lambda _, a: -a,
    "and": lambda _, a, b: min(a, b),
    "or": lambda _, a, b: max(a, b),
    "where": chosen(NAN),
    "where_truth": chosen(0),
    "where_code": chosen(-1),
    "interpolate": lambda case, a: interpolate(case, a),
    "passed": lambda case, a: sum(a >= edge for edge in case.k),
    "and_passed": lambda case, code, a: wrapped(code + sum(a >= edge for edge in case.k)),
    "known_or": lambda case, code, a: case.n if math.isnan(a) else code,
    "look_up": entry,
    "look_up_by_truth": entry,
    "look_up_truth": entry,
    "look_up_truth_by_truth": entry,
    "look_up_code": entry,
    "look_up_code_by_truth": entry,
    "pick": picked,
    "pick_truth": picked,
    "pick_code": picked,
    "cross": crossed,
    "first_true": lambda case, code, a: case.n if a > 0 else code if a < 0 else -1,
    "digit": lambda _, a: wrapped(a + 1),
    "digit_of_truth": lambda _, a: a + 1,
    "next_digit": digits,
    "next_digit_of_truth": digits,
    "narrow": lambda _, a: wrapped(a, 8),
    "shorten": lambda _, a: wrapped(a, 16),
    "standard_score": lambda case, value, mean, squares: settled(
        quotient(value - mean, root(quotient(squares, case.k[0])))
    ),
}


# --- what is remembered ---


class Average:
    """A recursive average, begun with the mean of its first values."""

    def __init__(self, rows: float, new: float, old: float) -> None:
        self.rows, self.new, self.old = rows, new, old
        self.state, self.total, self.count = NAN, 0.0, 0

    def after(self, value: float) -> float:
        if not math.isnan(self.state):
            self.state = self.new * value + self.old * self.state
        else:
            self.count += 1
            self.total += value
            if self.count == self.rows:
                self.state = self.total / self.rows
        return self.state


def average(case: Case, values: Sequence[float]) -> list[float]:
    one = Average(*case.k)
    return [NAN if math.isnan(value) else settled(one.after(value)) for value in values]


def macd(case: Case, values: Sequence[float]) -> list[float]:
    fast, slow, signal = (Average(*case.k[begin : begin + 3]) for begin in (0, 3, 6))
    out = []
    for value in values:
        found = NAN
        if not math.isnan(value):
            found = fast.after(value) - slow.after(value)
            if case.n and not math.isnan(found):
                smooth = signal.after(found)
                found = smooth if case.n == 1 else found - smooth
        out.append(settled(found))
    return out


def strength(case: Case, values: Sequence[float]) -> list[float]:
    gains, losses = Average(*case.k), Average(*case.k)
    before, out = NAN, []
    for value in values:
        found = NAN
        if not math.isnan(value):
            if not math.isnan(before):
                change = value - before
                rise = change if change > 0 else 0.0
                up, down = gains.after(rise), losses.after(rise - change)
                found = 50.0 if up + down == 0 else quotient(up, up + down) * 100.0
            before = value
        out.append(settled(found))
    return out


def true_range(
    _: Case, high: Sequence[float], low: Sequence[float], close: Sequence[float]
) -> list[float]:
    before, out = NAN, []
    for row in zip(high, low, close, strict=True):
        found = NAN
        if not any(map(math.isnan, row)):
            if not math.isnan(before):
                found = greatest(row[0], before) - least(row[1], before)
            before = row[2]
        out.append(found)
    return out


def cumulative(_: Case, values: Sequence[float]) -> list[float]:
    total, out = 0.0, []
    for value in values:
        total += 0.0 if math.isnan(value) else value
        out.append(NAN if math.isnan(value) else settled(total))
    return out


def sessions_since(_: Case, values: Sequence[int]) -> list[float]:
    since, out = NAN, []
    for value in values:
        since = since + 1 if value < 0 else 0.0 if value else NAN
        out.append(since)
    return out


def lasting(case: Case, values: Sequence[int]) -> list[int]:
    before = [0] * case.n + list(values)
    out = []
    for row in range(1, len(values) + 1):
        own = before[row : row + case.n]
        out.append(-1 if min(own) < 0 else min(own))
    return out


def latch(_: Case, begin: Sequence[int], end: Sequence[int]) -> list[int]:
    state, out = -1, []
    for one, other in zip(begin, end, strict=True):
        state = min(max(state, one), -other)
        out.append(state)
    return out


def crossing(_: Case, a: Sequence[float], b: Sequence[float]) -> list[int]:
    before, out = 0, []
    for one, other in zip(a, b, strict=True):
        now = 1 if one > other else -1 if one <= other else 0
        out.append(min(now, before))
        before = -now
    return out


def ago(case: Case, values: Sequence[float]) -> list[float]:
    return ([NAN] * case.n + list(values))[: len(values)]


Merge = Callable[[Any, int, Any, int], Any]


def tree(values: Sequence[Any], n: int, merge: Merge, before: Any) -> list[Any]:
    """Windows of n rows by doubling; `before` stands before the first row."""

    def ago_of(column: Sequence[Any], rows: int) -> list[Any]:
        return ([before] * rows + list(column))[: len(column)]

    power, total, size, covered = list(values), [], 1, 0
    while True:
        if n & size:
            older = ago_of(power, covered)
            if covered:
                pairs = zip(older, total, strict=True)
                total = [merge(one, size, other, covered) for one, other in pairs]
            else:
                total = power
            covered += size
        if covered == n:
            return total
        pairs = zip(ago_of(power, size), power, strict=True)
        power = [merge(one, size, other, size) for one, other in pairs]
        size *= 2


def moments(older: Any, a: int, newer: Any, b: int) -> Any:
    apart = newer[0] - older[0]
    squares = (older[1] + newer[1]) + (apart * apart) * (a * b / (a + b))
    return older[0] + apart * (b / (a + b)), squares


def weighted(older: Any, a: int, newer: Any, _: int) -> Any:
    return older[0] + newer[0], older[1] + (newer[1] + newer[0] * a)


def window(merge: Callable[[float, float], float]) -> Callable[..., Any]:
    return lambda case, values: tree(values, case.n, lambda a, _, b, __: merge(a, b), NAN)


def window_moments(case: Case, values: Sequence[float]) -> list[list[float]]:
    found = tree([(value, 0.0) for value in values], case.n, moments, (NAN, NAN))
    return [[row[part] for row in found] for part in (0, 1)]


def window_weighted(case: Case, values: Sequence[float]) -> list[float]:
    found = tree([(value, value) for value in values], case.n, weighted, (NAN, NAN))
    return [row[1] for row in found]


def products(older: Any, a: int, newer: Any, b: int) -> Any:
    share, weight = b / (a + b), a * b / (a + b)
    x, y = newer[0] - older[0], newer[1] - older[1]
    own = (x * x, y * y, x * y)
    sums = (
        (one + other) + part * weight
        for one, other, part in zip(older[2:], newer[2:], own, strict=True)
    )
    return (older[0] + x * share, older[1] + y * share, *sums)


def window_products(case: Case, x: Sequence[float], y: Sequence[float]) -> list[float]:
    pairs = (
        (NAN, NAN) if math.isnan(one) or math.isnan(other) else (one, other)
        for one, other in zip(x, y, strict=True)
    )
    found = tree([(*pair, 0.0, 0.0, 0.0) for pair in pairs], case.n, products, (NAN,) * 5)
    if case.what:
        return [settled(quotient(xy, yy)) for _, _, _, yy, xy in found]
    shares = (settled(quotient(xy, root(xx) * root(yy))) for _, _, xx, yy, xy in found)
    return [share if math.isnan(share) else min(max(share, -1.0), 1.0) for share in shares]


def window_rank(case: Case, values: Sequence[float]) -> list[float]:
    out = []
    for row in range(1, len(values) + 1):
        own = values[max(row - case.n, 0) : row]
        lost = len(own) < case.n or any(map(math.isnan, own))
        out.append(NAN if lost else sum(value <= own[-1] for value in own) / case.n)
    return out


OF_ALL_ROWS: dict[str, Callable[..., Any]] = {
    "average": average,
    "macd": macd,
    "strength": strength,
    "true_range": true_range,
    "cumulative": cumulative,
    "sessions_since": sessions_since,
    "lasting": lasting,
    "latch": latch,
    "crossing": crossing,
    "ago": ago,
    "window_sum": window(lambda older, newer: older + newer),
    "window_least": window(least),
    "window_greatest": window(greatest),
    "window_moments": window_moments,
    "window_weighted": window_weighted,
    "window_products": window_products,
    "window_rank": window_rank,
}


def filled(case: Case, columns: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The columns that the operation fills."""
    whole = OF_ALL_ROWS.get(case.name)
    if whole is None:
        model = OF_A_ROW[case.name]
        return [[model(case, *row) for row in zip(*columns, strict=True)]]
    found = whole(case, *columns)
    return found if case.name == "window_moments" else [found]


# --- cases ---

WEIGHTS = (3.0, 0.5, 0.5, 5.0, 1 / 3, 1 - 1 / 3, 4.0, 0.4, 0.6)
PLAIN = {
    "known_or": 7,
    "pick": 2,
    "pick_truth": -1,
    "pick_code": 3,
    "cross": 12345,
    "first_true": 4,
    "next_digit": 40_000,
    "next_digit_of_truth": 3,
}
CONSTANTS = dict.fromkeys(("passed", "and_passed"), (1.0, -0.0, math.inf, NAN))
TABLES: dict[str, tuple[Any, ...]] = {
    "look_up": (1.5, -0.0, 5e-324, NAN, -7.0),
    "look_up_by_truth": (1.5, 2.5, 3.5),
    # Points, slopes, values.
    "interpolate": (-2.5, 0.0, 5e-324, 10.0, 0.1, 7.0, -1 / 3, 0.0, 1.0, 3.0, 0.2, 4.0),
    "look_up_truth": (1, -1, 0, 1),
    "look_up_truth_by_truth": (0, 1, -1),
    "look_up_code": (70_000, 3, -1, 2**31 - 1),
    "look_up_code_by_truth": (70_000, 3, -1),
}
TAKES_CONSTANTS = [
    *("add", "subtract", "multiply", "divide", "least", "greatest"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
]
NAN3 = (NAN,) * 3
CASES = [
    *(
        Case(
            name,
            n=PLAIN.get(name, 0),
            k=CONSTANTS.get(name, (4.0,)),
            table=TABLES.get(name, ()),
        )
        for name in OF_A_ROW
    ),
    *(
        Case(name, k=(value,), constant=place)
        for name in TAKES_CONSTANTS
        for place, value in ((0, 1.0), (1, -2.5), (1, 0.0))
    ),
    *(
        replace(case, is_tame=is_tame)
        for is_tame in (False, True)
        for case in (
            Case("average", k=WEIGHTS[:3], kept=(NAN, 0.0), counts=(0,)),
            *(Case("macd", n, WEIGHTS, kept=(*NAN3, 0, 0, 0), counts=(0, 0, 0)) for n in range(3)),
            # Of 5 rows it begins where nothing changes, of 40 later.
            *(
                Case("strength", k=(rows, 0.2, 0.8), kept=(*NAN3, 0, 0), counts=(0, 0))
                for rows in (5.0, 40.0)
            ),
            Case("cumulative", kept=(0.0,)),
        )
    ),
    Case("true_range", kept=(NAN,)),
    Case("sessions_since", kept=(NAN,)),
    *(Case("lasting", n=n, counts=(n, 0)) for n in (1, 5)),
    Case("latch", counts=(-1,)),
    Case("crossing", counts=(0,)),
    *(Case("ago", n=n) for n in (1, 1024, 2000)),
    *(
        Case(name, n=n)
        for name in OF_ALL_ROWS
        if name.startswith("window_") and name not in ("window_products", "window_rank")
        for n in (1, 2, 21, 64, 1100)
    ),
    *(Case("window_products", n=n, what=what) for n in (1, 2, 21, 64) for what in (0, 1)),
    *(Case("window_rank", n=n) for n in (2, 21, 300)),
]
