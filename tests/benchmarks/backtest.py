"""Write docs/backtest-performance.md: how long a backtest takes, and a choice of condors beside optopsy.

`python -m tests.benchmarks.backtest`, which `make bench` runs. Eighteen years of the flagship on the
model surface, and one condor a session of January 2018 on a chain of real quotes. Both choose by the
same deltas, those that this program works out of the chain's mids. optopsy lists every condor within
its own bounds and has no rule for which to take: the choice among its rows is made here, by the rule
that `docs/backtest.md` states, and belongs to its time. Both give the cost at entry and the proceeds at
expiry by mid prices. The contracts must be the same before anything is timed.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from alvh_rules.backtest import run
from alvh_rules.backtest.deciding import Program, of_history
from alvh_rules.backtest.instruments import batch
from alvh_rules.backtest.loading import Loaded, load
from alvh_rules.backtest.result import Backtest, Settings
from alvh_rules.backtest.selection import Selector
from alvh_rules.backtest.slices import Listing
from alvh_rules.backtest_report import files, page
from alvh_rules.core.source import Source
from alvh_rules.market.read import Options, market_from_frame
from alvh_rules.options.contracts import Contracts, Right
from alvh_rules.options.quotes import MarketQuotes
from alvh_rules.options.trading_data import Asked, read_trading_data
from alvh_rules.pipeline import check_source
from tests.benchmarks.measure import interleaved

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
CHAIN = DATA / "chains" / "spxw_2018_01.csv"
FIRST, LAST = date(2008, 1, 2), date(2025, 12, 31)
EXPIRY = np.datetime64("2018-01-31")
DELTA, WINGS = 0.20, 25.0
"""What is asked of a condor: the deltas of what is sold, and the width of its wings in points."""
LEAST_DAYS, LEAST_DELTA, MOST_DELTA = 7, 0.06, 0.26
"""What both are given: sessions so far from the expiry, and options of these deltas. optopsy joins every
strike with every other four times, and the whole chain would be a hundred million condors."""
ROUNDS, LONG_ROUNDS = 5, 1

CONDOR = """\
ruleset condor version 1.0.0
  "One condor a session."

data
  spx  price

layer short
  sell iron condor on spx
    expiring 1 to 40 days
    at delta 20%
    wings 25 points
  weight 100%
  open when true
"""


# --- eighteen years of the flagship --------------------------------------------------------------


@dataclass
class Flagship:
    """The stages of `alvh backtest rulesets/alvh_core.alvh`, each from the one before."""

    loaded: Loaded | None = None
    done: Backtest | None = None

    def read(self) -> None:
        """Read the folder and lay it on sessions."""
        self.result = check_source(
            Source("alvh_core.alvh", (ROOT / "rulesets/alvh_core.alvh").read_text())
        )
        assert self.result.ruleset is not None
        options = Options(calendars=(DATA / "calendar" / "macro_events.csv",))
        self.loaded, found = load(self.result.ruleset, [DATA / "market"], options)
        assert self.loaded is not None, found

    def trade(self) -> None:
        """Both books, with the hedge and without."""
        assert self.loaded is not None
        assert self.result.ruleset is not None
        settings = Settings(first=FIRST, last=LAST)
        self.done = run.backtest(
            self.result.ruleset, self.loaded.market, self.loaded.inputs, settings
        )

    def write(self, folder: Path) -> None:
        """The run's files."""
        assert self.done is not None
        files.write_run(self.done, folder)

    def report(self, folder: Path) -> None:
        """The page."""
        assert self.done is not None
        page.write(self.done, folder / "page.html", [])


