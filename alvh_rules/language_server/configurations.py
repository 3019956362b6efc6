"""The `alvh.toml` that holds for a folder, read again when it has changed on the disk.

It is looked for as `alvh check` looks for it (`lint/configuration.py`), at every check: one may be
written, moved or taken away while the editor is open. A file is read when its size or time of change
is another than it was. What is wrong with it is kept beside what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.lint.configuration import Configuration, find_configuration, read_configuration

Stamp = tuple[int, int]
"""The time of change and the size of a file."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What holds for a folder, the file that says so (None: no file does), what is wrong with it."""

    configuration: Configuration = field(default_factory=Configuration)
    path: Path | None = None
    problems: tuple[Diagnostic, ...] = ()


UNCONFIGURED: Final = Configured()


class Configurations:
    """Every `alvh.toml` that was asked for. The same object is given for as long as a file stays."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[Stamp, Configured]] = {}

    def of(self, folder: Path | None) -> Configured:
        """What holds for the rulesets of a folder; None for a text that is in none."""
        path = None if folder is None else find_configuration(folder)
        if path is None:
            return UNCONFIGURED
        try:
            status = path.stat()
        except OSError:
            # It went away since it was found.
            return UNCONFIGURED
        stamp = status.st_mtime_ns, status.st_size
        known = self._read.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        configuration, problems = read_configuration(path)
        made = Configured(configuration, path, tuple(problems))
        self._read[path] = stamp, made
        return made
