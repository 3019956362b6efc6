"""Entries of a Redis stream, read through a consumer group.

The group is made where there is none, and begins with the stream's first entry. An entry is
acknowledged once what came of it stands in the journal: after a crash, those that were not come again
before any new one, and the journal knows a bar that it has. An entry holds either one field `json` (or
`data`) with a JSON object, or the fields themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from alvh_rules.live.feeds.reconnect import reconnecting
from alvh_rules.live.feeds.record import Asked, Connected, Feed, FeedRecord, Lost
from alvh_rules.live.messages import Message, from_fields, from_text
from alvh_rules.live.redis_address import RedisAddress, redis_address

_AT_ONCE = 100
_WHOLE = ("json", "data")


class RedisStream:
    """One stream, as one consumer of a group."""

    def __init__(self, address: RedisAddress, name: str) -> None:
        self._address = address
        self._group = address.options.get("group", f"alvh-{name}")
        self._consumer = address.options.get("consumer", "alvh")

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]:
        """The messages, until told to stop."""
        import redis

        breaks = (redis.RedisError, OSError)
        return reconnecting(self._connected, breaks, stopped, missed=False)

    def _connected(self, stopped: Event) -> Iterator[Message | Connected]:
        client = self._address.client()
        try:
            self._make_group(client)
            yield Connected()
            # What was given to this consumer before and not acknowledged comes first, by its number.
            after = "0"
            while not stopped.is_set():
                entries = self._read(client, after)
                if not entries and after != ">":
                    after = ">"
                for number, fields in entries:
                    acknowledge = partial(self._acknowledge, client, number)
                    yield _message(fields or {}, acknowledge)
                    if after != ">":
                        after = number
        finally:
            client.close()

    def _read(self, client: Any, after: str) -> list[tuple[str, Mapping[str, str]]]:
        found = client.xreadgroup(
            self._group, self._consumer, {self._address.stream: after}, count=_AT_ONCE, block=500
        )
        if not found:
            return []
        # A list of pairs by the older protocol of Redis, a dictionary by the newer.
        lists = [item[1] for item in found] if isinstance(found, list) else list(found.values())
        entries = lists[0]
        return entries[0] if entries and isinstance(entries[0], list) else entries

    def _make_group(self, client: Any) -> None:
        import redis

        try:
            client.xgroup_create(self._address.stream, self._group, id="0", mkstream=True)
        except redis.ResponseError as problem:
            if "BUSYGROUP" not in str(problem):
                raise

    def _acknowledge(self, client: Any, number: str) -> None:
        import redis

        # Where it cannot be told now the entry comes again, and is known by its key.
        with suppress(redis.RedisError, OSError):
            client.xack(self._address.stream, self._group, number)


def _message(fields: Mapping[str, str], acknowledge: Any) -> Message:
    for name in _WHOLE:
        if len(fields) == 1 and name in fields:
            return from_text(fields[name], acknowledge)
    return from_fields(dict(fields), None, acknowledge)


def _make(asked: Asked) -> Feed:
    address = redis_address("feed", asked.address, ("group", "consumer"))
    return RedisStream(address, asked.name)


RECORDS = tuple(
    FeedRecord(f"{scheme}://", f"{scheme}://HOST:PORT/STREAM", "a Redis stream", _make, keeps=True)
    for scheme in ("redis", "rediss")
)
