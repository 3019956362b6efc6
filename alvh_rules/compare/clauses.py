"""Clauses that are no columns: what the header, layers, the hedge and holdings say besides decisions.

A clause is compared by what it means: numbers by value, names by what they compute, choices of expiry
and strikes in any order. It is shown as the canonical form writes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from alvh_rules.check import checked as c
from alvh_rules.compare.bump import Bump
from alvh_rules.compare.canonical import Canonical
from alvh_rules.compare.clause_words import text_of
from alvh_rules.compare.comparison import Change
from alvh_rules.core.source import Span
from alvh_rules.report.values import shown
from alvh_rules.syntax import ast
from alvh_rules.syntax.print_decisions import clause_text
from alvh_rules.syntax.print_expressions import (
    choice_text,
    expression_text,
    number_text,
    structure_text,
)


def clause_changes(old: Canonical, new: Canonical) -> list[Change]:
    """What differs in the header, in layers and a hedge that both have, and in holdings."""
    found = _header(old, new)
    layers = {layer.name: layer for layer in old.ruleset.layers}
    for layer in new.ruleset.layers:
        if layer.name in layers:
            found += _layer(old, new, layers[layer.name], layer)
    found = _together(found)
    found += _hedge(old, new)
    found += _holdings(old, new)
    found += _reallocate(old, new)
    found += _params(old.ruleset, new.ruleset)
    return found


# --- what a clause means ---


def meaning(node: Any, canonical: Canonical) -> Hashable:
    """A clause's syntax without its spans, its names as what they compute."""
    match node:
        case ast.Number():
            return ("number", Decimal(node.text), "" if node.unit == "days" else node.unit)
        case ast.Word() if node.name in canonical.ruleset.values:
            return ("value", canonical.named(node.name))
        case ast.Word() if node.name in canonical.aliases:
            return meaning(canonical.aliases[node.name], canonical)
        case ast.Structure() | ast.Legs() | ast.Leg():
            parts = [
                meaning(getattr(node, item.name), canonical)
                for item in fields(node)
                if item.name not in ("span", "choices", "underlying")
            ]
            choices = sorted((meaning(item, canonical) for item in node.choices), key=repr)
            under = canonical.column(getattr(node, "underlying", ""))
            return (type(node).__name__, under, *parts, *choices)
        case tuple():
            return tuple(meaning(item, canonical) for item in node)
        case None | str() | int() | float():
            return node
        case _:
            return (
                type(node).__name__,
                *(
                    meaning(getattr(node, item.name), canonical)
                    for item in fields(node)
                    if item.compare
                ),
            )


# --- the header ---


def _header(old: Canonical, new: Canonical) -> list[Change]:
    span = header_span(new.ruleset)
    texts = [_settings(old.ruleset), _settings(new.ruleset)]
    found = [
        Change("header", name, texts[0][name], texts[1][name], Bump.MINOR, span=span)
        for name in texts[0]
        if texts[0][name] != texts[1][name]
    ]
    before, after = old.ruleset, new.ruleset
    # A column of another name that is read from the same data pays the same.
    if old.column(before.cash_earns) != new.column(after.cash_earns):
        one, other = before.cash_earns, after.cash_earns
        found.append(Change("header", "cash earns", one, other, Bump.MINOR, span=span))
    if before.name != after.name:
        found.append(Change("header", "name", before.name, after.name, Bump.PATCH, span=span))
    return found


def _settings(ruleset: c.CheckedRuleset) -> dict[str, str]:
    whole = ruleset.capital == int(ruleset.capital)
    return {
        "capital": f"${ruleset.capital:,.0f}" if whole else f"${ruleset.capital:,}",
        "risk": f"{shown(ruleset.risk, c.RATIO.kind)} of equity",
        "fill": ruleset.fill,
        "contracts": "fractional" if ruleset.fractional else "whole",
        "fee": "" if ruleset.fee is None else f"${ruleset.fee:,.2f}",
        "slippage": "" if ruleset.slippage is None else shown(ruleset.slippage, c.RATIO.kind),
    }


def header_span(ruleset: c.CheckedRuleset) -> Span | None:
    """The first line of the ruleset's own file that begins its header."""
    for path, source in ruleset.sources.items():
        for line in range(1, source.line_count + 1):
            text = source.line_text(line)
            if text.startswith("ruleset "):
                start = source.offset(line)
                return Span(path, start, start + len(text))
    return None


# --- layers ---


def _layer(old: Canonical, new: Canonical, before: c.Layer, after: c.Layer) -> list[Change]:
    found: list[Change] = []

    def differ(what: str, one: str, other: str) -> None:
        found.append(
            Change("layer", f"{after.name}: {what}", one, other, Bump.MINOR, span=after.span)
        )

    if meaning(before.structure, old) != meaning(after.structure, new):
        one, other = _pieces(before.structure), _pieces(after.structure)
        gone = [text for text in one if text not in other]
        come = [text for text in other if text not in one]
        differ("structure", ", ".join(gone or one), ", ".join(come or other))
    if (before.weighted, meaning(before.size, old)) != (after.weighted, meaning(after.size, new)):
        differ("size", _size(before), _size(after))
    if before.at_most != after.at_most:
        differ("at most", f"{before.at_most} open", f"{after.at_most} open")
    if before.every != after.every:
        differ("every", _sessions(before.every), _sessions(after.every))
    if before.hold_to_expiry != after.hold_to_expiry:
        words = ("", "hold to expiry")
        differ("hold", words[before.hold_to_expiry], words[after.hold_to_expiry])
    if old.closing(before.name) != new.closing(after.name):
        one, other = _closing(old.ruleset, before), _closing(new.ruleset, after)
        gone = [text for text in one if text not in other]
        come = [text for text in other if text not in one]
        differ("close when", "; ".join(gone), "; ".join(come))
    return found


