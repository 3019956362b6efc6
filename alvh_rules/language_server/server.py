"""The server: the protocol's requests and notifications, each handed to its feature.

1. An edit changes the document at once and puts off the check: by as long as the last one took, at
   most `MOST_DELAY`. Another edit in that time begins the wait anew, so that a stale text is never
   checked, and questions are answered before the check.
2. A check is in two steps. A ruleset with errors shows its findings after the first. One without
   shows them after the second, in which it is planned and linted: advice that stands does not
   come and go with each keystroke.
3. A question about names takes the analysis of the text as it is now; completion, colours and outline
   need the parse alone.

Everything runs on the one thread of the event loop but for last values (`last_values.py`). A fault in
a handler is the answer to its request and nothing more. The protocol has the process's standard
output to itself: whatever else is printed goes to standard error.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import to_fs_path

from alvh_rules import __version__
from alvh_rules.language_server.diagnostics import by_file, problems_of
from alvh_rules.language_server.documents import Document, Encoding
from alvh_rules.language_server.features import register
from alvh_rules.language_server.last_values import LastValues
from alvh_rules.language_server.semantic_tokens import Colours
from alvh_rules.language_server.settings import ClientData, client_data
from alvh_rules.language_server.workspace import Analysis, Workspace
from alvh_rules.lint.configuration import EditorData

MOST_DELAY: Final = 0.2
"""Seconds that a check waits for the next keystroke, at most."""

_PAUSE: Final = 0.01
"""Seconds between the steps of a check, for what the client asks meanwhile."""

_log = logging.getLogger(__name__)


class _Protocol(LanguageServerProtocol):
    """pygls keeps texts of its own, cut into lines as Python cuts them; ours take their place."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(
        self, params: types.DidOpenTextDocumentParams
    ) -> Generator[Any, Any, None]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: types.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None


