"""Bad weather: what comes late, again, out of order, absurd, or not at all; clocks that are set."""

from __future__ import annotations

import json
import threading
import time

import pytest

from alvh_rules.core.schema import Bars
from alvh_rules.live.deliver import Delivery
from alvh_rules.live.due import Due
from alvh_rules.live.messages import from_text
from alvh_rules.live.run import Runner
from alvh_rules.live.settings import Settings
from alvh_rules.live.sinks.record import SinkError
from alvh_rules.live.stamps import stamp_of
from alvh_rules.market import sessions
from tests.live.conftest import SIMPLE, Told, decided, take, told

MINUTE = SIMPLE.replace("version 1.0.0", "version 1.0.0\n  bars 1 minute")
ALWAYS = SIMPLE.replace("version 1.0.0", "version 1.0.0\n  bars 1 minute 24/7")


def quarantined(live) -> list[tuple[str, str]]:
    return [(item.kind, item.key) for item in live.journal.quarantined()]


def test_late_repeated_out_of_order_and_missing_bars(lives) -> None:
    live = lives.start()
    take(live, date="2024-03-04", spx=5130.9, vix=13.4)
    take(live, date="2024-03-06", spx=5104.7, vix=14.5)
    take(live, date="2024-03-05", spx=5078.6, vix=14.4)
    take(live, date="2024-03-06", spx=5104.7, vix=14.5)
    take(live, date="2024-03-06", spx=5104.7, vix=14.6)
    take(live, date="2024-03-01", spx=5137.0, vix=13.1)
    take(live, date="2024-03-09", spx=5137.0, vix=13.1)
    assert quarantined(live) == [
        ("late", "2024-03-05"),
        ("differs", "2024-03-06"),
        ("late", "2024-03-01"),
        ("closed", "2024-03-09"),
    ]
    assert live.health.repeated == 1
    found = decided(live.journal)
    assert list(found) == ["2024-03-04", "2024-03-05", "2024-03-06"]
    # The session without a bar is unknown, and so is what looks at it; nothing is false for it.
    assert found["2024-03-05"] == {"calm": None, "falling": None, "level": None}
    assert found["2024-03-06"]["falling"] is None
    assert told(live.journal)[1]["absent"] is True
    assert told(live.journal)[1]["unknown"]["calm"] == "vix"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[1]", "it is not a JSON object"),
        ('{"spx": 1, "vix": 2}', "it has no field `date`"),
        ('{"date": "2024-13-01", "spx": 1, "vix": 2}', "is no time"),
        ('{"date": null, "spx": 1, "vix": 2}', "is no time"),
        ('{"date": "2024-03-05", "spx": 1}', "it has no field `vix`"),
        ("[" * 100_000, "it is not JSON"),
        ('{"date": "' + "9" * 1_000_001 + '"}', "it is longer than"),
    ],
)
def test_what_cannot_be_read_is_kept_and_decides_nothing(lives, line, reason) -> None:
    live = lives.start()
    live.take(from_text(line))
    [item] = live.journal.quarantined()
    assert item.kind == "unreadable"
    assert reason in item.reason
    assert item.raw == line[:10_000]
    assert live.journal.count() == 0


def test_absurd_values_are_left_out_and_kept(lives) -> None:
    live = lives.start(settings=Settings(bounds={"vix": (5.0, 150.0)}))
    absurd = (0, -1, "many", float("inf"), 151, 4.9, True, [1], "14,5", 10**400)
    days = sessions.exchange_sessions()[15_000:]
    take(live, date=str(days[0]), spx=5000.0, vix=13.4)
    for day, vix in zip(days[1:], absurd, strict=False):
        take(live, date=str(day), spx=5000.0, vix=vix)
    found = live.journal.quarantined()
    assert [(item.kind, item.field) for item in found] == [("absurd", "vix")] * len(absurd)
    assert [item.raw for item in found[:4]] == ["0", "-1", "many", "inf"]
    assert found[4].reason == "it must lie between 5 and 150"
    # The bars are decided, with that value missing and no other.
    bars = list(live.journal.bars())
    assert [bar.decisions["calm"] for bar in bars] == [True, *[None] * len(absurd)]
    assert [bar.decisions["falling"] for bar in bars] == [None, *[False] * len(absurd)]


