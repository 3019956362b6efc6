"""Definition, references, hover, outline, hints and colours, asked of a server over stdio."""

from pathlib import Path

import pytest
from lsprotocol import types

from alvh_rules.core.resources import ruleset_path, shipped_rulesets
from tests.language_server.editor import FIRST, Editor, at, position

TEXT = """\
ruleset t version 1.0.0
data
  spx price "the index"
  vix volatility
  vix3m volatility
  vx curve from "m1" to "m3"
  mood trend
calendar fomc
labels trend = down, up
param steep = 5% from 2% to 10% by 1%
let slope = (vix3m) / vix - 1
let near = days_until(fomc)
table factor by mood
  down => 50%
  up => 100%
signal calm when slope > steep and mood is up and near > 2 days and roll_yield(vx) > 0
layer short
  sell put on spx expiring 30 days
  weight factor
  open when calm
  close when profit > 0
layer long like short
hedge
  ratio 100% of vega
  hold vix futures month 1
event fomc on same session
  short x 50%
regime crisis when slope < 0%
  steep = 8%
  long x 10%
always short.weight <= 100% when slope < 0%
test "one"
  given
    slope = 10%, event fomc
  expect
    not short.open
"""
WHOLE = types.Range(FIRST, types.Position(999, 0))

# A mention, and the declaration that it is of: a word and which of its occurrences in TEXT.
DEFINITIONS = [
    (("slope >", 0), ("slope", 0)),
    (("vix3m)", 0), ("vix3m", 0)),
    (("fomc)", 0), ("fomc", 0)),
    (("fomc on", 0), ("fomc", 0)),
    (("fomc\n  expect", 0), ("fomc", 0)),
    (("trend\n", 0), ("trend =", 0)),
    (("down =>", 0), ("down,", 0)),
    (("up and", 0), ("up\n", 0)),
    (("mood\n", 0), ("mood trend", 0)),
    (("steep = 8%", 0), ("steep", 0)),
    (("steep and", 0), ("steep", 0)),
    (("calm\n  close", 0), ("calm when", 0)),
    (("spx expiring", 0), ("spx", 0)),
    (("vix futures", 0), ("vix vol", 0)),
    (("vx)", 0), ("vx curve", 0)),
    (("short\nhedge", 0), ("short\n", 0)),
    (("short x", 0), ("short\n", 0)),
    (("long x", 0), ("long like", 0)),
    (("short.weight", 0), ("short\n", 0)),
    (("slope < 0%\ntest", 0), ("slope", 0)),
    (("factor\n", 0), ("factor by", 0)),
    (("open\n", 0), ("open when", 0)),
    (("weight <=", 0), ("weight factor", 0)),
]


@pytest.fixture(scope="module")
def document(editor: Editor) -> types.TextDocumentIdentifier:
    document = editor.open(TEXT, "file:///nowhere/names.alvh")
    assert [item for item in editor.diagnostics[document.uri] if item.severity == 1] == []
    return document


def hover(editor: Editor, document: types.TextDocumentIdentifier, place: types.Position) -> str:
    found = editor.run(editor.client.text_document_hover_async(types.HoverParams(document, place)))
    return "" if found is None else found.contents.value


@pytest.mark.parametrize(("mention", "declared"), DEFINITIONS, ids=lambda pair: pair[0].strip())
def test_go_to_definition(editor: Editor, document, mention, declared) -> None:
    for middle in (0, 1):
        place = position(TEXT, *mention)
        place.character += middle
        found = editor.run(
            editor.client.text_document_definition_async(types.DefinitionParams(document, place))
        )
        assert found.uri == document.uri
        assert found.range.start == position(TEXT, *declared)


@pytest.mark.parametrize("word", ["days_until", "profit", "sell", "version", '"the index"'])
def test_what_is_declared_nowhere_has_no_definition(editor: Editor, document, word: str) -> None:
    params = types.DefinitionParams(document, position(TEXT, word))
    assert editor.run(editor.client.text_document_definition_async(params)) is None


