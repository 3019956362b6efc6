"""What has not changed is not checked again; what has, in any way that matters, is."""

import json
import subprocess
import sys
import time

import pytest

from alvh_rules.cli.main import main
from alvh_rules.findings import cache as cached

BAD = "ruleset r version 1.0.0\ndata\n  vix volatility\nsignal s when vixx > 20\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALVH_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "rules"
    place.mkdir()
    (place / "bad.alvh").write_text(BAD)
    monkeypatch.chdir(place)
    return place


def run(capsys, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["check", *arguments])
    return code, capsys.readouterr().out


@pytest.fixture
def checks(monkeypatch):
    """The files that are really checked."""
    from alvh_rules.lint import linter

    seen = []
    real = linter.check
    monkeypatch.setattr(linter, "check", lambda path: seen.append(path.name) or real(path))
    return seen


def test_the_second_time_gives_the_same_without_checking(folder, capsys, checks) -> None:
    first = run(capsys, "bad.alvh")
    assert first[0] == 1
    assert run(capsys, "bad.alvh") == first
    assert checks == ["bad.alvh"]
    as_json = run(capsys, "bad.alvh", "--format", "json")
    assert json.loads(as_json[1]) == json.loads(
        run(capsys, "bad.alvh", "--format", "json", "--no-cache")[1]
    )
    assert checks == ["bad.alvh", "bad.alvh"]


def test_whatever_findings_rest_on_is_asked(folder, capsys, checks) -> None:
    main(["check", "bad.alvh"])
    (folder / "bad.alvh").write_text(BAD.replace("vixx", "vix"))
    assert run(capsys, "bad.alvh")[0] == 0
    (folder / "alvh.toml").write_text('[lint]\nignore = ["ALV752"]\n')
    main(["check", "bad.alvh"])
    main(["check", "bad.alvh", "--ignore", "ALV753"])
    assert len(checks) == 4


def test_a_used_file_that_changes(folder, capsys, checks) -> None:
    (folder / "shared.alvh").write_text("let calm = 20 points\n")
    main_file = BAD.replace("data", 'use "shared.alvh"\ndata').replace("vixx > 20", "vix > calm")
    (folder / "main.alvh").write_text(main_file)
    before = run(capsys, "main.alvh")
    assert run(capsys, "main.alvh") == before
    assert checks == ["main.alvh"]
    (folder / "shared.alvh").write_text("let other = 20 points\n")
    assert "calm" in run(capsys, "main.alvh")[1]


def test_a_missing_used_file_is_looked_for_again(folder, capsys) -> None:
    text = BAD.replace("data", 'use "shared.alvh"\ndata').replace("vixx > 20", "vix > calm")
    (folder / "main.alvh").write_text(text)
    assert run(capsys, "main.alvh")[0] == 1
    (folder / "shared.alvh").write_text("let calm = 20 points\n")
    assert run(capsys, "main.alvh")[0] == 0


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"files": [], "findings": [{}]}', "\x00"])
def test_a_spoiled_cache_is_no_cache(folder, capsys, spoiled) -> None:
    before = run(capsys, "bad.alvh")
    [entry] = cached.folder().iterdir()
    entry.write_text(spoiled)
    assert run(capsys, "bad.alvh") == before


def test_a_cache_that_cannot_be_written_is_no_cache(folder, capsys, monkeypatch) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("ALVH_CACHE", str(folder / "file"))
    assert run(capsys, "bad.alvh") == run(capsys, "bad.alvh")


def test_watch_checks_again_when_a_file_changes(folder, tmp_path) -> None:
    shown = tmp_path / "shown"
    command = [sys.executable, "-u", "-m", "alvh_rules", "check", ".", "--watch"]
    with shown.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream)
    try:
        assert _appears(shown, "1 ruleset: 1 error", lambda turn: None)
        # The watch begins after the first look: changes are made until one is seen.
        mended = BAD.replace("vixx", "vix")
        assert _appears(
            shown,
            "1 ruleset: nothing found",
            lambda turn: (folder / "bad.alvh").write_text(mended + "\n" * turn),
        )
    finally:
        process.terminate()
        process.wait()


def _appears(shown, text: str, meanwhile) -> bool:
    for turn in range(80):
        if text in shown.read_text():
            return True
        meanwhile(turn)
        time.sleep(0.25)
    return False
