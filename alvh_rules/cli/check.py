"""`alvh check`: everything that is wrong with rulesets, once or whenever one changes."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

from alvh_rules.cli.linting import linter_of
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
from alvh_rules.core.render import count_line
from alvh_rules.findings.cache import Cache
from alvh_rules.findings.errors import no_rulesets
from alvh_rules.findings.report import Examined
from alvh_rules.lint.linter import Linter


def check(arguments: argparse.Namespace) -> int:
    """Check the rulesets; with `--watch` again and again, until it is stopped."""
    if arguments.diff and arguments.format != "text":
        print("`--diff` goes with the format `text`")
        return CANNOT_RUN
    if arguments.watch:
        from alvh_rules.cli.watch import watch

        return watch(arguments.paths, lambda: _once(arguments))
    return _once(arguments)


@dataclass
class _Findings:
    """What has been found so far, and the exit code it makes."""

    code: int = FINE
    all: list[Diagnostic] = field(default_factory=list)
    examined: list[Examined] = field(default_factory=list)
    fixes: int = 0

    def add(self, examined: Examined, code: int = FINE) -> None:
        """One more file, or what is said of one."""
        self.examined.append(examined)
        self.all += examined.findings
        self.code = max(self.code, code)


def _once(arguments: argparse.Namespace) -> int:
    linter = linter_of(arguments)
    if isinstance(linter, list):
        print_report(arguments, [Examined("alvh", tuple(linter))], count_line(linter))
        return CANNOT_RUN
    found = _Findings()
    cache = _cache(arguments)
    paths = files(arguments.paths)
    for path in paths:
        if cache is None or not _known(cache, linter, path, found):
            _check(arguments, linter, path, found, cache)
    for configuration, problems in linter.problems.items():
        found.add(Examined(str(configuration), tuple(problems)), CANNOT_RUN)
    if not paths:
        names = [str(path) for path in arguments.paths]
        found.add(Examined(names[0], (no_rulesets(names),)), CANNOT_RUN)
    closing = f"{rulesets(paths)}: {count_line(found.all) or 'nothing found'}"
    if found.fixes:
        many = f"{found.fixes:,} {'fix' if found.fixes == 1 else 'fixes'}"
        closing += f"; {many} {'to make' if arguments.diff else 'made'}"
    print_report(arguments, found.examined, closing)
    denied = arguments.deny_warnings and any(item.severity == "warning" for item in found.all)
    return found.code or (FINDINGS if denied or has_errors(found.all) else FINE)


def _cache(arguments: argparse.Namespace) -> Cache | None:
    """The cache, where findings depend on nothing but texts and settings."""
    asks_more = (
        arguments.no_cache
        or arguments.fix
        or arguments.unsafe_fixes
        or arguments.diff
        or arguments.data
        or arguments.look_back
    )
    settings = [repr(arguments.select), repr(arguments.ignore)]
    return None if asks_more else Cache(settings)


def _known(cache: Cache, linter: Linter, path: Path, found: _Findings) -> bool:
    """Whether the findings of a ruleset that has not changed could be taken from the cache."""
    kept = cache.find(path, repr(linter.configuration(path.absolute().parent)))
    if kept is None:
        return False
    findings, sources = kept
    by_path = {source.path: source for source in sources}
    found.add(Examined(str(path), tuple(findings), by_path))
    return True


def _check(
    arguments: argparse.Namespace,
    linter: Linter,
    path: Path,
    found: _Findings,
    cache: Cache | None,
) -> None:
    try:
        linted = linter.check(path)
    except OSError as problem:
        print(f"`{path}` cannot be written: {problem.strerror or problem}", file=sys.stderr)
        found.code = CANNOT_RUN
        return
    result = linted.checked
    found.fixes += linted.fixes
    if arguments.diff and linted.diff:
        found.add(Examined(str(path), lines=linted.diff), FINDINGS)
    lost = unreadable(result) or not linted.data_read
    found.add(Examined(str(path), result.diagnostics, result.sources), CANNOT_RUN if lost else FINE)
    if arguments.look_back and result.ruleset is not None and result.plan is not None:
        from alvh_rules.report.look_back import look_back_lines

        lines = [f"{path}:", *look_back_lines(result.ruleset, result.plan)]
        found.add(Examined(str(path), lines=tuple(lines)))
    if cache is not None and not lost:
        configuration = repr(linter.configuration(path.absolute().parent))
        cache.keep(path, result.diagnostics, result.sources, configuration)
