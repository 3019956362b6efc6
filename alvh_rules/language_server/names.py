"""Which name stands where: the one answer to definition, references, rename and colouring.

1. Each item is walked once; a *mention* is a name in it, the sort of thing it declares or the sorts
   that it may speak of, in the order in which the checker looks for them. What an item mentions
   depends on its text alone, so the mentions of an item are kept by its text.
2. The declarations of a ruleset and the files it uses make the *symbols*: the first declaration of a
   name stands, as it does for the checker.
3. A mention speaks of the first symbol of its sorts that has its name.

Kinds are the checker's business; where a name means different things by kind (a label of two sets),
the checker has refused the ruleset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.scope import POSITION
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.move import moved_span
from alvh_rules.syntax.parse import Parsed, Piece
from alvh_rules.syntax.walk import children


class Sort(StrEnum):
    """What a name is the name of; the string is how it is called in an editor."""

    RULESET = "ruleset"
    COLUMN = "data column"
    PARAM = "param"
    LET = "let"
    TABLE = "table"
    SIGNAL = "signal"
    TARGET = "target"
    LAYER = "layer"
    REGIME = "regime"
    CALENDAR = "calendar"
    LABELS = "labels"
    LABEL = "label"
    KIND = "kind"
    FUNCTION = "function"
    ATTRIBUTE = "attribute"
    POSITION = "attribute of a position"


VALUES: Final = (
    Sort.COLUMN,
    Sort.PARAM,
    Sort.LET,
    Sort.TABLE,
    Sort.SIGNAL,
    Sort.TARGET,
    Sort.LABEL,
)
"""What a bare name in an expression may be, in the checker's order."""

SHARED: Final = frozenset(VALUES[:6]) | {Sort.LAYER, Sort.REGIME}
"""The sorts of which no two may have the same name."""

_NAMED: Final = {
    ast.Let: Sort.LET,
    ast.Table: Sort.TABLE,
    ast.Signal: Sort.SIGNAL,
    ast.Target: Sort.TARGET,
    ast.Layer: Sort.LAYER,
    ast.Regime: Sort.REGIME,
}

