"""A market that shows something: small, of round numbers, and seen in the evaluator.

1. The solver gives a model; then, one unknown at a time, it is asked whether a rounder value does as
   well: that of a common market first, then the model's own value to ever more digits.
2. The market is replayed in the evaluator. One that does not show there what the solver says of it
   (it stands where rounding decides) is not shown; the caller says so.
3. What can be left out, is: a value is kept only where the decision needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import z3

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.plan import graph as g
from alvh_rules.prove.solver import Asker, FreshSolver
from alvh_rules.prove.symbols import implied
from alvh_rules.prove.translate import Translation
from alvh_rules.prove.values import Choice, Value, opposite

Key = tuple[int, int, bool]
Held = float | int | None
"""A node's value: a number, a truth or code, None missing."""

_COMMON: Mapping[Kind, tuple[float, ...]] = {
    Kind.VOLATILITY: (20.0, 24.0, 16.0, 30.0, 12.0),
    Kind.PRICE: (100.0, 110.0, 90.0, 120.0),
    Kind.RATIO: (0.1, 0.05, -0.05, 0.2),
    Kind.INDEX: (50.0, 60.0, 40.0),
    Kind.RATE: (2.0, 3.0, 4.0),
    Kind.COUNT: (1000.0, 1500.0),
    Kind.MONEY: (1000.0, 2000.0),
    Kind.DAYS: (10.0, 30.0),
    Kind.SESSIONS: (10.0, 20.0),
}


MOST_MILLISECONDS = 500
"""For a question whether a rounder value does as well."""


@dataclass(frozen=True)
class Part:
    """A node that a market gives a value, in one of the translations."""

    of: Translation
    number: int
    text: str
    before: bool = False
    """Whether it is what a node with a memory was before this row."""

    @property
    def key(self) -> Key:
        """What a market knows it by."""
        return (id(self.of), self.number, self.before)

    @property
    def value(self) -> Value:
        """Its value for every market."""
        whole = self.of.value(self.number)
        return self.of.diagrams.leaf(self.of.memory[self.number]) if self.before else whole

    @property
    def node(self) -> g.Node:
        """The node itself."""
        return self.of.plan.nodes[self.number]


@dataclass(frozen=True)
class Market:
    """A concrete counterexample: values of data columns and opaque measures by shown name, in held
    units; a yes/no is a bool, a label its word, a missing value None."""

    given: Mapping[str, float | int | str | None]


@dataclass(frozen=True)
class Sight:
    """A market and what each part of it holds; or, without values, why there is none."""

    verdict: str
    held: Mapping[Key, Held]
    seconds: float
    reason: str = ""
    model: z3.ModelRef | None = None


def parts_of(
    translations: Sequence[Translation],
    wanted: Sequence[Sequence[int]],
    opened: Callable[[Translation, int], bool] = lambda to, number: False,
) -> list[Part]:
    """The opaque nodes under the wanted nodes of each translation.

    Of a node with a memory (a latch, `for N sessions`) that is wanted itself, or is `opened`, it is
    the memory that a market gives, and what today adds is worked out.
    """
    found = []
    for translation, numbers in zip(translations, wanted, strict=True):
        shown = translation.shown

        def opens(number: int, to: Translation = translation, own: Sequence[int] = numbers) -> bool:
            to.value(number)
            return number in to.memory and (number in own or opened(to, number))

        nodes = {part for number in numbers for part in translation.market_of(number, opens)}
        for number in sorted(nodes):
            if translation.plan.nodes[number].type.kind is Kind.CURVE:
                continue
            if opens(number):
                found.append(Part(translation, number, shown.before(number), True))
            else:
                found.append(Part(translation, number, shown.text(number)))
    return found


def look_for(
    asker: Asker,
    formulas: Sequence[z3.BoolRef],
    parts: Sequence[Part],
    *,
    roundly: bool = True,
) -> Sight:
    """A market in which the formulas hold, of round numbers where it may be."""
    answer = asker.exists(*formulas, wishes=_wishes(parts))
    if answer.model is None:
        return Sight(answer.verdict, {}, answer.seconds, answer.reason)
    model = answer.model
    before = asker.budget.left
    if roundly:
        model = _rounded(asker, formulas, parts, model)
    held = {part.key: _held(part, model) for part in parts}
    return Sight("yes", held, answer.seconds + before - asker.budget.left, "", model)


def _wishes(parts: Sequence[Part]) -> list[z3.BoolRef]:
    """Data present, no event, nothing held or remembered."""
    found: list[z3.BoolRef] = []
    known: list[z3.BoolRef] = []
    for part in parts:
        value = part.value
        if g.storage_of(part.node.type) is g.Storage.FLAG:
            truth = part.of.truth_of(value)
            known.append(opposite(truth.unknown))
            found.append(truth.false)
        elif g.storage_of(part.node.type) is g.Storage.NUMBER:
            known.append(part.of.known(value))
    together = [item for item in known if not z3.is_true(item)]
    return [*([z3.And(*together)] if together else []), *found][:40]


def term_of(part: Part) -> tuple[z3.ArithRef, z3.BoolRef]:
    """A number's part as the solver has it, and when it is known."""
    number = part.of.number_of(part.value)
    return part.of.symbols.term(part.of.solid(number)), number.known


