"""The commands of `alvh` and their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from alvh_rules import __version__
from alvh_rules.cli.govern_arguments import add_govern
from alvh_rules.cli.live_arguments import add_journal, add_live
from alvh_rules.cli.shared_arguments import (
    add_backtest,
    add_data,
    add_format,
    add_linting,
    add_market,
    add_prices,
    add_ratified,
    add_traded_days,
    day,
    pair,
    seconds,
)


def parser_of_commands() -> argparse.ArgumentParser:
    """The parser of the command line. Each command names the function that runs it, `module:name`."""
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
    add_linting(command)
    command.add_argument("--no-cache", action="store_true", help="check what has not changed too")
    command.add_argument("--watch", action="store_true", help="check again whenever a file changes")
    add_format(command)

    command = add("fmt", "rulesets:fmt", "Write rulesets in their canonical form.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--check", action="store_true", help="only say what would change")
    command.add_argument("--diff", action="store_true", help="only show what would change")
    add_format(command)

    command = add("test", "rulesets:test", "Run the tests that rulesets carry.")
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    command.add_argument("--coverage", action="store_true", help="what the tests have exercised")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="where tests find data files")
    add_format(command)

    command = add(
        "run", "history:run", "Run a ruleset over history: one row of decisions a session."
    )
    add_data(command)
    command.add_argument("--from", dest="first", type=day, metavar="D", help="first day shown")
    command.add_argument("--to", dest="last", type=day, metavar="D", help="last day shown")
    command.add_argument("--out", type=Path, metavar="FILE", help="write .csv or .parquet")
    command.add_argument("--columns", choices=("all", "decisions"), default="decisions")
    add_ratified(command)
    command.add_argument("--explain-plan", action="store_true", help="show how it is computed")
    command.add_argument("--profile", action="store_true", help="show the lines that cost most")
    command.add_argument(
        "--engine",
        choices=("auto", "native", "blocks", "compiled"),
        default="auto",
        help="how it is computed, with the same decisions: in C, by NumPy alone, or by Numba"
        " (default: in C, where it was built)",
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
    add_market(command, required=False)
    command.add_argument("--seconds", type=seconds, default=10.0, help="for proofs (default 10)")
    command.add_argument(
        "--backtest", action="store_true", help="trade both, and tell the results by changed clause"
    )
    add_traded_days(command)
    add_prices(command)
    command.add_argument(
        "--fail-on",
        choices=("patch", "minor", "major"),
        help="exit with 1 where the suggested bump is at least that",
    )
    add_format(command, "markdown: a comment for a pull request")

    command = add(
        "explain",
        "history:explain",
        "Why a decision was taken on a day, or not; why a position was held.",
    )
    command.add_argument("ruleset", type=Path, nargs="?")
    add_market(command, required=False)
    command.add_argument("--at", type=day, metavar="DATE")
    command.add_argument("name", nargs="?", help="a decision; all where none is named")
    command.add_argument("--position", metavar="ID", help="a position of a backtest's files")
    command.add_argument("--out", type=Path, metavar="FOLDER", help="the backtest's files")

    command = add("backtest", "backtest:backtest", "Trade a ruleset over history.")
    add_backtest(command)
    add_traded_days(command)
    command.add_argument(
        "--as-governed",
        action="store_true",
        help="on each session the version that was in force on it, by the ledger",
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write the run's files")
    command.add_argument("--report", type=Path, metavar="FILE", help="write the page, .html")

    command = add("orders", "backtest:orders", "What a ruleset would trade now.")
    add_backtest(command)
    command.add_argument("--holdings", type=Path, metavar="FILE", help="a broker's positions, CSV")
    command.add_argument(
        "--map-holdings", type=pair, action="append", default=[], metavar="NAME=COLUMN"
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

    add_live(add("live", "live:live", "Run a ruleset on live data, into a journal."))
    add_journal(add("journal", "journal:show", "Look at the journal of `alvh live`."))

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
        "--map-chain", type=pair, action="append", default=[], metavar="NAME=COLUMN"
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
