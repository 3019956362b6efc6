"""Trials: a line a distinct run, whatever else stands in the file."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from alvh_rules.backtest.result import Settings
from alvh_rules.backtest_report import trials
from alvh_rules.backtest_report.metrics import metrics
from alvh_rules.backtest_report.trials import Trial, key_of, read_trials, record_trial
from tests.backtest_report.runs import made_run

TRIAL = Trial("made", "1.0.0", "a" * 64, "2017-06-01", "2019-05-29", 0.5)


def test_a_trial_again_adds_no_line(tmp_path) -> None:
    assert record_trial(tmp_path, TRIAL).others(TRIAL) == []
    other = replace(TRIAL, key="b" * 64, sharpe=math.nan)
    record_trial(tmp_path, other)
    found = record_trial(tmp_path, TRIAL)
    assert len((tmp_path / trials.FILE).read_text().splitlines()) == 2
    assert len(found.others(TRIAL)) == 1
    assert found.others(other) == [0.5]


def test_other_rulesets_are_no_trials_of_this_one(tmp_path) -> None:
    record_trial(tmp_path, replace(TRIAL, ruleset="else"))
    assert record_trial(tmp_path, TRIAL).others(TRIAL) == []


def test_a_broken_line_is_lost_and_counts(tmp_path) -> None:
    (tmp_path / trials.FILE).write_text('{"ruleset": "made", "key"')
    found = record_trial(tmp_path, TRIAL)
    assert found.lost == 1
    assert read_trials(tmp_path).each == (TRIAL,)
    assert len(found.others(TRIAL)) == 1
    assert math.isnan(found.others(TRIAL)[0])


def test_a_long_file_is_read_so_far(tmp_path, monkeypatch) -> None:
    for at in range(20):
        record_trial(tmp_path, replace(TRIAL, key=f"{at:064x}"))
    monkeypatch.setattr(trials, "MOST_BYTES", 1000)
    found = read_trials(tmp_path)
    assert 0 < len(found.each) < 20
    assert found.lost == 1


def test_runs_at_the_same_time_do_not_mix(tmp_path) -> None:
    many = [replace(TRIAL, key=f"{at:064x}") for at in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: record_trial(tmp_path, item), many))
    found = read_trials(tmp_path)
    assert (len(found.each), found.lost) == (60, 0)


def test_what_may_change_the_outcome_makes_another_trial() -> None:
    run = made_run(sessions=30)
    key = key_of(run)
    assert key_of(replace(run, settings=Settings(fee=0.5))) != key
    assert key_of(replace(run, settings=Settings(slippage={1: 0.1}))) != key
    assert key_of(replace(run, capital=2.0)) != key
    assert key_of(replace(run, sources={**run.sources, "made.alvh": "0" * 64})) != key
    assert key_of(replace(run, sources={**run.sources, "numpy": "9.9.9"})) == key


def test_many_trials_deflate_the_ratio() -> None:
    run = made_run()
    alone, many = metrics(run), metrics(run, [0.1 * at for at in range(20)])
    assert (alone.trials, many.trials) == (1, 21)
    assert many.deflated_sharpe < alone.deflated_sharpe
