"""What people write out of habit from elsewhere, and what is written here instead.

Each slip is a pattern of a line's text and what replaces it. They are looked at only where the grammar
has refused a line, around the place where it stopped; and a replacement is offered only if the grammar
reads past it. So no slip needs to know in which construct it stands, none can change what a ruleset
means, and none suggests what would be refused as well.

Adding one: a line in `SLIPS`, and a line in `tests/syntax/test_slips.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_VALUE = r"(?:-?\$?[0-9][0-9.]*(?:[ \t]?%)?|[A-Za-z_][\w.]*(?:\([^()]*\))?)"
"""A number, a name or a plain call: what can stand whole in a suggestion."""

_EDGE = r"(-?[0-9][0-9.]*(?:[ \t]?%)?)"

_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class Slip:
    """A habit: `write` makes the replacement of a match; without one there is only `help`."""

    pattern: re.Pattern[str]
    write: str | Callable[[re.Match[str]], str] | None
    help: str


@dataclass(frozen=True, slots=True)
class Meant:
    """What was probably meant: a sentence, and the text for a part of the item if it is known."""

    help: str
    start: int = 0
    end: int = 0
    text: str | None = None


def _slip(
    pattern: str, write: str | Callable[[re.Match[str]], str] | None = None, help: str = ""
) -> Slip:
    return Slip(re.compile(pattern), write, help)


def _counted(match: re.Match[str]) -> str:
    return f"for {_COUNTS.index(match[1].lower()) + 1} sessions"


def _joined(match: re.Match[str]) -> str:
    return match[0].replace("-", "_")


SLIPS: tuple[Slip, ...] = (
    # Comparisons.
    _slip(r"=>", ">="),
    _slip(r"=<", "<="),
    _slip(
        r"(?<![=<>!:])==?(?![=<>])",
        "is",
        "`is` asks whether two things are equal; `=` gives a value in let, param and given",
    ),
    _slip(r"!=|<>", "is not"),
    _slip(r"\bis[ \t]+(?:greater|more|higher|above|over)(?:[ \t]+than)?\b", ">"),
    _slip(r"\bis[ \t]+(?:less|lower|smaller|below|under)(?:[ \t]+than)?\b", "<"),
    _slip(r"\bis[ \t]+at[ \t]+least\b", ">="),
    _slip(r"\bis[ \t]+at[ \t]+most\b", "<="),
    _slip(
        rf"({_VALUE})[ \t]+cross(?:es|ed)?[ \t]+(?:above|over)[ \t]+({_VALUE})",
        r"crosses_above(\1, \2)",
    ),
    _slip(
        rf"({_VALUE})[ \t]+cross(?:es|ed)?[ \t]+(?:below|under)[ \t]+({_VALUE})",
        r"crosses_below(\1, \2)",
    ),
    _slip(rf"({_VALUE})[ \t]+(?:rises|rising)\b", r"\1 > ago(\1, 1)"),
    _slip(rf"({_VALUE})[ \t]+(?:falls|falling)\b", r"\1 < ago(\1, 1)"),
    _slip(r"\b(?:above|over|exceeds|greater[ \t]+than|more[ \t]+than)\b", ">"),
    _slip(r"\b(?:below|under|less[ \t]+than)\b", "<"),
    _slip(
        rf"\bbetween[ \t]+({_VALUE})[ \t]*(?:,|\bto\b)[ \t]*({_VALUE})",
        r"between \1 and \2",
    ),
    # Conditions.
    _slip(r"&&?", "and"),
    _slip(r"\|\|?", "or"),
    _slip(r"\bif\b", "when"),
    _slip(
        rf"\bfor[ \t]+(?:at[ \t]+least[ \t]+)?({'|'.join(_COUNTS)})[ \t]+(?:sessions?|days?)\b",
        _counted,
    ),
    _slip(r"\bfor[ \t]+at[ \t]+least[ \t]+([0-9]+)[ \t]+(?:sessions?|days?)\b", r"for \1 sessions"),
    # Values.
    _slip(r"\b([A-Za-z_]\w*)\[[ \t]*-?([0-9]+)[ \t]*\]", r"ago(\1, \2)"),
    _slip(r"\b([A-Za-z_]\w*)[ \t]+yesterday\b", r"ago(\1, 1)"),
    _slip(rf"({_VALUE})[ \t]*(?:\*\*|\^)[ \t]*2(?![\w.])", r"\1 * \1"),
    _slip(r"\b([0-9.]+)[ \t]*(?:vols?|pts?)\b", r"\1 points"),
    _slip(r"\b([0-9.]+)[ \t]*(?:percent|pct)\b", r"\1%"),
    _slip(r":=", "="),
    # Bands.
    _slip(rf">=[ \t]*{_EDGE}", r"\1 or more"),
    _slip(rf">[ \t]*{_EDGE}", r"over \1"),
    _slip(rf"<=[ \t]*{_EDGE}", r"up to \1"),
    _slip(rf"<[ \t]*{_EDGE}", r"below \1"),
    _slip(
        rf"\babove[ \t]+{_EDGE}",
        r"over \1",
        r"`over \1` leaves \1 itself out, `\1 or more` takes it in",
    ),
    _slip(rf"\bunder[ \t]+{_EDGE}", r"below \1"),
    _slip(
        rf"{_EDGE}[ \t]*(?:or[ \t]+(?:above|higher|greater|over)|and[ \t]+(?:above|over|up)|\+)",
        r"\1 or more",
    ),
    _slip(rf"{_EDGE}[ \t]*(?:or|and)[ \t]+(?:below|less|lower|under)", r"up to \1"),
    _slip(rf"{_EDGE}[ \t]*(?:-|\.\.\.?|–)[ \t]*{_EDGE}", r"\1 to \2"),
    _slip(r"[ \t]*(?:->|→|:)", " =>"),
    # Structures and layers.
    _slip(r"\biron_?condors?\b", "iron condor"),
    _slip(r"\b(put|call)_(spread|butterfly|calendar)\b", r"\1 \2"),
    _slip(r"\b([0-9.]+)[ \t]*(?:delta\b|Δ)", r"at delta \1%"),
    _slip(r"\bdelta(?=[ \t]+[0-9])", "at delta"),
    _slip(r"\b(?:pop|POP)\b", "probability_of_profit"),
    _slip(r"\b([0-9]+)[ \t]*(?:dte|DTE)\b", r"\1 days"),
    _slip(r"\b(?:max|maximum|up[ \t]+to)[ \t]+([0-9]+)[ \t]+open\b", r"at most \1 open"),
    _slip(
        r",(?=[ \t]*(?:at|expiring|wings)\b)",
        "",
        "these stand one after the other, without a comma",
    ),
    _slip(r"\b(?:ATM|atm)\b", "at the money"),
    # Events, regimes, params.
    _slip(r"\bday(s?)(?=[ \t]+(?:before|after)\b)", r"session\1"),
    _slip(r"\b(same|next)[ \t]+day\b", r"\1 session"),
    _slip(r"(?<=\w)[ \t]*[*=](?=[ \t]*[0-9])", " x"),
    _slip(rf"\b(?:between|in)[ \t]+({_VALUE})[ \t]+(?:and|to)[ \t]+({_VALUE})", r"from \1 to \2"),
    # Names, texts, lists.
    _slip(r"\buse[ \t]+([\w./-]+)", r'use "\1"'),
    _slip(r"\b[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+", _joined),
    _slip(
        rf"(=[ \t]*{_VALUE})(?=[ \t]+[A-Za-z_][\w.]*[ \t]*=)",
        r"\1,",
        "a comma stands between two values",
    ),
    # What has no replacement that can be made out.
    _slip(r"\?", help="write `if … then … else …`"),
    _slip(r"\*\*|\^", help="a power is written as a product; `sqrt` is the root"),
    _slip(r"(?<=[\w)])[ \t]+%", help="`%` stands behind a number, `5%`; there is no remainder"),
    _slip(r"(?<=[ \t])[0-9]+[A-Za-z_]\w*", help="a name begins with a letter"),
)

ITEMS: Mapping[str, str] = {
    "include": "use",
    "import": "use",
    "require": "use",
    "strategy": "ruleset",
    "inputs": "data",
    "columns": "data",
    "const": "param",
    "parameter": "param",
    "parameters": "param",
    "var": "let",
    "define": "let",
    "set": "let",
    "rule": "signal",
    "output": "target",
    "position": "layer",
    "invariant": "always",
    "assert": "always",
    "constraint": "limit",
}
"""Words that begin an item elsewhere, by the word that begins it here."""


_MOST_READ = 20_000
"""Characters of an item up to the fault, past which nothing is tried: each try reads them again."""


def meant(
    text: str, line: tuple[int, int], at: int, reads_past: Callable[[str, int], bool]
) -> Meant | None:
    """What was probably meant at an offset of an item's text, in the line of this extent.

    `reads_past` tells whether the grammar takes a text as far as an offset and beyond.
    """
    start, end = line
    if end > _MOST_READ:
        return None
    for slip in SLIPS:
        for match in slip.pattern.finditer(text, start, end):
            # A slip may lie right before the word that did not fit, with blanks between.
            if not match.start() <= at or text[match.end() : at].strip():
                continue
            if slip.write is None:
                return Meant(slip.help)
            written = slip.write(match) if callable(slip.write) else match.expand(slip.write)
            changed = text[: match.start()] + written + text[match.end() : end]
            if reads_past(changed, match.start() + len(written)):
                help = (
                    match.expand(slip.help) if slip.help else f"did you mean `{written.strip()}`?"
                )
                return Meant(help, match.start(), match.end(), written)
    return None
