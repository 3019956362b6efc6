"""Newline-delimited JSON on standard input, an object a line; the feed ends where the input does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Event
from typing import BinaryIO

from alvh_rules.live.feeds.record import Asked, Connected, Feed, FeedRecord, Lost
from alvh_rules.live.messages import MOST_BYTES, Message, from_text


class StandardInput:
    """The lines of a stream; empty ones are passed over, and one without an end counts."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]:
        """The messages, until the stream ends."""
        yield Connected()
        while not stopped.is_set():
            line = self._stream.readline(MOST_BYTES + 2)
            if not line:
                return
            whole = line
            while len(whole) > MOST_BYTES and not whole.endswith(b"\n"):
                # Too long for a message: its rest is read away, and it is told as one.
                whole = self._stream.readline(MOST_BYTES + 2)
                if not whole:
                    break
            if line.strip():
                yield from_text(line)


def _make(asked: Asked) -> Feed:
    return StandardInput(sys.stdin.buffer)


RECORD = FeedRecord("stdin", "stdin", "newline-delimited JSON on standard input", _make)
