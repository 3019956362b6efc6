"""Lint a checked ruleset: all that `alvh check` reports of it, as its configuration wants it.

1. The selected lints run, if the ruleset has no errors; those that need data only with an evaluation.
2. Findings that a comment silences are taken out, and comments that silence nothing reported.
3. What the configuration leaves out is left out, and what it gives another level gets it.

An error that the checker found is never silenced and keeps its level.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alvh_rules.core.diagnostics import Diagnostic, Severity, in_order
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import Configuration
from alvh_rules.lint.record import Lint, Subject
from alvh_rules.lint.registry import LINTS
from alvh_rules.lint.silenceable import OF_CHECK
from alvh_rules.syntax import ast

if TYPE_CHECKING:
    from alvh_rules.evaluate.engine import Evaluation
    from alvh_rules.lint.suppression import Suppression
    from alvh_rules.pipeline import Checked

MARK: Final = "alvh:"
"""What stands in every comment that silences."""


def lint(
    checked: Checked,
    path: Path,
    configuration: Configuration,
    evaluation: Evaluation | None = None,
    trees: Mapping[str, ast.File] | None = None,
) -> tuple[Diagnostic, ...]:
    """Every finding about a ruleset: the checker's and the lints', in the order of the file.

    `path` is the ruleset's, for `per-file`. `evaluation` must have kept every node.
    `trees` spare an editor's server the parsing of used files (`record.Subject`).
    """
    left_out = configuration.left_out(path)
    looked_for = [
        item
        for item in LINTS.values()
        if item.code in configuration.selected
        and item.code not in left_out
        and (evaluation is not None or not item.needs_data)
    ]
    found = [
        *checked.diagnostics,
        *_run(checked, looked_for, configuration, evaluation, trees or {}),
    ]
    codes = {item.code for item in looked_for} | (OF_CHECK - left_out)
    found = _silenced(found, checked, codes)
    kept = [_levelled(item, configuration) for item in found if _stays(item, left_out)]
    return tuple(in_order(kept))


def _run(
    checked: Checked,
    lints: list[Lint],
    configuration: Configuration,
    evaluation: Evaluation | None,
    trees: Mapping[str, ast.File],
) -> list[Diagnostic]:
    if checked.ruleset is None or checked.plan is None or checked.file is None:
        return []
    subject = Subject(
        checked.ruleset,
        checked.plan,
        checked.file,
        checked.diagnostics,
        evaluation,
        trees=trees,
    )
    found = []
    for item in lints:
        own = replace(subject, options=configuration.options_of(item))
        found += [item.diagnostic(finding) for finding in item.run(own)]
    return found


def _silenced(found: list[Diagnostic], checked: Checked, codes: set[str]) -> list[Diagnostic]:
    """The findings that no comment silences, with those about the comments themselves."""
    sources: Mapping[str, Source] = checked.sources
    if not any(MARK in source.text for source in sources.values()):
        return found
    from alvh_rules.lint.suppression import read_suppressions, unused

    main = checked.file.path if checked.file is not None else ""
    mild = _Mild(found)
    about: list[Diagnostic] = []
    for path, source in sources.items():
        suppressions, wrong = read_suppressions(source)
        about += wrong
        for suppression in suppressions:
            used = {code for code in suppression.codes if mild.hide(path, code, suppression)}
            # A used file is another ruleset's too, and what an error hides is not known.
            if path == main and checked.ruleset is not None:
                idle = unused(suppression, source, used, codes)
                about += [] if idle is None else [idle]
    return [*(item for item in found if item not in mild.hidden), *about]


class _Mild:
    """The findings that are no errors, by file and code in the order of the text."""

    def __init__(self, found: list[Diagnostic]) -> None:
        self.hidden: set[Diagnostic] = set()
        self._by_code: dict[tuple[str, str], list[tuple[int, Diagnostic]]] = {}
        for item in found:
            if item.span is not None and not item.is_error:
                place = (item.span.file, item.code)
                self._by_code.setdefault(place, []).append((item.span.start, item))
        for items in self._by_code.values():
            items.sort(key=_start)
        self._whole: set[tuple[str, str]] = set()

    def hide(self, file: str, code: str, suppression: Suppression) -> bool:
        """Hide what a comment is about of a code; whether there is any, hidden before or not."""
        items = self._by_code.get((file, code), [])
        low = bisect_left(items, suppression.begin, key=_start)
        high = bisect_left(items, suppression.end, key=_start)
        if (file, code) not in self._whole:
            self.hidden.update(item for _, item in items[low:high])
        if low == 0 and high == len(items):
            # Many comments may be about a whole file: its findings are gone through once.
            self._whole.add((file, code))
        return high > low


def _start(item: tuple[int, Diagnostic]) -> int:
    return item[0]


def _stays(item: Diagnostic, left_out: frozenset[str]) -> bool:
    return item.is_error or item.code not in left_out


def _levelled(item: Diagnostic, configuration: Configuration) -> Diagnostic:
    level = configuration.levels.get(item.code)
    if level is None or item.severity is Severity.ERROR:
        return item
    return replace(item, severity=level)
