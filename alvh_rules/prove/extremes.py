"""The least and the greatest that each decided number can be, with a market that attains it.

A number that rests on finite cases is looked up: its values in order, the first that some market has.
Any other is bracketed: a bound is guessed, halved and halved again, and the roundest number between
what can be and what cannot is put to the solver as the bound itself.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import z3

from alvh_rules.plan import graph as g
from alvh_rules.prove.context import Context, Witness
from alvh_rules.prove.difference import CLOSE
from alvh_rules.prove.example import fraction, picked
from alvh_rules.prove.solver import Answer
from alvh_rules.prove.values import Content, Value, leaves, plain
from alvh_rules.prove.verdicts import Bound, Extremes

FARTHEST = 10.0**9
"""Beyond this a number counts as unbounded."""
HALVINGS = 40


def extremes_of(context: Context, name: str) -> Extremes:
    """Both ends of a decision's number."""
    number = context.plan.names[name]
    value = context.to.value(number)
    end = _finite if plain(value) else _bracketed
    return Extremes(name, end(context, number, value, False), end(context, number, value, True))


def numbers_decided(context: Context) -> list[str]:
    """The outputs that are numbers."""
    return [
        name
        for name in context.ruleset.outputs
        if g.storage_of(context.ruleset.values[name].type) is g.Storage.NUMBER
    ]


def _finite(context: Context, number: int, value: Value, greatest: bool) -> Bound:
    found = {leaf.content for leaf in leaves(value) if isinstance(leaf.content, float)}
    ordered = sorted((item for item in found if item == item), reverse=greatest)
    for item in ordered:
        formula = context.to.where(value, lambda content, item=item: content == item)  # type: ignore[misc]
        witness = context.witness([formula], [number], _is(item))
        if witness.verdict == "yes":
            return _bound(context, number, item, True, witness)
        if witness.verdict == "unknown":
            return Bound(None, "", False, None, witness.reason)
    return Bound(None, "", False, None, "it is never known")


def _is(wanted: float) -> Any:
    return lambda values: abs(values[0] - wanted) <= CLOSE * max(1.0, abs(wanted))


def _bound(
    context: Context, number: int, value: float, reached: bool, witness: Witness | None
) -> Bound:
    shown = context.shown.value(value, context.plan.nodes[number])
    return Bound(value, shown, reached, witness.market if witness is not None else None)


def _bracketed(context: Context, number: int, value: Value, greatest: bool) -> Bound:
    sign, strict = (">=", ">") if greatest else ("<=", "<")

    def found(bound: float, how: str) -> Answer:
        def beyond(content: Content) -> Value:
            return context.to.compared(content, bound, how)

        formula = context.to.truth_of(context.to.diagrams.apply(beyond, [value])).true
        return context.asker.exists(formula)

    def can(bound: float, how: str) -> str:
        return found(bound, how).verdict

    farthest = FARTHEST if greatest else -FARTHEST
    # Asked by its value, so that the model keeps all that is known of what the value is made from.
    answer = found(-farthest, sign)
    if answer.model is None:
        return Bound(None, "", False, None, answer.reason or "it is never known")
    beyond_all = can(farthest, sign)
    if beyond_all != "no":
        reason = "no bound found" if beyond_all == "yes" else "undecided"
        return Bound(None, "", False, None, reason)
    inside = _value_in(context, value, answer.model)
    if can(inside, sign) != "yes":
        # The model says nothing of what its question did not need: begin at the other end.
        inside = -farthest
    outside = farthest
    for _ in range(HALVINGS):
        middle = _between(inside, outside)
        if context.budget.left < 0.1 or middle in (inside, outside):
            break
        verdict = can(middle, sign)
        if verdict == "unknown":
            return Bound(None, "", False, None, "the solver ran out of its time")
        if verdict == "yes":
            inside = middle
        else:
            outside = middle
        guess = _roundest(inside, outside)
        if can(guess, strict) == "no" and can(_nearer(guess, greatest), sign) == "yes":
            witness = _attained(context, number, value, guess)
            return _bound(context, number, guess, witness is not None, witness)
    ends = sorted((inside, outside))
    node = context.plan.nodes[number]
    low, high = (context.shown.value(float(f"{end:.6g}"), node) for end in ends)
    return Bound(
        None, "", False, None, f"about {low}" if low == high else f"between {low} and {high}"
    )


def _nearer(guess: float, greatest: bool) -> float:
    step = max(abs(guess), 1.0) * 1e-9
    return guess - step if greatest else guess + step


def _between(inside: float, outside: float) -> float:
    """Halfway; of numbers of different size, halfway between their digits."""
    near, far = sorted((inside, outside), key=abs)
    if abs(far) > 100 * max(abs(near), 1.0):
        return math.copysign(math.sqrt(abs(far) * max(abs(near), 1.0)), far)
    return (inside + outside) / 2


def _roundest(a: float, b: float) -> float:
    """The number of fewest digits from one to the other, ends included."""
    low, high = min(a, b), max(a, b)
    if low <= 0 <= high:
        return 0.0
    size = math.floor(math.log10(max(abs(low), abs(high))))
    for digits in range(15):
        unit = Fraction(10) ** (size - digits)
        found = math.ceil(Fraction(low) / unit) * unit
        if found <= Fraction(high):
            return float(found)
    return (a + b) / 2


def _attained(context: Context, number: int, value: Value, bound: float) -> Witness | None:
    def equal(content: Content) -> Value:
        return context.to.compared(content, bound, "==")

    formula = context.to.truth_of(context.to.diagrams.apply(equal, [value])).true
    witness = context.witness([formula], [number], _is(bound))
    return witness if witness.verdict == "yes" else None


def _value_in(context: Context, value: Value, model: Any) -> float:
    def holds(formula: z3.BoolRef) -> bool:
        return bool(z3.is_true(model.eval(formula, model_completion=True)))

    found = picked(value, holds)
    if isinstance(found, float) and found == found:
        return found
    term = context.symbols.term(context.to.solid(context.to.number_of(value)))
    return float(fraction(model.eval(term, model_completion=True)))
