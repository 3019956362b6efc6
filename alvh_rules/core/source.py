"""Text and the places in it.

A `Source` is one file as read, with a table of line starts so that an offset becomes a line and a
column in O(log lines). A `Span` is a half-open range of offsets in one source, named by its path:
every syntax node and every diagnostic label carries one. Offsets count characters, lines and
columns count from one, as editors show them.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple


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

    __slots__ = ("_line_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        starts = [0]
        find = text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        self._line_starts = starts

    @property
    def line_count(self) -> int:
        """How many lines the text has, the one after a final newline included."""
        return len(self._line_starts)

    def position(self, offset: int) -> Position:
        """The line and column of an offset; past the end it is the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

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
