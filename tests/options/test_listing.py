"""Expiries and strikes as they were listed on days that are known."""

import numpy as np
import pytest

from alvh_rules.options.contracts import Right
from alvh_rules.options.listing import listed, strikes


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


def series(underlying: str, on: str, right: Right = Right.PUT) -> list[tuple[str, bool]]:
    found = listed(underlying, right).on(day(on))
    return [(str(date), bool(am)) for date, am in zip(found.date, found.morning, strict=True)]


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        ("2018-01", "2018-01-19"),
        # Good Friday: the Thursday before.
        ("2014-04", "2014-04-17"),
        ("2019-04", "2019-04-18"),
        ("2003-04", "2003-04-17"),
        # Juneteenth did not close the exchange in 2020, and does since 2022.
        ("2020-06", "2020-06-19"),
    ],
)
def test_a_monthly_expires_on_the_third_friday_or_the_thursday_before(month, expected) -> None:
    table = listed("spx", Right.CALL)
    dates = table.date[table.monthly]
    assert [str(date) for date in dates[dates.astype("datetime64[M]") == np.datetime64(month)]] == [
        expected
    ]


def test_monthlies_settle_am_and_the_same_fridays_weeklies_pm() -> None:
    assert ("2018-01-19", True) in series("SPX", "2018-01-02")
    assert ("2018-01-19", False) in series("SPX", "2018-01-02")
    assert ("2011-09-16", False) not in series("SPX", "2011-09-01")


def test_before_weeklies_there_are_three_months_and_three_of_the_march_cycle() -> None:
    assert [date for date, _ in series("SPX", "1995-01-03")] == [
        "1995-01-20",
        "1995-02-17",
        "1995-03-17",
        "1995-06-16",
        "1995-09-15",
        "1995-12-15",
    ]
    # On the day after an expiry the next month is there.
    assert "1995-04-21" in [date for date, _ in series("SPX", "1995-01-23")]


@pytest.mark.parametrize(
    ("on", "expiry", "is_there"),
    [
        ("2010-11-29", "2010-12-03", True),
        ("2015-12-01", "2015-12-09", False),  # a Wednesday, before Wednesdays
        ("2016-02-23", "2016-03-02", True),
        ("2016-02-23", "2016-03-09", True),
        ("2016-08-12", "2016-08-22", False),  # a Monday, before Mondays
        ("2016-08-19", "2016-09-06", True),  # Labor Day: Monday's weekly expires on Tuesday
        ("2022-04-14", "2022-04-26", False),
        ("2022-04-18", "2022-04-26", True),
        ("2022-05-11", "2022-05-12", True),
        ("2018-01-02", "2018-01-31", True),
        ("2014-06-02", "2014-07-31", False),  # an end of month before they were listed
    ],
)
def test_weeklies_and_month_ends_since_they_were_listed(on, expiry, is_there) -> None:
    assert (expiry in [date for date, _ in series("spx", on)]) == is_there


def test_weeklies_settle_am_until_december_2010() -> None:
    assert ("2010-11-12", True) in series("spx", "2010-11-08")
    assert ("2010-12-10", False) in series("spx", "2010-12-06")


def test_vix_expires_thirty_days_before_the_next_months_friday() -> None:
    for on, first in (("2024-06-01", "2024-06-18"), ("2026-05-01", "2026-05-19")):
        assert series("vix", on)[0] == (first, True)
        assert series("VIX", on, Right.OUTRIGHT)[0] == (first, True)
    assert series("vix", "2006-02-23") == []
    assert len(series("vix", "2012-01-03", Right.OUTRIGHT)) == 9


def test_an_expiry_is_not_listed_on_its_own_day() -> None:
    assert all(date > "2018-01-19" for date, _ in series("spx", "2018-01-19"))


def test_strikes_are_five_points_near_the_money_and_wider_farther_out() -> None:
    near = strikes("spx", 2695.79, day("2018-01-31"), day("2018-01-02"))
    assert (np.diff(near[(near > 2300) & (near < 2800)]) == 5).all()
    assert set(np.diff(near[(near > 1900) & (near < 2150)])) == {25.0}
    assert set(np.diff(near[near < 1500])) == {100.0}
    far = strikes("spx", 2695.79, day("2018-06-15"), day("2018-01-02"))
    assert set(np.diff(far[(far > 2300) & (far < 2800)])) == {25.0}
    early = strikes("spx", 350.0, day("1990-02-16"), day("1990-01-19"))
    assert set(np.diff(early)) == {5.0, 10.0}


def test_listed_strikes_of_january_2018_are_nearly_those_of_the_chain(shared_data) -> None:
    import pandas

    chain = pandas.read_csv(shared_data / "chains" / "spxw_2018_01.csv")
    first = chain[(chain.quotedate == "01/02/2018") & (chain.type == "put")]
    real = set(first.strike.astype(float))
    ours = set(strikes("spx", 2695.79, day("2018-01-31"), day("2018-01-02")).tolist())
    near = {strike for strike in real if 2250 <= strike <= 2850}
    assert len(near - ours) == 0
    assert len(ours & real) / len(ours) > 0.85


def test_vix_strikes_and_those_of_shares() -> None:
    steps = strikes("vix", 14.0, day("2018-06-20"), day("2018-01-02"))
    assert {12.5, 14.5, 15.0, 16.0, 32.5} <= set(steps)
    assert 15.5 not in steps
    assert {270.0, 271.0} <= set(strikes("spy", 270.3, day("2018-01-19"), day("2018-01-02")))
    assert len(strikes("spx", np.nan, day("2018-01-31"), day("2018-01-02"))) == 0
