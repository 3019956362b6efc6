"""The rows of one table: its times, checked, and its needed columns, converted.

All that is wrong is gathered by row, and of it only the first row's problem is reported, with the
number of the others: a file with a thousand zeros has one fault. Among problems of one row, that of
its time comes first. What counts: a time that is none; a time that stands twice or goes back; a row
on a closed day; two rows of a session (daily) or of a bar; a cell that is not what its column holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.schema import Bars, Column
from alvh_rules.evaluate.inputs import Array, Boolean, Integer, is_missing
from alvh_rules.market import errors
from alvh_rules.market.columns import convert, shown
from alvh_rules.market.formats import Table
from alvh_rules.market.sessions import Hours, session_dates
from alvh_rules.market.times import ISO, Stamps, parse_dates, parse_times

if TYPE_CHECKING:
    from alvh_rules.market.read import Options


@dataclass(frozen=True)
class Rows:
    """A table's rows in time: `times` on the exchange's clock, the session of each, the columns."""

    label: str
    times: Array
    ordinals: Integer
    columns: Mapping[str, Array]


@dataclass(frozen=True)
class _Problem:
    """Rows with one fault, and the finding for the first of them (given how many others)."""

    rows: Array
    say: Callable[[int], Diagnostic]


def read_rows(
    table: Table,
    time_at: int,
    wanted: Mapping[str, tuple[Column, int]],
    bars: Bars,
    hours: Hours,
    options: Options,
) -> tuple[Rows | None, list[Diagnostic]]:
    """A table's rows, or None with the first thing that is wrong; warnings come with the rows."""
    stamps = _stamps(table, time_at, hours, options)
    if isinstance(stamps, Diagnostic):
        return None, [stamps]
    reading = _Reading(table, table.fetch(time_at), table.names[time_at], stamps, bars, hours)
    problems = reading.time_problems(options)
    found: list[Diagnostic] = []
    kept = np.ones(len(table.lines), dtype=bool)
    if not problems:
        if options.skip_closed_days:
            kept = reading.is_open
            if not kept.all():
                row = int(np.argmin(kept))
                count = len(kept) - int(kept.sum())
                day = str(reading.days[row])
                found.append(
                    errors.closed_days_skipped(table.label, count, int(table.lines[row]), day)
                )
        problems = reading.row_problems(kept)
    columns: dict[str, Array] = {}
    for key, (column, at) in wanted.items():
        array = table.fetch(at)
        converted = convert(array, column, lambda cells: parse_dates(cells, options.date_format))
        bad = np.flatnonzero(converted.bad & kept)
        columns[key] = converted.values[kept]
        if len(bad):
            problems.append(_bad_cells(table, at, array, bad, converted.reason))
        elif not column.optional and is_missing(columns[key], column.kind).all():
            found.append(errors.empty_column(table.label, table.names[at], key))
    if problems:
        first = min(problems, key=lambda problem: int(problem.rows[0]))
        others = sum(len(problem.rows) for problem in problems) - 1
        return None, [first.say(others)]
    if not kept.any():
        return None, [*found, errors.empty(table.label)]
    ordinals = hours.ordinals(reading.days[kept])
    return Rows(table.label, reading.times[kept], ordinals, columns), found


def _stamps(table: Table, at: int, hours: Hours, options: Options) -> Stamps | Diagnostic:
    zone = options.timezone or hours.zone
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return errors.bad_timezone(zone)
    try:
        return parse_times(table.fetch(at), options.date_format, zone, hours.zone)
    except (ValueError, TypeError):
        return errors.bad_date_format(options.date_format)


def _bad_cells(
    table: Table, at: int, array: Any, bad: Array, reason: Callable[[int], tuple[str, str]]
) -> _Problem:
    row = int(bad[0])

    def say(more: int) -> Diagnostic:
        wanted, help = reason(row)
        where = table.label, int(table.lines[row]), table.names[at]
        return errors.bad_cell(*where, shown(array, row), wanted, help, more)

    return _Problem(bad, say)


