"""Choosing one of several values by a code: as a diagram, or where that grows too large as formulas."""

from __future__ import annotations

from collections.abc import Mapping

import z3

from alvh_rules.plan import graph as g
from alvh_rules.plan.scalars import missing
from alvh_rules.prove.formulas import Formulas, known_in
from alvh_rules.prove.symbols import implied
from alvh_rules.prove.values import (
    Content,
    TooManyCases,
    Truth,
    Value,
    both,
    either,
    folded,
    leaves,
)


def chosen(to: Formulas, code: Value, options: Mapping[int, Value], storage: g.Storage) -> Value:
    """The option that a code numbers; missing where it numbers none.

    Raises `TooManyCases` where a code chosen by codes has too many of them even as formulas.
    """
    nothing = to.diagrams.leaf(missing(storage))

    def option(content: Content) -> Value:
        assert isinstance(content, int)
        return options.get(content, nothing)

    try:
        return to.diagrams.bind(code, option)
    except TooManyCases:
        pass
    met = sorted({leaf.content for leaf in leaves(code) if isinstance(leaf.content, int)})
    found = [
        (to.where(code, lambda content, case=case: content == case), option(case))  # type: ignore[misc]
        for case in met
    ]
    if storage is g.Storage.FLAG:
        truths = [(guard, to.truth_of(value)) for guard, value in found]
        true = either(*(both(guard, truth.true) for guard, truth in truths))
        false = either(*(both(guard, truth.false) for guard, truth in truths))
        return to.diagrams.leaf(Truth(true, false))
    if storage is g.Storage.CODE:
        return _code(to, found)
    return _number(to, found)


def _code(to: Formulas, found: list[tuple[z3.BoolRef, Value]]) -> Value:
    cases = sorted(
        {
            leaf.content
            for _, value in found
            for leaf in leaves(value)
            if isinstance(leaf.content, int)
        }
    )
    guards = [
        either(
            *(
                both(guard, to.where(value, lambda content, case=case: content == case))  # type: ignore[misc]
                for guard, value in found
            )
        )
        for case in cases
    ]
    return to.diagrams.cases_of(to.diagrams.selector(cases, guards))


def _number(to: Formulas, found: list[tuple[z3.BoolRef, Value]]) -> Value:
    """An unknown that is what each option says where it is chosen."""
    known = either(*(both(guard, folded(value, known_in, _if)) for guard, value in found))
    to.symbols.keep(guard for guard, _ in found)
    key = ("chosen", tuple((guard.get_id(), id(value)) for guard, value in found))
    which = to.symbols.real(key, to.hull([to.range(value) for _, value in found]))
    if to.first_time(key):
        for guard, value in found:
            number = to.number_of(value)
            same = to.symbols.reals[which] == to.symbols.term(to.solid(number))
            to.symbols.fact(implied(both(guard, number.known), same))
    return to.diagrams.leaf(to.symbols.number(which, known))


def _if(guard: z3.BoolRef, then: z3.BoolRef, otherwise: z3.BoolRef) -> z3.BoolRef:
    return either(both(guard, then), both(z3.Not(guard), otherwise))
