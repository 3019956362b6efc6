"""What a ruleset asks of its data: one `Column` for each row of its `data` blocks."""

from __future__ import annotations

from dataclasses import dataclass

from alvh_rules.core.kinds import Kind


@dataclass(frozen=True, slots=True)
class Column:
    """A data column as declared.

    `source` is the column's name in the file (`sources` the months of a curve, nearest first);
    `labels` the words of its label set, in order, for kind `label`. `carry` is how many sessions a
    gap may be filled with the last value. A row's value is known `lag_sessions` sessions after its
    own, at `known_time` ("08:30", exchange time) or, when that is empty, at the close.
    """

    name: str
    kind: Kind
    source: str
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    optional: bool = False
    carry: int = 0
    lag_sessions: int = 0
    known_time: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars a ruleset decides on: `minutes` 0 means daily; `always_open` has no exchange."""

    minutes: int = 0
    always_open: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A ruleset's data needs: bars, columns, and the calendars it names."""

    bars: Bars
    columns: tuple[Column, ...]
    calendars: tuple[str, ...]
