"""`alvh diff --backtest`: both rulesets traded, and each changed clause."""

from __future__ import annotations

import argparse
import sys

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.cli.backtest import assumptions
from alvh_rules.cli.linting import data_options
from alvh_rules.cli.output import colour
from alvh_rules.cli.progress import progress
from alvh_rules.compare.comparison import Comparison
from alvh_rules.compare.results import CannotTradeError, Results, results_of
from alvh_rules.core.diagnostics import Diagnostic, in_order
from alvh_rules.core.render import render_all


def results(
    arguments: argparse.Namespace, comparison: Comparison
) -> tuple[Results, list[Diagnostic]] | None:
    """The results, and what is to be said of the data; None once it is told why there are none.

    How many backtests there will be is told on the error stream, and how far they are.
    """
    assumed = assumptions(arguments, comparison.after)
    if isinstance(assumed, str):
        print(assumed)
        return None
    _, skew = assumed
    from alvh_rules.backtest.loading import Reading
    from alvh_rules.backtest.result import Settings
    from alvh_rules.compare.trading import FilesTrader

    def settings(ruleset: CheckedRuleset) -> Settings:
        found = assumptions(arguments, ruleset)
        assert not isinstance(found, str)
        return found[0]

    files = Reading(
        arguments.data,
        data_options(arguments),
        arguments.chains,
        dict(arguments.map_chain),
        arguments.dividend_yield,
        skew,
    )
    schemas = (comparison.before.schema, comparison.after.schema)
    columns = frozenset(column.name for schema in schemas for column in schema.columns)
    with progress(arguments.data, long=True) as draw:
        count = _Count()

        def tell(name: str, done: int, of: int) -> None:
            if not done:
                count.begin(name)
            draw(count.title, done, of)

        trader = FilesTrader(files, columns, settings, tell)
        try:
            found = results_of(comparison.old, comparison.new, trader, count.announce)
        except CannotTradeError as problem:
            if trader.found:
                print(render_all(in_order(trader.found), {}, colour=colour()))
            print(f"no backtest: {problem}", file=sys.stderr)
            return None
    return found, in_order(trader.found)


class _Count:
    """Which backtest of how many is running."""

    def __init__(self) -> None:
        self.title = ""
        self._begun = 0
        self._of = ""

    def announce(self, certain: int, more: int) -> None:
        """Say how many there will be."""
        several = f"{certain} {'backtest' if certain == 1 else 'backtests'}"
        also = f", and {more} more if the clauses interact" if more else ""
        self._of = f"at most {certain + more}" if more else f"{certain}"
        print(f"{several}{also}", file=sys.stderr)

    def begin(self, name: str) -> None:
        """Say which one begins; where nothing is drawn, as a line."""
        self._begun += 1
        self.title = f"backtest {self._begun} of {self._of}: {name}"
        if not sys.stderr.isatty():
            print(self.title, file=sys.stderr)
