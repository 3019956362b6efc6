"""Backtests made of a seed: condors in two layers under VIX calls, in cents, on an invented market.

They obey the laws of `alvh_rules/backtest/result.py`: at every session equity is cash and the market
value of the open legs, and the capital and all profits, to the cent. Prices are Black and Scholes'
from the standard library's normal distribution; nothing of the simulator is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from alvh_rules.backtest.result import Backtest, Settings
from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.core.source import Span

NORMAL = NormalDist()
CAPITAL = 1_000_000.0
CLAUSES = {
    "short": ("slope > 0%", "made.alvh:21"),
    "long": ("momentum between 35 and 65", "made.alvh:33"),
    "hedge": ("below 0% => vix call <20 to 40 days>", "made.alvh:45"),
}


@dataclass
class Leg:
    underlying: str
    right: str
    strike: float
    contracts: int
    row: dict = field(default_factory=dict)

    def text(self) -> str:
        letter = {"put": "P", "call": "C"}[self.right]
        return f"{self.contracts:+d} {self.underlying} {{expiry}} {letter}{self.strike:g} @ {self.row['mark']:g}"


@dataclass
class Position:
    name: str
    owner: str
    opened: int
    expiry: int
    legs: list[Leg]
    credit: int = 0
    slipped: int = 0


def priced(leg: Leg, spot: float, years: float, volatility: float) -> dict:
    """A leg's quote and Greeks, of the whole leg, in dollars."""
    sign = 1 if leg.right == "call" else -1
    scale = leg.contracts * 100
    if years <= 0:
        value, delta, gamma, theta, vega = max(sign * (spot - leg.strike), 0.0), 0, 0, 0, 0
    else:
        s = volatility / 100 * math.sqrt(years)
        d1 = math.log(spot / leg.strike) / s + s / 2
        value = sign * (spot * NORMAL.cdf(sign * d1) - leg.strike * NORMAL.cdf(sign * (d1 - s)))
        density = NORMAL.pdf(d1)
        delta = sign * NORMAL.cdf(sign * d1)
        gamma = density / (spot * s)
        vega = spot * density * math.sqrt(years) / 100
        theta = -spot * density * volatility / 100 / (2 * math.sqrt(years)) / 365
    mark = round(value, 2)
    cents = round(mark * 100 * scale)
    return {
        "bid": round(max(mark - 0.1, 0), 2),
        "ask": round(mark + 0.1, 2),
        "mark": mark,
        "cents": cents,
        "volatility": volatility if years > 0 else math.nan,
        "delta": delta * scale,
        "gamma": gamma * scale,
        "theta": theta * scale,
        "vega": vega * scale,
    }


def made_run(seed: int = 1, sessions: int = 520, *, hostile: str = "") -> Backtest:
    """A backtest of a seed. `hostile` is put wherever a ruleset's or a file's text can stand."""
    return _Making(seed, sessions, hostile).made()


