"""What is wrong with an item that the grammar does not take, in the trader's words.

`fault_offset` says where, `describe` what. Both look at the token that did not fit, at what could
have stood in its place, and at the text around it, for the mistakes that people really make.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.syntax import errors, slips
from alvh_rules.syntax.lex import Token, skip_blanks
from alvh_rules.syntax.make_nodes import CALLBACKS, Maker
from alvh_rules.syntax.reduce import LayoutError, Reduction, UnreadableError
from alvh_rules.syntax.split import Line
from alvh_rules.syntax.table import (
    CLOSE_BRACKET,
    DEDENT,
    END,
    GRID_LINE,
    INDENT,
    NAME,
    NEW_LINE,
    OPEN_BRACKET,
    table,
)
from alvh_rules.syntax.words import OPERATOR_WORDS

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD_AND_FIGURE = re.compile(r"([a-z_]+)([0-9]\w*)")

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
    "NEVER": "`never rises as` or `never falls as`",
    "DIRECTION": "`rises` or `falls`",
    "FILL": "`next close`, `next open` or `same close`",
}

_WANTS_CONDITION = "write a condition here, or `all of` or `any of` and a clause a line below"

_HINTS = {
    "!": "write `not`",
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

_PAIRS = ("!=", "&&", "||")


@cache
def _item_words() -> list[str]:
    """The words that begin an item."""
    known = table()
    return [known.literals[name] for name in known.states[known.start] if name in known.literals]


def fault_offset(text: str, lines: tuple[Line, ...], problem: UnreadableError) -> int:
    """Where the parser stopped; for the end of a line or block, the end of the line before."""
    token = problem.token
    if token is None:
        return problem.at
    if token.terminal in (END, DEDENT):
        return _line_before(text, lines, token)
    if token.terminal == INDENT:
        return _line_after(lines, token)
    if token.terminal not in (NEW_LINE, GRID_LINE) and _could_follow(problem) == {INDENT}:
        return _line_before(text, lines, token)
    return token.start


def _could_follow(problem: UnreadableError) -> frozenset[str]:
    return problem.fitting or problem.listed


def _line_before(text: str, lines: tuple[Line, ...], token: Token) -> int:
    """The end of the last line, not blanked out, that ends before a token."""
    ends = [
        line.end
        for line in lines
        if line.end <= token.start + 1 and text[line.start : line.end].strip()
    ]
    return ends[-1] if ends else lines[-1].end


def _line_after(lines: tuple[Line, ...], token: Token) -> int:
    starts = [line.start + line.indent for line in lines if line.start > token.start]
    return starts[0] if starts else lines[-1].end


def describe(
    source: Source, text: str, problem: UnreadableError, at: int, line: tuple[int, int]
) -> Diagnostic:
    """The diagnostic of a fault at an offset of an item, in the line of this extent.

    `text` is the item's, with the lines that were reported before blanked out.
    """
    token = problem.token
    if token is None:
        return _describe_character(source, text, problem, at, line)
    if token.terminal == INDENT:
        return errors.unexpected_indentation(source, at, line[1])
    if _could_follow(problem) == {INDENT} or token.terminal in (NEW_LINE, DEDENT, END, GRID_LINE):
        return _describe_early_end(source, text, problem, at, line)
    # Of a phrase, such as `at delta`, the first word is what does not fit.
    whole = _WORD.match(text, at)
    word = whole[0] if whole else token.text
    end = at + len(word)
    if at == 0:
        return _unknown_item(source, at, end, word)
    if _WORD.fullmatch(word) and token.terminal != NAME and NAME in problem.listed:
        return errors.reserved_word(source.span(at, end), word)
    expected = _expected(_could_follow(problem), _open_bracket(text, at))
    meant = slips.meant(text, line, at, _reads_past)
    if meant is None:
        near = _near_word(word, problem.listed)
        if near and _reads_past(text[:at] + near + text[end : line[1]], at + len(near)):
            meant = slips.Meant(f"did you mean `{near}`?", at, end, near)
    if meant is None:
        meant = slips.Meant(_hint(text, at, word, token.terminal, problem.listed))
    return errors.unexpected(source, at, end, f"`{word}`", expected, meant)


def _describe_early_end(
    source: Source, text: str, problem: UnreadableError, at: int, line: tuple[int, int]
) -> Diagnostic:
    """A line or a block that ends before it is complete."""
    assert problem.token is not None
    ends_line = problem.token.terminal == NEW_LINE
    start, end = line
    stop = len(text[: min(at, end)].rstrip(" \t"))
    bracket = _open_bracket(text, stop)
    if bracket is not None and not ends_line:
        return errors.unclosed_bracket(source, bracket, bracket + 1)
    expected = _expected(_could_follow(problem), _open_bracket(text, at))
    if INDENT in problem.listed or (not ends_line and expected == "an indented line"):
        start += len(text[start:end]) - len(text[start:end].lstrip(" "))
        word = text[start:end].split("#")[0].strip()
        return errors.missing_block(source, start, stop, f"`{word}`")
    help = _WANTS_CONDITION if text[start:stop].endswith(" when") else ""
    return errors.unfinished(source, max(stop, start), expected, help)


def _unknown_item(source: Source, at: int, end: int, word: str) -> Diagnostic:
    near = get_close_matches(word.lower(), _item_words(), 1, 0.7)
    known = slips.ITEMS.get(word.lower(), near[0] if near else "")
    return errors.unknown_item(source, at, end, word, known)


def _describe_character(
    source: Source, text: str, problem: UnreadableError, at: int, line: tuple[int, int]
) -> Diagnostic:
    """Something that begins no token of the language."""
    if text[at] == '"':
        return errors.unclosed_text(source, at, line[1])
    end = at + (2 if text[at : at + 2] in _PAIRS else 1)
    expected = _expected(_could_follow(problem), _open_bracket(text, at))
    meant = slips.meant(text, line, at, _reads_past)
    return errors.unexpected(
        source,
        at,
        end,
        f"`{text[at:end]}`",
        expected,
        meant or slips.Meant(_HINTS.get(text[at], "")),
    )


def _reads_past(text: str, offset: int) -> bool:
    """Whether the grammar takes an item's text as far as an offset and the next word there."""
    maker = Maker("", 0)
    try:
        Reduction(table(), CALLBACKS, maker).read(text + "\n")
    except UnreadableError as problem:
        token = problem.token
        if token is not None and token.terminal in (END, DEDENT):
            return True
        return (problem.at if token is None else token.start) > skip_blanks(text, offset)
    except LayoutError:
        return False
    return not maker.found


