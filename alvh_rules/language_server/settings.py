"""The data that hover takes last values from: `[lsp]` of alvh.toml, and the client's options.

Of `data`, `map`, `calendars` and `timezone`, what the client's initialization options say goes before
alvh.toml; their relative paths are from the editor's first folder. Options that cannot be understood
are as if they were not there; the reason goes to the log. (Mistakes in alvh.toml are shown in it.)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alvh_rules.lint.configuration import LSP_KEYS, EditorData, read_editor_data

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientData:
    """What a client's initialization options say, and which keys they have."""

    keys: frozenset[str] = frozenset()
    data: EditorData = field(default_factory=EditorData)

    def before(self, configured: EditorData) -> EditorData:
        """The settings of a ruleset: the client's where it has said one, else those of alvh.toml."""
        return replace(configured, **{key: getattr(self.data, key) for key in self.keys})


def client_data(options: Any, folders: list[Path]) -> ClientData:
    """What initialization options say; a key without a value (`null`) is not said."""
    if not isinstance(options, Mapping):
        return ClientData()
    told = {key: options[key] for key in LSP_KEYS if options.get(key) is not None}
    data, problems = read_editor_data(told, folders[0] if folders else Path())
    for problem in problems:
        _log.warning("initialization options: %s", problem.message)
    return ClientData() if problems else ClientData(frozenset(told), data)
