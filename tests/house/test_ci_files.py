"""The files by which other repositories use this one."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alvh_rules.cli.main import _parser

ROOT = Path(__file__).resolve().parents[2]


def test_hooks_name_commands_and_rulesets() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == {"alvh-check", "alvh-fmt", "alvh-test", "alvh-govern"}
    for hook in hooks:
        program, *command = hook["entry"].split()
        assert program == "alvh"
        given = [] if hook.get("pass_filenames") is False else ["x.alvh"]
        _parser().parse_args([*command, *given])
        assert re.search(hook["files"], "rulesets/x.alvh")
        assert not re.search(hook["files"], "rulesets/x.alvh.md")
        assert hook["language"] == "python"


def test_the_action_says_only_what_the_commands_understand() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = "\n".join(step.get("run", "") for step in action["runs"]["steps"])
    for command, options in re.findall(
        r'"\$alvh" ((?:govern )?\w+) ((?:--[\w-]+ (?:\w+ )?)*)', script
    ):
        files = ["x.alvh", "y.alvh"] if command == "diff" else ["x.alvh"]
        _parser().parse_args([*command.split(), *options.split(), *files])
    # An input is text that others may choose: none stands in the script itself.
    assert "${{" not in script
    named = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert named == set(action["inputs"])


def test_the_documented_jobs_are_yaml_and_run_commands_that_exist() -> None:
    text = (ROOT / "docs" / "ci.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.S)
    assert len(blocks) == 4
    for block in blocks:
        yaml.safe_load(block)
    for line in re.findall(r"alvh (check|fmt|test|diff) ([^>&`\n]*)", text):
        command, arguments = line
        _parser().parse_args([command, *shlex.split(arguments)])


# --- the step that tells what differs, run as the action runs it ---

RULES = (
    "ruleset t version 1.0.0\ndata\n  vix volatility\n"
    'use "common/level.alvh"\nsignal calm when vix < level\n'
)
SECOND = "ruleset second version 1.0.0\ndata\n  vix volatility\nsignal wild when vix > 40\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two rulesets and what one of them uses, on a branch called base."""
    folder = tmp_path / "repository"
    (folder / "rules" / "common").mkdir(parents=True)
    (folder / "rules" / "t.alvh").write_text(RULES)
    (folder / "rules" / "second.alvh").write_text(SECOND)
    (folder / "rules" / "common" / "level.alvh").write_text("param\n  level = 20\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (
        ["init", "--quiet", "--initial-branch=base"],
        ["add", "."],
        [*who, "commit", "--quiet", "-m", "base"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def step(folder: Path, **inputs: str) -> tuple[int, str, str]:
    """The exit code, the job's summary and what was printed."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (script,) = [item["run"] for item in action["runs"]["steps"] if "diff" in item.get("run", "")]
    runner = folder.parent
    bin = runner / "alvh" / "bin"
    bin.mkdir(parents=True, exist_ok=True)
    command = bin / "alvh"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alvh_rules "$@"\n')
    command.chmod(0o755)
    summary = runner / "summary.md"
    summary.write_text("")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(runner),
            "GITHUB_STEP_SUMMARY": str(summary),
            "PATHS": "rules",
            "BASE": "base",
            "FAIL_ON": "",
            "COMMENT": "",
            **inputs,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, summary.read_text(), done.stdout + done.stderr


def test_the_action_tells_what_differs_from_the_base(repository: Path) -> None:
    assert step(repository) == (0, "No ruleset differs from the base.\n", "")
    (repository / "rules" / "second.alvh").write_text(SECOND.replace("40", "50"))
    code, summary, printed = step(repository, COMMENT="comment.md")
    assert (code, printed) == (0, "")
    assert summary.startswith("### second 1.0.0 → 1.0.0\n")
    assert "**Suggested bump: minor**" in summary
    assert "### t " not in summary
    assert (repository / "comment.md").read_text() == summary
    assert step(repository, FAIL_ON="major")[0] == 0
    assert step(repository, FAIL_ON="minor")[0] == 1


def test_the_action_sees_a_change_of_what_a_ruleset_uses(repository: Path) -> None:
    (repository / "rules" / "common" / "level.alvh").write_text("param\n  level = 25\n")
    code, summary, _ = step(repository)
    assert code == 0
    assert summary.startswith("### t 1.0.0 → 1.0.0\n")
    assert "### second" not in summary


def test_the_action_fails_for_a_ruleset_or_a_base_that_cannot_be_read(repository: Path) -> None:
    (repository / "rules" / "second.alvh").write_text(SECOND.replace("vix > 40", "vx > 40"))
    code, summary, _ = step(repository)
    assert code == 1
    assert "ALV101" in summary
    for base in ("origin/main", "--help", "$(touch hacked)"):
        code, summary, printed = step(repository, BASE=base)
        assert code == 1
        assert summary == ""
        assert "diff-base names no revision" in printed
    assert not (repository / "hacked").exists()