def _hint(text: str, at: int, word: str, terminal: str, expected: frozenset[str]) -> str:
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
    return _HINTS.get(word, "")


def _near_word(word: str, terminals: frozenset[str]) -> str:
    """The word of the language nearest to one that does not fit, of those that would."""
    fitting = {known for name in terminals for known in table().words_of(name)}
    run_together = _WORD_AND_FIGURE.fullmatch(word)
    if run_together is not None and run_together[1] in fitting:
        return f"{run_together[1]} {run_together[2]}"
    near = get_close_matches(word.lower(), sorted(fitting), 1, 0.7)
    return near[0] if near else ""


def _open_bracket(text: str, end: int) -> int | None:
    """The bracket that is open at an offset of an item's text."""
    stack = []
    for index in range(end):
        if text[index] == "(":
            stack.append(index)
        elif text[index] == ")" and stack:
            stack.pop()
    return stack[-1] if stack else None


def _expected(terminals: frozenset[str], bracket: int | None) -> str:
    """What could have stood there, for a person: few things, plainest first.

    A closing bracket only where there is one open (`bracket`): the parser's states do not tell.
    """
    if {NAME, OPEN_BRACKET} <= terminals:
        return "a value"
    if bracket is None:
        terminals = terminals - {CLOSE_BRACKET}
    elif CLOSE_BRACKET in terminals:
        return "`,` or `)`" if "COMMA" in terminals else "`)`"
    if NEW_LINE in terminals:
        # After a whole value anything may follow; operators say nothing of what was meant.
        terminals = terminals - {"PLUS", "TIMES", "MINUS"}
    shown: list[str] = []
    for name in sorted(terminals, key=lambda item: (item not in _NAMES_OF_TERMINALS, item)):
        if name in (END, DEDENT, GRID_LINE):
            continue
        text = _NAMES_OF_TERMINALS.get(name)
        if text is None:
            literal = table().literals.get(name, "")
            text = f"`{literal}`" if literal else ""
        if text and text not in shown:
            shown.append(text)
    if not shown or len(shown) > 8:
        # With that many possibilities a list says nothing.
        return ""
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]
