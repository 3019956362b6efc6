"""Bars of ticks: by the exchange's hours, closed by ticks or by the clock, never half of one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from alvh_rules.live.health import Clock
from alvh_rules.live.messages import from_fields
from alvh_rules.live.run import Runner
from alvh_rules.live.settings import Settings, TickSettings
from tests.live.conftest import SIMPLE, Told, decided

MINUTE = SIMPLE.replace("version 1.0.0", "version 1.0.0\n  bars 1 minute")
HIGH = """\
ruleset high version 1.0.0
  bars 5 minutes
data
  top price
  bottom price
  spx price
  traded count
signal wide when top > 1.01 * bottom
signal busy when traded > 100
signal up when spx > bottom
"""


class Ticks:
    """A run of bars made of ticks, in the test's own thread."""

    def __init__(self, lives, text: str = MINUTE, at: Told | None = None, **options) -> None:
        seen = options.pop("seen", False)
        settings = TickSettings(**options)
        self.live = lives.start(text, at=at, settings=Settings(ticks=settings))
        self.bars = self.live.intake.tick_bars(settings, seen=seen)
        self.acknowledged: list[str] = []

    def tick(self, time: str, **fields: object) -> None:
        day = "2024-03-04"
        whole = time if len(time) > 12 else f"{day}T{time}"
        message = from_fields(
            {"time": whole, **fields}, None, lambda: self.acknowledged.append(time)
        )
        now = None if self.live.virtual else self.live.clock.now()
        for made in self.bars.add(message, now):
            self.live.take(made)

    def clock(self) -> None:
        for made in self.bars.due(self.live.clock.now()):
            self.live.take(made)

    def held(self) -> dict[str, list]:
        return {bar.key[11:] or bar.key: bar.held for bar in self.live.journal.bars()}


def test_minutes_from_the_open_to_the_close(lives) -> None:
    ticks = Ticks(lives)
    # Before the open, at it, inside, at a bar's end, a bar without ticks, the close, after it.
    for time, spx in [
        ("09:29:59", 1),
        ("09:30:00", 2),
        ("09:30:20", 3),
        ("09:31:00", 4),
        ("09:31:00.001", 5),
        ("09:33:30", 6),
        ("15:59:59", 7),
        ("16:00:00", 8),
        ("16:00:00.5", 9),
    ]:
        ticks.tick(time, spx=spx, vix=15)
    assert ticks.held() == {
        "09:31:00": [4.0, 15.0],
        "09:32:00": [5.0, 15.0],
        "09:34:00": [6.0, 15.0],
        "16:00:00": [8.0, 15.0],
    }
    assert ticks.bars.outside == 2
    assert len(ticks.acknowledged) == 9


def test_a_half_day_ends_early(lives) -> None:
    ticks = Ticks(lives, seen=True)
    for time in ("12:59:30", "13:00:00", "13:00:30", "15:00:00"):
        ticks.tick(f"2024-11-29T{time}", spx=1, vix=15)
    assert list(decided(ticks.live.journal)) == ["2024-11-29 13:00:00"]
    assert ticks.bars.outside == 2


def test_a_bar_whose_begin_was_not_seen_is_not_given(lives) -> None:
    ticks = Ticks(lives)
    for time in ("10:00:20", "10:00:50", "10:01:10", "10:02:10"):
        ticks.tick(time, spx=1, vix=15)
    assert list(ticks.held()) == ["10:02:00"]
    # A feed that was lost has missed ticks: neither the bar at hand nor the next one is whole.
    ticks.bars.lost()
    for time in ("10:03:10", "10:04:10", "10:05:10"):
        ticks.tick(time, spx=1, vix=15)
    assert list(ticks.held()) == ["10:02:00", "10:05:00"]


def test_measures_and_symbols(lives) -> None:
    columns = {
        "top": ("highest", "last"),
        "bottom": ("lowest", "last"),
        "spx": ("first", "last"),
        "traded": ("sum", "volume"),
    }
    ticks = Ticks(lives, HIGH, columns=columns, seen=True)
    for second, (last, volume) in enumerate([(100, 10), ("103", 20), (99.5, None), (101, 80)]):
        ticks.tick(f"09:30:{second:02d}", last=last, volume=volume)
    ticks.tick("09:35:00.5", last=1, volume=1)
    assert ticks.held() == {"09:35:00": [103.0, 99.5, 100.0, 110.0]}


