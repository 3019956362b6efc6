"""The old ruleset with some of the changed clauses made, checked; and what of a ruleset is traded on.

1. Both rulesets are read as lists of items, those of the files they use among them.
2. A variant is the old list with the edits of some clauses. What the edits name and only the new
   ruleset defines comes along; what only the old one defines stays.
3. Two variants trade alike where every part that is traded on (`traded`) has one key in both. Keys are
   those of `canonical.py`: another name or another form of one condition is no other ruleset.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from alvh_rules.check.checked import CheckedRuleset, Role
from alvh_rules.check.checker import check as check_parsed
from alvh_rules.check.scope import Scope
from alvh_rules.compare.canonical import Canonical, Table
from alvh_rules.compare.changed_clauses import ChangedClause, changed_clauses, definitions
from alvh_rules.compare.clauses import meaning
from alvh_rules.compare.edit import Edit, edited
from alvh_rules.core.diagnostics import has_errors
from alvh_rules.core.source import Source, Span
from alvh_rules.pipeline import Checked, planned
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed, parse
from alvh_rules.syntax.walk import walk

Traded = Mapping[str, Hashable]


@dataclass(frozen=True)
class Variant:
    """A mixture of both rulesets, checked, and the parts of it that are traded on; where it does not
    check, `reason` says why."""

    checked: Checked | None
    traded: Traded
    reason: str = ""

    def like(self, other: Variant) -> bool:
        """Whether the two trade alike, whatever the data."""
        return self.checked is not None and self.traded == other.traded

    def apart(self, other: Variant) -> frozenset[str]:
        """The parts that are not the same."""
        names = self.traded.keys() | other.traded.keys()
        return frozenset(name for name in names if self.traded.get(name) != other.traded.get(name))


class Variants:
    """The mixtures of two rulesets, made when they are asked for."""

    def __init__(self, old: Checked, new: Checked) -> None:
        assert old.ruleset is not None
        assert new.ruleset is not None
        self._table = Table()
        self._sources: dict[str, Source] = {}
        self._path = next(iter(old.sources))
        self._items = self._read(old, "")
        # The two may call their files alike, and a place is a file's name and a number.
        self._new_items = self._read(new, "new ")
        self.old = Variant(old, traded(old.ruleset, self._table))
        self.new = Variant(new, traded(new.ruleset, self._table))
        self._made: dict[frozenset[ChangedClause], Variant] = {}

    @cached_property
    def clauses(self) -> tuple[ChangedClause, ...]:
        """The clauses that are written otherwise, whether or not that decides anything."""
        return tuple(changed_clauses(self._items, self._new_items))

    def with_changes(self, clauses: Iterable[ChangedClause]) -> Variant:
        """The old ruleset with some clauses as they are in the new one."""
        wanted = frozenset(clauses)
        if wanted not in self._made:
            self._made[wanted] = self._variant([item for item in self.clauses if item in wanted])
        return self._made[wanted]

    def _read(self, checked: Checked, prefix: str) -> tuple[ast.Item, ...]:
        """The items of a ruleset's files, its own first."""
        found: list[ast.Item] = []
        for name, source in checked.sources.items():
            named = Source(prefix + name, source.text)
            self._sources[named.path] = named
            found += [item for item in parse(named).file.items if not isinstance(item, ast.Use)]
        return tuple(found)

    def _variant(self, clauses: list[ChangedClause]) -> Variant:
        edits = [edit for clause in clauses for edit in clause.edits]
        items = (*edited(self._items, edits), *self._brought(edits))
        scope = Scope()
        scope.sources.update(self._sources)
        own = self._sources[self._path]
        parsed = Parsed(ast.File(self._path, items, Span(self._path, 0, 0)), (), frozenset())
        checked = planned(*check_parsed(own, parsed, None, scope), None)
        if checked.ruleset is None:
            errors = [item.message for item in checked.diagnostics if has_errors([item])]
            return Variant(None, {}, errors[0] if errors else "it has no header")
        return Variant(checked, traded(checked.ruleset, self._table))

    def _brought(self, edits: list[Edit]) -> list[ast.Item]:
        """The definitions of the new ruleset alone that the edits rest on."""
        there = definitions(self._items)
        free = {
            name: item for name, item in definitions(self._new_items).items() if name not in there
        }
        found: dict[str, ast.Item] = {}
        stack = [edit.new for edit in edits if edit.new is not None]
        while stack:
            for part in walk(stack.pop()):
                for name in _names(part):
                    if name in free and name not in found:
                        found[name] = free[name]
                        stack.append(free[name])
        return list(found.values())


def _names(node: object) -> list[str]:
    """The names that a node may mean."""
    match node:
        case ast.Word(name=name):
            return [name, f"calendar {name}"]
        case ast.Structure(underlying=name) | ast.Legs(underlying=name):
            return [name]
        case _:
            return []


# --- what is traded on ---


def trades(ruleset: CheckedRuleset) -> bool:
    """Whether a ruleset holds anything at all."""
    return bool(ruleset.layers or ruleset.holdings or ruleset.hedge)


def traded(ruleset: CheckedRuleset, table: Table) -> Traded:
    """Everything that a backtest rests on, part by part, as keys of a shared table."""
    bounds = [limit.bound for limit in ruleset.limits if limit.bound is not None]
    plan = plan_of(ruleset, also=bounds)
    side = Canonical(ruleset, plan, table)
    found: dict[str, Hashable] = {
        "bars": ruleset.schema.bars,
        "the header": (ruleset.capital, ruleset.risk, ruleset.fill, ruleset.fractional),
        "the header's costs": (ruleset.fee, ruleset.slippage),
        "cash": side.column(ruleset.cash_earns) if ruleset.cash_earns else None,
        "holdings": tuple(
            (meaning(item, side), item.structure.underlying) for item in ruleset.holdings
        ),
        "reallocate": None if ruleset.reallocate is None else meaning(ruleset.reallocate, side),
    }
    for name in ruleset.outputs:
        if ruleset.roles.get(name) not in (Role.SIGNAL, Role.TARGET):
            found[name] = side.named(name)
    for layer in ruleset.layers:
        found[f"layer {layer.name}"] = (
            meaning(layer.structure, side),
            # Its name too: that is what prices are looked up by.
            layer.structure.underlying,
            layer.weighted,
            meaning(layer.size, side),
            layer.at_most,
            layer.every,
            layer.hold_to_expiry,
        )
        found[f"{layer.name}: close when"] = side.closing(layer.name)
    hedge = ruleset.hedge
    if hedge is not None:
        found["the hedge"] = (
            hedge.basis,
            tuple((meaning(item, side), item.underlying) for item in hedge.structures),
            meaning(hedge.keep, side),
        )
    # In the order written, which is the order they act in.
    found["limits"] = tuple(
        (
            limit.subject,
            limit.limit.operator,
            limit.limit.per,
            None if limit.bound is None else side.expression(limit.bound),
        )
        for limit in ruleset.limits
    )
    # A layer's place is its turn at the money there is.
    found["order of layers"] = tuple(layer.name for layer in ruleset.layers)
    return found
