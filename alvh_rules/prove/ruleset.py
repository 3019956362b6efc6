"""Prove a ruleset: the list of what is asked.

1. That the assumptions contradict neither one another nor the kinds: of an empty market everything
   is true.
2. What the ruleset promises (`properties.py`, `monotone.py`), in the order written.
3. What never matters (`idle.py`), and what each decided number can be (`extremes.py`), in the time
   that is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from alvh_rules.check import checked as c
from alvh_rules.prove import properties
from alvh_rules.prove.assumptions import described
from alvh_rules.prove.context import Context, Witness, timed
from alvh_rules.prove.extremes import extremes_of, numbers_decided
from alvh_rules.prove.idle import OutOfTime, idle
from alvh_rules.prove.monotone import monotone
from alvh_rules.prove.solver import Budget
from alvh_rules.prove.values import TOO_MANY, TooManyCases
from alvh_rules.prove.verdicts import Extremes, Idle, Possibility, Proof, Verdict

SECONDS = 10.0
"""What a proof may take where nobody says otherwise."""
FOR_PROMISES = 0.7
"""The part of it for what the ruleset promises."""


def prove(ruleset: c.CheckedRuleset, *, seconds: float = SECONDS) -> Proof:
    """Everything that can be proved of a ruleset within so many seconds."""
    begun = time.perf_counter()
    promises = Budget(seconds * FOR_PROMISES)
    context = context_of(ruleset, promises)
    if contradictory(context):
        return Proof(
            ruleset.name,
            ruleset.version,
            tuple(described(ruleset)),
            (),
            (),
            (),
            (),
            contradictory=True,
            seconds=timed(begun),
        )
    verdicts = [*_promises(context, monotone), *_promises(context, _plain)]
    verdicts.sort(key=lambda item: (_ORDER[item.kind], item.span.start))
    context.budget.seconds = seconds
    unlooked: list[str] = []
    extremes: list[Extremes] = []
    found: list[Idle] = []
    names = numbers_decided(context)
    try:
        for item in idle(context):
            found.append(item)
    except OutOfTime:
        unlooked.append("for want of time, whether some parts matter")
    except TooManyCases:
        unlooked.append(f"whether some parts matter: {TOO_MANY}")
    for name in names:
        if context.budget.left < 0.1:
            unlooked.append(
                f"for want of time, the extremes of {len(names) - len(extremes):,} numbers"
            )
            break
        try:
            extremes.append(extremes_of(context, name))
        except TooManyCases:
            unlooked.append(f"the extremes of {name}: {TOO_MANY}")
    waiting = tuple(limit.text for limit in ruleset.limits if limit.binds is None)
    return Proof(
        ruleset.name,
        ruleset.version,
        tuple(described(ruleset)),
        tuple(verdicts),
        tuple(found),
        tuple(extremes),
        waiting,
        tuple(unlooked),
        seconds=timed(begun),
    )


_ORDER = {"always": 0, "monotone": 0, "limit": 1, "table": 2, "regimes": 3}


def _plain(context: Context) -> Iterator[Verdict]:
    yield from properties.always(context)
    yield from properties.limits(context)
    yield from properties.tables(context)
    yield from properties.regimes(context)


def _promises(context: Context, of: Callable[[Context], Iterator[Verdict]]) -> Iterator[Verdict]:
    yield from of(context)


def context_of(
    ruleset: c.CheckedRuleset, budget: Budget, also: tuple[c.Expression, ...] = ()
) -> Context:
    """A ruleset with every expression that is asked about."""
    asked = [condition for _, condition in properties.kept_limits(ruleset)]
    return Context(ruleset, budget, [*asked, *also])


def contradictory(context: Context) -> bool:
    """Whether no market at all meets the assumptions."""
    return bool(context.asker.always) and context.asker.exists().verdict == "no"


def can(ruleset: c.CheckedRuleset, text: str, *, seconds: float = SECONDS) -> Possibility | None:
    """Whether a ruleset's last assumption can hold, under the others; None where those contradict.

    `text` is the condition as it is shown. See `ask.py` for how a condition becomes an assumption.
    """
    begun = time.perf_counter()
    from dataclasses import replace

    *rest, asked = ruleset.assumptions
    budget = Budget(seconds)
    context = Context(replace(ruleset, assumptions=tuple(rest)), budget, [asked])
    if contradictory(context):
        return None
    number = context.node(asked)
    context.to.truth(number)
    context.relate_memories(number)
    found = context.witness(
        [context.to.truth(number).true], [number], lambda values: values[0] == 1
    )
    if found.verdict == "yes":
        _, doubt = context.comes_about(found, [number], lambda columns: columns[0] == 1)
        found = Witness("unknown", reason=doubt) if doubt else found
    answer = {"yes": "yes", "no": "never", "unknown": "undecided"}[found.verdict]
    names = context.names_under(number)
    values = context.told(names, found) if found.market is not None else ()
    return Possibility(text, answer, found.market, values, found.reason, timed(begun))  # type: ignore[arg-type]
