"""Text as a terminal shows it: which characters are safe to print, and how many cells each takes.

What a ruleset or a data file says is printed, so nothing in it may reach the terminal as a command:
control, format and unassigned characters are written out (`\\x1b`), a tab is four spaces. East Asian
wide and fullwidth characters take two cells, combining ones none (Unicode Standard Annex 11). The
terminal's own arithmetic differs between makers only for emoji sequences, whose joiner is written
out here, so that every part stands alone.
"""

from __future__ import annotations

import unicodedata
from typing import Final

TAB: Final = " " * 4
_JOINING_VOWELS: Final = range(0x1160, 0x1200)
"""Hangul vowels and finals: letters by category, drawn inside the cells of the letter before."""


def shown(character: str) -> str:
    """One character as it is printed."""
    if character == "\t":
        return TAB
    if unicodedata.category(character)[0] == "C":
        return f"\\x{ord(character):02x}"
    return character


def escaped(text: str) -> str:
    """The text as it is printed, on one line: tabs as spaces, control characters as `\\x1b`."""
    return text if text.isprintable() else "".join(shown(item) for item in text)


def width(text: str) -> int:
    """The cells that `escaped(text)` takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_width(item) for item in text)


def _width(character: str) -> int:
    printed = shown(character)
    if len(printed) > 1:
        return len(printed)
    if unicodedata.category(character) in ("Mn", "Me") or ord(character) in _JOINING_VOWELS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
