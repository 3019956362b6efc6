"""alvh.toml: where it is found, what it changes, and what is said of its mistakes."""

import os
from pathlib import Path

import pytest

from alvh_rules.cli.main import main
from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import (
    Configuration,
    find_configuration,
    glob_pattern,
    read_configuration,
)
from alvh_rules.lint.registry import LINTS
from alvh_rules.lint.run import lint
from alvh_rules.lint.silenceable import BY_CONFIGURATION, OF_CHECK, OF_DATA
from alvh_rules.lint.toml_lines import TomlLines
from alvh_rules.pipeline import check_source
from tests.lint.silenceable import silenceable_in

RULESET = "ruleset t version 1.0.0\ndata\n  vix volatility\n  spx price\nparam a = 20\nsignal s when vix > a\n"
"""Gets ALV105 at `spx` and ALV755 at `a`."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of one ruleset."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "t.alvh").write_text(RULESET)
    return tmp_path


def codes(folder: Path, capsys, *arguments: str, status: int = 0) -> list[str]:
    """The findings of `alvh check` in a folder, `severity CODE` each."""
    import json

    capsys.readouterr()
    assert main(["check", str(folder), "--format", "json", *arguments]) == status
    document = json.loads(capsys.readouterr().out)
    findings = document["findings"]
    return sorted(f"{item['severity']} {item['code']}" for item in findings)


# --- where it is found ---------------------------------------------------------------------------


def test_the_nearest_file_up_to_the_top_of_the_repository_is_found(tmp_path) -> None:
    deep = tmp_path / "repository" / "rulesets" / "deep"
    deep.mkdir(parents=True)
    outside = tmp_path / "alvh.toml"
    outside.touch()
    assert find_configuration(deep) == outside
    (tmp_path / "repository" / ".git").mkdir()
    assert find_configuration(deep) is None
    top = tmp_path / "repository" / "alvh.toml"
    top.touch()
    assert find_configuration(deep) == top
    near = tmp_path / "repository" / "rulesets" / "alvh.toml"
    near.touch()
    assert find_configuration(deep) == near
    # In a worktree `.git` is a file.
    (deep / ".git").touch()
    assert find_configuration(deep) is None


# --- what it changes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "found"),
    [
        ("", ["advice ALV755", "warning ALV105"]),
        ("[lint]\nignore = ['ALV755']", ["warning ALV105"]),
        ("[lint]\nignore = ['unswept-param', 'ALV105']", []),
        ("[lint]\nselect = []", ["warning ALV105"]),
        ("[lint]\nselect = ['all']", ["advice ALV755", "warning ALV105"]),
        ("[lint]\nselect = ['unswept-param']", ["advice ALV755", "warning ALV105"]),
        ("[lint]\nselect = ['ALV756']", ["warning ALV105"]),
        ("[lint]\nselect = ['default']\nignore = ['ALV105']", ["advice ALV755"]),
        ("[lint.levels]\nALV105 = 'off'\nALV755 = 'warning'", ["warning ALV755"]),
        ("[lint.levels]\nunswept-param = 'off'\nALV105 = 'advice'", ["advice ALV105"]),
        ("lint.levels.ALV755 = 'off'", ["warning ALV105"]),
        ("[lint.per-file]\n't.alvh' = { ignore = ['ALV105'] }", ["advice ALV755"]),
        ("[lint.per-file.'*.alvh']\nignore = ['ALV105', 'ALV755']", []),
        (
            "[lint.per-file]\n'sub/*.alvh' = { ignore = ['ALV105'] }",
            ["advice ALV755", "warning ALV105"],
        ),
    ],
)
def test_what_is_reported(toml, found, folder, capsys) -> None:
    (folder / "alvh.toml").write_text(toml)
    assert codes(folder, capsys) == found


def test_a_level_of_error_makes_the_check_fail(folder, capsys) -> None:
    (folder / "alvh.toml").write_text("[lint.levels]\nALV755 = 'error'\n")
    assert codes(folder, capsys, status=1) == ["error ALV755", "warning ALV105"]


def test_an_error_cannot_be_silenced(folder, capsys) -> None:
    (folder / "t.alvh").write_text(RULESET + "let b = vixx\n")
    for toml in ("[lint]\nignore = ['ALV101']", "[lint.levels]\nALV101 = 'advice'"):
        (folder / "alvh.toml").write_text(toml)
        assert "error ALV101" in codes(folder, capsys, status=2)
        assert "error ALV784" in codes(folder, capsys, status=2)


def test_an_error_stands_whatever_a_configuration_says() -> None:
    checked = check_source(Source("t.alvh", RULESET + "let b = vixx\n"))
    loose = Configuration(ignored=frozenset({"ALV101"}))
    quiet = Configuration(levels={"ALV101": Severity.ADVICE})
    for configuration in (loose, quiet):
        found = lint(checked, Path("t.alvh"), configuration)
        assert [item.code for item in found if item.is_error] == ["ALV101"]


def test_a_loop_of_symbolic_links_is_a_finding(folder, capsys) -> None:
    (folder / "loop").symlink_to(folder / "loop")
    assert main(["check", str(folder / "loop" / "x.alvh")]) == 2
    assert "ALV904" in capsys.readouterr().out


def test_a_link_to_a_ruleset_is_configured_where_it_stands(folder, capsys) -> None:
    other = folder / "other"
    other.mkdir()
    (other / "link.alvh").symlink_to(folder / "t.alvh")
    (other / "alvh.toml").write_text("[lint.per-file]\n'link.alvh' = { ignore = ['ALV105'] }\n")
    assert codes(other, capsys) == ["advice ALV755"]


def test_the_command_line_selects_in_place_and_ignores_beside(folder, capsys) -> None:
    (folder / "alvh.toml").write_text("[lint]\nselect = []\nignore = ['ALV105']\n")
    assert codes(folder, capsys) == []
    assert codes(folder, capsys, "--select", "ALV756,unswept-param") == ["advice ALV755"]
    chosen = ("--select", "default", "--ignore", "unswept-param")
    assert codes(folder, capsys, *chosen) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--select", "ALV7555"], "no code or lint `ALV7555`"),
        (["--select", "ALV105"], "ALV105 is no lint"),
        (["--ignore", "ALV101"], "ALV101 is not for `alvh check` to leave out"),
        (["--ignore", "unswept-parm"], "did you mean `unswept-param`?"),
    ],
)
def test_a_mistake_on_the_command_line_exits_with_2(arguments, message, folder, capsys) -> None:
    assert main(["check", str(folder), *arguments]) == 2
    assert message in capsys.readouterr().out


def test_options_reach_their_lint(folder, capsys) -> None:
    (folder / "alvh.toml").write_text(
        "[lint]\nselect = ['untested-decision']\nignore = ['ALV105']\n"
        "[lint.untested-decision]\nwithout-tests = true\n"
    )
    assert codes(folder, capsys) == ["advice ALV753"]


def test_each_folder_has_its_own(folder, capsys) -> None:
    sub = folder / "sub"
    sub.mkdir()
    (sub / "u.alvh").write_text(RULESET)
    (folder / "alvh.toml").write_text("[lint]\nignore = ['ALV105']\n")
    (sub / "alvh.toml").write_text("[lint]\nignore = ['ALV755']\n")
    assert codes(folder, capsys) == ["advice ALV755", "warning ALV105"]


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.alvh", ["a.alvh", "x/y/a.alvh"], ["a.alvhx", "a.txt"]),
        ("x/*.alvh", ["x/a.alvh"], ["a.alvh", "x/y/a.alvh", "z/x/a.alvh"]),
        ("x/**", ["x/a.alvh", "x/y/a.alvh"], ["xx/a.alvh", "y/x/a.alvh"]),
        ("**/y/*.alvh", ["y/a.alvh", "x/y/a.alvh"], ["xy/a.alvh", "y/z/a.alvh"]),
        ("a?.alvh", ["ab.alvh", "x/ac.alvh"], ["a.alvh", "a/.alvh"]),
        ("a+(b).alvh", ["a+(b).alvh"], ["aab.alvh"]),
    ],
)
def test_globs(glob, yes, no) -> None:
    pattern = glob_pattern(glob)
    assert [path for path in [*yes, *no] if pattern.fullmatch(path)] == yes


# --- its mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[lint\n", [("ALV780", "1:6", "")]),
        (
            "[lint]\nignore = [\n  'ALV755',\n  'ALV7555',\n]\n",
            [("ALV783", "4", "did you mean `ALV755`?")],
        ),
        ("[lint]\n\nignor = []\n", [("ALV781", "3", "did you mean `ignore`?")]),
        ("[lnt]\n", [("ALV781", "1", "did you mean `lint`?")]),
        ("lsp = 4\n", [("ALV782", "1", "")]),
        ("[lsp]\ndta = 'x.csv'\n", [("ALV781", "2", "did you mean `data`?")]),
        ("[lsp]\ncalendars = [1]\n", [("ALV782", "2", "")]),
        ("[lsp]\ntimezone = 'Mars/Olympus'\n", [("ALV782", "2", "")]),
        ("[lsp.map]\n\nvix = 3\n", [("ALV782", "3", "")]),
        ("[lint.never-fird]\nx = 1\n", [("ALV781", "1", "did you mean `never-fired`?")]),
        (
            "[lint.never-fired]\n\nleast-session = 1\n",
            [("ALV781", "3", "did you mean `least-sessions`?")],
        ),
        ("[lint]\nselect = 'all'\n", [("ALV782", "2", "")]),
        ("[lint]\nignore = [1]\n", [("ALV782", "2", "")]),
        ("lint = 1\n", [("ALV782", "1", "")]),
        ("[lint.levels]\n# x\nALV755 = 'warn'\n", [("ALV782", "3", "")]),
        ("[lint.levels]\nALV755 = 3\n", [("ALV782", "2", "")]),
        ("[lint.levels]\nALV101 = 'off'\n", [("ALV784", "2", "warnings and advice")]),
        ("[lint]\nselect = ['ALV105']\n", [("ALV784", "2", "`select` names lints")]),
        ("[lint]\nignore = ['ALV721']\n", [("ALV784", "2", "")]),
        ("[lint.per-file]\n'x' = ['ALV755']\n", [("ALV782", "2", "")]),
        ("[lint.per-file]\n'x' = { ignored = [] }\n", [("ALV781", "2", "did you mean `ignore`?")]),
        ("[lint.fragile-threshold]\nmove = 'x'\n", [("ALV782", "2", "")]),
        ("[lint.fragile-threshold]\nmove = 2\n", [("ALV782", "2", "")]),
        ("[lint.fragile-threshold]\nmove = nan\n", [("ALV782", "2", "")]),
        ("[lint.fragile-threshold]\nmove = true\n", [("ALV782", "2", "")]),
        ("[lint.never-fired]\nleast-sessions = 1.5\n", [("ALV782", "2", "")]),
        ("[lint.never-fired]\nleast-sessions = 0\n", [("ALV782", "2", "")]),
        ("[lint.untested-decision]\nwithout-tests = 1\n", [("ALV782", "2", "")]),
        ("[lint.deprecated-name.renamed]\na = 1\n", [("ALV782", "2", "")]),
        ("[lint.deprecated-name.renamed]\na = 'b c'\n", [("ALV782", "2", "")]),
        ("[lint]\nignor = []\nselect = 3\n", [("ALV781", "2", ""), ("ALV782", "3", "")]),
    ],
)
def test_each_mistake_is_said_at_its_line(toml, expected, tmp_path) -> None:
    path = tmp_path / "alvh.toml"
    path.write_text(toml)
    configuration, found = read_configuration(path)
    assert configuration == Configuration()
    assert [(item.code, item.location) for item in found] == [
        (code, f"{path}:{where}") for code, where, _ in expected
    ]
    for item, (_, _, help) in zip(found, expected, strict=True):
        assert item.severity is Severity.ERROR
        assert help in item.help


def test_a_file_that_cannot_be_read_is_said(tmp_path) -> None:
    path = tmp_path / "alvh.toml"
    path.write_bytes(b"# caf\xe9\n")
    _, found = read_configuration(path)
    assert [item.code for item in found] == ["ALV780"]
    path.write_bytes(b"#" * 1_000_001)
    assert "larger" in read_configuration(path)[1][0].message
    assert read_configuration(tmp_path / "absent.toml")[1][0].code == "ALV780"
    path.write_text("x = " + "[" * 100_000)
    assert [item.code for item in read_configuration(path)[1]] == ["ALV780"]
    path.write_bytes(b"\xef\xbb\xbf[lint]\r\nignore = ['ALV755']\r\n")
    configuration, found = read_configuration(path)
    assert found == []
    assert configuration.ignored == {"ALV755"}


def test_a_mistake_is_reported_once_for_a_folder_of_rulesets(folder, capsys) -> None:
    (folder / "u.alvh").write_text(RULESET)
    (folder / "alvh.toml").write_text("[lint]\nignor = []\n")
    assert codes(folder, capsys, status=2).count("error ALV781") == 1


def test_lines_of_keys() -> None:
    text = "a = 1\n[x.'y z']\nb.c = 2\n\n[[list]]\nd = ['one',\n 'two']\n"
    lines = TomlLines(text)
    assert lines.of(("a",)) == 1
    assert lines.of(("x", "y z")) == 2
    assert lines.of(("x", "y z", "b", "c")) == 3
    assert lines.of(("list", "d"), "two") == 7
    assert lines.of(("x", "y z", "unknown")) == 2
    assert lines.of(("nowhere",)) == 1


# --- the lists of codes --------------------------------------------------------------------------


def test_every_warning_and_advice_of_check_may_be_silenced() -> None:
    root = Path(__file__).resolve().parents[2] / "alvh_rules"
    assert silenceable_in(root / "check" / "errors.py") == OF_CHECK
    assert silenceable_in(root / "market" / "errors.py") == OF_DATA
    for stage in ("syntax", "plan"):
        assert silenceable_in(root / stage / "errors.py") == set()
    assert set(LINTS) <= BY_CONFIGURATION


def test_checking_without_a_configuration_reads_no_toml(folder) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from alvh_rules.cli.main import main; "
        f"main(['check', {str(folder)!r}]); "
        "sys.exit(bool({'tomllib', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, env=os.environ)
    assert done.returncode == 0
