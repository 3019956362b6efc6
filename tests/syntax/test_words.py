"""Words are read whole: a keyword is never the beginning of a longer word."""

import pytest

from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.lex import read_terminal
from alvh_rules.syntax.parse import parse, parse_expression
from alvh_rules.syntax.table import table

HERE = Span("", 0, 0)


def faults(text: str) -> list[tuple[str, str]]:
    source = Source("t.alvh", text)
    return [
        (item.code, source.text[item.span.start : item.span.end])
        for item in parse(source).diagnostics
        if item.span is not None
    ]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("signal s when a andb", "andb"),
        ("signal s when a orb", "orb"),
        ("signal s when a isb", "isb"),
        ("signal s when a is notb", "b"),
        ("signal s when a betweenb and c", "betweenb"),
        ("signal s when a > b form", "form"),
        ("signal s from a > b untilc", "untilc"),
        ("let a = b ofc", "ofc"),
        ("let a = if b thenc else d", "thenc"),
        ("let a = if b then c elsed", "elsed"),
        ("use_other", "use_other"),
        ("letb = 3", "letb"),
        ("layer short likelong", "likelong"),
        ("param steep = 5% from 2% to10 by 1%", "to10"),
        ("table t byx\n  below 5% => 1", "byx"),
        ("always a > b whenc", "whenc"),
        ("limit a <= 2% permonth", "permonth"),
        ("let a = 5 percent", "percent"),
        ("layer a\n  open when all off\n    b", "off"),
        ("event fomc on same session\n  short x50%", "x50"),
    ],
)
def test_a_longer_word_is_no_keyword(line: str, word: str) -> None:
    if word == "b":  # `notb` is a name like any other
        assert faults(line) == []
        return
    assert faults(line) == [("ALV003" if line.startswith(word) else "ALV001", word)]


@pytest.mark.parametrize("word", ["andb", "notb", "trueish", "iff", "missing_days", "of_", "x50"])
def test_a_name_may_begin_with_a_keyword(word: str) -> None:
    assert parse_expression(f"{word} + 1") == ast.Arithmetic(
        "+", ast.Word(word, HERE), ast.Number("1", "", HERE), HERE
    )


def test_a_word_that_was_run_together_is_named_in_the_help() -> None:
    (found,) = parse(Source("t.alvh", "layer short liked long\n")).diagnostics
    assert found.help == "did you mean `like`?"
    (found,) = parse(Source("t.alvh", "event fomc on same session\n  short x50%\n")).diagnostics
    assert found.help == "did you mean `x 50`?"


def test_keywords_need_no_blank_next_to_signs_and_figures() -> None:
    assert faults("signal s when(a>b)and(c<d)\nlet e=5of vega\n") == []


@pytest.mark.parametrize(
    "name", ["open", "weight", "short", "hold", "up", "below", "monthly", "put", "x", "test"]
)
def test_a_keyword_of_another_place_may_be_a_name(name: str) -> None:
    assert faults(f"let {name} = 1\nlet b = 2 + {name}\n") == []


def test_every_fixed_word_is_read_as_itself_where_only_it_is_wanted() -> None:
    known = table()
    for first, phrases in known.words.items():
        for terminal, rest in phrases:
            phrase = " \t ".join([first, *rest])
            assert read_terminal(known, phrase + ")", 0, {terminal}) == (terminal, len(phrase))
            longer = read_terminal(known, phrase + "s_", 0, {terminal})
            assert longer is None or longer[1] < len(phrase)
