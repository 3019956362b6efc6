"""`alvh fmt` and `alvh test`: commands that take rulesets alone."""

from __future__ import annotations

import argparse

from alvh_rules.cli.output import (
    CANNOT_RUN,
    FINDINGS,
    FINE,
    files,
    print_report,
    rulesets,
    unreadable,
)
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.findings.report import Case, Examined
from alvh_rules.pipeline import check as check_file


def fmt(arguments: argparse.Namespace) -> int:
    """Write rulesets in their canonical form."""
    from difflib import unified_diff

    from alvh_rules.core.files import write_text_atomically
    from alvh_rules.findings.errors import not_formatted
    from alvh_rules.pipeline import read_source
    from alvh_rules.syntax.format import format_source

    if arguments.format != "text" and (arguments.diff or not arguments.check):
        print("`--format` goes with `--check`")
        return CANNOT_RUN
    code = FINE
    changed = 0
    paths = files(arguments.paths)
    examined: list[Examined] = []
    for path in paths:
        source = read_source(path)
        if isinstance(source, Diagnostic):
            examined.append(Examined(str(path), (source,)))
            code = CANNOT_RUN
            continue
        sources = {source.path: source}
        text, found = format_source(source)
        if has_errors(found):
            examined.append(Examined(str(path), tuple(found), sources))
            code = max(code, FINDINGS)
            continue
        before = path.read_bytes()
        if text.encode("utf-8") == before:
            examined.append(Examined(str(path)))
            continue
        changed += 1
        lines = [f"would change {path}"]
        if arguments.diff:
            old, new = source.text.splitlines(), text.splitlines()
            lines = list(unified_diff(old, new, str(path), str(path), lineterm=""))
        elif not arguments.check:
            write_text_atomically(path.resolve(), text)
            lines = [f"changed {path}"]
        found = [] if arguments.format == "text" else [not_formatted(source, text)]
        examined.append(Examined(str(path), tuple(found), sources, lines=tuple(lines)))
    only_told = arguments.check or arguments.diff
    told, done = (
        f"{rulesets(paths)}, {changed:,} to change",
        f"{changed:,} of {len(paths):,} changed",
    )
    print_report(arguments, examined, told if only_told else done)
    if changed and (arguments.check or arguments.diff):
        code = max(code, FINDINGS)
    return code


def test(arguments: argparse.Namespace) -> int:
    """Run the tests that rulesets carry."""
    from alvh_rules.core.render import escaped
    from alvh_rules.testing.coverage import Coverage
    from alvh_rules.testing.run_tests import run_tests

    code = FINE
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    examined: list[Examined] = []
    for path in files(arguments.paths):
        result = check_file(path)
        if result.ruleset is None:
            examined.append(Examined(str(path), result.diagnostics, result.sources))
            code = CANNOT_RUN if unreadable(result) else max(code, FINDINGS)
            continue
        coverage = Coverage(result.ruleset) if arguments.coverage else None
        cases: list[Case] = []
        lines: list[str] = []
        for outcome in run_tests(result.ruleset, arguments.data, coverage):
            test, verdict = outcome.test, outcome.verdict
            counts[verdict] += 1
            cases.append(Case(test.name, test.span, verdict, outcome.reasons))
            if verdict != "passed":
                line = result.sources[test.span.file].position(test.span.start).line
                lines.append(f'{verdict}: {path}:{line} "{escaped(test.name)}"')
                lines += [f"    {escaped(reason)}" for reason in outcome.reasons]
        if coverage is not None:
            lines += [f"{path}: coverage", *coverage.lines()]
        examined.append(Examined(str(path), (), result.sources, tuple(cases), tuple(lines)))
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    print_report(arguments, examined, told)
    return code or (FINDINGS if counts["failed"] else FINE)
