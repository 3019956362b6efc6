"""Walk a syntax tree, without recursion: a ruleset's depth never becomes the interpreter's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

_FIELDS: dict[type[Any], tuple[str, ...]] = {}


def _child_fields(kind: type[Any]) -> tuple[str, ...]:
    found = _FIELDS.get(kind)
    if found is None:
        plain = ("span", "node", "text", "unit")
        found = tuple(item.name for item in fields(kind) if item.name not in plain)
        _FIELDS[kind] = found
    return found


def children(node: Any) -> Iterator[Any]:
    """The nodes directly under one, in the order they were written."""
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, tuple):
            for item in value:
                if hasattr(item, "span"):
                    yield item
        elif hasattr(value, "span"):
            yield value


def walk(node: Any) -> Iterator[Any]:
    """A node and all below it, parents first, in the order they were written."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(list(children(top))))


def deeper_than(node: Any, most: int) -> bool:
    """Whether the tree has more than `most` levels."""
    stack = [(node, 1)]
    while stack:
        top, depth = stack.pop()
        if depth > most:
            return True
        stack.extend((child, depth + 1) for child in children(top))
    return False
