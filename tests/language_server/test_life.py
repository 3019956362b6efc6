"""The process: what it prints where, how it ends, and that a fault in it is not its end."""

import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types

from alvh_rules.market.simulate import simulate
from tests.language_server.editor import FIRST, Editor, position

TEXT = "ruleset t version 1.0.0\ndata\n  vix volatility\nlet a = vix * 2\nsignal s when a > 30\n"

# A server with a fault in it: hover raises, and something prints where the protocol speaks.
FAULTY = """
import sys
from alvh_rules.language_server import hover
from alvh_rules.cli.main import main
def broken(*anything):
    print("noise")
    sys.__stdout__.write("more noise")
    sys.__stdout__.flush()
    raise ZeroDivisionError("planted")
hover.value_name = broken
sys.exit(main(["lsp", "--stdio"]))
"""

# A server whose check fails for one of its documents.
FAULTY_CHECK = """
import sys
from alvh_rules.language_server import workspace
from alvh_rules.cli.main import main
sound = workspace.check
def broken(source, *more):
    if "planted" in source.text:
        raise ZeroDivisionError("planted")
    return sound(source, *more)
workspace.check = broken
sys.exit(main(["lsp"]))
"""


def test_a_fault_is_the_answer_to_its_request_and_no_more() -> None:
    editor = Editor(command=["-c", FAULTY])
    document = editor.open(TEXT)
    for _ in range(2):
        with pytest.raises(Exception, match="planted"):
            editor.run(editor.client.text_document_hover_async(types.HoverParams(document, FIRST)))
    params = types.DefinitionParams(document, position(TEXT, "a >"))
    assert editor.run(editor.client.text_document_definition_async(params)).range.start.line == 3
    editor.replace(document.uri, TEXT.replace("a >", "aa >"))
    assert "ALV101" in editor.codes(document.uri)
    assert editor.close() == 0
    assert b"more noise" in editor.errors
    assert b"ZeroDivisionError" in editor.errors


def test_a_refusal_is_no_fault_and_leaves_no_trace_in_the_log() -> None:
    editor = Editor()
    document = editor.open(TEXT)
    with pytest.raises(Exception, match="no name here"):
        editor.run(
            editor.client.text_document_prepare_rename_async(
                types.PrepareRenameParams(document, FIRST)
            )
        )
    assert editor.close() == 0
    assert b"Traceback" not in editor.errors


def test_a_check_that_fails_keeps_no_other_file_from_its_own() -> None:
    editor = Editor(command=["-c", FAULTY_CHECK])
    editor.client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem("file:///nowhere/bad.alvh", "alvh", 1, "# planted\n")
        )
    )
    document = editor.open(TEXT.replace("a >", "aa >"))
    assert "ALV101" in editor.codes(document.uri)
    assert editor.close() == 0


@pytest.mark.parametrize("orderly", [True, False])
def test_an_end_while_a_check_is_due(orderly: bool) -> None:
    """What the check finds cannot be told any more: that is no reason to go on."""
    editor = Editor()
    document = editor.open(TEXT + "signal b when vxi > 3\n")
    for number in range(5):
        editor.replace(document.uri, TEXT + f"signal b{number} when vxi > 3\n", settle=False)
    if not orderly:
        editor.client.exit(None)
        assert editor.run(editor.client._server.wait()) == 1
    else:
        assert editor.close() == 0
    assert len(editor.errors) < 10_000


def test_a_client_that_goes_away_ends_the_server() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "alvh_rules", "lsp"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 1
    assert found.stdout == b""


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['pygls'] = None\n"
        "from alvh_rules.cli.main import main\n"
        "sys.exit(main(['lsp']))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 2
    assert "alvh-rules[lsp]" in found.stderr
    assert "Traceback" not in found.stderr


