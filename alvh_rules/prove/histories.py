"""Histories on which what was proved or refuted is seen again, by the evaluator alone.

The solver knows of a window only what `windows.py` says of it. So a refutation may give windows values
that no history brings together, and an average of equal numbers may come out a bit above them, where
rounding decides. Both are asked here: a few made-up histories are run through the evaluator, and a
condition is looked at on every row.

They are walks within the bounds of the data, walks of whole numbers, which tie, and runs of one value
that binary numbers do not have. A row counts where the assumptions have held on it and on all before,
and where every window has its history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.core.schema import Bars
from alvh_rules.evaluate.engine import evaluate
from alvh_rules.evaluate.inputs import Array, Calendar, Float, Market, Periods, missing_of
from alvh_rules.plan import graph as g
from alvh_rules.plan.look_back import look_backs
from alvh_rules.prove import polynomial as p
from alvh_rules.prove.example import Held, Key, Part
from alvh_rules.prove.translate import Translation
from alvh_rules.testing.run_tests import blank_market

ROWS = 1_200
"""Rows of a history, besides those that its windows look back on."""
MOST_ROWS = 6_000
WALKS = 4
_USUAL: Mapping[Kind, tuple[float, float]] = {
    Kind.VOLATILITY: (9.0, 60.0),
    Kind.PRICE: (50.0, 200.0),
    Kind.INDEX: (0.0, 100.0),
    Kind.RATIO: (-0.5, 1.5),
    Kind.RATE: (-0.5, 8.0),
    Kind.COUNT: (0.0, 3000.0),
    Kind.MONEY: (100.0, 10_000.0),
    Kind.SESSIONS: (0.0, 60.0),
    Kind.DAYS: (0.0, 90.0),
}
_UNEVEN = (0.01, 0.1, 0.7, 20.1, 33.3, 1.1)
"""What runs of one value are of."""
_LONGEST_RUN = 90


class Histories:
    """Runs of a plan over made-up histories, made when they are first asked for."""

    def __init__(self, to: Translation, assumed: Sequence[int], before: int = 0) -> None:
        self._to, self._assumed = to, tuple(assumed)
        self._markets: list[Market] | None = None
        self._before = max(before, rows_before(to))
        self._columns: dict[int, list[Array]] = {}
        self._holds: list[Array] | None = None

    @property
    def possible(self) -> bool:
        """Whether histories are long enough for every window, and of data that can be made up."""
        kinds = {column.kind for column in self._to.ruleset.schema.columns}
        return self._before + ROWS <= MOST_ROWS and not kinds & {Kind.CURVE, Kind.TEXT}

    def seen(
        self,
        numbers: Sequence[int],
        test: Callable[[Sequence[Array]], Array],
        parts: Sequence[Part] = (),
    ) -> Mapping[Key, Held] | None:
        """The parts' values on a row where the nodes' columns pass a test; None where none does."""
        if not self.possible:
            return None
        wanted = [*numbers, *(part.number for part in parts if not part.before)]
        self._run(wanted)
        assert self._holds is not None
        for at, holds in enumerate(self._holds):
            passing = test([self._columns[number][at] for number in numbers]) & holds
            rows = np.flatnonzero(passing)
            if len(rows):
                return {
                    part.key: held_at(part, self._columns[part.number][at][rows[0]])
                    for part in parts
                    if not part.before
                }
        return None

    def columns(self, number: int) -> tuple[list[Array], list[Array]]:
        """A node's column in each history, and the rows that count. Of the same data in two rulesets
        the histories are the same, where both look back as far."""
        self._run([number])
        assert self._holds is not None
        return self._columns[number], self._holds

    def _run(self, numbers: Sequence[int]) -> None:
        """The columns of nodes, each worked out once."""
        if self._markets is None:
            self._markets = [self._market(which) for which in range(WALKS)]
        first = self._holds is None
        new = [number for number in dict.fromkeys(numbers) if number not in self._columns]
        wanted = [*new, *self._assumed] if first else new
        if not wanted:
            return
        names = {f"#{number}": number for number in wanted}
        plan = g.Plan(self._to.plan.nodes, names, {}, {}, frozenset())
        found = [
            evaluate(self._to.ruleset, plan, market, names=list(names), engine="blocks").columns
            for market in self._markets
        ]
        for number in new:
            self._columns[number] = [np.asarray(columns[f"#{number}"]) for columns in found]
        if first:
            self._holds = [self._holding(columns) for columns in found]

    def _holding(self, columns: Mapping[str, Array]) -> Array:
        """The rows up to which every assumption has held, after those that windows look back on."""
        rows = ROWS + self._before
        holds = np.ones(rows, dtype=bool)
        for number in self._assumed:
            holds &= np.logical_and.accumulate(columns[f"#{number}"] != FALSE)
        holds[: self._before] = False
        return holds

    # --- made-up data ---

    def _market(self, which: int) -> Market:
        rows = ROWS + self._before
        ruleset = self._to.ruleset
        market = blank_market(ruleset, rows)
        columns = dict(market.columns)
        common = _walk(np.random.default_rng(which), rows, 0.0, 1.0)
        for column in ruleset.schema.columns:
            # By what it is read from, so that the same data is the same in any ruleset.
            random = np.random.default_rng([which, *column.source.encode()])
            own = missing_of(column.kind, rows)
            if column.kind is Kind.FLAG:
                own = np.where(_runs(random, rows, 2) > 0, TRUE, FALSE).astype(np.int8)
            elif column.kind is Kind.LABEL:
                own = _runs(random, rows, len(column.labels)).astype(np.int32)
            elif column.kind is not Kind.DATE:
                own = self._numbers(column.name, column.kind, random, rows, which, common)
            if column.optional:
                gone = random.random(rows) < 0.1
                own = np.where(gone, missing_of(column.kind, rows), own).astype(own.dtype)
            columns[column.name] = own
        timeline = market.timeline
        if timeline.daily:
            index = np.arange(rows, dtype=np.int64)
            weeks, months = index[4::5], index[20::21]
            periods = {
                "session": timeline.periods["session"],
                "week": Periods(weeks, weeks),
                "month": Periods(months, months),
            }
            timeline = replace(timeline, periods=periods)
        calendars = {
            name: _calendar(item, np.random.default_rng([which, *name.encode()]), rows)
            for name, item in market.calendars.items()
        }
        return replace(market, timeline=timeline, columns=columns, calendars=calendars)

    def _numbers(
        self,
        name: str,
        kind: Kind,
        random: np.random.Generator,
        rows: int,
        which: int,
        common: Float,
    ) -> Float:
        """A column within what is assumed of it; most move with one another, as markets do."""
        low, high = _USUAL.get(kind, (-100.0, 100.0))
        within = self._within(name)
        if within.low.value is not None and within.high.value is not None:
            low, high = float(within.low.value), float(within.high.value)
        elif within.low.value is not None and float(within.low.value) > low:
            low, high = float(within.low.value), max(high, 2 * float(within.low.value) + 1)
        elif within.high.value is not None and float(within.high.value) < high:
            high = float(within.high.value)
            low = min(low, high - 1)
        own = _walk(random, rows, 0.0, 1.0)
        share = random.choice([0.0, 0.3, 0.8])
        found: Float = low + (high - low) * (share * common + (1 - share) * own)
        if which == 1:
            found = np.round(found)
        elif which == 2:
            values = np.where(
                random.random(rows) < 0.5,
                random.choice(_UNEVEN, rows),
                np.round(random.uniform(low, high, rows), 1),
            )
            found = values[np.maximum.accumulate(_starts(random, rows))]
        else:
            found = np.round(found, 2)
        least, most = (
            None if end.value is None else float(end.value) for end in (within.low, within.high)
        )
        if least is not None and within.low.open:
            least = float(np.nextafter(least, np.inf)) if least else 0.01
        if most is not None and within.high.open:
            most = float(np.nextafter(most, -np.inf))
        if least is None and most is None:
            return found
        return np.clip(found, least, most)

    def _within(self, name: str) -> p.Interval:
        for number, node in enumerate(self._to.plan.nodes):
            if isinstance(node.operation, g.Column) and node.operation.name == name:
                return self._to.range(self._to.value(number))
        return p.ANYWHERE


def rows_before(to: Translation) -> int:
    """The most rows that a plan looks back on."""
    bars: Bars = to.ruleset.schema.bars
    found = look_backs(to.plan.nodes, bars)
    return max((item.most_rows(bars) for item in found), default=0)


def _walk(random: np.random.Generator, rows: int, low: float, high: float) -> Float:
    """A walk, now calm and now wild, folded back at both ends."""
    pace = np.repeat(random.choice([0.003, 0.01, 0.04, 0.15], rows // 40 + 1), 40)[:rows]
    moved = random.uniform() + np.cumsum(random.normal(0.0, 1.0, rows) * pace)
    span = high - low
    found: Float = low + span - np.abs(moved * span % (2 * span) - span)
    return found


def _starts(random: np.random.Generator, rows: int) -> Array:
    """Where each run of one value begins, by row; 0 elsewhere."""
    index = np.arange(rows)
    return np.where(random.random(rows) < 2 / _LONGEST_RUN, index, 0)


def _runs(random: np.random.Generator, rows: int, of: int) -> Array:
    """Whole numbers below `of`, in runs."""
    starts = np.where(random.random(rows) < 0.2, np.arange(rows), 0)
    return random.integers(0, max(of, 1), rows)[np.maximum.accumulate(starts)]


def _calendar(empty: Calendar, random: np.random.Generator, rows: int) -> Calendar:
    """Dates some weeks apart, and now and then a few days."""
    ordinals = np.unique(np.cumsum(random.choice([1, 3, 9, 20, 30], rows // 10)))
    ordinals = ordinals[ordinals < rows].astype(np.int64)
    dates = empty.first_date + ordinals
    return replace(
        empty, dates=dates, ordinals=ordinals, scheduled=np.ones(len(ordinals), dtype=bool)
    )


def held_at(part: Part, value: object) -> Held:
    """A column's value as a market holds it."""
    number = float(value)  # type: ignore[arg-type]
    if g.storage_of(part.node.type) is g.Storage.NUMBER:
        return None if number != number else number
    if g.storage_of(part.node.type) is g.Storage.FLAG:
        return int(number) if number else None
    return int(number) if number >= 0 else None


