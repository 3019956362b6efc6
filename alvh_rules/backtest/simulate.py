"""The loop over sessions: decisions become orders, orders trades, trades positions, and money.

On each session, in this order:

1. Cash earns interest, and shares dividends, for the days since the last session.
2. What expires settles: at the opening print (AM) or the close (PM).
3. Orders that were decided before are filled: at the close, or with `fill next open` at the open, for
   which everything that settles is settled already.
4. Everything held is marked at the close; facts of the book are those of this moment.
5. The ruleset decides. With `fill same close` its orders are filled at once, closings before openings;
   else they wait for the next session. Holdings come before openings, the hedge after them.

Where versions of a ruleset follow one another (`succession.py`), the next one takes over between 4 and 5.

A session's step is a function of what the book carries and of what the session brings (`Session`, and the
prices of its row): a paper account (`account.py`) takes the very same step, one session at a time. On a
session that violates an `always`, or whose decision came too late to be acted on, nothing is opened and
what is held beside the layers is kept; their positions still close.

The book without the hedge, if there is a hedge, goes through the same sessions beside the other: size
follows equity, so it is a run of its own. Nothing is read of a session before its turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.context import LAG, Context, delta_reference, volatilities
from alvh_rules.backtest.deciding import CAPITAL, Decisions, Program, Scalar, book_names
from alvh_rules.backtest.fills import Costs
from alvh_rules.backtest.hedging import HEDGE, HedgeRun
from alvh_rules.backtest.holdings import DeltaBand, HoldingRun
from alvh_rules.backtest.ledger import Position
from alvh_rules.backtest.limits import YEAR, BookLimits
from alvh_rules.backtest.marks import Marks
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.selection import Selector
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest.succession import Leftover, Parts, Succession, Term, hand_over
from alvh_rules.backtest.targets import Target
from alvh_rules.backtest.trades import Recorder
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.kleene import FALSE, TRUE
from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Quotes


@dataclass(frozen=True)
class Inputs:
    """What a run reads beside the ruleset: prices, the dividend yield in percent of each underlying
    that pays one, by row, quotes at the open, for rulesets that fill there, further columns by row, to
    be shown, and the rate in percent that prices assume, for cash where its own column is unknown."""

    quotes: Quotes
    dividend_yields: Mapping[str, Float] = field(default_factory=dict)
    opening: Quotes | None = None
    columns: Mapping[str, Float] = field(default_factory=dict)
    rates: Float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a session brings to a book beside its prices.

    `row` counts sessions from the first, `day` is its day number, `days` calendar days since the session
    before (0 on the first). Of that one's close, in percent: `rate` is what cash earns (NaN where unknown),
    `assumed_rate` what prices assume (NaN where nothing is), `yields` of dividends by underlying.
    """

    row: int
    day: int
    days: int = 0
    rate: float = math.nan
    assumed_rate: float = math.nan
    yields: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Prices:
    """Where a book's prices are from, by row: at the close, at the open for rulesets that fill there,
    and what is listed; `dates` are those of the rows."""

    marks: Marks
    opening: Marks | None
    listing: Listing
    dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]


