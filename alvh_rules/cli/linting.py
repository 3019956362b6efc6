"""What the arguments of `alvh check` ask of a linter."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.lint.configuration import read_codes
from alvh_rules.lint.linter import Evaluate, Linter, Mending
from alvh_rules.pipeline import Checked

if TYPE_CHECKING:
    from alvh_rules.evaluate.engine import Evaluation
    from alvh_rules.market.read import Options


def linter_of(arguments: argparse.Namespace) -> Linter | list[Diagnostic]:
    """The linter that the arguments ask for, or what is wrong with their codes."""
    select: list[str] | None = None
    found: list[Diagnostic] = []
    if arguments.select is not None:
        select, found = read_codes(_words(arguments.select), "--select", lints=True)
    ignore, more = read_codes(_words(arguments.ignore), "--ignore", lints=False)
    if found or more:
        return [*found, *more]
    mending = None
    if arguments.fix or arguments.unsafe_fixes or arguments.diff:
        mending = Mending(arguments.unsafe_fixes, write=not arguments.diff)
    evaluate = _evaluator(arguments) if arguments.data else None
    return Linter(select=select, ignore=ignore, mending=mending, evaluate=evaluate)


def data_options(arguments: argparse.Namespace) -> Options:
    """How the data is read."""
    from alvh_rules.market.read import Options

    return Options(
        dict(arguments.map),
        tuple(arguments.calendar),
        arguments.timezone,
        arguments.date_format,
        arguments.skip_closed_days,
    )


def _words(given: Sequence[str]) -> list[str]:
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def _evaluator(arguments: argparse.Namespace) -> Evaluate:
    def evaluated(checked: Checked) -> tuple[Evaluation | None, Sequence[Diagnostic]]:
        from alvh_rules.market.read import read_market
        from alvh_rules.pipeline import evaluate

        assert checked.ruleset is not None
        market, found = read_market(arguments.data, checked.ruleset.schema, data_options(arguments))
        if market is None:
            return None, found
        return evaluate(checked.ruleset, market, plan=checked.plan), found

    return evaluated
