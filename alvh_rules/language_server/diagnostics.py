"""Findings as the client shows them, by the file that they are about.

What a ruleset's check finds in a file that it uses is shown there, with what other open rulesets
find in it. A file that several open rulesets use shows each finding once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lsprotocol import types

from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.language_server.workspace import Analysis

_SEVERITIES: Final = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.ADVICE: types.DiagnosticSeverity.Information,
}

_UNUSED: Final = "ALV105"


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
