"""Why little or nothing was traded: the clauses that prevented openings, and what was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.words import count
from alvh_rules.core.cells import escaped

MOST_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Prevented:
    """A clause and on how many sessions it alone kept a layer from opening, was false, was unknown."""

    owner: str
    clause: str
    place: str
    alone: int
    false: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why openings that were decided did not come about, and how often."""

    owner: str
    reason: str
    times: int


def prevented(backtest: Backtest) -> list[Prevented]:
    """The clauses that kept layers from opening, those first that most often did so alone; of equals
    those that most often were false or unknown."""
    each = [
        Prevented(
            str(row["owner"]),
            str(row["clause"]),
            str(row["place"]),
            int(row["sessions"]),
            int(row["false"]),
            int(row["unknown"]),
        )
        for row in backtest.prevented.to_dict("records")
    ]
    return sorted(each, key=lambda item: (-item.alone, -(item.false + item.unknown)))


def refused(backtest: Backtest) -> list[Refused]:
    """The reasons of refusals, most frequent first, in the order they came where equal."""
    trades = backtest.trades
    rows = trades[trades["action"] == "refuse"]
    why = rows["clause"].astype(str)
    if "reason" in rows.columns:
        told = rows["reason"].fillna("").astype(str)
        why = told.where(told != "", why)
    counts = Counter(zip(rows["owner"].astype(str), why, strict=True))
    each = [Refused(owner, reason, times) for (owner, reason), times in counts.items()]
    return sorted(each, key=lambda item: -item.times)


def no_trades_lines(backtest: Backtest) -> list[str]:
    """What stood in the way of openings, as text; no line where nothing did."""
    lines = []
    clauses, reasons = prevented(backtest), refused(backtest)
    done = int((backtest.trades["action"] != "refuse").sum())
    if not done:
        lines.append(f"no trades in {count(len(backtest.equity), 'session')}")
        if not clauses and not reasons:
            lines.append("  no clause stood in the way: no layer was ever to open")
    if clauses:
        lines.append("what kept layers from opening, by the sessions on which it alone did:")
        width = max(len(item.owner) for item in clauses[:MOST_SHOWN])
        for item in clauses[:MOST_SHOWN]:
            told = f"alone on {item.alone:,}, false on {item.false:,}"
            if item.unknown:
                told += f", unknown on {item.unknown:,}"
            lines.append(
                f"  {escaped(item.owner):{width}}  {escaped(item.clause)}: {told} ({escaped(item.place)})"
            )
        if len(clauses) > MOST_SHOWN:
            lines.append(f"  and {count(len(clauses) - MOST_SHOWN, 'more clause')}")
    if reasons:
        lines.append("openings that were refused:")
        for reason in reasons[:MOST_SHOWN]:
            times = count(reason.times, "time")
            lines.append(f"  {escaped(reason.owner)}: {escaped(reason.reason)}, {times}")
        if len(reasons) > MOST_SHOWN:
            lines.append(f"  and {count(len(reasons) - MOST_SHOWN, 'more reason')}")
    return lines
