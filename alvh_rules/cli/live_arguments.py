"""The arguments of `alvh live` and `alvh journal …`."""

from __future__ import annotations

import argparse
from pathlib import Path

from alvh_rules.cli.shared_arguments import add_costs, add_ratified, add_reading, day


def add_live(command: argparse.ArgumentParser) -> None:
    command.add_argument("ruleset", type=Path)
    add_ratified(command)
    command.add_argument(
        "--feed", required=True, help="stdin, ws://…, redis://HOST:PORT/STREAM or replay:FILE"
    )
    command.add_argument(
        "--journal", required=True, metavar="FILE", help="or postgresql://USER@HOST/DATABASE"
    )
    command.add_argument(
        "--sink",
        action="append",
        help="stdout (default), file:PATH, redis://HOST:PORT/STREAM or https://…; may be given again",
    )
    command.add_argument(
        "--speed", type=float, default=0.0, help="of a replay: 1 as it was (default: no waiting)"
    )
    command.add_argument("--ticks", action="store_true", help="the feed gives ticks, not bars")
    command.add_argument("--dashboard", action="store_true", help="show how it goes, on a terminal")
    command.add_argument("--metrics", type=int, metavar="PORT", help="for Prometheus, on 127.0.0.1")
    command.add_argument(
        "--no-explanations",
        action="store_true",
        help="keep none; `alvh journal explain` makes them again when asked",
    )
    add_reading(command)
    paper = command.add_argument_group(
        "paper account", "the book of `alvh backtest`, traded on paper; what it costs as there"
    )
    paper.add_argument("--paper", action="store_true", help="decide for such a book, and keep it")
    paper.add_argument(
        "--from", dest="first", type=day, metavar="DAY", help="the first session that trades"
    )
    add_costs(paper)


def add_journal(command: argparse.ArgumentParser) -> None:
    parts = command.add_subparsers(dest="part", required=True, metavar="COMMAND")

    def part(name: str, help: str) -> argparse.ArgumentParser:
        made = parts.add_parser(name, help=help, description=help)
        made.set_defaults(run=f"journal:{name}")
        made.add_argument("journal", metavar="JOURNAL")
        return made

    shown = part("show", "The last decisions, what was not taken, or what happened.")
    shown.add_argument("--last", type=int, default=10, metavar="N", help="how many (default 10)")
    shown.add_argument("--json", action="store_true", help="a JSON object a row")
    what = shown.add_mutually_exclusive_group()
    what.add_argument("--quarantine", action="store_true", help="what was not taken, and why")
    what.add_argument("--trades", action="store_true", help="the paper account's trades")
    what.add_argument("--positions", action="store_true", help="what the paper account holds")
    what.add_argument("--notices", action="store_true", help="starts, stops, lost feeds, silences")
    explained = part("explain", "Why a decision of the journal was taken, or not.")
    explained.add_argument("key", metavar="BAR", help="such as 2020-03-16 or '2020-03-16 09:31:00'")
    explained.add_argument("name", nargs="?", help="a decision; all where none is named")
    part("replay", "Decide the whole journal again and report any difference.")
    part("verify", "Say whether the journal is whole.")
