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
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.indenter import DedentError, Indenter
from lark.lexer import PatternStr
from lark.utils import TextSlice

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.resources import grammar_text
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.from_tree import OPERATOR_WORDS, Builder
from alvh_rules.syntax.split import Chunk, blank_out, line_block, split_items
from alvh_rules.syntax.walk import deeper_than

_MOST_TRIES = 20
"""How many lines of one item are reported before it is given up."""

_MOST_FOUND = 5 * bounds.MOST_DIAGNOSTICS
"""How many errors of a file are looked for: one with as many is no ruleset."""

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
    "NEAREST": "`, nearest`",
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

_WORDS_OF_TERMINALS = {
    "SIDE": ["sell", "buy"],
    "LEG_RIGHT": ["put", "call", "futures", "shares"],
    "SHAPE": ["butterfly", "calendar", "straddle", "strangle", "put", "call", "futures", "shares"],
    "MEASURE": ["probability_of_profit"],
    "CYCLE": ["monthly", "weekly"],
    "PERIOD": ["daily", "weekly", "monthly", "quarterly"],
    "PER": ["session", "week", "month", "quarter", "year"],
    "SESSION": ["session", "sessions"],
    "MONTHS": ["month", "months"],
    "CASES": ["cases", "sessions"],
    "BEFORE_AFTER": ["before", "after"],
    "CASH_SECURED": ["cash_secured"],
    "MAX_LOSS": ["max_loss"],
    "NOT": ["not"],
    "TRUTH": ["true", "false"],
    "BARS_WORD": ["daily"],
    "CONTRACTS_WORD": ["fractional", "whole"],
}
"""The words of the terminals that match more than one."""

_WANTS_CONDITION = "write a condition here, or `all of` or `any of` and a clause a line below"

