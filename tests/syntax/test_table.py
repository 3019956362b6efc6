"""The parser's table is the grammar's, and the automaton does what Lark's own does.

Lark parses slowly but by itself: it reads the same grammar, with each keyword bounded as the
language says, and must build the same nodes from random edits of good programs and refuse the same
ones at the same place.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.indenter import DedentError, Indenter
from lark.lexer import PatternRE, PatternStr, TerminalDef

from alvh_rules.core.resources import grammar_path, grammar_table_path, shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.syntax import build_table
from alvh_rules.syntax import table as table_module
from alvh_rules.syntax.gather import Gatherer
from alvh_rules.syntax.make_nodes import CALLBACKS
from alvh_rules.syntax.reduce import LayoutError, Reduction, UnreadableError
from alvh_rules.syntax.split import check_layout, content_lines, item_starts
from alvh_rules.syntax.table import VALUES, table

GRAMMAR = grammar_path().read_text(encoding="utf-8")
HERE = Path(__file__).parent
TEXTS = [
    path.read_text(encoding="utf-8")
    for path in [*shipped_rulesets(), *sorted((HERE / "good").glob("*.alvh"))]
]
ITEMS = sorted(
    {text[start:end] for text in TEXTS for start, end in pairwise([*item_starts(text), len(text)])}
)
WORDS = sorted(
    {word for text in TEXTS for word in re.findall(r'[\w.]+%?|"[^"\n]*"|[<>=|()*/,-]+', text)}
)


def test_the_table_in_the_repository_is_the_grammar_s() -> None:
    written = grammar_table_path().read_text(encoding="utf-8")
    assert written == build_table.table_text(build_table.build_table(GRAMMAR)), (
        "python -m alvh_rules.syntax.build_table writes it anew"
    )


def test_an_edited_grammar_is_used_without_its_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edited = tmp_path / "alvh.lark"
    edited.write_text(GRAMMAR.replace('"reallocate"', '"redistribute"'), encoding="utf-8")
    monkeypatch.setattr(table_module, "grammar_path", lambda: edited)
    assert "redistribute" in table_module.table.__wrapped__().words


@pytest.mark.parametrize("text", ["", "{", "<<<<<<< a merge"])
def test_a_spoiled_table_is_made_afresh(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    spoiled = tmp_path / "alvh.table.json"
    spoiled.write_text(text, encoding="utf-8")
    monkeypatch.setattr(table_module, "grammar_table_path", lambda: spoiled)
    assert table_module.table.__wrapped__().words == table().words


def test_every_rule_has_its_callback_and_every_callback_its_rule() -> None:
    assert {rule.callback for rule in table().rules if rule.callback} == set(CALLBACKS)


@pytest.mark.parametrize("terminal", [r"A: /.+/", r"A: /[^a]b/", r"A: /(?=a)\w/"])
def test_a_terminal_that_could_begin_with_anything_is_refused(terminal: str) -> None:
    with pytest.raises(ValueError, match="a terminal may not begin with"):
        build_table.build_table(f"start: A NAME\nNAME: /[a-z]+/\n{terminal}\n")


class ReferenceIndenter(Indenter):
    NL_type = "_NL"
    OPEN_PAREN_types = ["LPAR"]  # noqa: RUF012 - Lark's own attribute
    CLOSE_PAREN_types = ["RPAR"]  # noqa: RUF012
    INDENT_type = "_INDENT"
    DEDENT_type = "_DEDENT"
    tab_len = 8


def bound_words(terminal: TerminalDef) -> None:
    """A keyword ends where its word ends, and comes before a name."""
    if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value.isidentifier():
        terminal.pattern = PatternRE(rf"{terminal.pattern.value}\b")
        terminal.priority = 1


REFERENCE = Lark(
    GRAMMAR,
    parser="lalr",
    lexer="contextual",
    postlex=ReferenceIndenter(),
    keep_all_tokens=True,
    maybe_placeholders=False,
    edit_terminals=bound_words,
)


def lark_outline(text: str) -> Any:
    """The rules and the tokens that matter as Lark reads them, or where it stops."""
    try:
        tree = REFERENCE.parse(text)
    except DedentError:
        return "layout"
    except UnexpectedInput as problem:
        token = getattr(problem, "token", None)
        if token is not None and token.type == "$END":
            # Lark gives the end the place of what stands before it.
            return len(text)
        return problem.pos_in_stream if token is None else token.start_pos
    return outline(tree)


def outline(node: Any) -> Any:
    if isinstance(node, Token):
        return (str(node), node.start_pos) if node.type in VALUES else None
    assert isinstance(node, Tree)
    parts = [part for child in node.children if (part := outline(child)) is not None]
    if node.data in CALLBACKS:
        return str(node.data), parts
    # A `?rule` of which only one child matters: Lark, that keeps all tokens, has a tree for it.
    (part,) = parts
    return part


class OutlineMaker(Gatherer):
    """Keeps what each rule read, instead of making nodes."""


def outline_of(name: str) -> Any:
    def callback(maker: Gatherer, span: Any, *children: Any) -> Any:
        return (
            name,
            [
                (child.text, child.start) if hasattr(child, "terminal") else child
                for child in children
                if child is not None
            ],
        )

    return callback


OUTLINES = {name: outline_of(name) for name in CALLBACKS}


def our_outline(text: str) -> Any:
    try:
        return Reduction(table(), OUTLINES, OutlineMaker("t.alvh", 0)).read(text)
    except LayoutError:
        return "layout"
    except UnreadableError as problem:
        return problem.at


@pytest.mark.parametrize("text", ITEMS, ids=range(len(ITEMS)))
def test_good_items_are_read_as_lark_reads_them(text: str) -> None:
    assert isinstance(our_outline(text), tuple)
    assert our_outline(text) == lark_outline(text)


def test_an_indentation_between_two_levels_is_no_line_of_either() -> None:
    text = "data\n    a price\n  b price\n"
    assert our_outline(text) == lark_outline(text) == "layout"


@settings(max_examples=400)
@given(
    st.sampled_from(ITEMS),
    st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(WORDS)), min_size=1, max_size=3),
    st.booleans(),
)
def test_edited_items_are_read_or_refused_as_by_lark(text, changes, beside) -> None:
    parts = re.split(r'([\w.]+%?|"[^"\n]*")', text)
    for where, word in changes:
        at = min(int(where * (len(parts) // 2)) * 2 + 1, len(parts) - 2)
        parts[at] = parts[at] + word if beside else word
    edited = "".join(parts)
    lines = content_lines(edited)
    if not lines or check_layout(Source("t.alvh", edited), lines)[0]:
        return
    assert our_outline(edited) == lark_outline(edited)
