"""Rename a name wherever it is spoken of, in every file that speaks of it.

1. Only a name that the rulesets declare can be renamed, and only while every file involved can be
   read whole: a line that cannot be read may hold the name too.
2. The new name must be free: no word of the language, no function, no other name of the rulesets.
3. A column keeps reading what it read: one without `from` is given it. A label that a data column may
   hold is not renamed, since the data would go on saying the old word.
4. The edits are tried before they are answered. If any ruleset would then have an error that it did
   not have, the rename is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from errno import ENOENT
from os import strerror

from lsprotocol import types

from alvh_rules.builtins.registry import BUILTINS, WORDS
from alvh_rules.check.checker import check
from alvh_rules.check.scope import POSITION, RESERVED, Scope
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source, Span
from alvh_rules.language_server.names import Sort, Symbol
from alvh_rules.language_server.navigation import speaking_of
from alvh_rules.language_server.workspace import Analysis, Workspace
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed, parse
from alvh_rules.syntax.words import OPERATOR_WORDS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RefusedError(Exception):
    """Why a name cannot be renamed, in the trader's words."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A stretch of a file, and what it is replaced by."""

    start: int
    end: int
    text: str


def prepare(analysis: Analysis, name: str, offset: int) -> types.PrepareRenamePlaceholder:
    """The range of the name at an offset and the name. Raises RefusedError where it has none."""
    span, symbol = _symbol(analysis, name, offset)
    places = analysis.files[name].places
    return types.PrepareRenamePlaceholder(places.range(span), symbol.name)


def _symbol(analysis: Analysis, name: str, offset: int) -> tuple[Span, Symbol]:
    mention = analysis.names.at(name, offset)
    if mention is None:
        raise RefusedError("there is no name here")
    symbol = analysis.names.symbol_of(mention)
    if symbol is None:
        if mention.wants == (Sort.FUNCTION,):
            raise RefusedError(f"`{mention.name}` is a function of the language")
        raise RefusedError(f"`{mention.name}` is declared nowhere in this ruleset")
    return mention.span, symbol


def rename(
    workspace: Workspace, analysis: Analysis, name: str, offset: int, new: str
) -> types.WorkspaceEdit:
    """The edits that rename what stands at an offset. Raises RefusedError where they would not do."""
    _, symbol = _symbol(analysis, name, offset)
    if new == symbol.name:
        return types.WorkspaceEdit(changes={})
    _refuse_word(new)
    rulesets = speaking_of(workspace, analysis, symbol)
    changes: dict[str, dict[int, _Change]] = {}
    for other, same in rulesets:
        _refuse_unsound(other, same, new)
        for mention in other.names.mentions_of(same):
            uri = other.files[mention.span.file].uri
            change = _Change(mention.span.start, mention.span.end, new)
            changes.setdefault(uri, {})[change.start] = change
        if symbol.sort is Sort.COLUMN and (extra := _source_kept(other, same)) is not None:
            changes[other.files[same.span.file].uri][extra.start] = extra
    for other, _ in rulesets:
        _try(other, changes)
    return types.WorkspaceEdit(
        changes={uri: _edits(rulesets, uri, list(found.values())) for uri, found in changes.items()}
    )


def _refuse_word(new: str) -> None:
    if not _NAME.fullmatch(new):
        raise RefusedError(f"`{new}` cannot be a name: use letters, digits and _")
    if new in RESERVED or new in WORDS or new in OPERATOR_WORDS:
        raise RefusedError(f"`{new}` is a word of the language")
    if new in BUILTINS:
        raise RefusedError(f"`{new}` is the name of a function")
    if new in POSITION:
        raise RefusedError(f"`{new}` is an attribute of an open position")


def _refuse_unsound(analysis: Analysis, symbol: Symbol, new: str) -> None:
    """Refuse where the name would clash, or may stand where it cannot be seen."""
    for other in analysis.names.named(new).values():
        raise RefusedError(f"there is a {other.sort} called `{new}` already")
    for file in analysis.files.values():
        if any(item.is_error for item in file.parsed.diagnostics):
            raise RefusedError(
                f"{_short(file.source.path)} cannot be read whole: mend it first, so that no use"
                f" of `{symbol.name}` is missed"
            )
    if symbol.sort in (Sort.LABEL, Sort.LABELS):
        words = {item for column in analysis.scope.columns.values() for item in column.labels}
        if symbol.sort is Sort.LABEL and symbol.name in words:
            raise RefusedError(f"a data column holds the word `{symbol.name}`: the data would too")


def _source_kept(analysis: Analysis, symbol: Symbol) -> _Change | None:
    """What keeps a column reading the file's column of its old name; None where it says which."""
    for item in analysis.files[symbol.span.file].parsed.file.items:
        for row in item.rows if isinstance(item, ast.Data) else ():
            if row.name.span == symbol.span and not row.sources:
                end = row.kind.span.end
                return _Change(end, end, f' from "{symbol.name}"')
    return None


def _edits(
    rulesets: list[tuple[Analysis, Symbol]], uri: str, found: list[_Change]
) -> list[types.TextEdit]:
    for analysis, _ in rulesets:
        name = analysis.name_of(uri)
        if name is not None:
            places = analysis.files[name].places
            return [
                types.TextEdit(places.range(Span(name, each.start, each.end)), each.text)
                for each in sorted(found, key=lambda change: change.start)
            ]
    return []


def _try(analysis: Analysis, changes: dict[str, dict[int, _Change]]) -> None:
    """Check a ruleset as it would be. Raises RefusedError where it would have a new error."""
    texts = {
        name: _changed(file.source.text, changes.get(file.uri, {}).values())
        for name, file in analysis.files.items()
    }

    def read(path: object, name: str) -> tuple[Source, Parsed]:
        if name not in texts:
            # It could not be read before either.
            raise FileNotFoundError(ENOENT, strerror(ENOENT))
        source = Source(name, texts[name])
        return source, parse(source)

    root = analysis.root.source.path
    source = Source(root, texts[root])
    folder = analysis.folder
    _, found, _ = check(source, parse(source), folder, Scope(read=read))
    new = _errors(found) - _errors(analysis.found)
    if new:
        first = next(item for item in found if item.is_error and item.code in new)
        raise RefusedError(f"{_short(root)} would no longer be sound: {first.message}")


def _errors(found: list[Diagnostic] | tuple[Diagnostic, ...]) -> Counter[str]:
    return Counter(item.code for item in found if item.is_error)


def _changed(text: str, changes: Iterable[_Change]) -> str:
    for change in sorted(changes, key=lambda each: each.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def _short(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
