"""Decides rows, and explains what it decided.

The plan runs as straight-line code on one row (`evaluate/scalar_code.py`). Of the last rows the value
of every node is held, so that an explanation, which looks at the row before and at how a measure has
moved, is that of history: it reads these rows as it reads an evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.backtest.account import Statement
from alvh_rules.backtest.deciding import Facts
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.evaluate.cells import DTYPES
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import Array, Calendar, Float
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from alvh_rules.live.cells import Held
from alvh_rules.live.paper import Paper
from alvh_rules.live.rows import Row, Rows
from alvh_rules.live.stamps import Stamp
from alvh_rules.market.read import Prepared
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.report.explain import explain
from alvh_rules.report.reasons import Explanation
from alvh_rules.report.turns import TYPICAL_OF, Turns


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a row.

    `decisions` are by output: true or false, a number, a label's name, None where unknown. `unknown`
    says of each unknown output what it wants for. `withheld` are the properties that the row violates,
    as written: what is told of it outside the journal then decides nothing.
    """

    key: str
    absent: bool
    decisions: Mapping[str, Any]
    unknown: Mapping[str, str]
    withheld: tuple[str, ...]
    explanation: tuple[str, ...] = ()
    statement: Statement | None = None
    """Of the paper account after the row."""


class Engine:
    """A ruleset under way: rows in, decisions out; what it remembers can be saved and loaded.

    With a paper account the decisions are those for its book: what they read of it is what the account
    tells in the middle of the row's session. `plan` is then that of the account's rules.
    """

    def __init__(
        self,
        ruleset: c.CheckedRuleset,
        plan: g.Plan,
        prepared: Prepared,
        *,
        explains: bool = True,
        paper: Paper | None = None,
    ) -> None:
        self.ruleset, self.plan = ruleset, plan if paper is None else paper.rules.plan
        plan = self.plan
        self.explains = explains
        self._prepared = prepared
        self._lowering = Lowering.over(ruleset, plan)
        self._wanted = [
            number
            for number, node in enumerate(plan.nodes)
            if not node.clock and node.type.kind is not Kind.CURVE
        ]
        self._places = {number: at for at, number in enumerate(self._wanted)}
        longest = [n.operation.count for n in plan.nodes if isinstance(n.operation, g.Lasting)]
        self.rows_held = 1 + max([TYPICAL_OF, *longest])
        """The rows that explaining looks at, the one explained included."""
        self.columns = [item.column for item in prepared.sought]
        """The columns of a bar's values, in their order."""
        self._paper, self.account = paper, None if paper is None else paper.account(self._places)
        if paper is not None:
            self.columns += [column for column, _ in paper.columns]
        self._begin()

    def _begin(self) -> None:
        self.rows = Rows(self._prepared)
        self._code: BarByBar | None = None
        self._saved_code: Mapping[str, Any] | None = None
        self._recent = _Recent(self.rows_held, len(self._wanted))
        self._last: Row | None = None
        if self.account is not None:
            self.account.restart()

    def take(self, stamp: Stamp, values: list[Held], *, stale: bool = False) -> Iterator[Decided]:
        """Decide a bar, after the sessions without one that it shows; the values are those of `columns`.
        `stale` says that the bar came too late to be acted on."""
        own = len(self._prepared.sought)
        for row in self.rows.of(stamp, values[:own]):
            bar = {}
            if self._paper is not None and not row.absent:
                bar = self._paper.bar(values[own:])
            yield self._decide(row, bar, stale and not row.absent)

    def use_calendars(self, calendars: Mapping[str, Calendar]) -> None:
        """Read these calendars from the next row on."""
        self.rows.calendars = dict(calendars)

    def save(self) -> dict[str, Any]:
        """What is remembered, as numbers, lists and dictionaries."""
        code = {} if self._code is None else self._code.save()
        saved = {"rows": self.rows.save(), "code": code}
        return saved if self.account is None else saved | {"account": self.account.save()}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same ruleset. The rows that explaining looks at are not
        among it: they come from deciding bars again."""
        self._begin()
        self.rows.load(saved["rows"])
        self._saved_code = saved["code"] or None
        if self.account is not None:
            self.account.load(saved["account"])

    def restart(self) -> None:
        """Forget everything."""
        self._begin()

    def recent(self) -> Evaluation | None:
        """The last rows as an evaluation of which everything is kept; None before the first."""
        if self._last is None:
            return None
        kept = _Kept(self._recent, self._places, self.plan)
        columns = _Named(self.plan, kept, self._last, len(self._recent))
        return Evaluation(self.ruleset, self.plan, self._last.market, columns, kept, self._lowering)

    def turns(self) -> dict[str, tuple[str, float]]:
        """For each yes/no that is decided: what would turn it on the last row, and how far that is in
        typical changes from row to row."""
        evaluation = self.recent()
        if evaluation is None:
            return {}
        turns = Turns(evaluation, len(self._recent) - 1)
        found = {}
        for name in self.ruleset.outputs:
            value = self.ruleset.values[name]
            turn = turns.of(value) if value.type.kind is Kind.FLAG else None
            if turn is not None and turn.moves:
                found[name] = turn.describe(), turn.distance
        return found

    def _values(self, row: Row, facts: Facts) -> tuple[Any, ...]:
        """The values of the wanted nodes on a row, where the facts of the book are these."""
        if self._code is None:
            self._code = BarByBar(self.plan.nodes, self._wanted)
            if self._saved_code is not None:
                self._code.load(self._saved_code)
        columns = row.market.columns
        empty = {} if self._paper is None else self._paper.rules.empty
        values = [
            columns[name][0].item() if name in columns else facts.get(name, empty[name])
            for name in self._code.columns
        ]
        with np.errstate(all="ignore"):
            return self._code.decide(values, row.moment)

    def _traded(
        self, row: Row, bar: Mapping[str, float], stale: bool
    ) -> tuple[tuple[Any, ...], Statement | None]:
        """The values on a row as the account's book has them, and the account after it."""
        assert self.account is not None
        told: list[tuple[Any, ...]] = []

        def ask(facts: Facts) -> tuple[tuple[Any, ...], Moment]:
            told.append(self._values(row, facts))
            return told[-1], row.moment

        earns = self.ruleset.cash_earns
        rate = float(row.market.columns[earns][0]) if earns else math.nan
        statement = self.account.session(row.moment.ordinal, bar, rate, ask, stale=stale)
        [found] = told
        return found, statement

    def _decide(self, row: Row, bar: Mapping[str, float], stale: bool) -> Decided:
        statement: Statement | None = None
        if self.account is None:
            found = self._values(row, {})
        else:
            found, statement = self._traded(row, bar, stale)
        self._recent.append(found)
        self._last = row
        decisions = {name: self._shown(name, found) for name in self.ruleset.outputs}
        withheld = tuple(
            item.text
            for item in self.ruleset.always
            if found[self._places[self.plan.names[item.name]]] == FALSE
        )
        lost = [name for name, value in decisions.items() if value is None]
        unknown: dict[str, str] = {}
        lines: tuple[str, ...] = ()
        if lost or self.explains:
            evaluation = self.recent()
            assert evaluation is not None
            at = len(self._recent) - 1
            if lost:
                explanation = Explanation(evaluation, at)
                unknown = {name: ", ".join(explanation.wanting(name)) for name in lost}
            if self.explains:
                lines = tuple(explain(evaluation, self.ruleset.outputs, at))
        return Decided(row.key, row.absent, decisions, unknown, withheld, lines, statement)

    def _shown(self, name: str, found: tuple[Any, ...]) -> Any:
        """An output as it is told; adding zero turns a negative zero into zero, as in files."""
        type = self.ruleset.values[name].type
        value = found[self._places[self.plan.names[name]]]
        if type.kind is Kind.FLAG:
            return None if value == UNKNOWN else value == TRUE
        if type.kind is Kind.LABEL:
            return None if value < 0 else self.ruleset.labels[type.labels][int(value)]
        return None if value != value else float(value) + 0.0


