"""A run's files: written so that they are of one run, and read back as the same backtest.

    equity.csv  trades.csv  prevented.csv              for spreadsheets; numbers read back exactly
    positions.parquet  decisions.parquet  market.parquet
    run.json          the rest, the metrics, and the SHA-256 of each file above
    trials.jsonl      one line a distinct run of the ruleset (`trials.py`)

All are written into a new folder inside the target and moved from there, `run.json` last. Whatever
stops a run in between, and whatever is changed afterwards, a file that is not what `run.json` says is
refused when the run is read. Nothing else in the folder is touched.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alvh_rules.backtest.result import Backtest, GovernedVersion, Settings
from alvh_rules.backtest_report import errors
from alvh_rules.backtest_report.metrics import Metrics, metrics
from alvh_rules.backtest_report.trials import read_trials, record_trial, trial_of
from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span
from alvh_rules.core.version import VERSION

if TYPE_CHECKING:
    import pandas

FORMAT: Final = 1
"""The version of a run's files."""
RUN: Final = "run.json"
MOST_BYTES: Final = 64 << 20
"""What is read of `run.json`."""
FRAMES: Final = {
    "equity": "equity.csv",
    "trades": "trades.csv",
    "prevented": "prevented.csv",
    "positions": "positions.parquet",
    "decisions": "decisions.parquet",
    "market": "market.parquet",
}
"""The file of each frame of a backtest."""
_DAYS: Final = ("date", "decided", "expiry")
_TEXTS: Final = (
    *("position", "owner", "action", "structure", "legs", "clause", "place", "source"),
    *("underlying", "right", "reason", "version"),
)


def write_run(backtest: Backtest, folder: Path) -> Metrics:
    """Write a run into a folder, which is made where it is not there, and record it as a trial.

    Returns its figures, with the trials that the folder knows of. Raises OSError where the folder
    cannot be written; what stood there before is then whole, or refused when it is read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    alone = metrics(backtest)
    trial = trial_of(backtest, str(alone.first), str(alone.last), alone.hedged.sharpe)
    figures = metrics(backtest, record_trial(folder, trial).others(trial))
    made = folder / f".alvh-{os.urandom(8).hex()}"
    made.mkdir()
    try:
        for name, file in FRAMES.items():
            _write_frame(getattr(backtest, name), made / file)
        digests = {file: _digest(made / file) for file in FRAMES.values()}
        text = json.dumps(_document(backtest, figures, digests), indent=2, allow_nan=False)
        (made / RUN).write_text(text + "\n", encoding="utf-8", newline="")
        for file in (*FRAMES.values(), RUN):
            os.replace(made / file, folder / file)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return figures


def read_run(folder: Path) -> tuple[Backtest | None, list[Diagnostic]]:
    """The backtest that a folder holds, or why there is none."""
    path = folder / RUN
    if not path.is_file():
        return None, [errors.no_run(str(folder))]
    try:
        if path.stat().st_size > MOST_BYTES:
            return None, [errors.unreadable(str(path), f"it is over {MOST_BYTES:,} bytes")]
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or "format" not in content:
            raise ValueError("it is no run")
    except (OSError, ValueError, RecursionError) as problem:
        return None, [errors.unreadable(str(path), str(problem))]
    if content["format"] != FORMAT:
        return None, [errors.other_format(str(path), content["format"], FORMAT)]
    frames: dict[str, pandas.DataFrame] = {}
    found: list[Diagnostic] = []
    for name, file in FRAMES.items():
        try:
            if _digest(folder / file) != content["files"][file]:
                found.append(errors.changed(str(folder / file)))
            else:
                frames[name] = _read_frame(folder / file)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            reason = getattr(problem, "strerror", None) or str(problem)
            found.append(errors.unreadable(str(folder / file), reason))
    if found:
        return None, found
    try:
        return _backtest(content, frames), []
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        return None, [errors.unreadable(str(path), f"{type(problem).__name__}: {problem}")]


def trials_of(backtest: Backtest, folder: Path) -> list[float]:
    """The Sharpe ratios of the other trials of a run that stands in a folder."""
    return read_trials(folder).others(trial_of(backtest, "", "", float("nan")))


def _document(backtest: Backtest, figures: Metrics, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "program": VERSION,
        "ruleset": backtest.ruleset,
        "version": backtest.version,
        "capital": backtest.capital,
        "settings": {
            field.name: _written(getattr(backtest.settings, field.name))
            for field in dataclasses.fields(backtest.settings)
        },
        "sources": dict(backtest.sources),
        "metrics": figures.to_dict(),
        "events": {
            name: [str(_day(item)) for item in each] for name, each in backtest.events.items()
        },
        "found": [_finding(item) for item in backtest.found],
        "files": digests,
        **(
            {"versions": [_version(item) for item in backtest.versions]}
            if backtest.versions
            else {}
        ),
    }


def _version(item: GovernedVersion) -> dict[str, Any]:
    return {name: _plain(value) for name, value in dataclasses.asdict(item).items()}


def _plain(value: Any) -> Any:
    return (
        str(value)
        if isinstance(value, date)
        else list(value)
        if isinstance(value, tuple)
        else value
    )


def _governed_version(content: dict[str, Any]) -> GovernedVersion:
    days = {name: date.fromisoformat(content[name]) for name in ("first", "last")}
    return GovernedVersion(**{**content, **days, "account": tuple(content["account"])})


def _backtest(content: dict[str, Any], frames: dict[str, pandas.DataFrame]) -> Backtest:
    known = {field.name for field in dataclasses.fields(Settings)}
    settings = {name: value for name, value in content["settings"].items() if name in known}
    settings["slippage"] = {int(legs): share for legs, share in settings["slippage"].items()}
    for name in ("first", "last"):
        settings[name] = None if settings[name] is None else date.fromisoformat(settings[name])
    return Backtest(
        ruleset=content["ruleset"],
        version=content["version"],
        capital=content["capital"],
        settings=Settings(**settings),
        events={
            name: tuple(date.fromisoformat(item) for item in each)
            for name, each in content["events"].items()
        },
        found=tuple(_found(item) for item in content["found"]),
        sources=content["sources"],
        versions=tuple(_governed_version(item) for item in content.get("versions", ())),
        **frames,
    )


def _written(value: Any) -> Any:
    """A setting as JSON has it."""
    if isinstance(value, dict):
        return {str(name): item for name, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(_day(value))


def _day(value: Any) -> date:
    """A day, whichever of the libraries' types it is."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    import pandas

    return pandas.Timestamp(value).date()  # type: ignore[no-any-return]


