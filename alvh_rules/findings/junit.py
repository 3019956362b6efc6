"""JUnit XML: a suite a file, a failed test case a finding.

A file with nothing found has one case that passed, since CI servers take an empty report for a
broken one. For `alvh test` each of a ruleset's tests is a case. XML 1.0 has no way to hold most
control characters; they are escaped as in the text format. Output is ASCII with character
references, so that no locale can break it.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from alvh_rules.core.cells import escaped
from alvh_rules.core.render import render
from alvh_rules.findings.report import Case, Placed, Report


def as_junit(report: Report) -> str:
    """The report as an XML document."""
    suites: dict[str, tuple[list[Case], list[Placed]]] = {}
    for examined in report.files:
        path = report.path_of(examined, examined.path)
        suites.setdefault(path, ([], []))[0].extend(examined.cases)
    for item in report.placed(with_cases=False):
        suites.setdefault(item.path, ([], []))[1].append(item)
    root = Xml.Element("testsuites", name=f"alvh {report.command}")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for path, (cases, findings) in suites.items():
        suite = Xml.SubElement(root, "testsuite", name=escaped(path))
        for case in cases:
            _case(suite, path, case)
        for item in findings:
            _finding(suite, path, item)
        if not cases and not findings:
            Xml.SubElement(suite, "testcase", name=report.command, classname=escaped(path))
        counts = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": 0,
        }
        for name, count in counts.items():
            suite.set(name, str(count))
            totals[name] += count
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
        suite.set("file", escaped(path))
    for name, count in totals.items():
        root.set(name, str(count))
    Xml.indent(root)
    raw: bytes = Xml.tostring(root, encoding="us-ascii", xml_declaration=True)
    return raw.decode("ascii")


def _case(suite: Xml.Element, path: str, case: Case) -> None:
    node = Xml.SubElement(suite, "testcase", name=escaped(case.name), classname=escaped(path))
    reasons = [escaped(reason) for reason in case.reasons]
    if case.verdict == "failed":
        failure = Xml.SubElement(node, "failure", type="failed", message="; ".join(reasons))
        failure.text = "\n".join(reasons)
    elif case.verdict == "skipped":
        Xml.SubElement(node, "skipped", message="; ".join(reasons))


def _finding(suite: Xml.Element, path: str, item: Placed) -> None:
    diagnostic = item.diagnostic
    at = f" at {item.extent.begin.line}:{item.extent.begin.column}" if item.extent else ""
    node = Xml.SubElement(suite, "testcase", name=f"{diagnostic.code}{at}", classname=escaped(path))
    failure = Xml.SubElement(
        node, "failure", type=diagnostic.severity.value, message=escaped(item.message)
    )
    failure.text = render(diagnostic, item.examined.sources)
