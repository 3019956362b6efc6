"""Comments that silence findings: `# alvh: ignore[ALV756] why`.

1. At the end of a line the comment is about that line; on a line of its own, about the next line that
   holds anything. A line that goes on inside brackets is one line. That is also how the formatter
   moves comments, so that formatting never parts one from its clause.
2. `# alvh: ignore-file[ALV756]`, on a line of its own anywhere, is about the whole file.
3. A finding is silenced where its first marked character lies. Errors are never silenced, nor are
   findings about these comments.
4. Several codes stand apart by commas; what follows the bracket is for the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix
from alvh_rules.core.source import Source, Span
from alvh_rules.lint import errors
from alvh_rules.lint.registry import NAMES
from alvh_rules.lint.silenceable import BY_COMMENT

_QUOTED_OR_COMMENT: Final = re.compile(r'"[^"\n]*"|#[^\n]*')
_MEANT: Final = re.compile(r"#\s*alvh:\s*ignore")
_FORM: Final = re.compile(r"#\s*alvh:\s*(ignore|ignore-file)\s*\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment, its codes that can be silenced, and the stretch of text that it is about.

    `inside` is the place of the codes between the brackets; `sound` is False where some part of it
    was reported as ALV771.
    """

    codes: tuple[str, ...]
    comment: Span
    inside: Span
    begin: int
    end: int
    sound: bool


def read_suppressions(source: Source) -> tuple[list[Suppression], list[Diagnostic]]:
    """The comments of a text that silence, and what is wrong with those that would."""
    found: list[Diagnostic] = []
    made: list[Suppression] = []
    waiting: list[tuple[re.Match[str], Span, bool]] = []
    for line in _logical_lines(source.text):
        for start, end, alone in line.comments:
            comment = source.span(start, end)
            text = source.text[start:end]
            form = _FORM.match(text)
            if form is None:
                if _MEANT.match(text):
                    help = "write `# alvh: ignore[ALV756]`, with the codes between the brackets"
                    found.append(
                        errors.bad_suppression("this comment names no code", comment, help)
                    )
                continue
            if form[1] == "ignore-file":
                made.append(_made(source, comment, form, 0, len(source.text) + 1, found))
                if not alone:
                    help = "give it a line of its own, or write `ignore`"
                    message = "`ignore-file` stands at the end of a line"
                    found.append(errors.bad_suppression(message, comment, help))
            else:
                waiting.append((form, comment, alone))
        if line.holds_something:
            made += [
                _made(source, comment, form, line.begin, line.end, found)
                for form, comment, _ in waiting
            ]
            waiting = []
    # Nothing follows these: they are about nothing.
    made += [_made(source, comment, form, -1, -1, found) for form, comment, _ in waiting]
    return made, found


def unused(
    suppression: Suppression, source: Source, used: set[str], can_be: set[str]
) -> Diagnostic | None:
    """The finding that a comment's codes silence nothing; None where all do.

    `used` are those of its codes that did; `can_be` the codes that were looked for.
    """
    idle = [code for code in suppression.codes if code not in used and code in can_be]
    if not idle:
        return None
    kept = [code for code in suppression.codes if code not in idle]
    if kept or not suppression.sound:
        written = source.text[suppression.inside.start : suppression.inside.end].split(",")
        rest = [word.strip() for word in written if word.strip() not in idle]
        edit = Edit(suppression.inside, ", ".join(rest))
    else:
        edit = Edit(_whole_comment(source, suppression.comment), "")
    fix = Fix(f"take out {', '.join(idle)}", (edit,), safe=True)
    return errors.unused_suppression(idle, suppression.comment, fix)


def _made(
    source: Source,
    comment: Span,
    form: re.Match[str],
    begin: int,
    end: int,
    found: list[Diagnostic],
) -> Suppression:
    inside = source.span(comment.start + form.start(2), comment.start + form.end(2))
    codes = []
    before = len(found)
    words = [word.strip() for word in form[2].split(",")]
    for word in words:
        if word in BY_COMMENT:
            codes.append(word)
        else:
            found.append(_refused(word, inside if word else comment))
    sound = len(found) == before
    return Suppression(tuple(dict.fromkeys(codes)), comment, inside, begin, end, sound)


def _refused(word: str, span: Span) -> Diagnostic:
    if not word:
        help = "write the codes apart by commas: `# alvh: ignore[ALV105, ALV756]`"
        return errors.bad_suppression("a code is missing between the brackets", span, help)
    if word in NAMES:
        help = f"write `{NAMES[word]}`"
        return errors.bad_suppression(f"`{word}` is the name of a lint, not a code", span, help)
    from alvh_rules.findings.code_records import known_codes

    if word in known_codes():
        help = "an error stands until it is mended; other findings are left out by alvh.toml"
        return errors.bad_suppression(f"{word} cannot be silenced by a comment", span, help)
    near = get_close_matches(word.upper(), sorted(BY_COMMENT), 1, 0.6)
    help = f"did you mean `{near[0]}`?" if near else "docs/codes.md lists the codes"
    return errors.bad_suppression(f"there is no code `{word}`", span, help)


def _whole_comment(source: Source, comment: Span) -> Span:
    """A comment with the blanks before it; one that has its line to itself, with its line."""
    text = source.text
    start = comment.start
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    end = comment.end
    if start == 0 or text[start - 1] == "\n":
        end = min(end + 1, len(text))
    return source.span(start, end)


@dataclass(frozen=True, slots=True)
class _LogicalLine:
    """A line with those that its open brackets reach; its comments, and whether each is alone."""

    begin: int
    end: int
    holds_something: bool
    comments: tuple[tuple[int, int, bool], ...]


def _logical_lines(text: str) -> Iterator[_LogicalLine]:
    begin, depth = 0, 0
    something = False
    comments: list[tuple[int, int, bool]] = []
    at = 0
    lines = text.split("\n")
    for number, raw in enumerate(lines):
        bare = _QUOTED_OR_COMMENT.sub(_blanked, raw)
        # A line in column one begins an item, whatever brackets an error has left open.
        if depth and bare[:1].strip():
            yield _LogicalLine(begin, at, something, tuple(comments))
            begin, depth, something, comments = at, 0, False, []
        for found in _QUOTED_OR_COMMENT.finditer(raw):
            if found[0].startswith("#"):
                end = at + found.start() + len(found[0].rstrip())
                comments.append((at + found.start(), end, not raw[: found.start()].strip()))
        something = something or bool(bare.strip())
        depth = max(0, depth + bare.count("(") - bare.count(")"))
        at += len(raw) + 1
        if depth == 0 or number == len(lines) - 1:
            yield _LogicalLine(begin, at, something, tuple(comments))
            begin, something, comments = at, False, []


def _blanked(found: re.Match[str]) -> str:
    """A text as a word, so that its line holds something; a comment as nothing."""
    return "" if found[0].startswith("#") else "t" * len(found[0])
