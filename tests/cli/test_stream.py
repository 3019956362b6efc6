"""Runs in parts: what is told and written is that of a run over the whole, and nothing is half done."""

import signal
import subprocess
import sys
import time
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.cli import history
from alvh_rules.cli.main import main
from alvh_rules.cli.progress import rows_a_second
from alvh_rules.core.source import Source
from alvh_rules.evaluate.engine import evaluate_parts
from alvh_rules.market.read import Options, read_market
from alvh_rules.market.simulate import simulate
from alvh_rules.market.stream import OnePart, stream_market
from alvh_rules.pipeline import check_source
from alvh_rules.report.decisions import DecisionFile, decision_frame, shown_names
from alvh_rules.report.exact_mean import ExactMean
from alvh_rules.report.summary import Summary, summary_names

TEXT = """\
ruleset m version 1.0.0
  bars 5 minutes
data
  spx price
  vix volatility carry 1 session
  vix3m volatility known 18:00 same session
target by_bars = spx / sma(spx, 40)
target by_weeks = ema(spx, 30) / weekly(spx)
target slope = vix / vix3m
signal lasting when vix < 20 for 3
always slope < 110%
"""
"""Windows, a recursion, weeks, a gap that is filled, a late column and a property that fails."""


@pytest.fixture(scope="module")
def result():
    found = check_source(Source("m.alvh", TEXT))
    assert found.ruleset is not None, found.rendered()
    return found


def bars(rows: int) -> pd.DataFrame:
    table = simulate(rows, 3, minutes=5)[["time", "spx", "vix", "vix3m"]].copy()
    table.loc[table.index % 7 == 3, "vix"] = np.nan
    table.loc[table.index % 601 == 200, "spx"] = np.nan
    return table


@pytest.fixture(scope="module")
def parquet(tmp_path_factory) -> Path:
    """More rows than a part of a stream has."""
    path = tmp_path_factory.mktemp("bars") / "bars.parquet"
    bars(140_400).to_parquet(path, row_group_size=50_000)
    return path


@pytest.fixture
def ruleset(tmp_path) -> str:
    path = tmp_path / "m.alvh"
    path.write_text(TEXT)
    return str(path)


def told(source, result, folder: Path, ending: str) -> tuple[list[str], Path]:
    """The summary of all rows, and the file of decisions."""
    names = shown_names(result.ruleset, "all") + summary_names(result.ruleset)
    summary = Summary(result.ruleset, result.plan)
    path = folder / f"out{ending}"
    parts = evaluate_parts(result.ruleset, result.plan, source.markets(), source.rows, names=names)
    with DecisionFile(path) as out:
        for evaluation in parts:
            summary.add(evaluation, np.ones(len(evaluation.market.timeline), dtype=bool))
            out.add(decision_frame(evaluation, "all"))
        out.commit("{}")
    return [*summary.last, *summary.lines(source.carried)], path


@pytest.mark.parametrize("part", [1, 61, 997])
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_parts_are_told_and_written_as_the_whole(tmp_path, result, part, ending) -> None:
    path = tmp_path / "bars.parquet"
    bars(250 if part == 1 else 2_500).to_parquet(path)
    market, found = read_market([path], result.ruleset.schema)
    folder = tmp_path / "whole"
    folder.mkdir()
    lines, whole = told(OnePart(market, found), result, folder, ending)
    source = stream_market(path, result.ruleset.schema, Options(), part)
    again, parts = told(source, result, tmp_path, ending)
    assert again == lines
    assert any("gaps filled" in line for line in lines)
    if ending == ".csv":
        assert parts.read_bytes() == whole.read_bytes()
    else:
        pd.testing.assert_frame_equal(pd.read_parquet(parts), pd.read_parquet(whole))


def test_the_command_tells_and_writes_the_same(parquet, ruleset, tmp_path, capsys) -> None:
    out = tmp_path / "d.csv"
    told = []
    for more in ([], ["--stream"]):
        arguments = ["run", ruleset, "--data", str(parquet), "--out", str(out), *more]
        code = main([*arguments, "--explain-plan", "--from", "2008-01-07", "--columns", "all"])
        told.append((code, capsys.readouterr().out, out.read_bytes()))
    assert told[0] == told[1]
    assert "bars" in told[0][1]
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "d.csv",
        "d.csv.kinds.json",
        "m.alvh",
    ]


def test_long_files_are_streamed_unasked(parquet, ruleset, monkeypatch, capsys) -> None:
    def refuse(*rest):
        raise AssertionError("read whole")

    monkeypatch.setattr("alvh_rules.market.read.read_market", refuse)
    with pytest.raises(AssertionError, match="read whole"):
        main(["run", ruleset, "--data", str(parquet)])
    monkeypatch.setattr(history, "STREAM_FROM", 1_000)
    assert main(["run", ruleset, "--data", str(parquet)]) in (0, 1)
    assert "bars" in capsys.readouterr().out


