"""What is offered at the cursor, `|`, in texts that mostly do not parse."""

import pytest
from lsprotocol import types

from tests.language_server.editor import Editor, at

HEAD = """\
ruleset t version 1.0.0
data
  spx price
  vix volatility
  vx curve from "m1" to "m3"
calendar fomc
labels trend = down, up
param steep = 5%
let slope = vix / vix - 1
signal calm when slope > steep
layer short
  sell put on spx expiring 30 days
  weight 10%
  open when calm
"""

# The text after HEAD, some that must be offered, some that must not be.
PLACES = [
    ("|", ["let", "layer", "signal", "test"], ["below", "slope", "sell"]),
    ("let a = |", ["slope", "spx", "rsi", "short", "if", "not"], ["let", "sell", "fomc", "profit"]),
    ("let a = 1 + |\nlet b = 2\n", ["slope", "rsi"], ["let", "then"]),
    ("let a = slope |", ["between", "is", "and", "for"], ["rsi"]),
    ("let a = (slope > 1 |", ["and", "or"], ["let"]),
    ("let |", [], ["slope", "let"]),
    ("let a = days_until(|", ["fomc"], ["slope", "if"]),
    ("let a = roll_yield(|", ["vx"], ["spx", "fomc"]),
    ("let a = delta(|", ["call", "put"], ["slope"]),
    ("let a = sma(sl|", ["slope"], ["fomc"]),
    ("data\n  foo |", ["price", "volatility", "trend"], ["slope", "rsi"]),
    ("data\n  foo price |", ["optional", "from", "carry"], ["volatility"]),
    ("event |", ["fomc"], ["slope", "short"]),
    ("event fomc on same session\n  |", ["short", "hedge", "weight"], ["slope", "steep"]),
    ("regime r when slope < 0%\n  |", ["short", "steep"], ["slope"]),
    ("layer b like |", ["short"], ["slope", "b"]),
    ("layer b\n  |", ["sell", "legs", "open", "weight", "at most"], ["slope", "let"]),
    ("layer b\n  sell |", ["iron condor", "put spread"], ["slope", "below"]),
    ("layer b\n  sell iron |", ["condor"], ["put spread"]),
    ("layer b\n  sell put on |", ["spx", "vix"], ["slope", "fomc"]),
    ("layer b\n  sell put on spx expiring 7 to 21 days|", [", nearest", "days"], ["slope"]),
    ("layer b\n  at |", ["most", "delta", "the money"], ["let"]),
    ("layer b\n  at the |", ["money"], ["most"]),
    ("layer b\n  close when |", ["profit", "days_to_expiry", "any of", "slope"], ["let"]),
    ("layer b\n  close when any of\n    pro|", ["profit", "slope"], ["let"]),
    ("layer b\n  close when profit > 0\n  open when |", ["slope"], ["profit"]),
    ("layer b\n  broken broken broken\n  open |", ["when"], ["slope"]),
    ("hedge\n  hold |", ["vix", "nothing", "by"], ["slope"]),
    ("table t by slope|", ["slope", ", interpolated"], []),
    ("table t by slope, |", ["interpolated", "slope"], [", interpolated"]),
    ("table t by slope\n  |", ["below", "over", "missing"], ["rsi"]),
    ("always short.|", ["open", "weight", "breached"], ["slope"]),
    ("limit book.|", ["drawdown", "margin"], ["open"]),
    ("calendar |", ["fomc", "cpi", "ppi"], ["slope"]),
    ("reallocate monthly\n  between |", ["short"], ["slope"]),
    ('test "one"\n  |', ["given", "expect", "cases"], ["slope"]),
    ('test "one"\n  given\n    |', ["slope", "vix", "event"], ["rsi"]),
    ('test "one"\n  given event |', ["fomc"], ["slope"]),
    ("let a = 1 # |", [], ["slope", "let"]),
    ('test "|', [], ["slope", "let"]),
]


def offered(editor: Editor, uri: str, text: str) -> dict[str, types.CompletionItem]:
    text, place = at(text)
    if uri in editor.texts:
        editor.replace(uri, text)
    else:
        editor.open(text, uri)
    document = types.TextDocumentIdentifier(uri)
    params = types.CompletionParams(document, place)
    found = editor.run(editor.client.text_document_completion_async(params))
    labels = [item.label for item in found.items]
    assert len(labels) == len(set(labels)), "nothing is offered twice"
    return {item.label: item for item in found.items}


@pytest.mark.parametrize(("text", "some", "none"), PLACES, ids=lambda value: str(value)[:40])
def test_what_fits_is_offered(editor: Editor, text: str, some: list[str], none: list[str]) -> None:
    found = offered(editor, "file:///nowhere/completion.alvh", HEAD + text)
    assert set(some) <= found.keys()
    assert not set(none) & found.keys()


def test_names_come_with_their_kinds_and_functions_with_documentation(editor: Editor) -> None:
    uri = "file:///nowhere/completion_details.alvh"
    found = offered(editor, uri, HEAD + "let a = |")
    assert found["slope"].kind == types.CompletionItemKind.Variable
    assert found["slope"].detail == "let, a ratio"
    assert found["vix"].detail == "data column, a volatility (in points)"
    assert found["rsi"].detail == "(x, n) → an index from 0 to 100"

    def documentation(label: str) -> str:
        item = editor.run(editor.client.completion_item_resolve_async(found[label]))
        return item.documentation.value

    assert "Wilder" in documentation("rsi")
    assert "let slope = vix / vix - 1" in documentation("slope")


def test_a_name_is_offered_from_the_keystroke_on_that_declares_it(editor: Editor) -> None:
    uri = "file:///nowhere/completion_new.alvh"
    assert "brand_new" not in offered(editor, uri, HEAD + "let a = |")
    assert "brand_new" in offered(editor, uri, HEAD + "let brand_new = vix\nlet a = |")


def test_an_empty_file(editor: Editor) -> None:
    found = offered(editor, "file:///nowhere/completion_empty.alvh", "|")
    assert "ruleset" in found
    assert "slope" not in found
