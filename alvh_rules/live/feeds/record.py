"""What a feed is.

To add one: a module with a class that has `messages`, a function that makes it of an address, and a
`FeedRecord`; and that record in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from alvh_rules.live.messages import Message
from alvh_rules.live.settings import Settings


@dataclass(frozen=True, slots=True)
class Connected:
    """The feed is there."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The feed is not there, why, and in how many seconds it is tried again. `missed`: what the other
    side says meanwhile is lost."""

    reason: str
    again_in: float
    missed: bool = True


class Feed(Protocol):
    """Gives messages, in one thread, until it ends or is told to stop.

    What it cannot get just now it tries again, and says so by `Lost`; it raises nothing for that. It
    looks at `stopped` at least once a second.
    """

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a feed is made of: its address as written, the settings, the name by which this ruleset
    speaks of itself, how fast a replay goes (0: as fast as it can), and the last bar that is decided."""

    address: str
    settings: Settings
    name: str
    speed: float = 0.0
    after: str = ""


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A kind of feed: how its address begins, what it is, and how it is made.

    `make` raises `LiveError` where the address cannot be meant. `virtual`: its data has its own time,
    so that none of it is early or stale. `keeps`: it gives again what was not acknowledged, and misses
    nothing while it is not listened to.
    """

    scheme: str
    example: str
    summary: str
    make: Callable[[Asked], Feed]
    virtual: bool = False
    keeps: bool = False
