"""Option functions: against QuantLib, py_vollib and lets_be_rational, at their edges, by identity."""

import itertools
import math
import warnings

import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.builtins.kernels import black, options
from alvh_rules.evaluate.interpreter import FUNCTIONS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import lets_be_rational
    from py_vollib.black_scholes_merton import black_scholes_merton
    from py_vollib.black_scholes_merton.greeks import analytical
    from py_vollib.black_scholes_merton.implied_volatility import implied_volatility

SPOT = 100.0
STRIKES = (1.0, 20.0, 50.0, 80.0, 95.0, 99.9, 100.0, 100.1, 105.0, 120.0, 200.0, 500.0, 1e4)
VOLATILITIES = (0.5, 5.0, 20.0, 80.0, 300.0)
DAYS = (0.01, 1.0, 7.0, 30.0, 365.0, 3650.0)
RATES = (-1.0, 0.0, 5.0, 15.0)
YIELDS = (0.0, 2.0, 8.0)
MODEL = ("option_price", "delta", "gamma", "theta", "vega")
RIGHTS = pytest.mark.parametrize("right", ["call", "put"])


def grid() -> tuple[np.ndarray, ...]:
    """Spot, strike, volatility, days, rate and yield of every combination."""
    rows = np.array(list(itertools.product(STRIKES, VOLATILITIES, DAYS, RATES, YIELDS)))
    return np.full(len(rows), SPOT), *rows.T


def quantlib(right, spot, strike, volatility, days, rate, paid) -> dict[str, float]:
    years = days / 365
    kind = QuantLib.Option.Call if right == "call" else QuantLib.Option.Put
    forward = spot * math.exp((rate - paid) / 100 * years)
    found = QuantLib.BlackCalculator(
        QuantLib.PlainVanillaPayoff(kind, strike),
        forward,
        volatility / 100 * math.sqrt(years),
        math.exp(-rate / 100 * years),
    )
    return {
        "option_price": found.value(),
        "delta": found.delta(spot),
        "gamma": found.gamma(spot),
        "theta": found.theta(spot, years) / 365,
        "vega": found.vega(years) / 100,
    }


def one(name: str, *values):
    """A kernel on one row."""
    arrays = [value if isinstance(value, str) else np.array([value]) for value in values]
    return getattr(options, name)(*arrays)[0]


@RIGHTS
def test_prices_and_greeks_agree_with_quantlib_over_extremes(right) -> None:
    columns = grid()
    ours = {name: getattr(options, name)(right, *columns) for name in MODEL}
    theirs = [quantlib(right, *row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    for name in MODEL:
        expected = [row[name] for row in theirs]
        np.testing.assert_allclose(ours[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


@RIGHTS
def test_quantlibs_engine_agrees_too(right) -> None:
    """The whole engine, with its dates and curves: 30 and 365 days from a day, Actual/365."""
    today = QuantLib.Date(2, 1, 2024)
    QuantLib.Settings.instance().evaluationDate = today
    count = QuantLib.Actual365Fixed()

    def curve(percent):
        return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, percent / 100, count))

    for strike, volatility, days in itertools.product((80.0, 100.0, 130.0), (8.0, 45.0), (30, 365)):
        flat = QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), volatility / 100, count)
        process = QuantLib.BlackScholesMertonProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(SPOT)),
            curve(1.5),
            curve(4.0),
            QuantLib.BlackVolTermStructureHandle(flat),
        )
        kind = QuantLib.Option.Call if right == "call" else QuantLib.Option.Put
        option = QuantLib.VanillaOption(
            QuantLib.PlainVanillaPayoff(kind, strike), QuantLib.EuropeanExercise(today + days)
        )
        option.setPricingEngine(QuantLib.AnalyticEuropeanEngine(process))
        values = (right, SPOT, strike, volatility, float(days), 4.0, 1.5)
        assert one("option_price", *values) == pytest.approx(option.NPV(), abs=1e-10)
        assert one("delta", *values) == pytest.approx(option.delta(), abs=1e-10)
        assert one("gamma", *values) == pytest.approx(option.gamma(), abs=1e-10)
        assert one("theta", *values) == pytest.approx(option.theta() / 365, abs=1e-10)
        assert one("vega", *values) == pytest.approx(option.vega() / 100, abs=1e-10)


