"""Data flows one way; nothing a ruleset says is run; docs name what exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORDER = ["core", "builtins", "syntax", "check", "plan", "native", "evaluate", "pipeline"]
# Kernels take the array types of what they are given; types flow the other way on purpose.
ALLOWED = {("builtins", "evaluate.inputs")}


def _layer(module: str) -> int:
    part = module.split(".")[0]
    return ORDER.index(part) if part in ORDER else len(ORDER)


def test_imports_follow_the_pipeline() -> None:
    wrong = []
    for path in (ROOT / "alvh_rules").rglob("*.py"):
        mine = path.relative_to(ROOT / "alvh_rules").with_suffix("").as_posix().replace("/", ".")
        if mine.split(".")[0] in ("__init__", "__main__", "pipeline"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("alvh_rules."):
                other = node.module.removeprefix("alvh_rules.")
                allowed = (mine.split(".")[0], other) in ALLOWED
                if _layer(other) > _layer(mine) and not allowed:
                    wrong.append(f"{mine} imports {other}")
    assert wrong == []


def test_nothing_is_run_as_code() -> None:
    # The code of a verified plan is made in one file, of that file's own patterns.
    allowed = ROOT / "alvh_rules" / "evaluate" / "scalar_code.py"
    for path in (ROOT / "alvh_rules").rglob("*.py"):
        if path == allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
            if isinstance(node, ast.Import):
                assert not {"pickle", "marshal", "shelve"} & {item.name for item in node.names}, (
                    path
                )


def test_documents_name_what_exists() -> None:
    commands = set(
        re.findall(r'add\(\s*"(\w[\w-]*)"', (ROOT / "alvh_rules/cli/arguments.py").read_text())
    )
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        for quoted in re.findall(r"`((?:alvh_rules|tests|docs|grammar|rulesets)/[\w./-]*)`", text):
            assert (ROOT / quoted).exists(), f"{path.name} names {quoted}"
        for word in re.findall(r"`alvh ([\w-]+)", text):
            assert word in commands, f"{path.name} names alvh {word}"
        for word in re.findall(r"`make (\w+)", text):
            assert word in targets, f"{path.name} names make {word}"
