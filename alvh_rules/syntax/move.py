"""Move nodes and diagnostics along the text, for an item that stands somewhere else than it did."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar

from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label
from alvh_rules.core.source import Span

Node = TypeVar("Node")


def moved(node: Node, by: int) -> Node:
    """A node and all below it, with every span this many characters further on.

    Recursive: a node has at most `bounds.MOST_DEPTH` levels.
    """
    values = []
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, Span):
            value = moved_span(value, by)
        elif isinstance(value, tuple):
            value = tuple([moved(item, by) for item in value])
        elif hasattr(value, "span"):
            value = moved(value, by)
        values.append(value)
    return type(node)(*values)


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


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
