"""Inlay hints: the kind of each let and param, behind its name."""

from __future__ import annotations

from lsprotocol import types

from alvh_rules.core.kinds import Kind, Type
from alvh_rules.language_server.describe_names import type_of
from alvh_rules.language_server.names import Sort
from alvh_rules.language_server.workspace import Analysis


def inlay_hints(analysis: Analysis, name: str, start: int, end: int) -> list[types.InlayHint]:
    """The hints between two offsets of a file; none for a name whose definition is at fault."""
    found = []
    places = analysis.files[name].places
    for symbol in analysis.names.symbols(Sort.LET, Sort.PARAM):
        if symbol.span.file != name or not start <= symbol.span.end <= end:
            continue
        type = type_of(analysis, symbol)
        if type is not None:
            found.append(
                types.InlayHint(
                    places.position(symbol.span.end),
                    f": {kind_word(type)}",
                    kind=types.InlayHintKind.Type,
                    tooltip=type.describe(),
                )
            )
    return found


def kind_word(type: Type) -> str:
    """A kind as a data row would say it: the name of a label set for its labels."""
    return type.labels if type.kind is Kind.LABEL and type.labels else type.kind.value
