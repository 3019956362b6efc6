"""Formatting is stable, keeps the tree and the comments, and leaves what it cannot read."""

from pathlib import Path

import pytest

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = [part.split("```")[0] for part in PAGE.split("```alvh\n")[1:]]
TEXTS = [path.read_text(encoding="utf-8") for path in shipped_rulesets()] + BLOCKS


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_stable_and_the_same_tree(text: str) -> None:
    # Doubled spaces inside lines mean nothing outside of texts.
    loose = "\n".join(
        line
        if '"' in line
        else line[: len(line) - len(line.lstrip())] + line.lstrip().replace(" ", "   ")
        for line in text.splitlines()
    )
    once, found = format_source(Source("t.alvh", loose))
    assert found == []
    assert format_source(Source("t.alvh", once)) == (once, [])
    assert parse(Source("t.alvh", once)).file == parse(Source("t.alvh", text)).file


def test_comments_stay_where_they_were() -> None:
    text = "# first\nlet a = 1  # of a\n\n# before b\nlet b = 2\n# last\n"
    assert format_source(Source("t.alvh", text)) == (text, [])


def test_a_file_with_errors_is_returned_as_it_is() -> None:
    text = "let   a = = 1\n"
    out, found = format_source(Source("t.alvh", text))
    assert out == text
    assert [item.code for item in found] == ["ALV001"]
