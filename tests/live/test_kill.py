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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")
def test_no_decision_is_lost_repeated_or_changed(tmp_path) -> None:
    (tmp_path / "rules.alvh").write_text(RULES)
    frame = simulate(3200, 4).drop(index=[7, 500, 501, 2000]).reset_index(drop=True)
    frame.to_csv(tmp_path / "feed.csv", index=False)
    run = subprocess.run(
        [sys.executable, "-m", "tests.live.killed", str(tmp_path), str(KILLS), "1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    kills, early = map(int, run.stdout.split())
    # Kills fall before the first new bar of a life, and after it.
    assert kills == KILLS
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
