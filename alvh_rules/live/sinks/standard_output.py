"""Newline-delimited JSON on standard output, an object an output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from alvh_rules.live.journal import Journal
from alvh_rules.live.sinks.record import Sink, SinkError, SinkRecord, Told


class StandardOutput:
    """Standard output; what was printed before a crash and not noted is printed again."""

    def begin(self, journal: Journal, cursor: int) -> int:
        """What the journal thinks: what was printed cannot be read back."""
        return cursor

    def tell(self, outputs: Sequence[Told]) -> None:
        """Print lines, whole."""
        try:
            sys.stdout.write("".join(f"{item.text}\n" for item in outputs))
            sys.stdout.flush()
        except (OSError, ValueError) as problem:
            raise SinkError(str(problem)) from problem

    def close(self) -> None:
        """Nothing is open."""


def _make(address: str, name: str) -> Sink:
    return StandardOutput()


RECORD = SinkRecord("stdout", "stdout", "newline-delimited JSON on standard output", 100, _make)
