"""Split a text into the pieces that are parsed apart, and check its layout.

An item begins at every line that starts in column one and runs to the next such line. Parsing items
apart gives recovery (an error stays in its item), keystroke speed and caching. The layout check
finds what the indenter would stumble on: tabs, an indentation that fits no line above, brackets
nested too deep. A line at fault is blanked out, with the lines indented under it, so that the rest
of its item can be read: blanking keeps every offset as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.syntax import errors

_CONTENT_LINE = re.compile(r"^([ \t]*)(?=[^ \t\r\n#]|\r[^\n])[^\n]*", re.MULTILINE)
_QUOTED = re.compile(r'"[^"\n]*"|#[^\n]*')
_DIGITS = re.compile(rf"\d{{{bounds.MOST_DIGITS + 1},}}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something on it: its extent (without the line end) and indentation in columns."""

    start: int
    end: int
    indent: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """An item's text: from its first line's start to the end of its last, line end included."""

    start: int
    end: int
    lines: tuple[Line, ...]


def content_lines(text: str) -> list[Line]:
    """The lines that hold more than blanks and comments, in order."""
    # Only "\n" ends a line here: `splitlines` would also break at form feeds and the like.
    return [
        Line(found.start(), found.start() + len(found[0].rstrip("\r")), len(found[1]))
        for found in _CONTENT_LINE.finditer(text)
    ]


def split_items(source: Source) -> tuple[list[Chunk], str, list[Diagnostic]]:
    """The chunks of a source, its text with the lines at fault blanked out, and what was found."""
    text = source.text
    lines = content_lines(text)
    found: list[Diagnostic] = []
    blanks: list[tuple[int, int]] = []
    chunks: list[Chunk] = []
    group: list[Line] = []
    for line in lines:
        if line.indent == 0 and group:
            chunks.append(_chunk(group, line.start))
            group = []
        if not group and line.indent > 0:
            found.append(errors.indented_first_line(source, line.start + line.indent, line.end))
            blanks.append((line.start, line.end))
            continue
        group.append(line)
    if group:
        chunks.append(_chunk(group, len(text)))
    for chunk in chunks:
        _check_layout(source, chunk, found, blanks)
    return chunks, blank_out(text, blanks), found


def _chunk(lines: list[Line], end: int) -> Chunk:
    return Chunk(lines[0].start, end, tuple(lines))


def _check_layout(
    source: Source, chunk: Chunk, found: list[Diagnostic], blanks: list[tuple[int, int]]
) -> None:
    text = source.text
    stack = [0]
    depth = 0
    for index, line in enumerate(chunk.lines):
        content = text[line.start : line.end]
        bare = _QUOTED.sub(lambda match: " " * len(match[0]), content)
        if fault := _line_fault(source, line, content, bare):
            found.append(fault)
            # How deep a tab reaches is anyone's guess, so a line with one takes no others with it.
            tab = "\t" in content[: line.indent]
            blanks.extend([(line.start, line.end)] if tab else _with_children(chunk.lines, index))
            continue
        inside = depth > 0
        for character in bare:
            depth += (character == "(") - (character == ")")
            if depth > bounds.MOST_NESTED:
                break
        if depth > bounds.MOST_NESTED:
            at = line.start + line.indent
            found.append(errors.nested_too_deep(source, at, line.end))
            blanks.extend((other.start, other.end) for other in chunk.lines)
            return
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
            blanks.extend(_with_children(chunk.lines, index))
            stack = levels


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


def line_block(chunk: Chunk, offset: int) -> list[tuple[int, int]]:
    """The line that holds an offset, and the lines indented under it."""
    at = 0
    for index, line in enumerate(chunk.lines):
        if line.start <= offset:
            at = index
    return _with_children(chunk.lines, at)


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
