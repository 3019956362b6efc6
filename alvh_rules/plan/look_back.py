"""How far back each node looks, worked out before any data is read.

Two things are said of a node. Its *warm-up* is how much must have passed before it is known for
certain, where no data is missing. It is *endless* when it rests on something that remembers every row
since the first: a recursive average, a latch, a running total. A node that is not endless depends on
the rows of its warm-up and on none before them.

Windows add along a chain; of several chains the longest counts. Rows, sessions, weeks and months are
counted apart, since how many rows a month has depends on the exchange. A period that stands at the
beginning may be partly there, and one is complete only when the next begins: each crossing from
periods to rows costs one more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.schema import Bars
from alvh_rules.plan import errors
from alvh_rules.plan import graph as g

_SESSIONS_A_WEEK = 5
_SESSIONS_A_MONTH = 23
_MINUTES_A_DAY = 1440
_LOOKING = (g.Lasting, g.Hold, g.Call)


@dataclass(frozen=True, slots=True)
class LookBack:
    """Rows and periods before today; `endless` where every row since the first counts."""

    rows: int = 0
    sessions: int = 0
    weeks: int = 0
    months: int = 0
    endless: bool = False

    @property
    def steps(self) -> int:
        """Rows and periods together: what a run must remember."""
        return self.rows + self.sessions + self.weeks + self.months

    def most_rows(self, bars: Bars) -> int:
        """The most rows that this can be; on minute bars a session is as long as a day can be."""
        a_session = -(-_MINUTES_A_DAY // bars.minutes) if bars.minutes else 1
        days = (7, 31) if bars.always_open else (_SESSIONS_A_WEEK, _SESSIONS_A_MONTH)
        sessions = self.sessions + self.weeks * days[0] + self.months * days[1]
        return self.rows + sessions * a_session

    def describe(self, bars: Bars) -> str:
        """As a person says it: `33 sessions`, `4 bars, 2 weeks`; `none` where today is enough."""
        rows, sessions = self.rows, self.sessions
        if not bars.minutes:
            rows, sessions = 0, rows + sessions
        counted = (
            (rows, "bar"),
            (sessions, "session"),
            (self.weeks, "week"),
            (self.months, "month"),
        )
        parts = [f"{count:,} {word}{'s' if count > 1 else ''}" for count, word in counted if count]
        return ", ".join(parts) or "none"


def look_backs(nodes: Sequence[g.Node], bars: Bars) -> list[LookBack]:
    """The look-back of every node."""
    found: list[LookBack] = []
    for node in nodes:
        parts = [found[number] for number in node.inputs]
        # The longest of the chains; by the most rows that each can be.
        longest = max(parts, key=lambda part: part.most_rows(bars), default=LookBack())
        endless = any(part.endless for part in parts)
        more, remembers = _own(node)
        # What is held waits for the end of a period of the clock that it comes from.
        clock = nodes[node.inputs[0]].clock if isinstance(node.operation, g.Hold) else node.clock
        found.append(replace(_plus(longest, more, clock), endless=endless or remembers))
    return found


def _plus(longest: LookBack, count: int, clock: str) -> LookBack:
    match clock:
        case "session":
            return replace(longest, sessions=longest.sessions + count)
        case "week":
            return replace(longest, weeks=longest.weeks + count)
        case "month":
            return replace(longest, months=longest.months + count)
        case _:
            return replace(longest, rows=longest.rows + count)


def _own(node: g.Node) -> tuple[int, bool]:
    """What an operation adds on its own clock, and whether it remembers every row."""
    match node.operation:
        case g.Lasting(count):
            return count - 1, False
        case g.Latch():
            return 0, True
        case g.Hold():
            return 1, False
        case g.Call(function, fixed):
            builtin = BUILTINS[function]
            windows = {
                parameter.name: value
                for parameter, value in zip(builtin.parameters, fixed, strict=False)
                if parameter.role is Takes.WINDOW
            }
            rows = builtin.lookback(**windows) if windows or builtin.shape is Shape.WINDOW else 0
            return rows, builtin.shape is Shape.RECURSIVE
        case _:
            return 0, False


def refuse_long_chains(plan: g.Plan, bars: Bars) -> list[Diagnostic]:
    """A finding for each node whose windows, one on another, pass what a run will remember.

    Of a chain the first node over the bound is reported, not those that rest on it.
    """
    if max(_steps(plan.nodes), default=0) <= bounds.MOST_LOOKBACK:
        return []
    found = look_backs(plan.nodes, bars)
    return [
        errors.chain_too_long(found[number].describe(bars), bounds.MOST_LOOKBACK, node.span)
        for number, node in enumerate(plan.nodes)
        if found[number].steps > bounds.MOST_LOOKBACK
        and all(found[part].steps <= bounds.MOST_LOOKBACK for part in node.inputs)
    ]


def _steps(nodes: Sequence[g.Node]) -> list[int]:
    """At least the rows and periods of each node's look-back: the longest chain by their number."""
    found: list[int] = []
    for node in nodes:
        longest = max((found[number] for number in node.inputs), default=0)
        found.append(longest + (_own(node)[0] if isinstance(node.operation, _LOOKING) else 0))
    return found