def test_bounds_take_in_their_ends_and_missing_is_no_fault(lives) -> None:
    live = lives.start(settings=Settings(bounds={"vix": (5.0, 150.0)}))
    take(live, date="2024-03-04", spx=5000, vix=5)
    take(live, date="2024-03-05", spx=5000, vix=150)
    take(live, date="2024-03-06", spx=5000, vix=None)
    live.take(from_text('{"date": "2024-03-07", "spx": 5000, "vix": NaN}'))
    take(live, date="2024-03-08", spx=5000, vix=150.00001)
    assert [item.key for item in live.journal.quarantined()] == ["2024-03-08"]
    assert [item["calm"] for item in decided(live.journal).values()] == [
        True,
        False,
        None,
        None,
        None,
    ]


def test_a_silent_feed_makes_the_decision_unknown_once(lives) -> None:
    at = Told("2024-03-04T14:31:01")
    live = lives.start(MINUTE, at=at)
    take(live, time="2024-03-04T09:31:00-05:00", spx=5130.0, vix=13.4)
    at.go(100)
    live.watch()
    assert (live.health.stale, live.health.shown()["calm"]) == (False, True)
    # Due at 09:32, and a minute's wait: stale from 09:33 on.
    at.go(19)
    live.watch()
    assert live.health.stale
    assert live.health.shown() == {"calm": None, "falling": None, "level": None}
    live.watch()
    last = told(live.journal)[-1]
    assert (last["key"], last["stale"]) == ("2024-03-04 09:31:00/stale", True)
    assert last["until"] == "2024-03-04T14:33:00Z"
    assert set(last["unknown"].values()) == {"stale"}
    assert len(told(live.journal)) == 2
    assert live.journal.notices()[-1][1] == "stale"
    # Started again it is still stale, and does not say so twice.
    live = lives.start(MINUTE, at=at)
    assert live.health.stale
    assert len(told(live.journal)) == 2
    take(live, time="2024-03-04T09:33:00-05:00", spx=5130.0, vix=13.4)
    assert not live.health.stale
    assert live.health.shown()["calm"] is True


def test_an_old_decision_is_stale_at_the_start(lives) -> None:
    at = Told("2024-03-04T21:00:10")
    live = lives.start(at=at)
    take(live, date="2024-03-04", spx=5130.0, vix=13.4)
    assert not live.health.stale
    at.go(3 * 86_400)
    live = lives.start(at=at)
    assert live.health.stale
    assert live.health.shown()["calm"] is None


def test_a_bar_that_comes_too_old_is_decided_and_at_once_stale(lives) -> None:
    at = Told("2024-03-08T12:00:00")
    live = lives.start(at=at)
    take(live, date="2024-03-04", spx=5130.0, vix=13.4)
    assert decided(live.journal)["2024-03-04"]["calm"] is True
    assert live.health.stale
    assert [item["key"] for item in told(live.journal)] == ["2024-03-04", "2024-03-04/stale"]


def test_a_feed_that_never_speaks(lives) -> None:
    # A Saturday: the first daily bar is due at Monday's close.
    at = Told("2024-03-02T12:00:00")
    live = lives.start(at=at)
    at.go(2 * 86_400)
    live.watch()
    assert not live.health.stale
    at.set("2024-03-04T22:00:00")
    live.watch()
    assert live.health.stale
    assert told(live.journal)[0]["key"] == "start/stale"


def test_bars_of_times_to_come_are_not_taken(lives) -> None:
    at = Told("2024-03-04T20:30:00")
    live = lives.start(at=at)
    # At half past three the session has no close yet.
    take(live, date="2024-03-04", spx=5130.0, vix=13.4)
    take(live, date="2030-03-04", spx=5130.0, vix=13.4)
    assert quarantined(live) == [("ahead", "2024-03-04"), ("ahead", "2030-03-04")]
    at.go(1800)
    take(live, date="2024-03-04", spx=5130.0, vix=13.4)
    assert list(decided(live.journal)) == ["2024-03-04"]


def test_a_clock_set_back_makes_nothing_fresh(lives) -> None:
    at = Told("2024-03-04T14:31:01")
    live = lives.start(MINUTE, at=at)
    take(live, time="2024-03-04T09:31:00-05:00", spx=5130.0, vix=13.4)
    at.set("2024-03-04T13:31:01")
    live.watch()
    assert live.health.clock_jumps == 1
    assert "back by 3600 seconds" in live.journal.notices()[-1][2]
    at.go(121)
    live.watch()
    assert live.health.stale


def test_a_clock_set_forward_is_noted_and_safe(lives) -> None:
    at = Told("2024-03-04T14:31:01")
    live = lives.start(MINUTE, at=at)
    take(live, time="2024-03-04T09:31:00-05:00", spx=5130.0, vix=13.4)
    at.set("2024-03-04T15:31:01")
    live.watch()
    assert (live.health.clock_jumps, live.health.stale) == (1, True)


