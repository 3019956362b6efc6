"""How often a ruleset was tried: a line for every distinct run, in `trials.jsonl` beside its files.

The best of many backtests looks good by luck alone; who reads a report should know of how many it is
the best. A trial is what can change the outcome: the bytes of the ruleset and of the data, and the
settings. The same trial again adds no line. Lines are appended whole, in one write, so that runs at
the same time do not mix; a line that cannot be read is counted as lost and never as nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from alvh_rules.backtest.result import Backtest

FILE: Final = "trials.jsonl"
MOST_BYTES: Final = 16 << 20
"""What is read of the file; some forty thousand trials."""
_DIGEST: Final = re.compile(r"(?:sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One distinct run: the ruleset's name, the digest of all it rests on, its span of days, and its
    Sharpe ratio by the year (NaN where unknown)."""

    ruleset: str
    version: str
    key: str
    first: str
    last: str
    sharpe: float


@dataclass(frozen=True, slots=True)
class Trials:
    """The trials of a folder, oldest first, and how many lines of its file could not be read."""

    each: tuple[Trial, ...] = ()
    lost: int = 0

    def others(self, trial: Trial) -> list[float]:
        """The Sharpe ratios of the same ruleset's other trials; a lost line counts as unknown."""
        same = [item for item in self.each if item.ruleset == trial.ruleset]
        found = [item.sharpe for item in same if item.key != trial.key]
        return found + [math.nan] * self.lost


def trial_of(backtest: Backtest, first: str, last: str, sharpe: float) -> Trial:
    """The trial that a backtest is."""
    return Trial(backtest.ruleset, backtest.version, key_of(backtest), first, last, sharpe)


def key_of(backtest: Backtest) -> str:
    """The digest of what the outcome rests on: contents by their digests (not the files' names, which
    may change), settings and capital. Versions of libraries are no part of an idea that is tried."""
    settings = {
        name: {str(item): share for item, share in sorted(value.items())}
        if name == "slippage"
        else str(value)
        for name, value in asdict(backtest.settings).items()
    }
    digests = sorted(value for value in backtest.sources.values() if _DIGEST.fullmatch(value))
    content = {"sources": digests, "settings": settings, "capital": backtest.capital}
    if backtest.versions:
        # The same texts, in force on other days, are another trial.
        content["versions"] = [[str(item.first), item.content] for item in backtest.versions]
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_trials(folder: Path) -> Trials:
    """The trials recorded in a folder; none where it has no such file.

    A file over `MOST_BYTES` is read from its beginning so far, and what is beyond counts as one lost
    line. Raises OSError where the file is there and cannot be read.
    """
    try:
        with (folder / FILE).open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Trials()
    lines = text[:MOST_BYTES].splitlines()
    if len(text) > MOST_BYTES and not text[:MOST_BYTES].endswith(b"\n"):
        lines.pop()
    found = [_read_line(line) for line in lines if line.strip()]
    each: dict[tuple[str, str], Trial] = {}
    for trial in found:
        if trial is not None:
            each.setdefault((trial.ruleset, trial.key), trial)
    lost = sum(trial is None for trial in found) + (len(text) > MOST_BYTES)
    return Trials(tuple(each.values()), lost)


def record_trial(folder: Path, trial: Trial) -> Trials:
    """Append a trial unless it is recorded; returns the trials of the folder with it.

    Raises OSError where the file cannot be written.
    """
    before = read_trials(folder)
    if any((item.ruleset, item.key) == (trial.ruleset, trial.key) for item in before.each):
        return before
    content = {**asdict(trial), "sharpe": trial.sharpe if math.isfinite(trial.sharpe) else None}
    line = (json.dumps(content) + "\n").encode()
    path = folder / FILE
    # A line that was cut off by a crash must not swallow the next one.
    if path.exists() and path.stat().st_size and not _ends_a_line(path):
        line = b"\n" + line
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
    return Trials((*before.each, trial), before.lost)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _read_line(line: bytes) -> Trial | None:
    try:
        content: Any = json.loads(line)
        sharpe = content["sharpe"]
        texts = {name: content[name] for name in ("ruleset", "version", "key", "first", "last")}
        if not all(isinstance(text, str) for text in texts.values()):
            return None
        return Trial(**texts, sharpe=math.nan if sharpe is None else float(sharpe))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
