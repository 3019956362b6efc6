"""Gather what a ruleset declares, from its own file and those it uses.

Every declaration is looked at once: two of one name, names of the language, unknown kinds and
unreadable `use` paths are reported here, so that the passes after find each name at most once.
"""

from __future__ import annotations

from pathlib import Path

from alvh_rules.builtins.registry import BUILTINS, WORDS
from alvh_rules.check import errors
from alvh_rules.check.scope import POSITION, RESERVED, ParamState, Scope
from alvh_rules.core import bounds
from alvh_rules.core.kinds import DECLARABLE, Kind
from alvh_rules.core.schema import Bars, Column
from alvh_rules.core.source import Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import walk

_NAMES = (ast.Word, ast.Attribute, ast.Call, ast.Text, ast.Date)
_USABLE = (ast.Data, ast.Calendars, ast.Params, ast.Labels, ast.Let, ast.Table, ast.Signal, ast.Use)


def gather(scope: Scope, file: ast.File, root: Path | None) -> list[ast.Item]:
    """The items of a file with those of the files it uses, used files first.

    `root` is the folder that used files must stay in; None where the text came from no file.
    """
    return _gather(scope, file, root, root, (), [0])


def _gather(
    scope: Scope,
    file: ast.File,
    root: Path | None,
    folder: Path | None,
    chain: tuple[Path, ...],
    count: list[int],
) -> list[ast.Item]:
    items: list[ast.Item] = []
    for item in file.items:
        if chain and not isinstance(item, _USABLE):
            what = type(item).__name__.lower()
            scope.report(errors.not_for_used_file(f"a `{what}`", item.span))
        elif isinstance(item, ast.Use):
            items += _use(scope, item, root, folder, chain, count)
        else:
            items.append(item)
    return items


def _use(
    scope: Scope,
    item: ast.Use,
    root: Path | None,
    folder: Path | None,
    chain: tuple[Path, ...],
    count: list[int],
) -> list[ast.Item]:
    written, span = item.path.value, item.path.span
    if root is None or folder is None:
        scope.report(errors.use_unreadable(written, span, "this ruleset is not in a folder"))
        return []
    path = (folder / written).resolve()
    inside = root.resolve()
    if Path(written).is_absolute() or not path.is_relative_to(inside) or path.suffix != ".alvh":
        scope.report(errors.use_outside(written, span))
        return []
    if path in chain:
        scope.report(errors.use_cycle(written, span))
        return []
    count[0] += 1
    if count[0] > bounds.MOST_USED_FILES:
        scope.report(errors.use_unreadable(written, span, "too many files are used"))
        return []
    name = path.relative_to(inside).as_posix()
    if name in scope.sources:
        return []
    try:
        source, parsed = scope.read(path, name)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        scope.report(errors.use_unreadable(written, span, reason))
        return []
    scope.sources[name] = source
    scope.found.extend(parsed.diagnostics)
    scope.lost |= parsed.lost
    return _gather(scope, parsed.file, root, path.parent, (*chain, path), count)


