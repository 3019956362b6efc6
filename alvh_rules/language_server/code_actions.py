"""Quick fixes: the fixes that findings carry; and all the safe ones of a file at once."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from alvh_rules.core.diagnostics import Fix
from alvh_rules.core.source import Span
from alvh_rules.language_server.diagnostics import diagnostic_of
from alvh_rules.language_server.workspace import Analysis

_Kind = types.CodeActionKind


def code_actions(
    analysis: Analysis, name: str, start: int, end: int, only: Iterable[str] | None
) -> list[types.CodeAction]:
    """The fixes of what was found between two offsets of a file.

    A fix that may change what the ruleset decides is offered, but never as the preferred one.
    """
    asked = None if only is None else tuple(only)
    found: list[types.CodeAction] = []
    if _wants(asked, _Kind.QuickFix):
        for item in analysis.diagnostics:
            if item.fix is None or item.span is None or item.span.file != name:
                continue
            if item.span.start <= end and start <= item.span.end:
                found.append(
                    types.CodeAction(
                        item.fix.message,
                        kind=_Kind.QuickFix,
                        diagnostics=[diagnostic_of(analysis, item)],
                        is_preferred=item.fix.safe,
                        edit=_edit(analysis, [item.fix]),
                    )
                )
    if _wants(asked, _Kind.SourceFixAll):
        safe = _apart(
            item.fix for item in analysis.diagnostics if item.fix is not None and item.fix.safe
        )
        if safe:
            found.append(
                types.CodeAction(
                    "apply all safe fixes",
                    kind=_Kind.SourceFixAll,
                    edit=_edit(analysis, safe),
                )
            )
    return found


def _wants(asked: tuple[str, ...] | None, kind: str) -> bool:
    """Whether a kind, or one that it is a kind of, was asked for."""
    return asked is None or any(kind == each or kind.startswith(f"{each}.") for each in asked)


def _apart(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes of which no two touch the same text; the first of any that do."""
    taken: list[Span] = []
    kept: list[Fix] = []
    for fix in fixes:
        spans = [edit.span for edit in fix.edits]
        if not any(
            span.file == other.file and span.start <= other.end and other.start <= span.end
            for span in spans
            for other in taken
        ):
            kept.append(fix)
            taken += spans
    return kept


def _edit(analysis: Analysis, fixes: Iterable[Fix]) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for fix in fixes:
        for edit in fix.edits:
            location = analysis.location(edit.span)
            changes.setdefault(location.uri, []).append(
                types.TextEdit(location.range, edit.replacement)
            )
    return types.WorkspaceEdit(changes=changes)
