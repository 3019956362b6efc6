"""The parts of the reference that are made from the code are what the code says."""

from __future__ import annotations

import re

import pytest

from alvh_rules.check.scope import RESERVED
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from tests.docs.generated import PARTS, filled, parts_of
from tests.docs.transcripts import ROOT

PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
SHOWN = parts_of(PAGE)


def test_every_part_stands_in_the_page() -> None:
    assert SHOWN.keys() == PARTS.keys()


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_what_the_code_says(name: str) -> None:
    assert SHOWN[name] == PARTS[name](), "made anew by: python -m tests.docs.record"


def test_a_stale_part_is_seen_and_made_anew() -> None:
    stale = PAGE.replace("`book.margin`", "`book.marjoram`")
    assert parts_of(stale) != SHOWN
    assert filled(stale) == filled(PAGE)


@pytest.mark.parametrize("word", re.findall(r"`(\w+)`", SHOWN["reserved words"]))
def test_a_reserved_word_cannot_be_declared(word: str) -> None:
    text = "ruleset r version 1.0.0\ndata\n  vix volatility\nlet {} = vix\ntarget t = vix\n"
    assert check_source(Source("r.alvh", text.format(word))).ruleset is None
    assert word in RESERVED


@pytest.mark.parametrize("word", ["slope", "table", "days", "short"])
def test_a_word_that_is_not_reserved_can_be_declared(word: str) -> None:
    text = "ruleset r version 1.0.0\ndata\n  vix volatility\nlet {0} = vix\ntarget t = {0}\n"
    assert check_source(Source("r.alvh", text.format(word))).ruleset is not None
    assert word not in RESERVED
