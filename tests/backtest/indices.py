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
from alvh_rules.options.assumptions import DIVIDEND_YIELDS, of_the_year_before

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


def monthly(levels: pd.Series) -> pd.Series:
    """Returns by month, 1990-02 to 2021-12."""
    return levels.resample("ME").last().pct_change()["1990-02":"2021-12"]


def published(index: str) -> pd.Series:
    """An index of Cboe's, or the total return of the S&P 500: returns by month."""
    levels = pd.read_csv(SHARED / "benchmarks" / "cboe_monthly.csv", parse_dates=["date"])
    return monthly(levels.set_index("date")[index])


def written(name: str, folder: Path) -> pd.Series:
    """A ruleset that writes options: returns by month."""
    return monthly(equity(name, folder, ["daily.csv"], ["--to", "2021-12-31"]))


@dataclass(frozen=True)
class Difference:
    """Of returns by month: the yearly mean (twelve times the month's, a fraction) and its standard
    error."""

    mean: float
    error: float


def difference(returns: pd.Series) -> Difference:
    """The mean of a difference of monthly returns."""
    return Difference(
        float(returns.mean() * 12.0), float(returns.std() * 12.0 / np.sqrt(len(returns)))
    )


def premium_and_morning(puts: pd.Series, calls: pd.Series) -> dict[str, Difference]:
    """Why writing calls differs from its index: what it shares with puts, and what it does not.

    By put-call parity a covered call and a put of one strike are one position. A price that is
    wrong moves both alike, and shows in their mean. The indices differ from each other on the
    mornings of expiry alone (Israelov, PutWrite versus BuyWrite, 2017): from the settlement at the
    opening to the sale of the next option BXM holds the market and PUT does not. A daily file does
    not have that morning, and so the two differences from it are of opposite signs.
    """
    put, bxm, market = published("put"), published("bxm"), published("sptr")
    daily = pd.read_csv(SHARED / "market" / "daily.csv", parse_dates=["date"]).set_index("date")
    price = monthly(daily["spx"])
    return {
        "mean of both rulesets, less that of both indices": difference(
            (puts + calls) / 2.0 - (put + bxm) / 2.0
        ),
        "BXM less PUT, as published": difference(bxm - put),
        "`buy_write` less `put_write`": difference(calls - puts),
        "dividends as assumed, less those of the total return index": difference(
            dividends_assumed(daily) - (market - price)
        ),
    }


def dividends_assumed(daily: pd.DataFrame) -> pd.Series:
    """What a backtest pays on shares where the data has no dividends, by month, of the price."""
    days = pd.Series(daily.index, daily.index).diff().dt.days
    yearly = of_the_year_before(DIVIDEND_YIELDS, daily.index.to_numpy().astype("datetime64[D]"))
    paid = pd.Series(yearly, daily.index).shift() / 100.0 * days / 365.0
    return paid.resample("ME").sum()["1990-02":"2021-12"]


@dataclass(frozen=True)
class Course:
    """A yearly return, a yearly deviation of monthly returns and the deepest drawdown at the ends of
    months: fractions."""

    annual: float
    deviation: float
    drawdown: float


def course(levels: pd.Series, first: str, last: str) -> Course:
    """The course of levels at the ends of months, the month before `first` included."""
    returns = levels.resample("ME").last().pct_change()[first:last].dropna()
    grown = (1.0 + returns).cumprod()
    peak = np.maximum(grown.cummax(), 1.0)
    return Course(
        float(grown.iloc[-1] ** (12.0 / len(returns)) - 1.0),
        float(returns.std() * np.sqrt(12.0)),
        float((1.0 - grown / peak).max()),
    )


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
        puts = written("put_write", Path(folder) / "p")
        calls = written("buy_write", Path(folder) / "b")
        condors = equity("condor_monthly", Path(folder) / "c", ["daily.csv"], [])
        rows = [
            ("put_write", "Cboe PUT", "months", compared(puts, published("put"))),
            ("buy_write", "Cboe BXM", "months", compared(calls, published("bxm"))),
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
    print("\n| difference of monthly returns | a year | standard error |")
    print("|---|---|---|")
    for name, each in premium_and_morning(puts, calls).items():
        print(f"| {name} | {each.mean:+.2%} | {each.error:.2%} |")
    print("\n| `condor_monthly` | a year | deviation | deepest drawdown |")
    print("|---|---|---|---|")
    for first, last in (("1990-02", "2015-12"), ("1990-02", "2009-12"), ("2010-01", "2018-12")):
        found_course = course(condors, first, last)
        print(
            f"| {first} to {last} | {found_course.annual:.2%} | {found_course.deviation:.2%}"
            f" | {found_course.drawdown:.2%} |"
        )
    monthly_returns = condors.resample("ME").last().pct_change()
    print("\n| month | `condor_monthly` |")
    print("|---|---|")
    for month in ("2008-09", "2008-10", "2008-11", "2018-02", "2020-02", "2020-03"):
        print(f"| {month} | {monthly_returns[month].iloc[0]:+.2%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