def flagship() -> list[str]:
    """The table of the flagship's stages."""
    whole = Flagship()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages: dict[str, Callable[[], None]] = {
            "reading the data": whole.read,
            "trading both books": whole.trade,
            "writing the files": partial(whole.write, folder),
            "writing the page": partial(whole.report, folder),
        }
        taken = interleaved(stages, LONG_ROUNDS)
    assert whole.done is not None
    sessions, legs = len(whole.done.equity), len(whole.done.positions)
    lines = [
        f"{sessions:,} sessions of three layers, the hedge and events, {FIRST} to {LAST}; "
        f"{len(whole.done.trades):,} rows in the trade log",
        f"and {legs:,} marks of legs, of the hedged book alone.",
        "",
        "| | seconds |",
        "|---|---|",
    ]
    lines += [f"| {stage} | {seconds:.2f} |" for stage, seconds in taken.items()]
    return [*lines, f"| together | {sum(taken.values()):.2f} |"]


# --- one condor a session, on a chain ------------------------------------------------------------

Condors = list[tuple[int, tuple[float, ...], float, float]]
"""Days to expiry, strikes from the lowest, cost at entry and proceeds at expiry in points."""


class Ours:
    """The choice as a backtest makes it."""

    def __init__(self) -> None:
        data, found = read_trading_data([DATA / "market" / "daily.csv"], Asked(chains=[CHAIN]))
        assert data is not None, found
        assert data.arrays.chain is not None
        self.quotes, self.chain = MarketQuotes(data.arrays), data.arrays.chain
        result = check_source(Source("condor.alvh", CONDOR))
        assert result.ruleset is not None
        frame = pandas.DataFrame({"date": ["2018-01-02"], "spx": [2695.81]})
        market, _ = market_from_frame(frame, result.ruleset.schema)
        assert market is not None
        decisions = of_history(Program(result.ruleset, market))
        decisions.advance({})
        self.structure, self.written = result.ruleset.layers[0].structure, decisions.written
        rows = np.unique(self.chain.row)
        last = EXPIRY - np.timedelta64(LEAST_DAYS, "D")
        self.rows = [int(row) for row in rows if self.chain.dates[row] <= last]
        self.last = int(rows[-1])
        self.after = int((EXPIRY - np.timedelta64(1, "D")).astype(np.int64))

    def condors(self) -> Condors:
        """Choose on every session, and look what became of each."""
        selector = Selector(Listing(self.quotes))
        made = []
        for row in self.rows:
            found = selector.select(self.structure, "spx", row, self.written, self.after)
            if not isinstance(found, str):
                made.append((row, found))
        legs = [leg for _, found in made for leg in found.legs]
        ends = self.quotes.quote(
            batch([leg.contract for leg in legs]), np.full(len(legs), self.last)
        )
        counts = np.array([leg.count for leg in legs])
        proceeds = (counts * ends.mid).reshape(-1, 4).sum(axis=1)
        condors = []
        for (row, found), brought in zip(made, proceeds.tolist(), strict=True):
            days = int((EXPIRY - self.chain.dates[row]).astype(np.int64))
            strikes = tuple(sorted(leg.contract.strike for leg in found.legs))
            cost = sum(
                leg.count * mark.mid for leg, mark in zip(found.legs, found.marks, strict=True)
            )
            condors.append((days, strikes, cost, brought))
        return condors

    def frame(self) -> pandas.DataFrame:
        """The chain as optopsy takes it, with this program's deltas: the options that may be chosen, and
        the expiry's own session, where it looks what became of them."""
        chain = self.chain
        contracts = Contracts("spx", chain.right, chain.strike, chain.expiry, chain.morning)
        quoted = self.quotes.quote(contracts, chain.row)
        delta = np.abs(quoted.delta)
        fits = (delta >= LEAST_DELTA) & (delta <= MOST_DELTA) & np.isin(chain.row, self.rows)
        whole = pandas.DataFrame(
            {
                "underlying_symbol": "SPX",
                "underlying_price": quoted.spot,
                "option_type": np.where(chain.right == Right.PUT, "put", "call"),
                "expiration": chain.expiry.astype("datetime64[ns]"),
                "quote_date": chain.dates[chain.row].astype("datetime64[ns]"),
                "strike": chain.strike,
                "bid": chain.bid,
                "ask": chain.ask,
                "delta": quoted.delta,
            }
        )
        return whole[fits | (chain.row == self.last)].reset_index(drop=True)


