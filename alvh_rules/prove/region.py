"""Where two decisions differ, in the trader's terms.

The conditions that hold in an example are written down: each comparison, band and event that either
decision rests on. Then one after another is dropped, and stays out if every market that is left still
has the difference. What remains is a prime implicant: a region in which they differ throughout.
Source of the idea: W. Quine, A Way to Simplify Truth Functions (1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import z3

from alvh_rules.core.kinds import Kind
from alvh_rules.plan import graph as g
from alvh_rules.prove.example import Part, Sight
from alvh_rules.prove.shown import Shown, edge_text
from alvh_rules.prove.solver import Asker
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import Truth, opposite

MOST_LITERALS = 60
EVERYWHERE = "every market"


@dataclass(frozen=True)
class Literal:
    """A condition that holds, as a formula and as a trader would say it."""

    formula: z3.BoolRef
    text: str


def literals_of(
    to: Translation, number: int, parts: Sequence[Part], model: z3.ModelRef
) -> list[Literal]:
    """What holds in a model of every condition that a node rests on."""
    shown = to.shown
    opened = {part.number: part for part in parts if part.of is to and part.before}
    found: list[Literal] = []
    seen = {number}
    stack = [number]
    while stack:
        top = stack.pop()
        node = to.plan.nodes[top]
        memory = opened.get(top)
        if memory is not None:
            found.append(_of_truth(to.memory[top], memory.text, model))
        else:
            found += _literals(to, shown, top, node, model, own=top == number)
            if to.opaque(top):
                continue
        for part in node.inputs:
            if part not in seen:
                seen.add(part)
                stack.append(part)
    return found


def _literals(
    to: Translation, shown: Shown, number: int, node: g.Node, model: z3.ModelRef, own: bool
) -> list[Literal]:
    # What is asked about is told by what it says, not by its name.
    said = shown.defined if own else shown.text

    def holds(formula: z3.BoolRef) -> bool:
        return bool(z3.is_true(model.eval(formula, model_completion=True)))

    found = []
    if isinstance(node.operation, g.Band) and node.operation.edges:
        inner = node.inputs[0]
        value = to.number_of(to.value(inner))
        above = to.above(value, node.operation.edges, node.operation.joins_above)
        known = value.known
        for formula, edge, joins in zip(
            above, node.operation.edges, node.operation.joins_above, strict=True
        ):
            yes = holds(formula)
            sign = {
                (True, True): ">=",
                (True, False): ">",
                (False, True): "<",
                (False, False): "<=",
            }[(yes, joins)]
            text = f"{shown.text(inner)} {sign} {edge_text(edge, to.plan.nodes[inner])}"
            found.append(Literal(z3.And(known, formula if yes else opposite(formula)), text))
        if not holds(known):
            return [Literal(opposite(known), f"{shown.text(inner)} is missing")]
        return found
    if node.type.kind is not Kind.FLAG or isinstance(node.operation, g.Constant):
        return []
    if isinstance(node.operation, (g.Logical, g.Not, g.Conditional, g.Select)):
        return []
    truth = to.truth(number)
    if holds(truth.true):
        return [Literal(truth.true, said(number))]
    if holds(truth.false):
        denied = shown.defined(number, denied=True) if own else shown.denied(number)
        return [Literal(truth.false, denied)]
    missing = list(dict.fromkeys(shown.text(part) for part in _missing(to, number, model)))
    text = (
        " and ".join(f"{item} is missing" for item in missing) or f"{shown.text(number)} is unknown"
    )
    return [Literal(truth.unknown, text)]


def _of_truth(truth: Truth, text: str, model: z3.ModelRef) -> Literal:
    if z3.is_true(model.eval(truth.true, model_completion=True)):
        return Literal(truth.true, text)
    if z3.is_true(model.eval(truth.false, model_completion=True)):
        return Literal(truth.false, f"not ({text})")
    return Literal(truth.unknown, f"({text}) is unknown")


def _missing(to: Translation, number: int, model: z3.ModelRef) -> list[int]:
    """The numbers nearest under a condition that have a name, or are opaque, and are missing."""
    found: list[int] = []
    stack = list(to.plan.nodes[number].inputs)
    while stack:
        top = stack.pop(0)
        if g.storage_of(to.plan.nodes[top].type) is not g.Storage.NUMBER:
            continue
        if to.shown.name(top) is None and not to.opaque(top):
            stack.extend(to.plan.nodes[top].inputs)
        elif not z3.is_true(model.eval(to.known(to.value(top)), model_completion=True)):
            found.append(top)
    return found


def smallest(asker: Asker, literals: Sequence[Literal], wrong: z3.BoolRef) -> list[Literal] | None:
    """Few literals that together leave no market in which `wrong` holds; None where all do not."""
    kept: dict[int, Literal] = {}
    for item in literals:
        if not z3.is_true(item.formula):
            # Of two that say the same, the one nearer to the data says more.
            kept[item.formula.get_id()] = item
    chosen = list(kept.values())[:MOST_LITERALS]
    if asker.exists(wrong, *(item.formula for item in chosen)).verdict != "no":
        return None
    for item in list(chosen):
        rest = [other for other in chosen if other is not item]
        if asker.exists(wrong, *(other.formula for other in rest)).verdict == "no":
            chosen = rest
    return chosen


def region_of(
    asker: Asker,
    translations: Sequence[Translation],
    parts: Sequence[Part],
    numbers: Sequence[int],
    apart: z3.BoolRef,
    sight: Sight,
) -> str:
    """A region around an example in which two decisions differ throughout, or '' where none is found."""
    if sight.model is None:
        return ""
    literals = [
        item
        for to, number in zip(translations, numbers, strict=True)
        for item in literals_of(to, number, parts, sight.model)
    ]
    found = smallest(asker, literals, opposite(apart))
    if found is None:
        return ""
    if not found:
        return EVERYWHERE
    return " and ".join(dict.fromkeys(item.text for item in found))
