"""From items back to lines, in the canonical form.

What the tree does not tell apart (a `given` on one line or in a block, two choices on one line or
two) is printed as it stood. `format.py` puts comments and blank lines back between the lines.
"""

from __future__ import annotations

from typing import Any

from alvh_rules.syntax import ast
from alvh_rules.syntax.print_decisions import DecisionPrinter
from alvh_rules.syntax.print_declarations import DeclarationPrinter
from alvh_rules.syntax.print_expressions import SUM, expression_text, structure_text
from alvh_rules.syntax.print_lines import PrintedLine
from alvh_rules.syntax.print_tests import TestPrinter


class ItemPrinter(DeclarationPrinter, DecisionPrinter, TestPrinter):
    """Prints the items of one source, one at a time. `name_width` aligns a run of lets."""

    def print_item(self, item: ast.Item, name_width: int = 0) -> list[PrintedLine]:
        """An item's lines, in the order of the source."""
        self._lines = []
        self._from = self._line(item.span.start)
        match item:
            case ast.Header():
                self._header(item)
            case ast.Data():
                self._add(0, "data", item.span.start)
                self._data_rows(item.rows)
            case ast.Params():
                self._params(item)
            case ast.Let():
                name = item.name.name.ljust(name_width)
                self._span(0, f"let {name} = {expression_text(item.value)}", item.span)
            case ast.Table():
                self._table(item)
            case ast.Signal() if item.when is not None:
                self._condition(0, f"signal {item.name.name} when", item.when, item.span)
            case ast.Layer():
                self._layer(item)
            case ast.Hedge():
                self._add(0, "hedge", item.span.start)
                for clause in item.clauses:
                    self._hedge_clause(clause)
            case ast.Holding():
                text = f"hold {structure_text(item.structure, item.structure.choices)}"
                self._add(0, text, item.span.start, item.structure.span.end - 1)
                if item.weight is not None:
                    self._span(2, f"weight {expression_text(item.weight)}", item.weight.span)
            case ast.Event():
                self._event(item)
            case ast.Regime():
                self._regime(item)
            case ast.Reallocate():
                self._reallocate(item)
            case ast.Assume():
                self._condition(0, "assume", item.condition, item.span)
            case ast.Test():
                self._test(item)
            case _:
                self._span(0, one_line_text(item), item.span)
        return self._lines


def one_line_text(item: Any) -> str:
    """An item that stands on one line."""
    match item:
        case ast.Calendars(names=names):
            return f"calendar {', '.join(name.name for name in names)}"
        case ast.Labels(name=name, words=words):
            return f"labels {name.name} = {', '.join(word.name for word in words)}"
        case ast.Target(name=name, value=value):
            return f"target {name.name} = {expression_text(value)}"
        case ast.Signal(name=name, begin=begin, end=end):
            assert begin is not None
            assert end is not None
            return f"signal {name.name} from {expression_text(begin)} until {expression_text(end)}"
        case ast.Limit(subject=subject, bound=bound, operator=operator, per=per):
            # A limit that is no comparison has no bound; the checker says what is wrong with it.
            text = (
                expression_text(subject)
                if isinstance(bound, ast.Missing)
                else f"{_sum(subject)} {operator} {_sum(bound)}"
            )
            return f"limit {text} per {per}" if per else f"limit {text}"
        case ast.Always(condition=condition, when=when):
            text = f"always {expression_text(condition)}"
            return text if when is None else f"{text} when {expression_text(when)}"
        case ast.Monotone(value=value, never=never, subject=subject, turn=turn, when=when):
            text = f"always {expression_text(value)} never {never} as {subject.name} {turn}"
            return text if when is None else f"{text} when {expression_text(when)}"
        case ast.Use(path=path):
            return f'use "{path.value}"'
        case _:
            raise AssertionError(f"{type(item).__name__} is no one-line item")


def _sum(node: ast.Expression) -> str:
    return expression_text(node, SUM)
