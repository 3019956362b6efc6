"""What tests of live runs share: a ruleset on a journal, and a clock that is told the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alvh_rules.core.source import Source
from alvh_rules.live.health import Clock
from alvh_rules.live.journal import Journal
from alvh_rules.live.loop import Live
from alvh_rules.live.messages import from_fields
from alvh_rules.live.open_journal import open_journal, writing
from alvh_rules.live.settings import Settings
from alvh_rules.live.start import started
from alvh_rules.pipeline import Checked, check_source

SIMPLE = """\
ruleset simple version 1.0.0
data
  spx price
  vix volatility
signal calm when vix < 20
signal falling when spx < ago(spx, 1)
target level = min(vix, 80)
"""


class Told:
    """A clock that goes only when it is told to."""

    def __init__(self, at: str) -> None:
        self.moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        self.ran = 1000.0
        self.clock = Clock(lambda: self.moment, lambda: self.ran)

    def go(self, seconds: float) -> None:
        """Time passes."""
        self.moment += timedelta(seconds=seconds)
        self.ran += seconds

    def set(self, at: str) -> None:
        """Somebody sets the clock; no time passes."""
        self.moment = datetime.fromisoformat(at).replace(tzinfo=UTC)


class Lives:
    """Starts live runs in a test's folder; the journals are closed at its end."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self._held: dict[str, ExitStack] = {}

    def journal(self, name: str = "journal.db", **options: Any) -> Journal:
        """A journal of the folder, or of an address, which this process may write."""
        self.let_go(name)
        at = name if "://" in name else str(self.folder / name)
        held = self._held[name] = ExitStack()
        # What the disk has really taken is another test's business.
        journal = open_journal(at, create=True, **{"synchronous": "OFF", **options})
        held.callback(journal.close)
        held.enter_context(writing(journal))
        self._stack.callback(self.let_go, name)
        return journal

    def let_go(self, name: str = "journal.db") -> None:
        """Close a journal, as the end of its process would."""
        if name in self._held:
            self._held.pop(name).close()

    def start(
        self,
        text: str = SIMPLE,
        *,
        at: Told | None = None,
        journal: Journal | None = None,
        settings: Settings | None = None,
        explains: bool = False,
        **options: Any,
    ) -> Live:
        """A run of a ruleset's text; without a clock, on data that has a time of its own."""
        checked = checked_text(text)
        assert checked.ruleset is not None
        assert checked.plan is not None
        return started(
            checked.ruleset,
            checked.plan,
            "r.alvh",
            journal or self.journal(),
            settings or Settings(),
            explains=explains,
            clock=at.clock if at is not None else None,
            virtual=at is None,
            **options,
        )


def checked_text(text: str) -> Checked:
    """A ruleset's text, checked; it must be sound."""
    result = check_source(Source("r.alvh", text))
    assert result.ruleset is not None, result.rendered()
    return result


def take(live: Live, **fields: Any) -> None:
    """Let a run take a message of these fields."""
    live.take(from_fields(fields))


def decided(journal: Journal) -> dict[str, dict[str, Any]]:
    """The decisions of a journal by key."""
    return {bar.key: bar.decisions for bar in journal.bars()}


def told(journal: Journal) -> list[dict[str, Any]]:
    """What a journal has for its sinks."""
    return [json.loads(item.text) for item in journal.outputs(0, 10**6)]


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    """Live runs in the test's own folder."""
    with ExitStack() as stack:
        yield Lives(tmp_path, stack)
