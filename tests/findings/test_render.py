"""Diagnostics as text: exactly what is drawn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.core import bounds, cells
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Label, Severity
from alvh_rules.core.render import render, render_all
from alvh_rules.core.source import Source, Span


def place(text: str, words: str, which: int = 0) -> Span:
    """The span of some words in a text, the first of them or a later one."""
    start = -1
    for _ in range(which + 1):
        start = text.index(words, start + 1)
    return Span("t.alvh", start, start + len(words))


def drawn(text: str, *marks: tuple[Span, str], **parts) -> str:
    """A finding whose first mark is the primary one, without its head line."""
    (span, label), *others = marks
    item = Diagnostic(
        "ALV000",
        Severity.ERROR,
        "m",
        span,
        label,
        tuple(Label(other, said) for other, said in others),
        **parts,
    )
    head, _, rest = render(item, {"t.alvh": Source("t.alvh", text)}).partition("\n")
    assert head == "error[ALV000]: m"
    return f"\n{rest}\n"


def test_one_mark() -> None:
    text = "let a = vixx / vix\n"
    assert (
        drawn(text, (place(text, "vixx"), "unknown name"), help="did you mean `vix`?")
        == """
  --> t.alvh:1:9
   |
 1 | let a = vixx / vix
   |         ^^^^ unknown name
   |
   = help: did you mean `vix`?
"""
    )


def test_marks_of_one_line_stand_under_one_copy_of_it() -> None:
    text = "let s = spx + vix\n"
    marks = [(place(text, "spx"), "a price"), (place(text, "vix"), "a volatility")]
    assert (
        drawn(text, (place(text, "spx + vix"), ""), *marks)
        == """
  --> t.alvh:1:9
   |
 1 | let s = spx + vix
   |         ---^^^---
   |         |     |
   |         |     a volatility
   |         a price
"""
    )
    assert (
        drawn(text, *reversed(marks))
        == """
  --> t.alvh:1:15
   |
 1 | let s = spx + vix
   |         ---   ^^^ a volatility
   |         |
   |         a price
"""
    )


def test_two_messages_of_one_place_are_both_shown() -> None:
    text = "let s = spx\n"
    at = place(text, "spx")
    assert (
        drawn(text, (at, "first"), (at, "second"))
        == """
  --> t.alvh:1:9
   |
 1 | let s = spx
   |         ^^^
   |         |
   |         second
   |         first
"""
    )


def test_lines_are_shown_in_their_order_and_one_between_them_too() -> None:
    text = "a\nb\nc\nd\ne\nf\n"
    assert (
        drawn(text, (place(text, "f"), "here"), (place(text, "a"), "one"), (place(text, "c"), ""))
        == """
  --> t.alvh:6:1
   |
 1 | a
   | - one
 2 | b
 3 | c
   | -
...
 6 | f
   | ^ here
"""
    )


def test_a_mark_over_lines_from_the_start_of_one() -> None:
    text = "signal s when all of\n  vix > 30\n  vix < 20\nlet a = 1\n"
    span = Span("t.alvh", 0, text.index("let"))
    assert (
        drawn(text, (span, "never holds"))
        == """
  --> t.alvh:1:1
   |
 1 | / signal s when all of
 2 | |   vix > 30
 3 | |   vix < 20
   | |__________^ never holds
"""
    )


def test_a_mark_over_lines_from_within_one() -> None:
    text = "signal s when all of\n  vix > 30\n  vix < 20\n"
    whole = Span("t.alvh", text.index("all"), len(text))
    assert (
        drawn(text, (whole, ""), (place(text, "vix < 20"), "this clause"))
        == """
  --> t.alvh:1:15
   |
 1 |   signal s when all of
   |  _______________^
 2 | |   vix > 30
 3 | |   vix < 20
   | |   -------- this clause
   | |__________^
"""
    )


def test_the_middle_of_a_long_mark_is_left_out() -> None:
    text = "layer a\n" + "".join(f"  row {number}\n" for number in range(9)) + "let b = 1\n"
    assert (
        drawn(text, (Span("t.alvh", 0, text.index("let")), "all of it"))
        == """
  --> t.alvh:1:1
   |
 1 | / layer a
...  |
10 | |   row 8
   | |_______^ all of it
