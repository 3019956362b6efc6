"""Lints as the ruleset is typed, as alvh.toml wants them; and what is wrong with alvh.toml itself."""

from pathlib import Path

import pytest
from lsprotocol import types

from tests.language_server.editor import FIRST, Editor

UNSWEPT = "param\n  steep = 5%\n"
TEXT = f"""\
ruleset t version 1.0.0
data
  vix volatility
{UNSWEPT}signal s when vix / 20 - 1 > steep
"""


@pytest.fixture
def rules(place: Path) -> Path:
    path = place / "rules.alvh"
    path.write_text(TEXT, encoding="utf-8")
    return path


def configure(editor: Editor, place: Path, text: str | None) -> str:
    """Write alvh.toml, or take it away, and tell the server; its address."""
    path = place / "alvh.toml"
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    return path.as_uri()


def test_a_lint_is_shown_with_its_level(own: Editor, rules: Path) -> None:
    own.open_file(rules)
    (found,) = own.diagnostics[rules.as_uri()]
    assert (found.code, found.severity) == ("ALV755", types.DiagnosticSeverity.Information)
    assert found.range.start == types.Position(4, 2)


def test_a_ruleset_with_an_error_is_not_linted(own: Editor, rules: Path) -> None:
    own.open_file(rules)
    own.replace(rules.as_uri(), TEXT + "signal b when vxi > 3\n")
    assert own.codes(rules.as_uri()) == ["ALV101"]
    own.replace(rules.as_uri(), TEXT)
    assert own.codes(rules.as_uri()) == ["ALV755"]


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[lint]\nignore = ["ALV755"]\n', []),
        ("[lint]\nselect = []\n", []),
        ('[lint.per-file]\n"rules.alvh" = { ignore = ["unswept-param"] }\n', []),
        ('[lint.per-file]\n"other.alvh" = { ignore = ["unswept-param"] }\n', [("ALV755", 3)]),
        ('[lint.levels]\nALV755 = "error"\n', [("ALV755", 1)]),
    ],
)
def test_alvh_toml_says_what_is_shown(
    own: Editor, place: Path, rules: Path, toml: str, expected: list[tuple[str, int]]
) -> None:
    (place / "alvh.toml").write_text(toml, encoding="utf-8")
    own.open_file(rules)
    found = own.diagnostics[rules.as_uri()]
    assert [(item.code, item.severity) for item in found] == expected


def test_alvh_toml_says_what_is_shown_of_the_check_too(own: Editor, place: Path) -> None:
    """Also where an error stands, so that nothing is planned or linted."""
    (place / "alvh.toml").write_text('[lint]\nignore = ["ALV105"]\n', encoding="utf-8")
    text = TEXT + "let idle = vix\n"
    uri = (place / "rules.alvh").as_uri()
    own.open(text, uri)
    assert own.codes(uri) == ["ALV755"]
    own.replace(uri, text + "signal b when vxi > 3\n")
    assert own.codes(uri) == ["ALV101"]


def test_a_change_of_alvh_toml_is_seen_without_a_keystroke(
    own: Editor, place: Path, rules: Path
) -> None:
    own.open_file(rules)
    for toml, codes in (('[lint]\nignore = ["ALV755"]\n', []), (None, ["ALV755"])):
        configure(own, place, toml)
        own.until(lambda codes=codes: own.codes(rules.as_uri()) == codes)


def test_a_mistake_in_alvh_toml_is_shown_there_until_it_is_mended(
    own: Editor, place: Path, rules: Path
) -> None:
    own.open_file(rules)
    uri = configure(own, place, '[lint]\n  ignor = ["ALV755"]\n[lsp]\ndta = "x.csv"\n')
    own.until(lambda: own.codes(uri) == ["ALV781", "ALV781"])
    first, second = sorted(own.diagnostics[uri], key=lambda item: item.range.start.line)
    assert first.range == types.Range(types.Position(1, 2), types.Position(1, 20))
    assert "did you mean `ignore`?" in first.message
    assert "did you mean `data`?" in second.message
    assert own.codes(rules.as_uri()) == ["ALV755"], "a file with a mistake is not used"
    configure(own, place, '[lint]\nignore = ["ALV755"]\n')
    own.until(lambda: own.codes(uri) == [] and own.codes(rules.as_uri()) == [])


