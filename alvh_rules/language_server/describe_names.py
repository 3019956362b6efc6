"""What is known of a name, in Markdown: for hover, and beside the entries of a completion."""

from __future__ import annotations

from typing import Final

from alvh_rules.builtins.document import look_back, result, takes
from alvh_rules.builtins.record import Builtin
from alvh_rules.check.scope import BOOK, POSITION
from alvh_rules.core.kinds import DECLARABLE, DESCRIPTIONS, Kind, Type
from alvh_rules.language_server.names import Sort, Symbol
from alvh_rules.language_server.workspace import Analysis

_MOST_LINES: Final = 12
"""How many lines of a definition are shown."""


def type_of(analysis: Analysis, symbol: Symbol) -> Type | None:
    """The type of a name's value; None where it has none, or none could be found."""
    scope, name = analysis.scope, symbol.name
    match symbol.sort:
        case Sort.PARAM:
            state = scope.params.get(name)
            return state.type if state is not None else None
        case Sort.COLUMN | Sort.LET | Sort.TABLE | Sort.SIGNAL | Sort.TARGET:
            value = scope.values.get(name)
            return None if value is None or name in scope.broken else value.type
        case Sort.LABEL:
            return Type(Kind.LABEL, scope.label_set_of.get(name, ""))
        case Sort.REGIME:
            return Type(Kind.LABEL, "regime")
        case _:
            return None


def attribute_type(analysis: Analysis, owner: str, name: str) -> Type | None:
    """The type of a dotted name: a decision, or a fact about what is held."""
    scope = analysis.scope
    found = scope.decisions.get(f"{owner}.{name}")
    if found is not None:
        return found
    if owner == "book":
        return BOOK.get(name)
    if name == "breached" and owner in scope.layers:
        return POSITION["breached"]
    return Type(Kind.MONEY) if (owner, name) == ("hedge", "cost") else None


def symbol_text(analysis: Analysis, symbol: Symbol) -> str:
    """A declared name: what it is, its kind and unit, how it is defined, what a column says of itself."""
    type = type_of(analysis, symbol)
    title = f"**{symbol.name}** · {symbol.sort}"
    if type is not None:
        title += f" · {type.describe()}"
    elif symbol.name in analysis.scope.aliases:
        title += " · a number of the kind that it meets"
    parts = [title]
    column = analysis.scope.columns.get(symbol.name)
    if symbol.sort is Sort.COLUMN and column is not None and column.description:
        parts.append(_plain(column.description))
    if symbol.sort in (Sort.LABELS, Sort.LABEL):
        owner = analysis.scope.label_set_of.get(symbol.name, symbol.name)
        parts.append("One of " + ", ".join(f"`{word}`" for word in _words(analysis, owner)) + ".")
    parts.append(f"```alvh\n{definition_text(analysis, symbol)}\n```")
    return "\n\n".join(parts)


def _words(analysis: Analysis, name: str) -> tuple[str, ...]:
    return analysis.scope.label_sets.get(name, ())


def definition_text(analysis: Analysis, symbol: Symbol) -> str:
    """The text that defines a name, as it was written; the first lines of a long one."""
    source = analysis.files[symbol.whole.file].source
    lines = source.text[symbol.whole.start : symbol.whole.end].rstrip().split("\n")
    shown = lines[:_MOST_LINES]
    return "\n".join([*shown, "…"] if len(lines) > len(shown) else shown)


def look_back_text(analysis: Analysis, name: str) -> str:
    """A name's look-back in a sentence; empty where the ruleset has errors."""
    found = analysis.look_back(name)
    if found is None or analysis.ruleset is None:
        return ""
    needed = found.describe(analysis.ruleset.schema.bars)
    text = "Looks back: none." if needed == "none" else f"Warm-up: {needed}."
    return f"{text} Remembers every row since the first." if found.endless else text


def function_text(record: Builtin) -> str:
    """A built-in function: its call, what it means, its parameters, result, look-back and source."""
    return "\n\n".join(
        (
            f"```alvh\n{record.signature}\n```",
            f"{record.summary} {record.definition}",
            "\n".join(f"- `{each.name}`: {takes(each)}; {each.doc}" for each in record.parameters),
            f"Result: {result(record)}. Look-back: {look_back(record)}.",
            f"Example: `{record.example}`",
            f"Source: {record.source}.",
        )
    )


def kind_text(name: str) -> str | None:
    """A kind that a data column may be of; None where the word is none."""
    kinds = {kind.value: kind for kind in DECLARABLE}
    kind = kinds.get(name)
    return None if kind is None else f"**{name}** · kind · {DESCRIPTIONS[kind]}"


def _plain(text: str) -> str:
    """A ruleset's own words, which mean nothing to Markdown."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>()#+-.!|~" else each for each in text)
