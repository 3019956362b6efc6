"""What the server is told: the client's initialization options, and the `[lsp]` table of alvh.toml.

`data` names a file (or a list of files) from which hover takes each name's last value. A relative
path is from the folder of the `alvh.toml` that says it, or from the editor's first folder. What the
client says goes first. A setting that cannot be understood is as if it were not there; the reason
goes to the log.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FILE: Final = "alvh.toml"

_log = logging.getLogger(__name__)


def data_files(options: Any, folders: list[Path], ruleset: Path | None) -> tuple[Path, ...]:
    """The files of data for a ruleset; empty where none are set."""
    told = options.get("data") if isinstance(options, Mapping) else None
    if told is not None:
        base = folders[0] if folders else Path()
        return _paths(told, base, "initialization options")
    for folder in () if ruleset is None else ruleset.parents:
        path = folder / FILE
        if path.is_file():
            return _paths(_table(path).get("data"), folder, str(path))
    return ()


def _table(path: Path) -> Mapping[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("lsp", {})
    except (OSError, ValueError) as problem:
        _log.warning("%s cannot be read: %s", path, problem)
        return {}
    return found if isinstance(found, Mapping) else {}


def _paths(told: Any, base: Path, where: str) -> tuple[Path, ...]:
    if told is None:
        return ()
    names = told if isinstance(told, list) else [told]
    if not all(isinstance(name, str) for name in names):
        _log.warning("%s: `data` is a file's name, or a list of them", where)
        return ()
    return tuple(base / name for name in names)
