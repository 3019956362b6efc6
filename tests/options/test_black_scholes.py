"""Puts and calls in one array: against QuantLib over a grid of extremes, and back by inversion."""

import numpy as np
import pytest

from alvh_rules.options import black_scholes
from tests.builtins.test_options import grid, quantlib

NAMES = {"price": "option_price", **{name: name for name in ("delta", "gamma", "theta", "vega")}}


@pytest.fixture(scope="module")
def both():
    """The grid twice over: every row a put and a call, in turn."""
    columns = [np.repeat(column, 2) for column in grid()]
    right = np.tile(np.array([-1, 1], dtype=np.int8), len(columns[0]) // 2)
    return right, columns


def test_prices_and_greeks_agree_with_quantlib(both) -> None:
    right, (spot, strike, volatility, days, rate, paid) = both
    ours = black_scholes.price(right, spot, strike, volatility, days, rate, paid)
    rows = zip(
        np.where(right > 0, "call", "put").tolist(),
        *(column.tolist() for column in (spot, strike, volatility, days, rate, paid)),
        strict=True,
    )
    theirs = [quantlib(*row) for row in rows]
    for mine, name in NAMES.items():
        expected = [row[name] for row in theirs]
        np.testing.assert_allclose(
            getattr(ours, mine), expected, rtol=1e-8, atol=1e-8, err_msg=name
        )


def test_volatility_comes_back_where_the_premium_tells_it(both) -> None:
    right, (spot, strike, volatility, days, rate, paid) = both
    ours = black_scholes.price(right, spot, strike, volatility, days, rate, paid)
    back = black_scholes.implied_volatility(right, ours.price, spot, strike, days, rate, paid)
    # A premium moves by vega: where that is below its rounding nothing can be told.
    tells = ours.vega * volatility > 1e-6 * np.maximum(ours.price, 1e-3)
    assert tells.sum() > 1000
    np.testing.assert_allclose(back[tells], volatility[tells], rtol=1e-8)


def test_black_76_is_the_case_of_a_yield_equal_to_the_rate() -> None:
    import QuantLib

    right = np.array([1, -1], dtype=np.int8)
    ones = np.ones(2)
    ours = black_scholes.price(
        right, 15 * ones, 20 * ones, 90 * ones, 45 * ones, 5 * ones, 5 * ones
    )
    deviation, discount = 0.9 * np.sqrt(45 / 365), np.exp(-0.05 * 45 / 365)
    for place, kind in enumerate((QuantLib.Option.Call, QuantLib.Option.Put)):
        expected = QuantLib.blackFormula(kind, 20.0, 15.0, deviation, discount)
        assert ours.price[place] == pytest.approx(expected, abs=1e-10)


def test_no_time_left_is_the_payoff_and_what_means_nothing_is_unknown() -> None:
    right = np.array([1, -1, 1, 1, 0], dtype=np.int8)
    spot = np.array([110.0, 110.0, 100.0, -1.0, 100.0])
    hundred, zero = np.full(5, 100.0), np.zeros(5)
    ours = black_scholes.price(right, spot, hundred, zero, zero, zero, zero)
    np.testing.assert_array_equal(ours.price, [10.0, 0.0, 0.0, np.nan, np.nan])
    np.testing.assert_array_equal(ours.delta[:2], [1.0, 0.0])
    np.testing.assert_array_equal(ours.gamma[:2], [0.0, 0.0])