def by_optopsy(frame: pandas.DataFrame) -> Condors:
    """The choice among all of optopsy's condors, by the sum of the misses of both deltas."""
    import optopsy

    every = optopsy.iron_condor(frame, raw=True)
    wide = (every["strike_leg2"] - every["strike_leg1"] == WINGS) & (
        every["strike_leg4"] - every["strike_leg3"] == WINGS
    )
    every = every[wide]
    days = (frame["expiration"] - frame["quote_date"]).dt.days
    deltas = frame.assign(dte_entry=days, miss=(frame["delta"].abs() - DELTA).abs() / DELTA)
    for leg, right in (("leg2", "put"), ("leg3", "call")):
        own = deltas[deltas["option_type"] == right][["dte_entry", "strike", "miss"]]
        own = own.rename(columns={"strike": f"strike_{leg}", "miss": f"miss_{leg}"})
        every = every.merge(own, on=["dte_entry", f"strike_{leg}"])
    every = every.assign(miss=every["miss_leg2"] + every["miss_leg3"])
    strikes = [f"strike_leg{leg}" for leg in range(1, 5)]
    best = every.sort_values(["miss", *strikes]).drop_duplicates("dte_entry")
    best = best.sort_values("dte_entry", ascending=False)
    return [
        (int(row.dte_entry), tuple(row[strikes]), row.total_entry_cost, row.total_exit_proceeds)
        for _, row in best.iterrows()
    ]


def agree(ours: Condors, theirs: Condors) -> int:
    """How many condors both chose; raises AssertionError where one differs."""
    assert [item[:2] for item in ours] == [item[:2] for item in theirs]
    money: Sequence[Any] = [item[2:] for item in ours], [item[2:] for item in theirs]
    np.testing.assert_allclose(*money, atol=1e-9)
    return len(ours)


def beside_optopsy() -> list[str]:
    """The table of both."""
    ours = Ours()
    frame = ours.frame()
    count = agree(ours.condors(), by_optopsy(frame))
    taken = interleaved({"ours": ours.condors, "theirs": lambda: by_optopsy(frame)}, ROUNDS)
    return [
        f"{count} sessions, a condor each: {DELTA:.0%} delta sold, wings of {WINGS:g} points, to the one expiry"
        " of the chain.",
        f"Both chose the same {4 * count} contracts at the same prices. optopsy {version('optopsy')} lists every"
        " condor and leaves the",
        f"choice to its caller; so that the list fits memory it is given {len(frame):,} quotes, of"
        f" {LEAST_DELTA:.0%} to {MOST_DELTA:.0%} delta. This",
        f"program chooses among all {len(ours.chain.row):,}.",
        "",
        "| | milliseconds | optopsy / it |",
        "|---|---|---|",
        f"| this program | {taken['ours'] * 1e3:,.1f} | {taken['theirs'] / taken['ours']:.1f} |",
        f"| optopsy | {taken['theirs'] * 1e3:,.1f} | |",
    ]


def main() -> None:
    """Measure, print, write."""
    if not CHAIN.is_file():
        print(f"skipped: {CHAIN} is not there, and the page stays as it is")
        return
    lines = [
        "# Performance of backtests",
        "",
        "Written by `make bench`. Medians of rounds in one process on one thread; Python"
        f" {platform.python_version()},",
        f"NumPy {np.__version__}, pandas {pandas.__version__}, {platform.machine()}.",
        "",
        f"When it began {os.getloadavg()[0]:.1f} processes wanted the machine's {os.cpu_count()} processors: with"
        " more than there",
        "are, the seconds are of that machine, and the ratio is what counts.",
        "",
        "## The flagship over 18 years, on the model surface",
        "",
        *flagship(),
        "",
        "## A choice of condors, beside optopsy",
        "",
        *beside_optopsy(),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "docs" / "backtest-performance.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
