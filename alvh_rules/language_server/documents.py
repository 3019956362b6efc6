"""An open document: its text, and the client's way of counting the places in it.

A client counts lines from zero and columns in units of the encoding that was agreed on: UTF-16, if
nothing else. The rest of the package counts characters from the beginning of the text. Only `\\n`,
`\\r\\n` and `\\r` end a line for both, unlike for Python's `splitlines`; a text is kept with `\\n`, which
moves no line and no column, since no position lies inside a line's end. A byte-order mark is left
out of the text, as it is of a file's, and counted again for the client.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsprotocol import types

from alvh_rules.core.source import Source, Span

Encoding = types.PositionEncodingKind

_MARK: Final = "\ufeff"
_LINE_END = re.compile(r"\r\n?")


def width(text: str, encoding: Encoding) -> int:
    """How many units of an encoding a text takes."""
    if encoding is Encoding.Utf32 or text.isascii():
        return len(text)
    # Half of a surrogate pair may reach us in JSON; it is one unit of UTF-16.
    if encoding is Encoding.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Places:
    """The offsets of a text as a client's positions, and back. Texts have `\\n` for a line's end."""

    def __init__(self, text: str, encoding: Encoding, lead: int = 0) -> None:
        self._text = text
        self._encoding = encoding
        self._lead = lead
        """Units before the text's first character, on its first line."""
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def position(self, offset: int) -> types.Position:
        """The position of an offset; of one beyond the end, the end."""
        offset = max(0, min(offset, len(self._text)))
        line = bisect_right(self._starts, offset) - 1
        units = width(self._text[self._starts[line] : offset], self._encoding)
        return types.Position(line, units + (self._lead if line == 0 else 0))

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; one beyond a line's end is that end, as the protocol says."""
        if position.line >= len(self._starts):
            return len(self._text)
        line = max(position.line, 0)
        start = self._starts[line]
        end = self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self._text)
        units = max(0, position.character - (self._lead if line == 0 else 0))
        content = self._text[start:end]
        if self._encoding is Encoding.Utf32 or content.isascii():
            return min(start + units, end)
        for at, character in enumerate(content):
            # A position in the middle of a character is that character's beginning.
            units -= width(character, self._encoding)
            if units < 0:
                return start + at
        return end


@dataclass(slots=True)
class Document:
    """A text that is open in the editor.

    `name` is what spans and messages call it: the file's path, or the address of a document that
    has none. `path` has its links resolved.
    """

    uri: str
    name: str
    path: Path | None
    version: int
    encoding: Encoding
    source: Source
    places: Places
    lead: int = 0

    @classmethod
    def opened(
        cls, uri: str, name: str, path: Path | None, version: int, text: str, encoding: Encoding
    ) -> Document:
        """A document with the text that it was opened with."""
        source = Source(name, "")
        empty = cls(uri, name, path, version, encoding, source, Places("", encoding))
        empty._replace(text)
        return empty

    def change(self, changes: Sequence[types.TextDocumentContentChangeEvent], version: int) -> None:
        """Apply a client's edits, one after the other."""
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                start = self.places.offset(change.range.start)
                end = max(start, self.places.offset(change.range.end))
                text = self.source.text
                self._keep(text[:start] + _with_line_ends(change.text) + text[end:])
            else:
                self._replace(change.text)
        self.version = version

    def _replace(self, text: str) -> None:
        marked = text.startswith(_MARK)
        self.lead = width(_MARK, self.encoding) if marked else 0
        self._keep(_with_line_ends(text.removeprefix(_MARK)))

    def _keep(self, text: str) -> None:
        self.source = Source(self.name, text)
        self.places = Places(text, self.encoding, self.lead)


def _with_line_ends(text: str) -> str:
    return _LINE_END.sub("\n", text) if "\r" in text else text