_BEFORE_NAME = re.compile(r"(?:[\s(]|#[^\n]*)*")
_UNDERLYING = re.compile(r"\bon[ \t]+([A-Za-z_][A-Za-z0-9_]*)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: what it declares, or the sorts of what it may speak of.

    `owner` is the word before the point of an attribute. `whole` is the part of the item that a
    declaration defines its name with.
    """

    name: str
    span: Span
    declares: Sort | None = None
    wants: tuple[Sort, ...] = ()
    owner: str = ""
    whole: Span | None = None


@dataclass(frozen=True, slots=True)
class Symbol:
    """A declared name, where it is declared, and the text that defines it."""

    name: str
    sort: Sort
    span: Span
    whole: Span


class Mentions:
    """The mentions of one file; those of items that have not changed are kept from text to text."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Mention, ...]] = {}

    def of(self, parsed: Parsed) -> list[Mention]:
        """Every mention in a file, in the order of its text."""
        known = self._known
        self._known = {}
        found: list[Mention] = []
        for piece in parsed.pieces:
            if piece.item is None:
                continue
            own = self._known.get(piece.text) or known.get(piece.text)
            if own is None:
                # Kept as they would be at the beginning of the file.
                own = tuple(_moved(item, -piece.start) for item in mentions_of(piece))
            self._known[piece.text] = own
            found += [_moved(item, piece.start) for item in own]
        return found


def _moved(mention: Mention, by: int) -> Mention:
    if by == 0:
        return mention
    whole = mention.whole
    return replace(
        mention,
        span=moved_span(mention.span, by),
        whole=None if whole is None else moved_span(whole, by),
    )


def mentions_of(piece: Piece) -> list[Mention]:
    """Every mention in an item, in the order of its text."""
    walker = _Walker(piece)
    walker.visit(piece.item, False)
    return sorted(walker.found, key=lambda mention: mention.span.start)


class _Walker:
    """Goes down one item. A method for each node whose names are no bare names of values."""

    def __init__(self, piece: Piece) -> None:
        self._text = piece.text
        self._start = piece.start
        self.found: list[Mention] = []

    def visit(self, node: Any, position: bool) -> None:
        """A node and what is under it; `position` is set in the closing condition of a layer.

        Recursive: the parser bounds the depth of a tree (`bounds.MOST_DEPTH`).
        """
        match node:
            case ast.Header():
                self._declare(node.name, Sort.RULESET, node)
            case ast.DataRow():
                self._declare(node.name, Sort.COLUMN, node)
                self._speak(node.kind, Sort.KIND, Sort.LABELS)
            case ast.Calendars():
                for name in node.names:
                    self._declare(name, Sort.CALENDAR, node)
            case ast.Labels():
                self._declare(node.name, Sort.LABELS, node)
                for word in node.words:
                    self._declare(word, Sort.LABEL, node)
            case ast.ParamRow():
                self._declare(node.name, Sort.PARAM, node)
            case ast.Let() | ast.Table() | ast.Signal() | ast.Target() | ast.Layer() | ast.Regime():
                self._declare(node.name, _NAMED[type(node)], node)
                if isinstance(node, ast.Layer) and node.like is not None:
                    self._speak(node.like, Sort.LAYER)
            case ast.Event():
                self._speak(node.calendar, Sort.CALENDAR)
            case ast.Scale():
                self._speak(node.subject, Sort.LAYER)
            case ast.Swap():
                self._speak(node.subject, Sort.PARAM)
            case ast.Reallocate():
                for layer in node.layers:
                    self._speak(layer, Sort.LAYER)
            case ast.Given(value=None):
                self._speak(node.subject, Sort.CALENDAR)
                return
            case ast.Structure() | ast.Legs():
                self._underlying(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.Call():
                self._call(node, position)
                return
            case ast.Word():
                if position and node.name in POSITION:
                    self._speak(node, Sort.POSITION)
                else:
                    self._speak(node, *VALUES)
                return
            case _:
                pass
        inside = position or isinstance(node, ast.CloseWhen)
        spoken = _names_of(node)
        for child in children(node):
            if not any(child is name for name in spoken):
                self.visit(child, inside)

    def _call(self, node: ast.Call, position: bool) -> None:
        self._speak(node.function, Sort.FUNCTION)
        record = BUILTINS.get(node.function.name)
        parameters = record.parameters_of(len(node.arguments)) if record else ()
        for at, argument in enumerate(node.arguments):
            role = parameters[at].role if at < len(parameters) else None
            if isinstance(argument, ast.Word) and role is Takes.CALENDAR:
                self._speak(argument, Sort.CALENDAR)
            elif isinstance(argument, ast.Word) and role is Takes.WORD:
                continue
            else:
                self.visit(argument, position)

    def _underlying(self, node: ast.Structure | ast.Legs) -> None:
        """The tree keeps an underlying's name without its place."""
        if not node.underlying:
            return
        at = node.span.start - self._start
        if isinstance(node, ast.Structure) and not node.side:
            found = _WORD.search(self._text, at)
            place = found.start() if found else -1
        else:
            found = _UNDERLYING.search(self._text, at)
            place = found.start(1) if found else -1
        if found is not None and self._text.startswith(node.underlying, place):
            self._add(node.underlying, place, node, wants=(Sort.COLUMN,))

    def _attribute(self, node: ast.Attribute) -> None:
        # The span of a node in brackets holds the brackets.
        at = self._name_at(node.span)
        self._add(node.owner, at, node, wants=(Sort.LAYER,))
        point = self._text.index(".", at + len(node.owner))
        found = _WORD.search(self._text, point)
        assert found is not None
        self._add(node.name, found.start(), node, wants=(Sort.ATTRIBUTE,), owner=node.owner)

    def _name_at(self, span: Span) -> int:
        before = _BEFORE_NAME.match(self._text, span.start - self._start)
        return before.end() if before else span.start - self._start

    def _declare(self, name: ast.Word, sort: Sort, node: Any) -> None:
        self._add(name.name, self._name_at(name.span), name, declares=sort, whole=node.span)

    def _speak(self, name: Any, *wants: Sort) -> None:
        self._add(name.name, self._name_at(name.span), name, wants=wants)

    def _add(self, name: str, at: int, node: Any, **more: Any) -> None:
        start = self._start + at
        self.found.append(Mention(name, Span(node.span.file, start, start + len(name)), **more))


def _names_of(node: Any) -> tuple[Any, ...]:
    """The names directly under a node that have been spoken for."""
    match node:
        case ast.Header() | ast.ParamRow() | ast.Let() | ast.Table() | ast.Signal() | ast.Target():
            return (node.name,)
        case ast.Regime():
            return (node.name,)
        case ast.Layer():
            return (node.name, node.like)
        case ast.DataRow():
            return (node.name, node.kind)
        case ast.Calendars():
            return node.names
        case ast.Labels():
            return (node.name, *node.words)
        case ast.Event():
            return (node.calendar,)
        case ast.Scale() | ast.Swap():
            return (node.subject,)
        case ast.Reallocate():
            return (*node.layers, node.measure)
        case _:
            return ()


class Names:
    """The symbols of a ruleset with the files it uses, and who speaks of them.

    `mentions` are by the name of a file, used files first.
    """

    def __init__(self, mentions: Mapping[str, Iterable[Mention]]) -> None:
        self.mentions = {file: list(found) for file, found in mentions.items()}
        self._by_name: dict[str, dict[Sort, Symbol]] = {}
        for found in self.mentions.values():
            for mention in found:
                if mention.declares is not None:
                    whole = mention.whole or mention.span
                    symbol = Symbol(mention.name, mention.declares, mention.span, whole)
                    self._declare(symbol)

    def _declare(self, symbol: Symbol) -> None:
        have = self._by_name.setdefault(symbol.name, {})
        clash = symbol.sort in SHARED and SHARED & have.keys()
        if not clash:
            have.setdefault(symbol.sort, symbol)

    def symbols(self, *sorts: Sort) -> Iterator[Symbol]:
        """The symbols of these sorts, or all."""
        for have in self._by_name.values():
            for sort, symbol in have.items():
                if not sorts or sort in sorts:
                    yield symbol

    def named(self, name: str) -> Mapping[Sort, Symbol]:
        """The symbols of a name, by their sort."""
        return self._by_name.get(name, {})

    def at(self, file: str, offset: int) -> Mention | None:
        """The mention that an offset stands in, or just behind."""
        near = None
        for mention in self.mentions.get(file, ()):
            if mention.span.start <= offset < mention.span.end:
                return mention
            if mention.span.end == offset:
                near = mention
        return near

    def symbol_of(self, mention: Mention) -> Symbol | None:
        """What a mention declares or speaks of; None where it is nothing of this ruleset's."""
        have = self.named(mention.name)
        wants = mention.wants or ((mention.declares,) if mention.declares else ())
        found = next((have[sort] for sort in wants if sort in have), None)
        if found is None and mention.declares in SHARED:
            found = next((have[sort] for sort in have if sort in SHARED), None)
        return found

    def mentions_of(self, symbol: Symbol) -> Iterator[Mention]:
        """Every mention of a symbol, its declaration among them."""
        for found in self.mentions.values():
            for mention in found:
                if mention.name == symbol.name and self.symbol_of(mention) == symbol:
                    yield mention