_HINTS = {
    "percent": "write `5%`",
    "pct": "write `5%`",
    "&": "write `and`",
    "|": "write `or`",
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
    length = len(source.text)
    if not source.text.endswith("\n"):
        source = Source(source.path, source.text + "\n")
    chunks, text, found = split_items(source)
    lost = _lost_names(source, text)
    items: list[ast.Item] = []
    for chunk in chunks:
        if len(found) >= _MOST_FOUND:
            lost.update(_declared(source.text[chunk.start : chunk.end]))
            continue
        item = _parse_chunk(source, text, chunk, found, lost)
        if item is not None:
            # A level takes a character at least, so that most items need no look.
            long = chunk.end - chunk.start > bounds.MOST_DEPTH
            if long and deeper_than(item, bounds.MOST_DEPTH):
                found.append(errors.expression_too_deep(source, item.span))
                lost.update(_WORD.findall(source.line_text(source.position(chunk.start).line)))
            else:
                items.append(item)
    file = ast.File(source.path, tuple(items), source.span(0, length))
    return Parsed(file, tuple(_within(item, length) for item in found), frozenset(lost))


def _within(diagnostic: Diagnostic, length: int) -> Diagnostic:
    """A diagnostic about the end of the text, without the line end that `parse` added."""
    span = diagnostic.span
    if span is None or span.end <= length:
        return diagnostic
    return replace(diagnostic, span=Span(span.file, min(span.start, length), length))


def _lost_names(source: Source, text: str) -> set[str]:
    if text == source.text:
        return set()
    lost: set[str] = set()
    for before, after in zip(source.text.split("\n"), text.split("\n"), strict=True):
        if before != after:
            lost.update(_WORD.findall(before)[:3])
    return lost


def _parse_chunk(
    source: Source, text: str, chunk: Chunk, found: list[Diagnostic], lost: set[str]
) -> ast.Item | None:
    lark, builder = _parser()
    builder.file = source.path
    for tries in range(_MOST_TRIES):
        if not text[chunk.start : chunk.end].strip():
            return None
        try:
            builder.found = []
            item = lark.parse(cast(str, TextSlice(text, chunk.start, chunk.end)))
            found += builder.found
            for reserved in (d.span for d in builder.found if d.code == "ALV009" and d.span):
                lost.add(text[reserved.start : reserved.end])
            return cast(ast.Item, item)
        except DedentError:
            # The layout was checked, but a line with a bracket has been blanked out since.
            if tries == 0:
                end = chunk.lines[0].end
                found.append(errors.unexpected_indentation(source, chunk.start, end))
            lost.update(_declared(source.text[chunk.start : chunk.end]))
            return None
        except UnexpectedInput as problem:
            at = _offset(text, problem, chunk)
            block = line_block(chunk, at)
            diagnostic = _describe(source, text, chunk, problem, at, block)
            # Rows that were blanked out have been reported themselves.
            if diagnostic.code != "ALV006" or not _blanked_below(text, chunk, at):
                found.append(diagnostic)
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


def _blanked_below(text: str, chunk: Chunk, at: int) -> bool:
    """Whether the line after the one at this offset has been blanked out."""
    below = next((line for line in chunk.lines if line.start > at), None)
    return below is not None and not text[below.start : below.end].strip()


def _has_rows(text: str, chunk: Chunk) -> bool:
    return any(text[line.start : line.end].strip() for line in chunk.lines[1:])


def _declared(text: str) -> list[str]:
    """The first words of each line: what a lost item may have declared."""
    return [word for line in text.splitlines() for word in _WORD.findall(line)[:3]]


def _offset(text: str, problem: UnexpectedInput, chunk: Chunk) -> int:
    """Where the parser stopped; for the end of a line or block, the end of the line before."""
    if isinstance(problem, UnexpectedToken):
        token = problem.token
        if token.type in ("$END", "_DEDENT"):
            return _line_before(text, token, chunk)
        if token.type in ("_NL", "_GRID_LINE"):
            return int(token.start_pos or 0)
        if token.type == "_INDENT":
            return _line_after(token, chunk)
        if (problem.accepts or problem.expected) == {"_INDENT"}:
            return _line_before(text, token, chunk)
        return int(token.start_pos or 0)
    return int(cast(Any, problem).pos_in_stream)


def _line_before(text: str, token: Token, chunk: Chunk) -> int:
    """The end of the last line, not blanked out, that ends before a token (or before the end)."""
    at = chunk.end if token.type == "$END" else int(token.start_pos or 0)
    lines = (line for line in chunk.lines if text[line.start : line.end].strip())
    ends = [line.end for line in lines if line.end <= at + 1]
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
        return _describe_character(source, text, chunk, at, line_end, problem)
    assert isinstance(problem, UnexpectedToken)
    token = problem.token
    expected = _expected(problem.accepts or problem.expected, _open_bracket(text, chunk.start, at))
    if token.type == "_INDENT":
        return errors.unexpected_indentation(source, at, line_end)
    no_block = (problem.accepts or problem.expected) == {"_INDENT"}
    if no_block or token.type in ("_NL", "_DEDENT", "$END", "_GRID_LINE"):
        stop = min(at, line_end)
        while stop > 0 and text[stop - 1] in " \t":
            stop -= 1
        bracket = _open_bracket(text, chunk.start, stop)
        if bracket is not None and token.type != "_NL":
            return errors.unclosed_bracket(source, bracket, bracket + 1)
        if "_INDENT" in problem.expected or (
            token.type != "_NL" and expected == "an indented line"
        ):
            start = block[0][0]
            start += len(text[start:]) - len(text[start:].lstrip(" "))
            word = text[start:line_end].split("#")[0].strip()
            return errors.missing_block(source, start, stop, f"`{word}`")
        line = text[block[0][0] : stop]
        help = _WANTS_CONDITION if line.endswith(" when") else ""
        return errors.unfinished(source, max(stop, block[0][0]), expected, help)
    # A terminal may match the first letters of a word: the trader wrote all of it.
    whole = _WORD.match(text, at)
    word = whole[0] if whole else str(token)
    end = at + len(word)
    if at == chunk.start:
        near = get_close_matches(word.lower(), ITEM_WORDS, 1, 0.7)
        return errors.unknown_item(source, at, end, word, near[0] if near else "")
    if _WORD.fullmatch(word) and token.type != "NAME" and "NAME" in problem.expected:
        return errors.reserved_word(source.span(at, end), word)
    hint = _hint(text, at, word, token.type, problem.expected)
    meant = _near_word(word, problem.expected)
    return errors.unexpected(source, at, end, f"`{word}`", expected, hint, meant)


def _hint(text: str, at: int, word: str, terminal: str, expected: set[str]) -> str:
    """What was probably meant by a word that does not fit."""
    before = text[:at].rstrip(" ")
    if before[-1:] in "<>" and word == "=":
        return f"write `{before[-1]}=` without a space"
    if terminal == "COMPARE" and "FOR" in expected:
        return "a comparison has two sides: write `a < b and b < c`, or `b between a and c`"
    if before[-1:].isdigit() and word == "," and text[at + 1 : at + 2].isdigit():
        return "commas stand in numbers only after a `$`, before each three digits: `$1,000,000`"
    previous = before.rsplit(maxsplit=1)[-1]
    if previous.lower() in OPERATOR_WORDS and previous not in OPERATOR_WORDS:
        return f"words of the language are in small letters: write `{previous.lower()}`"
    if word == ")":
        return "this bracket closes none that was opened"
    if word == "-" and "TO" in expected:
        return "write the two ends with `to` between them: `0% to 5%`"
    if word == "=" and expected == {"NAME"}:
        return ""
    return _HINTS.get(text[max(at - 1, 0) : at + 1], "") or _HINTS.get(word, "")


def _near_word(word: str, terminals: set[str]) -> str:
    """The word of the language nearest to one that does not fit, of those that would."""
    lark, _ = _parser()
    fitting: list[str] = []
    for name in terminals:
        if name in _WORDS_OF_TERMINALS:
            fitting += _WORDS_OF_TERMINALS[name]
        elif not name.startswith("$") and name not in ("_INDENT", "_DEDENT"):
            pattern = lark.get_terminal(name).pattern
            if isinstance(pattern, PatternStr) and _WORD.fullmatch(pattern.value):
                fitting.append(pattern.value)
    near = get_close_matches(word.lower(), sorted(fitting), 1, 0.7)
    return near[0] if near else ""


def _describe_character(
    source: Source,
    text: str,
    chunk: Chunk,
    at: int,
    line_end: int,
    problem: UnexpectedCharacters,
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
        near = get_close_matches(shown.lower(), ITEM_WORDS, 1, 0.7)
        return errors.unknown_item(source, at, end, shown, near[0] if near else "")
    allowed = problem.allowed or set()
    meant = _near_word(shown, allowed) if word else ""
    expected = _expected(allowed, _open_bracket(text, chunk.start, at))
    return errors.unexpected(source, at, end, f"`{shown}`", expected, hint, meant)


def _open_bracket(text: str, start: int, end: int) -> int | None:
    stack = []
    for index in range(start, end):
        if text[index] == "(":
            stack.append(index)
        elif text[index] == ")" and stack:
            stack.pop()
    return stack[-1] if stack else None


def _expected(terminals: set[str], bracket: int | None) -> str:
    """What could have stood there, for a person: few things, plainest first.

    A closing bracket only where there is one open (`bracket`): the parser's states do not tell.
    """
    lark, _ = _parser()
    if {"NAME", "LPAR"} <= terminals:
        return "a value"
    if bracket is None:
        terminals = terminals - {"RPAR"}
    elif "RPAR" in terminals:
        return "`,` or `)`" if "COMMA" in terminals else "`)`"
    if "_NL" in terminals:
        # After a whole value anything may follow; operators say nothing of what was meant.
        terminals = terminals - {"PLUS", "TIMES", "MINUS"}
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
        return ""
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]


def parse_expression(text: str) -> ast.Expression | None:
    """Read an expression on its own (`--at`-style questions, tools); None where it is none."""
    parsed = parse(Source("", f"let it = {text}\n"))
    if parsed.diagnostics or len(parsed.file.items) != 1:
        return None
    item = parsed.file.items[0]
    return item.value if isinstance(item, ast.Let) else None
