"""The rows of one table: its times, checked, and its needed columns, converted.

All that is wrong is gathered by row, and of it only the first row's problem is reported, with the
number of the others: a file with a thousand zeros has one fault. Among problems of one row, that of
its time comes first. What counts: a time that is none; a time that stands twice or goes back; a row
on a closed day; two rows of a session (daily) or of a bar; a cell that is not what its column holds.

A table may come in parts. What must be remembered from part to part is the last row's time, the
first row of each fault and how many rows share it: what is found is that of the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
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


@dataclass
class _Fault:
    """Rows with one fault: the first, how many, and the finding (given how many other problems)."""

    first: int
    count: int
    say: Callable[[int], Diagnostic]


class RowReader:
    """Reads a table's rows, part after part; `findings` then tells what is wrong with all of them."""

    def __init__(
        self,
        time_at: int,
        wanted: Mapping[str, tuple[Column, int]],
        bars: Bars,
        hours: Hours,
        options: Options,
    ) -> None:
        self._time_at, self._wanted, self._bars = time_at, wanted, bars
        self._hours, self._options = hours, options
        self._label = ""
        self._rows = 0
        self._kept_rows = 0
        self._refused: Diagnostic | None = None
        self._last: _Place | None = None
        self._last_kept: _Place | None = None
        self._unread: _Fault | None = None
        self._unordered: _Disorder | None = None
        self._closed: _Fault | None = None
        self._near: _Fault | None = None
        self._bare: _Fault | None = None
        self._left_out: _Fault | None = None
        # By column: the bad cells of all rows, and those of rows that are not left out.
        self._bad: dict[str, _Fault] = {}
        self._bad_kept: dict[str, _Fault] = {}
        self._filled: dict[str, bool] = dict.fromkeys(wanted, False)
        self._headers: dict[str, str] = {}

    @property
    def refused(self) -> bool:
        """Whether the options themselves are wrong: no more rows change what is found."""
        return self._refused is not None

    @property
    def faulty(self) -> bool:
        """Whether something is wrong so far: the table will be refused."""
        faults = (self._unread, self._unordered, self._closed, self._near)
        return self.refused or any(faults) or bool(self._bad_kept)

    def read(self, table: Table) -> Rows | None:
        """The rows of the next part; None once anything is wrong."""
        self._label = table.label
        stamps = (
            None if self._refused else _stamps(table, self._time_at, self._hours, self._options)
        )
        if stamps is None or isinstance(stamps, Diagnostic):
            self._refused = self._refused or stamps
            return None
        times = _Times(table, self._time_at, stamps, self._bars, self._hours, self._options)
        kept = times.is_open if self._options.skip_closed_days else np.ones(len(times), dtype=bool)
        self._note_order(times)
        self._note_rows(times, kept)
        columns = self._columns(table, kept)
        self._rows += len(times)
        self._kept_rows += int(kept.sum())
        if self.faulty:
            return None
        ordinals = self._hours.ordinals(times.days[kept])
        return Rows(table.label, times.times[kept], ordinals, columns)

    def findings(self, again: Callable[[], Iterator[Table]]) -> list[Diagnostic]:
        """The first thing that is wrong, or else what should be known; `again` reads the parts anew."""
        if self._refused is not None:
            return [self._refused]
        problems: list[_Fault]
        if self._unread is not None:
            problems = [self._unread, *self._bad.values()]
        elif self._unordered is not None:
            problems = [self._out_of_order(self._unordered, again), *self._bad.values()]
        elif self._bare is not None and self._bare.count == self._kept_rows:
            # Of a whole file of dates one row speaks; the others share its one cause.
            problems = [replace(self._bare, count=1), *self._bad_kept.values()]
        else:
            of_rows = [fault for fault in (self._closed, self._near) if fault is not None]
            problems = [*of_rows, *self._bad_kept.values()]
        if problems:
            first = min(problems, key=lambda problem: problem.first)
            return [first.say(sum(problem.count for problem in problems) - 1)]
        found = []
        if self._left_out is not None:
            found.append(self._left_out.say(self._left_out.count))
        for key, (column, _) in self._wanted.items():
            if not column.optional and not self._filled[key]:
                found.append(errors.empty_column(self._label, self._headers[key], key))
        if not self._kept_rows:
            found.append(errors.empty(self._label))
        return found

    def _note_order(self, times: _Times) -> None:
        """Times that cannot be read, and those out of order."""
        unread = np.flatnonzero(times.stamps.bad)
        self._unread = self._with(self._unread, unread, times.unread)
        steps = np.diff(times.times, prepend=times.times[:1])
        wrong = steps <= np.timedelta64(0)
        wrong[:1] = self._last is not None and times.times[:1] <= self._last.time
        unordered = np.flatnonzero(wrong)
        if len(unordered) and self._unordered is None:
            row = int(unordered[0])
            above = times.place(row - 1) if row else self._last
            assert above is not None
            self._unordered = _Disorder(
                self._rows + row, 0, times.where(row), times.place(row), above
            )
        if self._unordered is not None:
            self._unordered.count += len(unordered)
        if len(times):
            self._last = times.place(len(times) - 1)

    def _note_rows(self, times: _Times, kept: Boolean) -> None:
        """Rows on closed days, and rows nearer together than the bars."""
        if self._options.skip_closed_days:
            self._left_out = self._with(self._left_out, np.flatnonzero(~kept), times.left_out)
        closed = np.flatnonzero(~times.is_open & kept)
        self._closed = self._with(self._closed, closed, times.closed)
        rows = np.flatnonzero(kept)
        if not len(rows):
            return
        before = self._last_kept
        if self._bars.minutes:
            bare = rows[times.stamps.midnight[rows]]
            self._bare = self._with(self._bare, bare, times.bare)
            least = np.timedelta64(self._bars.minutes, "m")
            near = np.diff(times.times[rows], prepend=times.times[rows[:1]]) < least
            near[0] = before is not None and times.times[rows[0]] - before.time < least
        else:
            near = np.append(False, times.days[rows][1:] == times.days[rows][:-1])
            near[0] = before is not None and times.days[rows[0]] == before.day
        places = np.flatnonzero(near)

        def say(row: int, more: int) -> Diagnostic:
            at = int(places[0])
            above = before.line if not at and before is not None else times.line(rows[at - 1])
            return times.near(row, above, more)

        self._near = self._with(self._near, rows[places], say)
        self._last_kept = times.place(int(rows[-1]))

    def _columns(self, table: Table, kept: Boolean) -> dict[str, Array]:
        columns: dict[str, Array] = {}
        for key, (column, at) in self._wanted.items():
            array = table.fetch(at)
            converted = convert(
                array, column, lambda cells: parse_dates(cells, self._options.date_format)
            )
            columns[key] = converted.values[kept]
            self._headers[key] = table.names[at]
            if not self._filled[key]:
                self._filled[key] = not is_missing(columns[key], column.kind).all()
            bad = np.flatnonzero(converted.bad)
            if len(bad):
                say = _bad_cell(table, at, array, converted.reason)
                _put(self._bad, key, self._with(self._bad.get(key), bad, say))
                rest = bad[kept[bad]]
                _put(self._bad_kept, key, self._with(self._bad_kept.get(key), rest, say))
        return columns

    def _with(
        self, fault: _Fault | None, rows: Integer, say: Callable[[int, int], Diagnostic]
    ) -> _Fault | None:
        """A fault with more rows, those of this part."""
        if not len(rows):
            return fault
        if fault is not None:
            return replace(fault, count=fault.count + len(rows))
        row = int(rows[0])
        return _Fault(self._rows + row, len(rows), lambda more: say(row, more))

    def _out_of_order(self, disorder: _Disorder, again: Callable[[], Iterator[Table]]) -> _Fault:
        backwards = disorder.count == self._rows - 1 > 1

        def say(more: int) -> Diagnostic:
            place, above = disorder.place, disorder.above
            twin = self._line_of(place.time, again)
            if twin is not None and twin != place.line:
                return errors.duplicate_time(*disorder.where, place.cell, twin, more)
            upper = above.line, above.cell
            return errors.unordered_time(*disorder.where, place.cell, upper, backwards, more)

        return _Fault(disorder.first, disorder.count, say)

    def _line_of(self, time: Any, again: Callable[[], Iterator[Table]]) -> int | None:
        """The number of the first row of a time."""
        for table in again():
            stamps = _stamps(table, self._time_at, self._hours, self._options)
            assert isinstance(stamps, Stamps)
            times = _Times(
                table, self._time_at, stamps, self._bars, self._hours, self._options
            ).times
            same = np.flatnonzero(times == time)
            if len(same):
                return int(table.lines[same[0]])
        return None


