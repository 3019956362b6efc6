"""A clause, or a row of one, on one line, as the canonical form writes it."""

from __future__ import annotations

from typing import Any

from alvh_rules.syntax import ast
from alvh_rules.syntax.print_decisions import CHOICES, clause_text, offset_text
from alvh_rules.syntax.print_declarations import column_text, setting_text
from alvh_rules.syntax.print_expressions import (
    band_text,
    choice_text,
    expression_text,
    number_text,
    structure_text,
)
from alvh_rules.syntax.print_items import one_line_text


def text_of(node: Any) -> str:
    """A clause on one line; of a whole block, how it begins."""
    match node:
        case ast.Capital() | ast.Risk() | ast.BarsSetting() | ast.Fill() | ast.Contracts():
            return setting_text(node)
        case ast.CashEarns() | ast.Fee() | ast.Slippage() | ast.Requires():
            return setting_text(node)
        case ast.DataRow():
            return column_text(node)
        case ast.ParamRow(name=name, value=value):
            return f"{name.name} = {expression_text(value)}"
        case ast.TableRow(band=band, values=values):
            return f"{band_text(band)} => {' | '.join(map(expression_text, values))}"
        case ast.HoldRow(band=band, structure=structure):
            return f"{band_text(band)} => {structure_text(structure, structure.choices)}"
        case ast.Let(name=name, value=value):
            return f"let {name.name} = {expression_text(value)}"
        case ast.Table(name=name, inputs=inputs):
            return f"table {name.name} by {', '.join(map(expression_text, inputs))}"
        case ast.Signal(name=name, when=when) if when is not None:
            return f"signal {name.name} when {expression_text(when)}"
        case ast.Layer(name=name, like=like):
            return f"layer {name.name}" + (f" like {like.name}" if like else "")
        case ast.Hedge():
            return "hedge"
        case ast.Holding(structure=structure, weight=weight):
            text = f"hold {structure_text(structure, structure.choices)}"
            return text if weight is None else f"{text}, weight {expression_text(weight)}"
        case ast.Structure():
            return structure_text(node, node.choices)
        case ast.Legs(underlying=underlying, choices=choices, legs=legs):
            head = " ".join([f"legs on {underlying}", *map(choice_text, choices)])
            return "; ".join([head, *map(text_of, legs)])
        case ast.Leg(side=side, quantity=quantity, right=right, choices=choices):
            count = [number_text(quantity)] if quantity else []
            return " ".join([side, *count, right, *map(choice_text, choices)])
        case ast.OpenWhen(condition=condition):
            return f"open when {expression_text(condition)}"
        case ast.CloseWhen(condition=condition):
            return f"close when {expression_text(condition)}"
        case ast.HedgeRatio(value=value, basis=basis):
            return f"ratio {expression_text(value)} of {basis}"
        case ast.HoldBy(input=input):
            return f"hold by {expression_text(input)}"
        case ast.HoldOne(structure=structure):
            return f"hold {structure_text(structure, structure.choices)}"
        case ast.TimeShift(condition=condition):
            return f"time_shift to next expiry when {expression_text(condition)}"
        case ast.KeepDelta(low=low, high=high, structure=structure):
            ends = f"{expression_text(low)} and {expression_text(high)}"
            return f"keep delta between {ends} by {structure_text(structure, structure.choices)}"
        case ast.Event():
            return f"event {node.calendar.name} {window_text(node)}"
        case ast.Regime(name=name):
            return f"regime {name.name}"
        case ast.Scale(subject=subject, factor=factor):
            return f"{subject.name} x {expression_text(factor)}"
        case ast.Swap(subject=subject, value=value):
            return f"{subject.name} = {expression_text(value)}"
        case ast.Reallocate():
            return _reallocate(node)
        case ast.Weight() | ast.Size() | ast.AtMost() | ast.Every() | ast.HoldToExpiry():
            return clause_text(node)
        case ast.Labels() | ast.Target() | ast.Signal() | ast.Limit():
            return one_line_text(node)
        case _ if isinstance(node, CHOICES):
            return choice_text(node)
        case _:
            return expression_text(node)


def window_text(event: ast.Event) -> str:
    """An event's window: `from 1 session before to same session`."""
    begin, end = offset_text(event.begin), offset_text(event.end)
    return f"on {begin}" if begin == end else f"from {begin} to {end}"


def _reallocate(item: ast.Reallocate) -> str:
    parts: list[str] = [item.period]
    if item.layers:
        parts.append(f"between {', '.join(word.name for word in item.layers)}")
    if item.measure is not None:
        parts.append(f"by {item.measure.name}")
    if item.step is not None:
        parts.append(f"at most {expression_text(item.step)} a step")
    return " ".join(parts)
