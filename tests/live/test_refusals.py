"""What a live run does not go on from, and what it then says."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from alvh_rules.cli.main import main
from alvh_rules.live.errors import LiveError
from alvh_rules.live.open_journal import open_journal, writing
from alvh_rules.live.settings import Settings
from alvh_rules.live.tables import BARS, DECISIONS, STATE
from alvh_rules.market.read import Options
from alvh_rules.market.simulate import simulate
from tests.live.conftest import SIMPLE, decided, take
from tests.live.test_equality import messages_of

ROOT = Path(__file__).resolve().parents[2]


def refused(call) -> tuple[str, str]:
    with pytest.raises(LiveError) as caught:
        call()
    return caught.value.diagnostic.code, caught.value.diagnostic.message


def begun(lives, rows: int = 20):
    live = lives.start()
    for message in messages_of(simulate(rows, 1)):
        live.take(message)
    return live


def test_a_journal_that_is_being_written(lives) -> None:
    lives.start()
    other = open_journal(str(lives.folder / "journal.db"))

    def write() -> None:
        with writing(other):
            pass

    code, message = refused(write)
    assert (code, "another process is writing it" in message) == ("ALV920", True)
    lives.let_go()
    write()
    other.close()


def test_a_database_locked_by_another_program(lives, monkeypatch) -> None:
    monkeypatch.setattr("alvh_rules.live.open_journal.WAIT", 0.1)
    live = begun(lives)
    other = sqlite3.connect(lives.folder / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    code, message = refused(lambda: take(live, date="2007-02-01", spx=1, vix=20))
    assert (code, "another process" in message) == ("ALV920", True)
    other.close()
    assert live.journal.count() == 20


def test_a_changed_ruleset_and_another_one(lives) -> None:
    begun(lives)
    changed = SIMPLE.replace("vix < 20", "vix < 21")
    code, message = refused(lambda: lives.start(changed))
    assert (code, "is not what it was" in message) == ("ALV921", True)
    code, message = refused(lambda: lives.start(SIMPLE.replace("simple", "other")))
    assert (code, message) == ("ALV921", "this journal is of `simple`, and the ruleset is `other`")
    mapped = Settings(options=Options(mapping={"spx": "close"}))
    code, message = refused(lambda: lives.start(settings=mapped))
    assert (code, "begun with mapping {}, not" in message) == ("ALV921", True)
    assert lives.start().health.key == "2007-01-31"


def test_a_full_disk_loses_nothing(lives) -> None:
    journal = lives.journal(most_pages=60)
    live = lives.start(journal=journal)
    frame = simulate(3000, 1)

    def fill() -> None:
        for message in messages_of(frame):
            live.take(message)

    code, message = refused(fill)
    assert (code, "full" in message) == ("ALV920", True)
    rows = journal.count()
    assert 20 < rows < 3000
    # There is room again: it goes on where the journal ends, and ends as if nothing had been.
    again = lives.start(journal=lives.journal())
    for message in messages_of(frame.iloc[rows - 3 :]):
        again.take(message)
    assert again.health.repeated == 3
    whole = lives.start(journal=lives.journal("whole.db"))
    for message in messages_of(frame):
        whole.take(message)
    assert decided(again.journal) == decided(whole.journal)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of a process")
def test_a_disk_that_takes_no_more(tmp_path) -> None:
    (tmp_path / "r.alvh").write_text(SIMPLE)
    simulate(3000, 1).to_csv(tmp_path / "feed.csv", index=False)
    command = [sys.executable, "-m", "alvh_rules", "live", "r.alvh", "--feed=replay:feed.csv"]
    run = subprocess.run(
        [*command, "--journal=j.db", "--sink=file:told.ndjson"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)),
    )
    assert run.returncode == 2, run.stderr
    assert "error[ALV920]: this journal cannot be used: " in run.stderr
    assert run.stdout == ""
    told = [json.loads(line) for line in (tmp_path / "told.ndjson").read_text().splitlines()]
    journal = open_journal(str(tmp_path / "j.db"))
    # Nothing is told that the journal does not hold.
    assert 0 < len(told) <= journal.count() < 3000
    journal.close()


def test_what_is_no_journal(lives, tmp_path) -> None:
    (tmp_path / "text.db").write_text("this is a text, and no database at all\n" * 30)
    for name, create, wanted in [
        ("text.db", True, "not a database"),
        (".", True, "it is a folder"),
        ("absent.db", False, "there is no such file"),
        ("absent/j.db", True, "there is no such folder"),
    ]:
        code, message = refused(partial(open_journal, str(tmp_path / name), create=create))
        assert (code, wanted in message) == ("ALV920", True), message
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("create table trades (id integer)")
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    _, message = refused(lambda: open_journal(str(tmp_path / "other.db"), create=True))
    assert "it holds other tables" in message
    # Nothing of a database that is not ours is changed, its mode included.
    assert (tmp_path / "other.db").read_bytes() == before
    _, message = refused(lambda: open_journal("mysql://host/base"))
    assert "`mysql` is not supported" in message


def test_a_decision_that_was_changed(lives) -> None:
    live = begun(lives)
    with live.journal._engine.begin() as connection:
        row = DECISIONS.c.bar == 15
        text = connection.scalar(sa.select(DECISIONS.c.decisions).where(row))
        values = json.loads(text)
        values["calm"] = not values["calm"]
        connection.execute(sa.update(DECISIONS).where(row).values(decisions=json.dumps(values)))
    code, message = refused(lives.start)
    assert (code, "deciding its bars again gives" in message) == ("ALV922", True)


def test_a_state_that_was_changed(lives) -> None:
    live = begun(lives)
    with live.journal._engine.begin() as connection:
        state = connection.scalar(sa.select(STATE.c.state))
        connection.execute(sa.update(STATE).values(state=state.replace("1", "2")))
    code, message = refused(lives.start)
    assert (code, "what it carries after" in message) == ("ALV920", True)


def test_replay_and_verify_find_what_was_changed(lives, capsys) -> None:
    live = begun(lives)
    path = str(lives.folder / "journal.db")
    for command in ("verify", "replay"):
        assert main(["journal", command, path]) == 0
    with live.journal._engine.begin() as connection:
        held = connection.scalar(sa.select(BARS.c.held).where(BARS.c.id == 9))
        values = json.loads(held)
        values[1] += 50.0
        connection.execute(sa.update(BARS).where(BARS.c.id == 9).values(held=json.dumps(values)))
    capsys.readouterr()
    assert main(["journal", "replay", path]) == 1
    out = capsys.readouterr().out
    assert "2007-01-16  level: " in out
    assert out.splitlines()[-1].startswith("20 rows decided again: ")
    with live.journal._engine.begin() as connection:
        connection.execute(sa.delete(DECISIONS).where(DECISIONS.c.bar == 4))
    assert main(["journal", "verify", path]) == 1
    assert "decisions are numbered to 20, and there are 19" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--feed=redi://h/s"], "there is no feed `redi://h/s`"),
        (["--feed=stdin", "--sink=files:x"], "there is no sink `files:x`"),
        (["--feed=replay:absent.csv"], "error[ALV801]"),
        (["--feed=stdin", "--sink=http://example.com/x"], "decisions go over https"),
        (["--feed=stdin", "--sink=file:absent/x"], "there is no such folder"),
        (["--feed=redis://localhost"], "it names no server and stream"),
        (["--feed=ws://"], "it is no address"),
        (["--feed=ws://127.0.0.1:1/", "--metrics=99999"], "the metrics `99999` cannot be used"),
    ],
)
def test_addresses_that_cannot_be_meant(arguments, wanted, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.alvh").write_text(SIMPLE)
    assert main(["live", "r.alvh", "--journal=j.db", *arguments]) == 2
    assert wanted in capsys.readouterr().err


def test_a_file_that_another_journal_filled(lives, capsys, monkeypatch) -> None:
    monkeypatch.chdir(lives.folder)
    Path("r.alvh").write_text(SIMPLE)
    Path("told.ndjson").write_text('{"number":1,"key":"1999-01-04"}\n')
    simulate(5, 1).to_csv("feed.csv", index=False)
    command = ["live", "r.alvh", "--feed=replay:feed.csv", "--sink=file:told.ndjson"]
    assert main([*command, "--journal=j.db"]) == 2
    assert "error[ALV925]" in capsys.readouterr().err
    assert Path("told.ndjson").read_text() == '{"number":1,"key":"1999-01-04"}\n'


def test_libraries_that_are_not_installed_are_named(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.alvh").write_text(SIMPLE)
    for library, feed in (
        ("websockets.sync.client", "ws://127.0.0.1:1/"),
        ("redis", "redis://127.0.0.1:1/s"),
        ("sqlalchemy", "stdin"),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, library, None)
            assert main(["live", "r.alvh", f"--feed={feed}", "--journal=j.db"]) == 2
        err = capsys.readouterr().err
        assert "error[ALV924]" in err
        assert "pip install 'alvh-rules[live]'" in err
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "sqlalchemy", None)
        assert main(["journal", "show", "j.db"]) == 2
    assert "a journal needs SQLAlchemy" in capsys.readouterr().out
