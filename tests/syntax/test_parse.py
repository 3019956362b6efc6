"""The parser never raises, keeps what it can, and its tree survives JSON."""

from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.syntax import ast
from alvh_rules.syntax.export import from_json, to_json
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.walk import walk

TEXTS = [path.read_text(encoding="utf-8") for path in shipped_rulesets()]


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    parse(Source("t.alvh", text))


@given(st.sampled_from(TEXTS), st.integers(0, 2000), st.text('ab 1%"(|\n\t=>#,', max_size=4))
def test_any_edit_is_read_without_an_exception(text: str, at: int, more: str) -> None:
    for item in parse(Source("t.alvh", text[:at] + more + text[at + len(more) :])).diagnostics:
        assert item.span is not None
        assert 0 <= item.span.start <= item.span.end <= len(text) + len(more) + 2


def test_the_tree_comes_back_equal_from_json_with_its_spans() -> None:
    for text in TEXTS:
        parsed = parse(Source("t.alvh", text))
        assert parsed.diagnostics == ()
        back = from_json(to_json(parsed.file))
        assert back == parsed.file
        assert [node.span for node in walk(back)] == [node.span for node in walk(parsed.file)]


def test_an_error_leaves_the_other_rows_and_items_standing() -> None:
    text = "data\n  vix volatility\n  spx spx price\n  vix3m volatility\nlet a = = 1\nlet b = 2\n"
    parsed = parse(Source("t.alvh", text))
    assert [item.code for item in parsed.diagnostics] == ["ALV001", "ALV001"]
    data, let = parsed.file.items
    assert isinstance(data, ast.Data)
    assert isinstance(let, ast.Let)
    assert [row.name.name for row in data.rows] == ["vix", "vix3m"]
    assert let.name.name == "b"


def test_line_ends_and_a_last_line_without_one() -> None:
    plain = parse(Source("t.alvh", "let a = 1\nlet b = 2\n")).file
    assert parse(Source("t.alvh", "let a = 1\r\nlet b = 2")).file == plain
