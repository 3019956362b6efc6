"""What is found as the text is typed: the buffer's text, whole or broken, in the client's columns."""

import random
from pathlib import Path

import pytest
from lsprotocol import types

from alvh_rules.core.resources import ruleset_path, shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import Configuration
from alvh_rules.lint.run import lint
from alvh_rules.pipeline import check_source
from tests.language_server.editor import Editor, position

HEAD = "ruleset t version 1.0.0\ndata\n  vix volatility\n"
Found = list[tuple[str, int, int, int, int]]


def shown(editor: Editor, uri: str) -> Found:
    return sorted(
        (
            str(item.code),
            item.range.start.line,
            item.range.start.character,
            item.range.end.line,
            item.range.end.character,
        )
        for item in editor.diagnostics[uri]
    )


def fresh(text: str, name: str) -> Found:
    """What `alvh check` finds in the text alone, in UTF-16 from zero."""
    result = check_source(Source(name, text), Path("/nowhere"))
    found = []
    for item in lint(result, Path(name), Configuration()):
        assert item.span is not None
        source = result.sources[item.span.file]
        ends = []
        for offset in (item.span.start, item.span.end):
            place = source.position(offset)
            before = source.line_text(place.line)[: place.column - 1]
            ends += [place.line - 1, len(before.encode("utf-16-le")) // 2]
        found.append((item.code, *ends))
    return sorted(found)  # type: ignore[arg-type]


def test_a_finding_says_what_the_command_says(editor: Editor, uri: str) -> None:
    editor.open(HEAD + "signal s when vix < 0.30\n", uri)
    (found,) = editor.diagnostics[uri]
    assert found.severity is types.DiagnosticSeverity.Error
    assert found.source == "alvh"
    assert found.range == types.Range(types.Position(3, 20), types.Position(3, 24))
    assert "0.3 volatility points" in found.message or "0.30 volatility points" in found.message


def test_the_buffer_is_checked_not_the_disk(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "rules.alvh"
    path.write_text(HEAD + "signal s when vix > 30\n", encoding="utf-8")
    editor.open_file(path)
    assert editor.codes(path.as_uri()) == []
    editor.replace(path.as_uri(), HEAD + "signal s when vxi > 30\n")
    assert "ALV101" in editor.codes(path.as_uri())
    editor.shut(path.as_uri())


def test_a_text_that_does_not_parse_shows_the_rest_too(editor: Editor, uri: str) -> None:
    editor.open(HEAD + "let a = = 1\nsignal s when vxi > 30\nlayer\n  open (\n", uri)
    assert "ALV101" in editor.codes(uri)
    assert len(editor.codes(uri)) >= 3


def test_closing_takes_the_findings_away(editor: Editor, uri: str) -> None:
    editor.open(HEAD + "signal s when vxi > 30\n", uri)
    assert editor.diagnostics[uri]
    editor.shut(uri)
    editor.open(HEAD + "signal s when vix > 30\n", f"{uri}.alvh")
    assert editor.diagnostics[uri] == []


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(editor: Editor, uri: str, ends: str) -> None:
    text = HEAD + "signal s when vxi > 30\n"
    editor.open(text.replace("\n", ends), uri)
    assert shown(editor, uri) == fresh(text, "t")
    start = types.Position(3, 14)
    end = types.Position(3, 17)
    editor.change(uri, types.TextDocumentContentChangePartial(types.Range(start, end), "vix"))
    assert editor.codes(uri) == []


def test_a_byte_order_mark_counts_as_the_client_counts_it(editor: Editor, uri: str) -> None:
    editor.open("\ufeffrulest t\n", uri)
    plain = fresh("rulest t\n", "t")
    first, *_ = shown(editor, uri)
    assert first[:2] == plain[0][:2]
    assert first[2] == plain[0][2] + 1


def test_only_line_ends_of_the_protocol_are_line_ends(editor: Editor, uri: str) -> None:
    """Python's `splitlines` would also end a line at each of these."""
    odd = "\x0b\x0c\x1c\x85\u2028\u2029"
    text = f'{HEAD}  spx price "{odd}"\nsignal s when vxi > spx\n'
    editor.open(text, uri)
    assert shown(editor, uri) == fresh(text, "t")
    place = position(text, "vxi")
    end = types.Position(place.line, place.character + 3)
    change = types.TextDocumentContentChangePartial(types.Range(place, end), "spx")
    editor.change(uri, change)
    assert "ALV101" not in editor.codes(uri)


def test_columns_after_a_character_of_two_units(editor: Editor, uri: str) -> None:
    text = HEAD + '  spx price "\U0001f600" from 1\nsignal \U0001f600 when vxi > 30\n'
    editor.open(text, uri)
    assert shown(editor, uri) == fresh(text, "t")


@pytest.mark.parametrize("encoding", list(types.PositionEncodingKind))
def test_the_encoding_is_the_one_the_client_offers(encoding: types.PositionEncodingKind) -> None:
    editor = Editor(encodings=[encoding])
    assert editor.capabilities.position_encoding == encoding
    uri = "file:///nowhere/encoded.alvh"
    editor.open(f'{HEAD}  b price "\U0001f600é" from 1\nsignal s when vix > b\n', uri)
    row = next(item for item in editor.diagnostics[uri] if item.range.start.line == 3)
    units = {"utf-8": 6, "utf-16": 3, "utf-32": 2}[encoding.value]
    assert row.range.start.character == len('  b price "" from ') + units
    # An edit counts in the same units.
    at = types.Position(3, len('  b price "') + units)
    editor.change(uri, types.TextDocumentContentChangePartial(types.Range(at, at), "x"))
    row = next(item for item in editor.diagnostics[uri] if item.range.start.line == 3)
    assert row.range.start.character == len('  b price "" from ') + units + 1
    assert editor.close() == 0


def test_random_edits_find_what_a_fresh_check_finds(editor: Editor, uri: str) -> None:
    rng = random.Random(11)
    texts = [path.read_text(encoding="utf-8") for path in shipped_rulesets()]
    text = texts[0]
    editor.open(text, uri)
    pieces = [*'\n\n  ()%,."#=<>aqZ5\t\U0001f600é', "let x = vix\n", "  missing => 1\n", "not "]
    for _ in range(60):
        changes: list[types.TextDocumentContentChangeEvent] = []
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(text) + 1)
            end = min(len(text), start + rng.choice([0, 0, 1, 2, 30]))
            new = rng.choice([*pieces, text[start : start + 40]])
            edges = types.Range(*(_position(text, offset) for offset in (start, end)))
            changes.append(types.TextDocumentContentChangePartial(edges, new))
            text = text[:start] + new + text[end:]
        if rng.random() < 0.05:
            text = rng.choice(texts)
            changes = [types.TextDocumentContentChangeWholeDocument(text)]
        editor.change(uri, *changes)
        assert shown(editor, uri) == fresh(text, "t")


def test_keystrokes_one_after_the_other_are_checked_once_they_pause(
    editor: Editor, uri: str
) -> None:
    text = HEAD + "signal s when vi > 30\n"
    editor.open(text, uri)
    for number, character in enumerate("x" * 30):
        place = types.Position(3, 16 + number)
        change = types.TextDocumentContentChangePartial(types.Range(place, place), character)
        editor.change(uri, change, settle=False)
    editor.settle(uri)
    (found,) = [item for item in editor.diagnostics[uri] if item.code == "ALV101"]
    assert "vi" + "x" * 30 in found.message


def test_findings_of_the_plan_come_too(editor: Editor, uri: str) -> None:
    """Look-backs are added up once the ruleset is planned, after its own findings are shown."""
    lets = "let a0 = sma(vix, 100000)\n" + "".join(
        f"let a{number} = sma(a{number - 1}, 100000)\n" for number in range(1, 40)
    )
    text = HEAD + lets + "signal s when a39 > 30\n"
    expected = fresh(text, "t")
    assert expected, "the chain must be longer than a run remembers"
    editor.open(text, uri)
    editor.run(_until(editor, uri, expected))


async def _until(editor: Editor, uri: str, expected: Found) -> None:
    while shown(editor, uri) != expected:
        editor._news.clear()
        await editor._news.wait()


def test_the_shipped_rulesets_are_as_a_check_finds_them(editor: Editor) -> None:
    path = ruleset_path("alvh_core")
    assert path is not None
    editor.open_file(path)
    assert shown(editor, path.as_uri()) == fresh(path.read_text(encoding="utf-8"), str(path))


def _position(text: str, offset: int) -> types.Position:
    line = text.count("\n", 0, offset)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return types.Position(line, len(before.encode("utf-16-le")) // 2)
