"""Hover: what the name at a place is, its kind and unit, how far back it looks, its last value."""

from __future__ import annotations

from lsprotocol import types

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.scope import POSITION
from alvh_rules.language_server.describe_names import (
    attribute_type,
    function_text,
    kind_text,
    look_back_text,
    symbol_text,
)
from alvh_rules.language_server.names import VALUES, Mention, Sort
from alvh_rules.language_server.workspace import Analysis


def value_name(analysis: Analysis, name: str, offset: int) -> str | None:
    """What the plan calls the value at an offset of a file; None where none stands there."""
    mention = analysis.names.at(name, offset)
    if mention is None or analysis.ruleset is None:
        return None
    full = f"{mention.owner}.{mention.name}" if mention.owner else mention.name
    symbol = None if mention.owner else analysis.names.symbol_of(mention)
    if symbol is not None and symbol.sort not in VALUES[:6]:
        return None
    return full if full in analysis.ruleset.values else None


def hover(analysis: Analysis, name: str, offset: int, last_value: str = "") -> types.Hover | None:
    """What there is to say of the name at an offset of a file; `last_value` closes it."""
    mention = analysis.names.at(name, offset)
    text = None if mention is None else _text(analysis, mention)
    if mention is None or text is None:
        return None
    value = value_name(analysis, name, offset)
    parts = [text, look_back_text(analysis, value) if value else "", last_value if value else ""]
    return types.Hover(
        types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(part for part in parts if part)),
        analysis.files[name].places.range(mention.span),
    )


def _text(analysis: Analysis, mention: Mention) -> str | None:
    if mention.wants == (Sort.FUNCTION,):
        record = BUILTINS.get(mention.name)
        return None if record is None else function_text(record)
    if mention.wants == (Sort.POSITION,):
        return f"**{mention.name}** · of each open position · {POSITION[mention.name].describe()}"
    if mention.owner:
        type = attribute_type(analysis, mention.owner, mention.name)
        full = f"{mention.owner}.{mention.name}"
        return None if type is None else f"**{full}** · {type.describe()}"
    symbol = analysis.names.symbol_of(mention)
    if symbol is not None:
        return symbol_text(analysis, symbol)
    if Sort.KIND in mention.wants:
        return kind_text(mention.name)
    type = analysis.scope.decisions.get(mention.name)
    return None if type is None else f"**{mention.name}** · decision · {type.describe()}"
