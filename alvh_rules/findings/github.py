"""GitHub workflow commands: a line a finding, which the runner turns into an annotation.

`::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`. In a message `%`, CR and LF
are percent-encoded; in a property `:` and `,` are too. The runner takes columns only where a
finding lies within one line, so they are left out of others. It shows the first ten errors and the
first ten warnings of a step.
"""

from __future__ import annotations

from typing import Final

from alvh_rules.core.cells import escaped
from alvh_rules.core.diagnostics import Severity
from alvh_rules.findings.report import Placed, Report

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "notice",
}


def as_workflow_commands(report: Report) -> str:
    """A command a finding; nothing where there is none."""
    return "\n".join(_command(item) for item in report.placed())


def _command(item: Placed) -> str:
    diagnostic, extent = item.diagnostic, item.extent
    properties = {"file": escaped(item.path)}
    if extent is not None:
        properties["line"] = str(extent.begin.line)
        if extent.begin.line == extent.end.line:
            properties["col"] = str(extent.begin.column)
        properties["endLine"] = str(extent.end.line)
        if extent.begin.line == extent.end.line:
            properties["endColumn"] = str(extent.end.column)
    properties["title"] = f"{diagnostic.severity}[{diagnostic.code}]"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = [escaped(item.message)]
    if diagnostic.location and diagnostic.location != item.path:
        lines.append(escaped(diagnostic.location))
    if diagnostic.help:
        lines.append(f"help: {escaped(diagnostic.help)}")
    return f"::{_COMMANDS[diagnostic.severity]} {written}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
