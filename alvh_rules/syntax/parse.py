"""Parse a source into a `File`, reporting every error that can be found.

1. `split_items` cuts the text at its column-one lines and blanks out lines with a bad layout.
2. Each item is parsed on its own (LALR, contextual lexer), straight into syntax nodes.
3. Where an item does not parse, the line at fault is reported, blanked out with the lines under it,
   and the item is tried again, a bounded number of times. An item whose first line is at fault is
   given up. The names it may have declared are returned, so that the checker does not also report
   every use of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.indenter import Indenter
from lark.lexer import PatternStr
from lark.utils import TextSlice

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.resources import grammar_text
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.from_tree import Builder
from alvh_rules.syntax.split import Chunk, blank_out, line_block, split_items
from alvh_rules.syntax.walk import deeper_than

_MOST_TRIES = 20
"""How many lines of one item are reported before it is given up."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

ITEM_WORDS = [
    "ruleset",
    "data",
    "calendar",
    "param",
    "labels",
    "let",
    "table",
    "signal",
    "target",
    "layer",
    "hedge",
    "hold",
    "event",
    "regime",
    "reallocate",
    "limit",
    "always",
    "assume",
    "use",
    "test",
]
"""The words that begin an item."""

_NAMES_OF_TERMINALS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "PERCENT": "a number",
    "MONEY": "a number",
    "STRING": 'a "text"',
    "DATE": "a date",
    "TRUTH": "true or false",
    "LPAR": "`(`",
    "COMPARE": "a comparison",
    "PLUS": "`+`",
    "TIMES": "`*`",
    "SESSION": "`session`",
    "SIDE": "`sell` or `buy`",
    "SHAPE": "a structure, such as `iron condor`",
    "_NL": "the end of the line",
    "_INDENT": "an indented line",
    "VERSION": "a version such as 1.0.0",
    "ALL_OF": "`all of`",
    "ANY_OF": "`any of`",
    "OR_MORE": "`or more`",
    "UP_TO": "`up to`",
    "BEFORE_AFTER": "`before` or `after`",
    "PERIOD": "`monthly` or the like",
    "PER": "`month` or the like",
    "FILL": "`next close`, `next open` or `same close`",
}

