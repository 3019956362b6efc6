"""Structures and conditions on one line, as trade logs, orders and reports say them."""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import choice_text, structure_text


def structure_words(structure: ast.Structure | ast.Legs) -> str:
    """A structure with all of its choices, those it was `like` included."""
    if isinstance(structure, ast.Structure):
        return structure_text(structure, structure.choices)
    head = " ".join([f"legs on {structure.underlying}", *map(choice_text, structure.choices)])
    legs = []
    for leg in structure.legs:
        count = f"{leg.quantity.text} " if leg.quantity is not None else ""
        legs.append(" ".join([f"{leg.side} {count}{leg.right}", *map(choice_text, leg.choices)]))
    return f"{head}: {', '.join(legs)}"


def condition_words(ruleset: c.CheckedRuleset, node: c.Expression, inside: bool = False) -> str:
    """A condition as written, its blocks with the words between their clauses."""
    if not isinstance(node, c.Logical) or any(item.span == node.span for item in node.items):
        return ruleset.text(node.span)
    parts = [condition_words(ruleset, item, True) for item in node.items]
    text = f" {node.operator} ".join(parts)
    return f"({text})" if inside else text
