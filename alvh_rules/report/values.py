"""A held value as a trader writes it."""

from __future__ import annotations

from typing import Any

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import WORDS
from alvh_rules.evaluate.columns import Coded
from alvh_rules.evaluate.engine import Evaluation


def shown_value(evaluation: Evaluation, name: str, row: int) -> str:
    """A name's value on a row, in the trader's unit."""
    type = evaluation.ruleset.values[name].type
    held = evaluation.held(name)
    value = held.at(row) if isinstance(held, Coded) else held[row]
    return shown(value, type.kind, evaluation.ruleset.labels.get(type.labels, ()))


def shown(value: Any, kind: Kind, words: tuple[str, ...] = ()) -> str:
    """A held value in the trader's unit."""
    if kind is Kind.FLAG:
        return WORDS[int(value)]
    if kind is Kind.LABEL:
        return "unknown" if value < 0 else words[int(value)]
    if value != value:
        return "unknown"
    if kind is Kind.RATIO:
        return f"{float(value) * 100:.6g}%"
    return f"{float(value):.6g}"