class BookRun:
    """One book through its sessions: with the hedge, or without."""

    def __init__(
        self,
        ruleset: CheckedRuleset,
        decisions: Decisions,
        prices: Prices,
        settings: Settings,
        *,
        hedged: bool,
        full: bool,
        succession: Succession | None = None,
    ) -> None:
        """`succession` has the versions that follow the first, whose `ruleset` and `decisions` are given."""
        self.settings = settings
        self.recorder = Recorder(full)
        marks = prices.marks
        book = Book(
            ruleset.capital,
            marks,
            Costs(settings),
            self.recorder,
            volatilities(ruleset),
            delta_reference(ruleset),
        )
        if ruleset.fill == "next open":
            if prices.opening is None:
                raise ValueError("`fill next open` needs quotes at the open")
            book.fills = prices.opening
        self.context = Context(
            ruleset,
            book,
            decisions,
            prices.listing,
            Selector(prices.listing),
            BookLimits(ruleset),
            prices.dates,
        )
        self._hedged, self._succession = hedged, succession
        self._leftover = Leftover(self.context)
        self.history: list[tuple[int, Parts]] = []
        """The numbers of the terms that have begun, with what acted in each."""
        self._act(0, Parts(self.context, hedged=hedged))
        # Owners of all versions have their profits told on every session.
        self._owners = list(self.layers) if succession is None else succession.layers
        self._same_close = LAG[ruleset.fill] == 0
        self._earns = bool(ruleset.cash_earns)
        self.peak = book.ledger.equity
        # Whose facts the rulesets read: of the others none is worked out.
        rulesets = [ruleset] if succession is None else succession.rulesets
        self._read = {name.split(".")[0] for item in rulesets for name in book_names(item)}
        self.unknown_rates = 0

    def _act(self, term: int, parts: Parts) -> None:
        """Let the parts of a version act from now on."""
        self.history.append((term, parts))
        self.layers, self.hedge, self.band = parts.layers, parts.hedge, parts.band
        self.holdings, self.reallocation = parts.holdings, parts.reallocation

    def _succeed(self, row: int) -> None:
        """Let the version that is in force from this session on take over, if there is one."""
        succession = self._succession
        if succession is None:
            return
        before, parts = succession.program, self.history[-1][1]
        term = succession.begin(self.context, row)
        if term is None:
            return
        if succession.program is not before:
            parts = Parts(self.context, hedged=self._hedged)
            hand_over(self.history[-1][1], parts, self._leftover, term, row)
        self._act(succession.at, parts)

    def _advance(self, facts: Mapping[str, Scalar]) -> None:
        """Decide on the next session, by every version."""
        if self._succession is None:
            self.context.decisions.advance(facts)
        else:
            self._succession.advance(facts)

    def session(self, session: Session, trading: bool, *, withheld: str = "") -> None:
        """One session; before trading begins the ruleset only remembers. `withheld` says why nothing may
        be opened on it, where it is so."""
        context, book, row = self.context, self.context.book, session.row
        context.skipped = 0
        if not trading:
            self._advance({})
            return
        if row > 0:
            if self._earns and context.history.equity:
                self._accrue(session)
            book.pay_dividends(session.yields, session.days)
        book.settle(row, session.day)
        self._follow(row)
        self._fill(row)
        self._mark(row)
        self._succeed(row)
        self.reallocation.step(row)
        self._decide(row, withheld, at_once=self._same_close)
        self._record(row)

    def decide_only(self, row: int) -> None:
        """Mark what is held at the close of a row and order what follows; nothing is filled."""
        self._mark(row)
        self._decide(row, "", at_once=False)

    def _decide(self, row: int, withheld: str, *, at_once: bool) -> None:
        """Decide on what is marked, and order; `at_once` fills each part's orders as they are made."""
        context, book = self.context, self.context.book
        self._advance(self._facts())
        if self._succession is not None:
            self._succession.remember(context, row, self.layers)
        violated = context.decisions.violated()
        if violated is not None and not withheld:
            withheld = f"`{violated.text}` does not hold: nothing is opened"
        for layer in self.layers.values():
            layer.decide_closings(row)
        if at_once:
            self._leftover.fill(row)
            for layer in self.layers.values():
                layer.fill(row)
            book.mark(row)

        def decided(part: HedgeRun | DeltaBand | HoldingRun) -> None:
            if not withheld:
                part.decide(row)
            elif part is self.hedge:
                self.hedge.keep(row)
            if at_once:
                part.fill(row)
                book.mark(row)

        # Shares are there before calls are written on them; what comes next sees the cash and margin
        # that is left.
        for holding in self.holdings:
            decided(holding)
        looked_at = [] if withheld else [layer.looks_at(row) for layer in self.layers.values()]
        context.listing.price(row, [item for item in looked_at if item is not None])
        for layer in self.layers.values():
            layer.decide_opening(row, withheld)
            if at_once:
                layer.fill(row)
                book.mark(row)
        for part in (self.hedge, self.band):
            if part is not None:
                decided(part)

    @property
    def parts(self) -> list[HedgeRun | DeltaBand | HoldingRun]:
        """What trades beside the layers, in its order."""
        return [item for item in (self.hedge, self.band, *self.holdings) if item is not None]

    def targets(self) -> list[Target]:
        """The orders under way of the hedge and the holdings."""
        return [order for part in self.parts for order in part.targets.pending]

    def adopt(self, position: Position) -> None:
        """Give a position that was not opened here to the part that owns it."""
        if position.owner == HEDGE and self.hedge is not None:
            self.hedge.adopt(position)
        elif position.owner == "holding" and self.holdings:
            self.holdings[0].adopt(position)

    def _accrue(self, session: Session) -> None:
        """Interest since the session before, at the rate that was known at its close."""
        rate = session.rate
        if rate != rate:
            self.unknown_rates += 1
            rate = session.assumed_rate
        self.context.book.accrue(rate, session.days)

    def _follow(self, row: int) -> None:
        """Price what all orders under way would open, at once."""
        openings = [layer.pending for layer in self.layers.values()]
        contracts = [leg.contract for item in openings if item is not None for leg in item.legs]
        contracts += [item for order in self.targets() for item in order.contracts]
        self.context.book.follow(contracts, row)

    def _fill(self, row: int) -> None:
        self._leftover.fill(row)
        for layer in self.layers.values():
            layer.fill(row)
        for part in self.parts:
            part.fill(row)

    def _mark(self, row: int) -> None:
        context, ledger = self.context, self.context.book.ledger
        context.book.mark(row)
        self.peak = max(self.peak, ledger.equity)
        context.drawdown = 1.0 - ledger.equity / self.peak if self.peak > 0 else 0.0
        context.history.equity.append(ledger.equity / 100.0)
        context.history.hedge.append(ledger.profit_of(HEDGE) / 100.0)

    def _facts(self) -> dict[str, Scalar]:
        """What the ruleset may read of the book, after marking."""
        context, book = self.context, self.context.book
        whole, greeks = book.whole, book.whole.greeks
        facts: dict[str, Scalar] = {CAPITAL: context.ruleset.capital}
        if "book" in self._read or "hedge" in self._read:
            facts |= {
                "book.equity": context.equity,
                "book.drawdown": context.drawdown,
                "book.loss": context.history.loss(1),
                "book.delta": greeks.delta,
                "book.gamma": greeks.gamma,
                "book.theta": greeks.theta,
                "book.vega": greeks.vega,
                "book.margin": whole.margin,
                "book.max_loss": whole.max_loss,
                "hedge.cost": context.history.hedge_cost(YEAR),
            }
        for name in self._owners:
            if name not in self._read:
                continue
            own = book.exposure(name)
            facts[f"{name}.breached"] = TRUE if own.breached else FALSE
            facts[f"{name}.profit"] = book.ledger.profit_of(name) / 100.0
            facts[f"{name}.delta"] = own.greeks.delta
            facts[f"{name}.gamma"] = own.greeks.gamma
            facts[f"{name}.theta"] = own.greeks.theta
            facts[f"{name}.vega"] = own.greeks.vega
            facts[f"{name}.margin"] = own.margin
            facts[f"{name}.max_loss"] = own.max_loss
            facts[f"{name}.reallocated"] = self.reallocation.moved.get(name, 0.0)
        self.facts = facts
        return facts

    def _record(self, row: int) -> None:
        context, book = self.context, self.context.book
        ledger, whole = book.ledger, book.whole
        session: dict[str, Any] = {
            "row": row,
            "equity": ledger.equity,
            "cash": ledger.cash,
            "margin": whole.margin,
            "interest": ledger.interest,
            "skipped": context.skipped,
        }
        if self.recorder.full:
            owners = (*self._owners, HEDGE, "holding")
            session["profit"] = {owner: ledger.profit_of(owner) for owner in owners}
            greeks = whole.greeks
            session["greeks"] = (greeks.delta, greeks.gamma, greeks.theta, greeks.vega)
            session["ratio"] = self.hedge.ratio if self.hedge else float("nan")
            session["held"] = self.hedge.held_ratio if self.hedge else float("nan")
            session["drawdown"] = context.drawdown
            session["facts"] = self.facts
            session["room"] = {name: layer.has_room(row) for name, layer in self.layers.items()}
            for position in ledger.positions.values():
                self.recorder.hold(row, position)
        self.recorder.sessions.append(session)


