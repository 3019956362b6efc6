"""The open documents and what they come to: parsed at every keystroke, checked when it is asked for.

1. A text is parsed with what its last text came to, so that an edit reads again only the items that
   it has touched (`syntax/parse.py`). So is a file that an open ruleset uses.
2. A check reads used files through `_read`: the text of the editor where the file is open, else what
   was read from the disk, until the file's size or time of change is another.
3. An `Analysis` is one check and the *stamps* of all that it rests on. It stands for as long as the
   stamps do, so that a question about an unchanged ruleset checks nothing.
4. A ruleset without errors is linted as `alvh check` would without data, by the alvh.toml that holds
   for its folder; an analysis rests on that file too.
5. A file without a header that an open ruleset uses is a part of that ruleset: it is not checked
   alone, and questions about it are answered by the ruleset.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.check.checker import check
from alvh_rules.check.scope import Scope, read_used
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source, Span
from alvh_rules.language_server.configurations import Configurations, Configured
from alvh_rules.language_server.documents import Document, Encoding, Places
from alvh_rules.language_server.names import Mentions, Names
from alvh_rules.lint.run import lint
from alvh_rules.pipeline import Checked, planned
from alvh_rules.plan.look_back import LookBack, look_backs
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed, parse

MOST_FILES: Final = 10_000
"""How many rulesets of the editor's folders are looked through for who uses a file."""

Stamp = tuple[str, int, int]
"""What tells one text of a file from another: where it is from, and two numbers of its state."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as an analysis has read it: the address that the client knows it by, and its text."""

    uri: str
    source: Source
    parsed: Parsed
    places: Places


@dataclass
class Analysis:
    """A ruleset, checked: the file that was asked about and those it uses, by their names in spans.

    `scope` is what the checker knows, also of a ruleset with errors; `ruleset` is None for one.
    """

    root: File
    files: dict[str, File]
    scope: Scope
    ruleset: CheckedRuleset | None
    found: tuple[Diagnostic, ...]
    folder: Path | None
    """Where `use` reads from."""
    mentions: dict[str, Mentions] = field(repr=False)
    stamps: dict[Path, Stamp] = field(repr=False)
    configured: Configured

    @cached_property
    def checked(self) -> Checked:
        """The check with its plan, worked out when it is first asked for."""
        sources = {name: file.source for name, file in self.files.items()}
        return planned(self.ruleset, self.found, sources, self.root.parsed.file)

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What `alvh check` reports: findings of the check, the plan and the lints, as configured."""
        trees = {name: file.parsed.file for name, file in self.files.items()}
        path, configuration = Path(self.root.source.path), self.configured.configuration
        return lint(self.checked, path, configuration, trees=trees)

    @cached_property
    def names(self) -> Names:
        """Which name stands where."""
        used = [(name, file) for name, file in self.files.items() if file is not self.root]
        inner = {name: self.mentions[name].of(file.parsed) for name, file in used}
        root = self.root.source.path
        return Names({**inner, root: self.mentions[root].of(self.root.parsed)})

    @cached_property
    def _look_backs(self) -> list[LookBack]:
        plan = self.checked.plan
        if self.ruleset is None or plan is None:
            return []
        return look_backs(plan.nodes, self.ruleset.schema.bars)

    def look_back(self, name: str) -> LookBack | None:
        """How far back a name's value looks; None where the ruleset has errors."""
        plan = self.checked.plan
        if plan is None or name not in plan.names:
            return None
        return self._look_backs[plan.names[name]]

    def location(self, span: Span) -> types.Location:
        """A span as the client finds it."""
        file = self.files[span.file]
        return types.Location(file.uri, file.places.range(span))

    def name_of(self, uri: str) -> str | None:
        """What spans call the file at an address."""
        return next((name for name, file in self.files.items() if file.uri == uri), None)


