"""What was found in a ruleset, kept until something that it rests on changes.

One small JSON file a ruleset, in the user's folder for caches (`ALVH_CACHE` names another). It holds
the digests of the texts that were read and the findings. It answers only where all of these are as
they were: the texts of the ruleset and of the files it uses, the configuration and the arguments, and
this program. What cannot be read or written is simply not cached.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from alvh_rules import __version__
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from alvh_rules.core.files import write_text_atomically
from alvh_rules.core.source import Source, Span

_UNCERTAIN = "ALV91"
"""Findings about files that could not be used: whether they can be now is not known from digests."""


def folder() -> Path:
    """Where findings are kept."""
    named = os.environ.get("ALVH_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alvh-rules"


class Cache:
    """Findings by ruleset. `settings` is all but the texts that findings depend on."""

    def __init__(self, settings: Iterable[str]) -> None:
        self._settings = [_program(), *settings]

    def find(self, path: Path, more: str = "") -> tuple[list[Diagnostic], list[Source]] | None:
        """The findings of a ruleset and the sources they speak of, if nothing has changed.

        `more` is a setting of this ruleset alone, such as its configuration.
        """
        try:
            entry = json.loads(self._place(path, more).read_text(encoding="utf-8"))
            sources = []
            for name, digest in entry["files"]:
                raw = Path(name).read_bytes()
                if hashlib.sha256(raw).hexdigest() != digest:
                    return None
                sources.append(_source(name, raw))
            return [_finding(item) for item in entry["findings"]], sources
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(
        self,
        path: Path,
        findings: Iterable[Diagnostic],
        sources: Mapping[str, Source],
        more: str = "",
    ) -> None:
        """Keep what was found in a ruleset that could be read."""
        found = list(findings)
        if not sources or any(item.code.startswith(_UNCERTAIN) for item in found):
            return
        try:
            digests = []
            for name, source in sources.items():
                raw = Path(name).read_bytes()
                if _source(name, raw).text != source.text:
                    # It was changed since it was checked.
                    return
                digests.append((name, hashlib.sha256(raw).hexdigest()))
            entry = {"files": digests, "findings": [asdict(item) for item in found]}
            place = self._place(path, more)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(place, json.dumps(entry))
        except (OSError, ValueError):
            return

    def _place(self, path: Path, more: str) -> Path:
        told = [str(path), str(Path.cwd()), more, *self._settings]
        return folder() / f"{hashlib.sha256(json.dumps(told).encode()).hexdigest()}.json"


@cache
def _program() -> str:
    """This program: its version, and in a checkout its files' last change."""
    package = Path(__file__).resolve().parents[1]
    last = max(item.stat().st_mtime_ns for item in package.rglob("*.py"))
    return f"{__version__} {last}"


def _source(name: str, raw: bytes) -> Source:
    text = raw.decode("utf-8-sig")
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _span(told: Any) -> Span:
    file, start, end = told
    return Span(str(file), int(start), int(end))


def _finding(told: dict[str, Any]) -> Diagnostic:
    fix = told["fix"]
    return Diagnostic(
        code=str(told["code"]),
        severity=Severity(told["severity"]),
        message=str(told["message"]),
        span=None if told["span"] is None else _span(told["span"]),
        label=str(told["label"]),
        labels=tuple(Label(_span(item["span"]), str(item["message"])) for item in told["labels"]),
        help=str(told["help"]),
        fix=None
        if fix is None
        else Fix(
            str(fix["message"]),
            tuple(Edit(_span(item["span"]), str(item["replacement"])) for item in fix["edits"]),
            bool(fix["safe"]),
        ),
        location=str(told["location"]),
    )
