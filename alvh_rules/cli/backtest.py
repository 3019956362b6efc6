"""`alvh backtest` and `alvh orders`: a ruleset that trades."""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour
from alvh_rules.core.render import render_all

if TYPE_CHECKING:
    from alvh_rules.backtest.loading import Loaded
    from alvh_rules.backtest.result import GovernedVersion, Settings
    from alvh_rules.backtest.succession import Term
    from alvh_rules.check.checked import CheckedRuleset
    from alvh_rules.options.skew import Skew


def backtest(arguments: argparse.Namespace) -> int:
    """Run a backtest, show it, and write what is asked for."""
    report: Path | None = arguments.report
    if report is not None and (report.suffix != ".html" or not report.resolve().parent.is_dir()):
        print(f"`{report}` must be an .html file in a folder that exists")
        return CANNOT_RUN
    if arguments.out is not None and (problem := unwritable(arguments.out)):
        print(problem)
        return CANNOT_RUN
    from alvh_rules.cli.progress import progress

    with progress(arguments.data) as tell:
        tell("reading", 0, 0)
        ready = _ready(arguments)
        if isinstance(ready, int):
            return ready
        from alvh_rules.backtest.run import backtest as run

        loaded, settings = ready.loaded, ready.settings
        try:
            done = run(
                ready.ruleset,
                loaded.market,
                loaded.inputs,
                settings,
                found=loaded.found,
                sources=loaded.sources,
                on_step=lambda row, of: tell("trading", row, of),
                terms=ready.terms,
                versions=ready.versions,
            )
        except ValueError as problem:
            print(problem)
            return CANNOT_RUN
    # What was found in the data has been shown before the run.
    if of_run := [item for item in done.found if item not in loaded.found]:
        print(render_all(of_run, ready.ruleset.sources, colour=colour()) + "\n")
    from alvh_rules.backtest_report.files import trials_of, write_run
    from alvh_rules.backtest_report.metrics import metrics
    from alvh_rules.backtest_report.summary import summary_lines

    try:
        figures = metrics(done) if arguments.out is None else write_run(done, arguments.out)
        print("\n".join(summary_lines(done, figures)))
        if arguments.out is not None:
            print(f"wrote {arguments.out}")
        if report is not None:
            from alvh_rules.backtest_report.page import NoPlotlyError, write

            trials = trials_of(done, arguments.out) if arguments.out is not None else []
            try:
                size = write(done, report, trials)
            except NoPlotlyError as absent:
                print(absent)
                return CANNOT_RUN
            print(f"wrote {report} ({size / 1e6:.1f} MB)")
    except OSError as problem:
        print(f"cannot write: {problem.strerror or problem}: {problem.filename}")
        return CANNOT_RUN
    return FINE


def unwritable(folder: Path) -> str:
    """Why no run can be written into a folder, which need not be there yet; empty where one can."""
    there = folder.resolve()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        shown = folder if there == folder.resolve() else there
        return f"`{shown}` is a file: `--out {folder}` must be a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"`{there}` may not be written to"
    return ""


def orders(arguments: argparse.Namespace) -> int:
    """Tell what to trade now."""
    if arguments.out is not None and (
        arguments.out.suffix != ".csv" or not arguments.out.resolve().parent.is_dir()
    ):
        print(f"`{arguments.out}` must be a .csv file in a folder that exists")
        return CANNOT_RUN
    ready = _ready(arguments)
    if isinstance(ready, int):
        return ready
    ruleset, loaded, settings = ready.ruleset, ready.loaded, ready.settings
    from alvh_rules.backtest.broker import read_holdings
    from alvh_rules.backtest.deciding import Program
    from alvh_rules.backtest.orders import orders_now
    from alvh_rules.backtest.orders_text import order_lines, order_table
    from alvh_rules.core.diagnostics import Diagnostic
    from alvh_rules.core.files import write_text_atomically

    holdings = None
    if arguments.holdings is not None:
        mapping = dict(arguments.map_holdings)
        holdings, found = read_holdings(arguments.holdings, ruleset, mapping)
        if holdings is None:
            print(render_all(found, {}, colour=colour()))
            return CANNOT_RUN
    program = Program(ruleset, loaded.market)
    made = orders_now(program, loaded.inputs, settings, holdings)
    if isinstance(made, Diagnostic):
        print(render_all([made], {}, colour=colour()))
        return CANNOT_RUN
    print("\n".join(order_lines(made, holdings is not None)))
    if arguments.out is not None:
        try:
            write_text_atomically(arguments.out, order_table(made))
        except OSError as problem:
            print(f"cannot write `{arguments.out}`: {problem.strerror}")
            return CANNOT_RUN
        print(f"wrote {arguments.out}")
    return FINE


