"""Which function answers which of the protocol's messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.source import Span
from alvh_rules.language_server import (
    code_actions,
    completion,
    describe_names,
    formatting,
    hover,
    inlay_hints,
    navigation,
    rename,
    semantic_tokens,
    symbols,
)
from alvh_rules.language_server.documents import Places
from alvh_rules.language_server.names import Sort

if TYPE_CHECKING:
    from alvh_rules.language_server.server import Server


def register(server: Server) -> None:
    """Give a server all of its features."""
    _life(server)
    _names(server)
    _text(server)


def _life(server: Server) -> None:
    """What the client does to documents, and to the server."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.begin(params)

    @server.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        server.end()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.rulesets.open(document.uri, document.text, document.version)
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        server.rulesets.change(document.uri, list(params.content_changes), document.version)
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)
        server.check_soon()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        server.check_soon()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        server.check_soon()


def _names(server: Server) -> None:
    """Questions about the name at a place."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def show(params: types.HoverParams) -> types.Hover | None:
        analysis, name, offset = server.place(params)
        value = hover.value_name(analysis, name, offset)
        last = ""
        if value is not None:
            last = await server.last_values.of(analysis, value, server.data_of(analysis))
        return hover.hover(analysis, name, offset, last)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        return navigation.definition(*server.place(params))

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(params: types.ReferenceParams) -> list[types.Location]:
        place = server.place(params)
        return navigation.references(
            server.rulesets, *place, declaration=params.context.include_declaration
        )

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    @_told
    def change_name(params: types.RenameParams) -> types.WorkspaceEdit:
        return rename.rename(server.rulesets, *server.place(params), new=params.new_name)

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    @_told
    def prepare_rename(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
        return rename.prepare(*server.place(params))

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=[".", "("], resolve_provider=True),
    )
    def complete(params: types.CompletionParams) -> types.CompletionList:
        document = server.document(params.text_document.uri)
        analysis = server.rulesets.near(document.uri)
        items = completion.completion(
            document.source.text,
            document.places.offset(params.position),
            analysis,
            server.rulesets.names_now(analysis),
        )
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        text = _documentation(server, item.data if isinstance(item.data, dict) else {})
        if text:
            item.documentation = types.MarkupContent(types.MarkupKind.Markdown, text)
        return item


def _documentation(server: Server, data: dict[str, Any]) -> str:
    """What is said of an entry of a completion, once the client asks for it."""
    name, sort = data.get("name"), data.get("sort")
    if sort == Sort.FUNCTION:
        record = BUILTINS.get(str(name))
        return "" if record is None else describe_names.function_text(record)
    analysis = server.rulesets.context(str(data.get("uri")))
    if analysis is None:
        return ""
    found = {each.value: symbol for each, symbol in analysis.names.named(str(name)).items()}
    symbol = found.get(str(sort))
    return "" if symbol is None else describe_names.symbol_text(analysis, symbol)


def _text(server: Server) -> None:
    """Questions about a whole text, or a stretch of one."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = server.document(params.text_document.uri)
        return symbols.document_symbols(*server.rulesets.parsed(document), document.places)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, semantic_tokens.LEGEND)
    def tokens(params: types.SemanticTokensParams) -> types.SemanticTokens:
        document = server.document(params.text_document.uri)
        analysis = server.rulesets.near(document.uri)
        name = analysis.name_of(document.uri) or document.name
        source, parsed = server.rulesets.parsed(document, name)
        names = server.rulesets.names_now(analysis)
        colours = server.colours(document.uri)
        return types.SemanticTokens(data=colours.of(parsed, source.text, names, document.places))

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def formatted(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        document = server.document(params.text_document.uri)
        edits = formatting.formatting(document.source, document.places)
        if edits is None:
            server.window_log_message(
                types.LogMessageParams(
                    types.MessageType.Info, f"{document.name} does not parse: not formatted"
                )
            )
        return edits

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]
        ),
    )
    def fixes(params: types.CodeActionParams) -> list[types.CodeAction]:
        analysis, name = server.analysis(params.text_document.uri)
        span = _span(analysis.files[name].places, name, params.range)
        return code_actions.code_actions(analysis, name, span.start, span.end, params.context.only)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        analysis, name = server.analysis(params.text_document.uri)
        span = _span(analysis.files[name].places, name, params.range)
        return inlay_hints.inlay_hints(analysis, name, span.start, span.end)


def _span(places: Places, name: str, range: types.Range) -> Span:
    return Span(name, places.offset(range.start), places.offset(range.end))


def _told(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A refusal to rename is the answer to the request, in its own words."""

    @wraps(handler)
    def answered(params: Any) -> Any:
        try:
            return handler(params)
        except rename.RefusedError as reason:
            raise JsonRpcException(str(reason), code=types.LSPErrorCodes.RequestFailed) from reason

    return answered
