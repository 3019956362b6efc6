"""What the makers of nodes share: children on their way to the node that will hold them.

A maker's methods are named after the rules of the grammar, or the rules' `-> alias`. Each takes the
span of what was read and the rule's children (nodes, tokens of `table.VALUES`, and None for a part
that is absent), and gives what stands for the rule from then on: a node, or a `Group` or `Part` that
the rule around it takes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.lex import Token


class Group(list[Any]):
    """Several children of one rule."""


class Part:
    """A named piece of a row (`("carry", 5)`), gathered by the row that holds it."""

    __slots__ = ("name", "span", "value")

    def __init__(self, name: str, value: Any, span: Span) -> None:
        self.name = name
        self.value = value
        self.span = span


class Gatherer:
    """The state of one item's making: `found` is what is wrong with lines that the grammar takes.

    Tokens stand at offsets in the item's own text, which begins at `base` in the file.
    """

    def __init__(self, file: str, base: int) -> None:
        self.file = file
        self.base = base
        self.found: list[Diagnostic] = []

    def parts(self, items: Iterable[Any]) -> dict[str, Any]:
        """The value of each named part."""
        parts: dict[str, Any] = {}
        for item in items:
            if isinstance(item, Part):
                if item.name in parts:
                    self.found.append(errors.said_twice(item.span, f"`{item.name}`"))
                parts[item.name] = item.value
        return parts

    def whole_number(self, token: Token) -> int:
        """A whole number; 6 digits are as many as any bound allows."""
        if token.text.isdecimal() and len(token.text) < 7:
            return int(token.text)
        self.found.append(errors.not_whole(self.place(token), token.text))
        return 0

    def place(self, token: Token) -> Span:
        """Where a token stands in the file."""
        return Span(self.file, self.base + token.start, self.base + token.end)


def fixed_word(word: str) -> Callable[[Any, Span], ast.Word]:
    """The callback of a rule that reads one word of the language as a name."""
    return lambda maker, span: ast.Word(word, span)


def group(items: Iterable[Any]) -> Group:
    """The children that are there."""
    return Group(item for item in items if item is not None)


def of_types(items: Iterable[Any], *types: type) -> tuple[Any, ...]:
    """The children of these types."""
    return tuple(item for item in items if isinstance(item, types))


def phrase(token: Token) -> str:
    """A token's words with one blank between them."""
    return " ".join(token.text.split())