_HINTS = {
    "==": "`is` asks whether two things are equal",
    "=": "`is` asks whether two things are equal; `=` gives a value in let, param and given",
    "!=": "write `is not`",
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`",
    "^": "a power is written as a product",
    "**": "a power is written as a product",
    "≥": "write `>=`",
    "≤": "write `<=`",
    "’": "texts stand between straight double quotes",
    "“": 'texts stand between straight double quotes, `"`',
    "'": 'texts stand between double quotes, `"`',
    ";": "one clause a line; no semicolon",
    ":": "no colon is needed",
    "{": "blocks are made by indentation",
    "[": "blocks are made by indentation",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as far as it could be read, what was found, and names lost with unread lines."""

    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    lost: frozenset[str]


class _Indenter(Indenter):
    NL_type = "_NL"
    OPEN_PAREN_types = ["LPAR"]  # noqa: RUF012 - lark's own attribute
    CLOSE_PAREN_types = ["RPAR"]  # noqa: RUF012
    INDENT_type = "_INDENT"
    DEDENT_type = "_DEDENT"
    tab_len = 8


@cache
def _parser() -> tuple[Lark, Builder]:
    builder = Builder()
    lark = Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        postlex=_Indenter(),
        transformer=cast(Any, builder),
        maybe_placeholders=True,
        keep_all_tokens=True,
        start="start",
    )
    return lark, builder


def parse(source: Source) -> Parsed:
    """Read a source. Never raises for what the text says."""
    if not source.text.endswith("\n"):
        source = Source(source.path, source.text + "\n")
    chunks, text, found = split_items(source)
    lost: set[str] = set(_lost_names(source, text))
    items: list[ast.Item] = []
    for chunk in chunks:
        item = _parse_chunk(source, text, chunk, found, lost)
        if item is not None:
            if deeper_than(item, bounds.MOST_DEPTH):
                found.append(errors.expression_too_deep(source, item.span))
                lost.update(_WORD.findall(source.line_text(source.position(chunk.start).line)))
            else:
                items.append(item)
    file = ast.File(source.path, tuple(items), source.span(0, len(source.text)))
    return Parsed(file, tuple(found), frozenset(lost))


def _lost_names(source: Source, text: str) -> set[str]:
    if text == source.text:
        return set()
    lost = set()
    for before, after in zip(source.text.splitlines(), text.splitlines(), strict=True):
        if before != after:
            lost.update(_WORD.findall(before)[:3])
    return lost


def _parse_chunk(
    source: Source, text: str, chunk: Chunk, found: list[Diagnostic], lost: set[str]
) -> ast.Item | None:
    lark, builder = _parser()
    builder.file = source.path
    for _ in range(_MOST_TRIES):
        if not text[chunk.start : chunk.end].strip():
            return None
        try:
            return cast(ast.Item, lark.parse(cast(str, TextSlice(text, chunk.start, chunk.end))))
        except UnexpectedInput as problem:
            at = _offset(problem, chunk)
            block = line_block(chunk, at)
            found.append(_describe(source, text, chunk, problem, at, block))
            for start, end in block:
                lost.update(_WORD.findall(source.text[start:end])[:3])
            if block[0][0] <= chunk.start:
                lost.update(_declared(source.text[chunk.start : chunk.end]))
                return None
            text = blank_out(text, block)
            if not _has_rows(text, chunk):
                lost.update(_declared(source.text[chunk.start : chunk.end]))
                return None
    return None


def _has_rows(text: str, chunk: Chunk) -> bool:
    return any(text[line.start : line.end].strip() for line in chunk.lines[1:])


def _declared(text: str) -> list[str]:
    """The first words of each line: what a lost item may have declared."""
    return [word for line in text.splitlines() for word in _WORD.findall(line)[:3]]


def _offset(problem: UnexpectedInput, chunk: Chunk) -> int:
    """Where the parser stopped; for the end of a line or block, the end of the line before."""
    if isinstance(problem, UnexpectedToken):
        token = problem.token
        if token.type in ("$END", "_DEDENT"):
            return chunk.lines[-1].end if token.type == "$END" else _line_before(token, chunk)
        if token.type in ("_NL", "_GRID_LINE"):
            return int(token.start_pos or 0)
        if token.type == "_INDENT":
            return _line_after(token, chunk)
        return int(token.start_pos or 0)
    return int(cast(Any, problem).pos_in_stream)


def _line_before(token: Token, chunk: Chunk) -> int:
    at = int(token.start_pos or 0)
    ends = [line.end for line in chunk.lines if line.end <= at + 1]
    return ends[-1] if ends else chunk.lines[-1].end


def _line_after(token: Token, chunk: Chunk) -> int:
    at = int(token.start_pos or 0)
    starts = [line.start + line.indent for line in chunk.lines if line.start > at]
    return starts[0] if starts else chunk.lines[-1].end


def _describe(
    source: Source,
    text: str,
    chunk: Chunk,
    problem: UnexpectedInput,
    at: int,
    block: list[tuple[int, int]],
) -> Diagnostic:
    line_end = block[0][1]
    if isinstance(problem, UnexpectedCharacters):
        return _describe_character(source, text, at, line_end, problem)
    assert isinstance(problem, UnexpectedToken)
    token = problem.token
    expected = _expected(problem.accepts or problem.expected)
    if token.type == "_INDENT":
        return errors.unexpected_indentation(source, at, line_end)
    if token.type in ("_NL", "_DEDENT", "$END", "_GRID_LINE"):
        stop = min(at, line_end)
        while stop > 0 and text[stop - 1] in " \t":
            stop -= 1
        if _open_bracket(text, chunk.start, stop) is not None and token.type != "_NL":
            bracket = _open_bracket(text, chunk.start, stop)
            assert bracket is not None
            return errors.unclosed_bracket(source, bracket, bracket + 1)
        if "_INDENT" in problem.expected or (
            token.type != "_NL" and expected == "an indented line"
        ):
            start = block[0][0]
            start += len(text[start:]) - len(text[start:].lstrip(" "))
            word = text[start:line_end].split("#")[0].strip()
            return errors.missing_block(source, start, stop, f"`{word}`")
        return errors.unfinished(source, max(stop, block[0][0]), expected, "")
    word = str(token)
    end = at + len(word)
    if at == chunk.start:
        near = get_close_matches(word, ITEM_WORDS, 1, 0.7)
        return errors.unknown_item(source, at, end, word, near[0] if near else "")
    if _WORD.fullmatch(word) and token.type != "NAME" and "NAME" in problem.expected:
        return errors.reserved_word(source, at, end, word)
    return errors.unexpected(source, at, end, f"`{word}`", expected, _HINTS.get(word, ""))


def _describe_character(
    source: Source, text: str, at: int, line_end: int, problem: UnexpectedCharacters
) -> Diagnostic:
    if text[at] == '"':
        return errors.unclosed_text(source, at, line_end)
    word = _WORD.match(text, at)
    end = word.end() if word else at + 1
    pair = text[at : at + 2]
    hint = _HINTS.get(pair, "") or _HINTS.get(text[at], "")
    if pair in _HINTS:
        end = at + 2
    shown = text[at:end]
    if word and at == source.offset(source.position(at).line):
        near = get_close_matches(shown, ITEM_WORDS, 1, 0.7)
        return errors.unknown_item(source, at, end, shown, near[0] if near else "")
    return errors.unexpected(
        source, at, end, f"`{shown}`", _expected(problem.allowed or set()), hint
    )


def _open_bracket(text: str, start: int, end: int) -> int | None:
    stack = []
    for index in range(start, end):
        if text[index] == "(":
            stack.append(index)
        elif text[index] == ")" and stack:
            stack.pop()
    return stack[-1] if stack else None


def _expected(terminals: set[str]) -> str:
    """What could have stood there, for a person: few things, plainest first."""
    lark, _ = _parser()
    shown: list[str] = []
    for name in sorted(terminals, key=lambda item: (item not in _NAMES_OF_TERMINALS, item)):
        if name in ("$END", "_DEDENT", "_GRID_LINE", "COMMENT"):
            continue
        text = _NAMES_OF_TERMINALS.get(name)
        if text is None:
            pattern = lark.get_terminal(name).pattern
            text = f"`{pattern.value}`" if isinstance(pattern, PatternStr) else ""
        if text and text not in shown:
            shown.append(text)
    if not shown or len(shown) > 8:
        # With that many possibilities a list says nothing.
        return "a value" if {"NAME", "NUMBER", "LPAR"} <= terminals else ""
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]


def parse_expression(text: str) -> ast.Expression | None:
    """Read an expression on its own (`--at`-style questions, tools); None where it is none."""
    parsed = parse(Source("", f"let it = {text}\n"))
    if parsed.diagnostics or len(parsed.file.items) != 1:
        return None
    item = parsed.file.items[0]
    return item.value if isinstance(item, ast.Let) else None


def span_text(source: Source, span: Span) -> str:
    """The text of a span, on one line."""
    return " ".join(source.text[span.start : span.end].split())
