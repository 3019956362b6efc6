"""What can stop a live run: all of the stage's messages, a function each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alvh_rules.core.diagnostics import Diagnostic, Severity


class LiveError(Exception):
    """A diagnostic on its way to the command, which shows it and stops."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


def _error(code: str, message: str, location: str, help: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, help=help, location=location)


# --- journals ---


def unusable_journal(location: str, reason: str, help: str = "") -> Diagnostic:
    """A journal that cannot be opened, read or written."""
    return _error("ALV920", f"this journal cannot be used: {reason}", location, help)


def locked_journal(location: str) -> Diagnostic:
    """A journal that another process writes."""
    return _error(
        "ALV920",
        "this journal cannot be used: another process is writing it",
        location,
        "one `alvh live` writes a journal; stop the other, or name another journal",
    )


def full_journal(location: str, reason: str) -> Diagnostic:
    """A journal that has no more room."""
    return _error(
        "ALV920",
        f"this journal cannot be used: {reason}",
        location,
        "every decision told so far stands in it; make room, start again, and it goes on",
    )


def other_ruleset(location: str, theirs: str, ours: str) -> Diagnostic:
    """A journal that another ruleset has begun."""
    return _error(
        "ALV921",
        f"this journal is of `{theirs}`, and the ruleset is `{ours}`",
        location,
        "name another journal: one journal holds the decisions of one ruleset",
    )


def changed_ruleset(location: str, name: str, theirs: str, ours: str, bars: int) -> Diagnostic:
    """A journal of this ruleset as it was before it was changed."""
    return _error(
        "ALV921",
        f"`{name}` is not what it was when this journal was begun ({theirs} then, {ours} now)",
        location,
        f"its {bars:,} bars were decided by the ruleset it holds: put that back, or begin a new journal",
    )


def other_reading(location: str, what: str, theirs: str, ours: str) -> Diagnostic:
    """A journal whose bars were read in another way."""
    return _error(
        "ALV921",
        f"this journal was begun with {what} {theirs}, not {ours}",
        location,
        "its account is one of those costs and days: give the same, or begin a new journal"
        if what.startswith("paper ")
        else "its bars mean what they meant then: read the feed in the same way, or begin a new journal",
    )


def other_account(location: str, begun_with: bool) -> Diagnostic:
    """A journal that was begun with a paper account and is gone on without, or the other way."""
    then, now = ("with", "without") if begun_with else ("without", "with")
    return _error(
        "ALV921",
        f"this journal was begun {then} a paper account, and this run is {now} one",
        location,
        "its decisions are those of its account: give `--paper` again, or begin a new journal"
        if begun_with
        else "an account begins with the first bar: leave out `--paper`, or begin a new journal",
    )


def paper_needs_days() -> Diagnostic:
    """A paper account of bars on which a backtest does not run either."""
    return _error(
        "ALV926",
        "a paper account trades on daily bars of the exchange's sessions, and this ruleset's bars are"
        " shorter, or around the clock",
        "--paper",
        "its prices are those of closes; leave out `--paper`: the decisions are told all the same",
    )


def paper_trades_nothing() -> Diagnostic:
    """A paper account of a ruleset that opens nothing."""
    return _error(
        "ALV926",
        "this ruleset trades nothing: a paper account of it would hold cash for ever",
        "--paper",
        "add a layer, a hedge or `hold …` to the ruleset, or leave out `--paper`",
    )


def paper_setting(flag: str) -> Diagnostic:
    """A setting of the paper account where there is none."""
    return _error(
        "ALV926",
        f"`{flag}` is of the paper account, and there is none",
        flag,
        "add `--paper`",
    )


def decided_otherwise(location: str, key: str, name: str, there: Any, here: Any) -> Diagnostic:
    """A decision of the journal that deciding its bars again does not give."""
    return _error(
        "ALV922",
        f"`{name}` on {key} is {_told(there)} in this journal, and deciding its bars again gives"
        f" {_told(here)}",
        location,
        "the journal was changed, or this version of alvh decides otherwise;"
        " `alvh journal replay` lists every difference",
    )


def no_such_bar(location: str, key: str, first: str, last: str) -> Diagnostic:
    """A bar that a journal does not hold."""
    held = f"it holds {first} to {last}" if first else "it holds no bar"
    return _error("ALV923", f"this journal has no bar {key}", location, held)


def _told(value: Any) -> str:
    return (
        "unknown"
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


# --- feeds and sinks ---


def unknown_scheme(what: str, written: str, known: Sequence[str], near: str = "") -> Diagnostic:
    """A feed or sink that there is not."""
    help = f"did you mean `{near}`?" if near else f"a {what} is one of {', '.join(known)}"
    return _error("ALV924", f"there is no {what} `{written}`", f"--{what}", help)


def unusable(what: str, written: str, reason: str, help: str = "") -> Diagnostic:
    """A feed or sink that cannot be used as it is named."""
    return _error("ALV924", f"the {what} `{written}` cannot be used: {reason}", f"--{what}", help)


def needs_library(what: str, library: str) -> Diagnostic:
    """A part whose library is not installed."""
    return _error(
        "ALV924",
        f"{what} needs {library}, which is not installed",
        "",
        "install it with `pip install 'alvh-rules[live]'`",
    )


def foreign_file(location: str, reason: str) -> Diagnostic:
    """A file sink that holds what this journal did not tell."""
    return _error(
        "ALV925",
        f"this file cannot take the journal's decisions: {reason}",
        location,
        "name another file; one that is empty or absent is filled from the journal's first bar",
    )
