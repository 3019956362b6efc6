"""Any question about any text has an answer, or a refusal in words: never a fault of the server."""

import random
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from alvh_rules.core.resources import shipped_rulesets
from tests.language_server.editor import FIRST, Editor, at

GOOD = sorted((Path(__file__).resolve().parents[1] / "syntax" / "good").glob("*.alvh"))
REFUSED = types.LSPErrorCodes.RequestFailed

Question = Callable[[Any, Any, types.Position], Coroutine[Any, Any, Any]]

QUESTIONS: dict[str, Question] = {
    "hover": lambda client, document, place: client.text_document_hover_async(
        types.HoverParams(document, place)
    ),
    "definition": lambda client, document, place: client.text_document_definition_async(
        types.DefinitionParams(document, place)
    ),
    "references": lambda client, document, place: client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(True), document, place)
    ),
    "completion": lambda client, document, place: client.text_document_completion_async(
        types.CompletionParams(document, place)
    ),
    "prepare rename": lambda client, document, place: client.text_document_prepare_rename_async(
        types.PrepareRenameParams(document, place)
    ),
    "rename": lambda client, document, place: client.text_document_rename_async(
        types.RenameParams(document, place, "fresh_name")
    ),
    "outline": lambda client, document, place: client.text_document_document_symbol_async(
        types.DocumentSymbolParams(document)
    ),
    "colours": lambda client, document, place: client.text_document_semantic_tokens_full_async(
        types.SemanticTokensParams(document)
    ),
    "formatting": lambda client, document, place: client.text_document_formatting_async(
        types.DocumentFormattingParams(document, types.FormattingOptions(2, True))
    ),
    "fixes": lambda client, document, place: client.text_document_code_action_async(
        types.CodeActionParams(document, types.Range(FIRST, place), types.CodeActionContext([]))
    ),
    "hints": lambda client, document, place: client.text_document_inlay_hint_async(
        types.InlayHintParams(document, types.Range(FIRST, place))
    ),
}


def broken(rng: random.Random, text: str) -> str:
    """A text with some of its stretches gone, doubled or exchanged."""
    for _ in range(rng.randint(0, 6)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice([1, 3, 20, 200]))
        other = rng.randrange(len(text) + 1)
        text = (
            text[:start]
            + rng.choice(["", text[other : other + 20], "(", "\n", "\t", "😀"])
            + text[end:]
        )
    return text


@pytest.mark.parametrize("seed", range(25))
def test_every_question_is_answered(editor: Editor, seed: int) -> None:
    rng = random.Random(seed)
    source = rng.choice([*shipped_rulesets(), *GOOD])
    text = broken(rng, source.read_text(encoding="utf-8"))
    uri = f"file:///nowhere/random_{seed}.alvh"
    document = editor.open(text, uri)
    words = [found.start() for found in re.finditer(r"\w+", text)] or [0]
    for name, ask in QUESTIONS.items():
        for _ in range(4):
            offset = rng.choice(words) + rng.randint(-1, 3)
            offset = max(0, min(offset, len(text)))
            place = at(text[:offset] + "|" + text[offset:].replace("|", " "))[1]
            fault = answered(editor, ask(editor.client, document, place))
            assert not fault, f"{name} at {place} of {source.name}: {fault}"
    editor.shut(uri)


def answered(editor: Editor, question: Coroutine[Any, Any, Any]) -> str:
    """What went wrong with a question; nothing where it was answered, or refused in words."""
    try:
        editor.run(question)
    except JsonRpcException as refusal:
        return "" if refusal.code == REFUSED else str(refusal)
    return ""
