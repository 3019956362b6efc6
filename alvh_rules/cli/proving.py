"""`alvh prove`: what holds of a ruleset in every market. Exit code 3: some of it is undecided."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour, show
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.render import render_all
from alvh_rules.pipeline import Checked
from alvh_rules.pipeline import check as check_file

if TYPE_CHECKING:
    from alvh_rules.prove.verdicts import Possibility

UNDECIDED = 3
_NEEDED = "proofs need the solver Z3: python -m pip install 'alvh-rules[prove]'"


def prove(arguments: argparse.Namespace) -> int:
    """Prove what a ruleset promises, or say whether a condition can hold."""
    begun = time.perf_counter()
    try:
        import z3  # noqa: F401
    except ModuleNotFoundError as problem:
        if problem.name != "z3":
            raise
        print(_NEEDED, file=sys.stderr)
        return CANNOT_RUN
    if not 0 < arguments.seconds <= 86_400:
        print("--seconds takes a number above 0, at most 86400", file=sys.stderr)
        return CANNOT_RUN
    result = check_file(arguments.ruleset)
    if result.ruleset is None or result.plan is None or result.file is None:
        show(result)
        return CANNOT_RUN
    # The seconds are for it all; what reading and checking leave is never nothing.
    spent = time.perf_counter() - begun
    arguments.seconds = max(arguments.seconds - spent, 0.2 * arguments.seconds)
    if arguments.can is not None:
        return _can(arguments, result)
    return _prove(arguments, result)


def _prove(arguments: argparse.Namespace, result: Checked) -> int:
    from alvh_rules.prove.errors import contradictory_assumptions
    from alvh_rules.prove.report import Told, data, lines_of
    from alvh_rules.prove.ruleset import prove as prove_ruleset
    from alvh_rules.prove.write_test import written

    assert result.ruleset is not None
    assert result.file is not None
    proof = prove_ruleset(result.ruleset, seconds=arguments.seconds)
    if proof.contradictory:
        spans = [item.span for item in result.ruleset.assumptions]
        found: list[Diagnostic] = [contradictory_assumptions(spans)]
        print(render_all(found, result.sources, colour=colour()))
        return CANNOT_RUN
    if arguments.format == "json":
        print(json.dumps(data(proof), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(lines_of(Told(result.ruleset), proof, arguments.format)))
    if arguments.write_test:
        try:
            for line in written(arguments.ruleset, result.ruleset, result.file, proof.verdicts):
                print(line, file=sys.stderr if arguments.format == "json" else sys.stdout)
        except OSError as problem:
            print(f"cannot write {arguments.ruleset}: {problem.strerror}", file=sys.stderr)
            return CANNOT_RUN
    return proof.exit_code


def _can(arguments: argparse.Namespace, result: Checked) -> int:
    from alvh_rules.prove.ask import with_condition
    from alvh_rules.prove.report import CONTRADICTORY, Told, possibility_data
    from alvh_rules.prove.ruleset import can

    source = result.sources[str(arguments.ruleset)]
    asked = with_condition(source, arguments.can, arguments.ruleset.resolve().parent)
    if isinstance(asked, str):
        print(asked, file=sys.stderr)
        return CANNOT_RUN
    if asked.ruleset is None:
        errors = tuple(item for item in asked.diagnostics if has_errors([item]))
        print(render_all(errors, asked.sources, colour=colour()))
        return CANNOT_RUN
    answer: Possibility | None = can(
        asked.ruleset, arguments.can.strip(), seconds=arguments.seconds
    )
    if answer is None:
        print(CONTRADICTORY, file=sys.stderr)
        return CANNOT_RUN
    if arguments.format == "json":
        print(json.dumps(possibility_data(answer), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(Told(asked.ruleset).possibility(answer)))
    return {"yes": FINE, "never": FINDINGS, "undecided": UNDECIDED}[answer.answer]
