"""Read data files and frames into a `Market`.

1. A reader for each file's format gives a table; cells of a CSV file stay text.
2. Each column of the schema is found in the tables, by its mapped name.
3. Each table's times are read and its needed columns converted; of what is wrong in a table the
   first row's problem is reported, and how many more there are.
4. The first table's rows are laid on the sessions of the exchange, the others joined on time.
5. Gaps are carried where the ruleset says so, and late columns moved to the row that knows them.
6. Calendars: those of files, then the built-in ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Column, Schema
from alvh_rules.evaluate.inputs import Array, Calendar, Market, Timeline, missing_of
from alvh_rules.market import errors, sessions
from alvh_rules.market.availability import Availability
from alvh_rules.market.events import built_in, read_calendars
from alvh_rules.market.expiries import days_to_expiry
from alvh_rules.market.formats import Heading, Table, read_table, table_from_frame
from alvh_rules.market.macro_dates import DATES
from alvh_rules.market.rows import RowReader, Rows
from alvh_rules.market.times import ISO

if TYPE_CHECKING:
    import pandas

TIME_NAMES = (
    "date",
    "time",
    "datetime",
    "timestamp",
    "trade date",
    "trade_date",
    "__index_level_0__",
)
"""Names of the column of times, in any case; the last is what pandas gives an index in Parquet."""


@dataclass(frozen=True)
class Options:
    """How data is read.

    `mapping` gives, for a ruleset's column, the file's (`vx[2]` or the month's own name for a month
    of a curve; `date` for the column of times). `calendars` are CSV files of events. `timezone` is
    the zone of times without an offset (none: the exchange's own, UTC for bars around the clock); `date_format` is `ISO8601` or a strptime format, tried
    before ISO 8601. `skip_closed_days` leaves rows on closed days out, and says so.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    calendars: Sequence[Path] = ()
    timezone: str = ""
    date_format: str = ISO
    skip_closed_days: bool = False


Found = tuple[Market | None, list[Diagnostic]]


def read_market(paths: Sequence[Path], schema: Schema, options: Options | None = None) -> Found:
    """The market of one or more files: the first sets the rows, the others are joined on time.

    None where a finding is an error; warnings and advice come with the market.
    """
    tables: list[Table] = []
    found: list[Diagnostic] = []
    for path in paths:
        read = read_table(Path(path))
        if isinstance(read, Table):
            tables.append(read)
        else:
            found.append(read)
    if found:
        return None, found
    return _market(tables, schema, options or Options())


def market_from_frame(
    frame: pandas.DataFrame,
    schema: Schema,
    options: Options | None = None,
    calendars: Mapping[str, Calendar] | None = None,
) -> Found:
    """The market of a frame indexed by time, or with a column called date or the like.

    `calendars` stand beside those of `options.calendars`. Rows are counted from one in findings.
    """
    if not len(frame):
        return None, [errors.empty("the frame")]
    table = table_from_frame(frame, "the frame", TIME_NAMES)
    return _market([table], schema, options or Options(), calendars)


@dataclass
class Sought:
    """An array of the schema: its key, its column, and the table and place it is read from."""

    key: str
    column: Column
    table: int = -1
    at: int = -1


@dataclass(frozen=True)
class Prepared:
    """What is known of the input before its rows are read.

    `time_at` is the place of each table's column of times; `found` may hold errors, and then the
    rows are not worth reading.
    """

    schema: Schema
    options: Options
    hours: sessions.Hours
    sought: list[Sought]
    calendars: dict[str, Calendar]
    time_at: list[int]
    found: list[Diagnostic]

    def reader(self, number: int) -> RowReader:
        """A reader of one table's rows."""
        wanted = {item.key: (item.column, item.at) for item in self.sought if item.table == number}
        return RowReader(self.time_at[number], wanted, self.schema.bars, self.hours, self.options)


def prepare(
    headings: Sequence[Heading],
    schema: Schema,
    options: Options,
    calendars: Mapping[str, Calendar] | None = None,
) -> Prepared:
    """Find the columns of the schema under the headings of the tables, and the calendars."""
    hours = sessions.always_open() if schema.bars.always_open else sessions.exchange()
    found = _mapping_problems(schema, options)
    sought, more = _seek(headings, schema, options)
    found += more
    listed, more = _calendars(schema, options, hours, calendars)
    found += more
    times = []
    for heading in headings:
        time_at = _time_column(heading, options)
        if time_at is None:
            found.append(errors.no_time_column(heading.label, heading.names))
        else:
            times.append(time_at)
    return Prepared(schema, options, hours, sought, listed, times, found)


def _market(
    tables: list[Table],
    schema: Schema,
    options: Options,
    calendars: Mapping[str, Calendar] | None = None,
) -> Found:
    prepared = prepare(tables, schema, options, calendars)
    found, hours, sought = prepared.found, prepared.hours, prepared.sought
    if has_errors(found):
        return None, found
    read: list[Rows] = []
    for number, table in enumerate(tables):
        reader = prepared.reader(number)
        rows = reader.read(table)
        found += reader.findings(lambda table=table: iter([table]))  # type: ignore[misc]
        if rows is not None:
            read.append(rows)
    if has_errors(found):
        return None, found
    timeline = _timeline(read[0], schema, hours)
    absences = len(timeline) - int(timeline.present.sum())
    if absences:
        first = str(timeline.dates[np.argmin(timeline.present)])
        found.append(errors.absent_sessions(tables[0].label, absences, first))
    laid: dict[str, Array] = {
        item.key: missing_of(item.column.kind, len(timeline)) for item in sought
    }
    for rows in read:
        places = _places(rows, timeline)
        inside = places >= 0
        if not inside.any():
            found.append(errors.nothing_in_common(rows.label, tables[0].label))
            return None, found
        for key, values in rows.columns.items():
            laid[key][places[inside]] = values[inside]
    known = AsKnown(prepared)
    columns = known.columns(laid, timeline)
    source = ", ".join(table.label for table in tables)
    return Market(timeline, columns, prepared.calendars, known.carried, source), found


# --- columns -------------------------------------------------------------------------------------


def _keys(column: Column) -> list[tuple[str, str]]:
    """The key of each array of a column, and the file's column it is read from."""
    if column.kind is Kind.CURVE:
        return [
            (f"{column.name}[{month}]", source) for month, source in enumerate(column.sources, 1)
        ]
    return [(column.name, column.source)]


def _mapping_problems(schema: Schema, options: Options) -> list[Diagnostic]:
    known = [name for column in schema.columns for pair in _keys(column) for name in pair]
    names = list(dict.fromkeys(column.name for column in schema.columns))
    found = []
    for name in options.mapping:
        if name not in known and name.lower() not in TIME_NAMES:
            near = get_close_matches(name, names, 1, 0.6)
            found.append(errors.unknown_mapping(name, near[0] if near else "", names))
    return found


def _seek(
    tables: Sequence[Heading], schema: Schema, options: Options
) -> tuple[list[Sought], list[Diagnostic]]:
    """Where each array of the schema is read from, and what cannot be found."""
    sought: list[Sought] = []
    found: list[Diagnostic] = []
    for column in schema.columns:
        for key, source in _keys(column):
            wanted = options.mapping.get(key, options.mapping.get(source, source))
            item = Sought(key, column)
            sought.append(item)
            for number, table in enumerate(tables):
                places = _named(table, wanted)
                if not places:
                    continue
                if len(places) > 1:
                    found.append(errors.twice_named(table.label, wanted))
                if item.table < 0:
                    item.table, item.at = number, places[0]
                else:
                    first = tables[item.table]
                    found.append(
                        errors.named_in_two_files(first.names[item.at], first.label, table.label)
                    )
            # A mapping says that the column is there; without one an optional column may not be.
            if item.table < 0 and (not column.optional or wanted != source):
                names = [name for table in tables for name in table.names]
                label = " and ".join(table.label for table in tables)
                near = key if key in names else _nearest(wanted, names)
                found.append(errors.missing_column(label, wanted, key, near, names))
    return sought, found


def _named(table: Heading, name: str) -> list[int]:
    """The places of a name in a table: as written, or else in whatever case."""
    exact = [at for at, other in enumerate(table.names) if other == name]
    if exact:
        return exact
    folded = name.casefold()
    return [at for at, other in enumerate(table.names) if other.casefold() == folded]


def _nearest(wanted: str, names: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in reversed(names)}
    near = get_close_matches(wanted.casefold(), list(folded), 1, 0.6)
    return folded[near[0]] if near else ""


def _time_column(table: Heading, options: Options) -> int | None:
    """The place of the column of times: the mapped one, or the first with such a name."""
    mapped = [wanted for name, wanted in options.mapping.items() if name.lower() in TIME_NAMES]
    for name in (*mapped, *TIME_NAMES):
        places = _named(table, name)
        if places:
            return places[0]
    return None


# --- rows ----------------------------------------------------------------------------------------


def _timeline(rows: Rows, schema: Schema, hours: sessions.Hours) -> Timeline:
    if schema.bars.minutes:
        return sessions.intraday_timeline(hours, rows.times)
    first, last = int(rows.ordinals[0]), int(rows.ordinals[-1])
    return sessions.daily_timeline(hours, first, last, rows.ordinals)


def _places(rows: Rows, timeline: Timeline) -> Array:
    """The row of the timeline that each row of a table goes to, or -1."""
    if timeline.daily:
        at = rows.ordinals - timeline.ordinals[0]
        return np.where((at >= 0) & (at < len(timeline)), at, -1)
    at = np.minimum(np.searchsorted(timeline.times, rows.times), len(timeline) - 1)
    return np.where(timeline.times[at] == rows.times, at, -1)


class AsKnown:
    """Columns as they were known at each row's close, part after part."""

    def __init__(self, prepared: Prepared) -> None:
        self._items = [
            (item, Availability(item.column, prepared.hours)) for item in prepared.sought
        ]

    def columns(self, laid: Mapping[str, Array], timeline: Timeline) -> dict[str, Array]:
        """The next rows' columns, from what the file holds on them."""
        columns: dict[str, Array] = {}
        expiries = {
            item.column.name: days_to_expiry(timeline.dates, len(item.column.sources))
            for item, _ in self._items
            if item.column.kind is Kind.CURVE
        }
        for item, availability in self._items:
            name, values = item.column.name, laid[item.key]
            if item.column.kind is not Kind.CURVE:
                (columns[item.key],) = availability.known(values, timeline)
                continue
            # A settlement goes with the days to expiry of the row it was struck on.
            month = int(item.key[len(name) + 1 : -1])
            days = expiries[name][:, month - 1]
            settled, remaining = availability.known(values, timeline, [days])
            columns[item.key], columns[f"{name}.days[{month}]"] = settled, remaining
        return columns

    @property
    def plain(self) -> bool:
        """Whether every column stands as the input has it: nothing carried, late or of a curve."""
        columns = [item.column for item, _ in self._items]
        return not any(
            column.carry or column.lag_sessions or column.known_time or column.kind is Kind.CURVE
            for column in columns
        )

    def save(self) -> list[dict[str, Any]]:
        """What is remembered of each column, as numbers, lists and dictionaries."""
        return [known.save() for _, known in self._items]

    def load(self, saved: Sequence[Mapping[str, Any]]) -> None:
        """Go on from what `save` gave, of the same schema."""
        for (_, known), remembered in zip(self._items, saved, strict=True):
            known.load(remembered)

    @property
    def carried(self) -> dict[str, int]:
        """How many gaps were filled so far, by column."""
        return {item.key: known.carried for item, known in self._items if known.carried}


# --- calendars -----------------------------------------------------------------------------------


def _calendars(
    schema: Schema,
    options: Options,
    hours: sessions.Hours,
    given: Mapping[str, Calendar] | None,
) -> tuple[dict[str, Calendar], list[Diagnostic]]:
    """The calendars that the ruleset names."""
    read, found = read_calendars(options.calendars, hours)
    if found:
        return {}, found
    known = {**(given or {}), **read}
    chosen: dict[str, Calendar] = {}
    for name in schema.calendars:
        calendar = known.get(name) or built_in(name, hours)
        if calendar is not None:
            chosen[name] = calendar
            continue
        near = get_close_matches(name, [*known, *DATES], 1, 0.6)
        found.append(errors.unknown_calendar(name, near[0] if near else ""))
    return chosen, found
