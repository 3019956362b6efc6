"""What a run decided, in a few lines: counted over its rows, part after part.

The lines are the same however the rows were cut into parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from alvh_rules.check.checked import CheckedRuleset, Column, Expression, Reference, operands
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.evaluate.columns import Coded
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.evaluate.inputs import Array, Boolean, Integer, is_missing
from alvh_rules.plan.graph import Plan
from alvh_rules.plan.look_back import look_backs
from alvh_rules.report.exact_mean import ExactMean
from alvh_rules.report.values import shown_value


def summary_names(ruleset: CheckedRuleset) -> list[str]:
    """The names whose columns a `Summary` reads."""
    bounds = [limit.binds for limit in ruleset.limits if limit.binds is not None]
    return [*ruleset.outputs, *bounds, *(item.name for item in ruleset.always)]


@dataclass
class _Counts:
    """What was counted of one output: its codes, or the range of its numbers; where it is unknown,
    during its warm-up and for want of which data column."""

    codes: Counter[int] = field(default_factory=Counter)
    least: float = np.inf
    most: float = -np.inf
    mean: ExactMean = field(default_factory=ExactMean)
    unknown: int = 0
    early: int = 0
    wanting: Counter[str] = field(default_factory=Counter)


class Summary:
    """How often each decision was taken, unknown (and for want of what), or bound by a limit.

    `rows` are those that were given, `counted` those of them that were asked for; `last` is the day
    of the last of these, and what the outputs are on it.
    """

    def __init__(self, ruleset: CheckedRuleset, plan: Plan) -> None:
        self.rows = self.counted = 0
        self.last: list[str] = []
        self._ruleset = ruleset
        self._daily = True
        bars = ruleset.schema.bars
        backs = look_backs(plan.nodes, bars)
        self._warm_ups = {name: backs[plan.names[name]] for name in ruleset.outputs}
        self._rests_on = {name: _columns_under(ruleset, name) for name in ruleset.outputs}
        self._outputs = {name: _Counts() for name in ruleset.outputs}
        self._bound: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._first_broken: dict[str, str] = {}

    @property
    def violated(self) -> bool:
        """Whether a property failed on any of the rows."""
        return bool(self._broken)

    def add(self, evaluation: Evaluation, rows: Boolean) -> None:
        """The next part, and which of its rows are asked for."""
        if rows.any():
            self._add_asked(evaluation, rows)
        self.rows += len(rows)

    def _add_asked(self, evaluation: Evaluation, rows: Boolean) -> None:
        ruleset, timeline = self._ruleset, evaluation.market.timeline
        self._daily = timeline.daily
        self.counted += int(rows.sum())
        for name, counts in self._outputs.items():
            self._count(counts, evaluation, name, rows)
        for limit in ruleset.limits:
            if limit.binds is not None:
                bound = (evaluation.columns[limit.binds] == TRUE) & rows
                self._bound[limit.binds] += int(bound.sum())
        for item in ruleset.always:
            broken = np.flatnonzero((evaluation.columns[item.name] == FALSE) & rows)
            if len(broken):
                self._broken[item.name] += len(broken)
                self._first_broken.setdefault(item.name, str(timeline.dates[broken[0]]))
        last = int(np.flatnonzero(rows)[-1])
        self.last = [f"{ruleset.name} {ruleset.version} on {timeline.dates[last]}"]
        for name in ruleset.outputs:
            self.last.append(f"  {name}: {shown_value(evaluation, name, last)}")

    def _count(self, counts: _Counts, evaluation: Evaluation, name: str, rows: Boolean) -> None:
        ruleset = self._ruleset
        type = ruleset.values[name].type
        unknown = _counted(counts, evaluation.held(name), type.kind, rows)
        if not unknown.any():
            return
        counts.unknown += int(unknown.sum())
        warm_up = self._warm_ups[name].most_rows(ruleset.schema.bars)
        counts.early += int(unknown[: max(warm_up - self.rows, 0)].sum())
        for source in self._rests_on[name]:
            kind = ruleset.values[source].type.kind
            # A curve is missing where its nearest month is.
            held = evaluation.market.columns.get(f"{source}[1]" if kind is Kind.CURVE else source)
            if held is not None:
                missing = int(is_missing(np.asarray(held), kind)[unknown].sum())
                counts.wanting[source] += missing

    def lines(self, carried: Mapping[str, int]) -> list[str]:
        """The summary; `carried` are the gaps that were filled, by column."""
        ruleset = self._ruleset
        unit = "sessions" if self._daily else "bars"
        lines = [f"{self.counted:,} {unit}"]
        lines += [self._line(name, counts) for name, counts in self._outputs.items()]
        for limit in ruleset.limits:
            if limit.binds is None:
                lines.append(f"  {limit.text}: waits for positions; not applied here")
            else:
                lines.append(f"  {limit.text}: bound on {self._bound[limit.binds]:,}")
        for item in ruleset.always:
            told = "held"
            if count := self._broken[item.name]:
                told = f"VIOLATED on {count:,}, first on {self._first_broken[item.name]}"
            lines.append(f"  {item.text}: {told}")
        for promise in ruleset.monotone:
            lines.append(
                f"  {promise.text}: of two markets, so no run shows it; `alvh prove` asks it"
            )
        for name, count in carried.items():
            gaps = "gap" if count == 1 else "gaps"
            lines.append(f"  {name}: {count:,} {gaps} filled with the last value")
        if any(layer.close is not None for layer in ruleset.layers):
            lines.append(
                "  closing conditions speak of open positions; a run of decisions holds none"
            )
        return lines

    def _line(self, name: str, counts: _Counts) -> str:
        type = self._ruleset.values[name].type
        if type.kind is Kind.FLAG:
            text = f"true on {counts.codes[TRUE]:,}"
        elif type.kind is Kind.LABEL:
            words = self._ruleset.labels[type.labels]
            text = ", ".join(f"{word} on {counts.codes[at]:,}" for at, word in enumerate(words))
        elif counts.mean.count:
            mean = counts.mean.value()
            text = f"{counts.least:g} to {counts.most:g}, on average {mean:.4g}"
        else:
            text = "never known"
        line = f"  {name}: {text}"
        if not counts.unknown:
            return line
        line += f"; unknown on {counts.unknown:,}"
        why = []
        if counts.early:
            warm_up = self._warm_ups[name].describe(self._ruleset.schema.bars)
            why.append(f"warming up ({warm_up}) on {counts.early:,}")
        for source in self._rests_on[name]:
            if missing := counts.wanting[source]:
                why.append(f"{source} missing on {missing:,}")
        return line + (f" ({', '.join(why)})" if why else "")


def _counted(counts: _Counts, held: Array | Coded, kind: Kind, rows: Boolean) -> Boolean:
    """Count the rows of a column that are asked for; which of them are unknown."""
    every = bool(rows.all())
    if isinstance(held, Coded):
        asked = held if every else held.of_rows(rows)
        each = asked.counts()
        missing = is_missing(held.palette, kind)
        known = ~missing & (each > 0)
        _count_values(counts, held.palette[known], each[known])
        return missing[held.codes] & rows if each[missing].any() else np.zeros(len(rows), bool)
    unknown = is_missing(held, kind) & rows
    column: Array = held if every and not unknown.any() else held[rows & ~unknown]
    if kind is Kind.FLAG:
        for truth in (FALSE, TRUE):
            counts.codes[truth] += int(np.count_nonzero(column == truth))
    elif kind is Kind.LABEL:
        counts.codes.update(dict(enumerate(np.bincount(column).tolist())))
    elif len(column):
        counts.least = min(counts.least, float(column.min()))
        counts.most = max(counts.most, float(column.max()))
        counts.mean.add(column)
    return unknown


def _count_values(counts: _Counts, values: Array, each: Integer) -> None:
    """Count known values, each as often as it stands in a column."""
    if values.dtype != np.float64:
        for value, count in zip(values.tolist(), each.tolist(), strict=True):
            counts.codes[value] += count
    elif len(values):
        counts.least = min(counts.least, float(values.min()))
        counts.most = max(counts.most, float(values.max()))
        counts.mean.add_counted(values, each)


def _columns_under(ruleset: CheckedRuleset, name: str) -> list[str]:
    """The data columns that a name rests on."""
    seen: set[str] = set()
    columns: list[str] = []
    stack: list[Expression] = [ruleset.values[name]]
    while stack:
        node = stack.pop()
        if isinstance(node, Reference) and node.name not in seen and node.name in ruleset.values:
            seen.add(node.name)
            stack.append(ruleset.values[node.name])
        elif isinstance(node, Column) and node.name not in columns:
            columns.append(node.name)
        stack.extend(operands(node))
    return columns
