"""The exact payoff: against the sum of legs at any price, and against figures worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.backtest.instruments import NEVER, Contract, Leg
from alvh_rules.backtest.payoff import FUTURES_MARGIN, margin, profile
from alvh_rules.options.contracts import Right


def put(strike: float, count: float, expiry: int = 100) -> Leg:
    return Leg(Contract("spx", expiry, Right.PUT, strike, False), count)


def call(strike: float, count: float, expiry: int = 100) -> Leg:
    return Leg(Contract("spx", expiry, Right.CALL, strike, False), count)


def hundred(contract: Contract) -> float:
    return 1.0 if contract.expiry == NEVER else 100.0


def test_a_condor_with_unequal_wings_loses_the_wider_one() -> None:
    legs = [put(2600, 1), put(2650, -1), call(2800, -1), call(2825, 1)]
    whole = profile(legs, hundred)
    assert whole.slope == 0
    assert whole.max_loss(700.0) == 5_000 - 700
    assert whole.max_profit(700.0) == 700
    assert whole.breakevens(700.0) == (2643.0, 2807.0)
    assert margin(legs, hundred, lambda _: math.nan, 2700.0) == 5_000


def test_an_inner_wing_narrower_than_the_credit_cannot_lose_there() -> None:
    whole = profile([put(2640, 1), put(2650, -1)], hundred)
    assert whole.max_loss(1_200.0) == -200.0
    assert whole.breakevens(1_200.0) == ()


def test_a_put_is_secured_by_its_strike() -> None:
    assert margin([put(2650, -2)], hundred, lambda _: 30.0, 2700.0) == 530_000
    assert profile([put(2650, -2)], hundred).max_loss(6_000.0) == 524_000


def test_a_short_call_has_no_bound_and_is_margined_by_rule() -> None:
    legs = [call(2800, -1)]
    assert profile(legs, hundred).max_loss(900.0) == math.inf
    # 20% of 2,700 less 100 out of the money, and the premium of 9.
    assert margin(legs, hundred, lambda _: 9.0, 2700.0) == pytest.approx(100 * (9 + 540 - 100))
    far = [call(3200, -1)]
    assert margin(far, hundred, lambda _: 0.5, 2700.0) == pytest.approx(100 * (0.5 + 270))


def test_shares_cover_a_call() -> None:
    shares = Leg(Contract("spx", NEVER, Right.OUTRIGHT, 0.0, False), 100)
    assert margin([shares, call(2800, -1)], hundred, lambda _: 9.0, 2700.0) == 0.0
    assert profile([shares, call(2800, -1)], hundred).max_profit(-260_000.0) == 20_000


def test_a_calendar_counts_its_far_leg_at_intrinsic() -> None:
    bought = [call(20, -1, 100), call(20, 1, 130)]
    assert margin(bought, hundred, lambda _: 2.0, 20.0) == 0.0
    sold = [call(20, 1, 100), call(22, -1, 130)]
    assert margin(sold, hundred, lambda _: 2.0, 20.0) == 0.0


def test_a_future_needs_a_share_of_its_value() -> None:
    leg = Leg(Contract("vix", 100, Right.OUTRIGHT, 0.0, True), -3)
    assert margin([leg], lambda _: 1000.0, lambda _: 15.0, 15.0) == pytest.approx(
        FUTURES_MARGIN * 45_000
    )


LEGS = st.lists(
    st.builds(
        lambda right, strike, count: Leg(Contract("spx", 100, right, strike, False), count),
        st.sampled_from([Right.PUT, Right.CALL]),
        st.integers(1, 60).map(lambda step: 5.0 * step),
        st.integers(-3, 3).filter(bool).map(float),
    ),
    min_size=1,
    max_size=6,
)


@given(LEGS, st.floats(0, 500), st.floats(-5_000, 5_000))
def test_no_price_pays_less_or_more_than_the_profile_says(legs, price, cash) -> None:
    whole = profile(legs, hundred)
    direct = sum(leg.count * 100 * leg.contract.payoff(price) for leg in legs)
    assert whole.at(price) == pytest.approx(direct, abs=1e-6)
    assert whole.least - 1e-6 <= direct <= whole.most + 1e-6
    if math.isfinite(whole.max_loss(cash)):
        assert -direct - cash <= whole.max_loss(cash) + 1e-6
    for even in whole.breakevens(cash):
        assert whole.at(even) + cash == pytest.approx(0.0, abs=1e-5)


@given(LEGS)
def test_margin_is_never_less_than_a_bounded_loss(legs) -> None:
    whole = profile(legs, hundred)
    needed = margin(legs, hundred, lambda _: 1.0, 150.0)
    assert needed >= 0
    if math.isfinite(whole.least):
        assert needed == max(-whole.least, 0.0)
