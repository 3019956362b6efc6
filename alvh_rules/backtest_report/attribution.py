"""What made a position's profit, session by session: delta, gamma, theta, vega, costs, and the rest.

1. The profit of a session is the change of market value plus the cash of its trades less their fees.
   A future is worth nothing after its daily settlement: its gain is dollars for a point times its move.
2. Fees and slippage are costs; what is left is what the market did.
3. To each leg that was held overnight, Taylor's expansion about the close before:
   delta × dS + gamma × dS² / 2 + theta × calendar days + vega × dV, with the Greeks of that close,
   dS the move of what the leg is on, dV that of its implied volatility in points. An option on VIX is
   on its future, and its vega is to the volatility of that; a VIX future's whole gain is delta's.
   For a leg that is gone, the trade or the settlement says what it was on, and a trade its volatility.
4. What the market did beyond that is the residual: higher orders, moves within the session, and every
   part that cannot be known. At a settlement no volatility is left to move.

The parts add up to the profit by construction; how good the split is, the residual shows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.returns import dates_of

if TYPE_CHECKING:
    import pandas

_LEG = ["underlying", "right", "strike", "expiry"]


@dataclass(frozen=True, slots=True)
class Causes:
    """Profit by cause, dollars. They add up to `total`."""

    delta: float = 0.0
    gamma: float = 0.0
    theta: float = 0.0
    vega: float = 0.0
    residual: float = 0.0
    fees: float = 0.0
    slippage: float = 0.0

    @property
    def total(self) -> float:
        """The profit."""
        return float(sum(getattr(self, item.name) for item in fields(self)))

    def __add__(self, other: Causes) -> Causes:
        """Causes of both."""
        return Causes(
            *(getattr(self, item.name) + getattr(other, item.name) for item in fields(self))
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a position: its day, its causes, and what its legs are worth at the close."""

    day: Any
    causes: Causes
    value: float
    held: bool


def attributed(backtest: Backtest, position: str) -> list[Session]:
    """The sessions of a position, from its opening to its end, with what made its profit on each."""
    held = backtest.positions[backtest.positions["position"] == position]
    trades = backtest.trades[
        (backtest.trades["position"] == position) & (backtest.trades["action"] != "refuse")
    ]
    by_day = dict(list(held.groupby(dates_of(held))))
    traded = dict(list(trades.groupby(dates_of(trades))))
    found = []
    before: pandas.DataFrame = held[:0]
    then = None
    for day in sorted({*by_day, *traded}):
        now = by_day.get(day, held[:0])
        causes = causes_of_session(backtest, before, now, traded.get(day), then, day)
        found.append(Session(day, causes, _value(now), held=bool(len(now))))
        before, then = now, day
    if found and not found[-1].held and (held["right"] == "future").any():
        found[-1] = _settled(found, float(trades["profit"].sum()))
    return found


def _settled(sessions: list[Session], realised: float) -> Session:
    """The last session, with the residual that makes the whole what was realised: the log tells fills
    to the cent a point, which is dollars for a future."""
    rest = realised - sum(item.causes.total for item in sessions)
    return replace(sessions[-1], causes=sessions[-1].causes + Causes(residual=rest))


def causes_of_session(
    backtest: Backtest,
    before: pandas.DataFrame,
    now: pandas.DataFrame,
    trades: pandas.DataFrame | None,
    then: Any,
    day: Any,
) -> Causes:
    """What made a position's profit on a day: its legs at the close before (`then`) and at this one, and
    the day's trades of it, None where there were none."""
    fees = slippage = cash = 0.0
    fills: list[tuple[str, float, float]] = []
    gone: dict[str, dict[str, float]] = {}
    if trades is not None:
        fees, slippage = float(trades["fees"].sum()), float(trades["slippage"].sum())
        cash = float(trades["cash"].sum())
        fills = [fill for text in trades["legs"] for fill in _fills(str(text))]
        gone = _at_trade(trades)
    parts = np.zeros(4)
    settled = 0.0
    kept = {_key(leg): leg for leg in now.to_dict("records")}
    for leg in before.to_dict("records"):
        after = kept.get(_key(leg))
        # Where it is the only fill, the slippage is its own.
        gain = _future_gain(leg, after, fills)
        own = slippage if after is None and len(fills) == 1 else 0.0
        seen = after if after is not None else gone.get(_text(leg))
        parts += _taylor(backtest, leg, seen, gain + own, then, day)
        settled += gain
    settled += sum(_since_fill(leg, fills) for leg in kept.values())
    market = _value(now) - _value(before) + cash + settled + slippage
    residual = market - float(parts.sum())
    delta, gamma, theta, vega = parts.tolist()
    return Causes(delta, gamma, theta, vega, residual, -fees, -slippage)