@RIGHTS
def test_py_vollib_agrees(right) -> None:
    flag = right[0]
    for strike, volatility, days in itertools.product((60.0, 100.0, 150.0), (10.0, 60.0), (7, 400)):
        values = (right, SPOT, strike, volatility, float(days), 3.0, 1.0)
        theirs = (flag, SPOT, strike, days / 365, 0.03, volatility / 100, 0.01)
        price = black_scholes_merton(*theirs)
        assert one("option_price", *values) == pytest.approx(price, abs=1e-11)
        for name in ("delta", "gamma", "theta", "vega"):
            expected = getattr(analytical, name)(*theirs)
            assert one(name, *values) == pytest.approx(expected, abs=1e-9), name
        # Deep in the money a price in doubles does not tell eight digits of its volatility.
        if one("vega", *values) > 1e-3:
            back = implied_volatility(price, SPOT, strike, days / 365, 0.03, 0.01, flag)
            found = one("implied_volatility", right, price, SPOT, strike, float(days), 3.0, 1.0)
            assert found == pytest.approx(100 * back, abs=1e-8)


def test_values_out_of_the_money_keep_their_digits() -> None:
    x = -np.concatenate([[0.0], np.geomspace(1e-3, 20, 60)])
    s = np.geomspace(1e-3, 15, 60)
    moneyness, deviation = (axis.ravel() for axis in np.meshgrid(x, s))
    expected = np.array(
        [
            lets_be_rational.normalised_black_call(a, b)
            for a, b in zip(moneyness.tolist(), deviation.tolist(), strict=True)
        ]
    )
    told = expected > 1e-290
    with np.errstate(all="ignore"):
        ours = black.value(moneyness, deviation)
    np.testing.assert_allclose(ours[told], expected[told], rtol=1e-10)


def test_the_inverse_returns_every_deviation_that_a_value_can_tell(monkeypatch) -> None:
    """b from 1e-300 to its greatest value less 1e-13 of it; bounded steps; no row left."""
    taken = []
    steps = black._newton

    def counted(*arguments):
        taken.append(len(arguments[0]))
        return steps(*arguments)

    monkeypatch.setattr(black, "_newton", counted)
    x = -np.concatenate([[0.0], np.geomspace(1e-5, 20, 100)])
    s = np.geomspace(1e-5, 15, 150)
    moneyness, deviation = (axis.ravel() for axis in np.meshgrid(x, s))
    with np.errstate(all="ignore"):
        b, missed = black.value(moneyness, deviation), black.complement(moneyness, deviation)
        told = (b > 1e-300) & (missed > 1e-13 * np.exp(moneyness / 2))
        found = black.deviation(moneyness[told], b[told], missed[told])
    assert told.sum() > 10_000
    np.testing.assert_allclose(found, deviation[told], rtol=1e-9)
    assert len(taken) < black.MOST_STEPS
    assert sum(taken) < 8 * told.sum()


@RIGHTS
def test_implied_volatility_returns_the_volatility_where_the_price_tells_it(right) -> None:
    """It does where the price moves by more than its rounding for 1e-8 points of volatility."""
    spot, strike, volatility, days, rate, paid = grid()
    price = options.option_price(right, spot, strike, volatility, days, rate, paid)
    vega = options.vega(right, spot, strike, volatility, days, rate, paid)
    rounding = 4 * np.finfo(float).eps * np.maximum(price, np.maximum(spot, strike))
    told = vega * 1e-8 > rounding
    found = options.implied_volatility(right, price, spot, strike, days, rate, paid)
    assert told.sum() > 1500
    np.testing.assert_allclose(found[told], volatility[told], atol=1e-8)
    # Elsewhere it is unknown, or the volatility of a price that cannot be told from the given one.
    rest = ~told & np.isfinite(found)
    again = options.option_price(
        right, spot[rest], strike[rest], found[rest], days[rest], rate[rest], paid[rest]
    )
    assert (np.abs(again - price[rest]) <= 2 * rounding[rest]).all()


@RIGHTS
def test_implied_volatility_agrees_with_quantlibs(right) -> None:
    kind = QuantLib.Option.Call if right == "call" else QuantLib.Option.Put
    compared = 0
    for strike, volatility, days in itertools.product(
        (50.0, 90.0, 100.0, 140.0), (8, 30, 120), DAYS
    ):
        years, growth = days / 365, math.exp(0.03 * days / 365)
        price = one("option_price", right, SPOT, strike, float(volatility), days, 4.0, 1.0)
        vega = one("vega", right, SPOT, strike, float(volatility), days, 4.0, 1.0)
        if vega < 1e-4:
            continue
        deviation = QuantLib.blackFormulaImpliedStdDev(
            kind, strike, SPOT * growth, price, math.exp(-0.04 * years), 0.0,
            volatility / 100 * math.sqrt(years) * 1.2, 1e-14, 1000,
        )  # fmt: skip
        found = one("implied_volatility", right, price, SPOT, strike, days, 4.0, 1.0)
        assert found == pytest.approx(100 * deviation / math.sqrt(years), abs=1e-8)
        compared += 1
    assert compared > 30