class Workspace:
    """What is open, what it comes to, and where else to look for rulesets."""

    def __init__(self, encoding: Encoding = Encoding.Utf16) -> None:
        self.encoding = encoding
        self.folders: list[Path] = []
        self.documents: dict[str, Document] = {}
        self.configurations = Configurations()
        self._by_path: dict[Path, str] = {}
        self._parsed: dict[tuple[str, str], tuple[Source, Parsed]] = {}
        """The last parse of an open document, by its address and its name in spans."""
        self._disk: dict[tuple[Path, str], tuple[Stamp, Source, Parsed]] = {}
        self._analyses: dict[str, Analysis] = {}
        self._mentions: dict[tuple[str, str], Mentions] = {}

    # --- documents ---

    def open(self, uri: str, text: str, version: int) -> None:
        """A document was opened; from now on its text is the client's."""
        path = to_fs_path(uri) if uri.startswith("file:") else None
        resolved = None if path is None else Path(os.path.realpath(path))
        name = uri if path is None else path
        self.documents[uri] = Document.opened(uri, name, resolved, version, text, self.encoding)
        if resolved is not None:
            self._by_path[resolved] = uri

    def change(
        self, uri: str, changes: list[types.TextDocumentContentChangeEvent], to: int
    ) -> None:
        """Apply a client's edits; those of a document that is not open are let go."""
        if document := self.documents.get(uri):
            document.change(changes, to)

    def close(self, uri: str) -> None:
        """A document was closed; from now on its text is the disk's."""
        document = self.documents.pop(uri, None)
        self._analyses.pop(uri, None)
        for kept in (self._parsed, self._mentions):
            for key in [key for key in kept if key[0] == uri]:
                del kept[key]
        if document is not None and document.path is not None:
            self._by_path.pop(document.path, None)

    # --- what they come to ---

    def parsed(self, document: Document, name: str | None = None) -> tuple[Source, Parsed]:
        """A document's tree, as it is now, under its own name or the one a user of it knows."""
        name = document.name if name is None else name
        key = (document.uri, name)
        before = self._parsed.get(key)
        if before is not None and before[0].text == document.source.text:
            return before
        source = document.source if name == document.name else Source(name, document.source.text)
        found = self._parsed[key] = source, parse(source, None if before is None else before[1])
        return found

    def mentions(self, uri: str, name: str) -> Mentions:
        """What keeps the mentions of a file from text to text."""
        return self._mentions.setdefault((uri, name), Mentions())

    def analysis(self, document: Document) -> Analysis:
        """A document, checked as it is now, as a ruleset of its own."""
        known = self._analyses.get(document.uri)
        if known is not None and self._stands(known, document):
            return known
        source, parsed = self.parsed(document)
        stamps: dict[Path, Stamp] = {}
        root = File(document.uri, source, parsed, document.places)
        files = {source.path: root}

        def read(path: Path, name: str) -> tuple[Source, Parsed]:
            stamps[path] = self._stamp(path)
            used, tree = self._read(path, name)
            files[name] = File(self.address(path), used, tree, self._places(path, used))
            return used, tree

        scope = Scope(read=read)
        folder = None if document.path is None else document.path.parent
        ruleset, found, _ = check(source, parsed, folder, scope)
        mentions = {name: self.mentions(file.uri, name) for name, file in files.items()}
        made = Analysis(
            root,
            files,
            scope,
            ruleset,
            tuple(found),
            folder,
            mentions,
            stamps,
            self.configured(document),
        )
        self._analyses[document.uri] = made
        return made

    def configured(self, document: Document) -> Configured:
        """The configuration that holds for a document. One opened by a link has that of the link."""
        return self.configurations.of(None if document.path is None else Path(document.name).parent)

    def standing(self) -> list[Analysis]:
        """The last analysis of every document that is open and was checked."""
        return list(self._analyses.values())

    def near(self, uri: str) -> Analysis:
        """The last analysis that answers for an open document, whether or not it still stands.

        Raises KeyError for a document that is not open.
        """
        document = self.documents[uri]
        user = next(self.users(document), None)
        return user or self._analyses.get(uri) or self.analysis(document)

    def names_now(self, analysis: Analysis) -> Names:
        """Which name stands where in the files of an analysis, by their texts as they are now."""
        trees = {}
        for name, file in analysis.files.items():
            document = self.documents.get(file.uri)
            trees[name] = file.parsed if document is None else self.parsed(document, name)[1]
        root = analysis.root.source.path
        # Used files first, as the checker gathers them.
        order = [*(name for name in trees if name != root), root]
        return Names({name: analysis.mentions[name].of(trees[name]) for name in order})

    def context(self, uri: str) -> Analysis | None:
        """The analysis that answers for a document: its own, or that of the ruleset it is part of."""
        document = self.documents.get(uri)
        if document is None:
            return None
        return next(self.users(document), None) or self.analysis(document)

    def users(self, document: Document) -> Iterator[Analysis]:
        """The open rulesets that a document without a header is part of."""
        if document.path is None or has_header(self.parsed(document)[1]):
            return
        for other in list(self.documents.values()):
            if other.uri != document.uri and has_header(self.parsed(other)[1]):
                analysis = self.analysis(other)
                if document.path in analysis.stamps:
                    yield analysis

    def users_on_disk(self, path: Path) -> Iterator[Analysis]:
        """Every ruleset of the editor's folders that uses a file, open ones as they are there."""
        seen: set[Path] = set()
        folders = self.folders or [path.parent]
        for candidate in _rulesets(folders):
            real = Path(os.path.realpath(candidate))
            if real in seen or real == path or len(seen) >= MOST_FILES:
                continue
            seen.add(real)
            analysis = self._closed(real)
            if analysis is not None and path in analysis.stamps:
                yield analysis

    def _closed(self, path: Path) -> Analysis | None:
        """The analysis of a file, whether it is open or not; None where it cannot be read."""
        uri = self._by_path.get(path)
        if uri is not None:
            return self.analysis(self.documents[uri])
        try:
            source = read_used(path, str(path))[0]
        except (OSError, ValueError):
            return None
        if "use" not in source.text:
            return None
        document = Document.opened(_address(path), str(path), path, 0, source.text, self.encoding)
        made = self.analysis(document)
        self.close(document.uri)
        return made

    # --- used files ---

    def address(self, path: Path) -> str:
        """How the client knows a file: as it has opened it, or as files are addressed."""
        return self._by_path.get(path) or _address(path)

    def _read(self, path: Path, name: str) -> tuple[Source, Parsed]:
        uri = self._by_path.get(path)
        if uri is not None:
            return self.parsed(self.documents[uri], name)
        stamp = self._stamp(path)
        known = self._disk.get((path, name))
        if known is not None and known[0] == stamp:
            return known[1], known[2]
        source, parsed = read_used(path, name)
        self._disk[path, name] = stamp, source, parsed
        return source, parsed

    def _places(self, path: Path, source: Source) -> Places:
        uri = self._by_path.get(path)
        return self.documents[uri].places if uri else Places(source.text, self.encoding)

    def _stamp(self, path: Path) -> Stamp:
        uri = self._by_path.get(path)
        if uri is not None:
            return uri, self.documents[uri].version, hash(self.documents[uri].source.text)
        try:
            status = path.stat()
        except OSError:
            return "", 0, 0
        return "disk", status.st_mtime_ns, status.st_size

    def _stands(self, analysis: Analysis, document: Document) -> bool:
        return (
            analysis.root.source.text == document.source.text
            and analysis.configured is self.configured(document)
            and all(self._stamp(path) == stamp for path, stamp in analysis.stamps.items())
        )


def has_header(parsed: Parsed) -> bool:
    """Whether a file is a ruleset of its own."""
    return any(isinstance(item, ast.Header) for item in parsed.file.items)


def _address(path: Path) -> str:
    return from_fs_path(str(path)) or str(path)


def _rulesets(folders: list[Path]) -> Iterator[Path]:
    """The rulesets below some folders, in order; links to folders are not followed."""
    for folder in folders:
        for inside, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if not name.startswith("."))
            yield from (Path(inside) / name for name in sorted(names) if name.endswith(".alvh"))
