"""Diagnostics as text, the way rustc and ruff show them: the lines, the carets, the words, the fix.

A finding is a head line, an excerpt of each file it speaks of (`excerpts.py`), its help, and the
lines that its fix would change, before and after. Everything a ruleset or a file says passes
through `cells.escaped`, so that nothing in it reaches a terminal as a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from alvh_rules.core import bounds
from alvh_rules.core.cells import escaped
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Severity, in_order
from alvh_rules.core.excerpts import WIDE, Paint, draw, mark_of
from alvh_rules.core.source import Source

__all__ = ["count_line", "escaped", "render", "render_all"]

_MOST_CHANGED: Final = 8
"""Lines shown of each side of a fix."""
_COLOURS: Final = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.ADVICE: "36"}
_STYLES: Final = {"secondary": "34", "removed": "31", "added": "32", "bold": ""}


def _painter(severity: Severity, colour: bool) -> Paint:
    codes = {**_STYLES, "primary": _COLOURS[severity]}

    def paint(text: str, style: str) -> str:
        if not colour or not style or not text.strip():
            return text
        code = f"1;{codes[style]}" if codes[style] else "1"
        return f"\x1b[{code}m{text}\x1b[0m"

    return paint


def render(item: Diagnostic, sources: Mapping[str, Source], *, colour: bool = False) -> str:
    """One finding. Spans of sources not given are named, not shown."""
    paint = _painter(item.severity, colour)
    head = paint(f"{item.severity}[{item.code}]", "primary")
    lines = [f"{head}{paint(f': {escaped(item.message)}', 'bold')}"]
    gutter = _gutter(item, sources)
    blank = paint(f"{' ' * gutter} |", "secondary")
    excerpts: list[str] = []
    if item.span is not None:
        excerpts = _excerpts(item, sources, gutter, paint)
    elif item.location:
        excerpts = [f"{' ' * gutter}{paint('-->', 'secondary')} {escaped(item.location)}"]
    lines += excerpts
    notes = _notes(item, sources, gutter, paint)
    if notes and len(excerpts) > 1:
        lines.append(blank)
    return "\n".join(lines + notes)


def _gutter(item: Diagnostic, sources: Mapping[str, Source]) -> int:
    """The width of the greatest line number shown; two at the least."""
    spans = [label.span for label in item.labels]
    spans += [item.span] if item.span else []
    spans += [edit.span for edit in item.fix.edits] if item.fix else []
    last = [source.position(span.end).line for span in spans if (source := sources.get(span.file))]
    return max(2, len(str(max(last, default=0))))


def _excerpts(
    item: Diagnostic, sources: Mapping[str, Source], gutter: int, paint: Paint
) -> list[str]:
    assert item.span is not None
    marks = [(item.span, item.label, True)]
    marks += [(label.span, label.message, False) for label in item.labels if label.span.file]
    lines: list[str] = []
    for file in dict.fromkeys(span.file for span, _, _ in marks):
        own = [mark for mark in marks if mark[0].file == file]
        source = sources.get(file)
        where = file
        if source is not None:
            at = source.position(own[0][0].start)
            where = f"{file}:{at.line}:{at.column}"
        arrow = paint(":::" if lines else "-->", "secondary")
        lines.append(f"{' ' * gutter}{arrow} {escaped(where)}")
        if source is not None:
            lines.append(paint(f"{' ' * gutter} |", "secondary"))
            drawn = [mark_of(source, span, said, primary) for span, said, primary in own]
            lines += draw(source, drawn, gutter, paint)
    return lines


def _notes(item: Diagnostic, sources: Mapping[str, Source], gutter: int, paint: Paint) -> list[str]:
    """The help line, and the fix: what it says where the help does not say it, and what it changes."""
    lead = f"{' ' * gutter} {paint('= help:', 'secondary')} "
    lines = [f"{lead}{escaped(item.help)}"] if item.help else []
    if item.fix is not None:
        quoted = re.findall(r"`[^`]*`", item.fix.message)
        if not quoted or any(text not in item.help for text in quoted):
            lines.append(f"{lead}{escaped(item.fix.message)}")
        lines += _changes(item.fix, sources, gutter, paint)
    return lines


def _changes(fix: Fix, sources: Mapping[str, Source], gutter: int, paint: Paint) -> list[str]:
    lines: list[str] = []
    for file in dict.fromkeys(edit.span.file for edit in fix.edits):
        source = sources.get(file)
        if source is not None:
            edits = [edit for edit in fix.edits if edit.span.file == file]
            lines += _changed_lines(source, edits, gutter, paint)
    return lines


def _changed_lines(source: Source, edits: Sequence[Edit], gutter: int, paint: Paint) -> list[str]:
    """The lines that edits touch, before and after; one diff for edits of neighbouring lines."""
    groups: list[list[Edit]] = []
    last = -1
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        first = source.position(edit.span.start).line
        if not groups or first > last + 1:
            groups.append([])
        groups[-1].append(edit)
        last = max(last, source.position(edit.span.end).line)
    lines = []
    moved = 0
    for group in groups:
        first = source.position(group[0].span.start).line
        end = source.position(max(edit.span.end for edit in group)).line
        begin = source.offset(first)
        stop = source.offset(end + 1) if end < source.line_count else len(source.text)
        old = _lines(source.text[begin:stop])
        new = _lines(applied(source.text, group, begin, stop))
        grown = len(new) - len(old)
        while old and new and old[0] == new[0]:
            old, new, first = old[1:], new[1:], first + 1
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        if old or new:
            lines.append(paint(f"{' ' * gutter} |", "secondary"))
        lines += _side("-", "removed", first, old, gutter, paint)
        lines += _side("+", "added", first + moved, new, gutter, paint)
        moved += grown
    return lines


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _side(
    sign: str, style: str, first: int, texts: Sequence[str], gutter: int, paint: Paint
) -> list[str]:
    """One side of a diff, from a line number on."""
    lines = []
    for number, text in enumerate(texts[:_MOST_CHANGED], first):
        cut = text if len(text) <= WIDE else text[:WIDE] + "…"
        shown = paint(f"{sign} {escaped(cut)}".rstrip(), style)
        lines.append(f"{paint(f'{number:>{gutter}}', 'secondary')} {shown}")
    if len(texts) > _MOST_CHANGED:
        lines.append(paint("...", "secondary"))
    return lines


def applied(text: str, edits: Sequence[Edit], begin: int, end: int) -> str:
    """The text from `begin` to `end` after edits that lie in it and do not overlap."""
    parts = []
    at = begin
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        parts += [text[at : edit.span.start], edit.replacement]
        at = edit.span.end
    return "".join([*parts, text[at:end]])


def render_all(
    items: Iterable[Diagnostic], sources: Mapping[str, Source], *, colour: bool = False
) -> str:
    """All findings in the order of the file, up to a bound, and their count."""
    ordered = in_order(items)
    most = bounds.MOST_DIAGNOSTICS
    parts = [render(item, sources, colour=colour) for item in ordered[:most]]
    if len(ordered) > most:
        parts.append(f"… and after these, not shown: {count_line(ordered[most:])}")
    if parts:
        parts.append(count_line(ordered))
    return "\n\n".join(parts)


def count_line(items: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    known = list(items)
    parts = []
    for severity, one, many in (
        (Severity.ERROR, "error", "errors"),
        (Severity.WARNING, "warning", "warnings"),
        (Severity.ADVICE, "piece of advice", "pieces of advice"),
    ):
        count = sum(item.severity is severity for item in known)
        if count:
            parts.append(f"{count:,} {one if count == 1 else many}")
    return ", ".join(parts)
