"""An editor for the tests: pygls' client, talking to `python -m alvh_rules lsp` over stdio.

Calls are synchronous, since a test does one thing after the other. `places` are given as `"|"` in a
text: where the cursor is.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 30.0
"""Seconds after which a test gives the server up."""

FIRST = types.Position(0, 0)


class Editor:
    """A client with a server of its own; `diagnostics` is what the server last published, by address."""

    def __init__(
        self,
        folder: Path | None = None,
        encodings: Sequence[types.PositionEncodingKind] | None = None,
        options: Any = None,
        command: Sequence[str] = ("-m", "alvh_rules", "lsp"),
    ) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.client = LanguageClient("tests", "1")
        self.diagnostics: dict[str, list[types.Diagnostic]] = {}
        self.versions: dict[str, int | None] = {}
        self.logged: list[str] = []
        self.texts: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._news = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.diagnostics[params.uri] = list(params.diagnostics)
            self.versions[params.uri] = params.version
            self._news.set()

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

        general = types.GeneralClientCapabilities(position_encodings=encodings)
        self.run(self.client.start_io(sys.executable, *command, env=dict(os.environ)))
        self.errors = b""
        self._drain = self.loop.create_task(self._read_errors())
        started = self.run(
            self.client.initialize_async(
                types.InitializeParams(
                    types.ClientCapabilities(general=general if encodings else None),
                    root_uri=None if folder is None else folder.as_uri(),
                    initialization_options=options,
                )
            )
        )
        self.capabilities = started.capabilities
        self.client.initialized(types.InitializedParams())

    async def _read_errors(self) -> None:
        """Read what the server says on standard error: it would wait for a reader once the pipe is full."""
        while line := await self.client._server.stderr.readline():
            self.errors += line

    def run(self, work: Awaitable[Any]) -> Any:
        """What a request answers."""
        return self.loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    def close(self) -> int | None:
        """Shut the server down; its exit code."""
        server = self.client._server
        self.run(self.client.shutdown_async(None))
        self.client.exit(None)
        self.run(server.wait())
        self.run(self._drain)
        self.run(self.client.stop())
        self.loop.close()
        return server.returncode

    # --- documents ---

    def open(
        self, text: str, uri: str = "file:///nowhere/rules.alvh"
    ) -> types.TextDocumentIdentifier:
        """Open a document and wait for what was found in it."""
        self.texts[uri] = text
        self._numbers[uri] = 1
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "alvh", 1, text))
        )
        self.settle(uri)
        return types.TextDocumentIdentifier(uri)

    def open_file(self, path: Path) -> types.TextDocumentIdentifier:
        """Open a file as it is on the disk."""
        return self.open(path.read_bytes().decode("utf-8"), path.as_uri())

    def change(
        self, uri: str, *changes: types.TextDocumentContentChangeEvent, settle: bool = True
    ) -> None:
        """Send edits, and wait for what was found then."""
        self._numbers[uri] += 1
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=self._numbers[uri])
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(document, list(changes))
        )
        if settle:
            self.settle(uri)

    def replace(self, uri: str, text: str, *, settle: bool = True) -> None:
        """Replace a document's whole text."""
        self.texts[uri] = text
        self.change(uri, types.TextDocumentContentChangeWholeDocument(text), settle=settle)

    def settle(self, uri: str) -> None:
        """Wait until the findings of a document's last version have been published, and with them
        those of the other files: a question is answered after what was said before it."""

        self.until(lambda: self.versions.get(uri) == self._numbers[uri])
        question = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        self.run(self.client.text_document_document_symbol_async(question))

    def shut(self, uri: str) -> None:
        """Close a document."""
        self.versions.pop(uri, None)
        self._numbers.pop(uri, None)
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    def shut_all(self) -> None:
        """Close every document that is open."""
        for uri in list(self._numbers):
            self.shut(uri)

    def until(self, so: Callable[[], bool]) -> None:
        """Wait until what was published makes something so."""

        async def wait() -> None:
            while not so():
                self._news.clear()
                await self._news.wait()

        self.run(wait())

    def codes(self, uri: str) -> list[str]:
        """The codes of what was last found."""
        return sorted(str(item.code) for item in self.diagnostics.get(uri, []))


def at(text: str) -> tuple[str, types.Position]:
    """A text without its `|`, and where that was, in UTF-16."""
    before, _, after = text.partition("|")
    line = before.count("\n")
    column = before[before.rfind("\n") + 1 :]
    return before + after, types.Position(line, len(column.encode("utf-16-le")) // 2)


def position(text: str, word: str, number: int = 0) -> types.Position:
    """Where a word of an ASCII text begins, the `number`th time it stands there."""
    offset = -1
    for _ in range(number + 1):
        offset = text.index(word, offset + 1)
    line = text.count("\n", 0, offset)
    return types.Position(line, offset - (text.rfind("\n", 0, offset) + 1))


def applied(text: str, edits: Sequence[types.TextEdit]) -> str:
    """A text after edits, counted in UTF-16."""
    lines = text.split("\n")

    def offset(place: types.Position) -> int:
        units = lines[place.line].encode("utf-16-le")[: 2 * place.character]
        return sum(len(line) + 1 for line in lines[: place.line]) + len(units.decode("utf-16-le"))

    ordered = sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True)
    for edit in ordered:
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text
