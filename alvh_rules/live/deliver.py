"""Tells a sink what the journal holds, in a thread of its own.

The journal is the queue. The thread reads a few outputs after the sink's cursor, tells them, and moves
the cursor: what was told and not noted is told again after a crash. A sink that does not take them is
tried again after waits that grow, for ever; memory holds no more than it is told at once. How far it
lags is `behind`: the loop makes the feed wait when that is too far.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from alvh_rules.live import outputs
from alvh_rules.live.feeds.reconnect import waits
from alvh_rules.live.health import Health
from alvh_rules.live.journal import Journal
from alvh_rules.live.sinks.record import Sink, SinkError, Told

IDLE: Final = 0.5
"""Seconds after which a sink looks for outputs unasked."""


class Delivery:
    """One sink's thread. `now` tells the time (None: data has its own, and all of it is fresh)."""

    def __init__(
        self,
        name: str,
        sink: Sink,
        at_once: int,
        journal: Journal,
        health: Health,
        now: Callable[[], datetime] | None,
    ) -> None:
        self.name, self._sink, self._at_once = name, sink, at_once
        self._journal, self._health, self._now = journal, health, now
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {name}", daemon=True)
        self._begun = False
        self.cursor = 0
        self.moved = threading.Condition()
        """Notified whenever the cursor has moved."""
        self.refused: Exception | None = None
        """Why this sink can never be told, or the journal no longer be read."""

    def begin(self) -> None:
        """Find out how far the sink is, and start telling it. Raises `LiveError` where it holds what
        is not the journal's."""
        self.cursor = self._journal.cursor(self.name)
        self._try_to_begin()
        self._thread.start()

    @property
    def behind(self) -> int:
        """How many outputs the sink lacks."""
        return max(self._journal.last_output - self.cursor, 0)

    def finish(self, seconds: float) -> bool:
        """Tell what is left, for at most so long; whether all was told."""
        with self.moved:
            done = self.moved.wait_for(lambda: not self.behind or self.refused, seconds)
        self._stopped.set()
        with self._journal.told:
            self._journal.told.notify_all()
        self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self._sink.close()
        return bool(done) and self.refused is None

    def _try_to_begin(self) -> None:
        try:
            self.cursor = self._sink.begin(self._journal, self.cursor)
        except SinkError as problem:
            self._health.sinks[self.name] = self.behind, str(problem)
            return
        self._begun = True
        self._health.sinks[self.name] = self.behind, ""

    def _run(self) -> None:
        pause = waits()
        try:
            while not self._stopped.is_set():
                problem = self._step()
                if not problem:
                    pause = waits()
                    self._wait_for_more()
                    continue
                self._health.sinks[self.name] = self.behind, problem
                self._stopped.wait(next(pause))
        except Exception as refused:
            # Whatever it is, the run must not go on as if this sink were only slow.
            self.refused = refused
            with self.moved:
                self.moved.notify_all()

    def _step(self) -> str:
        """Tell what there is; why that failed, if it did."""
        if not self._begun:
            self._try_to_begin()
            if not self._begun:
                return self._health.sinks[self.name][1]
        while not self._stopped.is_set():
            found = self._journal.outputs(self.cursor, self._at_once)
            if not found:
                return ""
            now = self._now() if self._now is not None else None
            told = [Told(item.number, item.key, outputs.text_of(item, now)) for item in found]
            try:
                self._sink.tell(told)
            except SinkError as problem:
                return str(problem)
            self._journal.move_cursor(self.name, found[-1].number)
            with self.moved:
                self.cursor = found[-1].number
                self._health.sinks[self.name] = self.behind, ""
                self.moved.notify_all()
        return ""

    def _wait_for_more(self) -> None:
        with self._journal.told:
            self._journal.told.wait_for(lambda: self.behind or self._stopped.is_set(), IDLE)
