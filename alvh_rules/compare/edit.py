"""Edits of a syntax tree: a node for another, a node more, a node less.

A node is found by being itself, not by being equal, since a file may say a thing twice. What no edit
touches is taken over as it is, so that an edited tree holds nodes of several files, each with the place
it was read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import children


@dataclass(frozen=True, eq=False)
class Replace:
    """A node gives way to another, or to nothing."""

    old: Any
    new: Any | None


@dataclass(frozen=True, eq=False)
class Insert:
    """A node joins those of a field of `into` (None: the items of the file), before one that is there
    or at the end."""

    into: Any | None
    field: str
    new: Any
    before: Any | None = None


@dataclass(frozen=True, eq=False)
class Beside:
    """A condition that stood alone gets another beside it."""

    condition: Any
    operator: Literal["and", "or"]
    new: Any


Edit = Replace | Insert | Beside


def edited(items: Sequence[ast.Item], edits: Iterable[Edit]) -> tuple[ast.Item, ...]:
    """The items with the edits made, all at once."""
    work = _Edits(items, edits)
    found: list[ast.Item] = work.list_of(None, "items", items)
    return tuple(found)


class _Edits:
    def __init__(self, items: Sequence[Any], edits: Iterable[Edit]) -> None:
        self._replaced: dict[int, Any | None] = {}
        self._inserted: dict[tuple[int, str], list[Insert]] = {}
        self._beside: dict[int, list[Beside]] = {}
        for item in edits:
            match item:
                case Replace(old=old, new=new):
                    self._replaced[id(old)] = new
                case Insert(into=into, field=field):
                    self._inserted.setdefault((id(into), field), []).append(item)
                case Beside(condition=condition):
                    self._beside.setdefault(id(condition), []).append(item)
        self._touched = self._above(items)

    def _above(self, items: Sequence[Any]) -> set[int]:
        """The nodes that an edit is of, and those above them."""
        over: dict[int, int] = {}
        stack = list(items)
        while stack:
            top = stack.pop()
            for child in children(top):
                over[id(child)] = id(top)
                stack.append(child)
        wanted = [*self._replaced, *self._beside, *(into for into, _ in self._inserted)]
        found: set[int] = set()
        while wanted:
            top_id = wanted.pop()
            if top_id not in found:
                found.add(top_id)
                if top_id in over:
                    wanted.append(over[top_id])
        return found

    def list_of(self, into: Any | None, field: str, nodes: Sequence[Any]) -> list[Any]:
        """The nodes of a field, those that go left out and those that come put in."""
        come = self._inserted.get((id(into), field), ())
        found: list[Any] = []
        for node in nodes:
            found += [item.new for item in come if item.before is node]
            made = self._node(node) if hasattr(node, "span") else node
            if made is not None:
                found.append(made)
        return [*found, *(item.new for item in come if item.before is None)]

    def _node(self, node: Any) -> Any | None:
        if id(node) not in self._touched:
            return node
        made = self._replaced[id(node)] if id(node) in self._replaced else self._inside(node)
        beside = self._beside.get(id(node))
        if not beside:
            return made
        items = (*([] if made is None else [made]), *(item.new for item in beside))
        return _joined(beside[0].operator, items, node)

    def _inside(self, node: Any) -> Any | None:
        changed: dict[str, Any] = {}
        for item in fields(node):
            field, value = item.name, getattr(node, item.name)
            if field == "span":
                continue
            if isinstance(value, tuple):
                made: Any = tuple(self.list_of(node, field, value))
            elif hasattr(value, "span"):
                made = self._node(value)
            else:
                continue
            if made is not value:
                changed[field] = made
        if isinstance(node, ast.Logical):
            return _joined(node.operator, changed.get("items", node.items), node)
        return replace(node, **changed)


def _joined(
    operator: Literal["and", "or"], items: Sequence[Any], place: Any
) -> ast.Expression | None:
    """Conditions as one; of a single one itself."""
    if len(items) < 2:
        return items[0] if items else None
    return ast.Logical(operator, tuple(items), True, place.span)
