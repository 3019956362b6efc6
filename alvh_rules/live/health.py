"""How a live run is doing: what the dashboard shows and Prometheus reads."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from alvh_rules.backtest.account import Statement

RECENT: Final = 1000
"""Bars of which the times are kept."""


@dataclass
class Clock:
    """The time: of the day (UTC), and a monotonic one, which nobody sets."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = monotonic


def moment_text(moment: datetime) -> str:
    """A moment as it stands in journals and outputs: UTC, to the microsecond where it has any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


@dataclass
class Health:
    """Counts since the start, and how things stand."""

    started: datetime
    bars: int = 0
    absent: int = 0
    repeated: int = 0
    ticks: int = 0
    outside: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    key: str = ""
    received: datetime | None = None
    stale: bool = False
    decisions: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    statement: Statement | None = None
    """Of the paper account after the last bar."""
    feed: str = "not connected"
    lost: int = 0
    clock_jumps: int = 0
    waited: float = 0.0
    """Seconds that the feed was made to wait for a sink."""
    sinks: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By sink: how many outputs it lacks, and what went wrong last, if it has not recovered."""
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    """From having a bar's message to its decision standing in the journal, of the last bars."""
    on_bar: list[Callable[[float], None]] = field(default_factory=list)
    """Told those seconds, bar by bar."""

    def shown(self) -> dict[str, Any]:
        """The decisions as they may be acted on now: all unknown where they are stale or withheld."""
        if self.stale or self.withheld:
            return dict.fromkeys(self.decisions)
        return dict(self.decisions)

    def why_unknown(self) -> dict[str, str]:
        """Why a decision is unknown now."""
        if self.stale:
            return dict.fromkeys(self.decisions, "stale")
        if self.withheld:
            return dict.fromkeys(self.decisions, "withheld")
        return dict(self.unknown)
