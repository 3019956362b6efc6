"""The programs of `good` parse and keep their meaning; those of `bad` get just what they expect.

A line of a bad program that is at fault says so in a comment at its end: `#! ALV001: message`.
Diagnostics that no line expects fail the test as well.
"""

import re
from pathlib import Path
from typing import get_args

import pytest

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.syntax import ast, errors
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import parse, parse_expression
from alvh_rules.syntax.walk import walk

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.alvh"))
BAD = sorted((HERE / "bad").glob("*.alvh"))
EXPECTATION = re.compile(r"#! (ALV\d+: .*)")


def read(path: Path) -> Source:
    return Source(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_program_gets_exactly_the_diagnostics_it_expects(path: Path) -> None:
    source = read(path)
    expected = [
        (number, found[1])
        for number, line in enumerate(source.text.split("\n"), 1)
        for found in EXPECTATION.finditer(line)
    ]
    got = [
        (source.position(item.span.start).line, f"{item.code}: {item.message}")
        for item in parse(source).diagnostics
        if item.span is not None
    ]
    assert sorted(got) == expected


def test_every_code_of_reading_has_a_bad_program() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in BAD)
    too_long_to_write = {"ALV901", "ALV902"}  # test_bounds.py makes them
    codes = set(re.findall(r'"(ALV\d+)"', Path(errors.__file__).read_text(encoding="utf-8")))
    assert codes == set(re.findall(r"ALV\d+", written)) | too_long_to_write


@pytest.mark.parametrize("path", [*GOOD, *shipped_rulesets()], ids=lambda path: path.stem)
def test_formatting_a_good_program_is_stable_and_keeps_its_tree_and_comments(path: Path) -> None:
    source = read(path)
    parsed = parse(source)
    assert parsed.diagnostics == ()
    formatted, diagnostics = format_source(source)
    assert diagnostics == []
    assert parse(Source(path.name, formatted)).file == parsed.file
    assert format_source(Source(path.name, formatted))[0] == formatted
    assert sorted(comments(formatted)) == sorted(comments(source.text))


def comments(text: str) -> list[str]:
    found = re.findall(r'"[^"\n]*"|#[^\n]*', text)
    return [item.rstrip() for item in found if item.startswith("#")]


@pytest.mark.parametrize("name", ["every_item", "expressions", "empty", "only_comments"])
def test_a_program_in_canonical_form_is_left_alone(name: str) -> None:
    source = read(HERE / "good" / f"{name}.alvh")
    assert format_source(source)[0] == source.text


def test_the_good_programs_hold_every_kind_of_node() -> None:
    seen = {type(node) for path in GOOD for node in walk(parse(read(path)).file)}
    kinds = {
        member
        for union in (ast.Item, ast.Expression, ast.Choice, ast.LayerClause, ast.HedgeClause)
        for member in get_args(union)
    }
    assert kinds | {ast.HoldRow, ast.Known, ast.Leg, ast.CaseRow, *get_args(ast.Setting)} <= seen


@pytest.mark.parametrize("path", [*GOOD, *shipped_rulesets()], ids=lambda path: path.stem)
def test_every_span_lies_in_its_parent_and_an_expression_reads_the_same_alone(path: Path) -> None:
    source = read(path)
    for node in walk(parse(source).file):
        assert 0 <= node.span.start <= node.span.end <= len(source.text)
        if isinstance(node, get_args(ast.Expression)) and not (
            isinstance(node, ast.Missing)
            or node == ast.Word("hedge", node.span)  # alone it is no expression, but a scaled part
            or (isinstance(node, ast.Logical) and has_block(node))
        ):
            assert parse_expression(source.text[node.span.start : node.span.end]) == node


def has_block(node: ast.Logical) -> bool:
    return any(isinstance(item, ast.Logical) and item.block for item in walk(node))


@pytest.mark.parametrize("path", [*GOOD, *shipped_rulesets()], ids=lambda path: path.stem)
def test_spaces_inside_lines_mean_nothing(path: Path) -> None:
    text = read(path).text
    loose = "\n".join(
        line if '"' in line or "#" in line else re.sub(r"(?<=\S) (?=\S)", "   ", line)
        for line in text.split("\n")
    )
    once, _ = format_source(Source("t.alvh", loose))
    assert once == format_source(Source("t.alvh", text))[0]
