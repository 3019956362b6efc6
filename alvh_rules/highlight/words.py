"""The words of the language by what they are to a reader, taken from the parser's table.

A word that the grammar reads as a keyword somewhere may be a name elsewhere (`let month = 1`). A
highlighter that sees no further than a line colours it as a keyword everywhere, but for words that
only mean something in a phrase (`the short put`): those are coloured in the phrase alone, since
layers are called `short` and `long`.
"""

from __future__ import annotations

from typing import Final

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import DECLARABLE
from alvh_rules.syntax.expected import phrases
from alvh_rules.syntax.table import table
from alvh_rules.syntax.words import OPERATOR_WORDS, UNITS

ITEMS: Final = tuple(
    sorted(
        table().literals[name] for name in table().states[table().start] if name in table().literals
    )
)
"""The words that begin an item, at the beginning of a line."""

NAMING: Final = ("ruleset", "let", "table", "signal", "target", "layer", "regime", "labels")
"""Those of them that a declared name follows."""

_STEP: Final = "a step"
"""Two terminals of the grammar; `a` alone is somebody's name."""

PHRASES: Final = tuple(
    sorted(
        {text for texts in phrases().values() for text in texts if " " in text} | {_STEP},
        key=lambda text: (-len(text), text),
    )
)
"""Keywords of several words, the longest first, so that none is cut short."""

OPERATORS: Final = tuple(sorted({*OPERATOR_WORDS, "x"}))
CONSTANTS: Final = ("false", "missing", "nothing", "true")
UNIT_WORDS: Final = tuple(sorted({*UNITS, *UNITS.values()}))
KINDS: Final = tuple(kind.value for kind in DECLARABLE)
FUNCTIONS: Final = tuple(sorted(BUILTINS))

_ALONE = {text for texts in phrases().values() for text in texts if " " not in text} - {"a"}
_ELSEWHERE = {*ITEMS, *OPERATORS, *CONSTANTS, *UNIT_WORDS}

KEYWORDS: Final = tuple(sorted((_ALONE | {"nearest", "interpolated"}) - _ELSEWHERE))
"""The words that stand alone, and are none of the others."""


def all_words() -> frozenset[str]:
    """Every word that a highlighter knows but for the kinds and functions."""
    single = {*ITEMS, *OPERATORS, *CONSTANTS, *UNIT_WORDS, *KEYWORDS}
    return frozenset(single | {word for phrase in PHRASES for word in phrase.split()})
