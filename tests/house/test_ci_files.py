"""The files by which other repositories use this one."""

import re
import shlex
from pathlib import Path

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
        _parser().parse_args([*command.split(), *options.split(), "x.alvh"])
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