def test_references_are_all_that_speak_of_the_name(editor: Editor, document) -> None:
    def found(word: str, declaration: bool) -> set[tuple[int, int]]:
        params = types.ReferenceParams(
            types.ReferenceContext(declaration), document, position(TEXT, word)
        )
        places = editor.run(editor.client.text_document_references_async(params))
        return {(place.range.start.line, place.range.start.character) for place in places}

    def places(*words: str) -> set[tuple[int, int]]:
        spots = [position(TEXT, word) for word in words]
        return {(spot.line, spot.character) for spot in spots}

    uses = places("slope >", "slope < 0%", "slope < 0%\ntest", "slope = 10%")
    assert found("slope >", False) == uses
    assert found("slope >", True) == uses | places("slope =")
    # A column's name is no part of another's, and a calendar is no layer.
    assert found("fomc", True) == places("fomc\n", "fomc)", "fomc on", "fomc\n  expect")
    assert found("short\n", False) == places(
        "short\nhedge", "short x", "short.weight", "short.open"
    )
    assert found("up\n", False) == places("up => ", "up and")


def test_hover_says_kind_definition_and_look_back(editor: Editor, document) -> None:
    said = hover(editor, document, position(TEXT, "slope >"))
    assert "**slope** · let · a ratio" in said
    assert "let slope = (vix3m) / vix - 1" in said
    assert "Looks back: none." in said
    said = hover(editor, document, position(TEXT, "spx price"))
    assert "data column · a price" in said
    assert "the index" in said
    assert "a label of trend" in hover(editor, document, position(TEXT, "up and"))
    assert "of each open position" in hover(editor, document, position(TEXT, "profit"))
    assert "a ratio" in hover(editor, document, position(TEXT, "weight <="))
    assert "annual" in hover(editor, document, position(TEXT, "volatility")) or (
        "points" in hover(editor, document, position(TEXT, "volatility"))
    )
    assert hover(editor, document, position(TEXT, "version")) == ""


def test_hover_of_a_function_is_its_documentation(editor: Editor, document) -> None:
    said = hover(editor, document, position(TEXT, "days_until"))
    assert "days_until(" in said
    assert "Source:" in said
    assert "Look-back:" in said


def test_hover_counts_the_warm_up(editor: Editor, uri: str) -> None:
    text, place = at(
        "ruleset t version 1.0.0\ndata\n  vix volatility\n"
        "let a = sma(vix, 20)\nsignal s when |a > sma(a, 14)\n"
    )
    document = editor.open(text, uri)
    assert "Warm-up: 19 sessions." in hover(editor, document, place)
    signal = types.Position(place.line, 7)
    assert "Warm-up: 32 sessions." in hover(editor, document, signal)
    # With an error elsewhere the kind is still known, the look-back is not.
    editor.replace(uri, text + "signal b when vxi > 3\n")
    said = hover(editor, document, place)
    assert "volatility" in said
    assert "Warm-up" not in said


def test_the_outline(editor: Editor, document) -> None:
    params = types.DocumentSymbolParams(document)
    found = editor.run(editor.client.text_document_document_symbol_async(params))
    names = [item.name for item in found]
    assert names[:3] == ["t", "data", "calendar"]
    assert {"slope", "factor", "calm", "short", "long", "hedge", "crisis", "one"} <= set(names)
    (data,) = [item for item in found if item.name == "data"]
    assert [row.name for row in data.children] == ["spx", "vix", "vix3m", "vx", "mood"]
    for item in found:
        for each in (item, *(item.children or ())):
            assert each.range.start <= each.selection_range.start
            assert each.selection_range.end <= each.range.end


def test_hints_say_the_kinds_of_lets_and_params(editor: Editor, document) -> None:
    def hints(range: types.Range) -> dict[tuple[int, int], str]:
        params = types.InlayHintParams(document, range)
        found = editor.run(editor.client.text_document_inlay_hint_async(params))
        return {(hint.position.line, hint.position.character): hint.label for hint in found}

    assert hints(WHOLE) == {(9, 11): ": ratio", (10, 9): ": ratio", (11, 8): ": days"}
    assert hints(types.Range(types.Position(10, 0), types.Position(11, 0))) == {(10, 9): ": ratio"}


