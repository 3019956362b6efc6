"""Versions of a ruleset that follow one another over one book, and what becomes of the book between.

A run is of terms: from row `first` on, a version decides, until the next term begins. A plain backtest
has one. Between two terms, at the close of the later one's first row, after fills and marks:

1. Cash, positions, and all that a session brings (settlement, interest, dividends) go on untouched.
   What was ordered before has been filled by then.
2. A layer takes over the positions of the layer of its name, with their closings under way and its
   `every`. The hedge takes over the hedge's position, a holding that of the one with its words (or,
   of futures and shares, its underlying); each brings it to its own target by its own rules.
3. What no part of the new version takes over is closed at its first close: nobody approved rules for
   it, and it would stand in a hedge's way without counting in its ratio.

Every version is evaluated over all rows and told the one book's facts, so that its signals and windows
are its own, and so is its closing condition's memory of each position. It decides nothing outside its
terms. What is of the account and not of a decision (capital, fills, whole contracts, the rate on cash)
is the first version's throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alvh_rules.backtest.context import Context, volatilities
from alvh_rules.backtest.deciding import Decisions, Facts, Program, of_history
from alvh_rules.backtest.hedging import HedgeRun
from alvh_rules.backtest.holdings import DeltaBand, HoldingRun
from alvh_rules.backtest.layers import LayerRun, Reallocation, position_facts
from alvh_rules.backtest.limits import BookLimits
from alvh_rules.backtest.trades import Cause
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.source import Span

ACCOUNT = ("capital", "fill", "fractional", "cash_earns")
"""What of a header is the account's; `fee` and `slippage` are in the settings of a run."""
_NOWHERE = Span("", 0, 0)


@dataclass(frozen=True)
class Term:
    """A version, and the row from which it decides. `version` names it; empty in a plain backtest."""

    program: Program
    first: int
    version: str = ""

    @property
    def ruleset(self) -> CheckedRuleset:
        """Its ruleset."""
        return self.program.ruleset


def with_account_of(ruleset: CheckedRuleset, first: CheckedRuleset) -> CheckedRuleset:
    """A later version as it runs on the account of the first one."""
    return replace(ruleset, **{name: getattr(first, name) for name in ACCOUNT})


def layer_names(terms: Sequence[Term]) -> list[str]:
    """The layers of all versions, in the order in which they first come."""
    return list(dict.fromkeys(layer.name for term in terms for layer in term.ruleset.layers))


class Parts:
    """What acts for one version: its layers, hedge, band, holdings and reallocation, and its limits."""

    def __init__(self, context: Context, *, hedged: bool) -> None:
        ruleset = context.ruleset
        self.context, self.limits = context, context.limits
        self.layers = {layer.name: LayerRun(context, layer) for layer in ruleset.layers}
        hedge = ruleset.hedge if hedged else None
        self.hedge = HedgeRun(context, hedge) if hedge is not None and hedge.structures else None
        keep = hedge.keep if hedge is not None else None
        self.band = DeltaBand(context, keep) if keep is not None else None
        self.holdings = [HoldingRun(context, item) for item in ruleset.holdings]
        self.reallocation = Reallocation(context, self.layers)