# --- what hangs together ---

_TODAY, _PAST = "today", "the past"


def entangled(parts: Sequence[Part]) -> bool:
    """Whether some of a market's values rest on the same data, so that one may rule out another.

    Of a latch and its like only what was before is a value of its own: what today adds the solver knows.
    """
    seen: set[tuple[str, str]] = set()
    for part in parts:
        rests = _rests_on(part)
        if rests & seen:
            return True
        seen |= rests
    return False


def _rests_on(part: Part) -> set[tuple[str, str]]:
    """The data that a part's value rests on, and of which rows."""
    to, node = part.of, part.node
    match node.operation:
        case g.Column(name):
            return {(name, _TODAY)}
        case g.Event(calendar):
            return {(f"calendar {calendar}", _TODAY)}
        case g.Given() | g.Book() | g.Position():
            return set()
        case g.Call(name, fixed) if name in BUILTINS:
            past_alone = part.before or name in ("ago", "latch", "held")
            times = (_PAST,) if past_alone else (_TODAY, _PAST)
            found = {(f"calendar {item}", _TODAY) for item in fixed if isinstance(item, str)}
        case _:
            times, found = (_PAST,), set()
    stack, seen = list(node.inputs), set()
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        seen.add(top)
        below = to.plan.nodes[top]
        if isinstance(below.operation, g.Column):
            found |= {(below.operation.name, time) for time in times}
        elif isinstance(below.operation, g.Event):
            found.add((f"calendar {below.operation.calendar}", _PAST))
        stack.extend(below.inputs)
    return found