"""
    )


def test_marks_over_the_same_lines_have_lanes_of_their_own() -> None:
    text = "layer a\n  one\n  two\n  three\n"
    inner = Span("t.alvh", text.index("one"), text.index("\n  three"))
    assert (
        drawn(text, (Span("t.alvh", 0, len(text)), "outer"), (inner, "inner"))
        == """
  --> t.alvh:1:1
   |
 1 | /   layer a
 2 | | /   one
 3 | | |   two
   | | |_____- inner
 4 | |     three
   | |_________^ outer
"""
    )


def test_marks_that_begin_together_have_a_caret_each() -> None:
    text = "layer a\n  one\n  two\n"
    assert (
        drawn(text, (Span("t.alvh", 0, len(text)), "outer"), (Span("t.alvh", 6, 13), "inner"))
        == """
  --> t.alvh:1:1
   |
 1 |     layer a
   |  ___^
   | |  _______-
 2 | | |   one
   | | |_____- inner
 3 | |     two
   | |_______^ outer
"""
    )


def test_a_place_in_another_file_has_its_own_excerpt() -> None:
    text = "let a = 1\n"
    item = Diagnostic(
        "ALV102",
        Severity.ERROR,
        "twice",
        Span("t.alvh", 4, 5),
        "again",
        (Label(Span("used.alvh", 4, 5), "first"), Label(Span("gone.alvh", 0, 1), "x")),
    )
    sources = {name: Source(name, text) for name in ("t.alvh", "used.alvh")}
    assert (
        "\n" + render(item, sources) + "\n"
        == """
error[ALV102]: twice
  --> t.alvh:1:5
   |
 1 | let a = 1
   |     ^ again
  ::: used.alvh:1:5
   |
 1 | let a = 1
   |     - first
  ::: gone.alvh
"""
    )


def test_a_place_in_no_ruleset_is_named() -> None:
    item = Diagnostic("ALV805", Severity.ERROR, "bad", location="d.csv, row 2", help="h")
    assert render(item, {}) == "error[ALV805]: bad\n  --> d.csv, row 2\n   = help: h"


@pytest.mark.parametrize(
    ("before", "blanks"),
    [
        ("abc ", 4),
        ("漢字 ", 5),  # two wide characters
        ("ｆ ", 3),  # a fullwidth letter
        ("e\u0301te\u0301 ", 4),  # combining accents
        ("\t", 4),
        ("a\tb ", 7),
        ("\u1112\u1161\u11ab ", 3),  # conjoining Hangul: one syllable, two cells
        ("\x1b[2J", 7),  # a control character is written out
        ("\u202e", 6),  # and one that turns the text around
    ],
)
def test_the_caret_stands_under_its_text(before: str, blanks: int) -> None:
    text = f"{before}vix\n"
    *_, line, carets, _ = drawn(text, (place(text, "vix"), "")).split("\n")
    assert carets == "   | " + " " * blanks + "^^^"
    assert line == f" 1 | {cells.escaped(before)}vix"


def test_carets_are_as_wide_as_what_they_mark() -> None:
    text = "let a = 漢字 + \t\n"
    assert "^^^^" in drawn(text, (place(text, "漢字"), "")).split("\n")[4]
    assert drawn(text, (place(text, "\t"), "")).split("\n")[4].count("^") == 4


def test_a_long_line_is_a_window_onto_its_mark() -> None:
    text = "let a = " + "b + " * 100 + "vixx" + " + b" * 100 + "\n"
    *_, line, carets, _ = drawn(text, (place(text, "vixx"), "here")).split("\n")
    assert line.startswith(" 1 | …")
    assert line.endswith("…")
    assert len(line) == 5 + 1 + 110 + 1
    assert line[carets.index("^") : carets.rindex("^") + 1] == "vixx"


def test_what_lies_outside_the_window_is_marked_at_its_edge() -> None:
    text = "vix" + " + b" * 100 + " + vixx\n"
    first, last = (place(text, "vix"), "first"), (place(text, "vixx"), "last")
    *_, line, carets, hung, said, _ = drawn(text, last, first).split("\n")
    assert line.endswith("vixx")
    assert len(line) == 5 + 1 + 110
    assert carets.endswith("^^^^ last")
    assert carets.startswith("   | -")
    assert (hung, said) == ("   | |", "   | first")


def test_a_mark_past_the_end_of_the_text() -> None:
    text = "let a ="
    assert drawn(text, (Span("t.alvh", 7, 8), "")).endswith(" 1 | let a =\n   |        ^\n")


def test_a_fix_is_shown_as_the_lines_it_changes() -> None:
    text = "let a = vixx / vixx\nlet b = 1\nlet c = vixx\n"
    edits = tuple(Edit(place(text, "vixx", which), "vix") for which in range(3))
    fix = Fix("write `vix`", edits)
    assert (
        drawn(text, (place(text, "vixx"), ""), help="did you mean `vix`?", fix=fix)
        == """
  --> t.alvh:1:9
   |
 1 | let a = vixx / vixx
   |         ^^^^
   |
   = help: did you mean `vix`?
   |
 1 - let a = vixx / vixx
 1 + let a = vix / vix
   |
 3 - let c = vixx
 3 + let c = vix