class _Recent:
    """The values of nodes on the last rows, a column a node, so that a column is had without copying.

    Truths and codes stand here as numbers, which hold them exactly.
    """

    def __init__(self, rows: int, nodes: int) -> None:
        self._rows = rows
        # Twice as many as are held: the last ones go back to the beginning once in so many rows.
        self._table = np.empty((nodes, 2 * rows))
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self._rows)

    def append(self, found: Sequence[float | int]) -> None:
        """One more row; the oldest is forgotten once there are as many as are held."""
        if self._end == self._table.shape[1]:
            self._table[:, : self._rows] = self._table[:, self._rows :]
            self._end = self._rows
        self._table[:, self._end] = found
        self._end += 1

    def column(self, at: int) -> Float:
        """The column of a node, by its place."""
        column: Float = self._table[at, self._end - len(self) : self._end]
        return column


class _Kept(Mapping[int, Any]):
    """The columns of nodes over the last rows, made when one is asked for."""

    def __init__(self, recent: _Recent, places: Mapping[int, int], plan: g.Plan) -> None:
        self._recent, self._places, self._plan = recent, places, plan
        self._made: dict[int, Array] = {}

    def __getitem__(self, number: int) -> Array:
        if number not in self._made:
            dtype = DTYPES[g.storage_of(self._plan.nodes[number].type)]
            column = self._recent.column(self._places[number])
            self._made[number] = column.astype(dtype, copy=False)
        return self._made[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Named(Mapping[str, Any]):
    """The columns of names over the last rows; of a curve its nearest month, on the last row alone."""

    def __init__(self, plan: g.Plan, kept: _Kept, last: Row, rows: int) -> None:
        self._plan, self._kept, self._last, self._rows = plan, kept, last, rows

    def __getitem__(self, name: str) -> Array:
        number = self._plan.names[name]
        if self._plan.nodes[number].type.kind is not Kind.CURVE:
            return self._kept[number]
        column = np.full(self._rows, np.nan)
        operation = self._plan.nodes[number].operation
        if isinstance(operation, g.Column):
            column[-1] = self._last.market.columns[f"{operation.name}[1]"][0]
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.names)

    def __len__(self) -> int:
        return len(self._plan.names)
