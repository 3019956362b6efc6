"""What a sink is.

A sink is told outputs in their order, some at a time, and raises `SinkError` where it did not take
them: they are then told again. Each output carries its number and its bar's key, by which whoever
listens knows one that came twice. To add a sink: a module with its class and a `SinkRecord`, and that
record in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from alvh_rules.live.journal import Journal


class SinkError(Exception):
    """A sink did not take what it was told; it will be told again."""


@dataclass(frozen=True, slots=True)
class Told:
    """An output as it is told: its number, its key, and its line of JSON."""

    number: int
    key: str
    text: str


class Sink(Protocol):
    """Takes outputs."""

    def begin(self, journal: Journal, cursor: int) -> int:
        """The number of the last output that the sink has; `cursor` is what the journal thinks.

        Raises `LiveError` where the sink holds what this journal did not tell, `SinkError` where that
        cannot be told now.
        """

    def tell(self, outputs: Sequence[Told]) -> None:
        """Take outputs. Once this returns they are the sink's."""

    def close(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True, slots=True)
class SinkRecord:
    """A kind of sink: how its address begins, what it is, how many outputs it takes at once, and how
    it is made. `make` raises `LiveError` where the address cannot be meant."""

    scheme: str
    example: str
    summary: str
    at_once: int
    make: Callable[[str, str], Sink]
