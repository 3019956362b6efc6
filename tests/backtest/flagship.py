"""The flagship over real markets, by costs and by what ended positions: `python -m tests.backtest.flagship`.

The market data stands beside the project and is no part of it.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from alvh_rules.cli.main import main as alvh
from tests.backtest.indices import HERE, SHARED

COSTS = {
    "no fees, at mid": ["--fee", "0", "--slippage", "0"],
    "as assumed": [],
    "half of the half-spread": ["--slippage", "0.5"],
    "all of the half-spread": ["--slippage", "1"],
}
LAYERS = ("short", "medium", "long")
STRESS = {
    "2018-02-05": ("2018-02-02", "2018-02-05"),
    "2020-02-19 to 2020-03-31": ("2020-02-19", "2020-03-31"),
}


def run(folder: Path, options: list[str]) -> None:
    """The flagship from 2008 on, its files written to a folder."""
    files = [
        *("--data", str(SHARED / "market")),
        *("--calendar", str(SHARED / "calendar" / "macro_events.csv")),
    ]
    ruleset = str(HERE / "rulesets" / "alvh_core.alvh")
    told = StringIO()
    with redirect_stdout(told):
        code = alvh(
            ["backtest", ruleset, *files, "--from", "2008-01-01", *options, "--out", str(folder)]
        )
    if code:
        raise RuntimeError(told.getvalue())


def finished(folder: Path) -> pd.DataFrame:
    """A row a finished position of the layers: what it brought, cost and made, and what ended it."""
    trades = pd.read_csv(folder / "trades.csv")
    trades = trades[trades["owner"].isin(LAYERS) & (trades["action"] != "refuse")]
    sums = trades.groupby("position")[["cash", "fees", "slippage"]].sum()
    first = trades[trades["action"] == "open"].set_index("position")
    last = trades[trades["action"].isin(["close", "settle"])].set_index("position")
    return pd.DataFrame(
        {
            "credit": first["cash"],
            "profit": sums["cash"] - sums["fees"],
            "fees": sums["fees"],
            "slippage": sums["slippage"],
            "ended": last["clause"],
        }
    ).dropna()


def main() -> int:
    """Print the tables of docs/backtest.md."""
    if not SHARED.is_dir():
        print("the real market data does not stand beside the project")
        return 2
    with TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / str(at) for at, name in enumerate(COSTS)}
        print("| costs | with the hedge | without | layers | their fees | slippage | hedge |")
        print("|---|---|---|---|---|---|---|")
        for name, options in COSTS.items():
            run(folders[name], options)
            equity = pd.read_csv(folders[name] / "equity.csv")
            end, done = equity.iloc[-1], finished(folders[name])
            made = sum(end[f"{layer}_profit"] for layer in LAYERS)
            print(
                f"| {name} | {end['equity'] / 1e6 - 1:+.1%}"
                f" | {end['equity_without_hedge'] / 1e6 - 1:+.1%} | {made:+,.0f}"
                f" | {done['fees'].sum():,.0f} | {done['slippage'].sum():,.0f}"
                f" | {end['hedge_profit']:+,.0f} |"
            )
        done = finished(folders["as assumed"])
        print("\n| what ended it | positions | profit | of the credit |")
        print("|---|---|---|---|")
        for ended, part in done.groupby("ended"):
            made = part["profit"].sum()
            print(
                f"| {ended} | {len(part):,} | {made:+,.0f} | {made / part['credit'].sum():+.0%} |"
            )
        equity = pd.read_csv(folders["as assumed"] / "equity.csv").set_index("date")
        print(
            "\n| sessions | with the hedge | without | the hedge made | held before, of its ratio |"
        )
        print("|---|---|---|---|---|")
        for name, (first, last) in STRESS.items():
            begin, end = equity.loc[first], equity.loc[last]
            print(
                f"| {name} | {end['equity'] / begin['equity'] - 1:+.2%}"
                f" | {end['equity_without_hedge'] / begin['equity_without_hedge'] - 1:+.2%}"
                f" | {end['hedge_profit'] - begin['hedge_profit']:+,.0f}"
                f" | {begin['hedge_held']:.0%} of {begin['hedge_ratio']:.0%} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
