"""Sessions, periods, time zones, carry, lag, and the law that the future changes nothing."""

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.expiries import days_to_expiry, vix_expiries
from alvh_rules.market.read import Options, market_from_frame
from alvh_rules.market.sessions import exchange_sessions

DAILY = Bars()
SESSIONS = [str(day) for day in exchange_sessions() if "2019-11-20" <= str(day) <= "2020-01-31"]


def schema(bars: Bars = DAILY, **rest) -> Schema:
    return Schema(bars, (Column("x", Kind.RATE, "x", **rest),), ())


def market(times, cells, wanted=None, **options):
    frame = pandas.DataFrame({"date": times, "x": cells})
    return market_from_frame(frame, wanted or schema(), Options(**options))


def cells(found) -> list[str]:
    return [repr(item) for item in found.columns["x"].tolist()]


def test_a_session_the_file_lacks_is_a_row_of_missing_values() -> None:
    found, said = market(["2020-01-16", "2020-01-21", "2020-01-23"], [1.0, 2.0, 3.0])
    # 2020-01-20 was Martin Luther King Day.
    assert [str(day)[-2:] for day in found.timeline.dates] == ["16", "17", "21", "22", "23"]
    assert found.timeline.present.tolist() == [True, False, True, False, True]
    assert cells(found) == ["1.0", "nan", "2.0", "nan", "3.0"]
    assert [item.code for item in said] == ["ALV820"]


def test_carry_goes_so_far_and_no_farther() -> None:
    days = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08"]
    found, _ = market(days, [1.0, None, None, None, 5.0], schema(carry=2))
    assert cells(found) == ["1.0", "1.0", "1.0", "nan", "5.0"]
    assert found.carried == {"x": 2}
    # A session that the file lacks is one of those that are counted.
    found, _ = market([days[0], days[3], days[4]], [1.0, None, 5.0], schema(carry=2))
    assert cells(found) == ["1.0", "1.0", "1.0", "nan", "5.0"]


@pytest.mark.parametrize(
    ("lag", "clock", "expected"),
    [
        (0, "", ["1.0", "2.0", "3.0"]),
        (0, "16:00", ["1.0", "2.0", "3.0"]),
        (0, "18:00", ["nan", "1.0", "2.0"]),
        (1, "08:30", ["nan", "1.0", "2.0"]),
        (1, "", ["nan", "1.0", "2.0"]),
        (1, "18:00", ["nan", "nan", "1.0"]),
    ],
)
def test_a_row_holds_what_was_known_at_its_close(lag, clock, expected) -> None:
    days = ["2020-01-02", "2020-01-03", "2020-01-06"]
    found, _ = market(days, [1.0, 2.0, 3.0], schema(lag_sessions=lag, known_time=clock))
    assert cells(found) == expected


def test_what_is_known_at_two_is_late_on_a_day_that_closes_at_one() -> None:
    days = ["2020-11-25", "2020-11-27", "2020-11-30"]
    found, _ = market(days, [1.0, 2.0, 3.0], schema(known_time="14:00"))
    assert cells(found) == ["1.0", "1.0", "3.0"]


def test_carry_comes_before_lag() -> None:
    days = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"]
    found, _ = market(days, [1.0, None, None, 4.0], schema(carry=1, lag_sessions=1))
    assert cells(found) == ["nan", "1.0", "1.0", "nan"]


def test_weeks_and_months_end_where_the_exchange_ends_them() -> None:
    # Good Friday 2020-04-10: that week ends on Thursday.
    days = [str(day) for day in exchange_sessions() if "2020-03-30" <= str(day) <= "2020-04-15"]
    found, _ = market(days, [1.0] * len(days))
    dates, periods = found.timeline.dates.astype(str), found.timeline.periods
    assert dates[periods["week"].sample].tolist() == ["2020-04-03", "2020-04-09"]
    assert dates[periods["month"].sample].tolist() == ["2020-03-31"]


def test_bars_sample_at_the_close_and_wait_for_it() -> None:
    times = ["02 15:59", "02 16:00", "03 10:00", "03 15:00", "06 09:31"]
    found, said = market([f"2020-01-{time}" for time in times], [1.0] * 5, schema(Bars(1)))
    assert said == []
    periods = found.timeline.periods
    assert periods["session"].sample.tolist() == [1, 3]
    assert periods["session"].available.tolist() == [1, 4]
    assert (periods["week"].sample.tolist(), periods["week"].available.tolist()) == ([3], [4])


def test_bars_of_a_market_that_never_closes() -> None:
    times = pandas.date_range("2020-01-03 08:00", periods=12, freq="8h")
    found, said = market(times, range(12), schema(Bars(480, True)))
    assert said == []
    # A bar that ends at midnight is the last of its day; 2020-01-05 was a Sunday.
    assert found.timeline.periods["session"].sample.tolist() == [2, 5, 8, 11]
    assert found.timeline.periods["week"].sample.tolist() == [8]


