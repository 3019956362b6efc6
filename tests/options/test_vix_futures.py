"""VIX futures: settlements first, then the curve, then the model; what was final is kept apart."""

import numpy as np
import pytest

from alvh_rules.options.contracts import Contracts, Right, Source
from alvh_rules.options.quotes import MarketQuotes
from alvh_rules.options.vix_futures import log_variance, maturity_weights
from tests.options.markets import read, write_daily

FRONT, SECOND = "2018-01-17", "2018-02-14"


def futures(*expiries: str) -> Contracts:
    count = len(expiries)
    return Contracts(
        "vix",
        np.zeros(count, dtype=np.int8),
        np.full(count, np.nan),
        np.array(expiries, dtype="datetime64[D]"),
        np.ones(count, dtype=bool),
    )


def market(tmp_path, text: str = "", **columns) -> tuple[MarketQuotes, list[str]]:
    paths = [write_daily(tmp_path / "daily.csv", **columns)]
    if text:
        paths.append(tmp_path / "futures.csv")
        paths[1].write_text("date,expiry,settle\n" + text)
    data, codes = read(*paths)
    assert data is not None, codes
    return MarketQuotes(data.arrays), codes


def test_a_settlement_is_the_price_and_a_gap_stays_a_gap(tmp_path) -> None:
    held, _ = market(
        tmp_path, f"2018-01-02,{FRONT},11.5\n2018-01-04,{FRONT},11.7\n2018-01-02,{SECOND},12.5\n"
    )
    found = held.quote(futures(FRONT, SECOND, FRONT, FRONT), np.array([0, 0, 1, 2]))
    np.testing.assert_array_equal(found.mid, [11.5, 12.5, np.nan, 11.7])
    assert found.source.tolist() == [3, 3, Source.UNKNOWN, 3]
    np.testing.assert_array_equal(found.delta, [1, 1, np.nan, 1])
    assert found.vega[0] == 1.0
    assert held.multiplier("vix", Right.OUTRIGHT) == 1000.0
    assert (found.bid[0], found.ask[0]) == (11.45, 11.55)


def test_the_expiry_day_is_a_settlement_and_no_price(tmp_path) -> None:
    held, _ = market(tmp_path, f"2018-01-16,{FRONT},11.5\n2018-01-17,{FRONT},12.81\n")
    rows = np.array([10])
    assert str(held.arrays.dates[10]) == FRONT
    found = held.quote(futures(FRONT), rows)
    assert np.isnan(found.mid[0])
    assert found.source[0] == Source.UNKNOWN
    assert held.settlement(futures(FRONT), rows)[0] == 12.81
    assert np.isnan(held.arrays.futures.at(rows, futures(FRONT).expiry)[0][0])
    assert np.isnan(held.settlement(futures(FRONT), np.array([9]))[0])


def test_without_a_final_settlement_the_closes_around_it_stand_for_it(tmp_path) -> None:
    vix = np.full(40, 12.0)
    vix[9:11] = [13.0, 15.0]
    held, _ = market(tmp_path, f"2018-01-16,{FRONT},11.5\n2018-01-17,{FRONT},0\n", vix=vix)
    assert held.settlement(futures(FRONT), np.array([10]))[0] == 14.0


def test_months_of_a_curve_are_counted_from_the_nearest(tmp_path) -> None:
    held, _ = market(tmp_path, m1=11.0, m2=12.0)
    found = held.quote(futures(FRONT, SECOND, SECOND), np.array([0, 0, 10]))
    np.testing.assert_array_equal(found.mid, [11.0, 12.0, 11.0])
    assert (found.source == Source.COLUMN).all()


def test_a_model_future_is_the_forward_volatility_less_its_convexity(tmp_path) -> None:
    held, _ = market(tmp_path)
    found = held.quote(futures(FRONT), np.array([0]))
    assert found.source[0] == Source.MODEL
    days, (near, far) = 15.0, (0.12**2 * 30, 0.14**2 * 93)
    daily = (far - near) / 63
    between = (near + daily * (days + 30 - 30)) - near * days / 30
    variance = log_variance(np.array([90.0]), np.array([days]))[0]
    expected = 100 * np.sqrt(between / 30) * np.exp(-variance / 2)
    assert found.mid[0] == pytest.approx(expected, rel=1e-12)


