"""Newline-delimited JSON on standard input, an object a line; the feed ends where the input does.

The bytes are read from the descriptor itself: a thread that waits inside Python's buffered reader would
hold its lock, and a run that is told to stop could not end.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from threading import Event
from typing import Final

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.feeds.record import Asked, Connected, Feed, FeedRecord, Lost
from alvh_rules.live.messages import MOST_BYTES, Message, from_text

_PART: Final = 1 << 16
_LOOK: Final = 0.25


class StandardInput:
    """The lines of a descriptor; empty ones are passed over, and one without an end counts."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]:
        """The messages, until the input ends."""
        yield Connected()
        for line in self._lines(stopped):
            if line.strip():
                yield from_text(line)

    def _lines(self, stopped: Event) -> Iterator[bytes]:
        begun = b""
        while not stopped.is_set():
            if not self._is_there():
                continue
            part = os.read(self._descriptor, _PART)
            if not part:
                break
            *whole, rest = part.split(b"\n")
            for line in whole:
                yield begun + line
                begun = b""
            # Of a line that is too long for a message its begin is enough to say so.
            begun = (begun + rest)[: MOST_BYTES + 1]
        if not stopped.is_set():
            yield begun

    def _is_there(self) -> bool:
        if sys.platform == "win32":
            # There, only sockets can be waited for; the thread waits in the system instead.
            return True
        return bool(select.select([self._descriptor], [], [], _LOOK)[0])


def _make(asked: Asked) -> Feed:
    try:
        return StandardInput(sys.stdin.fileno())
    except (AttributeError, OSError, ValueError):
        reason = "this process has no standard input"
        raise LiveError(errors.unusable("feed", asked.address, reason)) from None


RECORD = FeedRecord("stdin", "stdin", "newline-delimited JSON on standard input", _make)
