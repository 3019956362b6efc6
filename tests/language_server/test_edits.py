"""Rename, formatting and fixes: what the server would write is applied, and checked again."""

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from alvh_rules.core.resources import shipped_rulesets
from alvh_rules.core.source import Source
from alvh_rules.pipeline import check, check_source
from alvh_rules.syntax.format import format_source
from tests.language_server.editor import FIRST, Editor, applied, at, position
from tests.language_server.test_names import TEXT

HEAD = "ruleset t version 1.0.0\ndata\n  vix volatility\n"


def rename(editor: Editor, document: Any, place: types.Position, new: str) -> dict[str, str]:
    """The texts that a rename makes, by address."""
    params = types.RenameParams(document, place, new)
    edit = editor.run(editor.client.text_document_rename_async(params))
    texts = {}
    for uri, edits in edit.changes.items():
        before = editor.texts.get(uri)
        if before is None:
            before = Path(uri.removeprefix("file://")).read_text(encoding="utf-8")
        texts[uri] = applied(before, edits)
    return texts


@pytest.mark.parametrize(
    ("word", "old"),
    [
        ("slope >", "slope"),
        ("factor by", "factor"),
        ("calm\n", "calm"),
        ("short x", "short"),
        ("long like", "long"),
        ("crisis", "crisis"),
        ("steep =", "steep"),
        ("near =", "near"),
        ("fomc)", "fomc"),
        ("vx)", "vx"),
        ("trend =", "trend"),
    ],
)
def test_a_rename_changes_every_use_and_nothing_else(editor: Editor, word: str, old: str) -> None:
    uri = "file:///nowhere/renamed.alvh"
    document = editor.open(TEXT, uri)
    (text,) = rename(editor, document, position(TEXT, word), "brand_new").values()
    before = check_source(Source("t", TEXT))
    after = check_source(Source("t", text))
    assert after.ruleset is not None
    assert [item.code for item in after.diagnostics] == [item.code for item in before.diagnostics]
    # Named back, it is what it was.
    editor.replace(uri, text)
    (back,) = rename(editor, document, position(text, "brand_new"), old).values()
    assert back == TEXT


def test_a_renamed_column_reads_what_it_read(editor: Editor, uri: str) -> None:
    text = HEAD + "signal s when vix > 30\n"
    document = editor.open(text, uri)
    (made,) = rename(editor, document, position(text, "vix"), "fear").values()
    assert made == text.replace("vix vol", "fear vol").replace("vix >", "fear >").replace(
        "volatility", 'volatility from "vix"'
    )
    result = check_source(Source("t", made))
    assert result.ruleset is not None
    assert [(each.name, each.source) for each in result.ruleset.schema.columns] == [("fear", "vix")]
    # A second time the file's name is said already.
    editor.replace(uri, made)
    (again,) = rename(editor, document, position(made, "fear"), "dread").values()
    assert again.count("from") == 1


@pytest.mark.parametrize(
    ("word", "new", "reason"),
    [
        ("slope >", "vix", "data column called `vix`"),
        ("slope >", "fomc", "calendar called `fomc`"),
        ("slope >", "short", "layer called `short`"),
        ("slope >", "when", "word of the language"),
        ("slope >", "rsi", "name of a function"),
        ("slope >", "call", "word of the language"),
        ("slope >", "profit", "attribute of an open position"),
        ("slope >", "two words", "cannot be a name"),
        ("slope >", "", "cannot be a name"),
        ("slope >", "größe", "cannot be a name"),
        ("down =>", "lower", "data column holds"),
        ("days_until", "until_days", "function of the language"),
        ("profit", "gain", "declared nowhere"),
        ("sell", "buy", "no name here"),
    ],
)
def test_a_rename_that_would_do_harm_is_refused(
    editor: Editor, word: str, new: str, reason: str
) -> None:
    document = editor.open(TEXT, "file:///nowhere/refused.alvh")
    with pytest.raises(Exception, match=reason):
        rename(editor, document, position(TEXT, word), new)


def test_no_rename_in_a_text_that_cannot_be_read_whole(editor: Editor, uri: str) -> None:
    text = HEAD + "signal s when vix > 30\nlet b = vix = =\n"
    document = editor.open(text, uri)
    with pytest.raises(Exception, match="cannot be read whole"):
        rename(editor, document, position(text, "vix"), "fear")


def test_prepare_rename_gives_the_name_or_the_reason(editor: Editor) -> None:
    document = editor.open(TEXT, "file:///nowhere/prepared.alvh")

    def prepare(word: str) -> Any:
        params = types.PrepareRenameParams(document, position(TEXT, word))
        return editor.run(editor.client.text_document_prepare_rename_async(params))

    found = prepare("slope >")
    start = position(TEXT, "slope >")
    end = types.Position(start.line, start.character + len("slope"))
    assert (found.range, found.placeholder) == (types.Range(start, end), "slope")
    with pytest.raises(Exception, match="function of the language"):
        prepare("roll_yield")


# --- formatting ---


def format(editor: Editor, document: Any) -> Any:
    params = types.DocumentFormattingParams(document, types.FormattingOptions(2, True))
    return editor.run(editor.client.text_document_formatting_async(params))


