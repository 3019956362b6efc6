"""The arguments of `alvh govern …`."""

from __future__ import annotations

import argparse
from pathlib import Path

from alvh_rules.cli.shared_arguments import day


def add_govern(command: argparse.ArgumentParser) -> None:
    """Its steps, each with its own arguments."""
    steps = command.add_subparsers(dest="step", required=True, metavar="STEP")

    def add_step(name: str, help: str, *, signs: bool = False) -> argparse.ArgumentParser:
        step = steps.add_parser(name, help=help, description=help)
        step.add_argument(
            "--on", type=day, metavar="DATE", help="the day it is done on (default: today)"
        )
        if signs:
            step.add_argument(
                "--key",
                type=Path,
                metavar="FILE",
                help="the SSH key that signs, private or .pub (default: git's user.signingKey)",
            )
            step.add_argument("--by", metavar="NAME", help="the member (default: whose key it is)")
        return step

    step = add_step("init", "Begin a charter, or sign the one that is there.", signs=True)
    step.add_argument(
        "--member",
        type=_member,
        action="append",
        default=[],
        metavar="NAME=FILE.pub",
        help="for a first charter: may be given again",
    )
    step.add_argument("--name", default="", help="for a first charter: what the desk is called")

    step = add_step("propose", "Propose a ruleset, or the charter's file.", signs=True)
    step.add_argument("ruleset", type=Path, nargs="?", help="not needed where one is governed")
    step.add_argument("--charter", action="store_true", help="propose the charter's file")
    step.add_argument("--reason", default="")
    step.add_argument("--data", type=Path, action="append", default=[], metavar="FILE")
    step.add_argument("--calendar", type=Path, action="append", default=[], metavar="FILE")

    step = add_step("vote", "Vote on a proposal.", signs=True)
    step.add_argument("choice", choices=("yes", "no", "abstain"))
    _add_proposal(step)
    step.add_argument("--veto", action="store_true", help="with no: end the proposal")
    step.add_argument("--reason", default="")

    step = add_step("tally", "Count the votes on a proposal.")
    _add_proposal(step)

    step = add_step("ratify", "Put a proposal in force that has all it needs.", signs=True)
    _add_proposal(step)
    step.add_argument("--from", dest="first", type=day, metavar="DATE", help="first session")

    step = add_step("brake", "Put a change in force at once that is proved to tighten.", signs=True)
    step.add_argument("ruleset", type=Path, nargs="?", help="not needed where one is governed")
    step.add_argument("--reason", default="")

    add_step("log", "Every entry of the ledger.")
    add_step("status", "What is in force, and where each proposal stands.")

    step = add_step("verify", "Whether the rulesets here are in force, who approved them, why not.")
    step.add_argument("rulesets", type=Path, nargs="*", help="default: all that are governed")
    step.add_argument(
        "--ledger-only",
        action="store_true",
        help="the ledger and the charter, not the rulesets: for commits on the way to a proposal",
    )
    step.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="make again what proposals say of history",
    )
    step.add_argument("--calendar", type=Path, action="append", default=[], metavar="FILE")
    step.add_argument("--base", metavar="REV", help="hold the ledger to that of a revision too")
    step.add_argument(
        "--format",
        choices=("text", "json", "markdown", "github"),
        default="text",
        help="markdown: a pull request's summary; github: annotations",
    )


def _add_proposal(step: argparse.ArgumentParser) -> None:
    step.add_argument(
        "proposal", nargs="?", default="", help="its first characters; not needed where one is open"
    )


def _member(text: str) -> tuple[str, Path]:
    name, sign, file = text.partition("=")
    if not sign or not file:
        raise argparse.ArgumentTypeError(f"`{text}` is not of the form NAME=FILE.pub")
    return name, Path(file)
