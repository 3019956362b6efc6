"""`kill -9` at 200 random moments: no decision lost, none repeated, none changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alvh_rules import load
from alvh_rules.cli.main import main
from alvh_rules.live.open_journal import open_journal
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from tests.live.test_equality import same_as_history
from tests.live.test_paper import same_as_backtest

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200
RULES = """\
ruleset killed version 1.0.0
data
  spx price
  vix volatility carry 1 sessions
  vix3m volatility
let slope = vix3m / vix - 1
let strength = rsi(spx, 14)
signal inverted from slope < 0% until slope > 2% for 3 sessions
signal strong when strength > 60 for 2 sessions
target amount = sma(slope, 20)
"""


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")


def killed(folder: Path, kills: int, *flags: str) -> int:
    """Kill a run of a folder so often, and then let it end; how many were killed before a new bar."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.live.killed", str(folder), str(kills), "1", *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    done, early = map(int, run.stdout.split())
    assert done == kills
    return early


@forks
def test_no_decision_is_lost_repeated_or_changed(tmp_path) -> None:
    (tmp_path / "rules.alvh").write_text(RULES)
    frame = simulate(3200, 4).drop(index=[7, 500, 501, 2000]).reset_index(drop=True)
    frame.to_csv(tmp_path / "feed.csv", index=False)
    # Kills fall before the first new bar of a life, and after it.
    early = killed(tmp_path, KILLS)
    assert 20 < early < 180, early

    rules = load(tmp_path / "rules.alvh")
    market, _ = market_from_frame(frame, rules.checked.schema)
    journal = open_journal(str(tmp_path / "journal.db"))
    same_as_history(journal, rules.checked, rules.plan, market)
    lines = (tmp_path / "told.ndjson").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    bars = list(journal.bars())
    journal.close()
    assert [item["number"] for item in told] == list(range(1, len(bars) + 1))
    assert [item["key"] for item in told] == [bar.key for bar in bars]
    assert [item["decisions"] for item in told] == [bar.decisions for bar in bars]
    assert main(["journal", "verify", str(tmp_path / "journal.db")]) == 0
    assert main(["journal", "replay", str(tmp_path / "journal.db")]) == 0


TRADER = """\
ruleset killed version 1.0.0
  cash earns tbill
data
  spx price
  vix volatility carry 1 sessions
  tbill rate from "tbill_3m" carry 3 sessions
layer short
  sell put spread on spx
    expiring 20 to 40 days
    at delta 30%
    wings 4%
  size 2 contracts
  at most 3 open
  every 3 sessions
  open when vix < 40 and book.drawdown < 5%
  close when profit >= 30% of credit for 2 sessions or days_to_expiry <= 5 days
hedge
  ratio 50% of vega
  hold vix futures months 2 to 4
"""
TRADED = 400


@forks
def test_no_trade_of_the_paper_account_is_lost_repeated_or_changed(tmp_path) -> None:
    (tmp_path / "rules.alvh").write_text(TRADER)
    frame = simulate(TRADED, 4).drop(index=[7, 300, 301]).reset_index(drop=True)
    frame.to_csv(tmp_path / "feed.csv", index=False)
    early = killed(tmp_path, KILLS // 4, "--paper")
    assert 5 < early < 45, early
    path = str(tmp_path / "journal.db")
    journal = open_journal(path)
    same_as_backtest(journal, TRADER, tmp_path / "feed.csv", name="rules.alvh")
    told = [json.loads(line) for line in (tmp_path / "told.ndjson").read_text().splitlines()]
    trades = [trade["number"] for item in told for trade in item["account"]["trades"]]
    journal.close()
    assert trades == [*range(1, len(trades) + 1)]
    assert len(trades) > 100
    assert main(["journal", "verify", path]) == 0
