"""Arguments that several commands have, and what the words after them mean."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path


def day(text: str) -> date:
    """A day as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date such as 2020-03-16") from None


def seconds(text: str) -> float:
    """A time of a day at the most."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 86_400:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds")
    return found


def slippage(text: str) -> dict[int, float]:
    """Shares of the half-spread by number of legs."""
    try:
        pairs = [part.split("=") for part in text.split(",")] if "=" in text else [["1", text]]
        found = {int(legs): float(share) for legs, share in pairs}
    except ValueError:
        found = {}
    if not found or not all(legs > 0 and 0.0 <= share <= 10.0 for legs, share in found.items()):
        raise argparse.ArgumentTypeError(f"`{text}` is no share such as 0.5, nor 1=0.5,4=0.06")
    return found


def pair(text: str) -> tuple[str, str]:
    """A name, and what it is called elsewhere."""
    name, sign, column = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"`{text}` is not of the form NAME=COLUMN")
    return name, column


def add_ratified(command: argparse.ArgumentParser) -> None:
    """Whether the ruleset must be in force."""
    command.add_argument(
        "--require-ratified",
        action="store_true",
        help="refuse a ruleset that is not in force by `alvh govern`",
    )


def add_format(command: argparse.ArgumentParser, *more: str) -> None:
    """The formats of findings; `more` are further ones of this command, `name: what it is`."""
    from alvh_rules.findings.formats import FORMATS

    shown = "; ".join([*(f"{item.name}: {item.summary}" for item in FORMATS.values()), *more])
    choices = (*FORMATS, *(item.partition(":")[0] for item in more))
    command.add_argument("--format", choices=choices, default="text", help=shown)


def add_linting(command: argparse.ArgumentParser) -> None:
    """What `check` looks for, and what it mends."""
    command.add_argument(
        "--select",
        action="append",
        metavar="CODES",
        help="lints to run (codes, names, all, default)",
    )
    command.add_argument(
        "--ignore", action="append", default=[], metavar="CODES", help="findings to leave out"
    )
    command.add_argument("--fix", action="store_true", help="apply the safe fixes")
    command.add_argument("--unsafe-fixes", action="store_true", help="apply all fixes")
    command.add_argument("--diff", action="store_true", help="only show what fixes would change")
    add_market(command, required=False)


def add_backtest(command: argparse.ArgumentParser) -> None:
    """What is traded, and over what: of `backtest` and of `orders`."""
    add_data(command)
    add_ratified(command)
    add_prices(command)


def add_traded_days(command: argparse.ArgumentParser) -> None:
    """Which days are traded."""
    command.add_argument("--from", dest="first", type=day, metavar="D", help="first day traded")
    command.add_argument("--to", dest="last", type=day, metavar="D", help="last day traded")


def add_prices(command: argparse.ArgumentParser) -> None:
    """What prices and costs are."""
    command.add_argument("--chains", type=Path, action="append", default=[], metavar="FILE")
    command.add_argument(
        "--map-chain", type=pair, action="append", default=[], metavar="NAME=COLUMN"
    )
    add_costs(command)


def add_costs(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """What trades cost, and prices assume: of backtests and of paper accounts."""
    command.add_argument("--surface", type=Path, metavar="FILE.toml", help="of `fit-surface`")
    command.add_argument("--dividend-yield", type=float, metavar="PERCENT")
    command.add_argument(
        "--fee",
        type=float,
        metavar="$",
        help="a contract and leg (default: the header's, else 0.65)",
    )
    command.add_argument(
        "--slippage",
        type=slippage,
        metavar="SHARE",
        help="of the half-spread: `0.5`, or by legs `1=0.5,4=0.06` (default: the header's, else by legs)",
    )


def add_data(command: argparse.ArgumentParser) -> None:
    """A ruleset and its data."""
    command.add_argument("ruleset", type=Path)
    add_market(command, required=True)


def add_market(command: argparse.ArgumentParser, *, required: bool) -> None:
    """The data of a ruleset."""
    command.add_argument(
        "--data",
        type=Path,
        action="append",
        required=required,
        metavar="FILE",
        help="may be given again: further files are joined on time",
    )
    add_reading(command)
    command.add_argument("--skip-closed-days", action="store_true")


def add_reading(command: argparse.ArgumentParser) -> None:
    """How data is read: of files and of feeds."""
    command.add_argument("--calendar", type=Path, action="append", default=[], metavar="FILE")
    command.add_argument("--map", type=pair, action="append", default=[], metavar="NAME=COLUMN")
    command.add_argument(
        "--timezone",
        default="",
        metavar="ZONE",
        help="of times that name none (default: the exchange's; UTC for bars 24/7)",
    )
    command.add_argument("--date-format", default="ISO8601")
