"""Printed lines, and what the printers of items share to make them.

Each printed line remembers the lines of the source that its node was read from, which is how
`format.py` gives comments and blank lines their places again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import expression_text


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line's indentation and text, and the source lines it stands for, from one, inclusive."""

    indent: int
    text: str
    first: int
    last: int


def pad_columns(rows: Sequence[Sequence[str]], gap: str) -> list[str]:
    """Rows with their cells aligned to the left; the last cell of a row is not padded."""
    widths: dict[int, int] = {}
    for row in rows:
        for at, cell in enumerate(row[:-1]):
            widths[at] = max(widths.get(at, 0), len(cell))
    return [
        gap.join([*(cell.ljust(widths[at]) for at, cell in enumerate(row[:-1])), row[-1]])
        for row in rows
    ]


class LinePrinter:
    """The lines of one source's items, as they are printed."""

    def __init__(self, source: Source, content_lines: Sequence[int]) -> None:
        self._source = source
        self._content = content_lines
        self._lines: list[PrintedLine] = []
        self._from = 0

    def _line(self, offset: int) -> int:
        return self._source.position(offset).line

    def _content_between(self, first: int, last: int) -> Sequence[int]:
        """The lines with content from one line to another, both taken in."""
        content = self._content
        return content[bisect_left(content, first) : bisect_right(content, last)]

    def _add(self, indent: int, text: str, start: int, end: int | None = None) -> None:
        first = self._line(start)
        self._lines.append(
            PrintedLine(indent, text, first, first if end is None else self._line(end))
        )

    def _span(self, indent: int, text: str, span: Span) -> None:
        self._add(indent, text, span.start, max(span.start, span.end - 1))

    def _rows(self, indent: int, texts: Iterable[str], nodes: Iterable[Any]) -> None:
        for text, node in zip(texts, nodes, strict=True):
            self._span(indent, text, node.span)

    def _by_line(self, nodes: Sequence[Any]) -> list[list[Any]]:
        """Nodes in groups that stand on one line of the source."""
        groups: list[list[Any]] = []
        last = 0
        for node in nodes:
            if not groups or self._line(node.span.start) > last:
                groups.append([])
            groups[-1].append(node)
            last = self._line(max(node.span.start, node.span.end - 1))
        return groups

    def _group(self, indent: int, text: str, group: Sequence[Any]) -> None:
        self._add(indent, text, group[0].span.start, group[-1].span.end - 1)

    def _condition(self, indent: int, words: str, node: ast.Expression, span: Span) -> None:
        """`words` and a condition after it: on the line, or as a block under it."""
        if isinstance(node, ast.Logical) and node.block:
            self._add(indent, f"{words} {_block_words(node)}", span.start, node.span.start)
            self._clauses(indent + 2, node)
        else:
            self._span(indent, f"{words} {expression_text(node)}", span)

    def _clauses(self, indent: int, block: ast.Logical) -> None:
        for clause in block.items:
            if isinstance(clause, ast.Logical) and clause.block:
                self._add(indent, _block_words(clause), clause.span.start)
                self._clauses(indent + 2, clause)
            else:
                self._span(indent, expression_text(clause), clause.span)

    def _starts(self, group: Sequence[Any]) -> int:
        return self._line(group[0].span.start)


def _block_words(block: ast.Logical) -> str:
    return "all of" if block.operator == "and" else "any of"
