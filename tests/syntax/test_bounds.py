"""Hostile text is refused with a diagnostic, after work in proportion to its length.

Work is counted, not timed: how many tokens the parser has taken for each character of the text.
"""

import random

import pytest

from alvh_rules.core import bounds
from alvh_rules.core.source import Source
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.reduce import Reduction

MOST_TOKENS = 10
"""For each character: an item is read again, a few times, after a line of it was refused."""


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tokens that the parser has taken, counted."""
    count = [0]
    shift = Reduction._shift

    def counting(self: Reduction, terminal: str, text: str, at: int, after: int) -> None:
        count[0] += 1
        shift(self, terminal, text, at, after)

    monkeypatch.setattr(Reduction, "_shift", counting)
    return count


def codes(text: str, taken: list[int]) -> list[str]:
    found = [item.code for item in parse(Source("t.alvh", text)).diagnostics]
    assert taken[0] <= MOST_TOKENS * len(text)
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
def test_what_passes_a_bound_is_refused(text: str, code: str, taken: list[int]) -> None:
    assert codes(text, taken) == [code]


def test_a_sum_within_the_bound_is_read(taken: list[int]) -> None:
    text = "let a = " + "b+" * (bounds.MOST_DEPTH - 5) + "b"
    assert codes(text, taken) == []
    assert taken[0] > len(text) / 2


def test_a_megabyte_of_garbage_takes_bounded_work(taken: list[int]) -> None:
    rng = random.Random(7)
    letters = 'let table layer\n  () "#|=>%$1,.x<&\t\x00é'
    text = "".join(rng.choice(letters) for _ in range(1_000_000))
    assert len(codes(text, taken)) > bounds.MOST_DIAGNOSTICS


def test_a_long_item_of_slips_takes_bounded_work(taken: list[int]) -> None:
    rows = "".join(f"  c{number} price\n" for number in range(5_000))
    slips = "  a => b == c <> d is above e crosses above f\n" * 500
    codes("data\n" + rows + slips, taken)
    taken[0] = 0
    codes("signal a when any of\n" + slips, taken)


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
