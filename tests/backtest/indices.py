"""The shipped rulesets beside the indices that they follow: `python -m tests.backtest.indices`.

The market data and the indices' levels stand beside the project and are no part of it.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from alvh_rules.cli.main import main as alvh

HERE = Path(__file__).parents[2]
SHARED = HERE.parent / "shared" / "data"
FEE = 0.0085
"""A year's fee of the fund that holds the short-term futures index."""


@dataclass(frozen=True)
class Compared:
    """Returns of a ruleset beside those of its index.

    `correlation` of the returns over so many `periods`; `tracking_error` the standard deviation of
    their differences (a fraction); `ratio` of the final levels, both begun at one.
    """

    periods: int
    correlation: float
    tracking_error: float
    ratio: float


def equity(name: str, folder: Path, files: list[str], options: list[str]) -> pd.Series:
    """The equity of a shipped ruleset over the real market, as the command writes it."""
    data = [part for file in files for part in ("--data", str(SHARED / "market" / file))]
    ruleset = str(HERE / "rulesets" / f"{name}.alvh")
    told = StringIO()
    with redirect_stdout(told):
        code = alvh(["backtest", ruleset, *data, *options, "--out", str(folder)])
    if code:
        raise RuntimeError(told.getvalue())
    return pd.read_csv(folder / "equity.csv", parse_dates=["date"]).set_index("date")["equity"]


def compared(ours: pd.Series, theirs: pd.Series) -> Compared:
    """Two series of returns over the same periods."""
    both = pd.concat([ours, theirs], axis=1, sort=True).dropna()
    levels = (1.0 + both).prod()
    return Compared(
        len(both),
        float(np.corrcoef(both.to_numpy().T)[0, 1]),
        float((both.iloc[:, 0] - both.iloc[:, 1]).std()),
        float(levels.iloc[0] / levels.iloc[1]),
    )


def writing(name: str, index: str, folder: Path) -> Compared:
    """A ruleset that writes options beside an index of Cboe's, by month, 1990-02 to 2021-12."""

    def monthly(levels: pd.Series) -> pd.Series:
        return levels.resample("ME").last().pct_change()["1990-02":"2021-12"]

    ours = equity(name, folder, ["daily.csv"], ["--to", "2021-12-31"])
    published = pd.read_csv(SHARED / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"])
    return compared(monthly(ours), monthly(published.set_index("date")[index]))


def rolled_futures(folder: Path) -> Compared:
    """The futures ruleset beside the fund that holds its index, before fees, by week."""
    files = ["daily.csv", "vx_settlements.csv"]
    between = ["--from", "2013-07-22", "--to", "2020-12-31"]
    ours = equity("vix_short_term_futures", folder, files, between)
    fund = pd.read_csv(SHARED / "benchmarks" / "vixy_daily.csv", parse_dates=["date"])
    net = fund.set_index("date")["vixy"].reindex(ours.index)
    gross = net * (1.0 + FEE) ** ((ours.index - ours.index[0]).days / 365)

    def weekly(levels: pd.Series) -> pd.Series:
        return levels.resample("W-FRI").last().pct_change().dropna()

    found = compared(weekly(ours), weekly(gross))
    ratio = float((ours.iloc[-1] / ours.iloc[0]) / (gross.iloc[-1] / gross.iloc[0]))
    return Compared(found.periods, found.correlation, found.tracking_error, ratio)


def main() -> int:
    """Print the table of docs/backtest.md."""
    if not SHARED.is_dir():
        print("the real market data does not stand beside the project")
        return 2
    print("| ruleset | index | periods | correlation | tracking error | final level / index's |")
    print("|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        rows = [
            ("put_write", "Cboe PUT", "months", writing("put_write", "put", Path(folder) / "p")),
            ("buy_write", "Cboe BXM", "months", writing("buy_write", "bxm", Path(folder) / "b")),
            (
                "vix_short_term_futures",
                "VIXY and its fee",
                "weeks",
                rolled_futures(Path(folder) / "f"),
            ),
        ]
    for name, index, unit, found in rows:
        print(
            f"| `{name}` | {index} | {found.periods} {unit} | {found.correlation:.4f}"
            f" | {found.tracking_error:.2%} | {found.ratio:.3f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
