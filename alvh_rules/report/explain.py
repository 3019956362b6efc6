"""An explanation as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.report.reasons import Explanation, Reason

_MARKS = {-1: "no  ", 0: "?   ", 1: "yes "}


def explain(evaluation: Evaluation, names: Iterable[str], row: int) -> list[str]:
    """The lines that explain names on a row."""
    explanation = Explanation(evaluation, row)
    lines: list[str] = []
    for name in names:
        reason = explanation.of(name)
        lines.append(f"{reason.text}: {reason.value}{_note(reason)}")
        for part in reason.parts:
            lines += _lines(part, 1)
    return lines


def _lines(reason: Reason, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if reason.verdict is not None:
        yield f"{pad}{_MARKS[reason.verdict]}{reason.text}{_note(reason)}"
    else:
        value = f" = {reason.value}" if reason.value else ""
        yield f"{pad}{reason.text}{value}{_note(reason)}"
    for part in reason.parts:
        yield from _lines(part, depth + 1)


def _note(reason: Reason) -> str:
    return f"  ({reason.note})" if reason.note else ""
