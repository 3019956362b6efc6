"""Split a text into the pieces that are parsed apart, and check their layout.

An item begins at every line that starts in column one and runs to the next such line. Parsing items
apart gives recovery (an error stays in its item), keystroke speed and caching. The layout check
finds what the indentation would stumble on: tabs, an indentation that fits no line above, brackets
nested too deep. A line at fault is blanked out, with the lines indented under it, so that the rest
of its item can be read: blanking keeps every offset as it was.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.syntax import errors

_ITEM_START = re.compile(r"^(?=[^ \t\r\n#]|\r[^\n])", re.MULTILINE)
_CONTENT_LINE = re.compile(r"^([ \t]*)(?=[^ \t\r\n#]|\r[^\n])[^\n]*", re.MULTILINE)
_QUOTED = re.compile(r'"[^"\n]*"|#[^\n]*')
_DIGITS = re.compile(rf"\d{{{bounds.MOST_DIGITS + 1},}}")
_BRACKETS = re.compile(r"[()]")


class Line(NamedTuple):
    """A line with something on it: its extent (without the line end) and indentation in columns."""

    start: int
    end: int
    indent: int


def item_starts(text: str) -> list[int]:
    """Where each item of a text begins; an item ends where the next begins."""
    return [found.start() for found in _ITEM_START.finditer(text)]


def content_lines(text: str, end: int | None = None) -> tuple[Line, ...]:
    """The lines that hold more than blanks and comments, in order, as far as an offset."""
    # Only "\n" ends a line here: `splitlines` would also break at form feeds and the like.
    return tuple(
        Line(found.start(), found.start() + len(found[0].rstrip("\r")), len(found[1]))
        for found in _CONTENT_LINE.finditer(text, 0, len(text) if end is None else end)
    )


def stray_lines(source: Source, end: int) -> list[Diagnostic]:
    """What is wrong before the first item, which begins at `end`: lines that belong to none."""
    return [
        errors.indented_first_line(source, line.start + line.indent, line.end)
        for line in content_lines(source.text, end)
    ]


def check_layout(source: Source, lines: tuple[Line, ...]) -> tuple[list[Diagnostic], str]:
    """What is wrong with the layout of an item, and its text with the lines at fault blanked out."""
    text = source.text
    found: list[Diagnostic] = []
    blanks: list[tuple[int, int]] = []
    stack = [0]
    depth = 0
    for index, line in enumerate(lines):
        content = text[line.start : line.end]
        bare = content
        if '"' in content or "#" in content:
            bare = _QUOTED.sub(lambda match: " " * len(match[0]), content)
        if fault := _line_fault(source, line, content, bare):
            found.append(fault)
            # How deep a tab reaches is anyone's guess, so a line with one takes no others with it.
            tab = "\t" in content[: line.indent]
            blanks.extend([(line.start, line.end)] if tab else _with_children(lines, index))
            continue
        inside = depth > 0
        for bracket in _BRACKETS.findall(bare):
            depth += 1 if bracket == "(" else -1
            if depth > bounds.MOST_NESTED:
                at = line.start + line.indent
                found.append(errors.nested_too_deep(source, at, line.end))
                return found, blank_out(text, [(other.start, other.end) for other in lines])
        depth = max(depth, 0)
        # A grid's header may be deeper than its rows.
        if inside or (line.indent > stack[-1] and content.lstrip(" ").startswith("|")):
            continue
        if line.indent > stack[-1]:
            stack.append(line.indent)
            continue
        levels = list(stack)
        while stack[-1] > line.indent:
            stack.pop()
        if stack[-1] != line.indent:
            found.append(
                errors.indentation_fits_nothing(source, line.start, line.end, line.indent, levels)
            )
            blanks.extend(_with_children(lines, index))
            stack = levels
    return found, blank_out(text, blanks)


def _line_fault(source: Source, line: Line, content: str, bare: str) -> Diagnostic | None:
    if "\t" in content[: line.indent]:
        return errors.tab_indentation(source, line.start, line.start + line.indent)
    if len(content) > bounds.MOST_LINE:
        return errors.line_too_long(source, line.start, line.end)
    if digits := _DIGITS.search(bare):
        return errors.number_too_long(
            source, line.start + digits.start(), line.start + digits.end()
        )
    return None


def _with_children(lines: tuple[Line, ...], index: int) -> list[tuple[int, int]]:
    first = lines[index]
    spans = [(first.start, first.end)]
    for line in lines[index + 1 :]:
        if line.indent <= first.indent:
            break
        spans.append((line.start, line.end))
    return spans


def line_block(lines: tuple[Line, ...], offset: int) -> list[tuple[int, int]]:
    """The line that holds an offset, and the lines indented under it."""
    at = 0
    for index, line in enumerate(lines):
        if line.start <= offset:
            at = index
    return _with_children(lines, at)


def blank_out(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with these spans as spaces; offsets stay."""
    if not spans:
        return text
    parts = []
    at = 0
    for start, end in sorted(set(spans)):
        if start < at:
            continue
        parts += [text[at:start], " " * (end - start)]
        at = end
    parts.append(text[at:])
    return "".join(parts)
