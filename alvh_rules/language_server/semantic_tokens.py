"""Semantic tokens: each word coloured as what it is where it stands.

An item's words are read as the parser reads them, so that `open` is a keyword in `open when` and a
name in `let open`; names take the colour of what they speak of. An item that does not parse is read
word by word. What an item's tokens are depends on its text alone, and is kept by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from lsprotocol import types

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.scope import BOOK, POSITION, RESERVED
from alvh_rules.language_server.documents import Places
from alvh_rules.language_server.names import Names, Sort
from alvh_rules.syntax.expected import keywords, tokens_of
from alvh_rules.syntax.parse import Parsed
from alvh_rules.syntax.table import LAYOUT, NAME

LEGEND: Final = types.SemanticTokensLegend(
    token_types=[
        "comment",
        "string",
        "number",
        "keyword",
        "operator",
        "namespace",
        "variable",
        "parameter",
        "property",
        "class",
        "event",
        "enum",
        "enumMember",
        "type",
        "function",
    ],
    token_modifiers=["declaration", "readonly", "defaultLibrary"],
)

_NUMBER: Final = {type: number for number, type in enumerate(LEGEND.token_types)}
_DECLARATION, _READ_ONLY, _LIBRARY = 1, 2, 4

_SORTS: Final = {
    Sort.RULESET: ("namespace", 0),
    Sort.COLUMN: ("variable", _READ_ONLY),
    Sort.PARAM: ("parameter", 0),
    Sort.LET: ("variable", 0),
    Sort.TABLE: ("variable", 0),
    Sort.SIGNAL: ("property", 0),
    Sort.TARGET: ("property", 0),
    Sort.LAYER: ("class", 0),
    Sort.REGIME: ("class", 0),
    Sort.CALENDAR: ("event", 0),
    Sort.LABELS: ("enum", 0),
    Sort.LABEL: ("enumMember", 0),
    Sort.KIND: ("type", _LIBRARY),
    Sort.FUNCTION: ("function", _LIBRARY),
    Sort.ATTRIBUTE: ("property", _LIBRARY),
    Sort.POSITION: ("property", _LIBRARY),
}

_OF_THE_LANGUAGE: Final = {Sort.KIND, Sort.FUNCTION, Sort.ATTRIBUTE, Sort.POSITION}

_HELD: Final = RESERVED | POSITION.keys() | BOOK.keys()
"""`equity`, `total_weight`, the `vega` that a hedge is a ratio of: every ruleset has them."""

_NUMBERS: Final = {"NUMBER", "PERCENT", "MONEY", "DATE", "TIME", "VERSION", "ALWAYS_OPEN"}
_OPERATORS: Final = {"<", "<=", ">", ">=", "+", "-", "*", "/", "=", "=>"}

_QUOTED_OR_COMMENT = re.compile(r'"[^"\n]*"|(#[^\n]*)')
_LOOSE = re.compile(
    r'(?P<string>"[^"\n]*"?)|(?P<comment>#[^\n]*)|(?P<number>\$?[0-9.][0-9.,]*[ \t]?%?)'
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<operator>=>|[<>]=?|[-+*/=])"
)


class _Token(NamedTuple):
    """A coloured stretch; its type and modifiers as the legend numbers them."""

    start: int
    end: int
    type: int
    modifiers: int = 0


class Colours:
    """The tokens of one file; those of items that have not changed are kept from text to text."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Token, ...]] = {}

    def of(self, parsed: Parsed, text: str, names: Names, places: Places) -> list[int]:
        """All tokens of a text, as the protocol writes them: each relative to the one before."""
        known = self._known
        self._known = {}
        found: list[_Token] = []
        for piece in parsed.pieces:
            own = self._known.get(piece.text) or known.get(piece.text)
            if own is None:
                own = tuple(_written(piece.text))
            self._known[piece.text] = own
            found += [
                token._replace(start=token.start + piece.start, end=token.end + piece.start)
                for token in own
            ]
        # Comments above the first item belong to none.
        first = parsed.pieces[0].start if parsed.pieces else len(text)
        found += _loose(text[:first])
        coloured = {token.start: token for token in found}
        for token in _named(parsed.file.path, names):
            coloured[token.start] = token
        return _encoded(sorted(coloured.values()), places)


def _written(text: str) -> Iterator[_Token]:
    """The tokens of an item but for its names, from its beginning."""
    tokens = tokens_of(text)
    if tokens is None:
        yield from _loose(text)
        return
    for each in _QUOTED_OR_COMMENT.finditer(text):
        if each[1]:
            yield _Token(each.start(), each.end(), _NUMBER["comment"])
    for token in tokens:
        if token.terminal in LAYOUT:
            continue
        if token.terminal == NAME:
            # What a name speaks of is known beside; but some are declared nowhere.
            if token.text in _HELD:
                yield _Token(token.start, token.end, _NUMBER["property"], _LIBRARY)
        elif token.terminal == "STRING":
            yield _Token(token.start, token.end, _NUMBER["string"])
        elif token.terminal in _NUMBERS:
            yield _Token(token.start, token.end, _NUMBER["number"])
        elif token.text in _OPERATORS:
            yield _Token(token.start, token.end, _NUMBER["operator"])
        elif token.text[-1].isalpha() or token.text[-1] == "_":
            # `, nearest` is one terminal; its comma is no word.
            words = token.text.lstrip(", \t")
            yield _Token(token.end - len(words), token.end, _NUMBER["keyword"])


def _loose(text: str) -> Iterator[_Token]:
    """The tokens of a text that does not parse: as its words are most often meant."""
    for found in _LOOSE.finditer(text):
        group = found.lastgroup
        if group == "word":
            if found[0] in BUILTINS and text[found.end() :].lstrip(" \t").startswith("("):
                yield _Token(found.start(), found.end(), _NUMBER["function"], _LIBRARY)
            elif found[0] in keywords():
                yield _Token(found.start(), found.end(), _NUMBER["keyword"])
        elif group is not None:
            yield _Token(found.start(), found.end(), _NUMBER[group])


def _named(file: str, names: Names) -> Iterator[_Token]:
    for mention in names.mentions.get(file, ()):
        symbol = names.symbol_of(mention)
        if mention.declares is not None:
            type, modifiers = _SORTS[mention.declares]
            modifiers |= _DECLARATION
        elif symbol is not None:
            type, modifiers = _SORTS[symbol.sort]
        elif mention.wants[0] in _OF_THE_LANGUAGE:
            type, modifiers = _SORTS[mention.wants[0]]
        else:
            continue
        yield _Token(mention.span.start, mention.span.end, _NUMBER[type], modifiers)


def _encoded(tokens: list[_Token], places: Places) -> list[int]:
    data: list[int] = []
    line = column = 0
    for token in tokens:
        start, end = places.position(token.start), places.position(token.end)
        if start.line != line:
            column = 0
        data += [
            start.line - line,
            start.character - column,
            end.character - start.character,
            token.type,
            token.modifiers,
        ]
        line, column = start.line, start.character
    return data
