"""Why little or nothing was traded: the clauses that prevented openings, and what was refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from alvh_rules.backtest.result import Backtest
from alvh_rules.backtest_report.words import count
from alvh_rules.core.cells import escaped

MOST_SHOWN: Final = 30
_NUMBER: Final = re.compile(r"[-+]?\d[\d.,-]*")


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
    """Why openings that were decided did not come about, and how often; `alike` where other reasons
    that differ in numbers alone are counted with it."""

    owner: str
    reason: str
    times: int
    alike: bool = False

    @property
    def told(self) -> str:
        """The reason, and that there were others like it."""
        return self.reason + (" (and the like)" if self.alike else "")


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
    """The reasons of refusals, most frequent first, in the order they came where equal. Reasons that
    differ in their numbers alone (a contract, an amount) are one, told in the words of the first."""
    trades = backtest.trades
    rows = trades[trades["action"] == "refuse"]
    why = rows["clause"].astype(str)
    if "reason" in rows.columns:
        told = rows["reason"].fillna("").astype(str)
        why = told.where(told != "", why)
    each: dict[tuple[str, str], Refused] = {}
    for owner, reason in zip(rows["owner"].astype(str), why, strict=True):
        key = owner, _NUMBER.sub("#", reason)
        known = each.get(key, Refused(owner, reason, 0))
        alike = known.alike or reason != known.reason
        each[key] = Refused(owner, known.reason, known.times + 1, alike)
    return sorted(each.values(), key=lambda item: -item.times)


def no_trades_lines(backtest: Backtest, most: int = MOST_SHOWN) -> list[str]:
    """What stood in the way of openings, as text; no line where nothing did. At most `most` clauses and
    as many reasons are told, and how many more there are."""
    lines = []
    clauses, reasons = prevented(backtest), refused(backtest)
    done = int((backtest.trades["action"] != "refuse").sum())
    if not done:
        lines.append(f"no trades in {count(len(backtest.equity), 'session')}")
        if not clauses and not reasons:
            lines.append("  no clause stood in the way: no layer was ever to open")
    if clauses:
        lines.append("what kept layers from opening, by the sessions on which it alone did:")
        width = max(len(item.owner) for item in clauses[:most])
        for item in clauses[:most]:
            told = f"alone on {item.alone:,}, false on {item.false:,}"
            if item.unknown:
                told += f", unknown on {item.unknown:,}"
            lines.append(
                f"  {escaped(item.owner):{width}}  {escaped(item.clause)}: {told} ({escaped(item.place)})"
            )
        if len(clauses) > most:
            lines.append(f"  and {count(len(clauses) - most, 'more clause')}")
    if reasons:
        lines.append("openings that were refused:")
        for reason in reasons[:most]:
            times = count(reason.times, "time")
            lines.append(f"  {escaped(reason.owner)}: {escaped(reason.told)}, {times}")
        if len(reasons) > most:
            lines.append(f"  and {count(len(reasons) - most, 'more reason')}")
    return lines
