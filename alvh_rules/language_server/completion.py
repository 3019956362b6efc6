"""Completion: what may stand at the cursor, by the parser's own table, and what the names there are.

1. The item is read up to the word at the cursor; the terminals that the parser could take next are
   the keywords that fit (`syntax/expected.py`). A phrase is offered from any of its words on.
2. Where a name fits, the tokens before it say what sort of name: a kind in a data row, a layer after
   `like`, a calendar after `event`, a parameter's own words inside a call, else the names of values.
3. The file need not parse, nor need it be checked: kinds are those of the last check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from lsprotocol import types

from alvh_rules.builtins.record import Parameter
from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.scope import BOOK, POSITION
from alvh_rules.core.kinds import DECLARABLE, DESCRIPTIONS
from alvh_rules.language_server.describe_names import type_of
from alvh_rules.language_server.names import VALUES, Names, Sort, Symbol
from alvh_rules.language_server.workspace import Analysis
from alvh_rules.market.macro_dates import DATES
from alvh_rules.syntax.expected import Expected, expected, phrases
from alvh_rules.syntax.lex import Token
from alvh_rules.syntax.table import CLOSE_BRACKET, DEDENT, INDENT, LAYOUT, NAME, OPEN_BRACKET

_Kind = types.CompletionItemKind

_KINDS: Final = {
    Sort.COLUMN: _Kind.Field,
    Sort.PARAM: _Kind.Constant,
    Sort.LET: _Kind.Variable,
    Sort.TABLE: _Kind.Variable,
    Sort.SIGNAL: _Kind.Property,
    Sort.TARGET: _Kind.Property,
    Sort.LAYER: _Kind.Class,
    Sort.REGIME: _Kind.Class,
    Sort.CALENDAR: _Kind.Event,
    Sort.LABELS: _Kind.Enum,
    Sort.LABEL: _Kind.EnumMember,
}

_DECLARING: Final = {"ruleset", "let", "table", "signal", "target", "layer", "regime", "labels"}
_BEHIND_A_COMMA: Final = {"NEAREST": "nearest", "INTERPOLATED": "interpolated"}
_COMMA_AT_END = re.compile(r",[ \t]*$")
_WORD_AT_END = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_WORDS_AT_END = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*[ \t]+){1,4}$")
_OWNER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*\.[ \t]*$")
_OPEN_QUOTE_OR_COMMENT = re.compile(r'^(?:[^"#]|"[^"]*")*(?:"[^"]*|#.*)$')

Item = types.CompletionItem


def completion(text: str, offset: int, analysis: Analysis, names: Names) -> list[Item]:
    """What may stand at an offset of a text; `names` are its names as they are now."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    if _OPEN_QUOTE_OR_COMMENT.match(line):
        return []
    word = _WORD_AT_END.search(line)
    start = offset - (len(word[0]) if word else 0)
    before = line[: len(line) - (offset - start)]
    if owner := _OWNER.search(before):
        return list(_attributes(analysis, owner[1]))
    at = expected(text, start)
    special = _for_parameter(_parameter(_line(at.before)), analysis, names)
    if special is not None and NAME in at.terminals:
        return special
    found = list(_phrase_tails(text, start, before))
    found += [
        _keyword(phrase)
        for terminal in sorted(at.terminals)
        for phrase in phrases().get(terminal, ())
    ]
    found += _behind_a_comma(text, offset, before)
    if NAME in at.terminals:
        found += _names(at, analysis, names)
    # `hedge` is a keyword and what every ruleset holds: the latter says more.
    return list({item.label: item for item in found}.values())


def _keyword(text: str) -> Item:
    return Item(text, kind=_Kind.Keyword)


def _phrase_tails(text: str, start: int, before: str) -> Iterator[Item]:
    """The rest of phrases whose first words stand before the cursor: `condor` after `iron`."""
    found = _WORDS_AT_END.search(before)
    if found is None:
        return
    words = found[0].split()
    places = [each.start() for each in re.finditer(r"\S+", found[0])]
    for number, place in enumerate(places):
        head = tuple(words[number:])
        fitting = expected(text, start - len(found[0]) + place).terminals
        for terminal in sorted(fitting):
            for phrase in phrases().get(terminal, ()):
                parts = tuple(phrase.split())
                if len(parts) > len(head) and parts[: len(head)] == head:
                    yield _keyword(" ".join(parts[len(head) :]))


def _behind_a_comma(text: str, offset: int, before: str) -> Iterator[Item]:
    """`, nearest` and `, interpolated`, which follow what stands at the cursor; or their words."""
    comma = _COMMA_AT_END.search(before)
    place = offset if comma is None else text.rindex(",", 0, offset)
    fitting = expected(text, place).terminals
    for terminal, word in _BEHIND_A_COMMA.items():
        if terminal in fitting:
            yield _keyword(f", {word}" if comma is None else word)


def _attributes(analysis: Analysis, owner: str) -> Iterator[Item]:
    types_of = {
        name.removeprefix(f"{owner}."): type
        for name, type in analysis.scope.decisions.items()
        if name.startswith(f"{owner}.")
    }
    if owner == "book":
        types_of = dict(BOOK)
    elif owner in analysis.scope.layers:
        types_of["breached"] = POSITION["breached"]
    for name, type in types_of.items():
        yield Item(name, kind=_Kind.Property, detail=type.describe())


# --- names ---