@RIGHTS
def test_no_days_and_no_volatility_are_the_limit(right) -> None:
    sign = 1.0 if right == "call" else -1.0
    for strike in (80.0, 130.0):
        inside = sign * (SPOT - strike) > 0
        expired = (right, SPOT, strike, 20.0, 0.0, 4.0, 1.0)
        assert one("option_price", *expired) == max(sign * (SPOT - strike), 0.0)
        assert one("delta", *expired) == (sign if inside else 0.0)
        assert one("gamma", *expired) == 0.0
        assert one("vega", *expired) == 0.0
        carry = sign * (0.01 * SPOT - 0.04 * strike) / 365 if inside else 0.0
        assert one("theta", *expired) == pytest.approx(carry, abs=1e-15)
        still = (right, SPOT, strike, 0.0, 365.0, 4.0, 1.0)
        forward = max(sign * (SPOT * math.exp(-0.01) - strike * math.exp(-0.04)), 0.0)
        assert one("option_price", *still) == pytest.approx(forward, abs=1e-13)
        near = (right, SPOT, strike, 1e-4, 365.0, 4.0, 1.0)
        for name in MODEL:
            assert one(name, *still) == pytest.approx(one(name, *near), abs=1e-9), name
    # At the money a kink remains: half a delta, and no finite gamma.
    edge = (right, SPOT, SPOT, 20.0, 0.0, 0.0, 0.0)
    assert one("option_price", *edge) == 0.0
    assert one("delta", *edge) == sign * 0.5
    assert np.isnan(one("gamma", *edge))
    assert np.isnan(one("theta", *edge))


@RIGHTS
@pytest.mark.parametrize("name", MODEL)
def test_what_is_no_market_is_unknown(right, name) -> None:
    good = [SPOT, 95.0, 20.0, 30.0, 4.0, 1.0]
    assert np.isfinite(one(name, right, *good))
    for at, bad in [(0, 0.0), (0, -1.0), (1, 0.0), (1, -5.0), (2, -1.0), (3, -1.0), (3, -0.01)]:
        values = list(good)
        values[at] = bad
        assert np.isnan(one(name, right, *values)), (at, bad)
    for at in range(6):
        values = list(good)
        values[at] = math.nan
        assert np.isnan(one(name, right, *values)), at


@RIGHTS
def test_a_premium_outside_of_its_bounds_has_no_volatility(right) -> None:
    def implied(premium, strike, days=30.0):
        return one("implied_volatility", right, premium, SPOT, strike, days, 4.0, 1.0)

    years = 30 / 365
    asset, cash = SPOT * math.exp(-0.01 * years), 90 * math.exp(-0.04 * years)
    least = max(asset - cash if right == "call" else cash - asset, 0.0)
    most = asset if right == "call" else cash
    for premium in (least, least - 1e-9, -1.0, most, most + 1e-9, math.nan):
        assert np.isnan(implied(premium, 90.0)), premium
    assert implied(least + 1e-6, 90.0) > 0
    assert implied(most - 1e-6, 90.0) > 300
    deep = 90.0 if right == "call" else 110.0
    inside = abs(asset - deep * math.exp(-0.04 * years))
    assert np.isnan(implied(inside + 5e-11, deep))
    assert implied(inside + 5e-9, deep) > 0
    # Out of the money there is no rounding, and the smallest premium says something.
    assert implied(1e-200, 200.0 - deep) > 0
    assert np.isnan(implied(least + 1.0, 90.0, 0.0))
    assert np.isnan(implied(least + 1.0, 90.0, -1.0))


def test_a_future_with_the_yield_equal_to_the_rate_is_blacks_formula() -> None:
    """Black (1976) by hand: e^(-rT) (F N(d1) - K N(d2)), a VIX call at 90 points of volatility."""
    future, strike, years = 18.0, 20.0, 30 / 365
    s = 0.9 * math.sqrt(years)
    d1 = math.log(future / strike) / s + s / 2
    n1, n2 = (0.5 * math.erfc(-d / math.sqrt(2)) for d in (d1, d1 - s))
    expected = math.exp(-0.05 * years) * (future * n1 - strike * n2)
    found = one("option_price", "call", future, strike, 90.0, 30.0, 5.0, 5.0)
    assert found == pytest.approx(expected, rel=1e-12)


MARKET = {
    "spot": st.floats(50, 200),
    "strike": st.floats(50, 200),
    "volatility": st.floats(5, 150),
    "days": st.floats(1, 700),
    "rate": st.floats(-2, 12),
    "paid": st.floats(-2, 12),
}


@given(**MARKET)
def test_calls_and_puts_are_at_parity(spot, strike, volatility, days, rate, paid) -> None:
    model = (spot, strike, volatility, days, rate, paid)
    call, put = (one("option_price", right, *model) for right in ("call", "put"))
    gap = one("parity_gap", call, put, spot, strike, days, rate, paid)
    assert abs(gap) < 1e-11 * (spot + strike)
    skewed = one("parity_gap", call + 0.5, put, spot, strike, days, rate, paid)
    assert skewed == pytest.approx(0.5, abs=1e-9)