def _finding(item: Diagnostic) -> dict[str, Any]:
    """A finding without its second places and its fix, which are of an editor."""
    return {
        "code": item.code,
        "severity": item.severity.value,
        "message": item.message,
        "span": None if item.span is None else list(item.span),
        "label": item.label,
        "help": item.help,
        "location": item.location,
    }


def _found(content: dict[str, Any]) -> Diagnostic:
    span = content["span"]
    return Diagnostic(
        content["code"],
        Severity(content["severity"]),
        content["message"],
        None if span is None else Span(*span),
        content["label"],
        help=content["help"],
        location=content["location"],
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_frame(frame: pandas.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
        return
    frame.to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n", encoding="utf-8")


def _read_frame(path: Path) -> pandas.DataFrame:
    """A frame as it was written; days are `datetime64`, an absent text is an empty one."""
    import pandas

    if path.suffix == ".parquet":
        return pandas.read_parquet(path)
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for name in frame.columns:
        if name in _DAYS:
            frame[name] = pandas.to_datetime(frame[name].replace("", None), format="%Y-%m-%d")
        elif name not in _TEXTS:
            frame[name] = _numbers(frame[name].tolist())
    return frame


def _numbers(texts: list[str]) -> Any:
    """Whole numbers where all are written so, floats otherwise; an empty text is unknown. A column that
    is of no number is kept as text: a later version of the program may write one."""
    import numpy as np

    if texts and all(text.lstrip("-").isdecimal() for text in texts):
        return np.array([int(text) for text in texts], dtype=np.int64)
    try:
        return np.array([float(text or "nan") for text in texts], dtype=np.float64)
    except ValueError:
        return texts