class Declarations:
    """Fills a scope with the declarations of a list of items."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.spans: dict[str, Span] = {}

    def fill(self, items: list[ast.Item]) -> None:
        """Label sets first, since data columns may be of them."""
        for item in items:
            if isinstance(item, ast.Labels):
                self._labels(item)
        for item in items:
            match item:
                case ast.Data():
                    for row in item.rows:
                        self._column(row)
                case ast.Calendars():
                    for name in item.names:
                        if name.name in self.scope.calendars:
                            first = self.scope.calendars[name.name]
                            self.scope.report(
                                errors.duplicate_name("calendar", name.name, name.span, first)
                            )
                        self.scope.calendars.setdefault(name.name, name.span)
                case ast.Params():
                    for param in item.rows:
                        if self._free("param", param.name) and self._literal(param):
                            self.scope.params[param.name.name] = ParamState(param)
                case ast.Let() | ast.Table() | ast.Signal() | ast.Target():
                    if self._free(type(item).__name__.lower(), item.name):
                        self.scope.named[item.name.name] = item
                case ast.Layer():
                    if self._free("layer", item.name):
                        self.scope.layers[item.name.name] = item
                case ast.Regime():
                    if self._free("regime", item.name):
                        self.scope.regimes.append(item)
                case ast.Event():
                    self.scope.events.append(item)
                case ast.Hedge():
                    if self.scope.hedge is not None:
                        self.scope.report(
                            errors.repeated_part(
                                "the ruleset", "hedge", item.span, self.scope.hedge.span
                            )
                        )
                    self.scope.hedge = self.scope.hedge or item
                case _:
                    pass

    def _free(self, what: str, name: ast.Word) -> bool:
        scope, word = self.scope, name.name
        reason = ""
        if word in RESERVED or word in WORDS:
            reason = "a word of the language"
        elif word in BUILTINS:
            reason = "the name of a function"
        elif word in POSITION:
            reason = "an attribute of an open position"
        if reason:
            scope.report(errors.taken_name(word, name.span, reason))
            scope.broken.add(word)
            return False
        if word in self.spans:
            scope.report(errors.duplicate_name(what, word, name.span, self.spans[word]))
            return False
        self.spans[word] = name.span
        return True

    def _literal(self, row: ast.ParamRow) -> bool:
        """A param is a number: what other names stand for may change, and might be the param."""
        for part in (row.value, row.low, row.high, row.step):
            named = [node for node in walk(part) if isinstance(node, _NAMES)] if part else []
            if named:
                self.scope.report(
                    errors.wants_constant(
                        f"param `{row.name.name}`", named[0].span, "write a number"
                    )
                )
                self.scope.broken.add(row.name.name)
                return False
        return True

    def _labels(self, item: ast.Labels) -> None:
        scope = self.scope
        name = item.name.name
        if name in scope.label_sets:
            first = scope.label_spans[name]
            scope.report(errors.duplicate_name("labels", name, item.name.span, first))
            return
        scope.label_spans[name] = item.name.span
        scope.label_sets[name] = tuple(dict.fromkeys(word.name for word in item.words))
        for word in item.words:
            other = scope.label_set_of.get(word.name)
            if other is not None:
                first = scope.label_spans[other]
                scope.report(errors.duplicate_name("label", word.name, word.span, first))
            scope.label_set_of[word.name] = name

    def _column(self, row: ast.DataRow) -> None:
        scope = self.scope
        if not self._free("data column", row.name):
            return
        name, word = row.name.name, row.kind.name
        labels: tuple[str, ...] = ()
        kinds = {kind.value: kind for kind in DECLARABLE}
        if word in scope.label_sets:
            kind, labels = Kind.LABEL, scope.label_sets[word]
        elif word in kinds:
            kind = kinds[word]
        else:
            known = [*kinds, *scope.label_sets]
            scope.report(
                errors.unknown_kind(word, row.kind.span, scope.nearest(word, known), known)
            )
            scope.broken.add(name)
            return
        sources = self._sources(row, kind)
        if sources is None:
            scope.broken.add(name)
            return
        carry = 0
        if row.carry is not None:
            carry = int(float(row.carry.text)) if row.carry.text.isdigit() else -1
            if not 0 < carry <= bounds.MOST_WINDOW:
                scope.report(
                    errors.window_form(
                        "a carry is a whole number of sessions, one or more", row.carry.span
                    )
                )
                carry = 0
        known_at = row.known
        scope.column_spans[name] = row.name.span
        scope.columns[name] = Column(
            name,
            kind,
            sources[0] if sources else name,
            sources if kind is Kind.CURVE else (),
            labels,
            row.optional,
            carry,
            known_at.sessions if known_at else 0,
            known_at.time if known_at else "",
            row.description,
        )

    def _sources(self, row: ast.DataRow, kind: Kind) -> tuple[str, ...] | None:
        written = tuple(text.value for text in row.sources)
        if kind is not Kind.CURVE:
            if len(written) > 1:
                self.scope.report(
                    errors.wrong_literal(
                        "only a curve comes from several columns", row.sources[1].span
                    )
                )
                return None
            return written
        if len(written) == 2:
            first, last = written
            stem = first.rstrip("0123456789")
            ends = first[len(stem) :], last[len(stem) :]
            if last.startswith(stem) and all(end.isdigit() for end in ends):
                low, high = int(ends[0]), int(ends[1])
                if low < high <= low + 11:
                    return tuple(f"{stem}{month}" for month in range(low, high + 1))
        self.scope.report(
            errors.wrong_literal(
                "a curve names its first and last column", row.span, 'write `from "m1" to "m7"`'
            )
        )
        return None


def read_header(scope: Scope, items: list[ast.Item], at: Span) -> ast.Header | None:
    """The header, with its bars and capital taken into the scope."""
    headers = [item for item in items if isinstance(item, ast.Header)]
    for extra in headers[1:]:
        scope.report(errors.repeated_part("the ruleset", "ruleset", extra.span, headers[0].span))
    if not headers:
        if "ruleset" not in scope.lost:
            scope.report(errors.header_missing(Span(at.file, 0, 0)))
        return None
    header = headers[0]
    if not header.version:
        scope.report(
            errors.header_problem(
                "the ruleset has no version", header.name.span, "write `version 1.0.0`"
            )
        )
    for setting in header.settings:
        if isinstance(setting, ast.BarsSetting):
            if setting.minutes < 0 or setting.minutes > 1440:
                scope.report(
                    errors.header_problem("bars last from 1 minute to 1440 minutes", setting.span)
                )
            scope.bars = Bars(max(setting.minutes, 0), setting.always_open)
    return header
