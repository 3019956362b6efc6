"""Run a ruleset's own tests.

A case is a market of one row (or, for `sessions`, of the case's rows in order) in which only what
is given is known; names given take that value whatever their definition. Numbers compared with `is`
agree to one part in 10⁹. A date of a file is looked up in a folder named by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import one_line
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, WORDS
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import Calendar, Market, Periods, Timeline, missing_of
from alvh_rules.report.values import shown_value

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """A test's verdict: `passed`, `failed` or `skipped`, and why."""

    test: c.Test
    verdict: str
    reasons: tuple[str, ...] = ()


@dataclass
class Coverage:
    """Which rows of tables and which outcomes of conditions the tests have seen."""

    table_rows: dict[tuple[str, int], bool] = field(default_factory=dict)
    clauses: dict[c.Expression, set[int]] = field(default_factory=dict)
    rules: dict[str, bool] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Percentages, rounded down."""
        clause_hits = sum(len(seen & {TRUE, FALSE}) for seen in self.clauses.values())
        figures = (
            ("rules taken", sum(self.rules.values()), len(self.rules)),
            ("table rows", sum(self.table_rows.values()), len(self.table_rows)),
            ("conditions, both ways", clause_hits, 2 * len(self.clauses)),
        )
        return [
            f"  {name}: {100 if not total else hit * 100 // total}% ({hit} of {total})"
            for name, hit, total in figures
        ]


def blank_market(ruleset: c.CheckedRuleset, rows: int) -> Market:
    """Rows with nothing known, far from any event."""
    index = np.arange(rows, dtype=np.int64)
    dates = np.datetime64("2000-01-03") + np.arange(rows)
    none = np.array([], dtype=np.int64)
    periods = {
        "session": Periods(index, index),
        "week": Periods(none, none),
        "month": Periods(none, none),
    }
    timeline = Timeline(
        dates.astype("datetime64[ns]"), dates, index, np.ones(rows, dtype=bool), periods
    )
    columns: dict[str, Any] = {}
    for column in ruleset.schema.columns:
        columns[column.name] = missing_of(column.kind, rows)
        for month in range(1, 1 + len(column.sources)):
            columns[f"{column.name}[{month}]"] = missing_of(column.kind, rows)
            columns[f"{column.name}.days[{month}]"] = missing_of(column.kind, rows)
    far = np.array([], dtype="datetime64[D]")
    calendars = {
        name: Calendar(name, far, none, np.array([], dtype=bool), dates[0], dates[-1], 0, rows)
        for name in ruleset.schema.calendars
    }
    return Market(timeline, columns, calendars)


def run_tests(
    ruleset: c.CheckedRuleset, data: Path | None = None, coverage: Coverage | None = None
) -> list[Outcome]:
    """Every test of the ruleset, in order."""
    if coverage is not None:
        _prepare(ruleset, coverage)
    return [_run(ruleset, test, data, coverage) for test in ruleset.tests]


def _run(
    ruleset: c.CheckedRuleset, test: c.Test, data: Path | None, coverage: Coverage | None
) -> Outcome:
    reasons: list[str] = []
    if test.on is not None:
        return _run_on_date(ruleset, test, data, coverage)
    if test.sessions:
        given = _columns(ruleset, [case.given for case in test.cases])
        evaluation = Evaluation(ruleset, blank_market(ruleset, len(test.cases)), given).run()
        for row, case in enumerate(test.cases):
            reasons += _judge(evaluation, case, row)
        _record(evaluation, coverage)
    else:
        for case in test.cases:
            given = _columns(ruleset, [case.given])
            evaluation = Evaluation(ruleset, blank_market(ruleset, 1), given).run()
            reasons += _judge(evaluation, case, 0)
            _record(evaluation, coverage)
    return Outcome(test, "failed" if reasons else "passed", tuple(reasons))


def _run_on_date(
    ruleset: c.CheckedRuleset, test: c.Test, data: Path | None, coverage: Coverage | None
) -> Outcome:
    from alvh_rules.market.read import read_market

    assert test.on is not None
    name = test.on.file.value
    if data is None:
        return Outcome(test, "skipped", (f"`{name}` needs a folder of data: `--data FOLDER`",))
    path = (data / name).resolve()
    if not path.is_relative_to(data.resolve()) or not path.is_file():
        return Outcome(test, "skipped", (f"there is no file `{name}` in {data}",))
    market, found = read_market([path], ruleset.schema)
    if market is None:
        return Outcome(test, "failed", tuple(one_line(item) for item in found))
    row = np.flatnonzero(market.timeline.dates == np.datetime64(test.on.date.text))
    if not len(row):
        return Outcome(test, "failed", (f"{test.on.date.text} is no session of `{name}`",))
    evaluation = Evaluation(ruleset, market).run()
    _record(evaluation, coverage)
    reasons = _judge(evaluation, test.cases[0], int(row[-1]))
    return Outcome(test, "failed" if reasons else "passed", tuple(reasons))


def _columns(
    ruleset: c.CheckedRuleset, rows: list[tuple[c.Given, ...]]
) -> Mapping[str, np.ndarray[Any, Any]]:
    types = {item.name: item.value.type for given in rows for item in given}
    out = {name: missing_of(type.kind, len(rows)) for name, type in types.items()}
    for row, given in enumerate(rows):
        for item in given:
            one = Evaluation(ruleset, blank_market(ruleset, 1)).value(item.value)
            out[item.name][row] = one[0]
    return out


def _judge(evaluation: Evaluation, case: c.Case, row: int) -> list[str]:
    reasons = []
    for expected in case.expected:
        verdict = int(evaluation.value(_tolerant(expected.condition))[row])
        if verdict != TRUE:
            seen = ", ".join(_seen(evaluation, expected.condition, row))
            reasons.append(
                f"`{expected.text}` is {WORDS[verdict]}" + (f" ({seen})" if seen else "")
            )
    return reasons


def _tolerant(node: c.Expression) -> c.Expression:
    """`a is b` of numbers as `|a - b| <= tolerance`, so that a sum of tenths may be typed."""
    numeric = isinstance(node, c.Compare) and node.left.type.kind not in (
        Kind.FLAG,
        Kind.LABEL,
        Kind.DATE,
    )
    if not isinstance(node, c.Compare) or not numeric or node.operator != "==":
        return node
    least = c.Constant(TOLERANCE, node.left.type, node.span)
    off = c.Arithmetic("-", node.left, node.right, node.left.type, node.span)
    back = c.Arithmetic("-", node.right, node.left, node.left.type, node.span)
    return c.Logical(
        "and",
        (
            c.Compare("<=", off, least, c.FLAG, node.span),
            c.Compare("<=", back, least, c.FLAG, node.span),
        ),
        c.FLAG,
        node.span,
    )


def _seen(evaluation: Evaluation, node: c.Expression, row: int) -> list[str]:
    found: dict[str, str] = {}
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, c.Reference) and top.name in evaluation.columns:
            found[top.name] = f"{top.name} is {shown_value(evaluation, top.name, row)}"
        stack.extend(c.operands(top))
    return list(found.values())


def _prepare(ruleset: c.CheckedRuleset, coverage: Coverage) -> None:
    for name, value in ruleset.values.items():
        if ruleset.roles[name] in (c.Role.DECISION, c.Role.SIGNAL) and value.type.kind is Kind.FLAG:
            coverage.rules[name] = False
        stack = [value]
        while stack:
            node = stack.pop()
            if isinstance(node, (c.Table, c.Interpolate)):
                for row in range(len(node.row_spans)):
                    coverage.table_rows[(node.name, row)] = False
            elif isinstance(node, c.Compare) and ruleset.roles[name] is not c.Role.BOUND:
                coverage.clauses[node] = set()
            stack.extend(c.operands(node))


def _record(evaluation: Evaluation, coverage: Coverage | None) -> None:
    if coverage is None:
        return
    for name in coverage.rules:
        coverage.rules[name] |= bool((evaluation.columns[name] == TRUE).any())
    for clause, seen in coverage.clauses.items():
        seen.update(int(item) for item in np.unique(evaluation.value(clause)))
    for value in evaluation.ruleset.values.values():
        if isinstance(value, c.Table):
            for row in np.unique(evaluation.axis_rows(value.axes[0])).tolist():
                if row >= 0:
                    coverage.table_rows[(value.name, row)] = True
        elif isinstance(value, c.Interpolate):
            known = ~np.isnan(evaluation.value(value.input))
            for row in range(len(value.row_spans)):
                coverage.table_rows[(value.name, row)] |= bool(known.any())
