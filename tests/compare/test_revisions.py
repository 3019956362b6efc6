"""Rulesets of git revisions, in a repository that the test makes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alvh_rules.cli.main import main
from alvh_rules.compare.revisions import is_revision, read_version
from alvh_rules.core import bounds

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

USED = "let steep = {} points\n"
RULES = """\
ruleset calm version {}

use "common/measures.alvh"

data
  vix  volatility

signal calm when vix < steep
"""


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )


def write(folder: Path, steep: int, version: str = "1.0.0") -> None:
    rules = folder / "rulesets"
    (rules / "common").mkdir(parents=True, exist_ok=True)
    (rules / "common" / "measures.alvh").write_text(USED.format(steep))
    (rules / "calm.alvh").write_text(RULES.format(version))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`main` has steep = 20, the index 25, and the working tree 30."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, 20)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "tag", "feature/one")
    write(tmp_path, 25)
    git(tmp_path, "add", "-A")
    write(tmp_path, 30)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def steep(written: str) -> str:
    """What `calm` compares with, in the ruleset that a path or a revision names."""
    read = read_version(written)
    assert read.ruleset is not None, read.rendered()
    return str(read.ruleset.values["calm"].right.value)  # type: ignore[union-attr]


def test_used_files_come_from_the_same_revision(repository: Path) -> None:
    assert steep("main:rulesets/calm.alvh") == "20.0"
    assert steep("feature/one:rulesets/calm.alvh") == "20.0"
    assert steep("HEAD~0:rulesets/calm.alvh") == "20.0"
    assert steep(":rulesets/calm.alvh") == "25.0"
    assert steep("rulesets/calm.alvh") == "30.0"


def test_a_path_may_be_of_the_folder_that_one_is_in(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "rulesets")
    assert steep("main:./calm.alvh") == "20.0"
    assert steep("main:../rulesets/calm.alvh") == "20.0"
    assert steep("main:rulesets/calm.alvh") == "20.0"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("nowhere:rulesets/calm.alvh", "git knows no revision `nowhere`"),
        ("--help:rulesets/calm.alvh", "git knows no revision `--help`"),
        ("main:calm.alvh", "did you mean `rulesets/calm.alvh`?"),
        ("main:rulesets/clam.alvh", "did you mean `rulesets/calm.alvh`?"),
        ("main:rulesets", "it is a folder there"),
        ("main:", "its path does not lie in the repository"),
        ("main:../calm.alvh", "its path does not lie in the repository"),
        ("main:/etc/passwd", "its path does not lie in the repository"),
        (":absent.alvh", "it has no file `absent.alvh`"),
    ],
)
def test_what_does_not_exist_is_refused(repository: Path, written: str, said: str) -> None:
    read = read_version(written)
    assert read.ruleset is None
    (found,) = read.diagnostics
    assert found.code == "ALV920"
    assert said in found.message + found.help
    assert found.location == written


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "this folder is in no git repository" in read_version("main:a.alvh").rendered()


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository / "nothing"))
    assert "is not installed" in read_version("main:rulesets/calm.alvh").rendered()


def test_what_is_too_large_or_no_text_is_refused(repository: Path) -> None:
    (repository / "large.alvh").write_bytes(b"#" * (bounds.MOST_BYTES + 1))
    (repository / "bytes.alvh").write_bytes(b"# caf\xe9\n")
    git(repository, "add", "-A")
    assert "larger than" in read_version(":large.alvh").rendered()
    assert "not UTF-8 text (byte 6)" in read_version(":bytes.alvh").rendered()


def test_a_used_file_that_the_revision_lacks_is_an_error_of_the_ruleset(repository: Path) -> None:
    git(repository, "rm", "-qf", "--cached", "rulesets/common/measures.alvh")
    read = read_version(":rulesets/calm.alvh")
    assert read.ruleset is None
    assert "it has no file `rulesets/common/measures.alvh`" in read.rendered()


def test_a_used_file_stays_in_the_rulesets_folder(repository: Path) -> None:
    rules = repository / "rulesets" / "calm.alvh"
    rules.write_text(rules.read_text().replace('"common/', '"../common/'))
    git(repository, "add", "-A")
    read = read_version(":rulesets/calm.alvh")
    assert "ALV910" in [item.code for item in read.diagnostics]


@pytest.mark.skipif(os.name == "nt", reason="no file's name holds a colon there")
def test_a_local_file_with_a_colon_is_a_file(repository: Path) -> None:
    (repository / "main:rulesets").mkdir()
    local = repository / "main:rulesets" / "calm.alvh"
    shutil.copytree(repository / "rulesets" / "common", local.parent / "common")
    local.write_text(RULES.format("1.0.0"))
    assert steep("main:rulesets/calm.alvh") == "30.0"


@pytest.mark.parametrize("written", ["C:\\rules\\a.alvh", "c:/rules/a.alvh", "a.alvh", "./a"])
def test_a_path_is_no_revision(written: str) -> None:
    assert not is_revision(written)


@pytest.mark.parametrize("written", ["main:a.alvh", "v1.0:r/a.alvh", ":a.alvh", "C:a.alvh"])
def test_a_revision_is_one(written: str) -> None:
    assert is_revision(written)


def test_the_command_compares_a_revision_with_a_file(repository: Path, capsys) -> None:
    assert main(["diff", "main:rulesets/calm.alvh", "rulesets/calm.alvh"]) == 0
    printed = capsys.readouterr().out
    assert "  old  main:rulesets/calm.alvh\n  new  rulesets/calm.alvh\n" in printed
    assert "steep: 20 points → 30 points" in printed


def test_findings_of_a_revision_are_shown(repository: Path, capsys) -> None:
    (repository / "rulesets" / "calm.alvh").write_text("ruleset calm version 1.0.0\nlet a = b\n")
    git(repository, "commit", "-qam", "broken")
    assert main(["diff", "main:rulesets/calm.alvh", "nowhere:x"]) == 2
    printed = capsys.readouterr().out
    assert "--> main:rulesets/calm.alvh:2:9" in printed
    assert "error[ALV920]" in printed