def test_formatting_is_what_the_command_does(editor: Editor, uri: str) -> None:
    text = 'ruleset   t version 1.0.0\n  "😀  text"\ndata\n    vix     volatility   # 😀\n'
    text += "\n\n\nlet a=vix*2\nlet longer = vix\nsignal s when   a>longer\n"
    document = editor.open(text, uri)
    made = applied(text, format(editor, document))
    assert made == format_source(Source("t", text))[0]
    assert made != text
    editor.replace(uri, made)
    assert not format(editor, document)


@pytest.mark.parametrize("path", shipped_rulesets(), ids=lambda path: path.stem)
def test_what_is_canonical_is_left_alone(editor: Editor, path: Path) -> None:
    assert not format(editor, editor.open_file(path))


def test_a_text_that_does_not_parse_is_not_formatted(editor: Editor, uri: str) -> None:
    document = editor.open(HEAD + "let   a = = 3\n", uri)
    assert format(editor, document) is None
    assert any("does not parse" in message for message in editor.logged)


# --- fixes ---


def fixes(
    editor: Editor, document: Any, range: types.Range, only: list[str] | None = None
) -> list[types.CodeAction]:
    context = types.CodeActionContext([], only=only)
    params = types.CodeActionParams(document, range, context)
    return editor.run(editor.client.text_document_code_action_async(params))  # type: ignore[no-any-return]


def test_a_quick_fix_mends_its_finding(editor: Editor, uri: str) -> None:
    text, place = at(HEAD + 'test "😀" # \nsignal 😀\nsignal s when v|ixx > 30\n')
    document = editor.open(text, uri)
    (action,) = fixes(editor, document, types.Range(place, place))
    assert action.title == "write `vix`"
    assert action.kind == types.CodeActionKind.QuickFix
    assert action.is_preferred is False
    assert [item.code for item in action.diagnostics or ()] == ["ALV101"]
    assert action.edit is not None
    made = applied(text, action.edit.changes[uri])  # type: ignore[index]
    assert made == text.replace("vixx", "vix")
    assert not fixes(editor, document, types.Range(FIRST, FIRST))


def test_all_safe_fixes_at_once(editor: Editor, uri: str) -> None:
    head = HEAD.replace("  vix", "\tvix")
    text = head + "\tspx price\n\tfear price\nsignal s when vixx > 30\n"
    document = editor.open(text, uri)
    whole = types.Range(FIRST, types.Position(99, 0))
    (action,) = fixes(editor, document, whole, ["source.fixAll"])
    assert action.edit is not None
    made = applied(text, action.edit.changes[uri])  # type: ignore[index]
    assert "\t" not in made
    # The misspelt name is a guess, and no safe fix.
    assert "vixx" in made


# --- files that use one another ---


@pytest.fixture
def folder(place: Path) -> Path:
    (place / "common").mkdir()
    (place / "common" / "measures.alvh").write_text(
        "let slope = vix3m / vix - 1\nlet steepness = slope * 2\n", encoding="utf-8"
    )
    for name in ("first", "second"):
        (place / f"{name}.alvh").write_text(
            f"ruleset {name} version 1.0.0\ndata\n  vix volatility\n  vix3m volatility\n"
            f'use "common/measures.alvh"\nsignal {name}_on when slope > 5% and steepness > 1%\n',
            encoding="utf-8",
        )
    return place


@pytest.mark.parametrize("start", ["first.alvh", "common/measures.alvh"])
def test_a_rename_reaches_every_file_that_speaks_of_the_name(
    own: Editor, folder: Path, start: str
) -> None:
    document = own.open_file(folder / start)
    text = own.texts[document.uri]
    texts = rename(own, document, position(text, "slope"), "grade")
    paths = [folder / "first.alvh", folder / "second.alvh", folder / "common" / "measures.alvh"]
    assert texts.keys() == {path.as_uri() for path in paths}
    for path in paths:
        text = texts[path.as_uri()]
        assert "slope" not in text
        path.write_text(text, encoding="utf-8")
    for path in paths[:2]:
        assert check(path).ruleset is not None


def test_a_clash_in_another_file_is_refused(own: Editor, folder: Path) -> None:
    with (folder / "second.alvh").open("a", encoding="utf-8") as file:
        file.write("let grade = vix\nsignal g when grade > 3\n")
    document = own.open_file(folder / "first.alvh")
    with pytest.raises(Exception, match="let called `grade`"):
        rename(own, document, position(own.texts[document.uri], "slope"), "grade")


def test_references_and_definition_reach_other_files(own: Editor, folder: Path) -> None:
    document = own.open_file(folder / "first.alvh")
    text = own.texts[document.uri]
    used = folder / "common" / "measures.alvh"
    place = position(text, "slope")
    found = own.run(
        own.client.text_document_definition_async(types.DefinitionParams(document, place))
    )
    assert (found.uri, found.range.start) == (used.as_uri(), types.Position(0, 4))
    params = types.ReferenceParams(types.ReferenceContext(True), document, place)
    places = own.run(own.client.text_document_references_async(params))
    assert sorted(Path(each.uri).name for each in places) == [
        "first.alvh",
        "measures.alvh",
        "measures.alvh",
        "second.alvh",
    ]
    use = types.DefinitionParams(document, position(text, "measures"))
    found = own.run(own.client.text_document_definition_async(use))
    assert found.uri == used.as_uri()
