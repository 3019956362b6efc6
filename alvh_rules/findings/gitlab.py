"""GitLab's Code Quality report: a JSON list, an object a finding.

A finding without a line is put on line 1, which the format asks for. The fingerprint is what GitLab
compares between two reports, so it must not change when lines above do (`report.Placed`).
"""

from __future__ import annotations

import json
from typing import Final

from alvh_rules.core.diagnostics import Severity
from alvh_rules.findings.report import Report

_SEVERITIES: Final = {
    Severity.ERROR: "major",
    Severity.WARNING: "minor",
    Severity.ADVICE: "info",
}


def as_code_quality(report: Report) -> str:
    """The report as a JSON list."""
    issues = [
        {
            "description": f"{item.diagnostic.code}: {item.message}",
            "check_name": item.diagnostic.code,
            "fingerprint": item.fingerprint,
            "severity": _SEVERITIES[item.diagnostic.severity],
            "location": {
                "path": item.path,
                "lines": {
                    "begin": item.extent.begin.line if item.extent else 1,
                    "end": item.extent.end.line if item.extent else 1,
                },
            },
        }
        for item in report.placed()
    ]
    return json.dumps(issues, indent=2)