@dataclass(frozen=True)
class _Ready:
    """What a run takes; `terms` and `versions` where it is as governed."""

    ruleset: CheckedRuleset
    loaded: Loaded
    settings: Settings
    terms: tuple[Term, ...] = ()
    versions: tuple[GovernedVersion, ...] = ()


def _ready(arguments: argparse.Namespace) -> _Ready | int:
    """The ruleset, its data and the settings; or the exit code once it is told why not."""
    from alvh_rules.cli.history import checked, ratified_or_code

    if arguments.require_ratified and (refused := ratified_or_code(arguments.ruleset)) is not None:
        return refused
    first, last = getattr(arguments, "first", None), getattr(arguments, "last", None)
    if first is not None and last is not None and first > last:
        print(f"`--from {first}` is after `--to {last}`: are the two taken for each other?")
        return CANNOT_RUN
    if getattr(arguments, "as_governed", False):
        return _governed(arguments)
    result = checked(arguments)
    if isinstance(result, int):
        return result
    from alvh_rules.backtest.loading import load
    from alvh_rules.cli.linting import data_options

    assert result.ruleset is not None
    assumed = assumptions(arguments, result.ruleset)
    if isinstance(assumed, str):
        print(assumed)
        return CANNOT_RUN
    settings, skew = assumed
    loaded, found = load(
        result.ruleset,
        arguments.data,
        data_options(arguments),
        chains=arguments.chains,
        chain_columns=dict(arguments.map_chain),
        dividend_yield=arguments.dividend_yield,
        skew=skew,
        first=first,
        last=last,
    )
    if found:
        print(render_all(found, result.sources, colour=colour()) + "\n")
    if loaded is None:
        return CANNOT_RUN
    return _Ready(result.ruleset, loaded, settings)


def _governed(arguments: argparse.Namespace) -> _Ready | int:
    """The same of the versions that were in force on the sessions of the data."""
    from alvh_rules.cli.govern import needs_library
    from alvh_rules.cli.linting import data_options
    from alvh_rules.core.git import GitError

    if (code := needs_library()) is not None:
        return code
    from alvh_rules.backtest.governed import governed, load_governed
    from alvh_rules.backtest.loading import Reading
    from alvh_rules.backtest.run import traded_rows

    try:
        what = governed(arguments.ruleset, arguments.first, arguments.last)
    except GitError as problem:
        print(f"git: {problem}")
        return CANNOT_RUN
    if isinstance(what, list):
        print(render_all(what, {}, colour=colour()))
        return FINDINGS
    assumed = assumptions(arguments, what.ruleset)
    if isinstance(assumed, str):
        print(assumed)
        return CANNOT_RUN
    reading = Reading(
        arguments.data,
        data_options(arguments),
        arguments.chains,
        dict(arguments.map_chain),
        arguments.dividend_yield,
        assumed[1],
    )
    ready, found = load_governed(what, reading, arguments.first, arguments.last)
    if found:
        print(render_all(found, what.ruleset.sources, colour=colour()) + "\n")
    if ready is None:
        return CANNOT_RUN
    ruleset = ready.terms[0].ruleset
    again = assumptions(arguments, ruleset)
    assert not isinstance(again, str)
    settings = again[0]
    if traded_rows(ready.loaded.market, settings)[0] < ready.terms[0].first:
        settings = replace(settings, first=ready.versions[0].first)
    return _Ready(ruleset, ready.loaded, settings, ready.terms, ready.versions)


def assumptions(
    arguments: argparse.Namespace, ruleset: CheckedRuleset
) -> tuple[Settings, Skew] | str:
    """What trades cost and prices assume, as it is asked for; or why it cannot be, as it is shown."""
    from alvh_rules.backtest.result import Settings
    from alvh_rules.core.diagnostics import Diagnostic
    from alvh_rules.options.quotes import SPX_SKEW
    from alvh_rules.options.surface_file import read_parameters

    fee, shares = arguments.fee, arguments.slippage
    if fee is not None and not (math.isfinite(fee) and 0.0 <= fee <= 1_000.0):
        return f"`--fee {fee:g}`: a fee lies between $0 and $1,000 a contract"
    skew: Skew | Diagnostic = SPX_SKEW
    if arguments.surface is not None:
        skew = read_parameters(arguments.surface)
    if isinstance(skew, Diagnostic):
        return render_all([skew], {}, colour=colour())
    # What is asked for goes before what the ruleset says, and that before the default.
    if fee is None:
        fee = ruleset.fee
    if shares is None and ruleset.slippage is not None:
        shares = {1: ruleset.slippage}
    settings = Settings(
        dividend_yield=arguments.dividend_yield,
        first=getattr(arguments, "first", None),
        last=getattr(arguments, "last", None),
        **({} if fee is None else {"fee": fee}),
        **({} if shares is None else {"slippage": shares}),
    )
    return settings, skew
