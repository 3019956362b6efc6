"""`alvh report` and `alvh explain --position`: what the files of a backtest say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from alvh_rules.cli.output import CANNOT_RUN, FINE, colour
from alvh_rules.core.cells import escaped
from alvh_rules.core.render import render_all

if TYPE_CHECKING:
    from alvh_rules.backtest.result import Backtest


def report(arguments: argparse.Namespace) -> int:
    """Make the page of a run's files."""
    if not arguments.out.resolve().parent.is_dir():
        print(f"`{arguments.out}`: there is no such folder")
        return CANNOT_RUN
    backtest = _read(arguments.folder)
    if backtest is None:
        return CANNOT_RUN
    from alvh_rules.backtest_report.files import trials_of
    from alvh_rules.backtest_report.page import NoPlotlyError, write

    try:
        size = write(backtest, arguments.out, trials_of(backtest, arguments.folder))
    except (NoPlotlyError, OSError) as problem:
        print(problem)
        return CANNOT_RUN
    print(f"wrote {arguments.out} ({size / 1e6:.1f} MB)")
    return FINE


def explain_position(arguments: argparse.Namespace) -> int:
    """Tell the life of a position of a run."""
    backtest = _read(arguments.out)
    if backtest is None:
        return CANNOT_RUN
    from alvh_rules.backtest_report.explain_position import explain_position, nearest_position

    lines = explain_position(backtest, arguments.position)
    if lines is None:
        near = nearest_position(backtest, arguments.position)
        shown = escaped(arguments.position)
        print(f"the run has no position `{shown}`" + (f": did you mean `{near}`?" if near else ""))
        return CANNOT_RUN
    print("\n".join(lines))
    return FINE


def _read(folder: Path) -> Backtest | None:
    """The backtest of a folder; what is wrong with it is shown."""
    from alvh_rules.backtest_report.files import read_run

    backtest, found = read_run(folder)
    if found:
        print(render_all(found, {}, colour=colour()))
    return backtest
