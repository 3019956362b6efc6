"""Parsing after an edit, with what the text before it came to, is parsing it afresh.

And only what changed is read again; and many threads may parse at once.
"""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.syntax import parse as parse_module
from alvh_rules.syntax.parse import Parsed, parse
from alvh_rules.syntax.walk import walk

PROGRAMS = [*shipped_rulesets(), *sorted(Path(__file__).parent.glob("*/*.alvh"))]
TEXTS = [path.read_text(encoding="utf-8") for path in PROGRAMS]
PIECES = [
    *sorted({line for text in TEXTS for line in text.split("\n")}),
    *'ab 1%"(|\t=>#,)x',
    "\n",
    "\n  ",
    "\nlet a = ",
    "\n  given b",
    "let a = 1\nlet a = 1\n",
]


def places(parsed: Parsed) -> list[object]:
    return [(type(node), node.span) for node in walk(parsed.file)]


def assert_same(parsed: Parsed, afresh: Parsed) -> None:
    assert parsed == afresh
    assert places(parsed) == places(afresh)
    assert [(piece.text, piece.start) for piece in parsed.pieces] == [
        (piece.text, piece.start) for piece in afresh.pieces
    ]


EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=6
)


@settings(max_examples=300)
@given(st.sampled_from(TEXTS), EDITS)
def test_a_chain_of_edits_comes_to_what_its_last_text_comes_to(text, edits) -> None:
    parsed = parse(Source("t.alvh", text))
    for where, taken, more in edits:
        at = int(where * len(text))
        text = text[:at] + more + text[at + taken :]
        parsed = parse(Source("t.alvh", text), reuse=parsed)
        assert_same(parsed, parse(Source("t.alvh", text)))


def test_a_fix_and_the_names_lost_move_with_their_item() -> None:
    faulty = "let a = 1\nlayer b\n  wieght 30%\n\tevery 5 sessions\nevent c on 1.5 sessions after\n"
    before = parse(Source("t.alvh", faulty))
    assert [item.code for item in before.diagnostics] == ["ALV004", "ALV001", "ALV011"]
    text = "let wider = 10000\n" + faulty
    after = parse(Source("t.alvh", text), reuse=before)
    assert_same(after, parse(Source("t.alvh", text)))
    fix = after.diagnostics[1].fix
    assert fix is not None
    (edit,) = fix.edits
    assert text[edit.span.start : edit.span.end] == "wieght"


def test_one_keystroke_reads_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"let name_{number} = vix + {number}" for number in range(1000)]
    before = parse(Source("t.alvh", "\n".join(lines)))
    read: list[str] = []
    read_piece = parse_module._read_piece

    def counted(path: str, text: str, start: int) -> parse_module.Piece:
        read.append(text)
        return read_piece(path, text, start)

    monkeypatch.setattr(parse_module, "_read_piece", counted)
    lines[500] += "0"
    after = parse(Source("t.alvh", "\n".join(lines)), reuse=before)
    assert read == ["let name_500 = vix + 5000\n"]
    assert all(
        ours is theirs
        for ours, theirs in zip(after.file.items[:500], before.file.items, strict=False)
    )


def test_another_file_s_items_are_not_taken() -> None:
    before = parse(Source("one.alvh", "let a = 1\n"))
    (item,) = parse(Source("two.alvh", "let a = 1\n"), reuse=before).file.items
    assert item.span.file == "two.alvh"


def test_threads_parse_at_once_without_mixing_their_files() -> None:
    sources = [
        Source(f"{number}.alvh", text + f"let last_{number} = (1.5\n")
        for number, text in enumerate(TEXTS)
    ]
    expected = {source.path: parse(source) for source in sources}
    work = sources * 6
    random.Random(3).shuffle(work)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of an item
    try:
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(parse, work))
    finally:
        sys.setswitchinterval(interval)
    for source, result in zip(work, results, strict=True):
        assert_same(result, expected[source.path])
        assert {node.span.file for node in walk(result.file)} == {source.path}


def test_a_reading_within_a_reading_disturbs_neither() -> None:
    """A callback that parses: what an editor's hook or a debugger may do."""
    outer = Source("outer.alvh", "let a = rsi(spx, 14)\nlet b = 1.5 sessions\n")
    expected = parse(outer)
    callbacks = parse_module.CALLBACKS
    number = callbacks["number"]

    def with_another(*arguments):
        callbacks["number"] = number
        parse(Source("inner.alvh", "event fomc on 1.5 sessions before\n  a x 2\n"))
        callbacks["number"] = with_another
        return number(*arguments)

    callbacks["number"] = with_another
    try:
        assert_same(parse(outer), expected)
    finally:
        callbacks["number"] = number
