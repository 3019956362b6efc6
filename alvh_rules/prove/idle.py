"""What can never matter: rows that no market picks, conditions that decide nothing, events, regimes.

A clause of an `and` or an `or` matters where, in some market, the whole would be another without it. A condition that stands alone matters where it can
be true and can be false. An event matters where some decision differs with it and without it.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind
from alvh_rules.core.source import Span
from alvh_rules.plan import graph as g
from alvh_rules.prove.context import Context
from alvh_rules.prove.difference import difference
from alvh_rules.prove.properties import tables_of
from alvh_rules.prove.values import Choice, Diagrams, Truth, Value, formulas_in, opposite
from alvh_rules.prove.verdicts import Idle

_WRITTEN = frozenset(
    {
        c.Role.LET,
        c.Role.SIGNAL,
        c.Role.TARGET,
        c.Role.DECISION,
        c.Role.TABLE,
        c.Role.REGIME,
        c.Role.STEP,
    }
)


class OutOfTime(Exception):  # noqa: N818 - no fault: what was found stands
    """The seconds are spent."""


def idle(context: Context) -> Iterator[Idle]:
    """Every part that never matters. Raises `OutOfTime` where the seconds end before."""
    yield from _rows(context)
    yield from _regimes(context)
    yield from _limits(context)
    yield from _conditions(context)
    yield from _events(context)


def _never(context: Context, *formulas: z3.BoolRef) -> bool:
    if context.budget.left < 0.05:
        raise OutOfTime
    return context.asker.exists(*formulas).verdict == "no"


def _rows(context: Context) -> Iterator[Idle]:
    for name, table in tables_of(context.ruleset):
        for number in range(len(table.axes)):
            node = context.axis(table, number)
            if not context.has(node):
                continue
            value = context.to.value(node)
            axis = table.axes[number]
            spans = table.row_spans if number == 0 else table.column_spans
            for row in dict.fromkeys(axis.rows):
                if row < 0 or row >= len(spans):
                    continue
                here = context.to.where(value, lambda code, row=row: code == row)  # type: ignore[misc]
                if _never(context, here):
                    what = "row" if number == 0 else "column"
                    text = f"{what} `{context.ruleset.text(spans[row])}` of table {name}"
                    yield Idle("row", text, "no market picks it", spans[row])


def _regimes(context: Context) -> Iterator[Idle]:
    value = context.ruleset.values.get("regime")
    if not isinstance(value, c.FirstTrue):
        return
    code = context.to.value(context.plan.names["regime"])
    words = context.ruleset.labels["regime"]
    for number, condition in enumerate(value.conditions):
        here = context.to.where(code, lambda content, number=number: content == number)  # type: ignore[misc]
        if _never(context, here):
            why = "it never holds, or one before it always does"
            yield Idle("regime", f"regime {words[number]}", why, condition.span)


def _limits(context: Context) -> Iterator[Idle]:
    for limit in context.ruleset.limits:
        if limit.binds is None:
            continue
        truth = context.to.truth(context.plan.names[limit.binds])
        if _never(context, truth.true):
            yield Idle("limit", limit.text, "it never binds", limit.span)


def _conditions(context: Context) -> Iterator[Idle]:
    seen: set[Span] = set()
    for name, value in context.ruleset.values.items():
        if context.ruleset.roles.get(name) not in _WRITTEN:
            continue
        stack: list[tuple[c.Expression, bool]] = [(value, True)]
        while stack:
            node, alone = stack.pop()
            if isinstance(node, c.Invoke | c.Lasting) and node.clock:
                continue
            if isinstance(node, c.Logical):
                for place, item in enumerate(node.items):
                    if _fresh(item, seen) and _decides_nothing(context, node, place):
                        yield _condition(
                            context, item, f"the rest of its `{node.operator}` decides"
                        )
                stack += [(item, False) for item in node.items]
                continue
            if alone and node.type.kind is Kind.FLAG and _fresh(node, seen):
                found = _constant(context, node)
                if found:
                    yield _condition(context, node, found)
            stack += [(part, True) for part in c.operands(node)]


def _fresh(node: c.Expression, seen: set[Span]) -> bool:
    """Whether a condition was written, and not met before: `like` copies clauses."""
    if not node.span.file or node.span in seen or isinstance(node, c.Constant | c.EventWindow):
        return False
    if isinstance(node, c.Reference) and (node.name.startswith(("event.", "limit.", "regime"))):
        return False
    seen.add(node.span)
    return True


def _condition(context: Context, node: c.Expression, why: str) -> Idle:
    return Idle("condition", f"`{context.ruleset.text(node.span)}`", why, node.span)


def _truth(context: Context, node: c.Expression) -> Truth | None:
    number = context.node(node)
    return context.to.truth(number) if context.has(number) else None


def _decides_nothing(context: Context, node: c.Logical, place: int) -> bool:
    truths = [_truth(context, item) for item in node.items]
    own = truths[place]
    if own is None or any(truth is None for truth in truths):
        return False
    others = [truth for at, truth in enumerate(truths) if at != place and truth is not None]
    # With the clause left out, an `and` is true where the others are, an `or` false where they are.
    if node.operator == "and":
        decides, spoils = [truth.true for truth in others], [truth.false for truth in others]
        holds, fails = own.true, own.false
    else:
        decides, spoils = [truth.false for truth in others], [truth.true for truth in others]
        holds, fails = own.false, own.true
    first = _never(context, opposite(holds), *decides)
    return first and _never(context, fails, *(opposite(part) for part in spoils))


def _constant(context: Context, node: c.Expression) -> str:
    truth = _truth(context, node)
    if truth is None:
        return ""
    if _never(context, truth.true):
        return "it is never true"
    return "it is never false" if _never(context, truth.false) else ""


def _events(context: Context) -> Iterator[Idle]:
    for name, role in context.ruleset.roles.items():
        if role is not c.Role.EVENT or name not in context.plan.names:
            continue
        if not _matters(context, context.plan.names[name]):
            window = context.ruleset.values[name]
            text = context.ruleset.text(window.span).split("  ")[0]
            yield Idle("event", f"`{text}`", "no decision differs with it", window.span)


def _matters(context: Context, event: int) -> bool:
    """Whether a decision differs with an event and without; where that is not clear, it does."""
    truth = context.to.truth(event)
    mark = context.symbols.names(truth.true)
    for name in context.ruleset.outputs:
        number = context.plan.names[name]
        if event not in context.to.market_of(number):
            continue
        value = context.to.value(number)
        on, off = (
            _restricted(context.to.diagrams, value, truth.true, case) for case in (True, False)
        )
        if any(
            mark & context.symbols.names(part) for side in (on, off) for part in formulas_in(side)
        ):
            return True
        storage = g.storage_of(context.plan.nodes[number].type)
        words = context.ruleset.labels.get(context.plan.nodes[number].type.labels, ())
        if not _never(context, difference(context.to, on, off, storage, words, words)):
            return True
    return False


def _restricted(diagrams: Diagrams, value: Value, mark: z3.BoolRef, holds: bool) -> Value:
    """A value where a condition holds, or does not."""
    if not isinstance(value, Choice):
        return value
    guards = value.selector.guards
    if any(guard.eq(mark) for guard in guards):
        for guard, option in zip(guards, value.options, strict=True):
            if guard.eq(mark) is holds:
                return _restricted(diagrams, option, mark, holds)
    options = [_restricted(diagrams, option, mark, holds) for option in value.options]
    return diagrams.choose(value.selector, options)