def _names(at: Expected, analysis: Analysis, names: Names) -> Iterable[Item]:
    """The names that fit at a place, by the tokens before it."""
    tokens = at.before
    line = _line(tokens)
    item = tokens[0].text if tokens else ""
    last = line[-1].text if line else ""

    def of(*sorts: Sort) -> Iterator[Item]:
        return (_symbol(symbol, analysis) for symbol in names.symbols(*sorts))

    if not tokens or (len(tokens) == 1 and last in _DECLARING):
        return []
    simple = _by_keyword(item, line, last, of)
    if simple is not None:
        return simple
    if OPEN_BRACKET not in at.terminals:
        # Only an expression may begin with a bracket.
        if "given" in {token.text for token in tokens} and item == "test":
            return [*of(*VALUES[:6], Sort.LAYER), *_held()]
        return of(Sort.LABEL) if "NUMBER" in at.terminals else of(Sort.COLUMN)
    closing = [_position(name) for name in POSITION] if _is_closing(tokens) else []
    return [*closing, *of(*VALUES, Sort.LAYER), *_held(), *_functions()]


def _by_keyword(
    item: str, line: tuple[Token, ...], last: str, of: Callable[..., Iterator[Item]]
) -> Iterable[Item] | None:
    """The names of places that a keyword marks; None elsewhere."""
    match item:
        case "calendar":
            return [Item(name, kind=_Kind.Event, detail="built-in dates") for name in DATES]
        case "data":
            return [*_kinds(), *of(Sort.LABELS)] if len(line) == 1 else []
        case "param" if len(line) < 2 or line[-1].terminal == NAME:
            return []
        case "labels":
            return []
        case "reallocate":
            return [] if last == "by" else of(Sort.LAYER)
        case "event" | "regime" if not line:
            return [*of(Sort.LAYER), *(of(Sort.PARAM) if item == "regime" else ())]
        case _:
            pass
    if last == "like":
        return of(Sort.LAYER)
    if last == "event":
        return of(Sort.CALENDAR)
    return None


def _for_parameter(
    parameter: Parameter | None, analysis: Analysis, names: Names
) -> list[Item] | None:
    """What a parameter takes, and nothing else; None for one that takes any expression."""
    if parameter is None:
        return None
    match parameter.role:
        case Takes.CALENDAR:
            return [_symbol(symbol, analysis) for symbol in names.symbols(Sort.CALENDAR)]
        case Takes.WORD:
            return [Item(word, kind=_Kind.EnumMember) for word in parameter.words]
        case Takes.CURVE:
            curves = [
                symbol
                for symbol in names.symbols(Sort.COLUMN)
                if (type := type_of(analysis, symbol)) is not None and type.kind in parameter.kinds
            ]
            return [_symbol(symbol, analysis) for symbol in curves or names.symbols(Sort.COLUMN)]
        case _:
            return None


def _symbol(symbol: Symbol, analysis: Analysis) -> Item:
    type = type_of(analysis, symbol)
    detail = symbol.sort if type is None else f"{symbol.sort}, {type.describe()}"
    data = {"name": symbol.name, "sort": symbol.sort.value, "uri": analysis.root.uri}
    return Item(symbol.name, kind=_KINDS.get(symbol.sort), detail=detail, data=data)


def _functions() -> Iterator[Item]:
    for record in BUILTINS.values():
        detail = record.signature.removeprefix(record.name)
        if record.returns is not None:
            detail += f" → {DESCRIPTIONS[record.returns]}"
        data: dict[str, Any] = {"name": record.name, "sort": Sort.FUNCTION.value}
        yield Item(record.name, kind=_Kind.Function, detail=detail, data=data)


def _position(name: str) -> Item:
    return Item(
        name, kind=_Kind.Property, detail=f"{POSITION[name].describe()}, of each open position"
    )


def _held() -> list[Item]:
    return [Item(name, kind=_Kind.Module) for name in ("book", "hedge", "total_weight")]


def _kinds() -> Iterator[Item]:
    for kind in DECLARABLE:
        yield Item(kind.value, kind=_Kind.TypeParameter, detail=DESCRIPTIONS[kind])


# --- the tokens before ---


def _line(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens since the last line's end."""
    for number in range(len(tokens), 0, -1):
        if tokens[number - 1].terminal in LAYOUT:
            return tokens[number:]
    return tokens


def _parameter(line: tuple[Token, ...]) -> Parameter | None:
    """The parameter of the call that the end of a line is inside of."""
    depth = commas = 0
    for number in range(len(line) - 1, 0, -1):
        token = line[number]
        if token.terminal == CLOSE_BRACKET:
            depth += 1
        elif token.terminal == OPEN_BRACKET and depth:
            depth -= 1
        elif token.terminal == OPEN_BRACKET:
            record = BUILTINS.get(line[number - 1].text)
            if record is None:
                return None
            parameters = record.parameters_of(commas + 1)
            return parameters[commas] if commas < len(parameters) else None
        elif token.text == "," and depth == 0:
            commas += 1
    return None


def _is_closing(tokens: tuple[Token, ...]) -> bool:
    """Whether the end of some tokens is inside a layer's `close when`."""
    depth = 0
    closing: int | None = None
    before = ""
    for token in tokens:
        if token.terminal == INDENT:
            depth += 1
        elif token.terminal == DEDENT:
            depth -= 1
        elif token.terminal not in LAYOUT:
            if before == "close" and token.text == "when":
                closing = depth
            elif closing is not None and depth <= closing and before == "":
                closing = None
        before = "" if token.terminal in LAYOUT else token.text
    return closing is not None and (before != "" or depth > closing)
