"""A connection that is made again whenever it breaks, after waits that grow.

The wait is half a second at first and doubles up to half a minute; a random part is taken off, so that
many who lost one server do not come back at one moment. A connection that has given a message begins
the waits anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from threading import Event
from typing import Final

from alvh_rules.live.feeds.record import Connected, Lost
from alvh_rules.live.messages import Message

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0


def waits() -> Iterator[float]:
    """The seconds to wait before each attempt after the first."""
    longest = FIRST_WAIT
    while True:
        yield longest * random.uniform(0.5, 1.0)
        longest = min(2 * longest, LONGEST_WAIT)


def reconnecting(
    connected: Callable[[Event], Iterator[Message | Connected]],
    breaks: tuple[type[BaseException], ...],
    stopped: Event,
    *,
    missed: bool = True,
) -> Iterator[Message | Connected | Lost]:
    """The messages of connections, one after the other.

    `connected` makes one, and gives `Connected` once it stands. `breaks` are the exceptions of a
    connection that fails or breaks; one that ends without any is made again too.
    `missed` is that of `Lost`.
    """
    pause = waits()
    while not stopped.is_set():
        reason = "the other side closed it"
        try:
            for item in connected(stopped):
                if isinstance(item, Message):
                    pause = waits()
                yield item
        except breaks as problem:
            told = str(problem).strip()
            reason = told.splitlines()[0] if told else type(problem).__name__
        if stopped.is_set():
            return
        seconds = next(pause)
        yield Lost(reason, seconds, missed)
        stopped.wait(seconds)