def test_what_cannot_be_streamed_says_why(parquet, ruleset, tmp_path, capsys) -> None:
    csv = tmp_path / "bars.csv"
    bars(50).to_csv(csv, index=False)
    assert main(["run", ruleset, "--data", str(csv), "--stream"]) == 2
    assert "cannot be streamed: the file's format" in capsys.readouterr().out
    data = ["--data", str(parquet), "--data", str(parquet)]
    assert main(["run", ruleset, *data, "--stream"]) == 2
    assert "cannot be streamed: several files" in capsys.readouterr().out
    assert main(["run", ruleset, "--data", str(tmp_path / "none.parquet"), "--stream"]) == 2
    assert "ALV801" in capsys.readouterr().out


def test_a_bad_row_at_the_end_leaves_nothing_behind(ruleset, tmp_path, capsys) -> None:
    table = bars(1_500)
    table.loc[len(table) - 1, "spx"] = -1.0
    path = tmp_path / "bars.parquet"
    table.to_parquet(path)
    out = tmp_path / "d.csv"
    out.write_text("before")
    for more in ([], ["--stream"]):
        assert main(["run", ruleset, "--data", str(path), "--out", str(out), *more]) == 2
        said = capsys.readouterr().out
        assert f"row {len(table)}, column spx" in said
        assert "bars\n" not in said
    assert out.read_text() == "before"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["bars.parquet", "d.csv", "m.alvh"]


def test_no_row_between_the_days_leaves_nothing_behind(parquet, ruleset, tmp_path, capsys) -> None:
    out = ["--out", str(tmp_path / "d.parquet"), "--from", "2050-01-03"]
    assert main(["run", ruleset, "--data", str(parquet), "--stream", *out]) == 2
    assert capsys.readouterr().out == "no session lies between those days\n"
    assert [item.name for item in tmp_path.iterdir()] == ["m.alvh"]


@pytest.mark.parametrize(
    ("ending", "stop"),
    [(".csv", signal.SIGINT), (".parquet", signal.SIGINT), (".parquet", signal.SIGTERM)],
)
def test_an_interrupt_leaves_nothing_behind(parquet, ruleset, tmp_path, ending, stop) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, "-m", "alvh_rules", "run", ruleset, "--data", str(parquet)]
    out = folder / f"d{ending}"
    out.write_text("before")
    process = subprocess.Popen(
        [*command, "--stream", "--columns", "all", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # It is stopped once it has begun to write.
    begun = time.monotonic()
    while time.monotonic() - begun < 60 and process.poll() is None:
        if any(item.name.startswith(".alvh-") for item in folder.iterdir()):
            break
        time.sleep(0.002)
    process.send_signal(stop)
    said, complaint = process.communicate(timeout=60)
    assert (process.returncode, said, complaint) == (2, "", "stopped\n")
    assert [item.name for item in folder.iterdir()] == [out.name]
    assert out.read_text() == "before"


def test_a_run_over_its_budget_is_refused(parquet, ruleset, tmp_path, capsys) -> None:
    out = tmp_path / "d.csv"
    arguments = ["run", ruleset, "--data", str(parquet), "--out", str(out)]
    for more in ([], ["--stream"]):
        assert main([*arguments, *more, "--most-bytes", "1000000"]) == 2
        said = capsys.readouterr().out
        assert "140,400 rows" in said
        assert "more than the 1,000,000 it may" in said
    assert not out.exists()
    assert main([*arguments, "--most-bytes", "1000000000"]) in (0, 1)
    assert out.exists()


def test_memory_does_not_grow_with_the_file(tmp_path, result) -> None:
    table = bars(20_000)
    schema = result.ruleset.schema

    def peak(rows: int) -> int:
        path = tmp_path / "bars.parquet"
        table.iloc[:rows].to_parquet(path, row_group_size=1_000)
        tracemalloc.start()
        told(stream_market(path, schema, Options(), 1_000), result, tmp_path, ".csv")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    # The first run imports what is imported once.
    peak(1_000)
    short, long = peak(4_000), peak(20_000)
    assert long < short * 1.2


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.integers(1, 9))
@settings(deadline=None)
def test_the_mean_is_exact_however_it_is_cut(numbers, part) -> None:
    mean = ExactMean()
    for start in range(0, len(numbers), part):
        mean.add(np.array(numbers[start : start + part]))
    assert mean.count == len(numbers)
    assert mean.value() == float(sum(map(Fraction, numbers)) / len(numbers))


def test_a_speed_is_told_once_it_is_one() -> None:
    assert rows_a_second(3_000_000, 2.0) == "1,500,000 rows a second"
    assert rows_a_second(1, 0.5) == rows_a_second(5_000, 0.0) == ""
