"""Every construct that the language's reference shows is checked, and its tests pass."""

import re
from pathlib import Path

import pytest

from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from alvh_rules.testing.run_tests import run_tests

PAGE = Path(__file__).resolve().parents[2] / "docs" / "language.md"
BLOCKS = re.findall(r"```alvh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_reference_is_true(block: str) -> None:
    text = block if block.startswith("ruleset") else "ruleset t version 1.0.0\n" + block
    result = check_source(Source("t.alvh", text))
    assert result.ruleset is not None, result.rendered()
    outcomes = run_tests(result.ruleset)
    assert [outcome.reasons for outcome in outcomes if outcome.verdict != "passed"] == []
