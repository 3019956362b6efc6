"""Every feed, by how its address begins."""

from __future__ import annotations

from difflib import get_close_matches

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.feeds import redis_stream, replay, standard_input, websocket
from alvh_rules.live.feeds.record import FeedRecord

FEEDS = (standard_input.RECORD, *websocket.RECORDS, *redis_stream.RECORDS, replay.RECORD)


def feed_record(address: str) -> FeedRecord:
    """The record of an address; raises `LiveError` where there is none."""
    for record in FEEDS:
        whole = not record.scheme.endswith((":", "//"))
        if address == record.scheme if whole else address.startswith(record.scheme):
            return record
    begin = address.partition(":")[0]
    near = get_close_matches(begin, [item.scheme.partition(":")[0] for item in FEEDS], 1, 0.6)
    example = next((item.example for item in FEEDS if near and item.scheme.startswith(near[0])), "")
    raise LiveError(errors.unknown_scheme("feed", address, [f.example for f in FEEDS], example))
