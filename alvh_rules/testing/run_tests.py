"""Run a ruleset's own tests.

A case is a market of one row (or, for `sessions`, of the case's rows in order) in which only what
is given is known; names given take that value whatever their definition. Numbers compared with `is`
agree to one part in 10⁹. A date of a file is looked up in a folder named by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import one_line
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import TRUE, WORDS
from alvh_rules.evaluate.engine import Evaluation, evaluate
from alvh_rules.evaluate.inputs import Array, Calendar, Market, Periods, Timeline, missing_of
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.plan.graph import Plan
from alvh_rules.report.values import shown_value
from alvh_rules.testing.coverage import Coverage

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """A test's verdict: `passed`, `failed` or `skipped`, and why."""

    test: c.Test
    verdict: str
    reasons: tuple[str, ...] = ()


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
    runner = _Runner(ruleset, coverage)
    return [
        _run_on_date(runner, test, data) if test.on is not None else _run(runner, test)
        for test in ruleset.tests
    ]


@dataclass
class _Runner:
    """Runs cases; one plan serves all that are given the same names."""

    ruleset: c.CheckedRuleset
    coverage: Coverage | None
    plans: dict[frozenset[str], Plan] = field(default_factory=dict)

    def run(self, market: Market, given: Mapping[str, Array]) -> Evaluation:
        """The market's rows with these columns given."""
        names = frozenset(given)
        if names not in self.plans:
            wanted = [
                _tolerant(expected.condition)
                for test in self.ruleset.tests
                for case in test.cases
                for expected in case.expected
            ]
            self.plans[names] = plan_of(self.ruleset, names, wanted)
        evaluation = evaluate(self.ruleset, self.plans[names], market, given=given)
        if self.coverage is not None:
            self.coverage.record(evaluation)
        return evaluation


def _run(runner: _Runner, test: c.Test) -> Outcome:
    """The cases of `sessions` as the rows of one market; others each as a market of its own."""
    reasons: list[str] = []
    together = [test.cases] if test.sessions else [(case,) for case in test.cases]
    for cases in together:
        market = blank_market(runner.ruleset, len(cases))
        given = _columns(runner.ruleset, [case.given for case in cases])
        evaluation = runner.run(market, given)
        for row, case in enumerate(cases):
            reasons += [_place(runner, test, case) + why for why in _judge(evaluation, case, row)]
    return Outcome(test, "failed" if reasons else "passed", tuple(reasons))


def _place(runner: _Runner, test: c.Test, case: c.Case) -> str:
    """Which of a test's rows it is, where there are several."""
    source = runner.ruleset.sources.get(case.span.file)
    if len(test.cases) == 1 or source is None:
        return ""
    return f"line {source.position(case.span.start).line}, `{source.one_line(case.span)}`: "


def _run_on_date(runner: _Runner, test: c.Test, data: Path | None) -> Outcome:
    from alvh_rules.market.read import read_market

    assert test.on is not None
    name = test.on.file.value
    if data is None:
        return Outcome(test, "skipped", (f"`{name}` needs a folder of data: `--data FOLDER`",))
    path = (data / name).resolve()
    if not path.is_relative_to(data.resolve()) or not path.is_file():
        return Outcome(test, "skipped", (f"there is no file `{name}` in {data}",))
    market, found = read_market([path], runner.ruleset.schema)
    if market is None:
        return Outcome(test, "failed", tuple(one_line(item) for item in found))
    row = np.flatnonzero(market.timeline.dates == np.datetime64(test.on.date.text))
    if not len(row):
        return Outcome(test, "failed", (f"{test.on.date.text} is no session of `{name}`",))
    evaluation = runner.run(market, {})
    reasons = _judge(evaluation, test.cases[0], int(row[-1]))
    return Outcome(test, "failed" if reasons else "passed", tuple(reasons))


def _columns(ruleset: c.CheckedRuleset, rows: Sequence[tuple[c.Given, ...]]) -> Mapping[str, Array]:
    """The given values as columns, a row each; what a row does not give is missing."""
    plan = plan_of(ruleset, also=[item.value for given in rows for item in given])
    # What is given rests on literals and params, so any market will do.
    evaluation = evaluate(ruleset, plan, blank_market(ruleset, 1))
    out: dict[str, Array] = {}
    for row, given in enumerate(rows):
        for item in given:
            out.setdefault(item.name, missing_of(item.value.type.kind, len(rows)))
            out[item.name][row] = evaluation.value(item.value)[0]
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