@pytest.mark.parametrize("night", ["2024-03-10", "2024-11-03"])
def test_nights_of_daylight_saving_around_the_clock(lives, night) -> None:
    """Of a market that never closes, minutes told on New York's clock with its offset."""
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo

    import numpy as np

    live = lives.start(ALWAYS)
    begin = datetime.fromisoformat(f"{night}T04:30:00").replace(tzinfo=UTC)
    moments = [begin + timedelta(minutes=n) for n in range(180)]
    for moment in moments:
        local = moment.astimezone(ZoneInfo("America/New_York")).isoformat()
        take(live, time=local, spx=1.0 + moment.minute, vix=15.0)
    assert quarantined(live) == []
    keys = [np.datetime64(key.replace(" ", "T")) for key in decided(live.journal)]
    assert keys == [np.datetime64(moment.replace(tzinfo=None), "s") for moment in moments]


def test_an_hour_that_stands_twice_is_not_guessed(lives) -> None:
    from alvh_rules.market.read import Options

    settings = Settings(options=Options(timezone="America/New_York"))
    live = lives.start(ALWAYS, settings=settings)
    take(live, time="2024-11-03 01:30:00", spx=1, vix=15)
    take(live, time="2024-03-10 02:30:00", spx=1, vix=15)
    take(live, time="2024-11-03 03:30:00", spx=1, vix=15)
    assert [item.kind for item in live.journal.quarantined()] == ["unreadable"] * 2
    assert "not one moment" in live.journal.quarantined()[0].reason
    assert list(decided(live.journal)) == ["2024-11-03 08:30:00"]


@pytest.mark.parametrize(
    ("bars", "key", "until"),
    [
        # Across the spring night of New York, a weekend, and into a half day.
        (Bars(), "2024-03-08", "2024-03-11T20:00:00"),
        (Bars(), "2024-11-01", "2024-11-04T21:00:00"),
        (Bars(), "2024-11-27", "2024-11-29T18:00:00"),
        (Bars(1), "2024-03-08 16:00:00", "2024-03-11T13:31:00"),
        (Bars(30), "2024-11-29 12:45:00", "2024-11-29T18:00:00"),
        (Bars(30), "2024-11-29 13:00:00", "2024-12-02T15:00:00"),
        (Bars(30), "2024-11-29 08:00:00", "2024-11-29T15:00:00"),
        (Bars(1, True), "2024-03-10 06:59:00", "2024-03-10T07:00:00"),
        (Bars(1, True), "2024-03-10 00:00:00", "2024-03-10T00:01:00"),
    ],
)
def test_the_next_bar_is_due_by_the_exchange(bars, key, until) -> None:
    from datetime import timedelta

    hours = sessions.always_open() if bars.always_open else sessions.exchange()
    due = Due(bars, hours, timedelta(0))
    found = due.good_until(stamp_of(key, daily=not bars.minutes))
    assert found.replace(tzinfo=None).isoformat() == until


class Slow:
    """A sink that takes nothing until it is let."""

    def __init__(self) -> None:
        self.lets = threading.Event()
        self.told: list[str] = []
        self.failures = 0

    def begin(self, journal, cursor):
        return cursor

    def tell(self, outputs) -> None:
        if not self.lets.is_set():
            self.failures += 1
            raise SinkError("not now")
        self.told += [item.text for item in outputs]

    def close(self) -> None:
        pass


class Many:
    """A feed of bars, which counts how many were asked of it."""

    def __init__(self, bars: int) -> None:
        self.bars, self.given = bars, 0

    def messages(self, stopped):
        for day in sessions.exchange_sessions()[10_000 : 10_000 + self.bars]:
            self.given += 1
            yield from_text(json.dumps({"date": str(day), "spx": 100.0, "vix": 15.0}))


