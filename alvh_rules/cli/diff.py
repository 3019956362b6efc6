"""`alvh diff OLD NEW`: what a change of a ruleset changes, decision by decision."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, print_report
from alvh_rules.compare.bump import Bump
from alvh_rules.compare.clauses import header_span
from alvh_rules.compare.comparison import SAME, Comparison
from alvh_rules.compare.errors import clause_changes, decision_changes, version_too_small
from alvh_rules.compare.revisions import read_version
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.findings.report import Examined
from alvh_rules.pipeline import Checked


def diff(arguments: argparse.Namespace) -> int:
    """Compare two rulesets and say so; 1 where `--fail-on` is reached, 2 where it cannot be done."""
    from alvh_rules.compare.compare import compare

    if not _sensible(arguments):
        return CANNOT_RUN
    old, new = read_version(arguments.old), read_version(arguments.new)
    if old.ruleset is None or new.ruleset is None:
        return _refuse(arguments, old, new)
    comparison = compare(old, new, arguments.old, arguments.new, arguments.seconds)
    of_data: list[Diagnostic] = []
    if arguments.data:
        from alvh_rules.cli.linting import data_options
        from alvh_rules.compare.history import history_of, with_history

        history, of_data = history_of(comparison, arguments.data, data_options(arguments))
        if history is None:
            shown = Examined(arguments.new, tuple(of_data))
            _report(arguments, [shown])
            return CANNOT_RUN
        comparison = with_history(comparison, history)
    if arguments.backtest:
        from alvh_rules.cli.diff_results import results

        traded = results(arguments, comparison)
        if traded is None:
            return CANNOT_RUN
        found, more = traded
        comparison = replace(comparison, results=found)
        of_data += [item for item in more if item not in of_data]
    _show(arguments, comparison, of_data)
    reached = arguments.fail_on and comparison.bump >= Bump[arguments.fail_on.upper()]
    return FINDINGS if reached else FINE


def _sensible(arguments: argparse.Namespace) -> bool:
    """Whether the options go together; what does not is told."""
    if arguments.backtest and not arguments.data:
        print("`--backtest` needs `--data FILE`: what to trade over", file=sys.stderr)
        return False
    given = [
        flag
        for flag, value in (
            ("--from", arguments.first),
            ("--to", arguments.last),
            ("--chains", arguments.chains),
            ("--map-chain", arguments.map_chain),
            ("--surface", arguments.surface),
            ("--dividend-yield", arguments.dividend_yield),
            ("--fee", arguments.fee),
            ("--slippage", arguments.slippage),
        )
        if value not in (None, [])
    ]
    if given and not arguments.backtest:
        print(f"`{given[0]}` goes with `--backtest`", file=sys.stderr)
        return False
    return True


def _refuse(arguments: argparse.Namespace, old: Checked, new: Checked) -> int:
    """The findings of rulesets that cannot be compared."""
    sides = [(arguments.old, old), (arguments.new, new)]
    if arguments.old == arguments.new:
        del sides[0]
    faulty = [(name, side) for name, side in sides if side.ruleset is None]
    examined = [
        Examined(_path(name, side), side.diagnostics, side.sources) for name, side in faulty
    ]
    _report(arguments, examined)
    return CANNOT_RUN


def _path(written: str, side: Checked) -> str:
    """The name that a ruleset's spans have for its own file."""
    return next(iter(side.sources), written)


def _report(arguments: argparse.Namespace, examined: list[Examined]) -> None:
    """Findings; Markdown has the text of them."""
    format = "text" if arguments.format == "markdown" else arguments.format
    print_report(argparse.Namespace(command="diff", format=format), examined, "")


def _show(arguments: argparse.Namespace, comparison: Comparison, of_data: list[Diagnostic]) -> None:
    from alvh_rules.compare.json_document import as_json
    from alvh_rules.compare.markdown import as_markdown
    from alvh_rules.compare.text import text_lines

    writers: dict[str, Callable[[Comparison], str]] = {
        "json": as_json,
        "markdown": as_markdown,
    }
    if arguments.format in writers:
        print(writers[arguments.format](comparison))
        return
    if arguments.format == "text":
        if of_data:
            _report(arguments, [Examined(arguments.new, tuple(of_data))])
        print("\n".join(text_lines(comparison)))
        return
    findings = (*_findings(comparison), *of_data)
    path = _path(arguments.new, comparison.new)
    examined = Examined(path, findings, comparison.new.sources)
    _report(arguments, [examined])


def _findings(comparison: Comparison) -> list[Diagnostic]:
    """The comparison as findings on the new ruleset."""
    found = [
        decision_changes(item) for item in comparison.decisions if item.status != SAME or item.kind
    ]
    found += [clause_changes(item) for item in comparison.changes]
    if comparison.too_small and comparison.bump is not Bump.NONE:
        found.append(version_too_small(comparison, header_span(comparison.after)))
    # A span of a step of the program's own has no place.
    sources = comparison.new.sources
    return [
        item if item.span is None or item.span.file in sources else replace(item, span=None)
        for item in found
    ]
