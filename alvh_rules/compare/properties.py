"""Limits, `always` and `assume`, compared: what is added, what goes, and what is loosened.

A property speaks of decisions by name, so decisions stand in it as they are, whatever they have become,
and only what the property itself says is compared. Old is *not loosened* where it follows from what the
new ruleset says: found by the rules of `follows`, or else by the solver. What cannot be shown to follow
counts as loosened, since a promise that may be gone asks to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from alvh_rules.check import checked as c
from alvh_rules.compare.bump import Bump
from alvh_rules.compare.canonical import Canonical, Key, Table
from alvh_rules.compare.comparison import Change
from alvh_rules.core.schema import Column
from alvh_rules.plan.from_checked import plan_of
from alvh_rules.syntax.print_items import one_line_text

_CONSTANT = "constant"
_DEEPEST = 40
_MONEY = ("book.capital", "book.equity")
"""What a bound may be a share of: `2% of capital` is the same promise of another capital."""

Proves = tuple[Callable[[int], bool], Callable[[int], bool]]
"""By a solver: whether the old ruleset's n-th `always` follows from all of the new one's, and whether
the new one's n-th follows from all of the old one's."""


class Properties:
    """A ruleset's limits and properties, as numbers of a shared table."""

    def __init__(
        self,
        ruleset: c.CheckedRuleset,
        table: Table,
        decisions: Iterable[str],
        column: Callable[[Column], Key],
    ) -> None:
        bounds = [limit.bound for limit in ruleset.limits if limit.bound is not None]
        also = [*bounds, *ruleset.assumptions]
        opaque = frozenset([*decisions, *_MONEY])
        canonical = Canonical(ruleset, plan_of(ruleset, opaque, also), table, column)
        self.ruleset, self.table = ruleset, table
        self.always = [canonical.named(item.name) for item in ruleset.always]
        self.assumed = [canonical.expression(item) for item in ruleset.assumptions]
        self.bounds = [
            None if limit.bound is None else canonical.expression(limit.bound)
            for limit in ruleset.limits
        ]


def property_changes(old: Properties, new: Properties, proves: Proves) -> list[Change]:
    """How limits and properties differ."""
    return [*_limits(old, new), *_always(old, new, proves), *_assumptions(old, new)]


# --- limits ---


def _limits(old: Properties, new: Properties) -> list[Change]:
    found = []
    before, after = _by_subject(old), _by_subject(new)
    for key, items in before.items():
        others = after.pop(key, [])
        for at, (limit, bound) in enumerate(items):
            if at >= len(others):
                found.append(
                    Change("limit", _name(limit), _text(limit), "", Bump.MAJOR, "the limit goes")
                )
                continue
            other, tighter = others[at]
            if bound == tighter:
                continue
            loosened = _loosened(new.table, limit.limit.operator, bound, tighter)
            note = {True: "loosened", False: "tightened", None: "it may be loosened"}[loosened]
            # A limit that is enforced shows in the decisions; one that waits for positions does not.
            bump = Bump.MAJOR if loosened in (True, None) else _enforced(other)
            found.append(
                Change("limit", _name(other), _text(limit), _text(other), bump, note, other.span)
            )
        found += [_added(limit) for limit, _ in others[len(items) :]]
    found += [_added(limit) for items in after.values() for limit, _ in items]
    return found


def _by_subject(
    side: Properties,
) -> dict[tuple[str, str, str], list[tuple[c.Limit, int | None]]]:
    made: dict[tuple[str, str, str], list[tuple[c.Limit, int | None]]] = {}
    for limit, bound in zip(side.ruleset.limits, side.bounds, strict=True):
        key = (limit.subject, limit.limit.operator, limit.limit.per)
        made.setdefault(key, []).append((limit, bound))
    return made


def _added(limit: c.Limit) -> Change:
    return Change("limit", _name(limit), "", _text(limit), _enforced(limit), "added", limit.span)


def _enforced(limit: c.Limit) -> Bump:
    return Bump.PATCH if limit.binds is not None else Bump.MINOR


def _name(limit: c.Limit) -> str:
    return f"limit {limit.subject}"


def _text(limit: c.Limit) -> str:
    return one_line_text(limit.limit).removeprefix("limit ")


def _loosened(table: Table, operator: str, old: int | None, new: int | None) -> bool | None:
    """Whether a bound lets more pass; None where that cannot be told."""
    (one, of), (other, of_too) = _share(table, old), _share(table, new)
    if one is None or other is None or of != of_too:
        return None
    return other > one if operator == "<=" else other < one


def _share(table: Table, number: int | None) -> tuple[float | None, int | None]:
    """A number, or a number times an amount of money, which is positive."""
    if number is None:
        return None, None
    match table.keys[number]:
        case ("Arithmetic(operator='*')", _, int(left), int(right)):
            for factor, money in ((left, right), (right, left)):
                if table.keys[money][0] in [f"Given(name={name!r})" for name in _MONEY]:
                    return _constant(table, factor), money
    return _constant(table, number), None


