"""What a ruleset promises, each proved, refuted or undecided: `always`, tables, limits, regimes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from alvh_rules.check import checked as c
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.core.source import Span
from alvh_rules.prove.context import Context, Witness, timed
from alvh_rules.prove.givens import test_lines
from alvh_rules.prove.histories import entangled
from alvh_rules.prove.region import region_of
from alvh_rules.prove.solver import OUT_OF_TIME
from alvh_rules.prove.values import TOO_MANY, TooManyCases, both, opposite
from alvh_rules.prove.verdicts import Verdict


def always(context: Context) -> Iterator[Verdict]:
    """Every `always`."""
    for item in context.ruleset.always:
        number = context.plan.names[item.name]
        yield holds(context, "always", item.text, item.span, number)


def limits(context: Context) -> Iterator[Verdict]:
    """Every limit on what is decided: that the decision keeps it in the end."""
    for limit, condition in kept_limits(context.ruleset):
        yield holds(context, "limit", limit.text, limit.span, context.node(condition))


def kept_limits(ruleset: c.CheckedRuleset) -> list[tuple[c.Limit, c.Expression]]:
    """The limits that are enforced on decisions, each as the condition that it is kept."""
    found: list[tuple[c.Limit, c.Expression]] = []
    for limit in ruleset.limits:
        if limit.binds is None or limit.bound is None:
            continue
        value = ruleset.values[limit.subject]
        subject = c.Reference(limit.subject, value.type, limit.span)
        sign = limit.limit.operator
        found.append((limit, c.Compare(sign, subject, limit.bound, c.FLAG, limit.span)))
    return found


def holds(context: Context, kind: str, text: str, span: Span, number: int) -> Verdict:
    """Whether a condition is never false: where data are present, in floating point, with gaps."""
    begun = time.perf_counter()
    if context.budget.left <= 0:
        return Verdict(kind, text, "undecided", span, reason=OUT_OF_TIME)
    try:
        truth = context.to.truth(number)
    except TooManyCases:
        return Verdict(kind, text, "undecided", span, reason=TOO_MANY, seconds=timed(begun))
    context.relate_memories(number)
    found = context.witness([truth.false], [number], lambda values: values[0] == FALSE)
    notes = context.notes(number)
    if found.verdict == "unknown":
        tried = context.in_floating_point(number, lambda column: column == FALSE, scattered=True)
        if tried.verdict != "yes":
            return Verdict(
                kind,
                text,
                "undecided",
                span,
                reason=found.reason,
                notes=tuple(notes),
                seconds=timed(begun),
            )
        found = tried
    if found.verdict == "yes":
        shown, doubt = context.comes_about(found, [number], lambda columns: columns[0] == FALSE)
        if doubt:
            return Verdict(kind, text, "undecided", span, reason=doubt, seconds=timed(begun))
        rounding = context.rests_on_rounding(number, found)
        return _refuted(context, kind, text, span, number, found, begun, rounding, shown)
    for looked in (context.in_floating_point, context.in_a_history):
        seen = looked(number, lambda column: column == FALSE)
        if seen.verdict == "yes":
            in_history = looked == context.in_a_history
            return _refuted(context, kind, text, span, number, seen, begun, True, in_history)
    gap = _with_gaps(context, number)
    if gap:
        notes = [*notes, gap]
    free = [note for note in notes if "free within" in note or note is gap]
    return Verdict(kind, text, "proved", span, notes=tuple(free), seconds=timed(begun))


def _refuted(
    context: Context,
    kind: str,
    text: str,
    span: Span,
    number: int,
    found: Witness,
    begun: float,
    rounding: bool = False,
    shown: bool = False,
) -> Verdict:
    region = ""
    if found.sight is not None:
        wrong = context.to.truth(number).false
        region = region_of(context.asker, [context.to], found.parts, [number], wrong, found.sight)
    given = found.market.given if found.market is not None else {}
    notes = context.notes(number, given, shown)
    return Verdict(
        kind,
        text,
        "refuted",
        span,
        market=found.market,
        values=context.told(context.names_under(number), found, rounding),
        region=region,
        rounding=rounding,
        notes=tuple(notes),
        seconds=timed(begun),
        writable=test_lines(context, found),
    )


def _with_gaps(context: Context, number: int) -> str:
    """A market with data missing in which a proved condition is false, in words; '' where none is."""
    gaps = context.with_gaps
    wrong = gaps.to.truth(number).false
    gaps.relate_memories(number)
    found = gaps.witness([wrong], [number], lambda values: values[0] == FALSE)
    if found.verdict == "no":
        return ""
    if found.market is None or entangled([p for p in found.parts if p.key in found.kept]):
        return "with data missing: undecided"
    missing = [f"`{name}`" for name, value in found.market.given.items() if value is None]
    return f"with data missing it can fail: {', '.join(missing) or 'where nothing is known'}"


def tables(context: Context) -> Iterator[Verdict]:
    """Every table of bands: that each market whose inputs are known is in a row."""
    for name, table in tables_of(context.ruleset):
        begun = time.perf_counter()
        cell = context.cell(table)
        inputs = [context.node(axis.input) for axis in table.axes]
        if not context.has(cell) or not all(map(context.has, inputs)):
            continue
        text = f"table {name} has a row for every market"
        try:
            context.to.value(cell)
        except TooManyCases:
            yield Verdict("table", text, "undecided", table.span, reason=TOO_MANY)
            continue
        known = [context.to.is_known(number) for number in inputs]
        missed = context.to.where(context.to.value(cell), lambda code: code == -1)
        found = context.witness([both(missed, *known)], [cell], lambda values: values[0] == -1)
        status = {"yes": "refuted", "no": "proved", "unknown": "undecided"}[found.verdict]
        notes = []
        absent = [
            context.shown.text(number)
            for number, formula in zip(inputs, known, strict=True)
            if context.asker.exists(opposite(formula)).verdict != "no"
        ]
        if absent and table.missing is None and any(axis.missing is None for axis in table.axes):
            notes.append(
                f"no value where {' or '.join(absent)} is missing: it has no `missing` row"
            )
        yield Verdict(
            "table",
            text,
            status,  # type: ignore[arg-type]
            table.span,
            market=found.market,
            values=context.told(inputs, found) if found.market is not None else (),
            notes=tuple(notes),
            reason=found.reason,
            seconds=timed(begun),
        )


def tables_of(ruleset: c.CheckedRuleset) -> list[tuple[str, c.Table]]:
    """Every table of a ruleset by name, each once."""
    found: dict[str, c.Table] = {}
    for value in ruleset.values.values():
        stack = [value]
        while stack:
            node = stack.pop()
            if isinstance(node, c.Table):
                found.setdefault(node.name, node)
            stack.extend(c.operands(node))
    return list(found.items())


def regimes(context: Context) -> Iterator[Verdict]:
    """Every pair of regimes: whether both can hold at once. The first wins, so it is no fault."""
    for first, second, one, other in pairs_of_regimes(context.ruleset):
        begun = time.perf_counter()
        numbers = [context.node(one), context.node(other)]
        truths = [context.to.truth(number) for number in numbers]
        found = context.witness(
            [truth.true for truth in truths],
            numbers,
            lambda values: all(value == TRUE for value in values),
        )
        status = {"yes": "overlap", "no": "proved", "unknown": "undecided"}[found.verdict]
        if found.verdict == "yes":
            _, doubt = context.comes_about(
                found, numbers, lambda columns: (columns[0] == TRUE) & (columns[1] == TRUE)
            )
            if doubt:
                found = Witness("unknown", reason=doubt)
                status = "undecided"
        yield Verdict(
            "regimes",
            f"regimes {first} and {second} never hold at once",
            status,  # type: ignore[arg-type]
            one.span,
            market=found.market,
            values=context.told(context.names_under(numbers[0]), found)
            if found.market is not None
            else (),
            notes=tuple(
                note
                for number in numbers
                for note in (context.notes(number, found.market.given) if found.market else ())
            ),
            reason=found.reason,
            seconds=timed(begun),
        )


def pairs_of_regimes(
    ruleset: c.CheckedRuleset,
) -> list[tuple[str, str, c.Expression, c.Expression]]:
    """Each pair of regimes by name, with their conditions."""
    value = ruleset.values.get("regime")
    if not isinstance(value, c.FirstTrue):
        return []
    named = list(zip(ruleset.labels["regime"], value.conditions, strict=False))
    return [
        (a, b, one, other)
        for index, (a, one) in enumerate(named)
        for b, other in named[index + 1 :]
    ]


__all__ = ["always", "holds", "kept_limits", "limits", "regimes", "tables", "tables_of"]
