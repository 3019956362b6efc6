"""Delta over several underlyings: in dollars for a point of one of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_rules.cli.main import main
from tests.options.markets import write_daily

RULES = """\
ruleset scalp version 1.0.0
  "A straddle, its delta kept by shares."

data
  spx  price
  spy  price

layer short
  sell straddle on spx
    expiring 20 to 40 days
  size 2 contracts
  open when spx > 0

hedge
  keep delta between -20 and 20 by NAME shares
"""


def scalped(folder: Path, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The shares' trades, and the book, where a fund at a tenth of the index is traded or the index."""
    index = 2700.0 * np.exp(np.cumsum(np.tile([0.004, -0.001, 0.006, -0.008, 0.005], 6)))
    daily = write_daily(folder / "daily.csv", count=30, spx=index, spy=index / 10, vix=15.0)
    rules = folder / f"{name}.alvh"
    rules.write_text(RULES.replace("NAME", name))
    out = folder / name
    assert main(["backtest", str(rules), "--data", str(daily), "--out", str(out)]) == 0
    trades = pd.read_csv(out / "trades.csv").query("owner == 'hedge'")
    return trades, pd.read_csv(out / "equity.csv")


def test_a_fund_at_a_tenth_of_the_index_takes_ten_times_the_shares(tmp_path, capsys) -> None:
    by_index, book = scalped(tmp_path, "spx")
    by_fund, other = scalped(tmp_path, "spy")
    assert by_index["date"].tolist() == by_fund["date"].tolist()
    assert len(by_index) > 3
    shares, ten = (
        trades["legs"].str.extract(r"([+-]\d+) SP")[0].astype(float).to_numpy()
        for trades in (by_index, by_fund)
    )
    # Each count is rounded to whole shares: half of ten, and half of one.
    assert np.abs(ten - 10 * shares).max() <= 5.5 * 2
    assert other["book_delta"].to_numpy() == pytest.approx(book["book_delta"].to_numpy(), abs=1.1)
    assert other["book_delta"].abs().max() < 200
