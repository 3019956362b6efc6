"""What a command has found, file by file, and where each finding stands.

A command gathers an `Examined` for each file it was given and hands all of them, as a `Report`, to
a format (`formats.py`). Formats for machines read `Report.placed()`: every finding once, in the
order of the files and their lines, with the path and extent that the reader of the format needs.

Positions count lines and columns from one, columns in Unicode code points (as Python counts
characters), and an extent ends before its end column. Paths are relative to the report's root,
with `/`, where they lie in it; else absolute.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from alvh_rules.core.diagnostics import Diagnostic, in_order
from alvh_rules.core.excerpts import extent
from alvh_rules.core.source import Position, Source, Span
from alvh_rules.findings import errors


@dataclass(frozen=True, slots=True)
class Case:
    """A test that a ruleset carries, its verdict (`passed`, `failed`, `skipped`), and why."""

    name: str
    span: Span
    verdict: str
    reasons: tuple[str, ...] = ()

    def finding(self) -> Diagnostic | None:
        """The test as a finding; None for one that passed."""
        if self.verdict == "failed":
            return errors.failed_test(self.name, self.span, self.reasons)
        if self.verdict == "skipped":
            return errors.skipped_test(self.name, self.span, self.reasons)
        return None


@dataclass(frozen=True, slots=True)
class Examined:
    """A file as it was named, what was found in it, and the sources that the spans speak of.

    `lines` is what the text format says of the file instead of showing its findings.
    """

    path: str
    findings: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extent:
    """A stretch of a file: from `begin` up to, not including, `end`."""

    begin: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding, the path of its file for the reader, its extent, and what tells it from others.

    `fingerprint` is the same while the file, the code and the text of the marked lines are: lines
    above may come and go. Of several such findings in one file each has its own.
    """

    diagnostic: Diagnostic
    path: str
    extent: Extent | None
    examined: Examined
    fingerprint: str

    @property
    def message(self) -> str:
        """The message, in characters that any reader of UTF-8 takes."""
        return sound(self.diagnostic.message)


@dataclass(frozen=True)
class Report:
    """The files of one call of a command. `closing` is the text format's last line."""

    command: str
    files: tuple[Examined, ...]
    closing: str = ""
    colour: bool = False
    root: Path = field(default_factory=Path.cwd)

    def path_of(self, examined: Examined, file: str) -> str:
        """The path, for the reader, of a file that spans name.

        A used file is named from the folder of the ruleset that uses it.
        """
        written = Path(examined.path)
        if file != examined.path:
            written = written.parent / file
        whole = Path(os.path.normpath(self.root / written))
        inside = whole.is_relative_to(self.root)
        return sound((whole.relative_to(self.root) if inside else whole).as_posix())

    def uri_of(self, examined: Examined, file: str) -> str:
        """The same path as a URI reference, percent-encoded; absolute where it is not in the root."""
        path = self.path_of(examined, file)
        if Path(path).is_absolute():
            return Path(path).as_uri()
        return quote(path)

    def placed(self, *, with_cases: bool = True) -> list[Placed]:
        """Every finding with its place; `with_cases`: those of the rulesets' own tests too."""
        found: list[Placed] = []
        seen: set[object] = set()
        counts: Counter[str] = Counter()
        for examined in self.files:
            items = list(examined.findings)
            if with_cases:
                items += [item for case in examined.cases if (item := case.finding()) is not None]
            for item in in_order(items):
                path = self.path_of(examined, item.span.file if item.span else examined.path)
                source = examined.sources.get(item.span.file) if item.span else None
                where = extent_of(source, item.span) if source and item.span else None
                # A file that two rulesets use has its findings once.
                key = (path, where, item.code, item.message)
                if key in seen:
                    continue
                seen.add(key)
                lines = _marked_lines(source, where) or item.message
                print_of = "\0".join((item.code, path, sound(lines)))
                counts[print_of] += 1
                digest = hashlib.sha256(f"{print_of}\0{counts[print_of]}".encode()).hexdigest()
                found.append(Placed(item, path, where, examined, digest))
        return found


def extent_of(source: Source, span: Span) -> Extent:
    """The extent of a span without the blanks at its end; empty where it holds nothing."""
    return Extent(*extent(source, span))


def exact_extent(source: Source, span: Span) -> Extent:
    """The extent of all of a span, as an edit needs it."""
    return Extent(source.position(span.start), source.position(span.end))


def sound(text: str) -> str:
    """The text without lone surrogates, which stand for bytes of file names that are not UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _marked_lines(source: Source | None, where: Extent | None) -> str:
    if source is None or where is None:
        return ""
    lines = range(where.begin.line, where.end.line + 1)
    return "\n".join(source.line_text(line).strip() for line in lines)
