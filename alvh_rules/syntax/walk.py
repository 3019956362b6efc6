"""Walk a syntax tree, without recursion: a ruleset's depth never becomes the interpreter's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any


@cache
def _child_fields(kind: Any) -> tuple[str, ...]:
    return tuple(
        item.name for item in fields(kind) if item.name not in ("span", "node", "text", "unit")
    )


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