@given(right=st.sampled_from(["call", "put"]), **MARKET)
def test_greeks_are_the_slopes_of_the_price(
    right, spot, strike, volatility, days, rate, paid
) -> None:
    def price(spot=spot, volatility=volatility, days=days):
        return one("option_price", right, spot, strike, volatility, days, rate, paid)

    model = (right, spot, strike, volatility, days, rate, paid)
    h = spot * 1e-4
    s = volatility / 100 * math.sqrt(days / 365)
    close = {"rel": 1e-4, "abs": 1e-5 * spot * (1 + 1 / s)}
    slope = (price(spot=spot + h) - price(spot=spot - h)) / (2 * h)
    assert one("delta", *model) == pytest.approx(slope, abs=1e-6 / s**2)
    slope = (price(volatility=volatility + 1e-3) - price(volatility=volatility - 1e-3)) / 2e-3
    assert one("vega", *model) == pytest.approx(slope, **close)
    slope = -(price(days=days + 1e-3) - price(days=days - 1e-3)) / 2e-3
    assert one("theta", *model) == pytest.approx(slope, **close)


@given(right=st.sampled_from(["call", "put"]), **MARKET)
def test_kernels_agree_with_the_interpreters_definitions(
    right, spot, strike, volatility, days, rate, paid
) -> None:
    model = (right, spot, strike, volatility, days, rate, paid)
    for name in MODEL:
        assert one(name, *model) == pytest.approx(FUNCTIONS[name](*model), rel=1e-9, abs=1e-10)
    chance = (spot, strike, strike * 1.1, volatility, days, rate, paid)
    expected = FUNCTIONS["probability_of_profit"](*chance)
    assert one("probability_of_profit", *chance) == pytest.approx(expected, abs=1e-13)
    price = one("option_price", *model)
    if one("vega", *model) > 1e-3:
        quoted = (right, price, spot, strike, days, rate, paid)
        expected = FUNCTIONS["implied_volatility"](*quoted)
        assert one("implied_volatility", *quoted) == pytest.approx(expected, abs=1e-8)


def test_the_chance_of_profit_is_that_of_the_lognormal_law() -> None:
    """Simulated: two million ends of the spot, to four standard errors."""
    spot, lower, upper, volatility, days, rate, paid = 100.0, 92.0, 107.0, 22.0, 45.0, 4.0, 1.0
    s = volatility / 100 * math.sqrt(days / 365)
    normals = np.random.default_rng(3).standard_normal(2_000_000)
    ends = spot * np.exp((rate - paid) / 100 * days / 365 - s * s / 2 + s * normals)
    for low, high in [(lower, upper), (0.0, upper), (0.0, lower), (110.0, 130.0)]:
        share = ((ends > low) & (ends < high)).mean()
        found = one("probability_of_profit", spot, low, high, volatility, days, rate, paid)
        assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 2e6))


def test_the_edges_of_the_chance_of_profit() -> None:
    def chance(lower, upper, spot=100.0, volatility=20.0, days=30.0):
        return one("probability_of_profit", spot, lower, upper, volatility, days, 0.0, 0.0)

    assert chance(90.0, 110.0, days=0.0) == 1.0
    assert chance(90.0, 110.0, volatility=0.0) == 1.0
    assert chance(101.0, 110.0, days=0.0) == 0.0
    assert chance(100.0, 110.0, days=0.0) == 0.0
    assert chance(90.0, 100.0, days=0.0) == 0.0
    assert chance(100.0, 100.0, days=0.0) == 0.0
    assert chance(95.0, 95.0) == 0.0
    assert chance(0.0, 1e9) == 1.0
    tail = chance(300.0, 400.0, volatility=20.0)
    assert 0 < tail < 1e-60
    for lower, upper in [(110.0, 90.0), (-1.0, 90.0), (math.nan, 90.0), (90.0, math.nan)]:
        assert np.isnan(chance(lower, upper)), (lower, upper)
    for change in ({"days": -1.0}, {"volatility": -1.0}, {"spot": 0.0}, {"days": math.nan}):
        assert np.isnan(chance(0.0, 110.0, **change)), change


def test_extrinsic_and_breakeven_by_hand() -> None:
    assert one("extrinsic", "call", 7.0, 105.0, 100.0) == 2.0
    assert one("extrinsic", "put", 7.0, 105.0, 100.0) == 7.0
    assert one("extrinsic", "put", 7.0, 92.0, 100.0) == -1.0
    assert np.isnan(one("extrinsic", "put", 7.0, 0.0, 100.0))
    assert one("breakeven", "call", 4800.0, 25.5) == 4825.5
    assert one("breakeven", "put", 4800.0, 25.5) == 4774.5
