"""A market as the `given` lines of a test, where the language can say it."""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import TRUE
from alvh_rules.plan import graph as g
from alvh_rules.prove.context import Context, Witness

_UNITS = {Kind.DAYS: " days", Kind.SESSIONS: " sessions"}


def test_lines(context: Context, witness: Witness) -> tuple[str, ...] | None:
    """`vix = 20` and the like; None where a value belongs to nothing that a test can give."""
    lines: list[str] = []
    for part in witness.parts:
        if part.key not in witness.kept:
            continue
        value = witness.kept[part.key]
        node = part.node
        if isinstance(node.operation, g.Event):
            if value == TRUE and part.text == f"event {node.operation.calendar}":
                lines.append(part.text)
            elif value == TRUE:
                return None
            continue
        name = context.shown.name(part.number)
        if isinstance(node.operation, g.Book):
            name = node.operation.name
        role = context.ruleset.roles.get(name or "")
        if part.before or name is None or role is c.Role.REGIME:
            return None
        if value is None:
            # What is not given is missing.
            continue
        shown = context.shown.value(value, node) + _UNITS.get(node.type.kind, "")
        if node.type.kind is Kind.MONEY:
            shown = f"${value:f}".rstrip("0").rstrip(".")
        lines.append(f"{name} = {shown}")
    return tuple(lines)
