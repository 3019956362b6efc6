"""Why a value is what it is on a row: the tree of its clauses, each with its values and verdict.

For a comparison that is known, the nearest change that would flip it is given: how far its left
side must move. An `and` that fails is flipped by its failing clauses together, an `or` that fails
by the nearest of its clauses; that is shown clause by clause.
"""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import NUMERIC, Kind
from alvh_rules.core.kleene import TRUE, UNKNOWN, WORDS
from alvh_rules.evaluate.engine import Evaluation
from alvh_rules.report.values import shown, shown_value

_MARKS = {-1: "no ", 0: "?  ", 1: "yes"}


def explain(evaluation: Evaluation, name: str, row: int) -> list[str]:
    """The lines that explain a name on a row."""
    lines = [f"{name}: {shown_value(evaluation, name, row)}"]
    seen = {name}
    _clauses(evaluation, evaluation.ruleset.values[name], row, 1, lines, seen)
    return lines


def _clauses(
    evaluation: Evaluation,
    node: c.Expression,
    row: int,
    depth: int,
    lines: list[str],
    seen: set[str],
) -> None:
    pad = "  " * depth
    ruleset = evaluation.ruleset
    if isinstance(node, c.Reference):
        if node.name in seen or node.name not in ruleset.values or depth > 12:
            return
        seen.add(node.name)
        role = ruleset.roles[node.name]
        if role is not c.Role.STEP:
            lines.append(f"{pad}{node.name} = {shown_value(evaluation, node.name, row)}")
            depth += 1
        _clauses(evaluation, ruleset.values[node.name], row, depth, lines, seen)
        return
    if node.type.kind is Kind.FLAG and node.span.file:
        verdict = int(evaluation.value(node)[row])
        text = ruleset.text(node.span)
        if isinstance(node, c.Logical):
            word = "all of" if node.operator == "and" else "any of"
            lines.append(f"{pad}{_MARKS[verdict]} {word}")
        else:
            lines.append(f"{pad}{_MARKS[verdict]} {text}{_flip(evaluation, node, row, verdict)}")
        depth += 1
    if isinstance(node, c.Table):
        index = int(evaluation.picked(node, 0)[row])
        if 0 <= index < len(node.row_spans):
            lines.append(f"{pad}row `{ruleset.text(node.row_spans[index])}`")
        for axis in node.axes:
            _clauses(evaluation, axis.input, row, depth, lines, seen)
        return
    for operand in c.operands(node):
        _clauses(evaluation, operand, row, depth, lines, seen)


def _flip(evaluation: Evaluation, node: c.Expression, row: int, verdict: int) -> str:
    if verdict == UNKNOWN:
        return f"  ({WORDS[UNKNOWN]}: a value is missing)"
    if not isinstance(node, c.Compare) or node.left.type.kind not in NUMERIC:
        return ""
    left, right = evaluation.value(node.left)[row], evaluation.value(node.right)[row]
    kind = node.left.type.kind
    move = float(right) - float(left)
    at, away = shown(left, kind), shown(abs(move), kind)
    if node.operator not in ("<", "<=", ">", ">="):
        return f"  ({at})"
    direction = (
        "rise"
        if move > 0 or (move == 0 and (node.operator == "<") == (verdict == TRUE))
        else "fall"
    )
    return f"  (it is {at}; a {direction} of {away} is where it turns)"
