"""Messages of a WebSocket: JSON objects, lists of them, or objects with a list in a stated field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.feeds.reconnect import reconnecting
from alvh_rules.live.feeds.record import Asked, Connected, Feed, FeedRecord, Lost
from alvh_rules.live.messages import MOST_BYTES, Message, field_of, from_fields, from_text


class WebSocket:
    """One address, connected to again whenever it is lost."""

    def __init__(self, asked: Asked) -> None:
        self._address, self._settings = asked.address, asked.settings

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]:
        """The messages, until told to stop."""
        from websockets.exceptions import WebSocketException

        return reconnecting(self._connected, (WebSocketException, OSError, TimeoutError), stopped)

    def _connected(self, stopped: Event) -> Iterator[Message | Connected]:
        from websockets.sync.client import connect

        # Pings tell of a peer that is gone without a word.
        with connect(
            self._address,
            open_timeout=10,
            ping_interval=20,
            ping_timeout=20,
            close_timeout=1,
            max_size=MOST_BYTES,
        ) as socket:
            for text in self._settings.subscribe:
                socket.send(text)
            yield Connected()
            while not stopped.is_set():
                try:
                    received = socket.recv(timeout=0.5)
                except TimeoutError:
                    continue
                yield from self._split(received)

    def _split(self, received: str | bytes) -> Iterator[Message]:
        whole = from_text(received)
        items = None
        if self._settings.items and not whole.problem:
            there, items = field_of(whole.fields, self._settings.items)
            if not there:
                # Such as an answer to a subscription: it carries no bars, and is no fault.
                return
        elif whole.problem and whole.raw.startswith("["):
            try:
                items = json.loads(received)
            except ValueError:
                items = None
        if not isinstance(items, list):
            yield whole
            return
        for item in items:
            yield from_fields(item)


def _make(asked: Asked) -> Feed:
    try:
        import websockets.sync.client  # noqa: F401
        from websockets.exceptions import InvalidURI
        from websockets.uri import parse_uri
    except ImportError:
        raise LiveError(errors.needs_library("a WebSocket", "websockets")) from None
    try:
        parse_uri(asked.address)
    except InvalidURI:
        raise LiveError(errors.unusable("feed", asked.address, "it is no address")) from None
    return WebSocket(asked)


RECORDS = tuple(
    FeedRecord(f"{scheme}://", f"{scheme}://HOST/PATH", "a WebSocket of JSON", _make)
    for scheme in ("ws", "wss")
)
