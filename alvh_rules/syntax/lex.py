"""From characters to tokens, as the parser's state asks for them.

A token is read only as a terminal that the parser can take where it stands, so that a word of the
language may be a name elsewhere (`let long = 1`).

1. Blanks and comments are passed over.
2. Where a letter stands, the whole word is read. The first keyword or phrase (`at delta`) that is
   that word, and that the parser can take, is the token; failing that it is a name.
3. Elsewhere the terminals that can begin with that character are tried, the most binding first.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from alvh_rules.syntax.table import NAME, NEW_LINE, Table

_PASSED_OVER = re.compile(r"(?:[ \t]+|#[^\n]*)*").match
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match
_NEXT_WORD = re.compile(r"[ \t]+([A-Za-z_][A-Za-z0-9_]*)").match


class Token(NamedTuple):
    """A piece of the text, and the terminal it was read as."""

    terminal: str
    text: str
    start: int
    end: int


def skip_blanks(text: str, at: int) -> int:
    """The offset of the next character that is no blank and in no comment."""
    found = _PASSED_OVER(text, at)
    return found.end() if found else at


def read_terminal(
    table: Table, text: str, at: int, wanted: Container[str]
) -> tuple[str, int] | None:
    """The terminal that begins at an offset, of those wanted, and where it ends.

    A line's end is always read: inside brackets it means nothing, and elsewhere the parser says
    what is wrong with it.
    """
    word = _WORD(text, at)
    if word is not None:
        after = word.end()
        for terminal, rest in table.words.get(word[0], ()):
            if terminal in wanted:
                if not rest:
                    return terminal, after
                if (last := _phrase_end(text, after, rest)) is not None:
                    return terminal, last
        return (NAME, after) if NAME in wanted else None
    for terminal in table.signs.get(text[at], ()):
        if terminal in wanted or terminal == NEW_LINE:
            found = table.matchers[terminal](text, at)
            if found is not None:
                return terminal, found.end()
    return None


def _phrase_end(text: str, at: int, rest: tuple[str, ...]) -> int | None:
    """Where these words end, one after the other from an offset; None where they do not stand."""
    for word in rest:
        found = _NEXT_WORD(text, at)
        if found is None or found[1] != word:
            return None
        at = found.end()
    return at
