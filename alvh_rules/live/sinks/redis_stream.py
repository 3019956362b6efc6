"""A Redis stream: an entry an output, with the fields `key` and `json`.

The entry's number is the output's (`17-0`), which Redis takes once: an output that is told again is
found to be there. The stream must be the journal's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.journal import Journal
from alvh_rules.live.redis_address import RedisAddress, redis_address
from alvh_rules.live.sinks.record import Sink, SinkError, SinkRecord, Told


class RedisSink:
    """One stream, written by this journal alone."""

    def __init__(self, address: RedisAddress, written: str) -> None:
        self._address, self._written = address, written
        self._client = address.client()

    def begin(self, journal: Journal, cursor: int) -> int:
        """The number of the stream's last entry, which must be that output; what the journal thinks
        where the stream is empty, since its entries may have been trimmed."""
        import redis

        try:
            last = self._client.xrevrange(self._address.stream, count=1)
        except (redis.RedisError, OSError) as problem:
            raise SinkError(str(problem)) from problem
        if not last:
            return cursor
        number, fields = last[0]
        at, _, part = number.partition("-")
        told = journal.outputs(int(at) - 1, 1)
        if part != "0" or not told or told[0].key != fields.get("key"):
            reason = f"the stream's last entry {number} is not the journal's"
            raise LiveError(errors.unusable("sink", self._written, reason, "name another stream"))
        return int(at)

    def tell(self, outputs: Sequence[Told]) -> None:
        """Add entries."""
        import redis

        try:
            for item in outputs:
                fields = {"key": item.key, "json": item.text}
                try:
                    self._client.xadd(self._address.stream, fields, id=f"{item.number}-0")
                except redis.ResponseError as problem:
                    if "equal or smaller" not in str(problem) or not self._has(item):
                        raise
        except (redis.RedisError, OSError) as problem:
            raise SinkError(str(problem)) from problem

    def _has(self, item: Told) -> bool:
        number = f"{item.number}-0"
        found = self._client.xrange(self._address.stream, number, number)
        return bool(found) and found[0][1].get("key") == item.key

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()


def _make(address: str, name: str) -> Sink:
    return RedisSink(redis_address("sink", address), address)


RECORDS = tuple(
    SinkRecord(f"{scheme}://", f"{scheme}://HOST:PORT/STREAM", "a Redis stream", 100, _make)
    for scheme in ("redis", "rediss")
)
