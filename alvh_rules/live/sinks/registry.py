"""Every sink, by how its address begins."""

from __future__ import annotations

from difflib import get_close_matches

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.sinks import file, redis_stream, standard_output, webhook
from alvh_rules.live.sinks.record import SinkRecord

SINKS = (standard_output.RECORD, file.RECORD, *redis_stream.RECORDS, *webhook.RECORDS)


def sink_record(address: str) -> SinkRecord:
    """The record of an address; raises `LiveError` where there is none."""
    for record in SINKS:
        whole = not record.scheme.endswith((":", "//"))
        if address == record.scheme if whole else address.startswith(record.scheme):
            return record
    begin = address.partition(":")[0]
    near = get_close_matches(begin, [item.scheme.partition(":")[0] for item in SINKS], 1, 0.6)
    example = next((item.example for item in SINKS if near and item.scheme.startswith(near[0])), "")
    raise LiveError(errors.unknown_scheme("sink", address, [s.example for s in SINKS], example))
