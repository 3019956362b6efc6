"""What reading a ruleset can find wrong: all of the stage's messages, a function each."""

from __future__ import annotations

import re
from typing import Final

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Severity
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax.slips import Meant

_INDENTED_WITH_SPACES: Final = re.compile(r"^ ", re.M)


def _error(
    code: str, message: str, span: Span, help: str = "", fix: Fix | None = None, label: str = ""
) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, span, label=label, help=help, fix=fix)


def unexpected(
    source: Source, start: int, end: int, found: str, expected: str, meant: Meant
) -> Diagnostic:
    """A word that fits nowhere in its place, and what was probably meant."""
    message = f"{found} does not fit here"
    label = f"expected {expected}" if expected else ""
    fix = None
    if meant.text is not None:
        edit = Edit(source.span(meant.start, meant.end), meant.text)
        text = meant.text.strip()
        fix = Fix(f"write `{text}`" if text else "take it out", (edit,))
    return _error("ALV001", message, source.span(start, end), meant.help, fix, label)


def unfinished(source: Source, at: int, expected: str, help: str) -> Diagnostic:
    """A line or a block that ends before it is complete."""
    label = f"expected {expected}" if expected else ""
    return _error("ALV002", "this line ends too early", source.span(at, at + 1), help, label=label)


def unknown_item(source: Source, start: int, end: int, word: str, near: str) -> Diagnostic:
    """A line in column one that begins with no word of the language."""
    fix = None
    help = "a line that starts in column one begins an item, such as `let`, `table` or `layer`"
    if near:
        help = f"did you mean `{near}`?"
        fix = Fix(f"write `{near}`", (Edit(source.span(start, end), near),))
    return _error("ALV003", f"`{word}` does not begin an item", source.span(start, end), help, fix)


def tab_indentation(source: Source, start: int, end: int) -> Diagnostic:
    """A tab before the first word of a line.

    What a tab is worth is certain only in an item that is indented with tabs throughout: beside
    spaces a clause could come to stand in another block than the one that was meant.
    """
    written = source.text[start:end]
    certain = " " not in written and not _INDENTED_WITH_SPACES.search(source.text)
    edit = Edit(source.span(start, end), written.replace("\t", "  "))
    fix = Fix("indent with spaces", (edit,), safe=certain)
    return _error(
        "ALV004",
        "this line is indented with a tab",
        source.span(start, end),
        "indent with two spaces for each level",
        fix,
    )


def indentation_fits_nothing(
    source: Source, start: int, end: int, indent: int, levels: list[int]
) -> Diagnostic:
    """An indentation between two levels."""
    fitting = " or ".join(str(level) for level in levels[1:])
    near = min(levels[1:], key=lambda level: abs(level - indent))
    fix = Fix(f"indent by {near} spaces", (Edit(source.span(start, start + indent), " " * near),))
    return _error(
        "ALV005",
        f"this line is indented by {indent} spaces, which fits no line above it",
        source.span(start + indent, end),
        f"the lines it could belong to are indented by {fitting}",
        fix,
    )


def unexpected_indentation(source: Source, start: int, end: int) -> Diagnostic:
    """A line deeper than its place allows."""
    return _error(
        "ALV005",
        "this line is indented deeper than the line above allows",
        source.span(start, end),
        "a line is indented under a line that opens a block; rows of one block stand in one column",
    )


def missing_block(source: Source, start: int, end: int, what: str) -> Diagnostic:
    """A line that opens a block, with no block under it."""
    return _error(
        "ALV006",
        f"{what} has nothing under it",
        source.span(start, end),
        "its rows stand on the lines below, indented by two spaces",
    )


def indented_first_line(source: Source, start: int, end: int) -> Diagnostic:
    """An indented line with no item above it."""
    return _error(
        "ALV005",
        "this line is indented, but there is no item above it to belong to",
        source.span(start, end),
        "an item begins in column one",
    )


def unclosed_text(source: Source, start: int, end: int) -> Diagnostic:
    """A quote with no end."""
    return _error(
        "ALV007",
        "this text has no closing quote",
        source.span(start, end),
        'a text stands between two `"` on one line',
    )


def unclosed_bracket(source: Source, start: int, end: int) -> Diagnostic:
    """A bracket with no end."""
    return _error("ALV008", "this bracket is never closed", source.span(start, end), "add a `)`")


def reserved_word(span: Span, word: str) -> Diagnostic:
    """A word of the language where a name was wanted."""
    return _error(
        "ALV009",
        f"`{word}` is a word of the language and cannot be a name",
        span,
        "choose another name",
    )


def nested_too_deep(source: Source, start: int, end: int) -> Diagnostic:
    """Brackets in brackets in brackets."""
    return _error(
        "ALV901",
        f"brackets are nested more than {bounds.MOST_NESTED} deep",
        source.span(start, min(end, start + 60)),
        "give parts of the expression names with `let`",
    )


def expression_too_deep(source: Source, span: Span) -> Diagnostic:
    """An expression with too many levels or terms."""
    return _error(
        "ALV901",
        f"this expression has more than {bounds.MOST_DEPTH} levels",
        Span(span.file, span.start, min(span.end, span.start + 60)),
        "give parts of the expression names with `let`",
    )


def line_too_long(source: Source, start: int, end: int) -> Diagnostic:
    """A line past the bound."""
    return _error(
        "ALV902",
        f"this line has {end - start:,} characters; the most is {bounds.MOST_LINE:,}",
        source.span(start, min(end, start + 60)),
        "split it: an expression in brackets may go over several lines",
    )


def number_too_long(source: Source, start: int, end: int) -> Diagnostic:
    """A number with too many digits."""
    return _error(
        "ALV903",
        f"this number has more than {bounds.MOST_DIGITS} digits",
        source.span(start, end),
        "no market quantity needs as many",
    )


def said_twice(span: Span, what: str) -> Diagnostic:
    """A part that may stand once in its block, a second time."""
    return _error("ALV010", f"{what} is said twice here", span, "keep the one that is meant")


def not_whole(span: Span, text: str) -> Diagnostic:
    """A count of sessions or minutes that is no whole number."""
    return _error("ALV011", f"`{text}` is not a whole number", span, "count in whole numbers")
