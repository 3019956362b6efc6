"""What a ruleset's tests have exercised, line by line.

Three things are counted: rules (each yes/no decision and signal) that were once taken, the rows of
tables that once answered, and conditions that came out both true and false. A condition is a clause
as it stands in the text: a comparison, or a yes/no of its own kind. Percentages are rounded down, so
that 100% means all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.core.source import Span
from alvh_rules.evaluate.engine import Evaluation

_COUNTED_RULES = (c.Role.DECISION, c.Role.SIGNAL)
_NOT_WRITTEN = (c.Role.BOUND, c.Role.ALWAYS)


@dataclass
class Coverage:
    """Which rules, table rows and outcomes of conditions the tests have seen."""

    ruleset: c.CheckedRuleset
    rules: dict[str, bool] = field(default_factory=dict)
    table_rows: dict[tuple[str, Span], bool] = field(default_factory=dict)
    conditions: dict[tuple[Span, c.Expression], set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.ruleset.values.items():
            role = self.ruleset.roles[name]
            if role in _COUNTED_RULES and value.type.kind is Kind.FLAG:
                self.rules[name] = False
            if role in _NOT_WRITTEN:
                continue
            for node in _parts(value):
                if isinstance(node, c.Table | c.Interpolate):
                    for span in (*node.row_spans, *_columns_of(node)):
                        self.table_rows[node.name, span] = False
                elif _is_condition(node):
                    self.conditions[node.span, node] = set()

    def record(self, evaluation: Evaluation) -> None:
        """Add what a run has seen. The run must have kept everything."""
        for name in self.rules:
            self.rules[name] |= bool((evaluation.columns[name] == TRUE).any())
        # A name that the test gives is what it gives: its definition is not part of such a run.
        defined = {
            node
            for name, value in self.ruleset.values.items()
            if name not in evaluation.plan.given
            for node in _parts(value)
        }
        for (_, condition), seen in self.conditions.items():
            if condition in defined:
                seen.update(np.unique(evaluation.value(condition)).tolist())
        for name, value in self.ruleset.values.items():
            for node in () if name in evaluation.plan.given else _parts(value):
                if isinstance(node, c.Table):
                    spans = (node.row_spans, _columns_of(node))
                    for axis in range(len(node.axes)):
                        self._picked(node.name, spans[axis], evaluation.picked(node, axis))
                    if node.missing is not None and bool((evaluation.cell(node) < 0).any()):
                        self.table_rows[node.name, node.row_spans[-1]] = True
                elif isinstance(node, c.Interpolate):
                    self._walked(node, evaluation.value(node.input))

    def _picked(self, name: str, spans: tuple[Span, ...], rows: np.ndarray) -> None:
        for row in np.unique(rows).tolist():
            if 0 <= row < len(spans):
                self.table_rows[name, spans[row]] = True

    def _walked(self, node: c.Interpolate, inputs: np.ndarray) -> None:
        """Between two points both answer; at a point, or beyond the ends, the one."""
        points = np.asarray(node.points)
        known = inputs[~np.isnan(inputs)]
        below = np.maximum(np.searchsorted(points, known, "right") - 1, 0)
        above = np.minimum(np.searchsorted(points, known, "left"), len(points) - 1)
        self._picked(node.name, node.row_spans, np.concatenate([below, above]))
        if node.missing is not None and len(known) < len(inputs):
            self.table_rows[node.name, node.row_spans[-1]] = True

    def lines(self) -> list[str]:
        """The three percentages, and under them each place that was missed, in the text's order."""
        seen_both = {place: seen >= {TRUE, FALSE} for place, seen in self.conditions.items()}
        outcomes = sum(len(seen & {TRUE, FALSE}) for seen in self.conditions.values())
        figures = (
            ("rules taken", sum(self.rules.values()), len(self.rules)),
            ("table rows", sum(self.table_rows.values()), len(self.table_rows)),
            ("conditions, both ways", outcomes, 2 * len(self.conditions)),
        )
        lines = [
            f"  {name}: {100 if not total else hit * 100 // total}% ({hit} of {total})"
            for name, hit, total in figures
        ]
        missed: list[tuple[Span, str]] = []
        for name, taken in self.rules.items():
            if not taken:
                missed.append((self.ruleset.values[name].span, f"`{name}` was never taken"))
        for (name, span), hit in self.table_rows.items():
            if not hit:
                text = self.ruleset.text(span)
                missed.append((span, f"`{text}` of table `{name}` never answered"))
        for (span, condition), both in seen_both.items():
            if not both:
                seen = self.conditions[span, condition]
                never = [
                    word for word, truth in (("true", TRUE), ("false", FALSE)) if truth not in seen
                ]
                text = self.ruleset.text(span)
                missed.append((span, f"`{text}` was never {' nor '.join(never)}"))
        for span, text in sorted(missed, key=lambda item: item[0]):
            lines.append(f"    {self._place(span)}{text}")
        return lines

    def _place(self, span: Span) -> str:
        source = self.ruleset.sources.get(span.file)
        return f"line {source.position(span.start).line}: " if source is not None else ""


def _columns_of(node: c.Table | c.Interpolate) -> tuple[Span, ...]:
    return node.column_spans if isinstance(node, c.Table) else ()


def _is_condition(node: c.Expression) -> bool:
    """Whether a node is a clause of its own: not a join of clauses, nor a name that stands for one."""
    joins = (c.Logical, c.Not, c.Reference, c.Constant, c.Book)
    return node.type.kind is Kind.FLAG and bool(node.span.file) and not isinstance(node, joins)


def _parts(root: c.Expression) -> Iterator[c.Expression]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(c.operands_on_rows(node))