class _Making:
    def __init__(self, seed: int, sessions: int, hostile: str) -> None:
        rng = np.random.default_rng(seed)
        self.hostile = hostile
        self.days = pd.bdate_range("2017-06-01", periods=sessions)
        vix, spot = [12.0], [2400.0]
        for row in range(1, sessions):
            jump = 20.0 if row in (170, 400) else 0.0
            vix.append(
                float(np.clip(vix[-1] + 0.08 * (14 - vix[-1]) + jump + rng.normal(0, 0.7), 9, 80))
            )
            move = rng.normal(0.0006, vix[-1] / 100 / 16) - (0.045 if jump else 0)
            spot.append(round(spot[-1] * (1 + move), 2))
        self.vix, self.spot = np.round(vix, 2), np.array(spot)
        self.vix3m = np.round(self.vix + np.clip(3 - (self.vix - 14) * 0.3, -6, 4), 2)
        self.open: list[Position] = []
        self.trades: list[dict] = []
        self.positions: list[dict] = []
        self.cash = self.plain = round(CAPITAL * 100)
        self.profits = dict.fromkeys(("short", "long", "hedge"), 0)
        self.count = dict.fromkeys(("short", "long", "hedge"), 0)

    def price(self, position: Position, row: int) -> int:
        years = max(position.expiry - row, 0) * 7 / 5 / 365
        total = 0
        for leg in position.legs:
            vix = leg.underlying == "VIX"
            spot = self.vix[row] if vix else self.spot[row]
            volatility = 90.0 if vix else float(self.vix[row])
            leg.row = priced(leg, float(spot), years, volatility)
            total += leg.row["cents"]
        return total

    def trade(self, position: Position, row: int, action: str, cash: int, profit: int) -> None:
        legs = sum(abs(leg.contracts) for leg in position.legs)
        fee = 0 if action == "settle" else round(legs * 65)
        slip = 0 if action == "settle" else legs * 300
        position.slipped += slip
        clause, place = CLAUSES[position.owner]
        if action == "close":
            clause = "profit >= 50% of credit"
        self.cash += cash - fee - slip
        if position.owner != "hedge":
            self.plain += cash - fee - slip
        self.profits[position.owner] += cash - fee - slip
        expiry = str(self.days[min(position.expiry, len(self.days) - 1)].date())
        sign = 1 if action == "open" else -1
        self.trades.append(
            {
                "number": len(self.trades) + 1,
                "date": self.days[row],
                "position": position.name,
                "owner": position.owner,
                "action": action,
                "structure": (
                    "vix call" if position.owner == "hedge" else "iron condor on spx, wings 25"
                )
                + self.hostile,
                "legs": "; ".join(leg.text().format(expiry=expiry) for leg in position.legs),
                "contracts": sign * abs(position.legs[0].contracts),
                "cash": (cash - slip) / 100,
                "fees": fee / 100,
                "slippage": slip / 100,
                "profit": (profit - fee - position.slipped) / 100
                if action != "open"
                else -fee / 100,
                "clause": clause + self.hostile,
                "place": place,
                "decided": self.days[max(row - 1, 0)],
                "source": "model",
            }
        )

    def begin(self, owner: str, row: int) -> None:
        self.count[owner] += 1
        name = f"{owner}-{self.count[owner]:04d}"
        spot = round(self.spot[row] / 5) * 5
        if owner == "hedge":
            legs = [Leg("VIX", "call", round(self.vix[row] * 1.2), 20)]
            length = 30
        else:
            length = 10 if owner == "short" else 40
            width = round(spot * self.vix[row] / 100 * math.sqrt(length / 252) / 5) * 5
            legs = [
                Leg("SPX", "put", spot - width - 25, 4),
                Leg("SPX", "put", spot - width, -4),
                Leg("SPX", "call", spot + width, -4),
                Leg("SPX", "call", spot + width + 25, 4),
            ]
        position = Position(name, owner, row, row + length, legs)
        value = self.price(position, row)
        position.credit = -value
        self.open.append(position)
        self.trade(position, row, "open", -value, 0)

    def made(self) -> Backtest:
        rows, prevented, mtm = [], 0, 0
        for row in range(len(self.days)):
            value = dict.fromkeys(self.profits, 0)
            for position in list(self.open):
                now = self.price(position, row)
                gain = now + position.credit
                over = row >= position.expiry
                taken = position.owner != "hedge" and gain >= 0.5 * position.credit > 0
                if over or taken:
                    self.trade(position, row, "settle" if over else "close", now, gain)
                    self.open.remove(position)
            slope = self.vix3m[row] / self.vix[row] - 1
            for owner, every in (("short", 5), ("long", 15), ("hedge", 20)):
                if row % every == 0 and row > 3 and row < len(self.days) - 3:
                    if owner == "hedge" or slope > 0:
                        self.begin(owner, row)
                    else:
                        prevented += 1
                        self.refuse(owner, row)
            greeks = dict.fromkeys(("delta", "gamma", "theta", "vega"), 0.0)
            for position in self.open:
                value[position.owner] += self.price(position, row)
                self.hold(position, row, greeks)
            mtm = sum(value.values())
            equity = self.cash + mtm
            rows.append(
                {
                    "date": self.days[row],
                    "equity": equity / 100,
                    "cash": self.cash / 100,
                    "margin": 10_000.0 * sum(item.owner != "hedge" for item in self.open),
                    "equity_without_hedge": (self.plain + mtm - value["hedge"]) / 100,
                    "interest": 0.0,
                    **{
                        f"{owner}_profit": (self.profits[owner] + value[owner]) / 100
                        for owner in self.profits
                    },
                    **{f"book_{name}": round(item, 6) for name, item in greeks.items()},
                    "hedge_ratio": 1.0 if slope < 0 else 0.45,
                    "hedge_held": 0.9 if slope < 0 else 0.5,
                    "skipped": 0,
                }
            )
        equity = pd.DataFrame(rows)
        top = np.maximum(equity["equity"].cummax(), CAPITAL)
        equity["drawdown"] = equity["equity"] / top - 1
        market = pd.DataFrame(
            {
                "date": self.days,
                "spot": self.spot,
                "spx": self.spot,
                "vix": self.vix,
                "vix3m": self.vix3m,
                "tbill_3m": 1.2,
            }
        )
        decisions = pd.DataFrame(
            {
                "date": self.days,
                "short.open": pd.array(self.vix3m > self.vix, dtype="boolean"),
                "hedge.ratio": equity["hedge_ratio"],
                "hedge.hold": pd.array(
                    ["vix call" + self.hostile] * len(self.days), dtype="string"
                ),
            }
        )
        listing = [
            {
                "owner": owner,
                "clause": CLAUSES[owner][0] + self.hostile,
                "place": CLAUSES[owner][1],
                "sessions": sessions,
                "false": sessions + 4,
                "unknown": 14,
            }
            for owner, sessions in (("short", prevented + 12), ("long", 9))
        ]
        warning = Diagnostic(
            "ALV814",
            Severity.WARNING,
            "2 quotes are crossed" + self.hostile,
            Span("made.alvh", 3, 9),
            location="chain.csv, row 7",
            help="they are not used",
        )
        return Backtest(
            ruleset="made" + self.hostile,
            version="1.0.0",
            capital=CAPITAL,
            settings=Settings(),
            equity=equity,
            trades=pd.DataFrame(self.trades),
            positions=pd.DataFrame(self.positions),
            prevented=pd.DataFrame(listing),
            decisions=decisions,
            market=market,
            events={"fomc" + self.hostile: tuple(self.days[15::31].date)},
            found=(warning,),
            sources={
                "made.alvh": "ab" * 32,
                "daily.csv" + self.hostile: "cd" * 32,
                "numpy": np.__version__,
            },
        )

    def refuse(self, owner: str, row: int) -> None:
        clause, place = "no quote for a leg", CLAUSES[owner][1]
        self.trades.append(
            {
                "number": len(self.trades) + 1,
                "date": self.days[row],
                "position": "",
                "owner": owner,
                "action": "refuse",
                "structure": "iron condor on spx",
                "legs": "",
                "contracts": 0,
                "cash": 0.0,
                "fees": 0.0,
                "slippage": 0.0,
                "profit": 0.0,
                "clause": clause,
                "place": place,
                "decided": self.days[row],
                "source": "",
            }
        )

    def hold(self, position: Position, row: int, greeks: dict) -> None:
        expiry = self.days[min(position.expiry, len(self.days) - 1)]
        for number, leg in enumerate(position.legs, 1):
            quote = leg.row
            for name in greeks:
                greeks[name] += quote[name]
            self.positions.append(
                {
                    "date": self.days[row],
                    "position": position.name,
                    "owner": position.owner,
                    "leg": number,
                    "underlying": leg.underlying,
                    "right": leg.right,
                    "strike": float(leg.strike),
                    "expiry": expiry,
                    "contracts": leg.contracts,
                    "bid": quote["bid"],
                    "ask": quote["ask"],
                    "mark": quote["mark"],
                    "market_value": quote["cents"] / 100,
                    "volatility": quote["volatility"],
                    "delta": quote["delta"],
                    "gamma": quote["gamma"],
                    "theta": quote["theta"],
                    "vega": quote["vega"],
                    "source": "model",
                }
            )
