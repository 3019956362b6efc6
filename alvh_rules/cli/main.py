"""`alvh COMMAND …`. Exit code 0: fine; 1: findings; 2: cannot run; `prove` has 3, undecided.

Findings go to standard output. A command imports what it needs when it runs, so that `check` loads
neither NumPy nor pandas.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path

from alvh_rules import __version__
from alvh_rules.cli.govern_arguments import add_govern
from alvh_rules.cli.output import CANNOT_RUN, FINE
from alvh_rules.core.files import remove_unfinished


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse gives optional positionals up once options have stood before them.
    slots = [name for name in ("ruleset", "name") if getattr(arguments, name, "") is None]
    plain = not any(text.startswith("-") for text in rest)
    if arguments.command == "explain" and plain and len(rest) <= len(slots):
        for name, text in zip(slots, rest, strict=False):
            setattr(arguments, name, Path(text) if name == "ruleset" else text)
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        with _ended_as_by_ctrl_c():
            code: int = _command(arguments.run)(arguments)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`alvh … | head`): no more output is wanted, and none is an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        remove_unfinished()
        print("stopped", file=sys.stderr)
        return CANNOT_RUN
    return code


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """A request to end is taken as Ctrl-C is: what is held open is let go, nothing left half written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _command(place: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, whose module is imported when it is wanted."""
    module, _, name = place.partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(
        import_module(f"alvh_rules.cli.{module}"), name
    )
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date such as 2020-03-16") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds")
    return seconds


def _slippage(text: str) -> dict[int, float]:
    """Shares of the half-spread by number of legs."""
    try:
        pairs = [part.split("=") for part in text.split(",")] if "=" in text else [["1", text]]
        found = {int(legs): float(share) for legs, share in pairs}
    except ValueError:
        found = {}
    if not found or not all(legs > 0 and 0.0 <= share <= 10.0 for legs, share in found.items()):
        raise argparse.ArgumentTypeError(f"`{text}` is no share such as 0.5, nor 1=0.5,4=0.06")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, column = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"`{text}` is not of the form NAME=COLUMN")
    return name, column


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="alvh", description="Check, test and run .alvh rulesets.")
    parser.add_argument("--version", action="version", version=f"alvh {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: str, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    command = add("check", "check:check", "Report everything that is wrong with rulesets.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument(
        "--deny-warnings", action="store_true", help="exit with 1 for warnings too"
    )
    command.add_argument(
        "--look-back", action="store_true", help="show how far back each decision looks"
    )
    _add_linting(command)
    command.add_argument("--no-cache", action="store_true", help="check what has not changed too")
    command.add_argument("--watch", action="store_true", help="check again whenever a file changes")
    _add_format(command)

    command = add("fmt", "rulesets:fmt", "Write rulesets in their canonical form.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--check", action="store_true", help="only say what would change")
    command.add_argument("--diff", action="store_true", help="only show what would change")
    _add_format(command)

    command = add("test", "rulesets:test", "Run the tests that rulesets carry.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--coverage", action="store_true", help="what the tests have exercised")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="where tests find data files")
    _add_format(command)

    command = add(
        "run", "history:run", "Run a ruleset over history: one row of decisions a session."
    )
    _add_data(command)
    command.add_argument("--from", dest="first", type=_day, metavar="D", help="first day shown")
    command.add_argument("--to", dest="last", type=_day, metavar="D", help="last day shown")
    command.add_argument("--out", type=Path, metavar="FILE", help="write .csv or .parquet")
    command.add_argument("--columns", choices=("all", "decisions"), default="decisions")
    _add_ratified(command)
    command.add_argument("--explain-plan", action="store_true", help="show how it is computed")
    command.add_argument("--profile", action="store_true", help="show the lines that cost most")
    command.add_argument(
        "--engine",
        choices=("auto", "blocks", "compiled"),
        default="auto",
        help="compiled: by Numba, for millions of rows (default: where that repays itself)",
    )
    command.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="threads to run on (default: one for a short run, up to 4 for a long one)",
    )
    command.add_argument(
        "--stream",
        action="store_true",
        help="read the file in parts (done unasked from 64 MB on, where it can be)",
    )
    command.add_argument(
        "--most-bytes",
        type=int,
        default=100 * 10**12,
        metavar="N",
        help="refuse a run that would read and write more (default 100 TB)",
    )

    command = add("diff", "diff:diff", "What a change of a ruleset changes, decision by decision.")
    command.add_argument("old", metavar="OLD", help="a path, or a git revision: main:rules.alvh")
    command.add_argument("new", metavar="NEW", help="the same")
    _add_market(command, required=False)
    command.add_argument("--seconds", type=_seconds, default=10.0, help="for proofs (default 10)")
    command.add_argument(
        "--backtest", action="store_true", help="trade both, and tell the results by changed clause"
    )
    _add_traded_days(command)
    _add_prices(command)
    command.add_argument(
        "--fail-on",
        choices=("patch", "minor", "major"),
        help="exit with 1 where the suggested bump is at least that",
    )
    _add_format(command, "markdown: a comment for a pull request")

    command = add(
        "explain",
        "history:explain",
        "Why a decision was taken on a day, or not; why a position was held.",
    )
    command.add_argument("ruleset", type=Path, nargs="?")
    _add_market(command, required=False)
    command.add_argument("--at", type=_day, metavar="DATE")
    command.add_argument("name", nargs="?", help="a decision; all where none is named")
    command.add_argument("--position", metavar="ID", help="a position of a backtest's files")
    command.add_argument("--out", type=Path, metavar="FOLDER", help="the backtest's files")

    command = add("backtest", "backtest:backtest", "Trade a ruleset over history.")
    _add_backtest(command)
    _add_traded_days(command)
    command.add_argument(
        "--as-governed",
        action="store_true",
        help="on each session the version that was in force on it, by the ledger",
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write the run's files")
    command.add_argument("--report", type=Path, metavar="FILE", help="write the page, .html")

    command = add("orders", "backtest:orders", "What a ruleset would trade now.")
    _add_backtest(command)
    command.add_argument("--holdings", type=Path, metavar="FILE", help="a broker's positions, CSV")
    command.add_argument(
        "--map-holdings", type=_pair, action="append", default=[], metavar="NAME=COLUMN"
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="write the orders, .csv")

    command = add("report", "backtest_reports:report", "Make the page of a backtest's files.")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="what `backtest --out` wrote")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page, .html")

    command = add("prove", "proving:prove", "Prove what a ruleset promises, for every market.")
    command.add_argument("ruleset", type=Path)
    command.add_argument("--can", metavar="CONDITION", help="only: can this ever hold?")
    command.add_argument(
        "--seconds", type=float, default=10.0, metavar="N", help="time for it all (default 10)"
    )
    command.add_argument(
        "--write-test", action="store_true", help="append each refutation to the ruleset as a test"
    )
    command.add_argument("--format", choices=("text", "json", "markdown"), default="text")

    _add_live(add("live", "live:live", "Run a ruleset on live data, into a journal."))
    _add_journal(add("journal", "journal:show", "Look at the journal of `alvh live`."))

    command = add(
        "explain-code", "reference:explain_code", "What a diagnostic code means, with examples."
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("code", nargs="?", metavar="CODE", help="such as ALV101")
    what.add_argument("--markdown", action="store_true", help="every code, as docs/codes.md")

    command = add("govern", "govern:govern", "Change rulesets by proposal, vote and ratification.")
    add_govern(command)

    command = add("new", "making:new", "Begin a ruleset from a template.")
    command.add_argument("name")

    command = add("simulate", "making:simulate", "Write a simulated market.")
    command.add_argument("--sessions", type=int, default=4000, help="rows (default 4000)")
    command.add_argument("--minutes", type=int, default=0, help="bars of so many minutes")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--out", type=Path, default=Path("simulated.csv"), metavar="FILE")

    command = add("fit-surface", "surface:fit_surface", "Fit the volatility surface to a chain.")
    command.add_argument("--chains", type=Path, required=True, metavar="FILE")
    command.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="daily columns: vix and its kin, spx, tbill_3m; a file or a folder, may be repeated",
    )
    command.add_argument("--out", type=Path, metavar="FILE.toml")
    command.add_argument("--surface", type=Path, metavar="FILE.toml", help="what to start from")
    command.add_argument(
        "--map-chain", type=_pair, action="append", default=[], metavar="NAME=COLUMN"
    )
    command.add_argument("--underlying", default="", help="what the chain's options are on")
    command.add_argument("--dividend-yield", type=float, metavar="PERCENT")

    command = add("lsp", "editor:lsp", "Answer an editor, over standard input and output.")
    command.add_argument("--stdio", action="store_true", help="what editors say; nothing else is")

    command = add(
        "functions", "reference:functions", "List the built-in functions, or describe one."
    )
    command.add_argument("name", nargs="?")
    command.add_argument("--markdown", action="store_true", help="the whole reference")
    return parser


def _add_ratified(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--require-ratified",
        action="store_true",
        help="refuse a ruleset that is not in force by `alvh govern`",
    )


def _add_live(command: argparse.ArgumentParser) -> None:
    command.add_argument("ruleset", type=Path)
    _add_ratified(command)
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
    _add_reading(command)
    paper = command.add_argument_group(
        "paper account", "the book of `alvh backtest`, traded on paper; what it costs as there"
    )
    paper.add_argument("--paper", action="store_true", help="decide for such a book, and keep it")
    paper.add_argument(
        "--from", dest="first", type=_day, metavar="DAY", help="the first session that trades"
    )
    _add_costs(paper)


def _add_journal(command: argparse.ArgumentParser) -> None:
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


def _add_format(command: argparse.ArgumentParser, *more: str) -> None:
    """The formats of findings; `more` are further ones of this command, `name: what it is`."""
    from alvh_rules.findings.formats import FORMATS

    shown = "; ".join([*(f"{item.name}: {item.summary}" for item in FORMATS.values()), *more])
    choices = (*FORMATS, *(item.partition(":")[0] for item in more))
    command.add_argument("--format", choices=choices, default="text", help=shown)


def _add_linting(command: argparse.ArgumentParser) -> None:
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
    _add_market(command, required=False)


def _add_backtest(command: argparse.ArgumentParser) -> None:
    """What is traded, and over what: of `backtest` and of `orders`."""
    _add_data(command)
    _add_ratified(command)
    _add_prices(command)


def _add_traded_days(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="first", type=_day, metavar="D", help="first day traded")
    command.add_argument("--to", dest="last", type=_day, metavar="D", help="last day traded")


def _add_prices(command: argparse.ArgumentParser) -> None:
    """What prices and costs are."""
    command.add_argument("--chains", type=Path, action="append", default=[], metavar="FILE")
    command.add_argument(
        "--map-chain", type=_pair, action="append", default=[], metavar="NAME=COLUMN"
    )
    _add_costs(command)


def _add_costs(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
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
        type=_slippage,
        metavar="SHARE",
        help="of the half-spread: `0.5`, or by legs `1=0.5,4=0.06` (default: the header's, else by legs)",
    )


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("ruleset", type=Path)
    _add_market(command, required=True)


def _add_market(command: argparse.ArgumentParser, *, required: bool) -> None:
    command.add_argument(
        "--data",
        type=Path,
        action="append",
        required=required,
        metavar="FILE",
        help="may be given again: further files are joined on time",
    )
    _add_reading(command)
    command.add_argument("--skip-closed-days", action="store_true")


def _add_reading(command: argparse.ArgumentParser) -> None:
    command.add_argument("--calendar", type=Path, action="append", default=[], metavar="FILE")
    command.add_argument("--map", type=_pair, action="append", default=[], metavar="NAME=COLUMN")
    command.add_argument(
        "--timezone",
        default="",
        metavar="ZONE",
        help="of times that name none (default: the exchange's; UTC for bars 24/7)",
    )
    command.add_argument("--date-format", default="ISO8601")
