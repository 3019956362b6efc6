"""Months, rolls and maturities of futures; and the index that the roll is of, worked out apart."""

import itertools

import numpy as np
import pandas as pd
import pytest

from alvh_rules.backtest.futures import roll_share, spread_whole
from alvh_rules.backtest.loading import load
from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.run import backtest
from alvh_rules.core.source import Source
from alvh_rules.market.expiries import vix_expiries
from alvh_rules.market.read import Options
from alvh_rules.market.sessions import exchange
from alvh_rules.pipeline import check_source
from tests.backtest.world import path, run


def test_the_roll_ends_on_the_day_before_settlement() -> None:
    # Settlements of 2018-01-17 and 2018-02-14; 20 sessions from the one up to the other.
    assert roll_share(np.datetime64("2018-01-17")) == 19 / 20
    assert roll_share(np.datetime64("2018-02-12")) == 1 / 20
    assert roll_share(np.datetime64("2018-02-13")) == 0.0
    assert roll_share(np.datetime64("2018-02-14")) > 0.9


def test_whole_contracts_are_spread_so_that_sums_are_nearest() -> None:
    assert spread_whole(10.0, [0.25] * 4, True) == [2, 3, 3, 2]
    assert spread_whole(1.0, [0.25] * 4, True) == [0, 0, 1, 0]
    assert sum(spread_whole(-7.4, [0.3, 0.3, 0.4], True)) == -7
    assert spread_whole(1.0, [0.25, 0.75], False) == [0.25, 0.75]


def held(text: str, day: str) -> dict[str, float]:
    header = "  fill same close\n  contracts fractional\n"
    frame = run(text, path(2, 60), header=header).positions
    on = frame[frame["date"] == day]
    return {str(row.expiry.date()): row.contracts for row in on.itertuples()}


def test_months_roll_and_a_maturity_lies_between_two() -> None:
    even = held("hold vix futures months 2 to 3\n", "2018-01-10")
    assert list(even) == ["2018-02-14", "2018-03-21"]
    assert len(set(even.values())) == 1
    rolling = held("hold vix futures rolling months 1 to 2\n", "2018-01-24")
    near, far = rolling.values()
    assert near / (near + far) == pytest.approx(roll_share(np.datetime64("2018-01-24")))
    middle = held("hold vix futures rolling months 4 to 7\n", "2018-01-24")
    shares = np.array(list(middle.values())) / sum(middle.values())
    assert shares[1:3].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert shares[0] + shares[3] == pytest.approx(1 / 3)
    # Twenty-one days to the first month, forty-nine to the second.
    constant = held("hold vix futures constant maturity 35 days\n", "2018-01-24")
    assert list(constant) == ["2018-02-14", "2018-03-21"]
    near, far = constant.values()
    assert near / (near + far) == pytest.approx((56 - 35) / (56 - 21))


INDEX = """\
ruleset index version 1.0.0
  fill same close
  contracts fractional

data
  vix  volatility

hold vix futures rolling months 1 to 2
"""


def test_the_rolled_futures_are_the_index_of_its_own_methodology(shared_data) -> None:
    """Contract weights of the day before, on settlements as they stand in the file."""
    ruleset = check_source(Source("index.alvh", INDEX)).ruleset
    files = [shared_data / "market" / name for name in ("daily.csv", "vx_settlements.csv")]
    loaded, found = load(ruleset, files, Options())
    assert loaded is not None, found
    settings = Settings(fee=0.0, slippage={1: 0.0}, first="2013-07-22", last="2020-12-31")
    equity = backtest(ruleset, loaded.market, loaded.inputs, settings).equity.set_index("date")
    raw = pd.read_csv(files[1])
    raw = raw[(raw["settle"] > 0) & (raw["expiry"].str.len() == 10)]
    prices = {
        (row.date, row.expiry): row.settle for row in raw.itertuples() if row.date != row.expiry
    }
    sessions, expiries = exchange().sessions, vix_expiries()
    level = 1.0
    days = [np.datetime64(day, "D") for day in equity.index]
    for before, day in itertools.pairwise(days):
        at = int(np.searchsorted(expiries, before, "right"))
        last, first, second = expiries[at - 1 : at + 2]
        counts = np.searchsorted(sessions, np.array([last, first, before]))
        share = (counts[1] - counts[2] - 1) / (counts[1] - counts[0])
        pairs = [(str(first), share), (str(second), 1.0 - share)]
        begun = sum(w * prices[(str(before), name)] for name, w in pairs if w)
        ended = sum(w * prices[(str(day), name)] for name, w in pairs if w)
        level *= ended / begun
    assert equity["equity"].iloc[-1] / 1e6 == pytest.approx(level, rel=1e-6)
