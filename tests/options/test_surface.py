"""The surface: no static arbitrage, its own index is the published one, and terms as they come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.options.arbitrage import calendar_gap, density
from alvh_rules.options.quotes import SPX_SKEW
from alvh_rules.options.skew import Skew, index_variance, most_eta, total_variance
from alvh_rules.options.surface import TERMS, Surface, term_structure

DISTANCES = np.linspace(-12.0, 12.0, 97)


def surface(skew: Skew, **levels: list[float]) -> Surface:
    count = len(next(iter(levels.values())))
    table = {
        TERMS[name]: np.array(levels.get(name, [np.nan] * count), dtype=float) for name in TERMS
    }
    structure, _ = term_structure(table)
    return Surface(structure, skew, np.full(count, skew.rho))


shapes = st.builds(
    lambda rho, share: Skew(rho, share * most_eta(rho, rho), lowest=rho, highest=rho),
    st.floats(-0.95, 0.95),
    st.floats(0.05, 1.0),
)


@given(shapes, st.floats(0.001, 2.0))
def test_no_shape_within_bounds_has_butterfly_arbitrage(skew: Skew, theta: float) -> None:
    k = DISTANCES * np.sqrt(theta)
    found = density(k, np.full(len(k), theta), np.full(len(k), skew.rho), skew.eta)
    assert found.min() >= -1e-12


@given(shapes, st.floats(0.001, 1.0), st.floats(1.0, 3.0))
def test_no_shape_within_bounds_has_calendar_arbitrage(skew, theta, growth) -> None:
    k = DISTANCES * np.sqrt(theta)
    early = total_variance(k, theta, np.full(len(k), skew.rho), skew.eta)
    late = total_variance(k, theta * growth, np.full(len(k), skew.rho), skew.eta)
    assert (late - early).min() >= -1e-12


def test_beyond_the_bounds_there_is_arbitrage_and_it_is_refused() -> None:
    rho, eta = -0.5, 3.5
    k = DISTANCES * 0.3
    assert density(k, np.full(len(k), 0.09), np.full(len(k), rho), eta).min() < 0
    with pytest.raises(ValueError, match="eta"):
        Skew(rho, eta)
    with pytest.raises(ValueError, match="rho"):
        Skew(-0.97, 0.5)


def test_the_bound_is_the_theorems() -> None:
    assert most_eta(-0.5, 0.2) == pytest.approx(2 / np.sqrt(1.5))
    assert most_eta(-0.2, 0.9) == pytest.approx(2 / np.sqrt(1.9))
    most = most_eta(-0.5, -0.5)
    Skew(-0.5, most, lowest=-0.5, highest=-0.5)
    with pytest.raises(ValueError, match="eta"):
        Skew(-0.5, most * 1.0001, lowest=-0.5, highest=-0.5)


@settings(max_examples=25)
@given(shapes, st.floats(4.0, 120.0), st.sampled_from([1.0, 9.0, 30.0, 93.0, 365.0]))
def test_the_surfaces_own_index_is_the_published_one(skew, level, days) -> None:
    total = np.array([(level / 100) ** 2 * days / 365])
    rho = np.array([skew.rho])
    theta = skew.at_the_money(total, rho)
    own = 100 * np.sqrt(index_variance(theta, rho, skew.eta) * 365 / days)
    assert own[0] == pytest.approx(level, rel=1e-3)
    # With calls much dearer than puts the log contract, which weighs falls, may be worth less.
    assert theta[0] < total[0] or skew.rho > 0


def test_the_index_is_the_static_replication_of_the_log_contract() -> None:
    """Independent of the integral that is used: strips of options, as VIX is published."""
    from alvh_rules.options import black_scholes

    theta, rho, eta = 0.2**2 * 30 / 365, -0.5, 1.05
    strikes = 100 * np.exp(np.linspace(-2.5, 2.0, 40_001))
    k = np.log(strikes / 100)
    ones = np.ones(len(k))
    w = total_variance(k, theta * ones, rho * ones, eta)
    points = 100 * np.sqrt(w * 365 / 30)
    right = np.where(k < 0, -1, 1).astype(np.int8)
    price = black_scholes.price(right, 100 * ones, strikes, points, 30 * ones, 0 * ones, 0 * ones)
    strip = 2 * np.trapezoid(price.price / strikes**2, strikes)
    mine = index_variance(np.array([theta]), np.array([rho]), eta)[0]
    assert mine == pytest.approx(strip, rel=1e-5)


def test_every_day_of_the_market_is_free_of_static_arbitrage(shared_data) -> None:
    import pandas

    frame = pandas.read_csv(shared_data / "market" / "daily.csv")
    levels = {term: frame[name].to_numpy(float) for name, term in TERMS.items()}
    structure, raised = term_structure(levels)
    assert raised.sum() == 0
    slopes = SPX_SKEW.slopes(frame["skew"].to_numpy(float))
    whole = Surface(structure, SPX_SKEW, slopes)
    rows = np.flatnonzero(~np.isnan(levels[30.0]))
    assert len(rows) > 9000
    before = np.zeros(len(rows))
    for days in (1.0, 9.0, 20.0, 30.0, 60.0, 93.0, 184.0, 365.0):
        theta = whole.at_the_money(rows, np.full(len(rows), days))
        assert np.isfinite(theta).all()
        assert (theta > before).all()
        for distance in (-6.0, -2.0, -0.5, 0.0, 0.5, 2.0, 4.0):
            k = distance * np.sqrt(theta)
            assert density(k, theta, slopes[rows], SPX_SKEW.eta).min() > 0
            assert calendar_gap(whole, rows, days, days + 1.0, k).min() > 0
        before = theta


def test_terms_are_interpolated_in_total_variance() -> None:
    skew = Skew(-0.5, 1.0)
    whole = surface(skew, vix9d=[12.0], vix=[16.0], vix3m=[18.0], vix6m=[20.0])
    row = np.zeros(1, dtype=np.int64)

    def total(days: float) -> float:
        return float(whole.term.total(row, np.array([days]))[0])

    def of(level: float, days: float) -> float:
        return (level / 100) ** 2 * days / 365

    assert total(30.0) == pytest.approx(of(16, 30))
    assert total(61.5) == pytest.approx((of(16, 30) + of(18, 93)) / 2)
    assert total(4.5) == pytest.approx(of(12, 4.5))
    daily = (of(20, 184) - of(18, 93)) / 91
    assert total(284.0) == pytest.approx(of(20, 184) + 100 * daily)


def test_terms_that_are_not_published_are_left_out() -> None:
    nan = np.nan
    whole = surface(
        Skew(-0.5, 1.0),
        vix9d=[nan, 12.0, nan, 12.0],
        vix=[16.0, 16.0, 16.0, nan],
        vix3m=[nan, nan, 18.0, 18.0],
        vix6m=[nan, nan, nan, nan],
    )
    rows = np.arange(4)
    flat = (0.16) ** 2 * 200 / 365
    total = whole.term.total(rows, np.full(4, 200.0))
    assert total[0] == pytest.approx(flat)
    # Nine days say nothing of half a year.
    assert total[1] == pytest.approx(flat)
    forward = (0.18**2 * 93 - 0.16**2 * 30) / 63 / 365
    assert total[2] == pytest.approx(0.18**2 * 93 / 365 + forward * 107)
    assert np.isnan(total[3])


def test_variance_that_would_shrink_is_held_and_said() -> None:
    table = {9.0: np.array([40.0]), 30.0: np.array([20.0]), 93.0: np.array([10.0])}
    structure, raised = term_structure(table)
    assert raised.all()
    assert (np.diff(structure.at[0]) >= 0).all()
    assert structure.at[0, 2] == pytest.approx(0.04 * 30 / 365)


def test_the_skew_index_moves_the_slope_within_bounds() -> None:
    skew = Skew(-0.5, 1.0, index=120.0, response=-0.01, lowest=-0.8, highest=-0.2)
    found = skew.slopes(np.array([120.0, 130.0, 200.0, 90.0, np.nan]))
    np.testing.assert_allclose(found, [-0.5, -0.6, -0.8, -0.2, -0.5])


def own_skew_index(rho: float, eta: float, level: float = 15.0) -> float:
    """100 - 10 × the skewness of the 30 days' log-return, from the surface's own density."""
    theta = (level / 100) ** 2 * 30 / 365
    k = np.linspace(-40, 40, 8001) * np.sqrt(theta)
    ones = np.ones(len(k))
    w = total_variance(k, theta * ones, rho * ones, eta)
    d2 = -k / np.sqrt(w) - np.sqrt(w) / 2
    chance = (
        density(k, theta * ones, rho * ones, eta) * np.exp(-0.5 * d2**2) / np.sqrt(2 * np.pi * w)
    )
    assert np.trapezoid(chance, k) == pytest.approx(1.0, abs=1e-4)

    def mean(values: np.ndarray) -> float:
        return float(np.trapezoid(values * chance, k))

    centred = k - mean(k)
    return 100 - 10 * mean(centred**3) / mean(centred**2) ** 1.5


def test_the_default_shapes_own_skew_index_is_the_published_one_at_its_median() -> None:
    skew = SPX_SKEW
    assert own_skew_index(skew.rho, skew.eta) == pytest.approx(skew.index, abs=1.0)
    # Two fifths of what the index moves are passed on.
    moved = own_skew_index(skew.rho + 10 * skew.response, skew.eta) - own_skew_index(
        skew.rho, skew.eta
    )
    assert moved == pytest.approx(4.0, abs=0.4)
