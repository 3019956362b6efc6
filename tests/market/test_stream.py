"""Parts of a file: bit for bit the market, and word for word the findings, of reading it whole."""

import numpy as np
import pandas
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.read import Options, read_market
from alvh_rules.market.sessions import exchange_sessions
from alvh_rules.market.stream import stream_market, why_whole

MINUTES = 130
SCHEMA = Schema(
    Bars(MINUTES),
    (
        Column("spx", Kind.PRICE, "spx"),
        Column("filled", Kind.VOLATILITY, "filled", carry=1),
        Column("late", Kind.RATE, "late", carry=2, lag_sessions=1, known_time="08:30"),
        Column("next_close", Kind.RATE, "late", lag_sessions=2),
        Column("calm", Kind.FLAG, "calm", carry=1),
        Column("mood", Kind.LABEL, "mood", labels=("up", "down"), lag_sessions=1),
        Column("vx", Kind.CURVE, "vx", sources=("m1", "m2"), carry=1, known_time="18:00"),
        Column("absent", Kind.RATE, "absent", optional=True),
    ),
    (),
)
AROUND = Schema(Bars(MINUTES, True), SCHEMA.columns[:6], ())


def clock(sessions: int) -> pandas.DatetimeIndex:
    """The ends of three bars a session, from 2019-12-23 on."""
    days = exchange_sessions()
    days = days[days >= np.datetime64("2019-12-23")][:sessions].astype("datetime64[m]")
    ends = np.array([9 * 60 + 30 + MINUTES * number for number in (1, 2, 3)], "timedelta64[m]")
    return pandas.DatetimeIndex((days[:, None] + ends).ravel())


def frame(seed: int, sessions: int = 30) -> pandas.DataFrame:
    """Bars with gaps, and rows and whole sessions that are not there."""
    random = np.random.default_rng(seed)
    times = clock(sessions)
    rows = len(times)

    def gappy(values):
        return np.where(random.random(rows) < 0.4, np.nan, values)

    table = pandas.DataFrame(
        {
            "time": times,
            "spx": 100 + random.random(rows),
            "filled": gappy(10 + random.random(rows)),
            "late": gappy(random.random(rows)),
            "calm": pandas.array(random.choice([True, False, None], rows), dtype="boolean"),
            "mood": random.choice(np.array(["up", "down", None], dtype=object), rows),
            "m1": gappy(15 + random.random(rows)),
            "m2": gappy(16 + random.random(rows)),
        }
    )
    kept = random.random(rows) < random.choice([0.4, 0.9, 1.0])
    kept[random.integers(rows)] = True
    return table[kept].reset_index(drop=True)


def written(tmp_path, table: pandas.DataFrame, name: str = "d.parquet", group: int = 1 << 20):
    path = tmp_path / name
    if name.endswith(".parquet"):
        table.to_parquet(path, row_group_size=group)
    else:
        pyarrow.feather.write_feather(table, path, chunksize=group)
    return path


def in_parts(path, schema, options, part):
    """The parts' markets, what is found, and the gaps filled."""
    stream = stream_market(path, schema, options, part)
    assert stream is not None
    if isinstance(stream, list):
        return [], stream, {}
    markets = list(stream.markets())
    return markets, stream.found, stream.carried


def assert_same(path, schema=SCHEMA, options=None, part=7) -> None:
    """The parts of a file are the file."""
    options = options or Options()
    whole, found = read_market([path], schema, options)
    markets, told, carried = in_parts(path, schema, options, part)
    assert told == found
    if whole is None:
        return
    assert all(0 < len(market.timeline) <= part for market in markets)
    assert carried == whole.carried
    for name in ("times", "dates", "ordinals", "present"):
        joined = np.concatenate([getattr(market.timeline, name) for market in markets])
        assert joined.tobytes() == getattr(whole.timeline, name).tobytes()
    for name, column in whole.columns.items():
        joined = np.concatenate([market.columns[name] for market in markets])
        assert (joined.dtype, joined.tobytes()) == (column.dtype, column.tobytes()), name
    starts = np.cumsum([0] + [len(market.timeline) for market in markets])[:-1]
    for name, periods in whole.timeline.periods.items():
        for side in ("sample", "available"):
            joined = np.concatenate(
                [
                    getattr(market.timeline.periods[name], side) + start
                    for market, start in zip(markets, starts, strict=True)
                ]
            )
            assert joined.tolist() == getattr(periods, side).tolist(), (name, side)


REPEATED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@REPEATED
@given(
    seed=st.integers(0, 10_000),
    part=st.integers(1, 100),
    group=st.integers(1, 100),
    name=st.sampled_from(["d.parquet", "d.feather"]),
    schema=st.sampled_from([SCHEMA, AROUND]),
)
def test_parts_are_the_whole(tmp_path, seed, part, group, name, schema) -> None:
    path = written(tmp_path, frame(seed), name, group)
    assert_same(path, schema, Options(timezone="UTC" if schema is AROUND else ""), part)


