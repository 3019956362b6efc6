"""Formatting: what `alvh fmt` would do, as edits of the lines that change."""

from __future__ import annotations

from lsprotocol import types

from alvh_rules.core.source import Source
from alvh_rules.findings.errors import not_formatted
from alvh_rules.language_server.documents import Places
from alvh_rules.syntax.format import format_source


def formatting(source: Source, places: Places) -> list[types.TextEdit] | None:
    """The edits to a text's canonical form; None where the text does not parse."""
    text, found = format_source(source)
    if found:
        return None
    fix = not_formatted(source, text).fix
    if fix is None:
        return []
    return [types.TextEdit(places.range(edit.span), edit.replacement) for edit in fix.edits]
