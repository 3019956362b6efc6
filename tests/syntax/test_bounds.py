"""Hostile text is refused quickly, with a diagnostic."""

import random
import time

import pytest

from alvh_rules.core import bounds
from alvh_rules.core.source import Source
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import parse

QUICKLY = 5.0
"""Seconds; what is measured takes a tenth of it on a slow machine."""


def codes(text: str) -> list[str]:
    start = time.perf_counter()
    found = [item.code for item in parse(Source("t.alvh", text)).diagnostics]
    assert time.perf_counter() - start < QUICKLY
    return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("let a = " + "(" * 100_000 + "1" + ")" * 100_000, "ALV902"),
        ("let a = " + "(" * 900 + "1" + ")" * 900, "ALV901"),
        ("let a = (\n" + "  (\n" * 100_000 + "  1\n" + "  )\n" * 100_001, "ALV901"),
        ("let a = " + "b+" * 10_000 + "b", "ALV902"),
        ("let a = (\n" + "  b +\n" * 10_000 + "  b)", "ALV901"),
        ("let a = " + "not " * 400 + "b", "ALV901"),
        ("let a = " + "-" * 400 + "b", "ALV901"),
        ("let a = " + "9" * 1000, "ALV903"),
        ("let a = 0." + "1" * 31, "ALV903"),
        ("# " + "x" * 3000 + "\nlet a = " + "x" * 3000, "ALV902"),
    ],
    ids=lambda value: value if len(value) < 10 else "",
)
def test_what_passes_a_bound_is_refused(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_a_sum_within_the_bound_is_read() -> None:
    assert codes("let a = " + "b+" * (bounds.MOST_DEPTH - 5) + "b") == []


def test_a_megabyte_of_garbage_takes_bounded_time() -> None:
    rng = random.Random(7)
    letters = 'let table layer\n  () "#|=>%$1,.x<&\t\x00é'
    text = "".join(rng.choice(letters) for _ in range(1_000_000))
    start = time.perf_counter()
    assert len(parse(Source("t.alvh", text)).diagnostics) > bounds.MOST_DIAGNOSTICS
    assert time.perf_counter() - start < 10 * QUICKLY


def test_a_line_that_would_outgrow_the_bound_is_left_as_it_is() -> None:
    name = "a" * 8
    text = "let b=" + "+".join([name] * 190) + "+" + "c" * 250 + "\n"
    assert len(text) < bounds.MOST_LINE < len(text) + 2 * 190
    assert format_source(Source("t.alvh", text)) == (text, [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("data\n  vix volatility\n |vix3m volatility\n", [3]),
        ("layer a\n    weight 3% (\n  at most 1 open\n", [2]),
        ("let a = b )\n", [1]),
        ("let a = 1\n\x0clet b = 2\n", [2]),
        ("# one\x0ctwo\x85three\nlet a = 1\n", []),
        ("# one\rtwo\nlet a = 1\n", []),
        ("\t", []),
        ('let a = "b\x0cc"\n', []),
    ],
)
def test_odd_layout_and_odd_characters_are_values_not_exceptions(
    text: str, lines: list[int]
) -> None:
    source = Source("t.alvh", text)
    spans = [item.span for item in parse(source).diagnostics]
    assert [source.position(span.start).line for span in spans if span] == lines
