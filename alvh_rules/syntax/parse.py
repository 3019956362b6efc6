"""Parse a source into a `File`, reporting every error that can be found.

1. The text is cut at its column-one lines (`split.py`). What an item comes to depends on its own
   text alone: an item that an earlier parse of the file has read is taken from there, its spans
   moved to where it stands now.
2. The layout of each other item is checked, and lines at fault are blanked out.
3. The item is read, straight into syntax nodes (`reduce.py`, `make_nodes.py`).
4. Where it does not parse, the line at fault is reported (`describe.py`), blanked out with the lines
   under it, and the item is tried again, a bounded number of times. An item whose first line is at
   fault is given up. The names it may have declared are returned, so that the checker does not also
   report every use of them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.describe import describe, fault_offset
from alvh_rules.syntax.make_nodes import CALLBACKS, Maker
from alvh_rules.syntax.move import moved, moved_diagnostic
from alvh_rules.syntax.reduce import LayoutError, Reduction, UnreadableError
from alvh_rules.syntax.split import (
    Line,
    blank_out,
    check_layout,
    content_lines,
    item_starts,
    line_block,
    stray_lines,
)
from alvh_rules.syntax.table import table
from alvh_rules.syntax.walk import deeper_than

_MOST_TRIES = 20
"""How many lines of one item are reported before it is given up."""

_MOST_FOUND = 5 * bounds.MOST_DIAGNOSTICS
"""How many errors of a file are looked for: one with as many is no ruleset."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """An item's text, where it begins, and what it came to."""

    text: str
    start: int
    item: ast.Item | None
    diagnostics: tuple[Diagnostic, ...]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as far as it could be read, what was found, and names lost with unread lines.

    `pieces` is what a later parse of the file, edited, may take over.
    """

    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    lost: frozenset[str]
    pieces: tuple[Piece, ...] = field(default=(), compare=False, repr=False)


def parse(source: Source, reuse: Parsed | None = None) -> Parsed:
    """Read a source. Never raises for what the text says.

    `reuse` is what an earlier text of the same file came to: items that are still the same are not
    read again. The result is the same with it and without.
    """
    length = len(source.text)
    if not source.text.endswith("\n"):
        source = Source(source.path, source.text + "\n")
    text = source.text
    starts = [*item_starts(text), len(text)]
    known: dict[str, deque[Piece]] = {}
    if reuse is not None and reuse.file.path == source.path:
        for piece in reuse.pieces:
            known.setdefault(piece.text, deque()).append(piece)
    found = stray_lines(source, starts[0])
    lost = {word for item in found if item.span for word in _first_words(source, item.span)}
    pieces: list[Piece] = []
    for start, end in pairwise(starts):
        own = text[start:end]
        if len(found) >= _MOST_FOUND:
            lost.update(_declared(own))
            continue
        # Items with the same text are taken in their order, so that most of them stand still.
        if earlier := known.get(own):
            piece = _moved_piece(earlier.popleft(), start)
        else:
            piece = _read_piece(source.path, own, start)
        pieces.append(piece)
        found += piece.diagnostics
        lost |= piece.lost
    items = tuple(piece.item for piece in pieces if piece.item is not None)
    file = ast.File(source.path, items, source.span(0, length))
    diagnostics = tuple(_within(item, length) for item in found)
    return Parsed(file, diagnostics, frozenset(lost), tuple(pieces))


def _within(diagnostic: Diagnostic, length: int) -> Diagnostic:
    """A diagnostic about the end of the text, without the line end that `parse` added."""
    span = diagnostic.span
    if span is None or span.end <= length:
        return diagnostic
    return replace(diagnostic, span=Span(span.file, min(span.start, length), length))


def _moved_piece(piece: Piece, start: int) -> Piece:
    """A piece that an earlier parse has read, where it begins now."""
    by = start - piece.start
    if by == 0:
        return piece
    return Piece(
        piece.text,
        start,
        None if piece.item is None else moved(piece.item, by),
        tuple(moved_diagnostic(item, by) for item in piece.diagnostics),
        piece.lost,
    )


def _read_piece(path: str, text: str, start: int) -> Piece:
    """An item's text, read; it begins at this offset of the file."""
    reading = _Reading(path, text, start)
    item = reading.read()
    return Piece(text, start, item, tuple(reading.found), frozenset(reading.lost))


