"""A webhook: one POST an output, with the JSON object as its body.

The header `Idempotency-Key` names the ruleset's journal and the output's number, by which the other
side knows one that came twice. Any answer from 200 to 299 means that it was taken; anything else, a
redirection included, that it was not. Plain http goes to this machine alone.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from alvh_rules import __version__
from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.journal import Journal
from alvh_rules.live.sinks.record import Sink, SinkError, SinkRecord, Told

SECONDS: Final = 10.0
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Webhook:
    """One address, over a connection that is kept."""

    def __init__(self, address: str, name: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port
        self._secure = parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._name = name
        self._connection: http.client.HTTPConnection | None = None

    def begin(self, journal: Journal, cursor: int) -> int:
        """What the journal thinks."""
        about = journal.about()
        if about is not None:
            self._name = f"{self._name}-{about.begun}"
        return cursor

    def tell(self, outputs: Sequence[Told]) -> None:
        """Post each output."""
        for item in outputs:
            self._post(item)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, item: Told) -> None:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self._name}-{item.number}",
            "User-Agent": f"alvh/{__version__}",
        }
        try:
            if self._connection is None:
                self._connection = self._connected()
            self._connection.request("POST", self._path, item.text.encode("utf-8"), headers)
            answer = self._connection.getresponse()
            answer.read(1 << 16)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise SinkError(str(problem) or type(problem).__name__) from problem
        if not answer.isclosed():
            self.close()
        if not 200 <= answer.status < 300:
            raise SinkError(f"it answered {answer.status} {answer.reason}")

    def _connected(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=SECONDS, context=context)


def _make(address: str, name: str) -> Sink:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  it raises for a port that is none
    except ValueError:
        raise LiveError(errors.unusable("sink", address, "it is no address")) from None
    if not parts.hostname:
        raise LiveError(errors.unusable("sink", address, "it names no host"))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        reason = "decisions go over https to another machine"
        raise LiveError(
            errors.unusable("sink", address, reason, f"write {address.replace('http', 'https', 1)}")
        )
    return Webhook(address, name)


RECORDS = (
    SinkRecord("https://", "https://HOST/PATH", "a webhook, one POST a bar", 1, _make),
    SinkRecord("http://", "http://localhost/PATH", "a webhook on this machine", 1, _make),
)