"""
    )


def test_a_fix_says_what_the_help_does_not() -> None:
    text = "let a = 1\n"
    added = Fix("add a line", (Edit(Span("t.alvh", 10, 10), "let b = 2\n"),))
    assert drawn(text, (place(text, "a"), ""), help="say more", fix=added).endswith(
        """
   = help: say more
   = help: add a line
   |
 2 + let b = 2
"""
    )
    gone = Fix("take it out", (Edit(Span("t.alvh", 0, 10), ""),))
    assert drawn(text, (place(text, "a"), ""), fix=gone).endswith(
        """
   = help: take it out
   |
 1 - let a = 1
"""
    )


def test_lines_after_a_fix_that_adds_some_have_their_new_numbers() -> None:
    text = "a\nb\nc\nd\n"
    edits = (Edit(place(text, "a"), "a\na2"), Edit(place(text, "d"), "D"))
    assert drawn(text, (place(text, "a"), ""), fix=Fix("f", edits)).endswith(
        """
   = help: f
   |
 2 + a2
   |
 4 - d
 5 + D
"""
    )


def test_a_fix_of_many_lines_is_cut() -> None:
    text = "a\n"
    fix = Fix("f", (Edit(place(text, "a"), "\n".join("x" * 20)),))
    lines = drawn(text, (place(text, "a"), ""), fix=fix).rstrip().split("\n")
    assert lines[-1] == "..."
    assert sum(" + " in line for line in lines) == 8


def many() -> list[Diagnostic]:
    """More findings than are shown, the last of the file first."""
    severities = [Severity.ERROR] * 198 + [Severity.WARNING] * 4 + [Severity.ADVICE]
    return [
        Diagnostic("ALV000", severity, f"number {at}", Span("t.alvh", at, at + 1))
        for at, severity in reversed(list(enumerate(severities)))
    ]


def test_of_too_many_findings_the_first_of_the_file_are_shown() -> None:
    text = render_all(many(), {"t.alvh": Source("t.alvh", "x" * 300)})
    assert text.count("-->") == bounds.MOST_DIAGNOSTICS == 200
    assert text.index("number 0\n") < text.index("number 199\n")
    assert "number 200\n" not in text
    assert text.endswith(
        "… and after these, not shown: 2 warnings, 1 piece of advice\n\n"
        "198 errors, 4 warnings, 1 piece of advice"
    )


def test_the_head_the_marks_and_the_fix_are_painted() -> None:
    text = "let a = vixx\n"
    span = place(text, "vixx")
    item = Diagnostic(
        "ALV101", Severity.ERROR, "m", span, "l", fix=Fix("write `vix`", (Edit(span, "vix"),))
    )
    painted = render(item, {"t.alvh": Source("t.alvh", text)}, colour=True)
    assert painted.startswith("\x1b[1;31merror[ALV101]\x1b[0m")
    assert "\x1b[1;31m^^^^\x1b[0m \x1b[1;31ml\x1b[0m" in painted
    assert "\x1b[1;31m- let a = vixx\x1b[0m" in painted
    assert "\x1b[1;32m+ let a = vix\x1b[0m" in painted


ODD = st.text(st.characters() | st.sampled_from(" \n\t\r\x1b\x00漢e\u0301"), max_size=60)


@given(
    ODD, st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), min_size=1, max_size=4), ODD
)
def test_whatever_is_drawn_is_safe_to_print(text: str, places, said: str) -> None:
    spans = [Span("t.alvh", min(pair), max(pair)) for pair in places]
    item = Diagnostic(
        "ALV000",
        Severity.ERROR,
        said,
        spans[0],
        said,
        tuple(Label(span, said) for span in spans[1:]),
        said,
        Fix(said, (Edit(Span("t.alvh", 0, min(len(text), 3)), said),)),
        said,
    )
    shown = render(item, {"t.alvh": Source("t.alvh", text)})
    assert all(unicodedata.category(sign)[0] != "C" for sign in shown.replace("\n", ""))
    assert "\x1b" not in shown
