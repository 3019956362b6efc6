"""The parser's table: what the LALR(1) automaton does in each state, and what its words look like.

The table is made from the grammar by `build_table.py` and read here from JSON. What it says never
changes once it is read, so that any number of threads may parse with it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from alvh_rules.core.resources import grammar_path, grammar_table_path

Json: TypeAlias = dict[str, Any]
Matcher: TypeAlias = Callable[[str, int], re.Match[str] | None]

END: Final = "$END"
"""The terminal after the last."""
NAME: Final = "NAME"
"""The terminal of any word that is no keyword where it stands."""
NEW_LINE: Final = "_NL"
INDENT: Final = "_INDENT"
DEDENT: Final = "_DEDENT"
GRID_LINE: Final = "_GRID_LINE"
OPEN_BRACKET: Final = "LPAR"
CLOSE_BRACKET: Final = "RPAR"
LAYOUT: Final = frozenset({NEW_LINE, INDENT, DEDENT, GRID_LINE})
"""The terminals that belong to no node's span."""

VALUES: Final = frozenset(
    [
        "NAME",
        "STRING",
        "DATE",
        "TIME",
        "VERSION",
        "MONEY",
        "PERCENT",
        "NUMBER",
        "UNIT",
        "SESSION",
        "MINUTES",
        "ALWAYS_OPEN",
        "BARS_WORD",
        "FILL",
        "CONTRACTS_WORD",
        "SIDE",
        "LEG_RIGHT",
        "SHAPE",
        "CYCLE",
        "MEASURE",
        "AT_THE_MONEY",
        "MONTHS",
        "OFFSET",
        "BEFORE_AFTER",
        "PERIOD",
        "PER",
        "CASES",
        "INTERPOLATED",
        "TRUTH",
        "NEVER",
        "DIRECTION",
        "COMPARE",
        "PLUS",
        "TIMES",
    ]
)
"""The terminals whose text matters to the rule that holds them; the others only punctuate."""


class Rule(NamedTuple):
    """What is done when a rule has been read.

    `callback` takes the children at `kept` and makes a node; empty, it gathers them in a list for
    the rule around this one; None, it hands the only one on. A place of `kept` in a tuple of its own
    is such a list; None is an absent part.
    """

    origin: str
    size: int
    callback: str | None
    kept: tuple[int | tuple[int] | None, ...]
    plain: bool
    """Whether `kept` holds places only."""
    passes: bool
    """Whether the rule only hands on the one child it has."""


class Table:
    """The automaton and the vocabulary, by name."""

    def __init__(self, data: Json) -> None:
        symbols: list[str] = data["symbols"]
        self.start: int = data["start"]
        self.end: int = data["end"]
        self.terminals = frozenset(symbols[: data["terminals"]])
        self.rules = tuple(_rule(row, symbols) for row in data["rules"])
        name = symbols.__getitem__
        # By state, what a terminal or the origin of a rule just read leads to: another state, or
        # the complement of the number of a rule that has been read.
        self.states: tuple[dict[str, int], ...] = tuple(
            dict(zip(map(name, row[::2]), row[1::2], strict=True)) for row in data["states"]
        )
        self.words: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
            first: tuple((terminal, tuple(rest)) for terminal, rest in phrases)
            for first, phrases in data["words"].items()
        }
        """By first word, each terminal that begins with it and the words that follow."""
        self.signs: dict[str, tuple[str, ...]] = {
            character: tuple(terminals) for character, terminals in data["signs"].items()
        }
        """By first character, the terminals that are no words, the most binding first."""
        self.matchers = _Matchers(data["patterns"])
        self.literals: dict[str, str] = data["literals"]
        """The text of each terminal that has only one."""
        self._after_passing: dict[tuple[int, int, str], int] = {}

    def after_passing(self, below: int, state: int, terminal: str) -> int:
        """The state that takes a state's place on another once no rule only hands a child on.

        An expression passes through a dozen such rules, always in the same way for the same three:
        it is worked out once.
        """
        key = (below, state, terminal)
        found = self._after_passing.get(key)
        if found is None:
            action = self.states[state].get(terminal, 0)
            while action < 0 and self.rules[~action].passes:
                state = self.states[below][self.rules[~action].origin]
                action = self.states[state].get(terminal, 0)
            # Threads that work it out at once come to the same.
            found = self._after_passing[key] = state
        return found

    def words_of(self, terminal: str) -> list[str]:
        """The single words that a terminal matches, in order."""
        return sorted(
            first
            for first, phrases in self.words.items()
            if any(name == terminal and not rest for name, rest in phrases)
        )


class _Matchers(dict[str, Matcher]):
    """The compiled pattern of each terminal that is no words, once it has been asked for."""

    def __init__(self, patterns: dict[str, str]) -> None:
        super().__init__()
        self._patterns = patterns

    def __missing__(self, terminal: str) -> Matcher:
        # Two threads may both compile a pattern; they come to the same.
        found: Matcher = re.compile(self._patterns[terminal]).match
        self[terminal] = found
        return found


def _rule(row: list[Any], symbols: list[str]) -> Rule:
    origin, size, callback, kept = row
    return Rule(
        symbols[origin],
        size,
        callback,
        tuple((place[0],) if isinstance(place, list) else place for place in kept),
        all(isinstance(place, int) for place in kept),
        callback is None and size == 1,
    )


def checksum(grammar: str) -> str:
    """What tells a grammar from an edited one."""
    return f"{zlib.crc32(grammar.encode('utf-8')):08x}"


@cache
def table() -> Table:
    """The table of the grammar that comes with the package, read once.

    In a checkout whose grammar has been edited it is made afresh, which takes a while.
    """
    grammar = grammar_path().read_text(encoding="utf-8")
    try:
        data: Json = json.loads(grammar_table_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = {}
    if data.get("grammar") != checksum(grammar):
        from alvh_rules.syntax.build_table import build_table

        data = build_table(grammar)
    return Table(data)
