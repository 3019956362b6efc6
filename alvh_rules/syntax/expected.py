"""What may stand at a place of an unfinished text, by the parser's own table; and its tokens.

An item is read as far as the place and no farther. What the parser could take there is what its state
says; lines before the place that it cannot read are blanked out, as `parse.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from alvh_rules.syntax.describe import fault_offset
from alvh_rules.syntax.lex import Token
from alvh_rules.syntax.make_nodes import CALLBACKS, Maker
from alvh_rules.syntax.reduce import LayoutError, Reduction, UnreadableError
from alvh_rules.syntax.split import blank_out, content_lines, item_starts, line_block
from alvh_rules.syntax.table import Table, table

_STOP = "\0"
"""A character that begins no token: the parser says at it what it would have taken."""

_MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class Expected:
    """The terminals that may stand at a place, and the tokens of the item before it."""

    terminals: frozenset[str]
    before: tuple[Token, ...]
    start: int
    """Where the item begins; the tokens count from there."""


class _Recording(Reduction):
    """A reading that keeps the tokens it has taken."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, CALLBACKS, Maker("", 0))
        self.tokens: list[Token] = []

    def _shift(self, terminal: str, text: str, at: int, after: int) -> None:
        super()._shift(terminal, text, at, after)
        self.tokens.append(Token(terminal, text[at:after], at, after))


def expected(text: str, offset: int) -> Expected:
    """What may stand at an offset of a file's text."""
    start = max((at for at in item_starts(text) if at < offset), default=offset)
    item = text[start:offset]
    if "\n" in item and not item[item.rindex("\n") + 1 :]:
        # A line that is not indented begins an item.
        start, item = offset, ""
    for _ in range(_MOST_TRIES):
        reading = _Recording(table())
        try:
            reading.read(item + _STOP)
        except LayoutError:
            break
        except UnreadableError as problem:
            if problem.at >= len(item):
                return Expected(problem.fitting, tuple(reading.tokens), start)
            lines = content_lines(item)
            block = line_block(lines, fault_offset(item, lines, problem))
            shorter = blank_out(item, block)
            if block[0][1] >= len(item) or shorter == item or not shorter.strip():
                break
            item = shorter
    return Expected(frozenset(), (), start)


def tokens_of(item: str) -> tuple[Token, ...] | None:
    """The tokens of an item as the parser reads them; None where it cannot read the item."""
    reading = _Recording(table())
    try:
        reading.read(item if item.endswith("\n") else item + "\n")
    except (LayoutError, UnreadableError):
        return None
    return tuple(token for token in reading.tokens if token.end > token.start)


@cache
def phrases() -> dict[str, tuple[str, ...]]:
    """The words that a terminal is written with: a keyword, a phrase, or a choice of them."""
    found: dict[str, list[str]] = {}
    for first, entries in table().words.items():
        for terminal, rest in entries:
            found.setdefault(terminal, []).append(" ".join((first, *rest)))
    return {terminal: tuple(texts) for terminal, texts in found.items()}


@cache
def keywords() -> frozenset[str]:
    """Every single word that the grammar reads as something else than a name somewhere."""
    written = {word for texts in phrases().values() for text in texts for word in text.split()}
    # Two words stand behind a comma, and so are no terminals of words only.
    return frozenset(written | {"nearest", "interpolated"})
