"""The tree as JSON: it comes back equal, and its published schema is current."""

import json
from pathlib import Path

import pytest

from alvh_rules.core import bounds
from alvh_rules.core.source import Source
from alvh_rules.syntax.export import from_json, json_schema, to_json
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.walk import walk

GOOD = sorted((Path(__file__).parent / "good").glob("*.alvh"))
PUBLISHED = Path(__file__).parents[2] / "docs" / "syntax-tree.schema.json"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_tree_comes_back_equal_with_its_spans(path: Path) -> None:
    file = parse(Source(path.name, path.read_text(encoding="utf-8"))).file
    back = from_json(to_json(file))
    assert back == file
    assert [node.span for node in walk(back)] == [node.span for node in walk(file)]


def test_a_span_is_an_object_with_three_members() -> None:
    written = json.loads(to_json(parse(Source("t.alvh", "let a = 1\n")).file))
    assert written["items"][0]["value"]["span"] == {"file": "t.alvh", "start": 8, "end": 9}


@pytest.mark.parametrize(
    "value", ["b" + " + b" * 190, "not " * 190 + "b", "f(" * 60 + "b" + ")" * 60]
)
def test_the_deepest_trees_come_back(value: str) -> None:
    parsed = parse(Source("t.alvh", f"let a = {value}\n"))
    assert parsed.diagnostics == ()
    assert from_json(to_json(parsed.file)) == parsed.file


def deep(levels: int) -> str:
    tree = json.loads(to_json(parse(Source("t.alvh", "let a = -1\n")).file))
    inner = value = tree["items"][0]["value"]
    for _ in range(levels):
        inner = {**value, "operand": inner}
    tree["items"][0]["value"] = inner
    return json.dumps(tree)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is not JSON"),
        ("[" * 100_000, "this tree has more than 200 levels"),
        ("{}", "this is not a syntax tree: path: Field required"),
        (deep(bounds.MOST_DEPTH), "this tree has more than 200 levels"),
        (deep(0).replace('"Negative"', '"Positive"'), "'Positive' found using 'node'"),
        (deep(0).replace('"start": 0', '"start": -1'), "greater than or equal to 0"),
        (deep(0).replace('"start": 0', '"begin": 0'), "begin"),
    ],
)
def test_what_is_no_tree_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="this ") as problem:
        from_json(text)
    assert message in str(problem.value)


def test_the_published_schema_is_current() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()
