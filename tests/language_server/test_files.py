"""Files that a ruleset uses: from the editor where they are open, from the disk once where not."""

import os
from pathlib import Path

import pytest
from lsprotocol import types

from tests.language_server.editor import Editor, position

HEAD = "ruleset t version 1.0.0\n"
USED = "let slope = vix3m / vix - 1\n"
USER = """\
ruleset t version 1.0.0
data
  vix volatility
  vix3m volatility
use "common/measures.alvh"
signal s when slope > 5%
"""


@pytest.fixture
def folder(place: Path) -> Path:
    (place / "common").mkdir()
    (place / "common" / "measures.alvh").write_text(USED, encoding="utf-8")
    (place / "rules.alvh").write_text(USER, encoding="utf-8")
    return place


def touch(editor: Editor, path: Path) -> None:
    """A keystroke at the end of a file, in a comment."""
    editor.replace(path.as_uri(), editor.texts[path.as_uri()] + "#")


def test_the_buffer_of_a_used_file_goes_before_the_disk(own: Editor, folder: Path) -> None:
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    own.open_file(rules)
    assert own.codes(rules.as_uri()) == []
    own.open_file(used)
    # What the ruleset lacks is said where it is used, as soon as the other text changes.
    own.replace(used.as_uri(), USED.replace("slope", "grade"))
    assert "ALV101" in own.codes(rules.as_uri())
    own.replace(used.as_uri(), USED)
    assert own.codes(rules.as_uri()) == []
    # Closed without saving, the disk's text counts again.
    own.replace(used.as_uri(), USED.replace("slope", "grade"))
    own.shut(used.as_uri())
    touch(own, rules)
    assert own.codes(rules.as_uri()) == []


def test_a_used_file_is_part_of_the_ruleset_and_not_checked_alone(
    own: Editor, folder: Path
) -> None:
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    own.open_file(used)
    alone = own.codes(used.as_uri())
    assert alone, "alone it has no header, and columns it does not declare"
    own.open_file(rules)
    assert own.codes(used.as_uri()) == []
    own.replace(used.as_uri(), "let slope = vixx / vix3m\n")
    assert own.codes(used.as_uri()) == ["ALV101"]
    document = types.TextDocumentIdentifier(used.as_uri())
    params = types.HoverParams(document, position("let slope = vixx / vix3m\n", "vix3m"))
    found = own.run(own.client.text_document_hover_async(params))
    assert "volatility" in found.contents.value
    own.shut(rules.as_uri())
    touch(own, used)
    assert len(own.codes(used.as_uri())) >= len(alone)


def test_what_is_found_in_a_file_that_is_not_open_is_shown_there(own: Editor, folder: Path) -> None:
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    used.write_text("let slope = vixx / vix\n", encoding="utf-8")
    own.open_file(rules)
    assert own.codes(used.as_uri()) == ["ALV101"]
    # No check is waited for: nothing but the closed ruleset had anything to show there.
    other = own.open(HEAD, (folder / "other.alvh").as_uri())
    own.shut(rules.as_uri())
    own.run(own.client.text_document_document_symbol_async(types.DocumentSymbolParams(other)))
    assert own.codes(used.as_uri()) == []
    assert own.codes(rules.as_uri()) == []


def test_what_another_ruleset_finds_in_a_file_stays_when_one_is_closed(
    own: Editor, folder: Path
) -> None:
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    used.write_text("let slope = vixx / vix\n", encoding="utf-8")
    own.open_file(rules)
    other = own.open(USER, (folder / "other.alvh").as_uri())
    own.shut(rules.as_uri())
    own.run(own.client.text_document_document_symbol_async(types.DocumentSymbolParams(other)))
    assert own.codes(used.as_uri()) == ["ALV101"]
    own.replace(other.uri, USER.replace("slope", "grade"))
    assert "ALV101" in own.codes(used.as_uri())


def test_a_keystroke_reads_no_other_file_again(own: Editor, folder: Path) -> None:
    """The used file's content is exchanged behind the server's back: its size and time stay."""
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    own.open_file(rules)
    status = used.stat()
    used.write_text(USED.replace("slope", "grade"), encoding="utf-8")
    os.utime(used, ns=(status.st_atime_ns, status.st_mtime_ns))
    for _ in range(3):
        touch(own, rules)
        assert own.codes(rules.as_uri()) == []
    # A change that shows is seen.
    os.utime(used, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
    touch(own, rules)
    assert "ALV101" in own.codes(rules.as_uri())


def test_a_change_on_the_disk_that_the_client_tells_of(own: Editor, folder: Path) -> None:
    rules, used = folder / "rules.alvh", folder / "common" / "measures.alvh"
    own.open_file(rules)
    used.write_text(USED.replace("slope", "some_other_name"), encoding="utf-8")
    change = types.FileEvent(used.as_uri(), types.FileChangeType.Changed)
    own.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    own.until(lambda: "ALV101" in own.codes(rules.as_uri()))


@pytest.mark.parametrize("written", ["common/nothing.alvh", "../outside.alvh", "common"])
def test_used_files_that_cannot_be_had(own: Editor, folder: Path, written: str) -> None:
    rules = folder / "rules.alvh"
    rules.write_text(USER.replace("common/measures.alvh", written), encoding="utf-8")
    own.open_file(rules)
    found = own.codes(rules.as_uri())
    assert len(found) >= 2
    assert "ALV101" in found


def test_a_document_that_is_in_no_folder(own: Editor) -> None:
    uri = "untitled:Untitled-1"
    own.open(USER, uri)
    (use,) = [item for item in own.diagnostics[uri] if item.range.start.line == 4]
    assert "folder" in use.message


def test_a_file_opened_through_a_link_is_the_file(own: Editor, folder: Path) -> None:
    link = folder / "linked.alvh"
    link.symlink_to(folder / "common" / "measures.alvh")
    rules = folder / "rules.alvh"
    own.open_file(rules)
    own.open_file(link)
    own.replace(link.as_uri(), USED.replace("slope", "grade"))
    assert "ALV101" in own.codes(rules.as_uri())


def test_completion_offers_the_names_of_used_files(own: Editor, folder: Path) -> None:
    rules = folder / "rules.alvh"
    document = own.open_file(rules)
    text = USER + "let a = "
    own.replace(rules.as_uri(), text)
    params = types.CompletionParams(document, types.Position(text.count("\n"), len("let a = ")))
    found = own.run(own.client.text_document_completion_async(params))
    (slope,) = [item for item in found.items if item.label == "slope"]
    assert slope.detail == "let, a ratio"