@pytest.mark.parametrize(
    "toml", ["[lint\n", "[lint]\nignore = [\n", "[lint]\nignore = 4 # \U0001f600 x"]
)
def test_the_place_of_a_mistake_lies_in_the_file(
    own: Editor, place: Path, rules: Path, toml: str
) -> None:
    uri = configure(own, place, toml)
    own.open_file(rules)
    (found,) = own.diagnostics[uri]
    lines = toml.split("\n")
    for end in (found.range.start, found.range.end):
        assert end.line < len(lines)
        assert end.character <= len(lines[end.line].encode("utf-16-le")) // 2
    own.shut(rules.as_uri())
    other = own.open("", "untitled:other")
    own.run(own.client.text_document_document_symbol_async(types.DocumentSymbolParams(other)))
    assert own.codes(uri) == [], "no open ruleset rests on the file any more"


def test_a_comment_silences_and_one_that_does_not_is_offered_to_be_taken_out(
    own: Editor, rules: Path
) -> None:
    own.open_file(rules)
    comment = "  # alvh: ignore[ALV755]"
    text = TEXT.replace("steep = 5%", f"steep = 5%{comment}")
    own.replace(rules.as_uri(), text)
    assert own.codes(rules.as_uri()) == []
    swept = text.replace("5%", "5% from 2% to 10% by 1%")
    own.replace(rules.as_uri(), swept)
    assert own.codes(rules.as_uri()) == ["ALV770"]
    document = types.TextDocumentIdentifier(rules.as_uri())
    everywhere = types.Range(FIRST, types.Position(swept.count("\n"), 0))
    only = types.CodeActionContext([], only=[types.CodeActionKind.QuickFix])
    asked = own.client.text_document_code_action_async(
        types.CodeActionParams(document, everywhere, only)
    )
    (action,) = own.run(asked)
    ((edit,),) = action.edit.changes.values()
    assert edit.new_text == ""
    assert edit.range.end.character - edit.range.start.character == len(comment)


def test_lints_that_need_data_are_not_for_the_editor(own: Editor, place: Path, rules: Path) -> None:
    """Also a comment that silences one is not said to silence nothing."""
    (place / "market.csv").write_text(
        "date,vix\n"
        + "".join(f"2020-{month:02}-{day:02},90\n" for month in (1, 2, 3) for day in range(1, 29)),
        encoding="utf-8",
    )
    toml = '[lint]\nselect = ["always-fired"]\n[lsp]\ndata = "market.csv"\n'
    (place / "alvh.toml").write_text(toml, encoding="utf-8")
    own.open(TEXT.replace("> steep", "> steep  # alvh: ignore[ALV752]"), rules.as_uri())
    assert own.codes(rules.as_uri()) == []
    own.replace(rules.as_uri(), TEXT)
    assert own.codes(rules.as_uri()) == []


def test_lints_look_at_used_files_as_they_are_in_the_editor(own: Editor, place: Path) -> None:
    """A test in a file that the ruleset uses is not there; a signal there is a decision untested."""
    used, rules = place / "used.alvh", place / "rules.alvh"
    used.write_text("let a = vix\n", encoding="utf-8")
    own.open_file(used)
    text = 'ruleset t version 1.0.0\nuse "used.alvh"\ndata\n  vix volatility\n'
    text += 'signal s when a > 3\ntest "t"\n  given\n    vix = 4\n  expect\n    s\n'
    own.open(text, rules.as_uri())
    assert own.codes(rules.as_uri()) == own.codes(used.as_uri()) == []
    own.replace(used.as_uri(), "let a = vix\nsignal untested when vix > 3\n")
    assert own.codes(used.as_uri()) == ["ALV753"]
