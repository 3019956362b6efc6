"""Nodes for expressions and what they are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alvh_rules.core.source import Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.gather import Gatherer, fixed_word
from alvh_rules.syntax.lex import Token
from alvh_rules.syntax.words import OPERATOR_WORDS, UNITS


class ExpressionMaker(Gatherer):
    """The callbacks of the rules from `expression` down to `number`."""

    # --- names and values ---

    def name(self, span: Span, token: Token) -> ast.Word:
        return ast.Word(token.text, span)

    owner = name

    owner_hedge = fixed_word("hedge")

    attribute_name = name

    attribute_open = fixed_word("open")
    attribute_weight = fixed_word("weight")
    attribute_ratio = fixed_word("ratio")
    attribute_hold = fixed_word("hold")
    attribute_close = fixed_word("close")
    attribute_time_shift = fixed_word("time_shift")

    def number(self, span: Span, token: Token, unit: Token | None = None) -> ast.Number:
        text = token.text
        if token.terminal == "PERCENT":
            return ast.Number(text[:-1].strip(), "%", span)
        if token.terminal == "MONEY":
            return ast.Number(text[1:].replace(",", ""), "$", span)
        word = "" if unit is None else unit.text
        return ast.Number(text, UNITS.get(word, word), span)

    def date(self, span: Span, token: Token) -> ast.Date:
        return ast.Date(token.text, span)

    def text(self, span: Span, token: Token) -> ast.Text:
        return ast.Text(token.text[1:-1], span)

    def truth(self, span: Span, token: Token) -> ast.Truth:
        return ast.Truth(token.text == "true", span)

    def word(self, span: Span, name: ast.Word) -> ast.Word:
        # The lexer takes a word that cannot stand in a place for a name.
        if name.name in OPERATOR_WORDS:
            self.found.append(errors.reserved_word(span, name.name))
        return name

    def attribute(self, span: Span, owner: ast.Word, name: ast.Word) -> ast.Attribute:
        return ast.Attribute(owner.name, name.name, span)

    def missing_word(self, span: Span) -> ast.Missing:
        return ast.Missing(span)

    # --- expressions ---

    def call(self, span: Span, function: ast.Word, *arguments: Any) -> ast.Call:
        return ast.Call(function, tuple(item for item in arguments if item is not None), span)

    def parenthesis(self, span: Span, inner: Any) -> Any:
        # The brackets belong to the span, so that a node's text can be read on its own.
        return replace(inner, span=span)

    def negative(self, span: Span, operand: Any) -> ast.Negative:
        return ast.Negative(operand, span)

    def of(self, span: Span, left: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic("of", left, right, span)

    def arithmetic(self, span: Span, left: Any, operator: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic(operator.text, left, right, span)

    def subtract(self, span: Span, left: Any, right: Any) -> ast.Arithmetic:
        return ast.Arithmetic("-", left, right, span)

    def compare(self, span: Span, left: Any, operator: Any, right: Any) -> ast.Comparison:
        return ast.Comparison(operator.text, left, right, span)

    def between(self, span: Span, value: Any, low: Any, high: Any) -> ast.Between:
        return ast.Between(value, low, high, span)

    def is_(self, span: Span, value: Any, other: Any) -> ast.Is:
        return ast.Is(value, other, False, span)

    def is_not(self, span: Span, value: Any, other: Any) -> ast.Is:
        return ast.Is(value, other, True, span)

    def lasting(self, span: Span, condition: Any, count: Any) -> ast.Lasting:
        return ast.Lasting(condition, count, span)

    def lasting_word(self, span: Span, name: Any) -> Any:
        return name

    def not_(self, span: Span, operand: Any) -> ast.Not:
        return ast.Not(operand, span)

    def conjunction(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("and", items, False, span)

    def disjunction(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("or", items, False, span)

    def conditional(self, span: Span, condition: Any, then: Any, other: Any) -> ast.Conditional:
        return ast.Conditional(condition, then, other, span)

    def all_of(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("and", items, True, span)

    def any_of(self, span: Span, *items: Any) -> ast.Logical:
        return ast.Logical("or", items, True, span)