@dataclass(frozen=True)
class Simulated:
    """Both books after their last session; one book twice where there is no hedge, or only it was run.
    `program` is the first version's, of one or several `terms`."""

    program: Program
    inputs: Inputs
    hedged: BookRun
    unhedged: BookRun
    first: int
    last: int
    terms: tuple[Term, ...]

    def term_at(self, row: int) -> Term:
        """The term whose version decides on a row."""
        return next((term for term in reversed(self.terms) if term.first <= row), self.terms[0])

    def stretches(self) -> Iterator[tuple[int, int, Term]]:
        """Each term with its rows among those that were traded: from, and up to but not including."""
        for number, term in enumerate(self.terms):
            begin = self.first if number == 0 else term.first
            more = number + 1 < len(self.terms)
            end = self.terms[number + 1].first if more else self.last + 1
            yield begin, end, term

    def version_of(self, program: Program) -> str:
        """The names of a version's terms."""
        names = [term.version for term in self.terms if term.program is program]
        return ", ".join(dict.fromkeys(names))


def simulate(
    program: Program,
    inputs: Inputs,
    settings: Settings,
    first: int,
    last: int,
    *,
    on_step: Callable[[int, int], None] = lambda done, of: None,
    bulk: bool = True,
    both: bool = True,
    terms: Sequence[Term] = (),
) -> Simulated:
    """Run both books from the first row of the market; trade from row `first` to row `last`.

    `terms` are the versions that decide, one after another, the first one `program`'s; without them that
    one decides throughout. `bulk` is of `of_history`: how decisions are made, and nothing of what they are.
    Without `both` the book without its hedge is not run, and the other stands for it.
    """
    prices, terms = prices_of(program, inputs), tuple(terms) or (Term(program, 0),)

    def run(hedged: bool, full: bool) -> BookRun:
        succession = Succession(terms, bulk=bulk)
        return BookRun(
            program.ruleset,
            succession.decisions,
            prices,
            settings,
            hedged=hedged,
            full=full,
            succession=succession,
        )

    main = run(True, True)
    plain = all(term.ruleset.hedge is None for term in terms)
    other = main if plain or not both else run(False, False)
    for session in sessions_of(program, inputs, last):
        trading = session.row >= first
        main.session(session, trading)
        if other is not main:
            other.session(session, trading)
        if session.row % 64 == 0 or session.row == last:
            on_step(session.row + 1, last + 1)
    return Simulated(program, inputs, main, other, first, last, terms)


def prices_of(program: Program, inputs: Inputs) -> Prices:
    """The prices of a history's rows; both of its books look at the same."""
    dates = program.market.timeline.dates
    days = dates.astype("datetime64[D]").astype(np.int64)
    opening = None if inputs.opening is None else Marks(inputs.opening, days)
    return Prices(Marks(inputs.quotes, days), opening, Listing(inputs.quotes), dates)


def sessions_of(program: Program, inputs: Inputs, last: int) -> Iterator[Session]:
    """The sessions of a history, up to a row."""
    dates = program.market.timeline.dates
    days = dates.astype("datetime64[D]").astype(np.int64).tolist()
    rates = program.data.get(program.ruleset.cash_earns, [])
    assumed = [] if inputs.rates is None else inputs.rates.tolist()
    yields = {key: column.tolist() for key, column in inputs.dividend_yields.items()}
    yield Session(0, days[0])
    for row in range(1, last + 1):
        before = row - 1
        yield Session(
            row,
            days[row],
            days[row] - days[before],
            float(rates[before]) if rates else math.nan,
            assumed[before] if assumed else math.nan,
            {key: column[before] for key, column in yields.items()},
        )
