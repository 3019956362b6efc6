"""Calendars: the built-in dates are those published, files replace them, bad files are refused."""

import csv

import numpy as np
import pytest

from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.events import built_in, read_calendars
from alvh_rules.market.read import Options, read_market
from alvh_rules.market.sessions import exchange_sessions


@pytest.mark.parametrize("name", ["fomc", "cpi", "ppi"])
def test_built_in_dates_are_those_published(shared_data, name) -> None:
    path = shared_data / "calendar" / "macro_events.csv"
    rows = [row for row in csv.DictReader(path.open()) if row["event"] == name]
    mine = built_in(name)
    assert list(zip(mine.dates.astype(str), mine.scheduled.tolist(), strict=True)) == sorted(
        (row["date"], row["scheduled"] == "True") for row in rows
    )
    read, found = read_calendars([path])
    assert found == []
    for attribute in ("dates", "ordinals", "scheduled", "first_ordinal", "last_ordinal"):
        assert np.array_equal(getattr(read[name], attribute), getattr(mine, attribute))


def test_coverage_is_of_whole_years_and_closed_days_move_on() -> None:
    fomc = built_in("fomc")
    assert (str(fomc.first_date), str(fomc.last_date)) == ("2000-01-01", "2027-12-31")
    assert str(built_in("cpi").last_date) == "2026-12-31"
    sessions = exchange_sessions()
    assert str(sessions[fomc.first_ordinal]) == "2000-01-03"
    at = fomc.dates.astype(str).tolist().index("2020-03-15")
    assert str(sessions[fomc.ordinals[at]]) == "2020-03-16"
    assert not fomc.scheduled[at]
    assert built_in("opex") is None


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "ALV802", ""),
        ("date,event\n", "ALV802", ""),
        ("day,event\n2020-01-02,x\n", "ALV804", ""),
        ("date,event\n2020-01-02,x\n02/01/2020,x\n", "ALV805", ", row 3, column date"),
        ("date,event\n2020-01-02,\n", "ALV805", ", row 2, column event"),
        ("date,event,time\n2020-01-02,x,25:00\n", "ALV805", ", row 2, column time"),
        ("date,event,scheduled\n2020-01-02,x,perhaps\n", "ALV805", ", row 2, column scheduled"),
        ("date,event\n2020-01-02,x\n2020-01-02,x\n", "ALV806", ", row 3, column date"),
        ("date,event\n2020-01-02,x,y\n", "ALV811", ", row 2"),
        ("date,event\n1020-01-02,x\n", "ALV808", ", row 2, column date"),
        (b"date,event\n\xff,x\n", "ALV801", ", row 2"),
        (b"\0\1\2", "ALV801", ""),
    ],
)
def test_a_bad_calendar_gets_one_clear_error(tmp_path, text, code, where) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    _, found = read_calendars([path])
    assert [(item.code, item.location) for item in found] == [(code, f"{path}{where}")]


def test_a_file_replaces_the_calendar_it_names_and_adds_others(tmp_path) -> None:
    data, path = tmp_path / "d.csv", tmp_path / "c.csv"
    data.write_text("date,vix\n2020-01-02,12.5\n")
    path.write_text("date,event,time\n2020-01-29,fomc,14:00\n2020-01-17,opex,\n")
    columns = (Column("vix", Kind.VOLATILITY, "vix"),)
    options = Options(calendars=[path])
    market, found = read_market([data], Schema(Bars(), columns, ("fomc", "opex", "cpi")), options)
    assert found == []
    lengths = {name: len(item.dates) for name, item in market.calendars.items()}
    assert lengths == {"fomc": 1, "opex": 1, "cpi": len(built_in("cpi").dates)}
    market, found = read_market([data], Schema(Bars(), columns, ("opx",)), options)
    assert (market, [item.code for item in found]) == (None, ["ALV809"])
    assert "did you mean `opex`?" in found[0].help
