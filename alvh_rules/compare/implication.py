"""Whether an old `always` follows from the new ones, asked of the solver as an equality.

N implies O where "N" and "N and O" are the same condition. Both are put into one ruleset, the new one:
every name that the old property rests on comes along under a name that no ruleset can have. Decisions
that both rulesets have are data that may be anything: a promise is about them, whatever they have become,
and one that is kept by today's table is no less loosened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from time import monotonic
from typing import Any

from alvh_rules.check import checked as c
from alvh_rules.compare.canonical import column_key
from alvh_rules.compare.comparison import OFF_BOUNDARY, SAME
from alvh_rules.compare.requirements import renamed_columns
from alvh_rules.compare.solver import NoSolverError, ask
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.core.schema import Column
from alvh_rules.pipeline import Checked
from alvh_rules.plan.from_checked import plan_of

_PROPERTY = "the property"


def with_columns(checked: Checked, renamed: Mapping[str, str]) -> Checked | None:
    """A ruleset with other names for its data columns, so that a market of another ruleset's names
    fits it; None where it has a name of its own for something else."""
    ruleset = checked.ruleset
    assert ruleset is not None
    if any(name in ruleset.values for name in renamed.values()):
        return None
    columns = {item.name: renamed.get(item.name, item.name) for item in ruleset.schema.columns}
    made = replace(
        ruleset,
        values={
            columns.get(name, name): _renamed(value, columns, columns)
            for name, value in ruleset.values.items()
        },
        roles={columns.get(name, name): role for name, role in ruleset.roles.items()},
        schema=replace(
            ruleset.schema,
            columns=tuple(
                replace(item, name=columns[item.name]) for item in ruleset.schema.columns
            ),
        ),
        layers=tuple(
            replace(item, close=_renamed(item.close, columns, columns)) for item in ruleset.layers
        ),
        limits=tuple(
            replace(item, bound=_renamed(item.bound, columns, columns)) for item in ruleset.limits
        ),
        assumptions=tuple(_renamed(item, columns, columns) for item in ruleset.assumptions),
        tests=(),
    )
    return replace(checked, ruleset=made, plan=plan_of(made))


class Implications:
    """Asks the solver what follows from the new ruleset's properties, within `seconds` in all."""

    def __init__(
        self, old: c.CheckedRuleset, new: c.CheckedRuleset, both: set[str], seconds: float
    ) -> None:
        self._old, self._new, self._both = old, new, both
        self._until = monotonic() + seconds
        self._columns = _common_columns(old, new)

    def always(self, at: int) -> bool:
        """Whether the old ruleset's `always` of this number is shown to follow."""
        left = self._until - monotonic()
        if not self._new.always or left <= 0:
            return False
        wanted = self._brought(self._old.always[at].name)
        if wanted is None:
            return False
        added, condition = wanted
        have = tuple(c.Reference(item.name, c.FLAG, item.span) for item in self._new.always)
        one, other = (
            self._with(added, c.Logical("and", items, c.FLAG, condition.span))
            for items in (have, (*have, condition))
        )
        try:
            verdict = ask(one, other, [_PROPERTY], left).get(_PROPERTY)
        except NoSolverError:
            return False
        return verdict is not None and verdict.status in (SAME, OFF_BOUNDARY)

    def _brought(self, name: str) -> tuple[dict[str, c.Expression], c.Expression] | None:
        """The names that an old value rests on, and the value, in terms of the new ruleset; None
        where it reads what the new one does not have."""
        wanted = {name}
        stack = [name]
        while stack:
            nodes = [self._old.values[stack.pop()]]
            while nodes:
                node = nodes.pop()
                if not self._fits(node):
                    return None
                if (
                    isinstance(node, c.Reference)
                    and node.name not in wanted
                    and node.name not in self._both
                ):
                    wanted.add(node.name)
                    stack.append(node.name)
                nodes.extend(c.operands(node))
        names = {part: f"old {part}" for part in wanted}
        added = {
            names[part]: _renamed(value, names, self._columns)
            for part, value in self._old.values.items()
            if part in wanted
        }
        return added, added.pop(names[name])

    def _fits(self, node: c.Expression) -> bool:
        type = node.type
        if type.kind is Kind.LABEL and self._old.labels.get(type.labels) != self._new.labels.get(
            type.labels
        ):
            return False
        if isinstance(node, c.Column):
            return node.name in self._columns
        if isinstance(node, c.EventWindow):
            return node.calendar in self._new.schema.calendars
        return True

    def _with(self, added: Mapping[str, c.Expression], condition: c.Expression) -> Checked:
        new = self._new
        decided = {name: _opaque(name, new.values[name]) for name in self._both}
        values = {**new.values, **decided, **added, _PROPERTY: condition}
        roles = {**new.roles, **dict.fromkeys(added, c.Role.LET), _PROPERTY: c.Role.SIGNAL}
        sources = {**self._old.sources, **new.sources}
        columns = [
            Column(
                value.name, value.type.kind, value.name, (), new.labels.get(value.type.labels, ())
            )
            for value in decided.values()
        ]
        ruleset = replace(
            new,
            values=values,
            roles=roles,
            schema=replace(new.schema, columns=(*new.schema.columns, *columns)),
            outputs=(_PROPERTY,),
            sources=sources,
        )
        return Checked(ruleset, plan_of(ruleset), (), sources)


def _opaque(name: str, value: c.Expression) -> c.Column:
    """A decision as data that may be anything: a ratio has no bounds, whatever the number's kind."""
    number = value.type.kind in NUMERIC
    return c.Column(f"decision {name}", c.RATIO if number else value.type, value.span)


def _common_columns(old: c.CheckedRuleset, new: c.CheckedRuleset) -> dict[str, str]:
    """Columns that read the same data in both: the old name, and the new one."""
    after = {item.name: column_key(item) for item in new.schema.columns}
    same = {
        item.name: item.name
        for item in old.schema.columns
        if after.get(item.name) == column_key(item)
    }
    return same | renamed_columns(old, new)


def _renamed(node: Any, names: Mapping[str, str], columns: Mapping[str, str]) -> Any:
    """An expression with its references and columns under other names."""
    if isinstance(node, c.Reference):
        return replace(node, name=names.get(node.name, node.name))
    if isinstance(node, c.Column):
        return replace(node, name=columns[node.name])
    if isinstance(node, tuple) and any(is_dataclass(item) for item in node):
        return tuple(_renamed(item, names, columns) for item in node)
    if not isinstance(node, c.Expression | c.Axis):
        return node
    made = {
        item.name: _renamed(getattr(node, item.name), names, columns)
        for item in fields(node)
        if item.name not in ("type", "span", "builtin", "row_spans", "column_spans")
    }
    return replace(node, **made)
