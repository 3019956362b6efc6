"""Data in: what is read from a good file, and the one clear error that a bad one gets."""

import pandas
import pyarrow
import pyarrow.ipc
import pytest

from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.market.read import Options, market_from_frame, read_market

VIX = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "vix"),), ())
GOOD = "date,vix\n2020-01-02,12.5\n2020-01-03,14\n"


def one(kind: Kind, **rest) -> Schema:
    return Schema(Bars(), (Column("x", kind, "x", **rest),), ())


def written(tmp_path, text, name="d.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def values(market, name="vix") -> list[str]:
    return [repr(item) for item in market.columns[name].tolist()]


@pytest.mark.parametrize(
    ("text", "code", "where", "says"),
    [
        ("", "ALV802", "", "no rows"),
        ("\n\n", "ALV802", "", "no rows"),
        ("date,vix\n", "ALV802", "", "no rows"),
        ("day,vix\n2020-01-02,1\n", "ALV803", "", "date, time"),
        ("date,vixx\n2020-01-02,1\n", "ALV804", "", "no column `vix`"),
        ("date,vix,vix\n2020-01-02,1,2\n", "ALV810", ", column vix", "two columns"),
        ("date,vix\n2020-01-02,12\n2020-01-03,n.v.\n", "ALV805", ", row 3, column vix", "n.v."),
        ("date,vix\n2020-01-02,12\n\n2020-01-03,abc\n", "ALV805", ", row 4, column vix", "abc"),
        ("date,vix\n2020-01-02,12\n2020-01-03,0\n", "ALV805", ", row 3, column vix", "above zero"),
        ("date,vix\n2020-01-02,-3\n", "ALV805", ", row 2, column vix", "above zero"),
        ("date,vix\n2020-01-02,inf\n", "ALV805", ", row 2, column vix", "finite"),
        ('date,vix\n2020-01-02,"1,200.5"\n', "ALV805", ", row 2, column vix", "a number"),
        ("date,vix\n20268-03-18,12\n", "ALV805", ", row 2, column date", "20268-03-18"),
        ("date,vix\n2020-02-30,12\n", "ALV805", ", row 2, column date", "2020-02-30"),
        ("date,vix\n,12\n", "ALV805", ", row 2, column date", "an empty cell"),
        ("date,vix\n2020-01-02,1\n2020-01-02,2\n", "ALV806", ", row 3, column date", "row 2 and"),
        ("date,vix\n2020-01-03,1\n2020-01-02,2\n", "ALV807", ", row 3, column date", "row 2 above"),
        ("date,vix\n2020-01-03,12\n2020-01-04,13\n", "ALV808", ", row 3, column date", "Saturday"),
        ("date,vix\n1890-01-03,12\n", "ALV808", ", row 2, column date", "outside"),
        ("date,vix\n2020-01-02,1,2\n", "ALV811", ", row 2", "3 cells"),
        ("date,vix\n2020-01-02,1\n\n2020-01-03\n", "ALV811", ", row 4", "1 cell"),
        ('date,vix\n2020-01-02,"1\n2020-01-03,2\n', "ALV811", ", row 2", "no closing"),
        (
            "date,vix\n2020-01-02 10:00,1\n2020-01-02 11:00,1\n",
            "ALV818",
            ", row 3, column date",
            "rows, 2 and 3",
        ),
        (b"date,vix\n2020-01-02,\xff\n", "ALV801", ", row 2", "UTF-8"),
        (b"\x00\x01\x02" * 100, "ALV801", "", "binary"),
        ("date,vix\n2020-01-02,1\n".encode("utf-16"), "ALV801", "", "UTF-16"),
    ],
)
def test_one_clear_error(tmp_path, text, code, where, says) -> None:
    path = written(tmp_path, text)
    market, found = read_market([path], VIX)
    assert market is None
    assert [(item.code, item.location) for item in found] == [(code, f"{path}{where}")]
    assert says in found[0].message


@pytest.mark.parametrize(
    ("cell", "help"),
    [
        ('"1,234.5"', "write 1234.5, without thousands separators"),
        ('"17,5"', "write 17.5, with a decimal point"),
        ("17%", "write 17 for a column in percent, without the sign"),
        ("0", "nothing trades at zero: where zero stands for not known, leave the cell empty"),
    ],
)
def test_help_says_what_was_probably_meant(tmp_path, cell, help) -> None:
    _, found = read_market([written(tmp_path, f"date,vix\n2020-01-02,{cell}\n")], VIX)
    assert found[0].help == help


def test_the_first_problem_is_told_and_the_others_are_counted(tmp_path) -> None:
    text = "date,vix\n2020-01-02,1\n2020-01-03,x\n2020-01-04,y\n2020-01-06,0\n"
    _, found = read_market([written(tmp_path, text)], VIX)
    assert [item.location.split(", ", 1)[1] for item in found] == ["row 3, column vix"]
    assert found[0].message == "`x` is not a number; 3 more cells of this file are wrong"


def test_files_that_cannot_be_opened(tmp_path) -> None:
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for bad in (tmp_path / "absent.csv", folder, written(tmp_path, GOOD, "d.xlsx")):
        market, found = read_market([bad], VIX)
        assert market is None
        assert [(item.code, item.location) for item in found] == [("ALV801", str(bad))]
    for ending in ("parquet", "feather"):
        _, found = read_market([written(tmp_path, b"no such thing", f"d.{ending}")], VIX)
        assert [item.code for item in found] == ["ALV801"]


def test_close_spelling_is_suggested_and_mapping_renames(tmp_path) -> None:
    path = written(tmp_path, "DATE;VIX_close\r\n2020-01-02;12\r\n")
    near = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "vixclose"),), ())
    _, found = read_market([path], near)
    assert "did you mean `VIX_close`? Say so with `--map vix=VIX_close`" in found[0].help
    market, _ = read_market([path], VIX, Options(mapping={"vix": "vix_close"}))
    assert values(market) == ["12.0"]
    _, found = read_market([path], near, Options(mapping={"vixx": "VIX_close"}))
    assert (found[0].code, found[0].help) == ("ALV812", "did you mean `vix`?")


