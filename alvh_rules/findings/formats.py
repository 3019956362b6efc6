"""The output formats: one record each, and the only place that lists them.

To add one: write its function from a `Report` to a text in a module of its own, add a record here,
and let `tests/findings/test_formats.py` validate it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alvh_rules.findings.github import as_workflow_commands
from alvh_rules.findings.gitlab import as_code_quality
from alvh_rules.findings.json_document import as_json
from alvh_rules.findings.junit import as_junit
from alvh_rules.findings.report import Report
from alvh_rules.findings.sarif import as_sarif
from alvh_rules.findings.text import as_text


@dataclass(frozen=True, slots=True)
class Format:
    """A format's name on the command line, what it is for, and what writes it.

    `write` gives the whole output without its last line end. A report without findings gives a
    valid document too. The text may hold anything: each writer escapes as its format asks.
    """

    name: str
    summary: str
    write: Callable[[Report], str]


FORMATS: Final = {
    item.name: item
    for item in (
        Format("text", "for people: lines, carets, fixes", as_text),
        Format("json", "all that is known; schema in docs/findings.schema.json", as_json),
        Format("github", "annotations of a GitHub workflow run", as_workflow_commands),
        Format("sarif", "SARIF 2.1.0, for code scanning", as_sarif),
        Format("junit", "JUnit XML, for the test reports of CI servers", as_junit),
        Format("gitlab", "GitLab Code Quality report", as_code_quality),
    )
}
