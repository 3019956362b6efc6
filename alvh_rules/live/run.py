"""Runs the loop: the feed in a thread of its own, each sink in its own, the loop in the caller's.

The feed's thread fills a queue of at most `QUEUE` messages. When a sink lags too far, the loop takes no
message until it has caught up; the queue fills, and the feed is no longer read: its own protocol then
holds the other side back. The journal never loses a bar for a slow sink.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Final

from alvh_rules.live.deliver import Delivery
from alvh_rules.live.feeds.record import Connected, Feed, Lost
from alvh_rules.live.loop import Live
from alvh_rules.live.messages import Message
from alvh_rules.live.ticks import TickBars

QUEUE: Final = 1000
"""Messages that wait to be taken."""
LOOK: Final = 0.25
"""Seconds after which the loop looks round though nothing came."""
FINISH: Final = 10.0
"""Seconds that sinks are given at the end to be told what is left."""


class Runner:
    """A live run with its feed and its sinks; `stop` may be called from a signal's handler."""

    def __init__(
        self,
        live: Live,
        feed: Feed,
        deliveries: Sequence[Delivery],
        *,
        most_behind: int,
        ticks: TickBars | None = None,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._live, self._feed, self._deliveries = live, feed, deliveries
        self._most_behind, self._ticks, self._on_look = most_behind, ticks, on_look
        self._queue: queue.Queue[Message | Connected | Lost | None] = queue.Queue(QUEUE)
        self._stopped = threading.Event()
        self._fault: Exception | None = None
        self.unfinished: list[str] = []
        """The sinks that were not told all when the run ended."""

    def stop(self) -> None:
        """End the run after the bar that is being decided."""
        self._stopped.set()

    def run(self) -> None:
        """Run until the feed ends or `stop` is called; then tell the sinks what is left.

        Raises `LiveError` where the journal refuses, or a sink can never be told.
        """
        live = self._live
        live.note("start", f"started after bar {live.health.key or 'none'}")
        reader = threading.Thread(target=self._read, name="feed", daemon=True)
        reader.start()
        try:
            for item in self._items():
                self._take(item)
            self._end_of_feed()
        finally:
            self._stopped.set()
            self.unfinished = [item.name for item in self._deliveries if not item.finish(FINISH)]
        for delivery in self._deliveries:
            if delivery.refused is not None:
                raise delivery.refused
        live.note("stop", f"stopped after bar {live.health.key or 'none'}")

    def _read(self) -> None:
        try:
            for item in self._feed.messages(self._stopped):
                if not self._put(item):
                    return
        except Exception as fault:
            # A fault of this program: the run must not look as if the feed had ended.
            self._fault = fault
        finally:
            self._put(None)

    def _put(self, item: Message | Connected | Lost | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=LOOK)
            except queue.Full:
                continue
            return True
        return False

    def _items(self) -> Iterator[Message | Connected | Lost]:
        """What comes, until the feed ends; the clocks are looked at all the while."""
        looked = 0.0
        while not self._stopped.is_set():
            if monotonic() - looked >= LOOK:
                self._look()
                looked = monotonic()
            self._wait_for_sinks()
            try:
                item = self._queue.get(timeout=self._live.seconds_to_wait(LOOK))
            except queue.Empty:
                continue
            if item is None:
                if self._fault is not None:
                    raise self._fault
                return
            yield item

    def _look(self) -> None:
        self._live.watch()
        if self._ticks is not None and not self._live.virtual:
            for message in self._ticks.due(self._live.clock.now()):
                self._live.take(message)
        for delivery in self._deliveries:
            if delivery.refused is not None:
                raise delivery.refused
        self._on_look()

    def _take(self, item: Message | Connected | Lost) -> None:
        live = self._live
        if isinstance(item, Connected):
            live.health.feed = "connected"
            live.note("feed", "connected")
        elif isinstance(item, Lost):
            live.health.feed = f"lost: {item.reason}"
            live.health.lost += 1
            if self._ticks is not None and item.missed:
                self._ticks.lost()
            live.note("feed", f"lost: {item.reason}; tried again in {item.again_in:.1f} seconds")
        elif self._ticks is None:
            live.take(item)
        else:
            now = None if live.virtual else live.clock.now()
            for message in self._ticks.add(item, now):
                live.take(message)

    def _end_of_feed(self) -> None:
        if not self._stopped.is_set():
            self._live.health.feed = "ended"

    def _wait_for_sinks(self) -> None:
        """Wait while a sink lags too far; the feed's queue fills meanwhile."""
        for delivery in self._deliveries:
            begun = monotonic()
            while delivery.behind > self._most_behind and not self._stopped.is_set():
                with delivery.moved:
                    delivery.moved.wait(LOOK)
                self._look()
            waited = monotonic() - begun
            if waited > LOOK:
                self._live.health.waited += waited
