"""`alvh live`: a ruleset on live data."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh_rules.cli.output import CANNOT_RUN, FINDINGS, FINE, colour, show, unreadable
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.render import render_all
from alvh_rules.findings.terminal import wants_colour
from alvh_rules.pipeline import Checked
from alvh_rules.pipeline import check as check_file

if TYPE_CHECKING:
    from alvh_rules.live.deliver import Delivery
    from alvh_rules.live.loop import Live
    from alvh_rules.live.paper import PaperSettings
    from alvh_rules.live.run import Runner
    from alvh_rules.live.settings import Settings


def live(arguments: argparse.Namespace) -> int:
    if arguments.require_ratified:
        from alvh_rules.cli.history import ratified_or_code

        if (refusal := ratified_or_code(arguments.ruleset)) is not None:
            return refusal
    result = check_file(arguments.ruleset)
    if result.ruleset is None:
        show(result)
        return CANNOT_RUN if unreadable(result) else FINDINGS
    if (absent := missing_library()) is not None:
        return _refused(absent)
    from alvh_rules.live.errors import LiveError

    try:
        settings = _settings(arguments, result)
        if isinstance(settings, int):
            return settings
        return _run(arguments, result, settings)
    except LiveError as refused:
        return _refused(refused.diagnostic)


def missing_library() -> Diagnostic | None:
    """What is said where the journal's library is not installed."""
    try:
        import sqlalchemy  # noqa: F401
    except ImportError:
        from alvh_rules.live.errors import needs_library

        return needs_library("a journal", "SQLAlchemy")
    return None


def _refused(diagnostic: Diagnostic) -> int:
    # Standard output may be a sink: nothing but decisions goes there.
    print(
        render_all([diagnostic], {}, colour=wants_colour(sys.stderr, os.environ)), file=sys.stderr
    )
    return CANNOT_RUN


def _settings(arguments: argparse.Namespace, result: Checked) -> Settings | int:
    from alvh_rules.lint.configuration import find_configuration
    from alvh_rules.live.configuration import read_settings, with_ticks
    from alvh_rules.live.paper import paper_columns

    assert result.ruleset is not None
    path = find_configuration(arguments.ruleset.parent)
    names = paper_columns(result.ruleset) if arguments.paper else ()
    settings, found = read_settings(path, result.ruleset.schema, names)
    if found:
        print(render_all(found, {}, colour=colour()))
        return CANNOT_RUN
    options = settings.options
    settings = replace(
        settings,
        options=replace(
            options,
            mapping={**options.mapping, **dict(arguments.map)},
            calendars=tuple(arguments.calendar),
            timezone=arguments.timezone or options.timezone,
            date_format=arguments.date_format,
        ),
    )
    paper = _paper(arguments, result)
    if isinstance(paper, int):
        return paper
    settings = replace(settings, paper=paper)
    return with_ticks(settings) if arguments.ticks else replace(settings, ticks=None)


def _paper(arguments: argparse.Namespace, result: Checked) -> PaperSettings | int | None:
    """The paper account's settings, or the exit code once it is told why there cannot be one."""
    from alvh_rules.cli.backtest import assumptions
    from alvh_rules.live import errors
    from alvh_rules.live.paper import PaperSettings, check_tradable

    if not arguments.paper:
        for flag in ("--from", "--fee", "--slippage", "--dividend-yield", "--surface"):
            name = "first" if flag == "--from" else flag[2:].replace("-", "_")
            if getattr(arguments, name) is not None:
                return _refused(errors.paper_setting(flag))
        return None
    assert result.ruleset is not None
    # Told before a journal is begun.
    check_tradable(result.ruleset)
    assumed = assumptions(arguments, result.ruleset)
    if isinstance(assumed, str):
        print(assumed, file=sys.stderr)
        return CANNOT_RUN
    return PaperSettings(*assumed)