def _taylor(
    backtest: Backtest,
    leg: Mapping[Any, Any],
    after: Mapping[Any, Any] | None,
    gain: float,
    then: Any,
    day: Any,
) -> Any:
    """Delta's, gamma's, theta's and vega's parts of a leg's session; what is not known is nothing. `gain`
    is that of a future."""
    if leg["right"] == "future":
        return np.array([gain, 0.0, 0.0, 0.0])
    move = _move(backtest, leg, after, then, day)
    smile = after["volatility"] - leg["volatility"] if after is not None else math.nan
    # To its own price and volatility: what is on VIX has no delta to the index.
    delta, gamma, vega = (leg.get(f"own_{name}", leg[name]) for name in ("delta", "gamma", "vega"))
    if _is_of_volatility(leg) and "own_delta" not in leg:
        delta, gamma, vega = leg["vega"], 0.0, 0.0
    each = np.array(
        [
            delta * move,
            gamma * move**2 / 2,
            leg["theta"] * float((day - then) / np.timedelta64(1, "D")),
            vega * smile,
        ],
        dtype=float,
    )
    return np.nan_to_num(each)


def _is_of_volatility(leg: Mapping[Any, Any]) -> bool:
    return str(leg["underlying"]).upper() in ("VIX", "VX")


def _move(
    backtest: Backtest,
    leg: Mapping[Any, Any],
    after: Mapping[Any, Any] | None,
    then: Any,
    day: Any,
) -> float:
    """The move of what a leg is on: as its own rows say it, or as the market's column of that name does.

    An option on VIX is on a future: VIX itself is not its underlying, so its move is not known from it.
    """
    if "spot" in leg and after is not None:
        return float(after["spot"] - leg["spot"])
    if _is_of_volatility(leg):
        return math.nan
    name = str(leg["underlying"]).lower()
    market = backtest.market
    column = name if name in market.columns else "spot"
    if column not in market.columns:
        return math.nan
    dates = dates_of(market)
    ends = [market[column].to_numpy(dtype=float)[dates == at] for at in (then, day)]
    return float(ends[1][-1] - ends[0][-1]) if all(len(end) for end in ends) else math.nan


def _future_gain(
    leg: Mapping[Any, Any],
    after: Mapping[Any, Any] | None,
    fills: list[tuple[str, float, float]],
) -> float:
    """What a future held overnight gained: to its mark, or where it is gone to the price it was traded or
    settled at. Its delta, or its vega where it is on VIX, is dollars for a point of its own price."""
    if leg["right"] != "future":
        return 0.0
    point = leg["vega"] if _is_of_volatility(leg) else leg["delta"]
    if after is not None:
        return _known(point * (after["mark"] - leg["mark"]))
    prices = [price for text, _, price in fills if _names(text, leg)]
    return _known(point * (prices[0] - leg["mark"])) if prices else 0.0


def _since_fill(leg: Mapping[Any, Any], fills: list[tuple[str, float, float]]) -> float:
    """What contracts of a future that were traded on the day gained from their fill to the mark."""
    if leg["right"] != "future" or not leg["contracts"]:
        return 0.0
    point = (leg["vega"] if _is_of_volatility(leg) else leg["delta"]) / leg["contracts"]
    mine = [(count, price) for text, count, price in fills if _names(text, leg)]
    return sum(_known(point * count * (leg["mark"] - price)) for count, price in mine)


def _fills(legs: str) -> list[tuple[str, float, float]]:
    """The legs of a trade as the log has them: contract, signed number, price."""
    found = [
        re.fullmatch(r"([-+][\d.e+]+) (.+) @ ([\d.]+)", part.strip()) for part in legs.split(";")
    ]
    return [(item[2], float(item[1]), float(item[3])) for item in found if item]


def _at_trade(trades: pandas.DataFrame) -> dict[str, dict[str, float]]:
    """By contract as the log names it: the price of what it is on and its volatility, at the trade."""
    if "underlyings" not in trades.columns:
        return {}
    found = {}
    columns = (trades["legs"], trades["underlyings"], trades["volatilities"])
    for legs, spots, volatilities in zip(*columns, strict=True):
        names = [part.strip().split(" ", 1)[-1].split(" @ ")[0] for part in str(legs).split(";")]
        for at, name in enumerate(names):
            found[name] = {"spot": _part(spots, at), "volatility": _part(volatilities, at)}
    return found


def _part(numbers: Any, at: int) -> float:
    """One number of a trade's, in the order of its legs; NaN where it is not told. A lone one is a
    number in a file that was read back."""
    parts = [numbers] if isinstance(numbers, float) else str(numbers).split(";")
    text = str(parts[at]).strip() if at < len(parts) else ""
    return float(text) if text else math.nan


def _text(leg: Mapping[Any, Any]) -> str:
    """An option as the log names it."""
    right = "P" if leg["right"] == "put" else "C"
    return f"{str(leg['underlying']).upper()} {str(leg['expiry'])[:10]} {right}{leg['strike']:g}"


def _names(text: str, leg: Mapping[Any, Any]) -> bool:
    """Whether a contract of the log is a leg that is a future."""
    return str(leg["expiry"])[:10] in text and str(leg["underlying"]).upper() in text.upper()


def _known(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0


def _value(legs: pandas.DataFrame) -> float:
    """What legs are worth; a future is worth nothing after its settlement."""
    return float(legs.loc[legs["right"] != "future", "market_value"].sum())


def _key(leg: Mapping[Any, Any]) -> tuple[str, ...]:
    # A strike that does not apply is NaN, which equals nothing: its text does.
    return tuple(str(leg[name]) for name in _LEG)