SPOILS = {
    "twice": lambda table, row: table.assign(time=table["time"].where(table.index != row, table["time"].iloc[0])),
    "above": lambda table, row: table.assign(time=table["time"].where(table.index != row, table["time"].shift(1))),
    "back": lambda table, row: table.assign(time=table["time"].where(table.index != row, pandas.Timestamp("2019-12-23 03:00"))),
    "backwards": lambda table, row: table.iloc[::-1],
    "none": lambda table, row: table.assign(time=table["time"].where(table.index != row)),
    "closed": lambda table, row: table.assign(time=table["time"].where(table.index < row, table["time"] + pandas.Timedelta(days=3))),
    "near": lambda table, row: table.assign(time=table["time"].where(table.index != row, table["time"].shift(1) + pandas.Timedelta(minutes=1))),
    "midnight": lambda table, row: table.assign(time=table["time"].dt.normalize()).drop_duplicates("time"),
    "zero": lambda table, row: table.assign(spx=table["spx"].where(table.index < row, 0)),
    "word": lambda table, row: table.assign(mood=table["mood"].where(table.index != row, "sideways")),
    "text": lambda table, row: table.assign(time=table["time"].astype(str).where(table.index != row, "noon")),
    "empty column": lambda table, row: table.assign(spx=np.nan),
    "no column": lambda table, row: table.drop(columns="spx"),
    "no times": lambda table, row: table.drop(columns="time"),
    "no rows": lambda table, row: table.iloc[:0],
}  # fmt: skip
"""What can be wrong with a file; the row is where, for what is wrong on a row."""


@REPEATED
@given(
    seed=st.integers(0, 10_000),
    part=st.integers(1, 40),
    spoils=st.lists(st.tuples(st.sampled_from(sorted(SPOILS)), st.integers(1, 80)), max_size=3),
    skip=st.booleans(),
)
def test_what_is_wrong_is_found_the_same(tmp_path, seed, part, spoils, skip) -> None:
    table = frame(seed)
    for name, row in spoils:
        if {"time", "spx"} <= set(table.columns) and str(table["time"].dtype).startswith(
            "datetime"
        ):
            table = SPOILS[name](table.reset_index(drop=True), row)
    path = written(tmp_path, table.reset_index(drop=True), group=25)
    assert_same(path, options=Options(skip_closed_days=skip), part=part)


@pytest.mark.parametrize("name", sorted(SPOILS))
@pytest.mark.parametrize("part", [1, 4, 1000])
def test_each_fault_by_itself(tmp_path, name, part) -> None:
    table = SPOILS[name](pandas.DataFrame(frame(3, 10)), 11).reset_index(drop=True)
    path = written(tmp_path, table)
    market, found = read_market([path], SCHEMA)
    assert (market is None) or found == [] or name == "empty column"
    assert found
    assert_same(path, part=part)


def test_rows_on_closed_days_are_left_out_and_counted(tmp_path) -> None:
    table = SPOILS["closed"](frame(3, 10), 5)
    path = written(tmp_path, table)
    options = Options(skip_closed_days=True)
    _, found, _ = in_parts(path, SCHEMA, options, 2)
    assert [item.code for item in found] == ["ALV817"]
    assert_same(path, options=options, part=2)


def test_a_file_damaged_in_its_middle_is_refused(tmp_path) -> None:
    path = written(tmp_path, frame(1, 200), group=50)
    data = bytearray(path.read_bytes())
    # Past the first row groups, and long before the footer.
    data[len(data) // 2 : len(data) // 2 + 400] = b"\xff" * 400
    path.write_bytes(data)
    _, found, _ = in_parts(path, SCHEMA, Options(), 20)
    assert [item.code for item in found] == ["ALV801"]
    assert found == read_market([path], SCHEMA)[1]


def test_a_zone_that_is_none_is_refused_once(tmp_path) -> None:
    path = written(tmp_path, frame(1), group=20)
    options = Options(timezone="Mars/Olympus")
    assert [item.code for item in in_parts(path, SCHEMA, options, 5)[1]] == ["ALV816"]
    assert_same(path, options=options)


def test_what_has_no_parts_is_read_whole(tmp_path) -> None:
    csv = tmp_path / "d.csv"
    frame(1).to_csv(csv, index=False)
    assert stream_market(csv, SCHEMA, Options()) is None
    # Arrow's format for streams has no count of its rows.
    path = tmp_path / "d.arrow"
    table = pyarrow.Table.from_pandas(frame(1))
    with pyarrow.ipc.new_stream(path, table.schema) as sink:
        sink.write_table(table)
    assert stream_market(path, SCHEMA, Options()) is None
    assert why_whole([csv], SCHEMA, Options()) == ""
    assert "several files" in why_whole([csv, csv], SCHEMA, Options())
    assert "daily" in why_whole([csv], Schema(Bars(), (), ()), Options())
    assert "date format" in why_whole([csv], SCHEMA, Options(date_format="%m/%d/%Y"))