def test_time_zones() -> None:
    wanted = schema(Bars(1))
    for times, zone in [
        (["2020-07-01 09:31", "2020-07-01 16:00"], "America/New_York"),
        (["2020-07-01 13:31", "2020-07-01 20:00"], "UTC"),
        (["2020-07-01T15:31+02:00", "2020-07-01T20:00Z"], "America/New_York"),
    ]:
        found, said = market(times, [1.0, 2.0], wanted, timezone=zone)
        assert said == []
        clocks = [str(time)[11:16] for time in found.timeline.times]
        assert clocks == ["09:31", "16:00"]
    _, said = market(["2020-03-29 01:30"], [1.0], wanted, timezone="Europe/London")
    assert [item.code for item in said] == ["ALV805"]
    assert "clocks changed" in said[0].message


def test_midnight_on_the_writers_clock_is_the_date() -> None:
    found, said = market(["2020-01-02T00:00:00Z", "2020-01-03T00:00:00+09:00"], [1.0, 2.0])
    assert said == []
    assert found.timeline.dates.astype(str).tolist() == ["2020-01-02", "2020-01-03"]


@pytest.mark.parametrize(
    ("times", "minutes", "code"),
    [
        (["2020-01-02", "2020-01-03"], 1, "ALV819"),
        (["2020-01-02 09:31", "2020-01-02 09:32"], 5, "ALV819"),
        (["2020-01-02 09:31", "2020-01-04 09:32"], 1, "ALV808"),
    ],
)
def test_bars_that_do_not_fit(times, minutes, code) -> None:
    found, said = market(times, [1.0, 2.0], schema(Bars(minutes)))
    assert (found, [item.code for item in said]) == (None, [code])


def test_expiries_are_those_that_were_listed(shared_data) -> None:
    listed = pandas.read_csv(shared_data / "market" / "vx_settlements.csv")["expiry"]
    listed = sorted(set(listed))
    rule = vix_expiries().astype(str).tolist()
    assert [day for day in rule if listed[0] <= day <= listed[-1]] == listed
    assert {"2024-06-18", "2026-05-19"} <= set(rule)


def test_the_front_rolls_on_the_expiry_day_as_in_the_curve_file(shared_data) -> None:
    curve = pandas.read_csv(shared_data / "market" / "vx_curve.csv")
    dates = curve["date"].to_numpy(dtype="datetime64[D]")
    # The file counts the sessions left before the expiry day.
    front = dates + days_to_expiry(dates, 1)[:, 0].astype("timedelta64[D]")
    sessions = exchange_sessions()
    left = np.searchsorted(sessions, front) - np.searchsorted(sessions, dates) - 1
    wrong = left != curve["days_to_expiry"].to_numpy()
    # The file is a session off in three months: it holds 2022-08-17 and 2024-06-18 to be a day
    # later than the exchange listed them, and miscounts the sessions before 2018-08-22.
    assert set(front[wrong].astype(str)) == {
        "2018-08-22",
        "2022-08-17",
        "2022-09-21",
        "2024-06-18",
        "2024-07-17",
    }


def test_days_go_with_the_settlement_they_were_struck_with() -> None:
    days = ["2020-01-21", "2020-01-22", "2020-01-23"]
    frame = pandas.DataFrame({"date": days, "m1": [13.0, None, 14.0], "m2": [15.0, 16.0, 17.0]})
    column = Column("vx", Kind.CURVE, "m1", ("m1", "m2"), carry=1)
    found, _ = market_from_frame(frame, Schema(Bars(), (column,), ()))
    # 2020-01-22 is an expiry day: its own front month would have 28 days left.
    assert found.columns["vx.days[1]"].tolist() == [1.0, 1.0, 27.0]
    assert found.columns["vx.days[2]"].tolist() == [29.0, 56.0, 55.0]
    assert found.columns["vx[1]"].tolist() == [13.0, 13.0, 14.0]
    assert found.carried == {"vx[1]": 1}


@settings(max_examples=60)
@given(st.data())
def test_cutting_rows_off_changes_no_earlier_row(data) -> None:
    minutes = data.draw(st.sampled_from([0, 1]))
    times = sorted(data.draw(st.sets(st.sampled_from(SESSIONS), min_size=2)))
    if minutes:
        clocks = st.sampled_from(["09:31", "12:59", "13:00", "15:59", "16:00", "17:00"])
        some = st.sets(clocks, min_size=1)
        times = [f"{day} {clock}" for day in times for clock in sorted(data.draw(some))]
    number = st.one_of(st.just(float("nan")), st.floats(0.5, 90))
    drawn = data.draw(st.lists(number, min_size=len(times), max_size=len(times)))
    wanted = schema(
        Bars(minutes),
        carry=data.draw(st.integers(0, 3)),
        lag_sessions=data.draw(st.integers(0, 2)),
        known_time=data.draw(st.sampled_from(["", "08:30", "14:00", "18:00"])),
    )
    whole, _ = market(times, drawn, wanted)
    cut = data.draw(st.integers(1, len(times)))
    part, _ = market(times[:cut], drawn[:cut], wanted)
    rows = len(part.timeline)
    assert np.array_equal(part.columns["x"], whole.columns["x"][:rows], equal_nan=True)
    for name in ("times", "dates", "ordinals", "present"):
        assert np.array_equal(getattr(part.timeline, name), getattr(whole.timeline, name)[:rows])
    for name, periods in part.timeline.periods.items():
        full = whole.timeline.periods[name]
        known = full.available < rows
        assert periods.sample.tolist() == full.sample[known].tolist()
        assert periods.available.tolist() == full.available[known].tolist()
