"""Lines of layers, the hedge, events, regimes and reallocation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alvh_rules.syntax import ast
from alvh_rules.syntax.print_expressions import (
    ATOM,
    SUM,
    band_text,
    choice_text,
    expression_text,
    number_text,
    structure_text,
)
from alvh_rules.syntax.print_lines import LinePrinter, pad_columns

CHOICES = (
    ast.Expiring,
    ast.Selection,
    ast.AtTheMoney,
    ast.AtStrike,
    ast.Offset,
    ast.Months,
    ast.ConstantMaturity,
)


class DecisionPrinter(LinePrinter):
    """Prints layers, the hedge and what scales or moves them."""

    # --- layers and the hedge ---

    def _layer(self, layer: ast.Layer) -> None:
        like = f" like {layer.like.name}" if layer.like else ""
        self._add(0, f"layer {layer.name.name}{like}", layer.span.start)
        for group in self._by_line(layer.clauses):
            first = group[0]
            if isinstance(first, CHOICES):
                self._group(2, ", ".join(map(choice_text, group)), group)
                continue
            match first:
                case ast.Structure():
                    self._structure(first)
                case ast.Legs():
                    self._legs(first)
                case ast.OpenWhen():
                    self._condition(2, "open when", first.condition, first.span)
                case ast.CloseWhen():
                    self._condition(2, "close when", first.condition, first.span)
                case _:
                    self._span(2, clause_text(first), first.span)

    def _structure(self, structure: ast.Structure) -> None:
        head_line = self._line(structure.span.start)
        groups = self._by_line(structure.choices)
        beside = groups.pop(0) if groups and self._starts(groups[0]) == head_line else []
        end = beside[-1].span.end - 1 if beside else structure.span.start
        self._add(2, structure_text(structure, tuple(beside)), structure.span.start, end)
        for group in groups:
            self._group(4, ", ".join(map(choice_text, group)), group)

    def _legs(self, legs: ast.Legs) -> None:
        head = " ".join([f"legs on {legs.underlying}", *map(choice_text, legs.choices)])
        end = legs.choices[-1].span.end - 1 if legs.choices else legs.span.start
        self._add(2, head, legs.span.start, end)
        counted = any(leg.quantity is not None for leg in legs.legs)
        cells = []
        for leg in legs.legs:
            count = [number_text(leg.quantity) if leg.quantity else ""] if counted else []
            choices = " ".join(map(choice_text, leg.choices))
            cells.append([leg.side, *count, leg.right, choices])
        self._rows(4, (text.rstrip() for text in pad_columns(cells, " ")), legs.legs)

    def _hedge_clause(self, clause: ast.HedgeClause) -> None:
        match clause:
            case ast.HedgeRatio(value=value, basis=basis):
                # A basis that was not written is vega; it is written out where that costs nothing.
                named = value.span.end < clause.span.end
                text = expression_text(value, ATOM if named else 0)
                if named or expression_text(value, ATOM) == text:
                    text += f" of {basis}"
                self._span(2, f"ratio {text}", clause.span)
            case ast.HoldBy(input=value, rows=rows):
                head = f"hold by {expression_text(value, SUM)}"
                self._add(2, head, clause.span.start, value.span.end - 1)
                bands = [band_text(row.band) for row in rows]
                width = max(map(len, bands))
                texts = (
                    f"{band.ljust(width)} => {structure_text(row.structure, row.structure.choices)}"
                    for band, row in zip(bands, rows, strict=True)
                )
                self._rows(4, texts, rows)
            case ast.HoldOne(structure=structure):
                self._span(2, f"hold {structure_text(structure, structure.choices)}", clause.span)
            case ast.KeepDelta(low=low, high=high, structure=structure):
                band = f"{expression_text(low, SUM)} and {expression_text(high, SUM)}"
                held = structure_text(structure, structure.choices)
                self._span(2, f"keep delta between {band} by {held}", clause.span)
            case ast.TimeShift(condition=condition):
                words = "time_shift to next expiry when"
                self._condition(2, words, condition, clause.span)

    # --- events, regimes, reallocation ---

    def _event(self, event: ast.Event) -> None:
        begin, end = offset_text(event.begin), offset_text(event.end)
        window = f"on {begin}" if begin == end else f"from {begin} to {end}"
        self._add(0, f"event {event.calendar.name} {window}", event.span.start)
        self._effects(event.effects)

    def _regime(self, regime: ast.Regime) -> None:
        head = f"regime {regime.name.name}"
        condition = regime.condition
        if isinstance(condition, ast.Logical) and condition.block:
            self._add(0, head, regime.span.start)
            self._condition(2, "when", condition, condition.span)
        elif condition is not None:
            text = f"{head} when {expression_text(condition)}"
            self._add(0, text, regime.span.start, condition.span.end - 1)
        self._effects(regime.effects)

    def _effects(self, effects: Sequence[ast.Effect]) -> None:
        """Rows of one sort that stand together have their names aligned."""
        runs: list[list[ast.Effect]] = []
        for effect in effects:
            if not runs or type(runs[-1][0]) is not type(effect):
                runs.append([])
            runs[-1].append(effect)
        for run in runs:
            width = max(len(effect.subject.name) for effect in run)
            for effect in run:
                name = effect.subject.name.ljust(width)
                if isinstance(effect, ast.Scale):
                    self._span(2, f"{name} x {expression_text(effect.factor)}", effect.span)
                else:
                    self._span(2, f"{name} = {expression_text(effect.value)}", effect.span)

    def _reallocate(self, item: ast.Reallocate) -> None:
        self._add(0, f"reallocate {item.period}", item.span.start)
        rows: list[tuple[int, int, str]] = []
        if item.layers:
            text = f"between {', '.join(word.name for word in item.layers)}"
            rows.append((item.layers[0].span.start, item.layers[-1].span.end, text))
        if item.measure is not None:
            span = item.measure.span
            rows.append((span.start, span.end, f"by {item.measure.name}"))
        if item.step is not None:
            text = f"at most {expression_text(item.step, SUM)} a step"
            rows.append((item.step.span.start, item.step.span.end, text))
        for start, end, text in sorted(rows):
            self._add(2, text, start, end - 1)


def offset_text(sessions: int) -> str:
    """An end of an event's window: `same session`, `2 sessions before`."""
    if sessions == 0:
        return "same session"
    word = "session" if abs(sessions) == 1 else "sessions"
    return f"{abs(sessions)} {word} {'before' if sessions < 0 else 'after'}"


def clause_text(clause: Any) -> str:
    """A clause of a layer that stands on one line."""
    match clause:
        case ast.Weight(value=value):
            return f"weight {expression_text(value)}"
        case ast.Size(measure="contracts", value=value) if value is not None:
            return f"size {expression_text(value)}"
        case ast.Size(measure=measure, value=value):
            return (
                f"size {measure}"
                if value is None
                else f"size {measure} is {expression_text(value, SUM)}"
            )
        case ast.AtMost(count=count):
            return f"at most {expression_text(count)} open"
        case ast.Every(count=count):
            return f"every {expression_text(count)}"
        case _:
            return "hold to expiry"
