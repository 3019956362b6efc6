"""What people and their programs see of a live run."""

from __future__ import annotations

import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live as Screen

from alvh_rules import load
from alvh_rules.cli.main import main
from alvh_rules.core.resources import ruleset_path
from alvh_rules.live.configuration import read_settings
from alvh_rules.live.dashboard import Dashboard
from alvh_rules.live.deliver import Delivery
from alvh_rules.live.metrics import serve
from alvh_rules.live.settings import Settings, TickSettings
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import evaluate
from alvh_rules.report.turns import Turns
from tests.live.conftest import SIMPLE, Told, take
from tests.live.servers import free_port
from tests.live.test_equality import messages_of
from tests.live.test_weather import Slow


def seen(dashboard: Dashboard, now) -> str:
    console = Console(width=110, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(dashboard.view(now))
    return console.export_text()


def test_the_dashboard_shows_what_stands_and_what_would_turn_it(lives) -> None:
    at = Told("2024-03-04T21:00:01")
    live = lives.start(SIMPLE + "always level <= 30\n", at=at, explains=True)
    delivery = Delivery("file:told", Slow(), 5, live.journal, live.health, None)
    dashboard = Dashboard(live, [delivery], Screen(console=Console(file=open("/dev/null", "w"))))  # noqa: SIM115
    assert "none yet" in seen(dashboard, at.moment)
    take(live, date="2024-03-01", spx=5100.0, vix=13.0)
    take(live, date="2024-03-04", spx=5130.0, vix=14.0)
    at.go(4)
    live.watch()
    text = seen(dashboard, at.moment)
    assert "vix rises by 6 to 20" in text
    # One typical move is 1 point: the only change so far.
    [line] = [line for line in text.splitlines() if line.split()[1:2] == ["calm"]]
    assert line.split()[2] == "yes"
    assert line.split()[-2] == "6.0"
    assert "2024-03-04, came 4 s ago" in text
    assert "2 behind" in text
    assert "calm: true" in text
    at.go(30 * 3600)
    live.watch()
    text = seen(dashboard, at.moment)
    assert "stale: unknown until the next bar" in text
    [line] = [line for line in text.splitlines() if line.split()[1:2] == ["calm"]]
    assert line.split()[2:4] == ["unknown", "stale"]
    take(live, date="2024-03-05", spx=5130.0, vix=31.0)
    assert "withheld: always level <= 30" in seen(dashboard, at.moment)


def test_turns_are_those_of_history(lives) -> None:
    path = ruleset_path("alvh_core")
    rules, frame = load(path), simulate(300, 2)
    live = lives.start(path.read_text())
    for message in messages_of(frame):
        live.take(message)
    market, _ = market_from_frame(frame, rules.checked.schema)
    whole = evaluate(rules.checked, market, plan=rules.plan)
    found = live.engine.turns()
    assert found
    for name, (told, distance) in found.items():
        turn = Turns(whole, 299).of(rules.checked.values[name])
        assert turn is not None
        assert (turn.describe(), turn.distance) == (told, distance)


def read_metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def test_prometheus_reads_what_stands(lives) -> None:
    at = Told("2024-03-04T21:00:01")
    live = lives.start(at=at)
    port = free_port()
    close = serve(live.health, port)
    try:
        take(live, date="2024-03-01", spx=5100.0, vix=13.0)
        take(live, date="2024-03-04", spx=5130.0, vix=14.0)
        take(live, date="2024-03-01", spx=5100.0, vix=13.5)
        found = read_metrics(port)
        assert found["alvh_bars_total"] == 2
        assert found["alvh_bar_seconds_count"] == 2
        assert found['alvh_quarantined_total{kind="differs"}'] == 1
        assert found["alvh_stale"] == 0
        assert found['alvh_decision{name="calm"}'] == 1
        assert found['alvh_decision{name="level"}'] == 14
        at.go(timedelta(days=3).total_seconds())
        live.watch()
        found = read_metrics(port)
        assert found["alvh_stale"] == 1
        assert found['alvh_decision{name="calm"}'] != found['alvh_decision{name="calm"}']
        assert found["alvh_last_bar_seconds"] == Told("2024-03-04T21:00:01").moment.timestamp()
    finally:
        close()
    with pytest.raises(OSError):  # noqa: PT011
        read_metrics(port)


def test_the_journal_is_shown_and_explained(lives, capsys, monkeypatch) -> None:
    monkeypatch.chdir(lives.folder)
    Path("core.alvh").write_text(ruleset_path("alvh_core").read_text())
    simulate(60, 1).drop(index=[40]).to_csv("feed.csv", index=False)
    command = ["live", "core.alvh", "--feed=replay:feed.csv", "--sink=file:told.ndjson"]
    assert main([*command, "--journal=kept.db"]) == 0
    assert (
        main([*command[:3], "--sink=file:other.ndjson", "--journal=bare.db", "--no-explanations"])
        == 0
    )
    capsys.readouterr()
    # What was kept and what is made again are the same, of every row, and of one decision.
    for key in ("2007-01-03", "2007-03-01", "2007-03-02", "2007-03-29"):
        for name in ([], ["short.open"], ["hedge.ratio"]):
            texts = []
            for journal in ("kept.db", "bare.db"):
                assert main(["journal", "explain", journal, key, *name]) == 0
                texts.append(capsys.readouterr().out)
            assert texts[0] == texts[1]
            assert (f"{name[0]}: " if name else "short.open: ") in texts[0]
    assert main(["journal", "explain", "kept.db", "2007-03-01", "short.opens"]) == 2
    assert "did you mean `short.open`?" in capsys.readouterr().out
    assert main(["journal", "show", "kept.db", "--last", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("2007-03-29  short.open ")
    assert main(["journal", "show", "kept.db", "--notices"]) == 0
    kinds = [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["start", "feed", "stop"]


CONFIGURED = """\
[live]
time = "t"
time-unit = "ms"
timezone = "Europe/London"
stale-after = 90
most-ahead = 5
most-behind = 50
subscribe = "hello"
items = "data.bars"

[live.map]
spx = "last"

[live.bounds]
vix = [5, 150]

[live.ticks]
symbol = "s"
value = "p"
wait = 1.5

[live.ticks.columns]
spx = "highest p"
"""


def schema():
    from tests.live.conftest import checked_text

    ruleset = checked_text(SIMPLE).ruleset
    assert ruleset is not None
    return ruleset.schema


def test_alvh_toml_is_read(tmp_path) -> None:
    path = tmp_path / "alvh.toml"
    path.write_text(CONFIGURED)
    settings, found = read_settings(path, schema())
    assert found == []
    assert settings.options.mapping == {"spx": "last"}
    assert settings.options.timezone == "Europe/London"
    assert settings.bounds == {"vix": (5.0, 150.0)}
    assert settings.ticks == TickSettings("s", "p", 1.5, {"spx": ("highest", "p")})
    told = (settings.time, settings.time_unit, settings.stale_after, settings.most_ahead)
    assert told == ("t", "ms", 90.0, 5.0)
    assert (settings.most_behind, settings.subscribe, settings.items) == (
        50,
        ("hello",),
        "data.bars",
    )
    assert read_settings(None, schema()) == (Settings(), [])


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ('time = "t"', "time = 4", "ALV782", 2),
        ("most-ahead = 5", "most-ahed = 5", "ALV781", 6),
        ("stale-after = 90", "stale-after = -1", "ALV782", 5),
        ('"ms"', '"minutes"', "ALV782", 3),
        ("Europe/London", "London", "ALV782", 4),
        ("vix = [5, 150]", "vix = [150, 5]", "ALV782", 15),
        ("vix = [5, 150]", "vvix = [5, 150]", "ALV781", 15),
        ("[5, 150]", "[nan, 150]", "ALV782", 15),
        ('"highest p"', '"biggest p"', "ALV782", 23),
        ('symbol = "s"\n', "", "ALV782", 18),
        ("[live.map]", "[lint.maps]", "ALV781", 11),
    ],
)
def test_a_mistake_in_alvh_toml_is_told_at_its_line(tmp_path, old, new, code, line) -> None:
    path = tmp_path / "alvh.toml"
    assert old in CONFIGURED
    path.write_text(CONFIGURED.replace(old, new))
    settings, found = read_settings(path, schema())
    assert [item.code for item in found] == [code], found
    assert found[0].location == f"{path}:{line}"
    assert settings == Settings()


def test_a_run_says_that_its_ruleset_was_changed(lives, monkeypatch, capsys) -> None:
    from alvh_rules.cli.live import _Watched
    from alvh_rules.pipeline import check

    monkeypatch.chdir(lives.folder)
    path = Path("r.alvh")
    path.write_text(SIMPLE)
    live = lives.start()
    watched = _Watched(check(path), live)
    watched.look()
    assert live.journal.notices() == []
    path.write_text(SIMPLE.replace("20", "21"))
    import os

    os.utime(path, (1, 1))
    watched.look()
    watched.look()
    assert [kind for _, kind, _ in live.journal.notices()] == ["ruleset"]
    assert "r.alvh was changed" in capsys.readouterr().err