@dataclass(frozen=True)
class _Place:
    """A row: its time, its day, its number in the file and its time as written."""

    time: Any
    day: Any
    line: int
    cell: str


@dataclass
class _Disorder:
    """The first row that is not later than the one above it, and how many such rows there are."""

    first: int
    count: int
    where: tuple[str, int, str]
    place: _Place
    above: _Place


def _put(faults: dict[str, _Fault], key: str, fault: _Fault | None) -> None:
    if fault is not None:
        faults[key] = fault


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


def _bad_cell(
    table: Table, at: int, array: Any, reason: Callable[[int], tuple[str, str]]
) -> Callable[[int, int], Diagnostic]:
    def say(row: int, more: int) -> Diagnostic:
        wanted, help = reason(row)
        where = table.label, int(table.lines[row]), table.names[at]
        return errors.bad_cell(*where, shown(array, row), wanted, help, more)

    return say


class _Times:
    """The times of one part of a table, and what is said of a row whose time is wrong.

    What is said is given the row and how many other problems there are.
    """

    def __init__(
        self, table: Table, at: int, stamps: Stamps, bars: Bars, hours: Hours, options: Options
    ) -> None:
        self.table, self.cells, self.column = table, table.fetch(at), table.names[at]
        self.stamps, self.bars, self.hours, self.options = stamps, bars, hours, options
        self.times = stamps.times
        if bars.minutes:
            self.days = session_dates(stamps.times)
        else:
            self.days = np.where(
                stamps.midnight, stamps.dates, stamps.times.astype("datetime64[D]")
            )
            self.times = np.where(stamps.midnight, self.days.astype("datetime64[ns]"), self.times)

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def is_open(self) -> Boolean:
        """Which rows fall on a session."""
        return self.hours.is_session(self.days)

    def place(self, row: int) -> _Place:
        """A row by itself, which outlives the part."""
        return _Place(self.times[row], self.days[row], self.line(row), self.cell(row))

    def where(self, row: int) -> tuple[str, int, str]:
        """The file, the number by which a row is spoken of, and the column of times."""
        return self.table.label, self.line(row), self.column

    def line(self, row: int) -> int:
        """The number by which a row is spoken of."""
        return int(self.table.lines[row])

    def cell(self, row: int) -> str:
        """A row's time as written."""
        return shown(self.cells, row)

    def left_out(self, row: int, count: int) -> Diagnostic:
        """Rows on closed days are left out; `count` says how many."""
        return errors.closed_days_skipped(
            self.table.label, count, self.line(row), str(self.days[row])
        )

    def bare(self, row: int, more: int) -> Diagnostic:
        """Bars of minutes with dates alone."""
        return errors.dates_without_times(*self.where(row), self.cell(row))

    def unread(self, row: int, more: int) -> Diagnostic:
        """A time that cannot be read."""
        options = self.options
        wanted, help = "a date or time", "dates are written 2020-03-16, times 2020-03-16 09:31"
        if self.stamps.ambiguous[row]:
            wanted = f"one moment in {options.timezone or self.hours.zone}, where clocks changed"
            help = "give times with their offset, such as 2020-03-16T09:31-04:00, or in UTC"
        elif options.date_format == ISO:
            help += "; another form is stated with `--date-format`, for example %m/%d/%Y"
        else:
            help = f"the stated form is {options.date_format}"
        return errors.bad_cell(*self.where(row), self.cell(row), wanted, help, more)

    def closed(self, row: int, more: int) -> Diagnostic:
        """A row on a day that has no session."""
        day = self.days[row]
        sessions = self.hours.sessions
        if not sessions[0] <= day <= sessions[-1]:
            ends = str(sessions[0]), str(sessions[-1])
            return errors.outside_calendar(*self.where(row), str(day), *ends)
        return errors.closed_day(*self.where(row), str(day), day.item().strftime("%A"), more)

    def near(self, row: int, above: int, more: int) -> Diagnostic:
        """A row too near to the one above it, of which the number is given."""
        if self.bars.minutes:
            return errors.bars_too_close(*self.where(row), above, self.bars.minutes, more)
        day = str(self.days[row])
        return errors.two_rows_a_session(*self.where(row), day, above, more)