def test_the_server_loads_no_numbers_until_they_are_asked_for() -> None:
    code = (
        "import sys\nimport alvh_rules.language_server.server\n"
        "sys.exit(bool({'numpy', 'pandas', 'pyarrow'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


# --- last values ---


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "market.csv"
    simulate(30, 1).to_csv(path, index=False)
    return path


def last(editor: Editor, document: types.TextDocumentIdentifier, text: str = TEXT) -> str:
    params = types.HoverParams(document, position(text, "a ="))
    for _ in range(30):
        said: str = editor.run(editor.client.text_document_hover_async(params)).contents.value
        if "being worked out" not in said:
            return said
    raise AssertionError("the value never came")


def wanted(data: Path) -> str:
    import pandas

    frame = pandas.read_csv(data)
    row = frame.iloc[-1]
    return f"Last value: {row['vix'] * 2:.6g} ({row['date']})"


def test_hover_has_the_last_value_of_the_data_in_alvh_toml(data: Path) -> None:
    (data.parent / "alvh.toml").write_text(f'[lsp]\ndata = "{data.name}"\n', encoding="utf-8")
    rules = data.parent / "rules.alvh"
    rules.write_text(TEXT, encoding="utf-8")
    editor = Editor(data.parent)
    document = editor.open_file(rules)
    assert wanted(data) in last(editor, document)
    # The next text has the next value.
    editor.replace(document.uri, TEXT.replace("vix * 2", "vix * 0"))
    assert "Last value: 0 " in last(editor, document)
    assert editor.close() == 0


def test_the_clients_option_goes_first(data: Path, tmp_path: Path) -> None:
    (tmp_path / "alvh.toml").write_text('[lsp]\ndata = "nothing.csv"\n', encoding="utf-8")
    rules = tmp_path / "rules.alvh"
    rules.write_text(TEXT, encoding="utf-8")
    editor = Editor(tmp_path, options={"data": [str(data)]})
    document = editor.open_file(rules)
    assert wanted(data) in last(editor, document)
    assert editor.close() == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[lsp]\ndata = "nothing.csv"\n', "nothing.csv"),
        ("[lsp]\ndata = 3\n", ""),
        ("[lsp\n", ""),
        ("lsp = 4\n", ""),
    ],
)
def test_settings_that_lead_nowhere(own: Editor, place: Path, settings: str, said: str) -> None:
    (place / "alvh.toml").write_text(settings, encoding="utf-8")
    rules = place / "rules.alvh"
    rules.write_text(TEXT, encoding="utf-8")
    text = last(own, own.open_file(rules))
    assert said in text
    assert ("Last value" in text) is bool(said)
    assert bool(own.codes((place / "alvh.toml").as_uri())) is not bool(said)


def test_data_is_read_by_the_map_and_the_calendars(own: Editor, place: Path) -> None:
    (place / "market.csv").write_text("day,close\n2020-03-16,40\n2020-03-17,50\n", encoding="utf-8")
    (place / "dates.csv").write_text("date,event\n2020-03-17,votes\n", encoding="utf-8")
    text = TEXT.replace("let a = vix * 2", "calendar votes\nlet a = days_until(votes)")
    text = text.replace("a > 30", "a > 30 days")
    settings = '[lsp]\ndata = "market.csv"\ncalendars = "dates.csv"\n'
    columns = '[lsp.map]\nvix = "close"\ndate = "day"\n'
    rules = place / "rules.alvh"
    rules.write_text(text, encoding="utf-8")

    def said(toml: str) -> str:
        (place / "alvh.toml").write_text(toml, encoding="utf-8")
        own.shut_all()
        return last(own, own.open_file(rules), text).partition("Last value: ")[2]

    assert own.codes((place / "alvh.toml").as_uri()) == []
    assert said(settings + columns).startswith("0 ")
    assert "close" not in said(settings)
    assert "votes" in said('[lsp]\ndata = "market.csv"\n' + columns)
    assert said(settings + 'timezone = "Mars/Olympus"\n' + columns) == ""
    assert own.codes((place / "alvh.toml").as_uri()) == ["ALV782"]
