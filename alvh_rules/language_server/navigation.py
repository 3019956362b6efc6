"""Go to definition, and find references."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lsprotocol import types

from alvh_rules.core.source import Span
from alvh_rules.language_server.names import Mention, Sort, Symbol
from alvh_rules.language_server.workspace import Analysis, File, Workspace, has_header
from alvh_rules.syntax import ast

_CLAUSES: Final[dict[str, tuple[type[ast.LayerClause | ast.HedgeClause], ...]]] = {
    "open": (ast.OpenWhen,),
    "weight": (ast.Weight,),
    "ratio": (ast.HedgeRatio,),
    "hold": (ast.HoldBy, ast.HoldOne),
    "time_shift": (ast.TimeShift,),
}
"""The clause that decides each attribute of a layer and of the hedge."""


def definition(analysis: Analysis, name: str, offset: int) -> types.Location | None:
    """Where the name at an offset of a file is declared; the file that a `use` there brings in."""
    mention = analysis.names.at(name, offset)
    if mention is None:
        return _used_file(analysis, name, offset)
    symbol = analysis.names.symbol_of(mention)
    if symbol is not None:
        return analysis.location(symbol.span)
    if Sort.ATTRIBUTE in mention.wants or mention.name == "hedge":
        span = _clause(analysis, mention)
        return None if span is None else analysis.location(span)
    return None


def _used_file(analysis: Analysis, name: str, offset: int) -> types.Location | None:
    file = analysis.files[name]
    for item in file.parsed.file.items:
        if isinstance(item, ast.Use) and item.span.start <= offset <= item.span.end:
            used = _resolved(analysis, file, item)
            beginning = types.Position(0, 0)
            if used is not None:
                return types.Location(used.uri, types.Range(beginning, beginning))
    return None


def _resolved(analysis: Analysis, file: File, item: ast.Use) -> File | None:
    """The file that a `use` names: paths are from the file that says them."""
    folder = Path(file.source.path).parent
    if file is analysis.root:
        folder = Path()
    # The names of used files are from the root's folder.
    parts: list[str] = []
    for part in (folder / item.path.value).as_posix().split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ""):
            parts.append(part)
    return analysis.files.get("/".join(parts))


def _clause(analysis: Analysis, mention: Mention) -> Span | None:
    """The clause of its own that decides an attribute, else what it is an attribute of."""
    owner = mention.owner or mention.name
    for file in analysis.files.values():
        for item in file.parsed.file.items:
            is_owner = isinstance(item, ast.Hedge) and owner == "hedge"
            if is_owner or (isinstance(item, ast.Layer) and item.name.name == owner):
                assert isinstance(item, ast.Hedge | ast.Layer)
                wanted = _CLAUSES.get(mention.name, ())
                for clause in item.clauses:
                    if isinstance(clause, wanted):
                        return clause.span
                return item.span if isinstance(item, ast.Hedge) else item.name.span
    return None


def references(
    workspace: Workspace, analysis: Analysis, name: str, offset: int, declaration: bool
) -> list[types.Location]:
    """Every place that speaks of what the name at an offset means, in every ruleset that has it."""
    mention = analysis.names.at(name, offset)
    symbol = None if mention is None else analysis.names.symbol_of(mention)
    if symbol is None:
        return []
    found: dict[tuple[str, int, int], types.Location] = {}
    for other, same in speaking_of(workspace, analysis, symbol):
        for each in other.names.mentions_of(same):
            if declaration or each.declares is None:
                location = other.location(each.span)
                start = location.range.start
                found[location.uri, start.line, start.character] = location
    return [found[key] for key in sorted(found)]


def speaking_of(
    workspace: Workspace, analysis: Analysis, symbol: Symbol
) -> list[tuple[Analysis, Symbol]]:
    """The rulesets that can speak of a symbol, and what it is in each: files have other names there.

    A file with a header is used by no other.
    """
    found = [(analysis, symbol)]
    home = analysis.files[symbol.span.file]
    if has_header(home.parsed):
        return found
    path = next((path for path in analysis.stamps if workspace.address(path) == home.uri), None)
    if home is analysis.root:
        document = workspace.documents.get(home.uri)
        path = None if document is None else document.path
    if path is None:
        return found
    for other in workspace.users_on_disk(path):
        if other.root.uri == analysis.root.uri:
            continue
        name = other.name_of(home.uri)
        for same in other.names.named(symbol.name).values():
            there = same.span
            if name == there.file and (there.start, there.end) == symbol.span[1:]:
                found.append((other, same))
    return found
