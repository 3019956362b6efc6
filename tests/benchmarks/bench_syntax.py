"""How fast rulesets are read, checked and formatted: `make bench`.

Each figure stands beside a peer's from the same run on the same machine: Lark's own parser over the
same grammar and texts, and Python's `tomllib` on as many characters.
"""

import itertools
import tomllib
from functools import cache

import pytest
from lark import Lark
from lark.indenter import Indenter

from alvh_rules.core.resources import grammar_path
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check_source
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.split import item_starts
from tests.benchmarks.rulesets import LINES, ruleset

MANY = 1000
LEAST_A_SECOND = 100
TEXTS = [ruleset(number) for number in range(MANY)]


def check_all() -> None:
    for number, text in enumerate(TEXTS):
        assert check_source(Source(f"{number}.alvh", text)).ruleset is not None, text


def parse_all() -> None:
    for number, text in enumerate(TEXTS):
        assert parse(Source(f"{number}.alvh", text)).diagnostics == ()


def test_the_texts_differ_and_have_their_length() -> None:
    assert len(set(TEXTS)) == MANY
    assert {text.count("\n") for text in TEXTS} == {LINES}


@pytest.mark.benchmark(group="1,000 rulesets of 60 lines")
def test_parse_and_check(benchmark) -> None:
    benchmark.pedantic(check_all, rounds=3, warmup_rounds=1)
    a_second = MANY / benchmark.stats.stats.median
    benchmark.extra_info["rulesets a second"] = round(a_second)
    assert a_second >= LEAST_A_SECOND


@pytest.mark.benchmark(group="1,000 rulesets of 60 lines")
def test_parse(benchmark) -> None:
    benchmark.pedantic(parse_all, rounds=3, warmup_rounds=1)


class _Indenter(Indenter):
    NL_type = "_NL"
    OPEN_PAREN_types = ["LPAR"]  # noqa: RUF012 - Lark's own attribute
    CLOSE_PAREN_types = ["RPAR"]  # noqa: RUF012
    INDENT_type = "_INDENT"
    DEDENT_type = "_DEDENT"
    tab_len = 8


@cache
def lark() -> Lark:
    return Lark(
        grammar_path().read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        postlex=_Indenter(),
    )


def lark_all() -> None:
    for text in TEXTS:
        starts = [*item_starts(text), len(text)]
        for start, end in itertools.pairwise(starts):
            lark().parse(text[start:end])


@pytest.mark.benchmark(group="1,000 rulesets of 60 lines")
def test_peer_lark_without_nodes(benchmark) -> None:
    benchmark.pedantic(lark_all, rounds=3, warmup_rounds=1)


def toml_all() -> None:
    for text in TEXTS:
        lines: list[str] = []
        length = 0
        while length < len(text):
            lines.append(f'key_{len(lines)} = [{len(lines)}, 2.5, "short", true]\n')
            length += len(lines[-1])
        tomllib.loads("".join(lines))


@pytest.mark.benchmark(group="1,000 rulesets of 60 lines")
def test_peer_tomllib_of_as_many_characters(benchmark) -> None:
    benchmark.pedantic(toml_all, rounds=3, warmup_rounds=1)


def long_file() -> str:
    """A thousand lines: the items of many rulesets, without their headers."""
    text = "".join("data\n" + each.split("data\n", 1)[1] for each in TEXTS[:30])
    return "\n".join(text.split("\n")[:1000]) + "\n"


@pytest.mark.benchmark(group="a file of 1,000 lines")
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_parse_after_a_keystroke(benchmark, where: str) -> None:
    text = long_file()
    places = [at for at in range(len(text)) if text.startswith("\nlet ", at)]
    at = {"first": places[0], "middle": places[len(places) // 2], "last": places[-1]}[where]
    before = parse(Source("long.alvh", text))
    edited = Source("long.alvh", text[: at + 5] + "x" + text[at + 5 :])
    assert benchmark(parse, edited, before) == parse(edited)


@pytest.mark.benchmark(group="a file of 1,000 lines")
def test_parse_afresh(benchmark) -> None:
    benchmark(parse, Source("long.alvh", long_file()))


@pytest.mark.benchmark(group="a run of lets")
@pytest.mark.parametrize("many", [5_000, 10_000])
def test_format(benchmark, many: int) -> None:
    """Twice the lines should take about twice the time."""
    text = "".join(f"let name_{number} = vix * {number}\n" for number in range(many))
    benchmark.pedantic(format_source, (Source("lets.alvh", text),), rounds=3, warmup_rounds=1)
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["lines a second"] = round(many / seconds)
