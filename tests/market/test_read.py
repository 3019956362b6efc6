"""Bad data gets one clear error that names file, row and column."""

import pytest

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.events import built_in
from alvh_rules.market.read import Options, read_market
from alvh_rules.market.simulate import simulate

VIX = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "vix"),), ())
GOOD = "date,vix\n2020-01-02,12.5\n2020-01-03,14\n"


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "ALV802", ""),
        ("date,vix\n", "ALV802", ""),
        ("day,vix\n2020-01-02,1\n", "ALV803", ""),
        ("date,vixx\n2020-01-02,1\n", "ALV804", ""),
        ("date,vix\n2020-01-02,12\n2020-01-03,n.v.\n", "ALV805", ", row 3, column vix"),
        ("date,vix\n2020-01-02,12\n2020-01-03,0\n", "ALV805", ", row 3, column vix"),
        ("date,vix\n2020-01-02,12\n2020-01-03,inf\n", "ALV805", ", row 3, column vix"),
        ('date,vix\n2020-01-02,"1,200"\n', "ALV805", ", row 2, column vix"),
        ("date,vix\n20268-03-18,12\n", "ALV805", ", row 2, column date"),
        ("date,vix\n2020-01-02,12\n2020-01-02,13\n", "ALV806", ", row 3, column date"),
        ("date,vix\n2020-01-03,12\n2020-01-02,13\n", "ALV807", ", row 3, column date"),
        ("date,vix\n2020-01-03,12\n2020-01-04,13\n", "ALV808", ", row 3"),
    ],
)
def test_one_clear_error(tmp_path, text, code, where) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    market, found = read_market([path], VIX)
    assert market is None
    assert [(item.code, item.location) for item in found] == [(code, f"{path}{where}")]


def test_binary_missing_and_folder(tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(b"\x00\x01\x02" * 100)
    for bad in (path, tmp_path / "absent.csv", tmp_path):
        market, found = read_market([bad], VIX)
        assert market is None
        assert [item.code for item in found] == ["ALV801"]


def test_missing_cells_are_missing_and_carry_goes_so_far(tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(
        "date,vix\n2020-01-02,12\n2020-01-03,\n2020-01-06,NA\n2020-01-07,\n2020-01-08,9\n"
    )
    schema = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "vix", carry=2),), ())
    market, _ = read_market([path], schema)
    assert [repr(item) for item in market.columns["vix"].tolist()] == [
        "12.0",
        "12.0",
        "12.0",
        "nan",
        "9.0",
    ]
    assert market.carried == {"vix": 2}


def test_a_value_known_next_session_is_read_one_row_later(tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(GOOD)
    late = Column("vix", Kind.VOLATILITY, "vix", lag_sessions=1, known_time="08:30")
    market, _ = read_market([path], Schema(Bars(), (late,), ()))
    assert [repr(item) for item in market.columns["vix"].tolist()] == ["nan", "12.5"]


def test_dirty_files_are_refused_by_row_and_column(shared_data) -> None:
    folder = shared_data / "dirty"
    holidays = folder / "vix_with_holidays.csv"
    schema = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "CLOSE"),), ())
    _, found = read_market([holidays], schema)
    assert [(item.code, "row 2, column DATE" in item.location) for item in found] == [
        ("ALV805", True)
    ]
    _, found = read_market([holidays], schema, Options(date_format="%m/%d/%Y"))
    assert [item.code for item in found] == ["ALV808"]
    market, _ = read_market(
        [holidays], schema, Options(date_format="%m/%d/%Y", skip_closed_days=True)
    )
    assert market is not None
    _, found = read_market([folder / "vx_settlements_raw.csv"], schema)
    assert [item.code for item in found] == ["ALV803"]


def test_built_in_dates_are_those_published(shared_data) -> None:
    import csv

    rows = list(csv.DictReader((shared_data / "calendar" / "macro_events.csv").open()))
    for name in ("fomc", "cpi", "ppi"):
        mine = built_in(name)
        theirs = sorted({(r["date"], r["scheduled"] == "True") for r in rows if r["event"] == name})
        assert [
            (str(day), bool(flag)) for day, flag in zip(mine.dates, mine.scheduled, strict=True)
        ] == theirs


def test_the_simulated_market_is_a_market() -> None:
    frame = simulate(6000, 1, start="1996-01-02")
    assert frame.equals(simulate(6000, 1, start="1996-01-02"))
    assert 12 < frame["vix"].median() < 22
    assert frame["vix"].max() > 40
    contango = (frame["vix3m"] > frame["vix"]).mean()
    assert 0.65 < contango < 0.95
    moves = frame[["spx", "vix"]].pct_change()
    assert moves.corr().iloc[0, 1] < -0.45
    crisis = frame[frame["vix"] > 40]
    assert (crisis["vix"] > crisis["vix3m"]).all()
    assert (frame["spx_low"] <= frame[["spx_open", "spx"]].min(axis=1)).all()