class Leftover:
    """The closings of positions that no part of the version in force takes over."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endings: dict[str, Cause] = {}

    def close(self, position: str, cause: Cause) -> None:
        """Order a closing; one that finds no quote is tried again on the next session."""
        self._endings.setdefault(position, cause)

    def fill(self, row: int) -> None:
        """Fill the orders under way."""
        book = self._context.book
        for name, cause in list(self._endings.items()):
            position = book.ledger.positions.get(name)
            if position is None or book.close(row, position, cause):
                del self._endings[name]
            else:
                self._context.skipped += 1


class Succession:
    """The terms of one book: which version decides, and what all of them know."""

    def __init__(self, terms: Sequence[Term], *, bulk: bool = True) -> None:
        self._terms = list(terms)
        self._decisions: dict[Program, Decisions] = {}
        for term in terms:
            if term.program not in self._decisions:
                self._decisions[term.program] = of_history(term.program, bulk=bulk)
        self._at = 0
        self._memories: dict[Program, dict[str, object]] = {}

    @property
    def at(self) -> int:
        """The number of the term that is in force, from zero."""
        return self._at

    @property
    def program(self) -> Program:
        """That of the version in force."""
        return self._terms[self._at].program

    @property
    def decisions(self) -> Decisions:
        """Those of the version in force."""
        return self._decisions[self.program]

    @property
    def layers(self) -> list[str]:
        """The layers of all versions, in the order in which they first come."""
        return layer_names(self._terms)

    @property
    def rulesets(self) -> list[CheckedRuleset]:
        """Those of all versions."""
        return [term.ruleset for term in self._terms]

    def advance(self, facts: Facts) -> None:
        """Decide on the next session by every version that is in force now or later."""
        for program in self._wanted():
            self._decisions[program].advance(facts)

    def remember(self, context: Context, row: int, layers: dict[str, LayerRun]) -> None:
        """Let the closing conditions of versions to come see this session of each open position."""
        now = self._terms[self._at].program
        for program in self._wanted():
            if program is now:
                continue
            memory = self._memories.setdefault(program, {})
            for name, closing in program.closings.items():
                if not closing.remembers or name not in layers:
                    continue
                for position in layers[name].positions():
                    if position.name not in layers[name].endings:
                        facts = position_facts(context, position, row)
                        _, _, memory[position.name] = self._decisions[program].closes(
                            name, memory.get(position.name), facts
                        )

    def begin(self, context: Context, row: int) -> Term | None:
        """The term that begins on a row, if one does: from now on it decides in the book's context."""
        following = self._at + 1
        if following == len(self._terms) or self._terms[following].first > row:
            return None
        before, term = self._terms[self._at].program, self._terms[following]
        self._at = following
        if term.program is not before:
            context.ruleset = term.ruleset
            context.decisions = self.decisions
            context.limits = BookLimits(term.ruleset)
            context.book.count_as_volatility(volatilities(term.ruleset), row)
            kept, coming = self._memories.setdefault(before, {}), self._memories.get(term.program)
            for position in context.book.ledger.positions.values():
                kept[position.name] = position.state
                position.state = None if coming is None else coming.get(position.name)
        return term

    def _wanted(self) -> list[Program]:
        return list(dict.fromkeys(term.program for term in self._terms[self._at :]))


def hand_over(before: Parts, after: Parts, leftover: Leftover, term: Term, row: int) -> None:
    """Give the positions of one version's parts to those of the next, and order what is left closed."""
    taken: set[str | None] = set()
    for name, layer in after.layers.items():
        if name in before.layers:
            layer.take_over(before.layers[name])
        taken.update(position.name for position in layer.positions())
    if after.hedge is not None:
        if before.hedge is not None:
            after.hedge.take_over(before.hedge)
        taken.add(after.hedge.held)
    if after.band is not None:
        if before.band is not None:
            after.band.take_over(before.band)
        taken.add(after.band.held)
    free = list(before.holdings)
    for exactly in (True, False):
        for holding in after.holdings:
            found = next((item for item in free if holding.follows(item, exactly=exactly)), None)
            if holding.held is None and found is not None:
                free.remove(found)
                holding.take_over(found)
    taken.update(holding.held for holding in after.holdings)
    after.reallocation.take_over(before.reallocation)
    named = f"version {term.version}" if term.version else "the version in force"
    for position in before.context.book.ledger.positions.values():
        if position.name not in taken:
            what = {"hedge": "such hedge", "holding": "such holding"}
            part = what.get(position.owner, f"layer `{position.owner}`")
            leftover.close(position.name, Cause(f"{named} has no {part}", _NOWHERE, row))
