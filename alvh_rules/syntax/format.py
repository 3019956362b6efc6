"""The canonical form of a ruleset.

1. A source with syntax errors is returned as it is, with what was found.
2. Line ends become `\n`; the text is parsed, and each item printed to lines that know which lines
   of the source they stand for (`print_items.py`).
3. The lines of the source between two printed lines are a gap: its comments and blank lines are put
   back in their order. A comment goes before the line it preceded, at its indentation; one that
   closes a block (it is indented deeper than what follows) stays in that block. Blank lines are
   kept, one at a time; items of different kinds, and items of several lines, get one between them.
4. Lines longer than 100 columns are broken inside brackets where they have any.

Formatting is stable, and what it prints parses to an equal tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.print_expressions import break_line
from alvh_rules.syntax.print_items import ItemPrinter
from alvh_rules.syntax.print_lines import PrintedLine

WIDTH: Final = 100
"""Columns of a line, where its brackets allow."""

_QUOTED_OR_COMMENT = re.compile(r'"[^"\n]*"|#[^\n]*')


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment, the column it starts in, and whether it has its line to itself."""

    text: str
    indent: int
    alone: bool


def format_source(source: Source) -> tuple[str, list[Diagnostic]]:
    """A ruleset's text in canonical form, and the diagnostics of its syntax.

    With a syntax error the text comes back unchanged. So does a text of which some line would grow
    past the longest that may be read (`bounds.MOST_LINE`).
    """
    parsed = parse(source)
    if parsed.diagnostics:
        return source.text, list(parsed.diagnostics)
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text != source.text:
        source = Source(source.path, text)
        parsed = parse(source)
    formatted = _Formatter(source, parsed.file).text()
    if any(len(line) > bounds.MOST_LINE for line in formatted.split("\n")):
        return source.text, []
    return formatted, []


def _sort(item: ast.Item) -> type:
    """Items of one sort may follow on one another without a blank line; both forms of `always` do."""
    return ast.Always if isinstance(item, ast.Monotone) else type(item)


class _Formatter:
    """The comments and blanks of one source, put back between its printed lines."""

    def __init__(self, source: Source, file: ast.File) -> None:
        self._source = source
        self._comments: dict[int, _Comment] = {}
        self._blank: set[int] = set()
        self._indents: dict[int, int] = {}
        for number, raw in enumerate(source.text.split("\n"), 1):
            self._read_line(number, raw)
        self._line_count = source.line_count
        self._lines: list[PrintedLine] = []
        self._apart: set[int] = set()
        """Which printed lines begin an item that a blank line goes before."""
        self._print_items(file, ItemPrinter(source, sorted(self._indents)))
        self._output: list[str] = []
        self._open: list[PrintedLine] = []
        """The last line written and those of the blocks around it, outermost first."""

    def _read_line(self, number: int, raw: str) -> None:
        stripped = raw.strip()
        if not stripped:
            self._blank.add(number)
            return
        indent = len(raw) - len(raw.lstrip())
        comment = next((m for m in _QUOTED_OR_COMMENT.finditer(raw) if m[0][0] == "#"), None)
        if comment is not None:
            alone = comment.start() == indent
            self._comments[number] = _Comment(comment[0].rstrip(), indent, alone)
            if alone:
                return
        self._indents[number] = indent

    def _print_items(self, file: ast.File, printer: ItemPrinter) -> None:
        widths = self._let_widths(file)
        before: ast.Item | None = None
        before_lines = 0
        for at, item in enumerate(file.items):
            printed = printer.print_item(item, widths.get(at, 0))
            if before is not None and (
                _sort(before) is not _sort(item) or before_lines > 1 or len(printed) > 1
            ):
                self._apart.add(len(self._lines))
            self._lines += printed
            before, before_lines = item, len(printed)

    def _let_widths(self, file: ast.File) -> dict[int, int]:
        """How wide the names are of each run of lets with no blank line and nothing between."""
        widest: dict[int, int] = {}
        begins: dict[int, int] = {}
        begun: int | None = None
        for at, item in enumerate(file.items):
            if not isinstance(item, ast.Let):
                begun = None
                continue
            if begun is None or self._blank_between(file.items[at - 1], item):
                begun = at
            begins[at] = begun
            widest[begun] = max(widest.get(begun, 0), len(item.name.name))
        return {at: widest[begun] for at, begun in begins.items()}

    def _blank_between(self, first: ast.Item, second: ast.Item) -> bool:
        start = self._source.position(first.span.end - 1).line
        end = self._source.position(second.span.start).line
        return any(line in self._blank for line in range(start + 1, end))

    def text(self) -> str:
        """The whole text."""
        for at, line in enumerate(self._lines):
            before = self._lines[at - 1] if at else None
            end = before.last if before else 0
            self._gap(range(end + 1, line.first), before, line, at in self._apart)
            self._line(line)
            self._enter(line)
        last = self._lines[-1] if self._lines else None
        self._gap(range((last.last if last else 0) + 1, self._line_count + 1), last, None, False)
        return "".join(f"{line}\n" for line in self._output)

    def _enter(self, line: PrintedLine) -> None:
        """Lines that are indented as deep as a later one hold no comment after it."""
        indent = self._indents[line.first]
        while self._open and self._indents[self._open[-1].first] >= indent:
            self._open.pop()
        self._open.append(line)

    def _line(self, line: PrintedLine) -> None:
        found = [
            comment
            for number in range(line.first, line.last + 1)
            if (comment := self._comments.get(number)) is not None
        ]
        trailing = ""
        if found and not found[-1].alone:
            trailing = f"  {found.pop().text}"
        # Comments inside brackets have no place on one line: they go before it.
        self._output += [f"{' ' * line.indent}{comment.text}" for comment in found]
        first, *rest = break_line(line.text, line.indent, WIDTH)
        pieces = [" " * line.indent + first, *(" " * (line.indent + 4) + piece for piece in rest)]
        self._output += pieces
        self._output[-1] += trailing

    def _gap(
        self, numbers: range, before: PrintedLine | None, after: PrintedLine | None, apart: bool
    ) -> None:
        """The comments and blanks between two printed lines (None at the ends of the file)."""
        rows: list[str] = []
        closing = 0
        still_before = before is not None
        for number in numbers:
            comment = self._comments.get(number)
            if comment is None:
                if number in self._blank and (not rows or rows[-1]):
                    rows.append("")
                continue
            indent = after.indent if after else 0
            if still_before:
                block = self._closing_indent(comment, after)
                still_before = block is not None
                indent = indent if block is None else block
            rows.append(" " * indent + comment.text)
            if still_before:
                closing = len(rows)
        if before is None or (after is not None and after.indent > before.indent):
            while rows and not rows[0]:
                rows.pop(0)
        if after is None:
            while rows and not rows[-1]:
                rows.pop()
        if apart and "" not in rows:
            rows.insert(closing, "")
        self._output += rows

    def _closing_indent(self, comment: _Comment, after: PrintedLine | None) -> int | None:
        """The indentation of a comment that closes the block above, or None where it does not."""
        following = 0 if after is None else self._indents[after.first]
        if comment.indent <= following:
            return None
        for line in reversed(self._open):
            if self._indents[line.first] <= comment.indent:
                closes = self._indents[line.first] > following
                return line.indent if closes else None
        return None
