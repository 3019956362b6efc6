"""Limits on what is held: enforced on openings, by scaling or refusing, and counted.

`limit book.delta <= …`, and so for gamma, theta, vega, margin and max_loss: an opening is cut to the
units that keep the book within the bound; where it is beyond already, and the opening adds to that, it
is refused. `limit book.loss <= … per month` and `limit book.drawdown <= …` pause all openings while
they are passed. A period is a trailing count of sessions: week 5, month 21, quarter 63, year 252.
`limit hedge.cost <= … per year` stops purchases for the hedge while what the hedge lost over the
period, net, is at the bound, and cuts those of options to what the bound still leaves. An unknown bound refuses.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from alvh_rules.check import checked as c

PERIODS = {"": 0, "session": 1, "week": 5, "month": 21, "quarter": 63, "year": 252}
"""Sessions of a period; 0 where none is said."""
YEAR = PERIODS["year"]


@dataclass
class History:
    """Equity and the hedge's profit, session by session, in dollars."""

    equity: list[float] = field(default_factory=list)
    hedge: list[float] = field(default_factory=list)

    def loss(self, sessions: int) -> float:
        """How far equity fell over the last so many sessions; not below zero."""
        return max(self._back(self.equity, sessions), 0.0)

    def hedge_cost(self, sessions: int) -> float:
        """What the hedge lost over the last so many sessions, net; not below zero."""
        return max(self._back(self.hedge, sessions), 0.0)

    @staticmethod
    def _back(values: list[float], sessions: int) -> float:
        if not values:
            return 0.0
        return values[max(len(values) - 1 - sessions, 0)] - values[-1]


@dataclass(frozen=True, slots=True)
class Adds:
    """What one unit adds to the book, in the units of `book.…`."""

    delta: float
    gamma: float
    theta: float
    vega: float
    margin: float
    max_loss: float


class BookLimits:
    """The limits of a ruleset that speak of positions; `bound` counts the sessions on which each did,
    `counted` holds the row it was last counted on."""

    def __init__(self, ruleset: c.CheckedRuleset) -> None:
        self._limits = [
            (number, item) for number, item in enumerate(ruleset.limits) if item.binds is None
        ]
        self.bound: Counter[str] = Counter()
        self.counted: dict[str, int] = {}

    def _tell(self, item: c.Limit, row: int) -> None:
        if self.counted.get(item.text) != row:
            self.counted[item.text] = row
            self.bound[item.text] += 1

    def paused(
        self, row: int, history: History, drawdown: float, bounds: Sequence[float]
    ) -> c.Limit | None:
        """The limit that pauses openings on this session, if one does."""
        for number, item in self._limits:
            if item.subject not in ("book.loss", "book.drawdown"):
                continue
            sessions = PERIODS[item.limit.per] or 1
            value = drawdown if item.subject == "book.drawdown" else history.loss(sessions)
            if not _within(value, item, bounds[number]):
                self._tell(item, row)
                return item
        return None

    def hedge_stopped(self, row: int, history: History, bounds: Sequence[float]) -> c.Limit | None:
        """The limit that stops purchases for the hedge on this session, if one does."""
        for number, item in self._limits:
            if item.subject == "hedge.cost":
                cost = history.hedge_cost(PERIODS[item.limit.per] or YEAR)
                bound = bounds[number]
                if not (cost < bound or (cost == 0.0 and bound > 0.0)):
                    self._tell(item, row)
                    return item
        return None

    def hedge_budget(self, history: History, bounds: Sequence[float]) -> float:
        """What the limits on `hedge.cost` leave to be spent, in dollars; infinite without one."""
        left = math.inf
        for number, item in self._limits:
            if item.subject == "hedge.cost":
                spent = history.hedge_cost(PERIODS[item.limit.per] or YEAR)
                bound = bounds[number]
                left = min(left, bound - spent if math.isfinite(bound) else 0.0)
        return max(left, 0.0)

    def scaled(
        self,
        row: int,
        units: float,
        held: Adds,
        adds: Adds,
        bounds: Sequence[float],
        whole: bool,
    ) -> tuple[float, c.Limit | None]:
        """The units that keep the book within its bounds, and the limit that cut them last."""
        cut = None
        for number, item in self._limits:
            name = item.subject.removeprefix("book.")
            if item.subject == name or name not in Adds.__slots__:
                continue
            now, more, bound = getattr(held, name), getattr(adds, name), bounds[number]
            sign = 1.0 if item.limit.operator == "<=" else -1.0
            if not math.isfinite(bound):
                units, cut = 0.0, item
            elif sign * more > 0.0 and sign * (now + units * more) > sign * bound:
                room = max((bound - now) / more, 0.0)
                units, cut = (math.floor(room + 1e-9) if whole else room), item
        if cut is not None:
            self._tell(cut, row)
        return units, cut


def _within(value: float, item: c.Limit, bound: float) -> bool:
    return value <= bound if item.limit.operator == "<=" else value >= bound
