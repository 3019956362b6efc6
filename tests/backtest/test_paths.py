"""Positions in arrays over sessions, against each session worked out alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.backtest.book import Book
from alvh_rules.backtest.fills import Costs
from alvh_rules.backtest.instruments import NEVER, Contract, day_number
from alvh_rules.backtest.ledger import Position, cents
from alvh_rules.backtest.marks import Marks
from alvh_rules.backtest.paths import MOST_SESSIONS, path_at
from alvh_rules.backtest.probability import probability_below, probability_of_profit
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest.strikes import nearest_beyond
from alvh_rules.backtest.trades import Recorder
from alvh_rules.options.contracts import Right
from tests.backtest.world import FlatQuotes, market_of, path, quotes_of, ruleset_of

ROWS = 80


def quotes(**options) -> FlatQuotes:
    ruleset = ruleset_of("hold spx shares\n  weight 10%\n")
    return quotes_of(market_of(ruleset, path(5, ROWS)), **options)


def contracts(found: FlatQuotes) -> dict[Contract, float]:
    """A short put, a long call, VIX futures, a VIX call and shares, that outlive the world."""
    last = day_number(found.dates[-1]) + 30
    spot = 5.0 * round(found.spx[0] / 5)
    return {
        Contract("spx", last, Right.PUT, spot, True): -2.0,
        Contract("spx", last, Right.CALL, spot + 50, True): 3.0,
        Contract("vix", last, Right.OUTRIGHT, 0.0, True): 2.0,
        Contract("vix", last, Right.CALL, 20.0, True): 5.0,
        Contract("spx", NEVER, Right.OUTRIGHT, 0.0, False): 7.0,
    }


def test_a_path_is_each_session_worked_out_alone() -> None:
    """Longer than one path, with sessions that have no quote, also the first of a path."""
    missing = frozenset({3, 4, 40, MOST_SESSIONS + 1, MOST_SESSIONS + 2})
    found = quotes(missing=missing)
    marks = Marks(found, found.dates.astype("datetime64[D]").astype(np.int64))
    book = Book(1_000_000.0, marks, Costs(Settings()), Recorder(True), frozenset({"vix"}))
    position = Position("a-0001", "a", "", 0)
    book.ledger.positions[position.name] = position
    held = contracts(found)
    for contract, count in held.items():
        book.ledger.trade(position, contract, marks.multiplier(contract), count, 10.0)
    last: dict[Contract, tuple] = {}
    for row in range(1, ROWS - 1):
        book.mark(row)
        value = futures = 0
        greeks = np.zeros(4)
        time_value, breached = 0.0, False
        for contract, count in held.items():
            mark = marks.at(contract, row)
            if np.isfinite(mark.mid):
                last[contract] = mark
            mark = last[contract]
            size = marks.multiplier(contract) * count
            worth = cents(mark.mid * marks.multiplier(contract) * count)
            assert position.legs[contract].value == worth
            assert position.legs[contract].mark == mark
            delta, gamma, theta, vega = mark[4:8]
            if contract.underlying == "vix":
                greeks += [0.0, 0.0, size * theta, size * delta]
            else:
                greeks += [size * delta, size * gamma, size * theta, size * vega]
            if contract.is_future:
                futures += worth
            else:
                value += worth
            if contract.is_option:
                time_value += size * (mark.mid - contract.payoff(mark.spot))
                breached |= count < 0 and contract.right * (mark.spot - contract.strike) > 0
        along, at = path_at(position, row)
        assert (position.value, along.futures[at]) == (value, futures)
        shown = along.greeks[at]
        assert [shown.delta, shown.gamma, shown.theta, shown.vega] == greeks.tolist()
        assert along.extrinsic[at] == abs(time_value)
        assert along.breached[at] == breached
    assert book.ledger.stale == len(missing) * len(held)


def test_a_path_that_is_not_there_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="a-0001 is not marked on row 3"):
        path_at(Position("a-0001", "a", "", 0), 3)


def test_expiries_priced_together_are_as_each_alone() -> None:
    found = quotes()
    listed = found.expiries("spx", 5, Right.PUT)
    together, alone = Listing(found), Listing(found)
    found.calls.clear()
    together.price(5, [("spx", listed, 0), ("spx", listed, 3), ("spx", listed, 3)])
    assert len(found.calls) == 1
    for at in (0, 3):
        both = [listing.slice("spx", 5, listed, at) for listing in (together, alone)]
        for right in (Right.PUT, Right.CALL):
            one, other = (part.of(right) for part in both)
            assert one.strikes.tolist() == other.strikes.tolist()
            assert one.quoted.mid.tolist() == other.quoted.mid.tolist()
            assert one.mark(2) == other.mark(2)
    # What was asked for together was not priced again.
    assert len(found.calls) == 3


GRIDS = st.lists(st.integers(1, 60), min_size=1, max_size=25, unique=True).map(
    lambda places: np.array(sorted(places)) * 5.0
)


@given(
    GRIDS,
    st.integers(1, 60),
    st.sampled_from([-1, 1]),
    st.sampled_from([(0.0, np.inf, 25.0), (10.0, 60.0, 35.0), (10.0, 60.0, 12.5), (5.0, 5.0, 5.0)]),
)
def test_a_wing_is_the_best_of_all_strikes(strikes, place, side, wanted) -> None:
    low, high, preferred = wanted
    base = place * 5.0
    widths = side * (strikes - base)
    inside = (widths > 0) & (widths >= low) & (widths <= high)
    misses = np.where(inside, np.abs(widths - preferred) / preferred, np.inf)
    best = int(np.argmin(misses))
    (found,) = nearest_beyond(strikes, np.array([base]), side, low, high, preferred, preferred)
    if np.isinf(misses[best]):
        assert np.isnan(found)
    else:
        assert found == strikes[best]


def test_a_probability_of_profit_is_the_sum_over_a_fine_grid() -> None:
    """A condor of unequal wings, its mirror, and a put: the mass of all prices that gain."""
    nodes = np.arange(60.0, 145.0, 5.0)
    below = probability_below(nodes, np.linspace(35.0, 20.0, len(nodes)), 100.0, 40.0)
    shapes = [
        ([80.0, 90.0, 110.0, 130.0], [1, -1, -1, 1], [-1, -1, 1, 1], 1.5),
        ([80.0, 90.0, 110.0, 130.0], [-1, 1, 1, -1], [-1, -1, 1, 1], -1.5),
        ([95.0, 95.0, 95.0, 95.0], [-1, 0, 0, 0], [-1, -1, 1, 1], 3.0),
    ]
    fine = np.linspace(nodes[0], nodes[-1], 2_000_001)
    mass = np.diff(np.interp(fine, nodes, below))
    middle = (fine[1:] + fine[:-1]) / 2
    for strikes, counts, rights, credit in shapes:

        def profit(price, terms=(strikes, counts, rights), credit=credit):
            legs = zip(*terms, strict=True)
            return credit + sum(n * np.maximum(r * (price - k), 0.0) for k, n, r in legs)

        points = np.array([[nodes[0], *sorted(strikes), nodes[-1]]])
        found = probability_of_profit(nodes, below, points, profit(points))
        inside = mass[profit(middle) > 0].sum()
        low, high = profit(nodes[0]) > 0, profit(nodes[-1]) > 0
        assert found[0] == pytest.approx(inside + low * below[0] + high * (1 - below[-1]), abs=1e-6)
