"""A small world with exact prices: one volatility for everything, no rates, simple listings.

SPX options are Black and Scholes' at a flat volatility, with half-spreads of five cents, strikes every
5 points and an expiry each Friday, the third one AM. VIX is what a column says; its futures stand a
point above it for each month out, and its options are Black's on them. Real calendars are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from alvh_rules.backtest.result import Settings
from alvh_rules.backtest.run import backtest
from alvh_rules.backtest.simulate import Inputs
from alvh_rules.core.source import Source as Text
from alvh_rules.evaluate.inputs import Market
from alvh_rules.market.expiries import third_fridays, vix_expiries
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.sessions import exchange
from alvh_rules.options import black_scholes
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Right, Source
from alvh_rules.pipeline import check_source

HALF = 0.05


@dataclass
class FlatQuotes:
    """`Quotes` of the small world. `missing` are rows without any quote; `opening` opening prints."""

    dates: np.ndarray
    spx: np.ndarray
    vix: np.ndarray
    volatility: float = 20.0
    missing: frozenset[int] = frozenset()
    opening: np.ndarray | None = None
    calls: list[int] = field(default_factory=list)

    def multiplier(self, underlying: str, right: Right) -> float:
        if right is Right.OUTRIGHT:
            return 1000.0 if underlying == "vix" else 1.0
        return 100.0

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        day = self.dates[row]
        if underlying == "vix":
            every = vix_expiries()
            at = int(np.searchsorted(every, day, "right"))
            date = every[at : at + 8]
            standard = np.ones(len(date), dtype=bool)
            morning = standard
        else:
            days = np.arange(day + 1, day + 120)
            date = days[(days.astype(np.int64) + 3) % 7 == 4]
            sessions = exchange().sessions
            standard = date == third_fridays(date.astype("M8[M]"))
            date = sessions[np.searchsorted(sessions, date, "right") - 1]
            later = date > day
            date, standard = date[later], standard[later]
            morning = standard
        return Expiries(date, (date - day).astype(float), morning, standard)

    def strikes(self, underlying: str, row: int, expiry: np.datetime64, right: Right) -> np.ndarray:
        if row in self.missing:
            return np.zeros(0)
        if underlying == "vix":
            return np.arange(10.0, 60.0)
        spot = self.spx[row]
        return 5.0 * np.arange(np.ceil(0.7 * spot / 5), np.floor(1.3 * spot / 5) + 1)

    def future(self, rows: np.ndarray, expiry: np.ndarray) -> np.ndarray:
        days = (expiry - self.dates[rows]).astype(float)
        return np.where(days > 0, self.vix[rows] + days / 30.0, np.nan)

    def quote(self, contracts: Contracts, rows: np.ndarray) -> Quoted:
        self.calls.append(len(rows))
        zero = np.zeros(len(rows))
        vix = contracts.underlying == "vix"
        lost = np.isin(rows, list(self.missing))
        days = (contracts.expiry - self.dates[rows]).astype(float)
        if (contracts.right == Right.OUTRIGHT).all():
            mid = self.future(rows, contracts.expiry) if vix else self.spx[rows]
            mid = np.where(lost, np.nan, mid)
            half = HALF if vix else 0.0
            told = Source.SETTLEMENT if vix else Source.COLUMN
            return Quoted(
                mid - half, mid + half, mid, zero * np.nan, zero + 1, zero, zero, zero, mid, mid,
                np.full(len(rows), told, dtype=np.int8),
            )  # fmt: skip
        spot = self.future(rows, contracts.expiry) if vix else self.spx[rows]
        volatility = np.full(len(rows), 90.0 if vix else self.volatility)
        found = black_scholes.price(
            contracts.right, spot, contracts.strike, volatility, days, zero, zero
        )
        mid = np.where(lost, np.nan, found.price)
        return Quoted(
            np.maximum(mid - HALF, 0.0), mid + HALF, mid, volatility, found.delta, found.gamma,
            found.theta, found.vega, spot, spot, np.full(len(rows), Source.MODEL, dtype=np.int8),
        )  # fmt: skip

    def settlement(self, contracts: Contracts, rows: np.ndarray) -> np.ndarray:
        close = self.vix if contracts.underlying == "vix" else self.spx
        opening = close if self.opening is None else self.opening
        return np.where(contracts.morning, opening[rows], close[rows])


def path(seed: int, rows: int = 120, start: str = "2018-01-02") -> pd.DataFrame:
    """A seeded market of daily rows: spx, vix, vix3m and a T-bill."""
    rng = np.random.default_rng(seed)
    sessions = exchange().sessions
    first = int(np.searchsorted(sessions, np.datetime64(start)))
    vix = [16.0]
    spx = [2700.0]
    for _ in range(rows - 1):
        shock = rng.normal()
        jump = 12.0 if rng.random() < 0.03 else 0.0
        vix.append(float(np.clip(vix[-1] + 0.2 * (16 - vix[-1]) - shock + jump, 9, 80)))
        spx.append(spx[-1] * float(np.exp(0.0003 + 0.009 * shock - jump / 300)))
    vix_now = np.round(vix, 2)
    return pd.DataFrame(
        {
            "date": sessions[first : first + rows].astype(str),
            "spx": np.round(spx, 2),
            "vix": vix_now,
            "vix3m": np.round(16 + 0.5 * (vix_now - 16) + 1, 2),
            "tbill": 2.0,
        }
    )


HEAD = """\
ruleset world version 1.0.0
  capital $1,000,000
{header}
data
  spx    price
  vix    volatility
  vix3m  volatility
  tbill  rate

let slope = vix3m / vix - 1

"""


def ruleset_of(text: str, header: str = "  cash earns tbill\n"):
    """A checked ruleset of the lines, after the head of this world."""
    result = check_source(Text("world.alvh", HEAD.format(header=header) + text))
    assert result.ruleset is not None, result.rendered()
    return result.ruleset


def market_of(ruleset, frame: pd.DataFrame) -> Market:
    market, found = market_from_frame(frame, ruleset.schema)
    assert market is not None, found
    return market


def quotes_of(market: Market, **options) -> FlatQuotes:
    return FlatQuotes(
        market.timeline.dates.astype("datetime64[D]"),
        np.asarray(market.columns["spx"], dtype=float),
        np.asarray(market.columns["vix"], dtype=float),
        **options,
    )


def run(text: str, frame: pd.DataFrame, *, header: str = "  cash earns tbill\n", **options):
    """A backtest of the lines over a frame, and its ruleset."""
    ruleset = ruleset_of(text, header)
    market = market_of(ruleset, frame)
    settings = options.pop("settings", None) or Settings()
    bulk = options.pop("bulk", True)
    dividends = options.pop("dividends", {})
    inputs = Inputs(quotes_of(market, **options), dividends)
    return backtest(ruleset, market, inputs, settings, bulk=bulk)
