"""What to take out of a text so that a declaration, or a clause of a block, is gone.

A declaration is taken out with its line, a block with its last row. Comments on lines of their own
stay: they may be about what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast

_BLOCK: Final = re.compile(r"(all|any)[ \t]+of\b")
_REST_OF_LINE: Final = re.compile(r"[ \t]*(#[^\n]*)?(\n|\Z)")


def of_declarations(items: Iterable[ast.Item], sources: Mapping[str, Source]) -> dict[Span, Span]:
    """What takes out each declaration of data, params, calendars, lets and tables, by its name's span."""
    found: dict[Span, Span] = {}
    for item in items:
        source = sources[item.span.file]
        match item:
            case ast.Data() | ast.Params():
                alone = len(item.rows) == 1
                rows: tuple[ast.DataRow | ast.ParamRow, ...] = item.rows
                for row in rows:
                    found[row.name.span] = _lines(source, item.span if alone else row.span)
            case ast.Calendars() if len(item.names) > 1:
                first, second = item.names[:2]
                found[first.span] = source.span(first.span.start, second.span.start)
                for before, name in pairwise(item.names):
                    found[name.span] = source.span(before.span.end, name.span.end)
            case ast.Calendars():
                found[item.names[0].span] = _lines(source, item.span)
            case ast.Let() | ast.Table():
                found[item.name.span] = _lines(source, item.span)
            case _:
                pass
    return found


def of_clause(source: Source, whole: Span, clause: Span) -> Span | None:
    """What takes out a clause of an `all of` or `any of`; None where it has no line to itself."""
    text = source.text
    start = text.rfind("\n", 0, clause.start) + 1
    alone = not text[start : clause.start].strip() and _REST_OF_LINE.match(text, clause.end)
    if not alone or not _BLOCK.match(text, whole.start):
        return None
    return _lines(source, clause)


def _lines(source: Source, span: Span) -> Span:
    """The whole lines that a span's words stand on."""
    text = source.text
    start = text.rfind("\n", 0, span.start) + 1
    last = span.start + len(text[span.start : span.end].rstrip())
    end = text.find("\n", last)
    return source.span(start, len(text) if end < 0 else end + 1)
