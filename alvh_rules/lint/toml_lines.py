"""On which line of a TOML document a key, or a text in its value, stands.

`tomllib` gives values without places. The document has been read by it before, so that its form is
known to be sound: a scan of its lines for table headers and `key =` is enough. What the scan cannot
place (a key inside an inline table) gets the line of the nearest key around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_HEADER: Final = re.compile(r"^\s*\[\[?(.+?)\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(
    r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
_PART: Final = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


class TomlLines:
    """The lines of one document, counted from one."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._keys: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                table = _parts(header[1])
                self._keys.setdefault(table, number)
            elif key := _KEY.match(line):
                whole = (*table, *_parts(key[1]))
                for length in range(len(table) + 1, len(whole) + 1):
                    self._keys.setdefault(whole[:length], number)

    def of(self, path: Sequence[str], text: str = "") -> int:
        """The line of a key; or, with `text`, of the first line from there on that holds it."""
        whole = tuple(path)
        length = next(n for n in range(len(whole), -1, -1) if n == 0 or whole[:n] in self._keys)
        first = self._keys.get(whole[:length], 1)
        for number in range(first, len(self._lines) + 1):
            line = self._lines[number - 1]
            if text and (f'"{text}"' in line or f"'{text}'" in line):
                return number
        return first


def _parts(key: str) -> tuple[str, ...]:
    return tuple(next(part for part in found if part is not None) for found in _groups(key))


def _groups(key: str) -> list[tuple[str | None, ...]]:
    return [found.groups() for found in _PART.finditer(key)]