class _Reading:
    """The times of one table under the checks that they must pass."""

    def __init__(
        self, table: Table, cells: Any, column: str, stamps: Stamps, bars: Bars, hours: Hours
    ) -> None:
        self.table, self.cells, self.column = table, cells, column
        self.stamps, self.bars, self.hours = stamps, bars, hours
        self.times = stamps.times
        if bars.minutes:
            self.days = session_dates(stamps.times)
        else:
            self.days = np.where(
                stamps.midnight, stamps.dates, stamps.times.astype("datetime64[D]")
            )
            self.times = np.where(stamps.midnight, self.days.astype("datetime64[ns]"), self.times)

    @property
    def is_open(self) -> Boolean:
        """Which rows fall on a session."""
        return self.hours.is_session(self.days)

    def where(self, row: int) -> tuple[str, int, str]:
        """The file, the number by which a row is spoken of, and the column of times."""
        return self.table.label, self.line(row), self.column

    def line(self, row: int) -> int:
        """The number by which a row is spoken of."""
        return int(self.table.lines[row])

    def cell(self, row: int) -> str:
        """A row's time as written."""
        return shown(self.cells, row)

    def time_problems(self, options: Options) -> list[_Problem]:
        """Times that cannot be read; or, where all can, those out of order."""
        bad = np.flatnonzero(self.stamps.bad)
        if len(bad):
            return [_Problem(bad, lambda more: self._unread(int(bad[0]), more, options))]
        steps = np.diff(self.times)
        wrong = np.flatnonzero(steps <= np.timedelta64(0)) + 1
        if not len(wrong):
            return []
        backwards = len(wrong) == len(steps) > 1
        return [_Problem(wrong, lambda more: self._out_of_order(int(wrong[0]), more, backwards))]

    def row_problems(self, kept: Boolean) -> list[_Problem]:
        """Rows on closed days, and rows nearer together than the bars."""
        problems = []
        closed = np.flatnonzero(~self.is_open & kept)
        if len(closed):
            problems.append(_Problem(closed, lambda more: self._closed(int(closed[0]), more)))
        rows = np.flatnonzero(kept)
        if self.bars.minutes:
            bare = np.flatnonzero(kept & self.stamps.midnight)
            if len(bare) and len(bare) == len(rows):
                row = int(bare[0])
                say = errors.dates_without_times(*self.where(row), self.cell(row))
                # Of a whole file of dates one row speaks; the others share its one cause.
                return [_Problem(bare[:1], lambda _: say)]
            least = np.timedelta64(self.bars.minutes, "m")
            near = np.flatnonzero(np.diff(self.times[rows]) < least) + 1
        else:
            near = np.flatnonzero(self.days[rows][1:] == self.days[rows][:-1]) + 1
        if len(near):
            row, above = int(rows[near[0]]), int(rows[near[0] - 1])
            problems.append(_Problem(rows[near], lambda more: self._near(row, above, more)))
        return problems

    def _unread(self, row: int, more: int, options: Options) -> Diagnostic:
        wanted, help = "a date or time", "dates are written 2020-03-16, times 2020-03-16 09:31"
        if self.stamps.ambiguous[row]:
            wanted = f"one moment in {options.timezone or self.hours.zone}, where clocks changed"
            help = "give times with their offset, such as 2020-03-16T09:31-04:00, or in UTC"
        elif options.date_format == ISO:
            help += "; another form is stated with `--date-format`, for example %m/%d/%Y"
        else:
            help = f"the stated form is {options.date_format}"
        return errors.bad_cell(*self.where(row), self.cell(row), wanted, help, more)

    def _out_of_order(self, row: int, more: int, backwards: bool) -> Diagnostic:
        first = int(np.argmax(self.times == self.times[row]))
        if first < row:
            return errors.duplicate_time(*self.where(row), self.cell(row), self.line(first), more)
        above = self.line(row - 1), self.cell(row - 1)
        return errors.unordered_time(*self.where(row), self.cell(row), above, backwards, more)

    def _closed(self, row: int, more: int) -> Diagnostic:
        day = self.days[row]
        sessions = self.hours.sessions
        if not sessions[0] <= day <= sessions[-1]:
            ends = str(sessions[0]), str(sessions[-1])
            return errors.outside_calendar(*self.where(row), str(day), *ends)
        return errors.closed_day(*self.where(row), str(day), day.item().strftime("%A"), more)

    def _near(self, row: int, above: int, more: int) -> Diagnostic:
        if self.bars.minutes:
            return errors.bars_too_close(
                *self.where(row), self.line(above), self.bars.minutes, more
            )
        day = str(self.days[row])
        return errors.two_rows_a_session(*self.where(row), day, self.line(above), more)
