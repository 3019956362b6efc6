"""What can be wrong with the files of a run: all of the stage's messages, a function each."""

from __future__ import annotations

from alvh_rules.core.diagnostics import Diagnostic, Severity


def _error(message: str, location: str, help: str) -> Diagnostic:
    return Diagnostic("ALV940", Severity.ERROR, message, location=location, help=help)


_AGAIN = "`alvh backtest RULESET --data … --out FOLDER` writes them anew"


def no_run(folder: str) -> Diagnostic:
    """A folder without `run.json`."""
    return _error(
        "this folder holds no run: it has no `run.json`",
        folder,
        f"a run's files are needed; {_AGAIN}",
    )


def unreadable(path: str, reason: str) -> Diagnostic:
    """A file of a run that is not there or cannot be read."""
    return _error(f"this file of a run cannot be read: {reason}", path, _AGAIN)


def other_format(path: str, written: object, known: int) -> Diagnostic:
    """A run in a format that this program does not know."""
    return _error(
        f"this run is written in format {written}, and this program reads format {known}",
        path,
        _AGAIN,
    )


def changed(path: str) -> Diagnostic:
    """A file whose content is not what `run.json` says."""
    return _error(
        "this file is not the one that its run wrote: it was changed since, or is of another run",
        path,
        f"a report is made of the files as they were written; {_AGAIN}",
    )
