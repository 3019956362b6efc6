"""The loop's heart: a message in, what becomes of it into the journal.

1. The intake judges the message. What is no bar to decide is put in quarantine; a repeated bar is
   counted.
2. The engine decides the bar, and before it each session that had none.
3. Rows, decisions, outputs and the engine's state go into the journal in one transaction.
4. Then, and only then: sinks are told, the message is acknowledged.

With a paper account the decisions are for its book, and its trades are of the same transaction.

If the journal refuses, the run stops: the engine is then ahead of the journal, and a new start begins
from what the journal holds.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final

from alvh_rules import __version__
from alvh_rules.live import outputs
from alvh_rules.live.decide import Decided, Engine
from alvh_rules.live.due import Due
from alvh_rules.live.health import Clock, Health, moment_text
from alvh_rules.live.intake import Accepted, Intake, Refused, Repeated
from alvh_rules.live.journal import About, Journal, Output, Quarantined, Taken
from alvh_rules.live.messages import MOST_KEPT, Message
from alvh_rules.live.stamps import stamp_of

JUMP: Final = 5.0
"""Seconds by which the clock of the day must leave the monotonic one to have jumped."""

NO_BAR: Final = "[]"
"""What the journal holds as the values of a session without a bar."""


class Live:
    """A ruleset deciding a feed's bars into a journal. `virtual` says that data has its own time."""

    def __init__(
        self,
        journal: Journal,
        about: About,
        run: int,
        engine: Engine,
        intake: Intake,
        due: Due,
        *,
        clock: Clock | None = None,
        virtual: bool = False,
    ) -> None:
        self.journal, self.about, self.engine, self.intake = journal, about, engine, intake
        self.clock = clock or Clock()
        self.virtual = virtual
        now = self.clock.now()
        self.health = Health(now)
        self._due = due
        self._daily = not engine.ruleset.schema.bars.minutes
        self._number = journal.count()
        self._stamp = {"run": run, "hash": about.hash, "engine": __version__}
        self._until = due.first_due(now)
        self._by_monotonic = self._monotonic_of(self._until, now)
        self._told_clock = now, self.clock.monotonic()
        self._assumed: set[str] = set()

    def begin(self) -> None:
        """Take up the last decision of the journal: it may be stale by now."""
        _, last = self.journal.keys_at_ends()
        if not last:
            return
        stamp = stamp_of(last, daily=self._daily)
        self.intake.last = stamp
        bar = self.journal.bar_of(last)
        assert bar is not None
        health = self.health
        health.key, health.decisions, health.unknown = last, bar.decisions, bar.unknown
        health.withheld, health.statement = tuple(bar.withheld), bar.account
        health.explanation = tuple(bar.explanation.splitlines())
        self._set_until(self._due.good_until(stamp))
        health.stale = not self.virtual and self.journal.has_output(f"{last}/stale")
        self.watch()

    def take(self, message: Message) -> None:
        """Take a message in, whatever it is."""
        begun = perf_counter()
        now = self.clock.now()
        verdict = self.intake.judge(message, None if self.virtual else now)
        if isinstance(verdict, Accepted):
            self._decide(verdict, message, now)
            seconds = perf_counter() - begun
            self.health.seconds.append(seconds)
            for hear in self.health.on_bar:
                hear(seconds)
        elif isinstance(verdict, Repeated):
            self.health.repeated += 1
        else:
            self._refuse(verdict, message, now)
        message.acknowledge()

    def watch(self) -> None:
        """Look at the clocks: a jump is noted, and a decision past its time becomes stale."""
        if self.virtual:
            return
        now, monotonic = self.clock.now(), self.clock.monotonic()
        before, monotonic_before = self._told_clock
        jumped = (now - before).total_seconds() - (monotonic - monotonic_before)
        self._told_clock = now, monotonic
        if abs(jumped) > JUMP:
            self.health.clock_jumps += 1
            verb = "forward" if jumped > 0 else "back"
            text = f"the clock went {verb} by {abs(jumped):.0f} seconds"
            self.note("clock", text)
        # By either clock: one that was set back makes nothing fresh again.
        late = now >= self._until or monotonic >= self._by_monotonic
        if late and not self.health.stale:
            self._become_stale(now)

    def seconds_to_wait(self, most: float) -> float:
        """How long nothing needs to be looked at, at the most so long."""
        if self.virtual or self.health.stale:
            return most
        left = self._by_monotonic - self.clock.monotonic()
        return min(max(left, 0.001), most)

    def note(self, kind: str, text: str) -> None:
        """Write a notice."""
        self.journal.add_notice(moment_text(self.clock.now()), kind, text)

    def _decide(self, bar: Accepted, message: Message, now: datetime) -> None:
        received = moment_text(now)
        until = self._due.good_until(bar.stamp)
        stale = not self.virtual and now >= until
        rows = list(self.engine.take(bar.stamp, bar.values, stale=stale))
        taken = [
            Taken(item, NO_BAR, "", received)
            if item.absent
            else Taken(item, bar.held, message.raw, received)
            for item in rows
        ]
        told = [
            outputs.of_bar(
                self.journal.last_output + at, self.about, item, self._until_of(item, until)
            )
            for at, item in enumerate(rows, 1)
        ]
        absurd = [
            Quarantined(received, "absurd", bar.key, name, reason, value)
            for name, value, reason in bar.absurd
        ]
        stamp: dict[str, Any] = self._stamp | {"decided": moment_text(self.clock.now())}
        state = json.dumps(self.engine.save())
        self.journal.add_bars(self._number + 1, taken, told, state, stamp, absurd)
        self._number += len(rows)
        self._remember(bar, rows[-1], until, now, len(rows) - 1)
        self._note_assumed()

    def _remember(
        self, bar: Accepted, last: Decided, until: datetime, now: datetime, absent: int
    ) -> None:
        self.intake.last = bar.stamp
        health = self.health
        health.bars += 1
        health.absent += absent
        if bar.absurd:
            health.quarantined["absurd"] += len(bar.absurd)
        health.key, health.received = bar.key, now
        health.decisions, health.unknown = last.decisions, last.unknown
        health.withheld, health.explanation = last.withheld, last.explanation
        health.statement = last.statement
        health.stale = False
        self._set_until(until)
        self.watch()

    def _note_assumed(self) -> None:
        """Say once of each thing that the account's prices assume that they do."""
        account = self.engine.account
        if account is None:
            return
        for name in set(account.assumed) - self._assumed:
            self._assumed.add(name)
            self.note("paper", name)

    def _until_of(self, decided: Decided, until: datetime) -> datetime:
        """Until when a row's decision is good: that of a session without a bar, until its own end."""
        if not decided.absent:
            return until
        return self._due.end_of(stamp_of(decided.key, daily=self._daily))

    def _refuse(self, verdict: Refused, message: Message, now: datetime) -> None:
        self.health.quarantined[verdict.kind] += 1
        raw = message.raw[:MOST_KEPT]
        item = Quarantined(moment_text(now), verdict.kind, verdict.key, "", verdict.reason, raw)
        self.journal.add_quarantined(item)

    def _become_stale(self, now: datetime) -> None:
        self.health.stale = True
        last = self.health.key
        if self.journal.has_output(f"{last or 'start'}/stale"):
            return
        since = min(self._until, now)
        names = self.engine.ruleset.outputs
        output: Output = outputs.of_silence(
            self.journal.last_output + 1, self.about, names, last, since
        )
        text = (
            f"no bar after {last or 'the start'} by {moment_text(since)}: every decision is unknown"
        )
        self.journal.add_output(output, (moment_text(now), "stale", text))

    def _set_until(self, until: datetime) -> None:
        self._until = until
        self._by_monotonic = self._monotonic_of(until, self.clock.now())

    def _monotonic_of(self, moment: datetime, now: datetime) -> float:
        return self.clock.monotonic() + (moment - now) / timedelta(seconds=1)
