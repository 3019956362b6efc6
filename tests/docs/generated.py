"""Parts of the language's reference that are made from the code.

In a page such a part stands between `<!-- made from the code: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.builtins.registry import WORDS as FUNCTION_WORDS
from alvh_rules.check.scope import BOOK, LAYER, POSITION, RESERVED
from alvh_rules.core import kinds
from alvh_rules.core.kinds import Kind

_PART = re.compile(r"(<!-- made from the code: ([a-z ]+) -->\n)(.*?)(<!-- end -->)", re.S)
_SHOWN = [kind for kind in Kind if kind in kinds.NUMERIC]


def kind_rows() -> str:
    """Every kind: what it is, whether a column may be of it, and the bounds of its levels."""
    lines = ["| kind | is | a data column | a level lies |", "|---|---|---|---|"]
    for kind in Kind:
        if kind is Kind.TEXT:
            continue
        low, high = kinds.RANGES.get(kind, (None, None))
        bounds = (
            "anywhere"
            if low is None
            else f"from {low:g}" + ("" if high is None else f" to {high:g}")
        )
        column = "yes" if kind in kinds.DECLARABLE else "no"
        if kind is Kind.LABEL:
            column = "by the set's name"
        if kind not in kinds.NUMERIC:
            bounds = "–"
        lines.append(f"| `{kind}` | {kinds.DESCRIPTIONS[kind]} | {column} | {bounds} |")
    return "\n".join(lines) + "\n"


def _grid(result: Callable[[Kind, Kind], Kind | None], sign: str) -> list[str]:
    lines = [f"| {sign} | " + " | ".join(f"`{kind}`" for kind in _SHOWN) + " |"]
    lines.append("|" + "---|" * (len(_SHOWN) + 1))
    for left in _SHOWN:
        cells = [result(left, right) or "" for right in _SHOWN]
        lines.append(f"| `{left}` | " + " | ".join(cells) + " |")
    return lines


def arithmetic() -> str:
    """Which numeric kinds add, and what products and quotients are; an empty cell is an error."""
    adding = [
        f"`{left}` with `{right}`"
        for left in Kind
        for right in Kind
        if left is not right and (kinds.sum_kind(left, right) or kinds.difference_kind(left, right))
    ]
    alone = [f"`{kind}`" for kind in Kind if kinds.sum_kind(kind, kind)]
    only_less = [
        f"`{kind}`"
        for kind in Kind
        if kinds.difference_kind(kind, kind) and not kinds.sum_kind(kind, kind)
    ]
    lines = [
        f"Sums and differences of a kind with itself: {', '.join(alone)}.",
        f"Differences alone: {', '.join(only_less)}, which gives `{kinds.difference_kind(Kind.DATE, Kind.DATE)}`.",
        f"Of two kinds: {', '.join(adding)}, which gives a `date`.",
        "",
        "Left times top:",
        "",
        *_grid(kinds.product_kind, "×"),
        "",
        "Left divided by top:",
        "",
        *_grid(kinds.quotient_kind, "÷"),
    ]
    return "\n".join(lines) + "\n"


def _words(words: object) -> str:
    return " ".join(f"`{word}`" for word in sorted(words)) + "\n"  # type: ignore[call-overload]


PARTS: dict[str, Callable[[], str]] = {
    "kinds": kind_rows,
    "arithmetic": arithmetic,
    "reserved words": lambda: _words(RESERVED),
    "words of functions": lambda: _words(FUNCTION_WORDS),
    "functions": lambda: _words(BUILTINS),
    "position": lambda: _words(POSITION),
    "book": lambda: _words(f"book.{name}" for name in BOOK),
    "layer": lambda: _words(f"NAME.{name}" for name in LAYER),
}
"""The parts by name."""


def parts_of(text: str) -> dict[str, str]:
    """The parts that stand in a page, by name."""
    return {match[2]: match[3] for match in _PART.finditer(text)}


def filled(text: str) -> str:
    """The page with every part made anew."""
    return _PART.sub(lambda match: match[1] + PARTS[match[2]]() + match[4], text)
