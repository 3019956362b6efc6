"""Move nodes and diagnostics along the text, for an item that stands somewhere else than it did."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from operator import attrgetter
from typing import Any, cast

from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast

_WORDS = (str, int, type(None))
"""What a field holds that is no node and no tuple of nodes."""


def moved(item: ast.Item, by: int) -> ast.Item:
    """An item with every span in it this many characters further on."""
    return cast(ast.Item, _moved_node(item, by))


def _moved_node(node: Any, by: int) -> Any:
    """Recursive: a node has at most `bounds.MOST_DEPTH` levels."""
    read, at, inner = _shape(node.__class__)
    values = list(read(node))
    values[at] = moved_span(values[at], by)
    for place in inner:
        value = values[place]
        if isinstance(value, tuple):
            values[place] = tuple([_moved_node(part, by) for part in value])
        elif not isinstance(value, _WORDS):
            values[place] = _moved_node(value, by)
    return type(node)(*values)


@cache
def _shape(kind: Any) -> tuple[attrgetter[tuple[Any, ...]], int, tuple[int, ...]]:
    """What reads a node's fields, the place of its span, and the places that may hold nodes."""
    names = [item.name for item in fields(kind)]
    inner = (place for place, name in enumerate(names) if name not in ("span", "node"))
    return attrgetter(*names), names.index("span"), tuple(inner)


def moved_span(span: Span, by: int) -> Span:
    """The span this many characters further on."""
    return Span(span.file, span.start + by, span.end + by)


def moved_diagnostic(diagnostic: Diagnostic, by: int) -> Diagnostic:
    """A diagnostic, its labels and its fix, this many characters further on."""
    if by == 0:
        return diagnostic
    fix = diagnostic.fix
    return replace(
        diagnostic,
        span=None if diagnostic.span is None else moved_span(diagnostic.span, by),
        labels=tuple(
            Label(moved_span(label.span, by), label.message) for label in diagnostic.labels
        ),
        fix=None
        if fix is None
        else Fix(
            fix.message,
            tuple(Edit(moved_span(edit.span, by), edit.replacement) for edit in fix.edits),
            fix.safe,
        ),
    )