def _run(arguments: argparse.Namespace, result: Checked, settings: Settings) -> int:
    from alvh_rules.live.deliver import Delivery
    from alvh_rules.live.feeds.record import Asked
    from alvh_rules.live.feeds.registry import feed_record
    from alvh_rules.live.open_journal import open_journal, writing
    from alvh_rules.live.run import Runner
    from alvh_rules.live.sinks.registry import sink_record
    from alvh_rules.live.start import started

    ruleset, plan = result.ruleset, result.plan
    assert ruleset is not None
    assert plan is not None
    feed_kind = feed_record(arguments.feed)
    # What is wrong with an address is told before a journal is begun.
    addresses = dict.fromkeys(arguments.sink or ([] if arguments.dashboard else ["stdout"]))
    sinks = [(address, sink_record(address)) for address in addresses]
    made = [(address, record, record.make(address, ruleset.name)) for address, record in sinks]
    with ExitStack() as stack:
        journal = open_journal(arguments.journal, create=True)
        stack.callback(journal.close)
        stack.enter_context(writing(journal))
        live = started(
            ruleset,
            plan,
            str(arguments.ruleset),
            journal,
            settings,
            explains=not arguments.no_explanations,
            virtual=feed_kind.virtual,
        )
        asked = Asked(arguments.feed, settings, ruleset.name, arguments.speed, live.health.key)
        feed = feed_kind.make(asked)
        now = None if feed_kind.virtual else live.clock.now
        deliveries = [
            Delivery(address, sink, record.at_once, journal, live.health, now)
            for address, record, sink in made
        ]
        looks: list[Callable[[], None]] = [_Watched(result, live).look]
        if arguments.dashboard:
            looks.append(stack.enter_context(_dashboard(live, deliveries)))
        if arguments.metrics is not None:
            stack.callback(_serve(live, arguments.metrics))
        runner = Runner(
            live,
            feed,
            deliveries,
            most_behind=settings.most_behind,
            ticks=_ticks(live, settings, seen=feed_kind.keeps and bool(live.health.key)),
            on_look=partial(_look, looks),
        )
        with _stopped_by_signals(runner):
            for delivery in deliveries:
                delivery.begin()
            runner.run()
        _tell_end(live, runner)
    return FINE


def _look(looks: Sequence[Callable[[], None]]) -> None:
    for look in looks:
        look()


def _ticks(live: Live, settings: Settings, *, seen: bool) -> Any:
    """The bars made of ticks, where that is asked for."""
    if settings.ticks is None:
        return None
    return live.intake.tick_bars(settings.ticks, seen=seen)


def _serve(live: Live, port: int) -> Callable[[], None]:
    from alvh_rules.live.errors import LiveError, needs_library

    try:
        from alvh_rules.live.metrics import serve
    except ImportError:
        raise LiveError(needs_library("`--metrics`", "prometheus-client")) from None
    return serve(live.health, port)


@contextmanager
def _dashboard(live: Live, deliveries: list[Delivery]) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.live import Live as Screen

    from alvh_rules.live.dashboard import Dashboard

    with Screen(console=Console(stderr=True), auto_refresh=False, screen=True) as screen:
        yield Dashboard(live, deliveries, screen).refresh


@contextmanager
def _stopped_by_signals(runner: Runner) -> Iterator[None]:
    """SIGINT and SIGTERM end the run after the bar at hand; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread alone.
        yield
        return
    asked: list[int] = []

    def stop(number: int, frame: Any) -> None:
        if asked:
            # The journal is whole at any moment: nothing is lost by this.
            os._exit(CANNOT_RUN)
        asked.append(number)
        runner.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Watched:
    """Says once when the ruleset's file is no longer what is being run."""

    def __init__(self, result: Checked, live: Live) -> None:
        self._live = live
        self._texts = {path: source.text for path, source in result.sources.items()}
        self._times = {path: self._time(path) for path in self._texts}
        self._told = False

    @staticmethod
    def _time(path: str) -> float:
        try:
            return os.stat(path).st_mtime
        except OSError:
            return 0.0

    def look(self) -> None:
        """Look whether a file was changed."""
        if self._told:
            return
        for path, before in self._times.items():
            now = self._time(path)
            if now == before:
                continue
            self._times[path] = now
            try:
                text = Path(path).read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                text = ""
            if text.replace("\r\n", "\n").replace("\r", "\n") != self._texts[path]:
                self._told = True
                told = f"{path} was changed: this run goes on by what it held at the start"
                self._live.note("ruleset", told)
                print(told, file=sys.stderr)


def _tell_end(live: Live, runner: Runner) -> None:
    health = live.health
    parts = [f"{health.bars:,} {'bar' if health.bars == 1 else 'bars'} decided"]
    if health.absent:
        sessions = "session" if health.absent == 1 else "sessions"
        parts.append(f"{health.absent:,} {sessions} without a bar")
    if health.repeated:
        parts.append(f"{health.repeated:,} came again")
    quarantined = sum(health.quarantined.values())
    if quarantined:
        parts.append(f"{quarantined:,} in quarantine (`alvh journal show --quarantine`)")
    print(", ".join(parts), file=sys.stderr)
    for name in runner.unfinished:
        print(f"{name}: was not told all; it will be at the next start", file=sys.stderr)
