"""How often each rule of a ruleset held on the sessions of a data file.

A rule is a signal, the opening of a layer, a regime, a limit or an event's window. One that speaks of
what is held (`book.drawdown`, `short.breached`) is left out: an evaluation of decisions holds nothing,
so nothing can be learnt of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alvh_rules.check import checked as c
from alvh_rules.core.kleene import TRUE, UNKNOWN
from alvh_rules.core.source import Span
from alvh_rules.lint.record import Subject
from alvh_rules.syntax import ast


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, what is said of it when it held, where it is declared, and on how many rows it held.

    `known` counts the rows on which it is known, held or not.
    """

    what: str
    verb: str
    span: Span
    held: int
    known: int


def rules(subject: Subject) -> Iterator[Rule]:
    """Every rule that the data can say something of, in the order of the text."""
    found = list(_rules(subject))
    yield from sorted(found, key=lambda rule: rule.span)


def _rules(subject: Subject) -> Iterator[Rule]:
    evaluation, ruleset = subject.evaluation, subject.ruleset
    assert evaluation is not None
    columns = evaluation.columns

    def counted(what: str, verb: str, span: Span, name: str) -> Iterator[Rule]:
        if not _speaks_of_book(ruleset, name):
            column = columns[name]
            held, known = int((column == TRUE).sum()), int((column != UNKNOWN).sum())
            yield Rule(what, verb, span, held, known)

    windows: dict[str, int] = {}
    regimes = 0
    for item in subject.items:
        match item:
            case ast.Signal():
                name = item.name.name
                yield from counted(f"signal `{name}`", "held", item.name.span, name)
            case ast.Layer():
                name = item.name.name
                what = f"`open when` of layer `{name}`"
                yield from counted(what, "held", item.name.span, f"{name}.open")
            case ast.Event():
                name = item.calendar.name
                windows[name] = windows.get(name, 0) + 1
                key = f"event.{name}" + (f".{windows[name]}" if windows[name] > 1 else "")
                span = item.calendar.span
                yield from counted(f"the window of event `{name}`", "was open", span, key)
            case ast.Regime():
                if not _speaks_of_book(ruleset, "regime"):
                    yield _regime(item, regimes, columns["regime"])
                regimes += 1
            case _:
                pass
    for limit in ruleset.limits:
        if limit.binds is not None:
            yield from counted(f"`{limit.text}`", "bound", limit.span, limit.binds)


def _regime(item: ast.Regime, code: int, column: Any) -> Rule:
    """A regime: the label's code, -1 where unknown."""
    held, known = int((column == code).sum()), int((column >= 0).sum())
    return Rule(f"regime `{item.name.name}`", "held", item.name.span, held, known)


def _speaks_of_book(ruleset: c.CheckedRuleset, name: str) -> bool:
    """Whether a value rests on what is held, directly or through other names."""
    seen: set[str] = set()
    stack: list[c.Expression] = [ruleset.values[name]]
    while stack:
        node = stack.pop()
        if isinstance(node, c.Book | c.Position):
            return True
        if isinstance(node, c.Reference) and node.name not in seen and node.name in ruleset.values:
            seen.add(node.name)
            stack.append(ruleset.values[node.name])
        stack.extend(c.operands(node))
    return False
