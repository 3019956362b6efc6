"""The shipped rulesets that follow published indices, held to the indices themselves."""

import pandas as pd
import pytest

from tests.backtest.indices import SHARED, equity, rolled_futures, writing

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the real market data does not stand beside the project"
)


@pytest.mark.parametrize(
    ("name", "index", "least", "most"),
    [("put_write", "put", 0.975, 0.0065), ("buy_write", "bxm", 0.98, 0.006)],
)
def test_the_writing_rulesets_follow_their_index(name, index, least, most, tmp_path) -> None:
    found = writing(name, index, tmp_path / "out")
    assert found.periods == 383
    assert found.correlation >= least
    assert found.tracking_error <= most


def test_rolled_futures_follow_the_short_term_index(tmp_path) -> None:
    found = rolled_futures(tmp_path / "out")
    assert found.periods == 388
    assert found.correlation >= 0.992
    assert abs(found.ratio - 1) <= 0.03


def test_condors_lose_no_more_than_the_size_allows(tmp_path) -> None:
    """`max_loss is 10% of equity`, fees and the premium's slippage besides."""
    ours = equity("condor_monthly", tmp_path / "out", ["daily.csv"], [])
    trades = pd.read_csv(tmp_path / "out" / "trades.csv")
    opened = trades[trades.action == "open"]
    assert len(opened) > 430
    settled = trades[trades.action == "settle"].merge(opened, on="position", suffixes=("", "_open"))
    before = ours.reindex(pd.to_datetime(settled.date_open)).to_numpy()
    lost = -(settled.cash + settled.cash_open) / before
    assert 0.05 < lost.max() <= 0.101
