"""What can be wrong with data: all of the stage's messages, a function each.

A location reads `data.csv, row 12, column vix`; the row is the line that an editor shows, or, in a
format without lines, the row of data counted from one.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.core.diagnostics import Diagnostic, Severity


def _make(severity: Severity, code: str, message: str, location: str, help: str = "") -> Diagnostic:
    return Diagnostic(code, severity, message, location=location, help=help)


def _error(code: str, message: str, location: str, help: str = "") -> Diagnostic:
    return _make(Severity.ERROR, code, message, location, help)


def place(label: str, row: int | None = None, column: str = "") -> str:
    """A location."""
    parts = [label]
    if row is not None:
        parts.append(f"row {row}")
    if column:
        parts.append(f"column {column}")
    return ", ".join(parts)


def _listing(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _more(count: int, one: str, many: str) -> str:
    if not count:
        return ""
    rest = (
        f"1 more {one} of this file is" if count == 1 else f"{count:,} more {many} of this file are"
    )
    return f"; {rest} wrong"


# --- files ---------------------------------------------------------------------------------------


def unreadable(label: str, reason: str, help: str = "", row: int | None = None) -> Diagnostic:
    """A file that cannot be opened or is no table."""
    return _error("ALV801", f"this file cannot be read: {reason}", place(label, row), help)


def empty(label: str) -> Diagnostic:
    """A file without rows."""
    return _error(
        "ALV802",
        "this file has no rows of data",
        label,
        "a data file has a line of column names and a line for each session under it",
    )


def no_time_column(label: str, columns: Sequence[str]) -> Diagnostic:
    """No column that says when."""
    return _error(
        "ALV803",
        "no column is called date, time, datetime or timestamp",
        label,
        f"name it with `--map date=COLUMN`; the columns are {_listing(columns)}",
    )


def missing_column(
    label: str, wanted: str, name: str, near: str, columns: Sequence[str]
) -> Diagnostic:
    """A column the ruleset needs."""
    listing = f"the columns are {_listing(columns)}"
    help = f"did you mean `{near}`? Say so with `--map {name}={near}`; {listing}" if near else ""
    return _error(
        "ALV804",
        f"there is no column `{wanted}`, which `{name}` is read from",
        label,
        help or f"name the column with `--map {name}=COLUMN`; {listing}",
    )


def twice_named(label: str, column: str) -> Diagnostic:
    """Two columns of one name, of which the ruleset needs one."""
    return _error(
        "ALV810",
        f"two columns of this file are called `{column}`",
        place(label, None, column),
        "give one of them another name",
    )


def ragged_row(label: str, row: int, cells: int, wanted: int, more: int) -> Diagnostic:
    """A row with more or fewer cells than there are columns."""
    return _error(
        "ALV811",
        f"this row has {cells} {'cell' if cells == 1 else 'cells'}, the first line has {wanted}"
        f"{_more(more, 'row', 'rows')}",
        place(label, row),
        "numbers with commas in them (1,234.5) are written without (1234.5)"
        if cells > wanted
        else "a value that is not known is an empty cell, its comma kept",
    )


def unclosed_quote(label: str, row: int) -> Diagnostic:
    """A quoted cell that goes on after its line."""
    return _error(
        "ALV811",
        'a `"` on this row has no closing `"` on the same row',
        place(label, row),
        "take the quote out, or close it",
    )


def unknown_mapping(name: str, near: str, names: Sequence[str]) -> Diagnostic:
    """A column mapping for a column that the ruleset does not have."""
    help = f"did you mean `{near}`?" if near else f"its columns are {_listing(names)}"
    return _error(
        "ALV812", f"the ruleset has no data column `{name}` to map", f"mapping of {name}", help
    )


def named_in_two_files(column: str, used: str, other: str) -> Diagnostic:
    """A column the ruleset needs, found in several files."""
    return _make(
        Severity.WARNING,
        "ALV813",
        f"this column is also in {other}, which is not used for it",
        place(used, None, column),
        "the file named first is used; take the column out of one of them",
    )


def nothing_in_common(label: str, first: str) -> Diagnostic:
    """A second file none of whose times is a row of the first."""
    return _error(
        "ALV814",
        f"no row of this file has the time of a row of {first}",
        label,
        "files are joined on their times: are both daily, and of one period?",
    )


# --- cells ---------------------------------------------------------------------------------------


def bad_cell(
    label: str, row: int, column: str, cell: str, wanted: str, help: str = "", more: int = 0
) -> Diagnostic:
    """A cell that is not what its column holds."""
    shown = f"`{cell[:40]}`" if cell else "an empty cell"
    return _error(
        "ALV805",
        f"{shown} is not {wanted}{_more(more, 'cell', 'cells')}",
        place(label, row, column),
        help,
    )


def empty_column(label: str, column: str, name: str) -> Diagnostic:
    """A required column in which every cell is missing."""
    return _make(
        Severity.WARNING,
        "ALV815",
        f"every cell of this column is empty: all that needs `{name}` will be unknown",
        place(label, None, column),
        "is it the right column?",
    )


def bad_date_format(form: str) -> Diagnostic:
    """A stated date format that means nothing."""
    return _error(
        "ALV816",
        f"`{form}` is no form of dates",
        "date format",
        "write it as %m/%d/%Y, with %Y the year, %m the month, %d the day, %H:%M the time",
    )


def bad_timezone(name: str) -> Diagnostic:
    """A stated time zone that does not exist."""
    return _error(
        "ALV816", f"there is no time zone `{name}`", "time zone", "write it as America/New_York"
    )


# --- rows ----------------------------------------------------------------------------------------


def duplicate_time(
    label: str, row: int, column: str, cell: str, first: int, more: int = 0
) -> Diagnostic:
    """Two rows of one time."""
    return _error(
        "ALV806",
        f"`{cell}` stands twice: on row {first} and on row {row}{_more(more, 'row', 'rows')}",
        place(label, row, column),
        "keep one row for each time; a file with a row for each contract must be split first",
    )


def unordered_time(
    label: str,
    row: int,
    column: str,
    cell: str,
    above: tuple[int, str],
    newest_first: bool,
    more: int = 0,
) -> Diagnostic:
    """A row that is earlier than the one above it. `above` is that row's number and time."""
    return _error(
        "ALV807",
        f"`{cell}` on row {row} is earlier than `{above[1]}` on row {above[0]} above it"
        f"{_more(more, 'row', 'rows')}",
        place(label, row, column),
        "the file is written newest first: turn it over"
        if newest_first
        else "rows rise in time: sort the file by its dates",
    )


