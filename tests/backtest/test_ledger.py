"""The ledger: cents, average cost, and futures that settle daily."""

import math

from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.backtest.instruments import Contract
from alvh_rules.backtest.ledger import Ledger, Position
from alvh_rules.backtest.marks import NO_MARK
from alvh_rules.options.contracts import Right

CALL = Contract("spx", 100, Right.CALL, 2700.0, False)
FUTURE = Contract("vix", 100, Right.OUTRIGHT, 0.0, True)


def held(contract: Contract) -> tuple[Ledger, Position]:
    ledger = Ledger(1_000.0)
    position = Position("a-0001", "a", "", 0)
    ledger.positions[position.name] = position
    return ledger, position


def mark(ledger: Ledger, position: Position, price: float) -> None:
    for leg in position.legs.values():
        ledger.mark(leg, position, NO_MARK._replace(mid=price))


PRICES = st.integers(0, 5_000).map(lambda ticks: ticks * 0.05)
TRADES = st.lists(
    st.tuples(st.integers(-4, 4).filter(bool), PRICES, PRICES), min_size=1, max_size=8
)


@given(TRADES, st.sampled_from([CALL, FUTURE]))
def test_what_is_realised_and_what_is_not_are_the_whole_profit(trades, contract) -> None:
    """By average cost: the sum of realised profits and the open value less its cost is cash and value
    less what was begun with, whatever the order of buying, selling and turning short."""
    multiplier = 1000.0 if contract is FUTURE else 100.0
    ledger, position = held(contract)
    realised = 0
    for count, price, close in trades:
        realised += ledger.trade(position, contract, multiplier, float(count), price)[1]
        mark(ledger, position, close)
    leg = position.legs[contract]
    assert ledger.equity - 100_000 == realised + leg.value - leg.cost
    assert position.profit == realised + leg.value - leg.cost
    assert leg.count == sum(count for count, _, _ in trades)
    if leg.count == 0:
        assert leg.cost == 0


@given(TRADES)
def test_a_future_has_no_market_value(trades) -> None:
    ledger, position = held(FUTURE)
    for count, price, close in trades:
        ledger.trade(position, FUTURE, 1000.0, float(count), price)
        mark(ledger, position, close)
        assert position.value == 0
        assert ledger.equity == ledger.cash


def test_a_leg_without_a_quote_keeps_its_value_and_is_counted() -> None:
    ledger, position = held(CALL)
    ledger.trade(position, CALL, 100.0, 2.0, 5.0)
    mark(ledger, position, 6.0)
    mark(ledger, position, math.nan)
    assert position.value == 120_000
    assert ledger.stale == 1


def test_halves_of_cents_go_to_the_even_one() -> None:
    ledger, position = held(CALL)
    # Prices that binary fractions hold exactly: 10,312.5 and 10,937.5 cents.
    assert ledger.trade(position, CALL, 100.0, 1.0, 1.03125)[0] == -10_312
    assert ledger.trade(position, CALL, 100.0, 1.0, 1.09375)[0] == -10_938


def test_settlement_takes_the_payoff_once() -> None:
    ledger, position = held(CALL)
    ledger.trade(position, CALL, 100.0, -1.0, 12.0)
    mark(ledger, position, 30.0)
    cash, profit = ledger.settle(position, CALL, 2740.0)
    assert (cash, profit) == (-400_000, -280_000)
    assert ledger.drop_empty(position)
    assert ledger.equity == 100_000 - 280_000
    assert ledger.profit_of("a") == -280_000
