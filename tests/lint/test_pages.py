"""Each lint is documented in its own file, and its page is made from there."""

import re
from pathlib import Path

import pytest

from alvh_rules.lint.configuration import Configuration
from alvh_rules.lint.pages import page_of
from alvh_rules.lint.registry import LINTS, MODULES, NAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", MODULES, ids=[module.LINT.name for module in MODULES])
def test_a_page_is_made_from_its_lint(module) -> None:
    """Where it is not: `python -m alvh_rules.lint.pages`."""
    page = ROOT / "alvh_rules" / "findings" / "codes" / f"{module.LINT.code}.md"
    assert page.read_text(encoding="utf-8") == page_of(module)


def test_a_lint_without_a_section_is_refused() -> None:
    from types import ModuleType

    module = ModuleType("m", "A title.\n\nWhat it does\n------------\nNothing.\n")
    module.LINT = next(iter(LINTS.values()))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="must have What it does, Why is this bad"):
        page_of(module)


def test_every_file_of_the_catalogue_is_registered_once() -> None:
    files = {path.stem for path in (ROOT / "alvh_rules" / "lint" / "catalogue").glob("*.py")}
    assert files - {"__init__"} == {module.__name__.rsplit(".", 1)[1] for module in MODULES}
    assert len(LINTS) == len(NAMES) == len(MODULES)


@pytest.mark.parametrize("lint", LINTS.values(), ids=NAMES)
def test_a_record_is_sound(lint) -> None:
    assert re.fullmatch(r"ALV7[56]\d", lint.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", lint.name)
    for option in lint.options:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", option.name)
        assert option.doc
    assert set(Configuration().options_of(lint)) == {option.name for option in lint.options}


def test_the_table_of_lints_is_true() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (ALV\d+) \| `(.+?)` \| (\w+) \| (yes|no) \|(.*)\|$", text, re.M)
    expected = []
    for lint in LINTS.values():
        options = ", ".join(f"`{item.name}` ({_default(item.default)})" for item in lint.options)
        data = "yes" if lint.needs_data else "no"
        expected.append(
            (lint.code, lint.name, lint.severity.value, data, f" {options} " if options else " ")
        )
    assert rows == expected


def _default(value) -> str:
    return "a table of names, old = new" if value == () else str(value).lower()


def test_the_configuration_that_the_document_shows_is_sound(tmp_path) -> None:
    from alvh_rules.lint.configuration import read_configuration

    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", text, re.S)
    path = tmp_path / "alvh.toml"
    path.write_text(block)
    configuration, found = read_configuration(path)
    assert found == []
    assert configuration.options["ALV750"] == {"move": 0.02, "share": 0.1}
    assert configuration.left_out(tmp_path / "a_draft.alvh") >= {"ALV753", "ALV758", "ALV755"}