def _rounded(
    asker: Asker, formulas: Sequence[z3.BoolRef], parts: Sequence[Part], model: z3.ModelRef
) -> z3.ModelRef:
    terms = [
        (part, *term_of(part)) for part in parts if g.storage_of(part.node.type) is g.Storage.NUMBER
    ]
    solver = FreshSolver(MOST_MILLISECONDS)
    asked = [*formulas, *asker.always, *(known for _, _, known in terms)]
    solver.add(*formulas, *asker.always, *asker.symbols.facts_for(asked))
    met: dict[Kind, int] = {}
    seen: set[int] = set()
    for part, term, known in terms:
        if term.get_id() in seen or asker.budget.left < 0.05:
            continue
        seen.add(term.get_id())
        if not z3.is_true(model.eval(known, model_completion=True)):
            continue
        now = fraction(model.eval(term, model_completion=True))
        kind = part.node.type.kind
        met[kind] = met.get(kind, -1) + 1
        for candidate in _candidates(kind, now, met[kind], part.node.type.difference):
            solver.push()
            solver.add(implied(known, term == z3.Q(candidate.numerator, candidate.denominator)))
            if solver.check() == "sat":
                model = solver.model()
                break
            solver.pop()
    return model


def _candidates(kind: Kind, value: Fraction, turn: int, difference: bool) -> Iterator[Fraction]:
    """Rounder and rounder guesses the other way about: the roundest first, the value itself last."""
    common = () if difference else _COMMON.get(kind, ())
    for item in (*common[turn:], *common[:turn])[:3]:
        yield Fraction(str(item))
    if value == 0:
        yield value
        return
    size = math.floor(math.log10(abs(float(value)))) if float(value) else 0
    for digits in range(1, 7):
        unit = Fraction(10) ** (size + 1 - digits)
        down = math.floor(value / unit) * unit
        near = {down, down + unit}
        yield from sorted(near, key=lambda item: abs(item - value))
    yield value


def fraction(value: z3.ExprRef) -> Fraction:
    """A number of the solver's, to 20 digits where it has no last one."""
    if z3.is_rational_value(value):
        return Fraction(value.numerator_as_long(), value.denominator_as_long())
    if z3.is_algebraic_value(value):
        return Fraction(value.approx(20).asfraction())
    return Fraction(0)


def _held(part: Part, model: z3.ModelRef) -> Held:
    value = part.value

    def holds(formula: z3.BoolRef) -> bool:
        return bool(z3.is_true(model.eval(formula, model_completion=True)))

    match g.storage_of(part.node.type):
        case g.Storage.NUMBER:
            term, known = term_of(part)
            if not holds(known):
                return None
            return float(fraction(model.eval(term, model_completion=True)))
        case g.Storage.FLAG:
            truth = part.of.truth_of(value)
            return TRUE if holds(truth.true) else FALSE if holds(truth.false) else None
        case _:
            code = picked(value, holds)
            return None if code is None or code < 0 else int(code)


def picked(value: Value, holds: Callable[[z3.BoolRef], bool]) -> float | int | None:
    """The plain leaf that a value has where guards hold as said; None where it rests on data."""
    while isinstance(value, Choice):
        for option, guard in zip(value.options, value.selector.guards, strict=True):
            if holds(guard):
                value = option
                break
        else:
            return None
    content = value.content
    return content if isinstance(content, (int, float)) else None


def fewest(
    parts: Sequence[Part],
    held: Mapping[Key, Held],
    shows: Callable[[Mapping[Key, Held]], bool],
) -> Mapping[Key, Held] | None:
    """The same market without what it does not need; None where it does not show in the evaluator.

    What is left out is missing. A value that is missing in the market stays, as None, only where one
    that is known would show nothing.
    """
    if not shows(held):
        return None
    kept = dict(held)
    by_text: dict[str, list[Part]] = {}
    for part in parts:
        by_text.setdefault(part.text, []).append(part)
    filled = dict(held)
    for named in by_text.values():
        keys = [part.key for part in named]
        if any(held.get(key) is not None for key in keys):
            continue
        trial = {**filled, **dict.fromkeys(keys, _usual(named[0]))}
        if shows(trial):
            filled = trial
            for key in keys:
                kept.pop(key, None)
    for named in by_text.values():
        keys = [part.key for part in named]
        if all(kept.get(key) is None for key in keys):
            continue
        if shows({**kept, **dict.fromkeys(keys, None)}):
            for key in keys:
                kept.pop(key, None)
    return kept


def _usual(part: Part) -> Held:
    kind = part.node.type.kind
    if kind in (Kind.FLAG, Kind.LABEL):
        return 0 if kind is Kind.LABEL else FALSE
    return 0.0 if part.node.type.difference else _COMMON.get(kind, (1.0,))[0]


def market_of(parts: Sequence[Part], held: Mapping[Key, Held]) -> Market:
    """What a market gives, by shown name; what it does not name does not matter."""
    given: dict[str, float | int | str | None] = {}
    for part in parts:
        key = part.key
        if key not in held or given.get(part.text) is not None:
            continue
        value, kind = held[key], part.node.type.kind
        if value is None:
            given[part.text] = None
        elif kind is Kind.FLAG:
            given[part.text] = None if value == UNKNOWN else value == TRUE
        elif kind is Kind.LABEL:
            given[part.text] = part.of.ruleset.labels[part.node.type.labels][int(value)]
        else:
            given[part.text] = value
    return Market(given)


def possible(asker: Asker, parts: Sequence[Part], held: Mapping[Key, Held]) -> bool:
    """Whether these very values contradict no fact and no assumption."""
    formulas: list[z3.BoolRef] = []
    for part in parts:
        value = held.get(part.key)
        if value is None or g.storage_of(part.node.type) is g.Storage.CODE:
            continue
        if g.storage_of(part.node.type) is g.Storage.FLAG:
            truth = part.of.truth_of(part.value)
            formulas.append(truth.true if value == TRUE else truth.false)
            continue
        term, known = term_of(part)
        exact = Fraction(value)
        formulas += [known, term == z3.Q(exact.numerator, exact.denominator)]
    return asker.exists(*formulas).verdict == "yes"
