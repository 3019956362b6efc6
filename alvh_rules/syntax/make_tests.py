"""Nodes for the tests that a ruleset carries."""

from __future__ import annotations

from typing import Any

from alvh_rules.core.source import Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.gather import Gatherer, Group, Part, group
from alvh_rules.syntax.lex import Token


class TestMaker(Gatherer):
    """The callbacks of `test` and its parts."""

    def test(self, span: Span, name: ast.Text, *items: Part | None) -> ast.Test:
        given: list[ast.Given] = []
        expect: list[Any] = []
        on = cases = None
        for item in items:
            if item is None:
                continue
            if item.name == "given":
                given.extend(item.value)
            elif item.name == "expect":
                expect.extend(item.value)
            elif item.name == "on":
                if on is not None:
                    self.found.append(errors.said_twice(item.span, "`on`"))
                on = item.value
            else:
                if cases is not None:
                    self.found.append(errors.said_twice(item.span, "the table of cases"))
                cases = item.value
        return ast.Test(name, tuple(given), on, cases, tuple(expect), span)

    def given(self, span: Span, *lines: Any) -> Part:
        return Part("given", [item for line in lines for item in line], span)

    def given_line(self, span: Span, *items: Any) -> Group:
        return group(items)

    expect_line = given_line

    def given_value(self, span: Span, subject: Any, value: Any) -> ast.Given:
        return ast.Given(subject, value, span)

    def given_event(self, span: Span, name: ast.Word) -> ast.Given:
        return ast.Given(name, None, span)

    def expect(self, span: Span, *lines: Any) -> Part:
        return Part("expect", [item for line in lines for item in line], span)

    def on_date(self, span: Span, date: ast.Date, file: ast.Text) -> Part:
        return Part("on", ast.OnDate(date, file, span), span)

    def cases(self, span: Span, word: Token, header: Part, *rows: ast.CaseRow) -> Part:
        inputs, outputs = header.value
        node = ast.Cases(word.text == "sessions", inputs, outputs, rows, span)
        return Part("cases", node, span)

    def case_header(self, span: Span, inputs: Group, outputs: Group) -> Part:
        return Part("header", (tuple(inputs), tuple(outputs)), span)

    def case_row(self, span: Span, inputs: Group, outputs: Group) -> ast.CaseRow:
        return ast.CaseRow(tuple(inputs), tuple(outputs), span)

    case_values = case_names = given_line
