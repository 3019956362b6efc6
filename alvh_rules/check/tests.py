"""The tests of a ruleset: what each gives, and the conditions it expects."""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.check import errors
from alvh_rules.check.infer_kinds import Elaborator
from alvh_rules.check.scope import Scope
from alvh_rules.core.kleene import TRUE
from alvh_rules.syntax import ast


def check_tests(scope: Scope, items: list[ast.Item]) -> tuple[c.Test, ...]:
    """Every test whose parts are sound."""
    made = []
    for item in items:
        if isinstance(item, ast.Test):
            test = _test(scope, item)
            if test is not None:
                made.append(test)
    return tuple(made)


def _test(scope: Scope, node: ast.Test) -> c.Test | None:
    work = Elaborator(scope)
    name = node.name.value
    if not node.expect and (node.cases is None or not node.cases.outputs):
        if "expect" not in scope.lost:
            scope.report(errors.test_expects_nothing(name, node.name.span))
        return None
    if not node.given and node.on is None and node.cases is None:
        if "given" not in scope.lost:
            scope.report(errors.test_gives_nothing(name, node.name.span))
        return None
    given = [_given(scope, work, item.subject, item.value) for item in node.given]
    expected = [_expected(scope, work, item) for item in node.expect]
    if any(item is None for item in given) or any(item is None for item in expected):
        return None
    common = tuple(item for item in given if item is not None)
    wanted = tuple(item for item in expected if item is not None)
    if node.cases is None:
        return c.Test(name, (c.Case(common, wanted, node.span),), False, node.on, node.span)
    cases = []
    for row in node.cases.rows:
        for names, values in ((node.cases.inputs, row.inputs), (node.cases.outputs, row.outputs)):
            if len(names) != len(values):
                scope.report(errors.case_width(len(names), len(values), row.span))
                return None
        inputs = [
            _given(scope, work, subject, value)
            for subject, value in zip(node.cases.inputs, row.inputs, strict=True)
        ]
        outputs = [
            _expected(scope, work, ast.Is(subject, value, False, value.span))
            for subject, value in zip(node.cases.outputs, row.outputs, strict=True)
        ]
        if any(item is None for item in inputs) or any(item is None for item in outputs):
            return None
        known = tuple(item for item in inputs if item is not None)
        checks = tuple(item for item in outputs if item is not None)
        cases.append(c.Case(common + known, wanted + checks, row.span))
    return c.Test(name, tuple(cases), node.cases.sessions, node.on, node.span)


def _given(
    scope: Scope, work: Elaborator, subject: ast.Word | ast.Attribute, value: ast.Expression | None
) -> c.Given | None:
    if value is None:
        assert isinstance(subject, ast.Word)
        if subject.name not in scope.calendars:
            scope.report(errors.unknown_calendar(subject.name, subject.span, ""))
            return None
        return c.Given(
            f"event {subject.name}", c.Constant(TRUE, c.FLAG, subject.span), subject.span
        )
    target = work.infer(subject)
    if target is None:
        return None
    if not isinstance(target, (c.Reference, c.Book)):
        scope.report(errors.wrong_literal("a test gives values to names", subject.span))
        return None
    if isinstance(value, ast.Missing):
        missing = c.Constant(float("nan"), target.type, value.span)
        return c.Given(target.name, missing, subject.span)
    found = work.expecting(value, target.type, level=True)
    if found is None:
        return None
    if not _stands_alone(scope, found):
        scope.report(
            errors.wants_constant(
                f"what a test gives `{target.name}`", value.span, "write a literal or a param"
            )
        )
        return None
    return c.Given(target.name, found, subject.span)


def _stands_alone(scope: Scope, value: c.Expression) -> bool:
    """Whether a value rests on literals and params alone, and so is the same on every market."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, c.Reference) and node.name not in scope.params:
            return False
        if not isinstance(node, c.Reference | c.Constant | c.Negative | c.Arithmetic):
            return False
        stack.extend(c.operands(node))
    return True


def _expected(scope: Scope, work: Elaborator, node: ast.Expression) -> c.Expected | None:
    condition = work.condition(node)
    if condition is None:
        return None
    return c.Expected(condition, scope.shown(node.span), node.span)
