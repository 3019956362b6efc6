"""One message means what one row of a file means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Column
from alvh_rules.live.cells import held_cell, read_cell, shown_cell
from alvh_rules.live.due import Due
from alvh_rules.live.intake import KINDS as REASONS
from alvh_rules.live.intake import Accepted, Intake, Refused
from alvh_rules.live.messages import field_of, from_fields, from_text
from alvh_rules.live.rows import prepared_for
from alvh_rules.live.settings import Settings, TickSettings
from alvh_rules.live.stamps import Stamp, StampReader, key_of, stamp_of
from alvh_rules.market import sessions
from alvh_rules.market.columns import convert
from alvh_rules.market.read import Options
from alvh_rules.market.times import ISO, parse_dates, parse_times
from tests.live.conftest import SIMPLE, checked_text

KINDS = [Kind.PRICE, Kind.VOLATILITY, Kind.RATE, Kind.RATIO, Kind.INDEX, Kind.COUNT, Kind.FLAG]
COLUMNS = [Column(kind.value, kind, kind.value) for kind in KINDS] + [
    Column("size", Kind.LABEL, "size", labels=("low", "high")),
    Column("day", Kind.DATE, "day"),
]
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "na", "NaN", ".", "none", "true", "no", "1", "0", "low", "High", "2024-03-04"]
    ),
    st.sampled_from(["1,5", "$3", "14%", "1e3", "1_000", "inf", "-Infinity", "+2.5", "0x10", "１"]),
    st.floats().map(repr),
    st.text(max_size=6),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(COLUMNS), st.one_of(TEXTS, st.floats(), st.booleans(), st.none()))
def test_a_cell_is_read_as_in_a_file(column, value) -> None:
    if value is None or isinstance(value, str):
        array = pyarrow.array([value], type=pyarrow.string())
    else:
        array = pyarrow.array([value])
    whole = convert(array, column, lambda cells: parse_dates(cells, ISO))
    held, reason = read_cell(value, column)
    assert bool(reason) == bool(whole.bad[0]), (value, reason)
    assert np.array([held], dtype=whole.values.dtype).tobytes() == whole.values.tobytes()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(COLUMNS), TEXTS)
def test_what_the_journal_holds_is_what_was_taken(column, value) -> None:
    held, _ = read_cell(value, column)
    again = held_cell(json.loads(json.dumps(shown_cell(held, column), allow_nan=False)), column)
    assert np.float64(again).tobytes() == np.float64(held).tobytes()


ZONES = ["America/New_York", "UTC", "Europe/London", "Asia/Tokyo"]
TIMES = st.datetimes(datetime(1950, 2, 1), datetime(2059, 1, 1)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
OFFSETS = st.sampled_from(["", "Z", "-05:00", "+09:00", "-04:00", "+05:30"])


@settings(max_examples=300, deadline=None)
@given(TIMES, OFFSETS, st.sampled_from(ZONES), st.booleans(), st.booleans(), st.booleans())
def test_a_time_is_read_as_in_a_file(time, offset, zone, always, daily, at_midnight) -> None:
    if at_midnight:
        time = time.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = sessions.always_open() if always else sessions.exchange()
    reader = StampReader(hours, daily=daily, timezone=zone)
    text = time.isoformat(sep=" ", timespec="milliseconds") + offset
    found = reader.read(text)
    whole = parse_times(pyarrow.array([text]), ISO, zone, hours.zone)
    if whole.bad[0]:
        assert isinstance(found, str)
        return
    assert isinstance(found, Stamp), found
    if daily:
        midnight = whole.midnight[0]
        day = whole.dates[0] if midnight else whole.times[0].astype("datetime64[D]")
        assert found.day == day
        # The fall-back of a moment on a closed clock is the date alone.
        assert stamp_of(key_of(found, daily=True), daily=True).day == day
    else:
        assert found.time == whole.times[0]
        assert found.day == sessions.session_dates(whole.times)[0]
        assert stamp_of(key_of(found, daily=False), daily=False) == found


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_numbers_are_moments_of_a_stated_unit(unit) -> None:
    hours = sessions.exchange()
    moment = datetime(2024, 3, 4, 14, 31, 5, tzinfo=UTC)
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    reader = StampReader(hours, daily=False, timezone="", unit=unit)
    found = reader.read(int(moment.timestamp()) * scale)
    assert isinstance(found, Stamp)
    assert found.time == np.datetime64("2024-03-04T09:31:05", "ns")
    assert isinstance(StampReader(hours, daily=False, timezone="").read(1.5), str)
    assert isinstance(reader.read(10**40), str)
    assert isinstance(reader.read(float("nan")), str)


def test_dates_do_for_daily_bars_alone() -> None:
    hours = sessions.exchange()
    assert isinstance(StampReader(hours, daily=False, timezone="").read("2024-03-04"), str)
    daily = StampReader(hours, daily=True, timezone="")
    for value in ("2024-03-04", "20240304", 20240304, "2024-03-04T16:00:00-05:00"):
        found = daily.read(value)
        assert isinstance(found, Stamp)
        assert str(found.day) == "2024-03-04"
    # An aware object, as a Parquet file gives.
    east = datetime(2024, 3, 4, 16, tzinfo=timezone(timedelta(hours=-5)))
    assert daily.read(east) == daily.read("2024-03-04T16:00:00-05:00")
    assert daily.read(east.astimezone(ZoneInfo("Asia/Tokyo"))) == daily.read(east)


def test_fields_are_found_as_columns_of_files_are() -> None:
    fields = {"VIX": 1, "a.b": 2, "quote": {"last": {"price": 3}}, "vix9d": None}
    assert field_of(fields, "VIX") == (True, 1)
    assert field_of(fields, "vix") == (True, 1)
    assert field_of(fields, "a.b") == (True, 2)
    assert field_of(fields, "quote.last.price") == (True, 3)
    assert field_of(fields, "quote.last.size") == (False, None)
    assert field_of(fields, "vix9d") == (True, None)
    assert field_of(fields, "vvix") == (False, None)


@cache
def prepared_of(daily: bool):
    text = SIMPLE if daily else SIMPLE.replace("1.0.0", "1.0.0\n  bars 1 minute")
    ruleset = checked_text(text).ruleset
    assert ruleset is not None
    return prepared_for(ruleset.schema, Options())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["date", "time", "spx", "vix", "VIX", "x"]), VALUES),
    st.sampled_from(["", "s", "ns"]),
    st.booleans(),
    st.booleans(),
)
def test_no_message_makes_it_raise(fields, unit, daily, as_text) -> None:
    """Whatever comes is a bar, or is told what it is; never a traceback."""
    prepared, names = prepared_of(daily)
    due = Due(prepared.schema.bars, prepared.hours, timedelta(seconds=60))
    intake = Intake(prepared, names, Settings(time_unit=unit), due, lambda key: None)
    intake.last = stamp_of("2024-03-01 09:31:00"[: 10 if daily else None], daily=daily)
    message = from_text(json.dumps(fields)) if as_text else from_fields(fields)
    verdict = intake.judge(message, datetime(2024, 3, 5, tzinfo=UTC))
    if isinstance(verdict, Refused):
        assert verdict.kind in REASONS
        assert verdict.reason
    else:
        assert isinstance(verdict, Accepted)
    ticks = intake.tick_bars(TickSettings(columns={"spx": ("sum", "vix")}), seen=True)
    for made in (*ticks.add(message, None), *ticks.due(datetime(2050, 1, 1, tzinfo=UTC))):
        intake.judge(made, None)
