"""`alvh run` and `alvh explain`: commands that evaluate a ruleset over data."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour, show, unreadable
from alvh_rules.core.diagnostics import has_errors
from alvh_rules.core.render import render_all
from alvh_rules.pipeline import Checked
from alvh_rules.pipeline import check as check_file

if TYPE_CHECKING:
    from alvh_rules.cli.progress import Told
    from alvh_rules.evaluate.engine import Run
    from alvh_rules.market.stream import InParts


STREAM_FROM = 64 << 20
"""Bytes of a file from which it is read in parts where it can be: read whole, its columns of
numbers would take a good part of a gigabyte."""


def evaluated(arguments: argparse.Namespace) -> Any:
    """The evaluation, of everything, that the arguments ask for, or the exit code that says why
    there is none."""
    result = checked(arguments)
    if isinstance(result, int):
        return result
    from alvh_rules.cli.linting import data_options
    from alvh_rules.cli.progress import progress
    from alvh_rules.market.read import read_market
    from alvh_rules.pipeline import evaluate

    assert result.ruleset is not None
    options = data_options(arguments)
    with progress(arguments.data) as tell:
        tell("reading", 0, 0)
        market, found = read_market(arguments.data, result.ruleset.schema, options)
        tell("reading", 1, 1)
        if market is None:
            print(render_all(found, {}, colour=colour()))
            return CANNOT_RUN
        if found:
            print(render_all(found, {}, colour=colour()) + "\n")
        return evaluate(
            result.ruleset,
            market,
            plan=result.plan,
            on_step=lambda done, of: tell("evaluating", done, of),
        )


def run(arguments: argparse.Namespace) -> int:
    if arguments.out is not None and arguments.out.suffix not in (".csv", ".parquet"):
        print(f"`{arguments.out}`: the output's name must end in .csv or .parquet")
        return CANNOT_RUN
    if arguments.out is not None and not arguments.out.resolve().parent.is_dir():
        print(f"`{arguments.out}`: there is no such folder")
        return CANNOT_RUN
    if arguments.threads is not None and arguments.threads < 1:
        print(f"a run has one thread or more, not {arguments.threads}")
        return CANNOT_RUN
    if arguments.engine == "compiled" and arguments.profile:
        print("`--profile` shows what each clause costs: a compiled loop does not tell")
        return CANNOT_RUN
    if arguments.require_ratified and (refused := ratified_or_code(arguments.ruleset)) is not None:
        return refused
    result = checked(arguments)
    if isinstance(result, int):
        return result
    from alvh_rules.cli.progress import progress
    from alvh_rules.evaluate.engines import AbsentEngineError, engine_of

    try:
        engine_of(arguments.engine, 0)
    except AbsentEngineError as absent:
        print(absent)
        return CANNOT_RUN
    with progress(arguments.data) as tell:
        source = _opened(arguments, result, tell)
        if isinstance(source, int):
            return source
        with ExitStack() as files:
            done = _Deciding(arguments, result, files)
            if (problem := done.decide(source, tell)) is not None:
                return problem
    return done.tell(source)


def ratified_or_code(ruleset: Path) -> int | None:
    """The exit code of a ruleset that is not in force, once it is said why; None where it is.

    What `--require-ratified` of any command asks before anything else is done.
    """
    from alvh_rules.cli.govern import needs_library
    from alvh_rules.govern.in_force import require_ratified

    if (code := needs_library()) is not None:
        return code
    found = require_ratified(ruleset)
    if not found:
        return None
    print(render_all(found, {}, colour=colour()))
    return FINDINGS


def checked(arguments: argparse.Namespace) -> Checked | int:
    """The ruleset without errors, or the exit code once they are shown."""
    result = check_file(arguments.ruleset)
    if result.ruleset is not None:
        return result
    show(result)
    return CANNOT_RUN if unreadable(result) else FINDINGS


def _opened(arguments: argparse.Namespace, result: Checked, tell: Told) -> InParts | int:
    """The data, in parts where it is long or that is asked for; or the exit code."""
    from alvh_rules.cli.linting import data_options
    from alvh_rules.market.read import read_market
    from alvh_rules.market.stream import OnePart, stream_market, why_whole

    assert result.ruleset is not None
    schema, options, paths = result.ruleset.schema, data_options(arguments), arguments.data
    streamed = None
    # What is no file has no parts: reading it whole says what it is.
    if all(path.is_file() for path in paths):
        size = sum(path.stat().st_size for path in paths)
        why = why_whole(paths, schema, options)
        if not why and (arguments.stream or size >= STREAM_FROM):
            streamed = stream_market(paths[0], schema, options)
            why = "" if streamed is not None else "the file's format has no parts"
        if arguments.stream and why:
            print(f"this run cannot be streamed: {why}")
            return CANNOT_RUN
    if isinstance(streamed, list):
        print(render_all(streamed, {}, colour=colour()))
        return CANNOT_RUN
    if streamed is not None:
        return streamed
    tell("reading", 0, 0)
    market, found = read_market(paths, schema, options)
    tell("reading", 1, 1)
    if market is None:
        print(render_all(found, {}, colour=colour()))
        return CANNOT_RUN
    return OnePart(market, found)


class _Deciding:
    """A run of decisions: each part is evaluated, counted and written before the next is read."""

    def __init__(self, arguments: argparse.Namespace, result: Checked, files: ExitStack) -> None:
        from alvh_rules.report.decisions import DecisionFile, shown_names
        from alvh_rules.report.summary import Summary, summary_names

        assert result.ruleset is not None
        assert result.plan is not None
        self._arguments, self._ruleset, self._plan = arguments, result.ruleset, result.plan
        self._shown = shown_names(self._ruleset, arguments.columns)
        self._names = self._shown + summary_names(self._ruleset)
        self._summary = Summary(self._ruleset, self._plan)
        self._measured: list[Run] = []
        self._out = None
        if arguments.out is not None:
            self._out = files.enter_context(DecisionFile(arguments.out))

    def decide(self, source: InParts, tell: Told) -> int | None:
        """Evaluate all parts and write what is to be written; an exit code where that cannot be."""
        from alvh_rules.evaluate.engine import evaluate_parts
        from alvh_rules.report.decisions import decision_frame, kinds_text

        arguments = self._arguments
        if (refused := self._too_dear(source.rows)) is not None:
            print(refused)
            return CANNOT_RUN
        out = self._out
        evaluations = evaluate_parts(
            self._ruleset,
            self._plan,
            source.markets(),
            source.rows,
            names=self._names,
            profile=self._measured.append if arguments.profile else None,
            engine=arguments.engine,
            threads=arguments.threads,
            on_step=lambda done, of: tell("evaluating", done, of),
        )
        for evaluation in evaluations:
            rows = self._asked(evaluation.market.timeline.dates)
            self._summary.add(evaluation, rows)
            if out is not None and rows.any():
                out.add(decision_frame(evaluation, arguments.columns, None if rows.all() else rows))
        if has_errors(source.found):
            print(render_all(source.found, {}, colour=colour()))
            return CANNOT_RUN
        if source.found:
            print(render_all(source.found, {}, colour=colour()) + "\n")
        if not self._summary.counted:
            print("no session lies between those days")
            return CANNOT_RUN
        if out is not None:
            out.commit(kinds_text(self._ruleset, self._shown))
        return None

    def tell(self, source: InParts) -> int:
        """Show what was decided; the exit code."""
        from alvh_rules.evaluate.engines import engine_of
        from alvh_rules.evaluate.lanes import threads_of
        from alvh_rules.report.plan_text import plan_lines, profile_lines

        arguments, ruleset, rows = self._arguments, self._ruleset, self._summary.rows
        print("\n".join([*self._summary.last, *self._summary.lines(source.carried)]))
        if arguments.explain_plan:
            # A profile is of no compiled loop.
            some = 0 if arguments.profile else rows
            engine = engine_of(arguments.engine, some, self._plan.nodes)
            threads = 1 if arguments.profile else threads_of(arguments.threads, rows)
            lines = plan_lines(ruleset, self._plan, self._names, rows, engine, threads)
            print("\n".join(lines))
        for run in self._measured:
            assert run.seconds is not None
            print("\n".join(profile_lines(ruleset, run.nodes, run.seconds, rows)))
        if arguments.out is not None:
            print(f"wrote {arguments.out} and {arguments.out}.kinds.json")
        return FINDINGS if self._summary.violated else FINE

    def _asked(self, dates: Any) -> Any:
        """Which rows lie between the days that are asked for."""
        import numpy as np

        rows = np.ones(len(dates), dtype=bool)
        if self._arguments.first is not None:
            rows &= dates >= np.datetime64(self._arguments.first)
        if self._arguments.last is not None:
            rows &= dates <= np.datetime64(self._arguments.last)
        return rows

    def _too_dear(self, rows: int) -> str | None:
        """Why the run is refused before it begins, if it is."""
        from alvh_rules.report.plan_text import bytes_moved

        a_row, most = bytes_moved(self._plan, self._names, rows), self._arguments.most_bytes
        if rows * a_row <= most:
            return None
        return (
            f"this run would read and write {rows * a_row:,} bytes ({rows:,} rows of {a_row:,}),"
            f" more than the {most:,} it may; `--most-bytes` allows more"
        )


def explain(arguments: argparse.Namespace) -> int:
    if arguments.position is not None or arguments.out is not None:
        if arguments.position is None or arguments.out is None:
            print("`--position ID` and `--out FOLDER` go together")
            return CANNOT_RUN
        from alvh_rules.cli.backtest_reports import explain_position

        return explain_position(arguments)
    if arguments.ruleset is None or not arguments.data or arguments.at is None:
        print("to explain a decision, name a ruleset, `--data FILE` and `--at DATE`")
        return CANNOT_RUN
    evaluation = evaluated(arguments)
    if isinstance(evaluation, int):
        return evaluation
    import numpy as np

    from alvh_rules.report.explain import explain

    dates = evaluation.market.timeline.dates
    row = np.flatnonzero(dates == np.datetime64(arguments.at))
    if not len(row):
        print(f"{arguments.at} is no session of the data ({dates[0]} to {dates[-1]})")
        return CANNOT_RUN
    names = [arguments.name] if arguments.name else list(evaluation.ruleset.outputs)
    if arguments.name and arguments.name not in evaluation.ruleset.values:
        from alvh_rules.check.scope import nearest

        near = nearest(arguments.name, evaluation.ruleset.values)
        print(
            f"the ruleset has no `{arguments.name}`" + (f": did you mean `{near}`?" if near else "")
        )
        return CANNOT_RUN
    print("\n".join(explain(evaluation, names, int(row[-1]))))
    return FINE
