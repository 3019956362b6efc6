"""The address of a Redis stream, for feeds and sinks alike: `redis://HOST:PORT/STREAM`.

`rediss://` is over TLS. A user and password may stand before the host, `?db=1` after the stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A server's address as the client library takes it, the stream, and the options given."""

    server: str
    stream: str
    options: dict[str, str]

    def client(self) -> Any:
        """A client, which connects when it is used."""
        import redis

        return redis.Redis.from_url(
            self.server,
            socket_timeout=10,
            socket_connect_timeout=10,
            decode_responses=True,
            encoding_errors="replace",
        )


def redis_address(what: str, written: str, known: tuple[str, ...] = ()) -> RedisAddress:
    """An address; raises `LiveError` where it cannot be meant, or the library is not there."""
    try:
        import redis  # noqa: F401
    except ImportError:
        raise LiveError(errors.needs_library("Redis", "redis")) from None
    parts = urlsplit(written)
    stream = unquote(parts.path.strip("/"))
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    shown = written if parts.username is None and parts.password is None else f"{parts.scheme}://…"
    try:
        port = parts.port
    except ValueError:
        port = -1
    if not stream or "/" in stream or not parts.hostname or port == -1:
        help = "write it as redis://HOST:PORT/STREAM"
        raise LiveError(errors.unusable(what, shown, "it names no server and stream", help))
    for name in options:
        if name not in ("db", *known):
            listing = ", ".join(f"`{item}`" for item in ("db", *known))
            raise LiveError(errors.unusable(what, shown, f"it has no option `{name}`", listing))
    server = urlunsplit((parts.scheme, parts.netloc, f"/{options.get('db', '0')}", "", ""))
    return RedisAddress(server, stream, options)
