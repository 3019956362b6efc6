"""A run's files: the same backtest when read back, and refused where they are not of one run."""

import json
import os
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_rules.backtest.result import Backtest, Settings
from alvh_rules.backtest_report import files
from alvh_rules.backtest_report.files import FRAMES, read_run, trials_of, write_run
from alvh_rules.backtest_report.metrics import metrics
from tests.backtest_report.runs import made_run

HOSTILE = ' "=1+1", <b>\u2028é;\tNA'


@pytest.fixture(scope="module")
def run() -> Backtest:
    return made_run(seed=3, sessions=260, hostile=HOSTILE)


def same(one: Backtest, other: Backtest) -> None:
    for name in FRAMES:
        pd.testing.assert_frame_equal(
            days_alike(getattr(one, name)), days_alike(getattr(other, name)), check_exact=True
        )
    for name in ("ruleset", "version", "capital", "settings", "found", "sources"):
        assert getattr(one, name) == getattr(other, name)
    assert {name: list(map(str, each)) for name, each in one.events.items()} == {
        name: list(map(str, each)) for name, each in other.events.items()
    }


def days_alike(frame: pd.DataFrame) -> pd.DataFrame:
    days = frame.select_dtypes("datetime").columns
    return frame.astype(dict.fromkeys(days, "datetime64[ns]"))


def test_a_run_reads_back_as_it_was(run, tmp_path) -> None:
    first = replace(run, settings=Settings(fee=0.1, slippage={4: 0.3}, first=date(2017, 6, 1)))
    write_run(first, tmp_path / "new" / "run")
    again, found = read_run(tmp_path / "new" / "run")
    assert found == []
    assert again is not None
    same(first, again)
    assert metrics(again) == metrics(first)


def test_unknown_numbers_and_days_come_back_unknown(run, tmp_path) -> None:
    equity, trades = run.equity.copy(), run.trades.copy()
    equity.loc[5, ["equity", "margin"]] = np.nan
    equity.loc[6, "equity"] = 0.1 + 0.2
    trades.loc[0, "profit"] = np.nan
    trades["decided"] = trades["decided"].astype("datetime64[ns]")
    trades.loc[1, "decided"] = pd.NaT
    write_run(replace(run, equity=equity, trades=trades), tmp_path)
    again, _ = read_run(tmp_path)
    same(replace(run, equity=equity, trades=trades), again)


def test_a_run_without_trades_reads_back(run, tmp_path) -> None:
    bare = replace(
        run, trades=run.trades[:0], positions=run.positions[:0], prevented=run.prevented[:0]
    )
    write_run(bare, tmp_path)
    again, found = read_run(tmp_path)
    assert found == []
    assert [len(again.trades), len(again.positions)] == [0, 0]
    assert list(again.trades.columns) == list(run.trades.columns)
    assert metrics(again) == metrics(bare)


def test_a_column_of_text_that_is_not_known_comes_back(run, tmp_path) -> None:
    told = replace(run, trades=run.trades.assign(mood="1e5 of them", reason="0012"))
    write_run(told, tmp_path)
    again, _ = read_run(tmp_path)
    assert set(again.trades["mood"]) == {"1e5 of them"}
    assert set(again.trades["reason"]) == {"0012"}


def test_other_files_of_the_folder_stay(run, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_run(run, tmp_path)
    write_run(run, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted(
        [*FRAMES.values(), "run.json", "trials.jsonl", "notes.txt"]
    )


def test_the_figures_are_in_the_file_with_the_trials(run, tmp_path) -> None:
    write_run(run, tmp_path)
    figures = write_run(replace(run, settings=Settings(fee=9.0)), tmp_path)
    assert figures.trials == 2
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["metrics"] == figures.to_dict()
    again, _ = read_run(tmp_path)
    assert metrics(again, trials_of(again, tmp_path)) == figures


@pytest.mark.parametrize("name", FRAMES.values())
def test_a_changed_file_is_refused(run, tmp_path, name) -> None:
    write_run(run, tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(b"\n")
    again, found = read_run(tmp_path)
    assert again is None
    assert "changed since" in found[0].message
    assert name in found[0].location
    (tmp_path / name).unlink()
    again, found = read_run(tmp_path)
    assert (again, found[0].code) == (None, "ALV940")


def test_a_run_that_was_stopped_is_refused(run, tmp_path, monkeypatch) -> None:
    write_run(run, tmp_path)
    moved = []

    def stop(source, target) -> None:
        if len(moved) == 2:
            raise OSError("no space left")
        moved.append(target)
        os.rename(source, target)

    monkeypatch.setattr(files.os, "replace", stop)
    with pytest.raises(OSError, match="no space"):
        write_run(replace(run, equity=run.equity[:-1]), tmp_path)
    again, found = read_run(tmp_path)
    assert again is None
    assert [item.code for item in found] == ["ALV940"]
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".alvh")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "it is no run"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1, "files": {}}', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, text, said) -> None:
    (tmp_path / "run.json").write_text(text)
    again, found = read_run(tmp_path)
    assert again is None
    assert said in found[0].message


def test_an_empty_folder_is_refused(tmp_path) -> None:
    assert "holds no run" in read_run(tmp_path)[1][0].message
    assert "holds no run" in read_run(tmp_path / "absent")[1][0].message
