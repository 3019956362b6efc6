"""Lines of the tests that a ruleset carries.

The tree does not tell a `given` on one line from one in a block: it is printed as it stood.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import expression_text
from alvh_rules.syntax.print_lines import LinePrinter, PrintedLine, pad_columns


class TestPrinter(LinePrinter):
    """Prints tests and their tables of cases."""

    def _test(self, test: ast.Test) -> None:
        self._add(0, f'test "{test.name.value}"', test.span.start)
        parts: list[Any] = [*test.given, *test.expect]
        parts += [part for part in (test.on, test.cases) if part is not None]
        parts.sort(key=lambda part: part.span.start)
        expected = {id(node) for node in test.expect}
        at = 0
        while at < len(parts):
            part = parts[at]
            if isinstance(part, ast.OnDate):
                self._span(2, f'on {part.date.text} of "{part.file.value}"', part.span)
                at += 1
            elif isinstance(part, ast.Cases):
                self._cases(part)
                at += 1
            else:
                end = at
                while end < len(parts) and _test_word(parts[end], expected) == _test_word(
                    part, expected
                ):
                    end += 1
                self._test_lines(_test_word(part, expected), self._by_line(parts[at:end]))
                at = end

    def _test_lines(self, word: str, groups: list[list[Any]]) -> None:
        texts = [", ".join(map(_test_text, group)) for group in groups]
        line = self._starts(groups[0])
        start = self._source.line_text(line).split()[0]
        # A given may itself be of a name that begins with the word: `given_up = 1`.
        if start == word and len(groups) == 1:
            self._group(2, f"{word} {texts[0]}", groups[0])
            return
        opener = line if start == word else self._line_above(line)
        self._lines.append(PrintedLine(2, word, opener, min(opener, line - 1)))
        for text, group in zip(texts, groups, strict=True):
            self._group(4, text, group)

    def _line_above(self, line: int) -> int:
        return self._content[bisect_left(self._content, line) - 1]

    def _cases(self, cases: ast.Cases) -> None:
        self._add(2, "sessions" if cases.sessions else "cases", cases.span.start)
        sides = [(cases.inputs, cases.outputs), *((row.inputs, row.outputs) for row in cases.rows)]
        left = pad_columns([_with_commas(inputs) for inputs, _ in sides], " ")
        right = pad_columns([_with_commas(outputs) for _, outputs in sides], " ")
        width = max(map(len, left))
        texts = [f"{a.ljust(width)} => {b}" for a, b in zip(left, right, strict=True)]
        self._group(4, texts[0], (*cases.inputs, *cases.outputs))
        self._rows(4, texts[1:], cases.rows)


def _with_commas(nodes: Sequence[ast.Expression]) -> list[str]:
    texts = [expression_text(node) for node in nodes]
    return [*(f"{text}," for text in texts[:-1]), texts[-1]]


def _test_word(part: Any, expected: set[int]) -> str:
    if id(part) in expected:
        return "expect"
    return "given" if isinstance(part, ast.Given) else ""


def _test_text(part: Any) -> str:
    if not isinstance(part, ast.Given):
        return expression_text(part)
    subject = expression_text(part.subject)
    return (
        f"event {subject}" if part.value is None else f"{subject} = {expression_text(part.value)}"
    )