def _together(changes: list[Change]) -> list[Change]:
    """Changes that layers share, by `like`, told once: `short, medium: at most`."""
    made: dict[tuple[str, str, str, str], list[Change]] = {}
    for item in changes:
        _, _, clause = item.what.partition(": ")
        key = (item.part, clause if item.part == "layer" else item.what, item.old, item.new)
        made.setdefault(key, []).append(item)
    found = []
    for (_, clause, _, _), items in made.items():
        names = ", ".join(item.what.partition(": ")[0] for item in items)
        what = f"{names}: {clause}" if items[0].part == "layer" else clause
        found.append(replace(items[0], what=what))
    return found


def _pieces(structure: ast.Structure | ast.Legs) -> list[str]:
    choices = sorted(map(choice_text, structure.choices))
    if isinstance(structure, ast.Structure):
        return [structure_text(structure, ()), *choices]
    return [f"legs on {structure.underlying}", *choices, *map(_leg, structure.legs)]


def _leg(leg: ast.Leg) -> str:
    count = [number_text(leg.quantity)] if leg.quantity else []
    return " ".join([leg.side, *count, leg.right, *map(choice_text, leg.choices)])


def _size(layer: c.Layer) -> str:
    return clause_text(layer.size) if layer.size is not None else "by its weight"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _closing(ruleset: c.CheckedRuleset, layer: c.Layer) -> list[str]:
    if layer.close is None:
        return []
    if isinstance(layer.close, c.Logical):
        return [ruleset.text(item.span) for item in layer.close.items]
    return [ruleset.text(layer.close.span)]


# --- the rest ---


def _hedge(old: Canonical, new: Canonical) -> list[Change]:
    before, after = old.ruleset.hedge, new.ruleset.hedge
    if before is None or after is None:
        return []
    found = []
    if before.basis != after.basis:
        found.append(
            Change(
                "hedge", "hedge: ratio", f"of {before.basis}", f"of {after.basis}", Bump.MINOR,
                span=after.span,
            )
        )  # fmt: skip
    if meaning(before.keep, old) != meaning(after.keep, new):
        one, other = ("" if item.keep is None else text_of(item.keep) for item in (before, after))
        found.append(Change("hedge", "hedge: keep", one, other, Bump.MINOR, span=after.span))
    texts = [
        {structure_text(item, item.choices): meaning(item, side) for item in hedge.structures}
        for hedge, side in ((before, old), (after, new))
    ]
    for text, means in texts[1].items():
        # What a choice writes may be a name whose value has changed.
        if text in texts[0] and texts[0][text] != means:
            found.append(
                Change(
                    "hedge", "hedge: hold", text, text, Bump.MINOR, "its numbers change", after.span
                )
            )
    return found


def _holdings(old: Canonical, new: Canonical) -> list[Change]:
    means = [
        [(meaning(item, side), _holding(item), item.span) for item in side.ruleset.holdings]
        for side in (old, new)
    ]
    gone = [item for item in means[0] if item[0] not in [other[0] for other in means[1]]]
    come = [item for item in means[1] if item[0] not in [other[0] for other in means[0]]]
    return [
        Change("holding", "hold", one[1], other[1], Bump.MINOR, span=other[2])
        for one, other in _paired(gone, come, ("", "", None))
    ]


def _paired(gone: Sequence[Any], come: Sequence[Any], none: Any) -> list[tuple[Any, Any]]:
    """What went beside what came, in order; the longer with nothing at its end."""
    most = max(len(gone), len(come))
    return [
        (gone[at] if at < len(gone) else none, come[at] if at < len(come) else none)
        for at in range(most)
    ]


def _holding(item: ast.Holding) -> str:
    text = structure_text(item.structure, item.structure.choices)
    return text if item.weight is None else f"{text}, weight {expression_text(item.weight)}"


def _reallocate(old: Canonical, new: Canonical) -> list[Change]:
    before, after = old.ruleset.reallocate, new.ruleset.reallocate
    means = [
        None if item is None else meaning(item, side)
        for item, side in ((before, old), (after, new))
    ]
    if means[0] == means[1]:
        return []
    texts = [
        "" if item is None else side.ruleset.text(item.span).removeprefix("reallocate ")
        for item, side in ((before, old), (after, new))
    ]
    span = None if after is None else after.span
    return [Change("reallocate", "reallocate", texts[0], texts[1], Bump.MINOR, span=span)]


def _params(old: c.CheckedRuleset, new: c.CheckedRuleset) -> list[Change]:
    """Ranges that a sweep walks: they decide nothing."""
    before = {param.name: param for param in old.params}
    found = []
    for param in new.params:
        other = before.get(param.name)
        if other is not None and (other.low, other.high, other.step) != (
            param.low,
            param.high,
            param.step,
        ):
            found.append(
                Change(
                    "param", f"param {param.name}: range", _range(other), _range(param), Bump.PATCH,
                    "what a sweep walks", param.span,
                )
            )  # fmt: skip
    return found


def _range(param: c.Param) -> str:
    kind = param.type.kind
    parts = [
        f"{word} {shown(value, kind)}"
        for word, value in (("from", param.low), ("to", param.high), ("by", param.step))
        if value is not None
    ]
    return " ".join(parts)
