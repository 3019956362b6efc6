"""The life of a position in plain text: why it was opened, how it fared, what ended it, what made it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.attribution import Causes, Session, attributed
from alvh_rules.backtest_report.book import value_on
from alvh_rules.backtest_report.returns import dates_of
from alvh_rules.backtest_report.summary import aligned
from alvh_rules.backtest_report.words import UNKNOWN, cents, count, day, money, number, shown
from alvh_rules.core.cells import escaped

if TYPE_CHECKING:
    import pandas

MOST_TRADES: Final = 40
"""Trades told of one position; a hedge may have one a session."""
_CAUSES: Final = (
    ("delta", "move of the underlying (delta)"),
    ("gamma", "its size (gamma)"),
    ("theta", "time (theta)"),
    ("vega", "implied volatility (vega)"),
    ("residual", "not split (residual)"),
    ("fees", "fees"),
    ("slippage", "slippage"),
)
_OF_VIX: Final = {
    "delta": "move of the VIX future (delta)",
    "vega": "volatility of VIX (vega)",
}
_DONE: Final = {
    "open": "opened",
    "close": "closed",
    "settle": "settled",
    "roll": "rolled",
    "resize": "resized",
    "override": "overridden",
}


def nearest_position(backtest: Backtest, name: str) -> str:
    """The position that a misspelt name most likely means, or nothing."""
    near = get_close_matches(name, backtest.trades["position"].unique().tolist(), 1, 0.6)
    return str(near[0]) if near else ""


def explain_position(backtest: Backtest, name: str) -> list[str] | None:
    """The lines that tell of a position; None where the run had none of that name."""
    trades = backtest.trades
    mine = trades[(trades["position"] == name) & (trades["action"] != "refuse")]
    if not len(mine):
        return None
    first, sessions = mine.iloc[0], attributed(backtest, name)
    lines = [
        f"{escaped(name)}: {escaped(str(first['structure']))}, of {escaped(str(first['owner']))}"
    ]
    for at, (_, trade) in enumerate(mine.iterrows()):
        if at < MOST_TRADES - 1 or at == len(mine) - 1:
            lines += ["", *_told(backtest, trade)]
        elif at == MOST_TRADES - 1:
            lines += ["", f"and {count(len(mine) - MOST_TRADES, 'more trade')}"]
    if sessions[-1].held:
        lines += ["", f"still open on {day(sessions[-1].day)}, worth {money(sessions[-1].value)}"]
    lines += ["", *_course(backtest, name, sessions)]
    lines += ["", *_by_cause(sessions, _is_of_vix(backtest, name))]
    return lines


def _told(backtest: Backtest, trade: pandas.Series) -> list[str]:
    """A trade: what was done, when it was decided, why, and what the clause's names were then."""
    word = _DONE.get(str(trade["action"]), str(trade["action"]))
    decided = day(trade["decided"])
    when = (
        "" if decided in (UNKNOWN, day(trade["date"])) else f", decided at the close of {decided}"
    )
    lines = [f"{word} on {day(trade['date'])}{when}"]
    clause, place = escaped(str(trade["clause"])), escaped(str(trade["place"]))
    if clause:
        lines.append(f"  because of  {clause}" + (f"  ({place})" if place.strip(": ") else ""))
    if str(trade.get("version", "") or ""):
        lines.append(f"  version     {escaped(str(trade['version']))}")
    values = _named_in(backtest, str(trade["clause"]), trade["decided"])
    if values:
        lines.append(f"  then        {', '.join(values)}")
    if str(trade.get("reason", "") or ""):
        lines.append(f"  note        {escaped(str(trade['reason']))}")
    for at, leg in enumerate(filter(None, str(trade["legs"]).split(";"))):
        lines.append(f"  {'legs' if at == 0 else '':10}  {escaped(leg.strip())}")
    lines.append(
        f"  cash        {cents(float(trade['cash']), signed=True)}, fees {cents(float(trade['fees']))},"
        f" slippage {cents(float(trade['slippage']))}; prices: {escaped(str(trade['source']))}"
    )
    if trade["action"] != "open":
        lines.append(f"  realised    {cents(float(trade['profit']), signed=True)}")
    return lines


def _named_in(backtest: Backtest, clause: str, when: Any) -> list[str]:
    """The values, on a day, of the columns and decisions that a clause names."""
    values = {}
    at = np.datetime64(day(when), "D") if day(when) != UNKNOWN else None
    for name in re.findall(r"[A-Za-z_][\w.]*", clause):
        for frame in (backtest.decisions, backtest.market):
            if at is not None and name in frame.columns and name != "date" and name not in values:
                values[name] = shown(value_on(frame, name, at))
    return [f"{name} {escaped(value)}" for name, value in values.items()]


def _course(backtest: Backtest, name: str, sessions: list[Session]) -> list[str]:
    """The position at its key sessions: first, best, worst, and last."""
    so_far = np.cumsum([session.causes.total for session in sessions])
    keys = {0: "first", int(np.argmax(so_far)): "best", int(np.argmin(so_far)): "worst"}
    keys[len(sessions) - 1] = "last"
    keys[0] = "first"
    rows = [["", "session", "profit", "value", "delta $", "theta $", "vega $", "underlying"]]
    held = backtest.positions[backtest.positions["position"] == name]
    days = dates_of(held)
    for at in sorted(keys):
        session = sessions[at]
        legs = held[days == session.day]
        greeks = [
            number(float(legs[greek].sum(skipna=False)), 0) if len(legs) else UNKNOWN
            for greek in ("delta", "theta", "vega")
        ]
        spot = value_on(backtest.market, "spot", session.day) if "spot" in backtest.market else None
        rows.append(
            [
                keys[at],
                day(session.day),
                money(float(so_far[at]), signed=True),
                money(session.value) if session.held else UNKNOWN,
                *greeks,
                UNKNOWN if spot is None else number(float(spot)),
            ]
        )
    return [f"its course, over {count(len(sessions), 'session')}", *aligned(rows, 2)]


def _is_of_vix(backtest: Backtest, name: str) -> bool:
    held = backtest.positions[backtest.positions["position"] == name]
    return bool(len(held)) and held["underlying"].str.upper().isin(["VIX", "VX"]).all()


def _by_cause(sessions: list[Session], of_vix: bool) -> list[str]:
    total = sum((session.causes for session in sessions), Causes())
    told = dict(_CAUSES) | (_OF_VIX if of_vix else {})
    rows = [[words, cents(getattr(total, cause), signed=True)] for cause, words in told.items()]
    rows.append(["profit", cents(total.total, signed=True)])
    head = "what made the profit (by the Greeks of the close before: an approximation)"
    return [head, *aligned(rows)]
