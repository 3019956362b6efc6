"""A decision that no test expects anything of.

What it does
------------
Looks for signals, targets, openings of layers (`short.open`) and the hedge's ratio that no `expect`
of any test names. A ruleset without any tests is reported only with the option `without-tests`.

Why is this bad
---------------
What nobody has said an expectation of can change with the next edit, and every test still passes.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal low when vix < 15
signal high when vix > 30
test "a crisis"
  given
    vix = 40
  expect
    high
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal low when vix < 15
signal high when vix > 30
test "a crisis"
  given
    vix = 40
  expect
    high
    not low
```
"""

from __future__ import annotations

from collections.abc import Iterator

from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.source import Span
from alvh_rules.lint.record import Finding, Lint, Option, Subject
from alvh_rules.syntax import ast

_WITHOUT_TESTS = Option("without-tests", False, "report rulesets that have no tests at all too")


def _run(subject: Subject) -> Iterator[Finding]:
    tests = subject.ruleset.tests
    if not tests and not subject.options["without-tests"]:
        return
    expected = {
        name
        for test in tests
        for case in test.cases
        for item in case.expected
        for name in _named(item.condition)
    }
    for item in subject.items:
        for what, name, span in _decisions(item):
            if name not in expected:
                yield Finding(
                    f"no test expects anything of {what} `{name}`",
                    span,
                    f"name `{name}` under `expect` of a test",
                )


def _named(node: c.Expression) -> Iterator[str]:
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, c.Reference):
            yield top.name
        stack.extend(c.operands(top))


def _decisions(item: ast.Item) -> Iterator[tuple[str, str, Span]]:
    """What an item decides: in words, by name, and where it is declared."""
    match item:
        case ast.Signal() | ast.Target():
            yield type(item).__name__.lower(), item.name.name, item.name.span
        case ast.Layer():
            yield "the opening", f"{item.name.name}.open", item.name.span
        case ast.Hedge():
            for clause in item.clauses:
                if isinstance(clause, ast.HedgeRatio):
                    yield "the hedge's ratio,", "hedge.ratio", clause.value.span
        case _:
            pass


LINT = Lint("ALV753", "untested-decision", Severity.ADVICE, _run, options=(_WITHOUT_TESTS,))
