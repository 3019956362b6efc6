"""The shipped rulesets that follow published indices, held to the indices themselves.

The market data and the indices' levels stand beside the project and are no part of it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_rules.cli.main import main

HERE = Path(__file__).parents[2]
SHARED = HERE.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real market data does not stand beside the project"
)


def equity(name: str, folder: Path, *files: str, options: tuple[str, ...] = ()) -> pd.Series:
    """The equity of a shipped ruleset over the real market, as the command writes it."""
    data = [part for file in files for part in ("--data", str(SHARED / "market" / file))]
    ruleset = str(HERE / "rulesets" / f"{name}.alvh")
    assert main(["backtest", ruleset, *data, *options, "--out", str(folder)]) == 0
    return pd.read_csv(folder / "equity.csv", parse_dates=["date"]).set_index("date")["equity"]


def monthly(levels: pd.Series) -> pd.Series:
    return levels.resample("ME").last().pct_change()


@pytest.mark.parametrize(
    ("name", "index", "least", "most"),
    [("put_write", "put", 0.975, 0.0065), ("buy_write", "bxm", 0.98, 0.006)],
)
def test_the_writing_rulesets_follow_their_index(name, index, least, most, tmp_path) -> None:
    ours = monthly(equity(name, tmp_path / "out", "daily.csv", options=("--to", "2021-12-31")))
    published = pd.read_csv(SHARED / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"])
    theirs = monthly(published.set_index("date")[index])
    both = pd.concat([ours, theirs], axis=1, sort=True).dropna()["1990-02":"2021-12"]
    assert len(both) == 383
    assert np.corrcoef(both.to_numpy().T)[0, 1] >= least
    assert (both.iloc[:, 0] - both.iloc[:, 1]).std() <= most


def test_rolled_futures_follow_the_short_term_index(tmp_path) -> None:
    ours = equity(
        "vix_short_term_futures",
        tmp_path / "out",
        "daily.csv",
        "vx_settlements.csv",
        options=("--from", "2013-07-22", "--to", "2020-12-31"),
    )
    fund = pd.read_csv(SHARED / "benchmarks" / "vixy_daily.csv", parse_dates=["date"])
    net = fund.set_index("date")["vixy"].reindex(ours.index)
    years = (ours.index - ours.index[0]).days / 365
    gross = net * 1.0085**years

    def weekly(levels: pd.Series) -> pd.Series:
        return levels.resample("W-FRI").last().pct_change().dropna()

    assert np.corrcoef(weekly(ours), weekly(gross))[0, 1] >= 0.992
    ratio = (ours.iloc[-1] / ours.iloc[0]) / (gross.iloc[-1] / gross.iloc[0])
    assert abs(ratio - 1) <= 0.03


def test_condors_cost_what_their_wings_allow(tmp_path) -> None:
    """A month's loss is at most what the ten times larger bills leave: the bound of the ruleset."""
    ours = equity("condor_monthly", tmp_path / "out", "daily.csv")
    trades = pd.read_csv(tmp_path / "out" / "trades.csv")
    opened = trades[trades.action == "open"]
    assert len(opened) > 430
    settled = trades[trades.action == "settle"].merge(opened, on="position", suffixes=("", "_open"))
    before = ours.reindex(pd.to_datetime(settled.date_open)).to_numpy()
    lost = -(settled.cash + settled.cash_open) / before
    assert lost.max() <= 0.101