class Server(LanguageServer):
    """One client's server: its rulesets, and the checks that are due."""

    def __init__(self) -> None:
        super().__init__("alvh", __version__, protocol_cls=_Protocol)
        self.rulesets = Workspace()
        self.last_values = LastValues()
        self.client_data = ClientData()
        self.was_shut_down = False
        self._colours: dict[str, Colours] = {}
        self._due: asyncio.TimerHandle | None = None
        self._plans_due: asyncio.TimerHandle | None = None
        self._took = 0.0
        self._published: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell the client of a fault, unless it is that nothing can be told it any more.

        pygls would tell it of each message that could not be sent, by another one.
        """
        if source is not JsonRpcInternalError:
            super().report_server_error(error, source)

    # --- what is asked about ---

    def document(self, uri: str) -> Document:
        """An open document. Raises JsonRpcException for one that is not."""
        found = self.rulesets.documents.get(uri)
        if found is None:
            raise refused(f"{uri} is not open")
        return found

    def analysis(self, uri: str) -> tuple[Analysis, str]:
        """The analysis that answers for an open document, and what its spans call the document."""
        self.document(uri)
        analysis = self.rulesets.context(uri)
        name = None if analysis is None else analysis.name_of(uri)
        if analysis is None or name is None:
            raise refused(f"{uri} is not open")
        return analysis, name

    def place(self, params: Any) -> tuple[Analysis, str, int]:
        """The analysis, file and offset that a request is about."""
        analysis, name = self.analysis(params.text_document.uri)
        return analysis, name, analysis.files[name].places.offset(params.position)

    def colours(self, uri: str) -> Colours:
        """What keeps the tokens of a document from text to text."""
        return self._colours.setdefault(uri, Colours())

    def data_of(self, analysis: Analysis) -> EditorData:
        """The data that is configured for a ruleset."""
        return self.client_data.before(analysis.configured.configuration.editor_data)

    # --- life ---

    def begin(self, params: types.InitializeParams) -> None:
        """Take over what was agreed on with the client."""
        encoding = self.workspace.position_encoding or Encoding.Utf16
        self.rulesets = Workspace(Encoding(encoding))
        addresses = [folder.uri for folder in params.workspace_folders or ()]
        addresses = addresses or [params.root_uri or ""]
        paths = [to_fs_path(address) for address in addresses if address.startswith("file:")]
        self.rulesets.folders = [Path(path) for path in paths if path]
        self.client_data = client_data(params.initialization_options, self.rulesets.folders)

    def end(self) -> None:
        """The client wants nothing more to be done."""
        self.was_shut_down = True
        self._cancel_checks()

    def forget(self, uri: str) -> None:
        """A document was closed: what only it has shown goes away at once."""
        self.rulesets.close(uri)
        self._colours.pop(uri, None)
        kept: set[str] = set()
        for analysis in self.rulesets.standing():
            kept |= self._shows_in(analysis)
        for gone in self._published.keys() - kept:
            self._show(gone, [])

    # --- checks ---

    def check_soon(self) -> None:
        """Check what has changed, once the client pauses. What was due is of a text that is no more."""
        self._cancel_checks()
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(min(self._took, MOST_DELAY), self._check)

    def _cancel_checks(self) -> None:
        for due in (self._due, self._plans_due):
            if due is not None:
                due.cancel()

    def _check(self) -> None:
        start = time.perf_counter()
        analyses = self._analyses()
        self._took = time.perf_counter() - start
        self._publish(analyses, planned=False)
        self._plans_due = asyncio.get_running_loop().call_later(
            _PAUSE, self._publish, analyses, True
        )

    def _analyses(self) -> list[Analysis]:
        found = []
        for document in list(self.rulesets.documents.values()):
            try:
                if next(self.rulesets.users(document), None) is None:
                    found.append(self.rulesets.analysis(document))
            except Exception:
                # One file that cannot be checked must not keep the others from it.
                _log.exception("%s could not be checked", document.uri)
        return found

    def _publish(self, analyses: list[Analysis], planned: bool) -> None:
        """Tell the client the findings of every file of which they have changed.

        With `planned` False, files of a ruleset that is still to be planned are left as they are.
        """
        shown: dict[str, list[types.Diagnostic]] = {}
        waiting: set[str] = set()
        for analysis in analyses:
            if analysis.ruleset is not None and not planned and "diagnostics" not in vars(analysis):
                waiting |= self._shows_in(analysis)
                continue
            for uri, items in self._findings(analysis).items():
                have = shown.setdefault(uri, [])
                have += [item for item in items if item not in have]
        for uri in [*(uri for uri in self._published if uri not in shown), *shown]:
            if uri not in waiting:
                self._show(uri, shown.get(uri, []))

    def _findings(self, analysis: Analysis) -> dict[str, list[types.Diagnostic]]:
        """The findings of an analysis and of its configuration, by the address of their file."""
        try:
            found = analysis.diagnostics
        except Exception:
            # What the check has found is shown, whatever fails after it.
            _log.exception("%s could not be linted", analysis.root.uri)
            found = analysis.found
        shown = by_file(analysis, found)
        path, problems = analysis.configured.path, analysis.configured.problems
        if path is not None:
            uri = self.rulesets.address(path)
            shown[uri] = problems_of(path, problems, self.rulesets.encoding)
        return shown

    def _shows_in(self, analysis: Analysis) -> set[str]:
        """The addresses of the files that findings of an analysis are shown in."""
        path = analysis.configured.path
        configured = set() if path is None else {self.rulesets.address(path)}
        return configured | {file.uri for file in analysis.files.values()}

    def _show(self, uri: str, items: list[types.Diagnostic]) -> None:
        """Publish the findings of a file, if they or its version are others than were published."""
        document = self.rulesets.documents.get(uri)
        state = (None if document is None else document.version, items)
        if self._published.get(uri, (None, [])) != state:
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, items, version=state[0])
            )
        if document is None and not items:
            self._published.pop(uri, None)
        else:
            self._published[uri] = state


def refused(reason: str) -> JsonRpcException:
    """The answer to a request that cannot be done, for a reason that the user is told."""
    return JsonRpcException(reason, code=types.LSPErrorCodes.RequestFailed)


def _is_a_fault(record: logging.LogRecord) -> bool:
    """Whether a record of pygls' log is of a fault: it writes a traceback for each refusal too."""
    raised = record.exc_info[1] if record.exc_info else None
    refusal = isinstance(raised, JsonRpcException)
    return not (refusal and getattr(raised, "code", None) == types.LSPErrorCodes.RequestFailed)


def serve() -> int:
    """Serve the client on standard input and output until it leaves; returns the exit code."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_a_fault)
    server = Server()
    register(server)
    try:
        server.start_io(stdout=output)
    finally:
        server.last_values.close()
    return 0 if server.was_shut_down else 1