class _Reading:
    """One item on its way: its text, as it is and with the lines at fault blanked out."""

    def __init__(self, path: str, text: str, start: int) -> None:
        self._source = Source(path, text)
        self._start = start
        self._lines = content_lines(text)
        layout, self._text = check_layout(self._source, self._lines)
        self.found = [moved_diagnostic(item, start) for item in layout]
        self.lost: set[str] = set()
        if layout:
            self._lose(
                line
                for line in self._lines
                if self._text[line.start : line.end] != text[line.start : line.end]
            )

    def read(self) -> ast.Item | None:
        """The item, or None where none can be made out."""
        for tries in range(_MOST_TRIES):
            if not self._text.strip():
                return None
            maker = Maker(self._source.path, self._start)
            try:
                item: ast.Item = Reduction(table(), CALLBACKS, maker).read(self._text)
            except LayoutError:
                # The layout was checked, but a line with a bracket has been blanked out since.
                if tries == 0:
                    self._report(errors.unexpected_indentation(self._source, 0, self._lines[0].end))
                self._give_up()
                return None
            except UnreadableError as problem:
                if not self._blank_fault(problem):
                    self._give_up()
                    return None
            else:
                return self._kept(item, maker)
        return None

    def _kept(self, item: ast.Item, maker: Maker) -> ast.Item | None:
        self.found += maker.found
        for reserved in maker.found:
            if reserved.code == "ALV009" and reserved.span is not None:
                span = reserved.span
                self.lost.add(self._text[span.start - self._start : span.end - self._start])
        # A level takes a character at least, so that most items need no look.
        if len(self._text) > bounds.MOST_DEPTH and deeper_than(item, bounds.MOST_DEPTH):
            self.found.append(errors.expression_too_deep(self._source, item.span))
            self.lost.update(_WORD.findall(self._source.line_text(1)))
            return None
        return item

    def _blank_fault(self, problem: UnreadableError) -> bool:
        """Report the line at fault and blank it out; whether there is something left to read."""
        at = fault_offset(self._text, self._lines, problem)
        block = line_block(self._lines, at)
        diagnostic = describe(self._source, self._text, problem, at, block[0])
        # Rows that were blanked out have been reported themselves.
        if diagnostic.code != "ALV006" or not self._blanked_below(at):
            self._report(diagnostic)
        self._lose(Line(start, end, 0) for start, end in block)
        if block[0][0] == 0:
            return False
        self._text = blank_out(self._text, block)
        return any(self._text[line.start : line.end].strip() for line in self._lines[1:])

    def _report(self, diagnostic: Diagnostic) -> None:
        self.found.append(moved_diagnostic(diagnostic, self._start))

    def _lose(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.lost.update(_WORD.findall(self._source.text[line.start : line.end])[:3])

    def _give_up(self) -> None:
        self.lost.update(_declared(self._source.text))

    def _blanked_below(self, at: int) -> bool:
        """Whether the line after the one at this offset has been blanked out."""
        below = next((line for line in self._lines if line.start > at), None)
        return below is not None and not self._text[below.start : below.end].strip()


def _first_words(source: Source, span: Span) -> list[str]:
    return _WORD.findall(source.text[span.start : span.end])[:3]


def _declared(text: str) -> list[str]:
    """The first words of each line: what a lost item may have declared."""
    return [word for line in text.splitlines() for word in _WORD.findall(line)[:3]]


def parse_expression(text: str) -> ast.Expression | None:
    """Read an expression on its own (`--at`-style questions, tools); None where it is none."""
    parsed = parse(Source("", f"let it = {text}\n"))
    if parsed.diagnostics or len(parsed.file.items) != 1:
        return None
    item = parsed.file.items[0]
    return item.value if isinstance(item, ast.Let) else None