def test_the_variance_of_vix_is_vvix_at_thirty_days_and_flattens() -> None:
    found = log_variance(np.full(4, 90.0), np.array([0.0, 30.0, 180.0, 3650.0]))
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.81 * 30 / 365)
    assert found[1] < found[2] < found[3] < found[1] * 4
    assert np.isnan(log_variance(np.array([90.0]), np.array([-1.0]))[0])


def test_options_on_vix_are_on_the_future_of_their_expiry(tmp_path) -> None:
    held, _ = market(tmp_path, f"2018-01-02,{FRONT},11.5\n2018-01-02,{SECOND},12.5\n")
    strikes = held.strikes("vix", 0, np.datetime64(SECOND), Right.CALL)
    assert {12.5, 20.0} <= set(strikes)
    legs = Contracts(
        "vix",
        np.array([1, -1], dtype=np.int8),
        np.array([12.5, 12.5]),
        np.array([SECOND, SECOND], dtype="datetime64[D]"),
        np.ones(2, dtype=bool),
    )
    found = held.quote(legs, np.zeros(2, dtype=np.int64))
    np.testing.assert_array_equal(found.forward, [12.5, 12.5])
    # At the money of its future a call and a put are worth the same.
    assert found.mid[0] == pytest.approx(found.mid[1], rel=1e-12)
    assert found.delta[0] > 0 > found.delta[1]
    gone = Contracts(
        "vix", legs.right[:1], np.array([12.5]), np.array(["2018-01-03"], "M8[D]"), legs.morning[:1]
    )
    assert np.isnan(held.quote(gone, np.array([5])).mid[0])


def test_weights_of_a_constant_maturity() -> None:
    days = np.array([10.0, 45.0, 73.0])
    np.testing.assert_allclose(maturity_weights(days, 30.0), [15 / 35, 20 / 35, 0])
    np.testing.assert_array_equal(maturity_weights(days, 45.0), [0, 1, 0])
    np.testing.assert_array_equal(maturity_weights(days, 5.0), [0, 0, 0])


@pytest.mark.parametrize(
    ("line", "code", "refused"),
    [
        (f"2018-01-03,{FRONT},0\n", "ALV840", False),
        (f"2018-01-03,{FRONT},-1\n", "ALV805", True),
        ("2018-01-03,20268-03-18,19\n", "ALV805", True),
        (f"2018-01-02,{FRONT},11\n", "ALV834", True),
        ("2018-01-03,2018-01-02,11\n", "ALV836", False),
        ("2018-01-03,2018-01-18,11\n", "ALV841", False),
    ],
)
def test_bad_settlements_are_named(tmp_path, line, code, refused) -> None:
    path = tmp_path / "futures.csv"
    path.write_text(f"date,expiry,settle\n2018-01-02,{FRONT},11.5\n{line}")
    data, codes = read(write_daily(tmp_path / "daily.csv"), path)
    assert code in codes
    assert (data is None) == refused


def test_dirty_files_are_refused_by_row_and_column(shared_data) -> None:
    from alvh_rules.options.trading_data import read_trading_data

    daily, dirty = shared_data / "market" / "daily.csv", shared_data / "dirty"
    for name, told in (
        ("vx_settlements_raw.csv", "`20268-03-18` is not a date"),
        ("vx_8_months_gaps_zeros.csv", "`0.0` is not a volatility above zero"),
    ):
        data, found = read_trading_data([daily, dirty / name])
        assert data is None
        error = next(item for item in found if item.is_error)
        assert told in error.message
        assert "row " in error.location
        assert "column " in error.location


def test_the_model_is_near_real_settlements(shared_data) -> None:
    from alvh_rules.options.vix_futures import model_futures

    folder = shared_data / "market"
    data, _ = read(folder / "daily.csv", folder / "vx_settlements.csv")
    futures_held, dates = data.arrays.futures, data.arrays.dates
    rows, places = np.nonzero(~np.isnan(futures_held.prices))
    days = (futures_held.expiries[places] - dates[rows]).astype(float)
    term = MarketQuotes(data.arrays).index.term
    error = model_futures(term, data.arrays.vvix, rows, days) - futures_held.prices[rows, places]
    near = days <= 60
    assert abs(np.nanmean(error[near])) < 0.3
    assert np.nanmean(np.abs(error[near])) < 0.8
    assert np.nanmean(np.abs(error[~near])) < 1.1
