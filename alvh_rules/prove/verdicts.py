"""What a proof found, as plain data: verdicts, parts that never matter, extremes, the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from alvh_rules.core.source import Span
from alvh_rules.prove.example import Market

Status = Literal["proved", "refuted", "undecided", "overlap"]


@dataclass(frozen=True)
class Verdict:
    """What is known of one thing that a ruleset promises.

    `kind` is `always`, `monotone`, `table`, `limit` or `regimes`; `text` says what was asked.
    `overlap` is of regimes alone: two can hold at once, and the first wins. `market` is a market that
    breaks the promise (or shows the overlap), replayed in the evaluator; `against` the second one of a
    pair, for `monotone`. `values` are what the ruleset decides there. `rounding` says that real
    arithmetic keeps the promise and floating point breaks it. `notes` say what else a reader must know.
    `region` is where it is broken throughout.
    """

    kind: str
    text: str
    status: Status
    span: Span
    market: Market | None = None
    against: Market | None = None
    values: tuple[str, ...] = ()
    region: str = ""
    rounding: bool = False
    notes: tuple[str, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    writable: tuple[str, ...] | None = None
    """The market as the lines of a test's `given`, where the language can say it."""


@dataclass(frozen=True)
class Idle:
    """A part of a ruleset that never matters: a row, a condition, an event, a regime, a limit."""

    kind: str
    text: str
    why: str
    span: Span


@dataclass(frozen=True)
class Bound:
    """An end of what a number can be: its value as shown, '' where there is none; whether it is
    reached; a market that reaches it (or comes near)."""

    value: float | None
    shown: str
    reached: bool
    market: Market | None
    reason: str = ""


@dataclass(frozen=True)
class Extremes:
    """The least and the greatest that a decided number can be."""

    name: str
    least: Bound
    greatest: Bound


@dataclass(frozen=True)
class Proof:
    """All that was found of a ruleset. `unasked` are limits that wait for positions."""

    name: str
    version: str
    assumptions: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    idle: tuple[Idle, ...]
    extremes: tuple[Extremes, ...]
    unasked: tuple[str, ...]
    unlooked: tuple[str, ...] = ()
    """What the time did not suffice for, in words."""
    contradictory: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def exit_code(self) -> int:
        """0 where all is proved; 1 where something is refuted; 3 where something is undecided."""
        found = {verdict.status for verdict in self.verdicts}
        return 1 if "refuted" in found else 3 if "undecided" in found else 0


@dataclass(frozen=True)
class Possibility:
    """Whether a condition can hold: `yes`, with a market; `never`; or `undecided`."""

    text: str
    answer: Literal["yes", "never", "undecided"]
    market: Market | None
    values: tuple[str, ...]
    reason: str
    seconds: float
