"""Write a refutation into its ruleset as a test, which fails until the ruleset is mended.

The test gives the market and expects the promise. The file is parsed, checked and the test run before
it takes the old one's place, in one step; a file that would not check is left as it was, and a test that
would pass is not written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.files import write_text_atomically
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source, read_source
from alvh_rules.prove.verdicts import Verdict
from alvh_rules.syntax import ast
from alvh_rules.syntax.format import format_source
from alvh_rules.testing.run_tests import run_tests


def written(
    path: Path, ruleset: CheckedRuleset, file: ast.File, verdicts: Sequence[Verdict]
) -> list[str]:
    """Append a test for each refuted `always` and limit; what was done, a line each."""
    said: list[str] = []
    source = read_source(path)
    assert isinstance(source, Source)
    text = source.text.rstrip("\n") + "\n"
    taken = {test.name for test in ruleset.tests}
    for item in verdicts:
        if item.status != "refuted" or item.kind not in ("always", "limit"):
            continue
        if item.writable is None:
            said.append(f"no test can give this market: {item.text}")
            continue
        expected = _expected(source, file, item)
        if expected is None:
            said.append(f"written in another file, so no test here: {item.text}")
            continue
        name = _name(f"refuted: {item.text}")
        if name in taken:
            said.append(f'it is there already: test "{name}"')
            continue
        taken.add(name)
        given = "".join(f"    {line}\n" for line in item.writable)
        block = (
            f'\ntest "{name}"\n'
            + (f"  given\n{given}" if given else "")
            + f"  expect\n    {expected}\n"
        )
        trial, _ = format_source(Source(source.path, text + block))
        checked = check_source(Source(source.path, trial), path.resolve().parent)
        if checked.ruleset is None:
            said.append(f"this promise cannot be said in a test: {item.text}")
            continue
        if not _fails(checked.ruleset, name):
            # A test's `is` takes numbers that differ in their last digits for equal.
            said.append(f"rounding breaks it by less than a test tells apart: {item.text}")
            continue
        text = trial
        said.append(f'wrote test "{name}"')
    if any(line.startswith("wrote ") for line in said):
        write_text_atomically(path.resolve(), text)
    return said


def _fails(ruleset: CheckedRuleset, name: str) -> bool:
    """Whether the test of a name fails, as it must until the ruleset is mended."""
    tests = tuple(test for test in ruleset.tests if test.name == name)
    return any(item.verdict == "failed" for item in run_tests(replace(ruleset, tests=tests)))


def _name(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace('"', "'"))


def _expected(source: Source, file: ast.File, item: Verdict) -> str | None:
    """The promise as a condition."""
    if item.span.file != source.path:
        return None
    if item.kind == "limit":
        return item.text.removeprefix("limit ")
    for node in file.items:
        if isinstance(node, ast.Always) and node.span == item.span:
            promise = source.one_line(node.condition.span)
            if node.when is None:
                return promise
            return f"not ({source.one_line(node.when.span)}) or ({promise})"
    return None