def _constant(table: Table, number: int | None) -> float | None:
    if number is None:
        return None
    key = table.keys[number]
    if key[0] != _CONSTANT or key[1] != "number":
        return None
    value = float(str(key[2]))
    return None if value != value else value


# --- always ---


def _always(old: Properties, new: Properties, proves: Proves) -> list[Change]:
    found = []
    table = new.table
    new_all = table.all_or_any("and", new.always) if new.always else None
    old_all = table.all_or_any("and", old.always) if old.always else None

    def promised(at: int) -> bool:
        """Whether a new one follows from the old ones."""
        return old_all is not None and (follows(table, old_all, new.always[at]) or proves[1](at))

    gone = [at for at, number in enumerate(old.always) if number not in new.always]
    come = [at for at, number in enumerate(new.always) if number not in old.always]
    for at in gone:
        item = old.ruleset.always[at]
        other = _replacement(new, item, come)
        kept = new_all is not None and (follows(table, new_all, old.always[at]) or proves[0](at))
        if kept and (other is None or promised(other)):
            continue
        if other is not None:
            come.remove(other)
        told = "" if other is None else _promise(new.ruleset.always[other])
        span = None if other is None else new.ruleset.always[other].span
        bump = Bump.MINOR if kept else Bump.MAJOR
        note = "the property goes" if other is None else "loosened, or not shown to be as strong"
        note = "tightened" if kept else note
        found.append(Change("always", "always", _promise(item), told, bump, note, span))
    for at in come:
        item = new.ruleset.always[at]
        if not promised(at):
            found.append(
                Change("always", "always", "", _promise(item), Bump.MINOR, "added", item.span)
            )
    return found


def _promise(item: c.Always) -> str:
    return item.text.removeprefix("always ")


def _replacement(new: Properties, item: c.Always, come: Sequence[int]) -> int | None:
    """The new property that was most likely meant to take the place of one: it begins alike."""
    begin = item.text.split()[:2]
    return next((at for at in come if new.ruleset.always[at].text.split()[:2] == begin), None)


def follows(table: Table, given: int, wanted: int) -> bool:
    """Whether one condition follows from another, an unknown counting as no violation.

    Sound and far from complete: the rules of `and` and `or`, and comparisons of one measure with two
    numbers. Each keeps "not false in, not false out", which is what `always` asks of Kleene's truths:
    a comparison of a missing measure is unknown on both sides.
    """
    return _Following(table).follows(given, wanted, 0)


class _Following:
    """Remembers the pairs that were asked for: there are no more of them than pairs of conditions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[tuple[int, int], bool] = {}

    def follows(self, given: int, wanted: int, depth: int) -> bool:
        if given == wanted:
            return True
        if depth > _DEEPEST:
            return False
        if (given, wanted) not in self._known:
            self._known[given, wanted] = self._found(given, wanted, depth + 1)
        return self._known[given, wanted]

    def _found(self, given: int, wanted: int, depth: int) -> bool:
        have, want = self._parts(given, "and"), self._parts(wanted, "and")
        if want:
            return all(self.follows(given, part, depth) for part in want)
        either = self._parts(given, "or")
        if either:
            return all(self.follows(part, wanted, depth) for part in either)
        if any(self.follows(part, wanted, depth) for part in have):
            return True
        return any(
            self.follows(given, part, depth) for part in self._parts(wanted, "or")
        ) or _compares(self._table, given, wanted)

    def _parts(self, number: int, operator: str) -> list[int]:
        key = self._table.keys[number]
        if key[:2] != ("logical", operator):
            return []
        return [part for part in key[2:] if isinstance(part, int)]


def _compares(table: Table, given: int, wanted: int) -> bool:
    """Of two comparisons of one measure with a number: whether the first is the narrower."""
    one, other = _bound_of(table, given), _bound_of(table, wanted)
    if one is None or other is None or one[:2] != other[:2]:
        return False
    upper, (first, strict), (second, strict_too) = one[1], one[2:], other[2:]
    if first == second:
        return strict or not strict_too
    return first < second if upper else first > second


def _bound_of(table: Table, number: int) -> tuple[int, bool, float, bool] | None:
    """A comparison as (measure, whether it bounds from above, the number, whether strictly)."""
    match table.keys[number]:
        case ("compare", "<" | "<=" as operator, int(left), int(right)):
            low, high = _constant(table, left), _constant(table, right)
            if high is not None and low is None:
                return left, True, high, operator == "<"
            if low is not None and high is None:
                return right, False, low, operator == "<"
    return None


# --- assumptions ---


def _assumptions(old: Properties, new: Properties) -> list[Change]:
    """What proofs may take for granted: no decision rests on it, and every verdict may."""
    note = "what proofs take for granted"
    gone = [
        Change("assume", "assume", old.ruleset.text(item.span), "", Bump.PATCH, note)
        for number, item in zip(old.assumed, old.ruleset.assumptions, strict=True)
        if number not in new.assumed
    ]
    come = [
        Change("assume", "assume", "", new.ruleset.text(item.span), Bump.PATCH, note, item.span)
        for number, item in zip(new.assumed, new.ruleset.assumptions, strict=True)
        if number not in old.assumed
    ]
    return [*gone, *come]