def closed_day(
    label: str, row: int, column: str, day: str, weekday: str, more: int = 0
) -> Diagnostic:
    """A row on a day the exchange was closed."""
    return _error(
        "ALV808",
        f"the exchange was closed on {day} ({weekday}){_more(more, 'row', 'rows')}",
        place(label, row, column),
        "take such rows out of the file, or leave them out with `--skip-closed-days`",
    )


def outside_calendar(
    label: str, row: int, column: str, day: str, first: str, last: str
) -> Diagnostic:
    """A row before or after the sessions that are known."""
    return _error(
        "ALV808",
        f"{day} is outside the sessions that are known, {first} to {last}",
        place(label, row, column),
        "is the year right?",
    )


def closed_days_skipped(label: str, count: int, row: int, day: str) -> Diagnostic:
    """Rows on closed days, left out as asked."""
    rows = "1 row was" if count == 1 else f"{count:,} rows were"
    return _make(
        Severity.WARNING,
        "ALV817",
        f"{rows} left out because the exchange was closed; the first is row {row} ({day})",
        label,
    )


def two_rows_a_session(
    label: str, row: int, column: str, day: str, first: int, more: int = 0
) -> Diagnostic:
    """Several rows of one session where decisions are daily."""
    return _error(
        "ALV818",
        f"the session of {day} has two rows, {first} and {row}{_more(more, 'row', 'rows')}",
        place(label, row, column),
        "this ruleset decides once a session; for shorter bars its header says `bars 1 minute`",
    )


def bars_too_close(
    label: str, row: int, column: str, first: int, minutes: int, more: int = 0
) -> Diagnostic:
    """Two rows nearer to one another than the ruleset's bars are long."""
    return _error(
        "ALV819",
        f"row {row} is less than {minutes} minutes after row {first}{_more(more, 'row', 'rows')}",
        place(label, row, column),
        f"the ruleset's header says that bars last {minutes} minutes; a row's time is its bar's end",
    )


def dates_without_times(label: str, row: int, column: str, cell: str) -> Diagnostic:
    """Daily data where the ruleset wants shorter bars."""
    return _error(
        "ALV819",
        f"`{cell}` has no time of day, and the ruleset decides on bars of minutes",
        place(label, row, column),
        "give the end of each bar, such as 2020-03-16 09:31",
    )


def absent_sessions(label: str, count: int, first: str) -> Diagnostic:
    """Sessions of the exchange that the file has no row for."""
    what = "1 session" if count == 1 else f"{count:,} sessions"
    return _make(
        Severity.ADVICE,
        "ALV820",
        f"the file has no row for {what} of the exchange; the first is {first}",
        label,
        "on those sessions every value is missing; `carry N sessions` on a column fills short gaps",
    )


# --- calendars -----------------------------------------------------------------------------------


def unknown_calendar(name: str, near: str) -> Diagnostic:
    """A calendar that no file and no built-in list holds."""
    help = "give its dates in a CSV file (date, event, scheduled) with `--calendar FILE`"
    return _error(
        "ALV809",
        f"there are no dates for calendar `{name}`",
        "calendars",
        f"did you mean `{near}`? Else {help}" if near else help,
    )
