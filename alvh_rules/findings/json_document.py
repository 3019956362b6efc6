"""The JSON format: one document with all that is known. Its schema is `docs/findings.schema.json`.

The shape is stable: within a version, keys are added and none is taken away or given another
meaning. Output is ASCII (other characters are escaped), so that no locale can break it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from alvh_rules import __version__
from alvh_rules.core.diagnostics import Fix, Severity
from alvh_rules.findings.report import (
    Examined,
    Extent,
    Placed,
    Report,
    exact_extent,
    extent_of,
    sound,
)

VERSION: Final = 1
"""The version of the document's shape."""


def as_json(report: Report) -> str:
    """The report as a JSON document."""
    placed = report.placed()
    counts = Counter(item.diagnostic.severity for item in placed)
    document = {
        "version": VERSION,
        "tool": {"name": "alvh", "version": __version__},
        "command": report.command,
        "files": [report.path_of(examined, examined.path) for examined in report.files],
        "findings": [_finding(report, item) for item in placed],
        "tests": [test for examined in report.files for test in _tests(report, examined)],
        "counts": {severity.value: counts[severity] for severity in Severity},
    }
    return json.dumps(document, indent=2)


def _finding(report: Report, item: Placed) -> dict[str, Any]:
    diagnostic, examined = item.diagnostic, item.examined
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": item.message,
        "file": item.path,
        "location": sound(diagnostic.location),
        "span": _span(item.extent),
        "label": sound(diagnostic.label),
        "labels": [
            {
                "file": report.path_of(examined, label.span.file),
                "span": _span(
                    extent_of(source, label.span)
                    if (source := examined.sources.get(label.span.file))
                    else None
                ),
                "message": sound(label.message),
            }
            for label in diagnostic.labels
            if label.span.file
        ],
        "help": sound(diagnostic.help),
        "fixes": [_fix(report, examined, diagnostic.fix)] if diagnostic.fix else [],
        "fingerprint": item.fingerprint,
    }


def _span(extent: Extent | None) -> dict[str, int] | None:
    if extent is None:
        return None
    return {
        "line": extent.begin.line,
        "column": extent.begin.column,
        "end_line": extent.end.line,
        "end_column": extent.end.column,
    }


def _fix(report: Report, examined: Examined, fix: Fix) -> dict[str, Any]:
    return {
        "message": sound(fix.message),
        "safe": fix.safe,
        "edits": [
            {
                "file": report.path_of(examined, edit.span.file),
                "span": _span(exact_extent(examined.sources[edit.span.file], edit.span)),
                "replacement": edit.replacement,
            }
            for edit in fix.edits
            if edit.span.file in examined.sources
        ],
    }


def _tests(report: Report, examined: Examined) -> list[dict[str, Any]]:
    tests = []
    for case in examined.cases:
        source = examined.sources.get(case.span.file)
        tests.append(
            {
                "file": report.path_of(examined, case.span.file),
                "line": source.position(case.span.start).line if source else 1,
                "name": case.name,
                "verdict": case.verdict,
                "reasons": [sound(reason) for reason in case.reasons],
            }
        )
    return tests