def test_a_column_of_the_very_name_is_what_a_wrong_mapping_meant(tmp_path) -> None:
    path = written(tmp_path, "date,vix,vix_closed\n2020-01-02,12,13\n")
    _, found = read_market([path], VIX, Options(mapping={"vix": "vix_close"}))
    assert "did you mean `vix`?" in found[0].help


@pytest.mark.parametrize("cell", ["", "NA", "NaN", "nan", " ", "n/a", "null", "."])
def test_a_missing_cell_is_missing(tmp_path, cell) -> None:
    path = written(tmp_path, f"\ufeffdate,vix\n2020-01-02,{cell}\n2020-01-03,14\n")
    market, found = read_market([path], VIX)
    assert (values(market), found) == (["nan", "14.0"], [])


def test_a_column_with_nothing_in_it_is_a_warning(tmp_path) -> None:
    market, found = read_market([written(tmp_path, "date,vix\n2020-01-02,\n")], VIX)
    assert market is not None
    assert [(item.code, item.severity) for item in found] == [("ALV815", Severity.WARNING)]


def test_flags_labels_and_dates(tmp_path) -> None:
    text = "date,x\n2020-01-02,true\n2020-01-03,0\n2020-01-06,YES\n2020-01-07,\n"
    market, _ = read_market([written(tmp_path, text)], one(Kind.FLAG))
    assert market.columns["x"].tolist() == [1, -1, 1, 0]
    schema = one(Kind.LABEL, labels=("down", "up"))
    text = "date,x\n2020-01-02,up\n2020-01-03,\n2020-01-06,down\n"
    market, _ = read_market([written(tmp_path, text)], schema)
    assert market.columns["x"].tolist() == [1, -1, 0]
    _, found = read_market([written(tmp_path, "date,x\n2020-01-02,dwn\n")], schema)
    assert (found[0].code, found[0].help) == ("ALV805", "did you mean `down`?")
    text = "date,x\n2020-01-02,1970-01-11\n2020-01-03,\n"
    market, _ = read_market([written(tmp_path, text)], one(Kind.DATE))
    assert values(market, "x") == ["10.0", "nan"]
    _, found = read_market([written(tmp_path, "date,x\n2020-01-02,20268-03-18\n")], one(Kind.DATE))
    assert [item.location.split(", ", 1)[1] for item in found] == ["row 2, column x"]


