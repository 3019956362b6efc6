"""What an evaluation reads: rows in time, columns, calendars. Built by `market`, read here.

Rows are the bars on which decisions fall. On daily bars there is one row for every session of the
exchange from the first row of the file to the last, the file's gaps included as rows of missing
values: windows count sessions, never rows that happen to be present. On shorter bars the rows are
the file's.

Periods are the sessions, weeks and months that functions such as `weekly` sample. A period's value
is taken at its `sample` row and may be read from its `available` row on; both come from the
exchange's calendar, so a truncated file gives the same answer for the rows it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import UNKNOWN

Float = npt.NDArray[np.float64]
Kleene = npt.NDArray[np.int8]
Integer = npt.NDArray[np.int64]
Boolean = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Array = np.ndarray[Any, Any]


def missing_of(kind: Kind, rows: int) -> Array:
    """A column of the kind with every row missing."""
    if kind is Kind.FLAG:
        return np.full(rows, UNKNOWN, dtype=np.int8)
    if kind is Kind.LABEL:
        return np.full(rows, -1, dtype=np.int32)
    return np.full(rows, np.nan)


def is_missing(column: Array, kind: Kind) -> Boolean:
    """Which rows of a column are missing or unknown."""
    if kind is Kind.FLAG:
        return np.asarray(column == UNKNOWN)
    if kind is Kind.LABEL:
        return np.asarray(column < 0)
    return np.asarray(np.isnan(column))


@dataclass(frozen=True, slots=True)
class Periods:
    """Completed periods, oldest first. Both arrays have a period's row index per period."""

    sample: Integer
    available: Integer


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rows of an evaluation.

    `times` is the end of each bar (datetime64[ns]; for daily bars the date at midnight), `dates`
    the session each row belongs to (datetime64[D]), `ordinals` that session's number in the
    exchange's calendar, `present` whether the row stood in the input. `periods` has the keys
    `session`, `week` and `month`.
    """

    times: npt.NDArray[np.datetime64]
    dates: Days
    ordinals: Integer
    present: Boolean
    periods: Mapping[str, Periods]
    daily: bool = True

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The dates of one kind of event, in order.

    `dates` are the days as published, `ordinals` the exchange sessions they belong to (a date on a
    closed day belongs to the next session), `scheduled` whether the date was announced in advance.
    What happened outside `first_ordinal` to `last_ordinal` (`first_date` to `last_date`) is not
    known: there the calendar is silent, not empty.
    """

    name: str
    dates: Days
    ordinals: Integer
    scheduled: Boolean
    first_date: np.datetime64
    last_date: np.datetime64
    first_ordinal: int
    last_ordinal: int


@dataclass(frozen=True, slots=True)
class Market:
    """Everything an evaluation reads.

    `columns` is by the ruleset's name of a data column: float64 for numbers and dates (days since
    1970-01-01), int8 of `core.kleene` for flags, int32 codes into the label set (-1 missing) for
    labels. A column `vx` of kind curve stands here as `vx[1]`, `vx[2]`, … (settlements, points) and
    `vx.days[1]`, … (calendar days to that month's expiry). An absent optional column is all
    missing. `carried` counts, by column, the gaps that `carry` filled.
    """

    timeline: Timeline
    columns: Mapping[str, npt.NDArray[np.generic]]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    carried: Mapping[str, int] = field(default_factory=dict)
    source: str = ""

    def curve(self, name: str) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """A curve's settlements (points) and days to expiry, an array a month, nearest first."""
        months = range(1, 1 + sum(key.startswith(f"{name}[") for key in self.columns))
        settlements = tuple(self.columns[f"{name}[{month}]"] for month in months)
        return settlements, tuple(self.columns[f"{name}.days[{month}]"] for month in months)
