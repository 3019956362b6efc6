"""The canonical form: where comments and blanks go, what is aligned, what is broken, laws."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.core import bounds
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.format import WIDTH, format_source
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.print_expressions import expression_text

HERE = Span("", 0, 0)


def formatted(text: str) -> str:
    result, diagnostics = format_source(Source("t.alvh", text))
    assert diagnostics == []
    return result


def test_line_ends_and_the_mark_at_the_start() -> None:
    assert formatted("\r\nlet a=1\r\n\r\n\r\nlet b=2") == "let a = 1\n\nlet b = 2\n"


def test_a_file_with_an_error_comes_back_as_it_is() -> None:
    text = "let   a = = 1\n"
    result, diagnostics = format_source(Source("t.alvh", text))
    assert (result, [item.code for item in diagnostics]) == (text, ["ALV001"])


def test_comments_keep_their_lines_and_blocks() -> None:
    text = (
        "layer a   # one\n"
        "   # two\n"
        "   open when all of\n"
        "      b   # three\n"
        "\n"
        "\n"
        "      # four\n"
        "   # five\n"
        "   weight 5%\n"
        "# six\n"
        "let c = (d +   # seven\n"
        "   # eight\n"
        "   e)   # nine\n"
    )
    assert formatted(text) == (
        "layer a  # one\n"
        "  # two\n"
        "  open when all of\n"
        "    b  # three\n"
        "\n"
        "    # four\n"
        "  # five\n"
        "  weight 5%\n"
        "\n"
        "# six\n"
        "# seven\n"
        "# eight\n"
        "let c = d + e  # nine\n"
    )


def test_numbers_and_brackets() -> None:
    assert formatted("let a = ((5 %)*$1000000.5)-(b-(c))\n") == (
        "let a = 5% * $1,000,000.5 - (b - c)\n"
    )
    assert formatted("signal s when ((a<b) for 1 sessions)\n") == (
        "signal s when a < b for 1 session\n"
    )


def test_a_basis_that_was_not_written_stays_away_from_an_expression() -> None:
    for value in ("a of vega", "a", "a * b", "(a * b) of vega", "2 * (a of vega)", "a of capital"):
        text = formatted(f"hedge\n  ratio {value}\n")
        assert formatted(text) == text
        assert parse(Source("", text)).file == parse(Source("", f"hedge\n  ratio {value}\n")).file


def test_a_long_line_is_broken_inside_its_brackets() -> None:
    text = "let a = f(" + ", ".join(f"argument_{n}" for n in range(30)) + ")\n"
    result = formatted(text)
    assert max(map(len, result.split("\n"))) <= WIDTH
    assert formatted(result) == result
    assert parse(Source("", result)).file == parse(Source("", text)).file


NUMBERS = st.builds(
    ast.Number,
    st.from_regex(r"[0-9]{1,7}(\.[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["", "%", "$", "days", "sessions", "points", "contracts"]),
    st.just(HERE),
)
WORDS = st.builds(ast.Word, st.sampled_from(["vix", "slope", "up", "a_b"]), st.just(HERE))
LEAVES = st.one_of(
    NUMBERS,
    WORDS,
    st.builds(ast.Attribute, st.just("short"), st.sampled_from(["open", "delta"]), st.just(HERE)),
    st.builds(ast.Text, st.text("ab #(|", max_size=4), st.just(HERE)),
    st.builds(ast.Date, st.just("2020-03-16"), st.just(HERE)),
    st.builds(ast.Truth, st.booleans(), st.just(HERE)),
)


def larger(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
    here = st.just(HERE)
    return st.one_of(
        st.builds(ast.Call, WORDS, st.lists(inner, max_size=3).map(tuple), here),
        st.builds(ast.Negative, inner, here),
        st.builds(ast.Arithmetic, st.sampled_from(["+", "-", "*", "/", "of"]), inner, inner, here),
        st.builds(ast.Comparison, st.sampled_from(["<", "<=", ">", ">="]), inner, inner, here),
        st.builds(ast.Between, inner, inner, inner, here),
        st.builds(ast.Is, inner, inner | st.just(ast.Missing(HERE)), st.booleans(), here),
        st.builds(ast.Lasting, inner, NUMBERS | WORDS, here),
        st.builds(ast.Not, inner, here),
        st.builds(
            ast.Logical,
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
            st.just(False),
            here,
        ),
        st.builds(ast.Conditional, inner, inner, inner, here),
    )


@given(st.recursive(LEAVES, larger, max_leaves=12))
def test_any_expression_reads_as_it_was_printed(node: ast.Expression) -> None:
    text = f"let a = {expression_text(node)}\n"
    if len(text) > bounds.MOST_LINE:
        return
    parsed = parse(Source("t.alvh", text))
    assert parsed.diagnostics == ()
    (item,) = parsed.file.items
    assert isinstance(item, ast.Let)
    assert item.value == node
    result = formatted(text)
    assert parse(Source("t.alvh", result)).file == parsed.file
    assert formatted(result) == result


LINES = st.sampled_from(
    [
        "let a = (b + c)  # let",
        "let longer = 1",
        "# at the margin",
        "  # by two",
        "      # by six",
        "",
        "   ",
        "layer short",
        "  open when all of",
        "    a > 1  # clause",
        "    any of",
        "      b < 2",
        "  weight   30%",
        "table t by a",
        "  below 5% => 1",
        "  5% or more => (2)",
        'test "x"',
        "  given",
        "    a = 1, b = 2",
        "  expect c",
        "limit total_weight <= 100%",
    ]
)


@given(st.lists(LINES, max_size=25))
def test_any_lines_that_parse_keep_their_tree_and_comments(lines: list[str]) -> None:
    text = "\n".join(lines)
    parsed = parse(Source("t.alvh", text))
    if parsed.diagnostics:
        return
    result = formatted(text)
    assert parse(Source("t.alvh", result)).file == parsed.file
    assert formatted(result) == result
    assert result.count("#") == text.count("#")


# --- the work grows as the text does ---

HEAD = "ruleset t version 1.0.0\n"


def lets(many: int) -> str:
    """One run of lets, whose names are aligned."""
    return HEAD + "".join(f"let a{number} = vix\n" for number in range(many))


def headers(many: int) -> str:
    """The checker takes one header; the formatter takes what parses."""
    return f'{HEAD}  "A sentence."\n' * many


def closing_comments(many: int) -> str:
    """Each comment closes a block of as many lines as there are comments."""
    clauses, comments = "      vix > 3\n" * many, "     # closes\n" * many
    return f"{HEAD}layer a\n  open when all of\n    any of\n{clauses}{comments}  weight 5%\n"


def work(text: str) -> int:
    """How many calls, and resumed generators, formatting a text takes."""
    count = 0

    def called(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        format_source(Source("t.alvh", text))
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("make", [lets, headers, closing_comments])
def test_the_work_grows_as_the_text_does(make: Callable[[int], str]) -> None:
    assert formatted(make(2))
    work(make(2))
    assert work(make(400)) < 2.2 * work(make(200))
