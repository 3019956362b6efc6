"""What a change does to results: backtests of both rulesets, and of what lies between them.

1. The old and the new ruleset are traded over the same data.
2. The changed clauses (`changed_clauses.py`) are made in the old ruleset one at a time, and each is
   traded: the difference from the old results is its effect *alone*. A clause that trades alike is not
   run; of those that do not check by themselves, all are made together.
3. What all of them do together less the sum of what each does alone is their *interaction*. Where there
   is some, each clause is also taken out of the new ruleset: the difference from the new results is its
   effect *last*, with all others made. Alone and last are the ends of what a clause does.

One key of what is traded on is one backtest, so that nothing is run twice: of two clauses, each one's
effect last needs no run of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Protocol

from alvh_rules.compare.changed_clauses import ChangedClause
from alvh_rules.compare.variants import Variant, Variants, trades
from alvh_rules.pipeline import Checked

MOST_ALONE: Final = 10
"""Clauses that are traded one at a time; those past them are made together."""
CENT: Final = 0.005


@dataclass(frozen=True, slots=True)
class Figures:
    """What a backtest came to, or the difference between two: `final_equity` and `hedge_cost` (a year)
    in dollars; `cagr`, `volatility`, `max_drawdown` and `worst_day` as fractions; `trades` made."""

    final_equity: float
    cagr: float
    volatility: float
    max_drawdown: float
    worst_day: float
    hedge_cost: float
    trades: float

    def less(self, other: Figures) -> Figures:
        """The difference, figure by figure."""
        return Figures(*(a - b for a, b in zip(_numbers(self), _numbers(other), strict=True)))

    @staticmethod
    def total(parts: Iterable[Figures]) -> Figures:
        """The sums, figure by figure."""
        columns = list(zip(*map(_numbers, parts), strict=True))
        return Figures(*map(sum, columns)) if columns else Figures(*[0.0] * len(fields(Figures)))


def _numbers(figures: Figures) -> list[float]:
    return [getattr(figures, item.name) for item in fields(Figures)]


@dataclass(frozen=True, slots=True)
class Ran:
    """One backtest: what it came to, and the sessions it was traded on."""

    figures: Figures
    first: str
    last: str
    sessions: int


class CannotTradeError(Exception):
    """A backtest cannot be made; the message says why."""


class Trader(Protocol):
    """Trades a ruleset. Raises `CannotTradeError` where it cannot."""

    def __call__(self, checked: Checked, name: str) -> Ran:
        """`name` is what the run is called while it goes on."""


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What one changed clause (or several, where they only check together) does to the results.

    `alone` on the old ruleset, `last` on the new one that has all others; None where it was not run,
    for the `reason`. `same` where it trades as before, whatever the data.
    """

    clauses: tuple[ChangedClause, ...]
    alone: Figures | None = None
    last: Figures | None = None
    same: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of both, and of each changed clause. `old` or `new` is None where that one trades
    nothing; `note` says why there is no backtest, or none by clause. `interaction` is what all do together
    less what each does alone, `why` what makes it; None where nothing is told by clause."""

    old: Ran | None = None
    new: Ran | None = None
    clauses: tuple[ClauseResult, ...] = ()
    interaction: Figures | None = None
    why: str = ""
    note: str = ""
    backtests: int = 0

    @property
    def interacts(self) -> bool:
        """Whether the clauses do more, or less, together than each alone."""
        found = self.interaction
        return found is not None and (abs(found.final_equity) > CENT or found.trades != 0)


NOTHING_CHANGES: Final = "nothing that is traded on changes: no backtest was run"
NEITHER_TRADES: Final = "neither ruleset trades: no backtest was run"


def results_of(
    old: Checked,
    new: Checked,
    trade: Trader,
    announce: Callable[[int, int], None] = lambda certain, more: None,
) -> Results:
    """The results of both rulesets and what each changed clause does to them.

    `announce` is told, before the first, how many backtests there will be, and how many more at the most
    if clauses interact. Raises `CannotTradeError` where one of the two rulesets cannot be traded.
    """
    assert old.ruleset is not None
    assert new.ruleset is not None
    both = [trades(side) for side in (old.ruleset, new.ruleset)]
    if not any(both):
        return Results(note=NEITHER_TRADES)
    runs = _Runs(Variants(old, new), trade)
    variants = runs.variants
    if not all(both):
        announce(1, 0)
        missing = "old" if not both[0] else "new"
        note = f"the {missing} ruleset trades nothing, so nothing is told by clause"
        sides = [
            runs.of(side, name) if trading else None
            for side, name, trading in (
                (variants.old, "the old ruleset", both[0]),
                (variants.new, "the new ruleset", both[1]),
            )
        ]
        return Results(sides[0], sides[1], note=note, backtests=1)
    if variants.old.like(variants.new):
        return Results(note=NOTHING_CHANGES)
    parts, untold = _parts(variants)
    alone = [variants.with_changes(part) for part in parts]
    certain = runs.news([variants.old, variants.new, *alone])
    without = [variants.with_changes(_others(variants, part)) for part in parts]
    more = runs.news([variants.old, variants.new, *alone, *without]) - certain
    announce(certain, more if len(parts) > 1 else 0)
    before = runs.of(variants.old, "the old ruleset")
    after = runs.of(variants.new, "the new ruleset")
    told = [runs.alone(part, variant, before) for part, variant in zip(parts, alone, strict=True)]
    whole = after.figures.less(before.figures)
    interaction = whole.less(Figures.total(item.alone for item in told if item.alone is not None))
    results = Results(before, after, (*told, *untold), interaction, backtests=runs.count)
    if not results.interacts:
        return results
    if len(parts) > 1:
        told = [
            runs.last(item, variant, after) for item, variant in zip(told, without, strict=True)
        ]
    why = _why(variants, [*told, *untold], alone)
    return Results(before, after, (*told, *untold), interaction, why, backtests=runs.count)


def _parts(
    variants: Variants,
) -> tuple[list[tuple[ChangedClause, ...]], list[ClauseResult]]:
    """What is traded part by part, and what is told without: clauses that trade alike, and those that
    check only with others."""
    checking: list[tuple[ChangedClause, ...]] = []
    failing: list[ChangedClause] = []
    untold: list[ClauseResult] = []
    for clause in variants.clauses:
        variant = variants.with_changes([clause])
        if variant.checked is None:
            failing.append(clause)
        elif variant.like(variants.old):
            untold.append(ClauseResult((clause,), same=True))
        else:
            checking.append((clause,))
    if failing:
        together = variants.with_changes(failing)
        if len(failing) > 1 and together.checked is not None:
            if together.like(variants.old):
                untold += [ClauseResult((clause,), same=True) for clause in failing]
            else:
                checking.append(tuple(failing))
        else:
            untold += [
                ClauseResult(
                    (clause,),
                    reason=f"alone it does not check: {variants.with_changes([clause]).reason}",
                )
                for clause in failing
            ]
    if len(checking) > MOST_ALONE:
        rest = tuple(clause for part in checking[MOST_ALONE - 1 :] for clause in part)
        checking = [*checking[: MOST_ALONE - 1], rest]
    return checking, untold


def _others(variants: Variants, part: Sequence[ChangedClause]) -> list[ChangedClause]:
    return [clause for clause in variants.clauses if clause not in part]


def _name(part: Sequence[ChangedClause]) -> str:
    first = part[0]
    text = f"{first.where}: {first.new or f'without {first.old}'}"
    return text if len(part) == 1 else f"{text} and {len(part) - 1} more"


class _Runs:
    """Backtests, each made once."""

    def __init__(self, variants: Variants, trade: Trader) -> None:
        self.variants = variants
        self._trade = trade
        self._done: dict[frozenset[tuple[str, object]], Ran] = {}

    @property
    def count(self) -> int:
        """How many were made."""
        return len(self._done)

    def news(self, variants: Sequence[Variant]) -> int:
        """How many backtests the variants take."""
        return len({_key(item) for item in variants if item.checked is not None})

    def of(self, variant: Variant, name: str) -> Ran:
        """A variant's backtest."""
        assert variant.checked is not None
        key = _key(variant)
        if key not in self._done:
            self._done[key] = self._trade(variant.checked, name)
        return self._done[key]

    def alone(self, part: tuple[ChangedClause, ...], variant: Variant, before: Ran) -> ClauseResult:
        """What a part does in the old ruleset."""
        try:
            found = self.of(variant, _name(part)).figures.less(before.figures)
        except CannotTradeError as problem:
            return ClauseResult(part, reason=f"alone it cannot be traded: {problem}")
        return ClauseResult(part, found)

    def last(self, item: ClauseResult, variant: Variant, after: Ran) -> ClauseResult:
        """The same with what the part does where all others are made."""
        if variant.checked is None:
            return replace(item, reason=f"without it the rest does not check: {variant.reason}")
        try:
            without = self.of(variant, f"without {_name(item.clauses)}")
        except CannotTradeError as problem:
            return replace(item, reason=f"without it the rest cannot be traded: {problem}")
        return replace(item, last=after.figures.less(without.figures))


def _key(variant: Variant) -> frozenset[tuple[str, object]]:
    return frozenset(variant.traded.items())


def _why(variants: Variants, told: Sequence[ClauseResult], alone: Sequence[Variant]) -> str:
    """What makes the whole no sum of the parts."""
    if any(item.alone is None and not item.same for item in told):
        return "what clauses do that are not told alone is in it"
    if not variants.with_changes(variants.clauses).like(variants.new):
        return "what is no clause, such as the order of layers, is in it"
    met: dict[str, None] = {}
    seen: set[str] = set()
    for variant in alone:
        changed = variant.apart(variants.old)
        met.update(dict.fromkeys(sorted(changed & seen)))
        seen |= changed
    if met:
        names = list(met)
        several = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"more than one of them decides {', '.join(names[:3])}{several}"
    return (
        "they decide different things and meet in the book: sizes follow equity, and margin and"
        " limits are of all that is held"
    )
