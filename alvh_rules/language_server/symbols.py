"""The outline of a file: its items, and the named rows of those that have some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lsprotocol import types

from alvh_rules.core.source import Source, Span
from alvh_rules.language_server.documents import Places
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed

_Kind = types.SymbolKind

_KINDS: Final[dict[type[Any], types.SymbolKind]] = {
    ast.Header: _Kind.Module,
    ast.Data: _Kind.Struct,
    ast.Calendars: _Kind.Struct,
    ast.Params: _Kind.Struct,
    ast.Labels: _Kind.Enum,
    ast.Let: _Kind.Variable,
    ast.Table: _Kind.Array,
    ast.Signal: _Kind.Boolean,
    ast.Target: _Kind.Number,
    ast.Layer: _Kind.Class,
    ast.Hedge: _Kind.Class,
    ast.Holding: _Kind.Class,
    ast.Event: _Kind.Event,
    ast.Regime: _Kind.Interface,
    ast.Reallocate: _Kind.Operator,
    ast.Limit: _Kind.Property,
    ast.Always: _Kind.Property,
    ast.Monotone: _Kind.Property,
    ast.Assume: _Kind.Property,
    ast.Use: _Kind.File,
    ast.Test: _Kind.Method,
}


def document_symbols(source: Source, parsed: Parsed, places: Places) -> list[types.DocumentSymbol]:
    """The outline of a file, as far as it could be read."""
    return [_symbol(item, source, places) for item in parsed.file.items]


def _symbol(item: ast.Item, source: Source, places: Places) -> types.DocumentSymbol:
    word = type(item).__name__.lower()
    place = _first_line(item.span, source)
    children: list[types.DocumentSymbol] = []
    match item:
        case ast.Data():
            name, detail = "data", ""
            children = _rows(item.rows, _Kind.Field, places)
        case ast.Params():
            name, detail = "param", ""
            children = _rows(item.rows, _Kind.Constant, places)
        case ast.Calendars():
            name, detail = "calendar", ", ".join(each.name for each in item.names)
        case ast.Labels():
            name, detail, place = item.name.name, "labels", item.name.span
            children = [
                _row(each.name, "label", each.span, each.span, _Kind.EnumMember, places)
                for each in item.words
            ]
        case ast.Header():
            name, detail, place = item.name.name, f"version {item.version}", item.name.span
        case ast.Test():
            name, detail, place = item.name.value, "test", item.name.span
        case ast.Event():
            name, detail, place = item.calendar.name, "event", item.calendar.span
        case ast.Use():
            name, detail, place = item.path.value, "use", item.path.span
        case ast.Let() | ast.Table() | ast.Signal() | ast.Target() | ast.Layer() | ast.Regime():
            name, detail, place = item.name.name, word, item.name.span
        case _:
            name, detail = source.one_line(place), ""
    # A client takes no symbol without a name.
    return types.DocumentSymbol(
        name.strip() or word,
        _KINDS[type(item)],
        places.range(item.span),
        places.range(place),
        detail=detail,
        children=children or None,
    )


def _rows(
    rows: Sequence[ast.DataRow] | Sequence[ast.ParamRow], kind: _Kind, places: Places
) -> list[types.DocumentSymbol]:
    return [
        _row(
            row.name.name,
            row.kind.name if isinstance(row, ast.DataRow) else "",
            row.span,
            row.name.span,
            kind,
            places,
        )
        for row in rows
    ]


def _row(
    name: str, detail: str, whole: Span, place: Span, kind: _Kind, places: Places
) -> types.DocumentSymbol:
    return types.DocumentSymbol(name, kind, places.range(whole), places.range(place), detail=detail)


def _first_line(span: Span, source: Source) -> Span:
    end = source.text.find("\n", span.start, span.end)
    return span if end < 0 else Span(span.file, span.start, end)