def placed_tokens(
    editor: Editor, document: types.TextDocumentIdentifier
) -> list[tuple[int, int, str, str, int]]:
    """Each token's line, UTF-16 column, text, type and modifiers."""
    data = editor.run(
        editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
    ).data
    legend = editor.capabilities.semantic_tokens_provider.legend.token_types
    lines = [line.encode("utf-16-le") for line in editor.texts[document.uri].split("\n")]
    found = []
    line = column = 0
    for place in range(0, len(data), 5):
        down, right, length, type, modifiers = data[place : place + 5]
        column = right if down else column + right
        line += down
        text = lines[line][2 * column : 2 * (column + length)].decode("utf-16-le")
        found.append((line, column, text, legend[type], modifiers))
    return found


def tokens(editor: Editor, document: types.TextDocumentIdentifier) -> list[tuple[str, str, int]]:
    """Each token's text, type and modifiers."""
    return [(text, type, more) for _, _, text, type, more in placed_tokens(editor, document)]


def test_colours_say_what_each_word_is_where_it_stands(editor: Editor, document) -> None:
    found = tokens(editor, document)
    assert ("slope", "variable", 1) in found
    assert ("slope", "variable", 0) in found
    assert ("steep", "parameter", 1) in found
    assert ("spx", "variable", 3) in found
    assert ("days_until", "function", 4) in found
    assert ("volatility", "type", 4) in found
    assert ("trend", "enum", 0) in found
    assert ("up", "enumMember", 0) in found
    assert ("fomc", "event", 0) in found
    assert ("short", "class", 0) in found
    assert ("profit", "property", 4) in found
    assert ("ruleset", "keyword", 0) in found
    assert ("50%", "number", 0) in found
    assert ('"one"', "string", 0) in found


def test_a_keyword_is_no_keyword_where_it_is_a_name(editor: Editor, uri: str) -> None:
    text = "ruleset t version 1.0.0\ndata\n  month price\nlet monthly_high = month # close\n"
    found = tokens(editor, editor.open(text, uri))
    assert ("month", "variable", 3) in found
    assert ("# close", "comment", 0) in found
    assert not any(text == "month" and type == "keyword" for text, type, _ in found)


def test_colours_of_a_text_that_does_not_parse(editor: Editor, uri: str) -> None:
    text = '# 😀\nruleset t version 1.0.0\nlet a = = rsi(3 "😀" # why\nlet b = 1 + b2 😀\n'
    found = tokens(editor, editor.open(text, uri))
    assert ("# 😀", "comment", 0) in found
    assert ("let", "keyword", 0) in found
    assert ("rsi", "function", 4) in found
    assert ('"😀"', "string", 0) in found
    assert ("# why", "comment", 0) in found


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_colours_cover_every_word_of_the_shipped_rulesets(editor: Editor, path: Path) -> None:
    found = placed_tokens(editor, editor.open_file(path))
    left = path.read_text(encoding="utf-8").split("\n")
    for line, column, text, _, _ in found:
        assert left[line][column : column + len(text)] == text
        left[line] = left[line][:column] + " " * len(text) + left[line][column + len(text) :]
    # What only separates has no colour of its own.
    assert set("".join(left)) <= set(" (),|.")


def test_questions_about_nothing(editor: Editor, document) -> None:
    nowhere = types.TextDocumentIdentifier("file:///nowhere/never-opened.alvh")
    beyond = types.Position(10_000, 10_000)
    assert hover(editor, document, beyond) == ""
    with pytest.raises(Exception, match="is not open"):
        hover(editor, nowhere, FIRST)
    path = ruleset_path("alvh_core")
    assert path is not None
    empty = editor.open("", "file:///nowhere/empty.alvh")
    assert hover(editor, empty, FIRST) == ""
    assert tokens(editor, empty) == []
