"""Findings as the client shows them, by the file that they are about.

What a ruleset's check finds in a file that it uses is shown there, with what other open rulesets
find in it. A file that several open rulesets use shows each finding once. What is wrong with an
`alvh.toml` is shown in that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lsprotocol import types

from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span
from alvh_rules.language_server.documents import Encoding, Places
from alvh_rules.language_server.workspace import Analysis

_SEVERITIES: Final = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.ADVICE: types.DiagnosticSeverity.Information,
}

_UNUSED: Final = "ALV105"
_LINE: Final = re.compile(r":(\d+)(?::(\d+))?$")
"""What a finding about alvh.toml says of its place, behind the path: a line, and perhaps a column."""


def by_file(
    analysis: Analysis, diagnostics: Iterable[Diagnostic]
) -> dict[str, list[types.Diagnostic]]:
    """The findings of an analysis by address; those without a place stand at the root's beginning.

    The root and every file it uses have an entry, so that what was found there before goes away.
    """
    shown: dict[str, list[types.Diagnostic]] = {file.uri: [] for file in analysis.files.values()}
    for item in diagnostics:
        file = analysis.root if item.span is None else analysis.files[item.span.file]
        shown[file.uri].append(diagnostic_of(analysis, item))
    return shown


def diagnostic_of(analysis: Analysis, item: Diagnostic) -> types.Diagnostic:
    """One finding in the protocol's terms: the help follows the message, as in a terminal."""
    beginning = types.Position(0, 0)
    place = types.Range(beginning, beginning)
    if item.span is not None:
        place = analysis.files[item.span.file].places.range(item.span)
    message = item.message if not item.label else f"{item.message}: {item.label}"
    return types.Diagnostic(
        place,
        f"{message}\n{item.help}" if item.help else message,
        severity=_SEVERITIES[item.severity],
        code=item.code,
        source="alvh",
        tags=[types.DiagnosticTag.Unnecessary] if item.code == _UNUSED else None,
        related_information=[
            types.DiagnosticRelatedInformation(analysis.location(label.span), label.message)
            for label in item.labels
            if label.span.file in analysis.files
        ]
        or None,
    )


def problems_of(
    path: Path, problems: Iterable[Diagnostic], encoding: Encoding
) -> list[types.Diagnostic]:
    """What is wrong with an `alvh.toml`, each on its line, from the column it names to the end."""
    problems = tuple(problems)
    if not problems:
        return []
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        text = ""
    places, lines = Places(text, encoding), text.split("\n")
    starts = [0]
    for content in lines:
        starts.append(starts[-1] + len(content) + 1)
    shown = []
    for item in problems:
        found = _LINE.search(item.location or "")
        line = min(int(found[1]) if found else 1, len(lines)) - 1
        content = lines[line]
        column = len(content) - len(content.lstrip())
        if found and found[2]:
            # A mistake that is noticed at the line's end is shown on its last character.
            column = max(0, min(int(found[2]), len(content)) - 1)
        end = max(column, len(content.rstrip()))
        span = Span(str(path), starts[line] + column, starts[line] + end)
        shown.append(
            types.Diagnostic(
                places.range(span),
                f"{item.message}\n{item.help}" if item.help else item.message,
                severity=_SEVERITIES[item.severity],
                code=item.code,
                source="alvh",
            )
        )
    return shown