def test_every_format_reads_the_same(tmp_path) -> None:
    frame = pandas.DataFrame({"date": ["2020-01-02", "2020-01-03"], "vix": [12.5, 14.0]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    indexed = frame.assign(date=pandas.to_datetime(frame["date"])).set_index("date")
    indexed.to_parquet(tmp_path / "b.parquet")
    frame.to_feather(tmp_path / "a.feather")
    table = pyarrow.Table.from_pandas(frame)
    file = tmp_path / "a.arrow"
    with pyarrow.OSFile(str(file), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    for name in ("a.csv", "a.parquet", "b.parquet", "a.feather", "a.arrow"):
        market, found = read_market([tmp_path / name], VIX)
        assert found == [], name
        assert values(market) == ["12.5", "14.0"], name
        assert market.timeline.dates.astype(str).tolist() == ["2020-01-02", "2020-01-03"], name


def test_frames_by_column_or_index() -> None:
    days = pandas.to_datetime(["2020-01-02", "2020-01-03"])
    frames = [
        pandas.DataFrame({"vix": [12.5, 14]}, index=days),
        pandas.DataFrame({"vix": [12.5, 14]}, index=days.tz_localize("UTC")),
        pandas.DataFrame({"vix": [12.5, 14]}, index=days.to_period("D")),
        pandas.DataFrame({"vix": [12.5, 14]}, index=pandas.Index([d.date() for d in days])),
        pandas.DataFrame({"Date": days, "vix": ["12.5", "14"]}),
        pandas.DataFrame({"vix": [12.5, "14"], "date": ["20200102", "2020-01-03"]}),
    ]
    for frame in frames:
        market, found = market_from_frame(frame, VIX)
        assert found == []
        assert values(market) == ["12.5", "14.0"]
    _, found = market_from_frame(frames[0].iloc[::-1], VIX)
    assert [(item.code, item.location) for item in found] == [
        ("ALV807", "the frame, row 2, column date")
    ]


def test_a_second_file_is_joined_on_its_times(tmp_path) -> None:
    first = written(tmp_path, GOOD)
    second = written(tmp_path, "Date,spx,vix\n2020-01-03,3000,1\n2020-01-06,3001,1\n", "e.csv")
    schema = Schema(Bars(), (*VIX.columns, Column("spx", Kind.PRICE, "spx")), ())
    market, found = read_market([first, second], schema)
    assert values(market, "spx") == ["nan", "3000.0"]
    assert values(market) == ["12.5", "14.0"]
    assert [(item.code, item.location) for item in found] == [("ALV813", f"{first}, column vix")]
    far = written(tmp_path, "date,spx\n2019-01-03,3000\n", "f.csv")
    market, found = read_market([first, far], schema)
    assert (market, [item.code for item in found]) == (None, ["ALV814"])


def test_options_that_mean_nothing(tmp_path) -> None:
    path = written(tmp_path, GOOD)
    for options in (Options(timezone="Mars/Olympus"), Options(date_format="%Q")):
        _, found = read_market([path], VIX, options)
        assert [item.code for item in found] == ["ALV816"]


def test_dirty_files_are_refused_by_row_and_column(shared_data) -> None:
    folder = shared_data / "dirty"
    holidays = folder / "vix_with_holidays.csv"
    schema = Schema(Bars(), (Column("vix", Kind.VOLATILITY, "CLOSE"),), ())
    settle = Schema(Bars(), (Column("vx", Kind.VOLATILITY, "Settle"),), ())
    months = tuple(f"m{month}" for month in range(1, 9))
    curve = Schema(Bars(), (Column("vx", Kind.CURVE, "m1", months),), ())
    stated = Options(date_format="%m/%d/%Y")
    cases = [
        (holidays, schema, None, "ALV805", "row 2, column DATE"),
        (holidays, schema, stated, "ALV808", "row 131, column DATE"),
        (folder / "vx_settlements_raw.csv", settle, None, "ALV805", "row 2, column Settle"),
        (folder / "vx_8_months_gaps_zeros.csv", curve, None, "ALV805", "row 41, column M2"),
    ]
    for path, wanted, options, code, where in cases:
        market, found = read_market([path], wanted, options)
        assert market is None
        assert [(item.code, item.location) for item in found] == [(code, f"{path}, {where}")]
    _, found = read_market([holidays], schema)
    assert "--date-format" in found[0].help
    skipping = Options(date_format="%m/%d/%Y", skip_closed_days=True)
    market, found = read_market([holidays], schema, skipping)
    assert market is not None
    assert [item.code for item in found] == ["ALV817"]


def test_the_real_market_loads_without_a_finding(shared_data) -> None:
    columns = (Column("spx", Kind.PRICE, "spx"), Column("tbill", Kind.RATE, "tbill_3m"))
    path = shared_data / "market" / "daily.csv"
    market, found = read_market([path], Schema(Bars(), columns, ("fomc", "cpi", "ppi")))
    assert found == []
    assert len(market.timeline) == sum(1 for _ in path.open()) - 1
    assert market.timeline.present.all()
    row = market.timeline.dates.astype(str).tolist().index("2020-03-23")
    assert round(market.columns["spx"][row], 2) == 2237.40


def test_the_python_interface_warns_of_data_that_can_be_read(tmp_path) -> None:
    from alvh_rules import DataWarning, load

    path = written(
        tmp_path,
        "ruleset r version 1.0.0\ndata\n  vix volatility\nsignal s when vix > 20\n",
        "r.alvh",
    )
    frame = pandas.DataFrame(
        {"date": ["2020-01-02", "2020-01-03"], "vix": [None, None]}, dtype="object"
    )
    frame["vix"] = frame["vix"].astype("float64")
    with pytest.warns(DataWarning) as caught:
        decisions = load(path).run(frame)
    assert caught[0].message.diagnostic.code == "ALV815"
    assert decisions["s"].isna().all()
