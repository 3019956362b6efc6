"""Text and the places in it.

A `Source` is one file as read; a table of line starts makes an offset a line and a column in
O(log lines). A `Span` is a half-open range of offsets in one source, named by its path:
every syntax node and every diagnostic label carries one. Offsets count characters, lines and
columns count from one, as editors show them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

_LINE_END = re.compile("\n")


class Span(NamedTuple):
    """The characters `start` up to, not including, `end` of the source called `file`."""

    file: str
    start: int
    end: int

    def cover(self, other: Span) -> Span:
        """The smallest span that holds both (of one file)."""
        return Span(self.file, min(self.start, other.start), max(self.end, other.end))


class Position(NamedTuple):
    """A line and a column, both counted from one."""

    line: int
    column: int


class Source:
    """One file's text, under the path by which the user named it."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] = []

    @property
    def _line_starts(self) -> list[int]:
        """Where each line starts: made when it is first asked for, which most texts never are."""
        if not self._starts:
            self._starts = [0, *(found.end() for found in _LINE_END.finditer(self.text))]
        return self._starts

    @property
    def line_count(self) -> int:
        """How many lines the text has, the one after a final newline included."""
        return len(self._line_starts)

    def position(self, offset: int) -> Position:
        """The line and column of an offset; past the end it is the end."""
        offset = max(0, min(offset, len(self.text)))
        starts = self._line_starts
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def offset(self, line: int, column: int = 1) -> int:
        """The offset of a line and column, both from one."""
        return self._line_starts[line - 1] + column - 1

    def line_text(self, line: int) -> str:
        """A line's text without its line end."""
        start = self._line_starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    def one_line(self, span: Span) -> str:
        """The text of a span with its line ends and runs of blanks as single spaces."""
        return " ".join(self.text[span.start : span.end].split())

    def span(self, start: int, end: int) -> Span:
        """A span of this source."""
        return Span(self.path, start, end)