def test_a_slow_sink_holds_the_feed_back_and_loses_nothing(lives, monkeypatch) -> None:
    monkeypatch.setattr("alvh_rules.live.run.QUEUE", 5)
    monkeypatch.setattr("alvh_rules.live.feeds.reconnect.FIRST_WAIT", 0.01)
    monkeypatch.setattr("alvh_rules.live.feeds.reconnect.LONGEST_WAIT", 0.05)
    live, sink, feed = lives.start(), Slow(), Many(100)
    delivery = Delivery("slow", sink, 7, live.journal, live.health, None)
    runner = Runner(live, feed, [delivery], most_behind=20)
    delivery.begin()
    thread = threading.Thread(target=runner.run)
    thread.start()
    until = time.monotonic() + 10
    while feed.given < 27 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    # One more than the most was decided, a queue's worth waits, and one is in the feed's hand.
    assert live.journal.count() == 21
    assert feed.given <= 21 + 5 + 1
    assert sink.failures > 1
    assert live.health.sinks["slow"][1] == "not now"
    sink.lets.set()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert [json.loads(text)["number"] for text in sink.told] == list(range(1, 101))
    assert live.health.waited > 0
    assert runner.unfinished == []


def test_a_run_that_ends_says_which_sink_was_not_told_all(lives, monkeypatch) -> None:
    monkeypatch.setattr("alvh_rules.live.run.FINISH", 0.2)
    live, sink = lives.start(), Slow()
    delivery = Delivery("slow", sink, 7, live.journal, live.health, None)
    delivery.begin()
    runner = Runner(live, Many(3), [delivery], most_behind=20)
    runner.run()
    assert runner.unfinished == ["slow"]
    # The next start tells it.
    sink.lets.set()
    again = Delivery("slow", sink, 7, live.journal, live.health, None)
    again.begin()
    assert again.finish(5)
    assert len(sink.told) == 3
    # And the one after it knows that it was told.
    last = Delivery("slow", sink, 7, live.journal, live.health, None)
    last.begin()
    assert last.finish(5)
    assert len(sink.told) == 3
    assert live.journal.cursor("slow") == 3


def test_a_withheld_decision_is_kept_and_not_told(lives) -> None:
    live = lives.start(SIMPLE + "always level <= 30\n")
    take(live, date="2024-03-04", spx=5130.0, vix=13.4)
    take(live, date="2024-03-05", spx=5130.0, vix=31.0)
    assert decided(live.journal)["2024-03-05"]["level"] == 31.0
    last = told(live.journal)[-1]
    assert last["decisions"] == {"calm": None, "falling": None, "level": None}
    assert last["withheld"] == ["always level <= 30"]
    assert live.health.shown()["level"] is None


def test_texts_that_databases_refuse_are_written_out(lives) -> None:
    live = lives.start()
    live.take(from_text('{"date": "2024-03-04", "spx": 5000, "vix": "\\ud800\\u0000"}'))
    live.take(from_text('{"date": "\\udfff", "spx": 5000, "vix": 14}'))
    live.take(from_text(b"\xff\x00"))
    live.take(from_text("\0"))
    found = live.journal.quarantined()
    assert [item.kind for item in found] == ["absurd", "unreadable", "unreadable", "unreadable"]
    assert found[0].raw == "\\ud800\\x00"
    assert all("\0" not in item.raw + item.reason for item in found)


class Faulty:
    """A feed with a fault of the program's own."""

    def messages(self, stopped):
        yield from_text(json.dumps({"date": "2024-03-04", "spx": 100.0, "vix": 15.0}))
        raise ZeroDivisionError("a fault")


def test_a_fault_of_a_feed_is_not_its_end(lives) -> None:
    live = lives.start()
    with pytest.raises(ZeroDivisionError):
        Runner(live, Faulty(), [], most_behind=20).run()
    assert live.journal.count() == 1


def test_a_calendar_that_was_corrected_goes_on_in_the_journal(lives, capsys) -> None:
    """What was decided by the calendar of the time is decided so again."""
    from alvh_rules.cli.main import main
    from alvh_rules.market.read import Options

    text = """\
ruleset dated version 1.0.0
data
  vix volatility
calendar opec
signal near when days_until(opec) < 3 days
target level = min(vix, 80)
"""
    path = lives.folder / "events.csv"
    for date, days in (("2024-03-06", DAYS[:4]), ("2024-03-20", DAYS[4:])):
        path.write_text(f"date,event\n{date},opec\n")
        settings = Settings(options=Options(calendars=(path,)))
        live = lives.start(text, settings=settings)
        for day in days:
            take(live, date=day, vix=15.0)
    near = [item["near"] for item in decided(live.journal).values()]
    assert near == [False, True, True, True, False, False]
    assert main(["journal", "replay", str(lives.folder / "journal.db")]) == 0
    assert "6 rows decided again: every decision" in capsys.readouterr().out
    # And a start decides the last bars again by the calendars that they had.
    assert lives.start(text, settings=settings).health.key == DAYS[-1]


DAYS = ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"]