def test_a_tick_of_one_symbol(lives) -> None:
    ticks = Ticks(lives, symbol="s", value="p", seen=True)
    ticks.tick("09:30:01", s="spx", p=5000)
    ticks.tick("09:30:02", s="vix", p=14)
    ticks.tick("09:30:03", s="spy", p=500)
    ticks.tick("09:31:02", s="vix", p=15)
    ticks.tick("09:32:02", s="vix", p=16)
    # Nothing was said of spx in the second minute: it is missing, and not what it was.
    assert ticks.held() == {"09:31:00": [5000.0, 14.0], "09:32:00": [None, 15.0]}


def test_the_clock_closes_a_bar(lives) -> None:
    at = Told("2024-03-04T14:30:00")
    ticks = Ticks(lives, at=at, wait=2.0)
    ticks.tick("09:30:00", spx=1, vix=15)
    at.go(61.9)
    ticks.clock()
    assert ticks.held() == {}
    at.go(0.1)
    ticks.clock()
    assert list(ticks.held()) == ["09:31:00"]
    # What comes after is late: the bar is as it was decided.
    ticks.tick("09:30:59", spx=9, vix=15)
    [item] = ticks.live.journal.quarantined()
    assert (item.kind, "was closed before it came" in item.reason) == ("unreadable", True)
    assert ticks.held() == {"09:31:00": [1.0, 15.0]}


def test_ticks_out_of_order_and_of_times_to_come(lives) -> None:
    at = Told("2024-03-04T14:40:00")
    ticks = Ticks(lives, at=at, seen=True)
    ticks.tick("09:38:30", spx=1, vix=15)
    ticks.tick("09:37:30", spx=9, vix=15)
    ticks.tick("11:00:00", spx=9, vix=15)
    ticks.tick("09:38:10", spx=2, vix=15)
    ticks.tick("09:39:10", spx=3, vix=15)
    reasons = [item.reason for item in ticks.live.journal.quarantined()]
    assert ["closed before it came" in reasons[0], "later than now" in reasons[1]] == [True, True]
    assert ticks.held() == {"09:39:00": [2.0, 15.0]}


def test_a_daily_bar_is_a_session(lives) -> None:
    at = Told("2024-11-29T14:30:00")
    ticks = Ticks(lives, SIMPLE, at=at, wait=5.0)
    ticks.tick("2024-11-29T09:30:00-05:00", spx=1, vix=15)
    at.go(3600)
    ticks.tick("2024-11-29T10:29:00-05:00", spx=2, vix=15)
    at.go(2.5 * 3600 + 4)
    ticks.clock()
    assert ticks.held() == {}
    at.go(1)
    ticks.clock()
    assert ticks.held() == {"2024-11-29": [2.0, 15.0]}


def test_the_loop_closes_bars_by_the_clock(lives) -> None:
    """In the loop itself, with the clock of the machine set to a session's minute."""
    from time import monotonic

    begun = monotonic()
    base = Told("2024-03-04T14:30:58").moment
    clock = Clock(lambda: base + timedelta(seconds=monotonic() - begun), monotonic)

    class Feed:
        def messages(self, stopped):
            fields = {"time": "2024-03-04T09:30:00-05:00", "spx": 1, "vix": 15}
            yield from_fields(json.loads(json.dumps(fields)))
            stopped.wait(20)

    settings = Settings(ticks=TickSettings(wait=0.1))
    told = Told("2024-03-04T14:30:58")
    told.clock = clock
    live = lives.start(MINUTE, at=told, settings=settings)
    assert settings.ticks is not None
    runner = Runner(
        live, Feed(), [], most_behind=10, ticks=live.intake.tick_bars(settings.ticks, seen=False)
    )
    live.health.on_bar.append(lambda seconds: runner.stop())
    runner.run()
    assert list(decided(live.journal)) == ["2024-03-04 09:31:00"]
    assert monotonic() - begun > 2.0


@pytest.mark.parametrize("time", [None, "soon", "2024-03-04"])
def test_a_tick_without_a_time_is_kept(lives, time) -> None:
    ticks = Ticks(lives)
    for made in ticks.bars.add(from_fields({"time": time, "spx": 1, "vix": 1}), None):
        ticks.live.take(made)
    assert [item.kind for item in ticks.live.journal.quarantined()] == ["unreadable"]
