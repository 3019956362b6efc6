"""`alvh run` and `alvh explain`: commands that evaluate a ruleset over data."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour, show, unreadable
from alvh_rules.core.render import render_all
from alvh_rules.pipeline import check as check_file

if TYPE_CHECKING:
    from alvh_rules.check.checked import CheckedRuleset
    from alvh_rules.evaluate.engine import Run


def evaluated(
    arguments: argparse.Namespace,
    wanted: Callable[[CheckedRuleset], list[str]] | None = None,
    profile: Callable[[Run], None] | None = None,
    engine: str = "auto",
) -> Any:
    """The evaluation that the arguments ask for, or the exit code that says why there is none.

    `wanted` gives the names whose columns are kept; without it everything is."""
    result = check_file(arguments.ruleset)
    if result.ruleset is None:
        show(result)
        return CANNOT_RUN if unreadable(result) else FINDINGS
    from alvh_rules.cli.linting import data_options
    from alvh_rules.cli.progress import progress
    from alvh_rules.market.read import read_market
    from alvh_rules.pipeline import evaluate

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
            names=None if wanted is None else wanted(result.ruleset),
            profile=profile,
            engine=engine,
            on_step=lambda done, of: tell("evaluating", done, of),
        )


def run(arguments: argparse.Namespace) -> int:
    if arguments.out is not None and arguments.out.suffix not in (".csv", ".parquet"):
        print(f"`{arguments.out}`: the output's name must end in .csv or .parquet")
        return CANNOT_RUN
    if arguments.out is not None and not arguments.out.resolve().parent.is_dir():
        print(f"`{arguments.out}`: there is no such folder")
        return CANNOT_RUN
    if arguments.engine == "compiled" and arguments.profile:
        print("`--profile` shows what steps cost: it goes with `--engine blocks`")
        return CANNOT_RUN
    import numpy as np

    from alvh_rules.evaluate.compiled import NoCompilerError, is_compiled
    from alvh_rules.report.decisions import (
        decision_frame,
        shown_names,
        summary,
        summary_names,
        violated,
        write_frame,
        write_kinds,
    )
    from alvh_rules.report.plan_text import plan_lines, profile_lines
    from alvh_rules.report.values import shown_value

    def wanted(ruleset: CheckedRuleset) -> list[str]:
        return shown_names(ruleset, arguments.columns) + summary_names(ruleset)

    try:
        is_compiled(arguments.engine, 0)
    except NoCompilerError as problem:
        print(problem)
        return CANNOT_RUN
    measured: list[Run] = []
    profile = measured.append if arguments.profile else None
    evaluation = evaluated(arguments, wanted, profile, arguments.engine)
    if isinstance(evaluation, int):
        return evaluation
    dates = evaluation.market.timeline.dates
    rows = np.ones(len(dates), dtype=bool)
    if arguments.first is not None:
        rows &= dates >= np.datetime64(arguments.first)
    if arguments.last is not None:
        rows &= dates <= np.datetime64(arguments.last)
    if not rows.any():
        print("no session lies between those days")
        return CANNOT_RUN
    if arguments.out is not None:
        table = decision_frame(evaluation, arguments.columns)[rows]
        write_frame(table, arguments.out)
        names = shown_names(evaluation.ruleset, arguments.columns)
        write_kinds(evaluation, names, Path(f"{arguments.out}.kinds.json"))
    last = int(np.flatnonzero(rows)[-1])
    ruleset = evaluation.ruleset
    print(f"{ruleset.name} {ruleset.version} on {dates[last]}")
    for name in ruleset.outputs:
        print(f"  {name}: {shown_value(evaluation, name, last)}")
    print("\n".join(summary(evaluation, rows)))
    if arguments.explain_plan:
        # A profile is of steps.
        compiled = not arguments.profile and is_compiled(arguments.engine, len(dates))
        told = plan_lines(ruleset, evaluation.plan, wanted(ruleset), len(dates), compiled)
        print("\n".join(told))
    for run in measured:
        assert run.seconds is not None
        print("\n".join(profile_lines(ruleset, run.nodes, run.seconds, len(dates))))
    if arguments.out is not None:
        print(f"wrote {arguments.out} and {arguments.out}.kinds.json")
    return FINDINGS if violated(evaluation, rows) else FINE


def explain(arguments: argparse.Namespace) -> int:
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
