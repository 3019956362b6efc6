"""SARIF 2.1.0 (OASIS, errata 01): results, with the codes' records as rules.

Columns are in Unicode code points. URIs are relative to `%SRCROOT%`, the folder the command ran in,
which on a CI server is the checkout; a file outside of it has an absolute URI.
"""

from __future__ import annotations

import json
from typing import Any, Final

from alvh_rules import __version__
from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.source import Span
from alvh_rules.findings.code_records import read_record
from alvh_rules.findings.report import (
    Examined,
    Extent,
    Placed,
    Report,
    exact_extent,
    extent_of,
    sound,
)

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "note",
}
_ROOT: Final = "%SRCROOT%"


def as_sarif(report: Report) -> str:
    """The report as a SARIF log of one run."""
    placed = report.placed()
    severities = {item.diagnostic.code: item.diagnostic.severity for item in placed}
    codes = sorted(severities)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "alvh",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, severities[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "the folder in which the command was run"}}
        },
        "results": [_result(report, item, codes.index(item.diagnostic.code)) for item in placed],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str, severity: Severity) -> dict[str, Any]:
    record = read_record(code)
    rule: dict[str, Any] = {"id": code, "defaultConfiguration": {"level": _LEVELS[severity]}}
    if record is not None:
        rule |= {
            "shortDescription": {"text": record.title},
            "fullDescription": {"text": record.meaning},
            "help": {"text": record.why, "markdown": record.markdown},
        }
    return rule


def _result(report: Report, item: Placed, index: int) -> dict[str, Any]:
    diagnostic, examined = item.diagnostic, item.examined
    file = diagnostic.span.file if diagnostic.span else examined.path
    text = item.message
    if diagnostic.help:
        text += f"\nhelp: {sound(diagnostic.help)}"
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(report, examined, file, item.extent)}],
        "partialFingerprints": {"alvhFinding/v1": item.fingerprint},
    }
    related = [
        _related(report, examined, number, label.span, sound(label.message))
        for number, label in enumerate(diagnostic.labels, 1)
        if label.span.file in examined.sources
    ]
    if related:
        result["relatedLocations"] = related
    if diagnostic.fix is not None:
        changes = _changes(report, item)
        if changes:
            result["fixes"] = [
                {
                    "description": {"text": sound(diagnostic.fix.message)},
                    "artifactChanges": changes,
                }
            ]
    return result


def _artifact(report: Report, examined: Examined, file: str) -> dict[str, str]:
    uri = report.uri_of(examined, file)
    return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": _ROOT}


def _place(report: Report, examined: Examined, file: str, extent: Extent | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(report, examined, file)}
    if extent is not None:
        place["region"] = _region(extent)
    return place


def _region(extent: Extent) -> dict[str, int]:
    return {
        "startLine": extent.begin.line,
        "startColumn": extent.begin.column,
        "endLine": extent.end.line,
        "endColumn": extent.end.column,
    }


def _related(
    report: Report, examined: Examined, number: int, span: Span, message: str
) -> dict[str, Any]:
    extent = extent_of(examined.sources[span.file], span)
    return {
        "id": number,
        "physicalLocation": _place(report, examined, span.file, extent),
        "message": {"text": message},
    }


def _changes(report: Report, item: Placed) -> list[dict[str, Any]]:
    fix, examined = item.diagnostic.fix, item.examined
    assert fix is not None
    files = dict.fromkeys(edit.span.file for edit in fix.edits)
    return [
        {
            "artifactLocation": _artifact(report, examined, file),
            "replacements": [
                {
                    "deletedRegion": _region(exact_extent(examined.sources[file], edit.span)),
                    "insertedContent": {"text": edit.replacement},
                }
                for edit in fix.edits
                if edit.span.file == file
            ],
        }
        for file in files
        if file in examined.sources
    ]
