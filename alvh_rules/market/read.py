"""Read data files and frames into a `Market`.

1. A reader for the file's format gives a pandas frame; CSV cells stay text, so that a bad one can
   be named by its row and column.
2. The time column is found and read; rows must rise strictly in time.
3. Each column of the schema is taken by its mapped name and converted, cell by cell where it fails.
4. Rows are laid on the exchange's sessions, gaps carried where the ruleset says so, and columns
   known late are moved to the row on which they are known: first carry, then move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.core.schema import Column, Schema
from alvh_rules.evaluate.inputs import Calendar, Market, Timeline
from alvh_rules.market import errors, sessions
from alvh_rules.market.events import built_in, read_calendars

if TYPE_CHECKING:
    import pandas

Array = np.ndarray[Any, Any]

_TIMES = ("date", "time", "datetime", "timestamp")
_BLANK = ("", "na", "nan", "null", "none", "n/a")
_FLAGS = {
    "true": TRUE,
    "1": TRUE,
    "yes": TRUE,
    "1.0": TRUE,
    "false": FALSE,
    "0": FALSE,
    "no": FALSE,
    "0.0": FALSE,
}
_POSITIVE = (Kind.PRICE, Kind.VOLATILITY)


@dataclass(frozen=True)
class Options:
    """How files are read. `mapping` gives the file's column for a ruleset's name."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    calendars: Sequence[Path] = ()
    timezone: str = "America/New_York"
    date_format: str = "ISO8601"
    skip_closed_days: bool = False


def _csv(path: Path) -> pandas.DataFrame:
    import pandas

    return pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _parquet(path: Path) -> pandas.DataFrame:
    import pandas

    return pandas.read_parquet(path)


def _arrow(path: Path) -> pandas.DataFrame:
    import pandas

    return pandas.read_feather(path)


READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
}
"""A reader for each ending; a new format is one more entry."""


def read_market(
    paths: Sequence[Path], schema: Schema, options: Options | None = None
) -> tuple[Market | None, list[Diagnostic]]:
    """The market of some files: the first sets the rows, the others are joined to them on time."""
    options = options or Options()
    frame = None
    for path in paths:
        more, problem = _load(path)
        if problem is not None:
            return None, [problem]
        frame, problem = _join(frame, more, str(path), options)
        if problem is not None:
            return None, [problem]
    calendars, found = read_calendars(options.calendars)
    if found:
        return None, found
    return _market(frame, schema, options, calendars, str(paths[0]))


def market_from_frame(
    frame: pandas.DataFrame, schema: Schema, options: Options | None = None
) -> tuple[Market | None, list[Diagnostic]]:
    """The market of a frame indexed by time, or with a column called date or the like."""
    options = options or Options()
    calendars, found = read_calendars(options.calendars)
    if found:
        return None, found
    if not any(str(name).lower() in _TIMES for name in frame.columns):
        frame = frame.rename_axis("date").reset_index()
    return _market(frame, schema, options, calendars, "the frame")


def _load(path: Path) -> tuple[Any, Diagnostic | None]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(READERS)
        return None, errors.unreadable(str(path), f"its name must end in one of {known}")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if not head:
            return None, errors.empty(str(path))
        if path.suffix.lower() == ".csv" and b"\0" in head:
            return None, errors.unreadable(str(path), "it holds binary data, not text")
        frame = reader(path)
    except OSError as problem:
        return None, errors.unreadable(str(path), problem.strerror or str(problem))
    except UnicodeDecodeError:
        return None, errors.unreadable(str(path), "it is no text in UTF-8")
    except Exception as problem:  # pandas and Arrow raise many kinds for a malformed file
        return None, errors.unreadable(str(path), str(problem).splitlines()[0])
    if not len(frame):
        return None, errors.empty(str(path))
    return frame, None


def _join(first: Any, more: Any, path: str, options: Options) -> tuple[Any, Diagnostic | None]:
    if first is None:
        return more, None
    name, other = _time_name(first), _time_name(more)
    if name is None or other is None:
        return None, errors.no_time_column(path, list(map(str, more.columns)))
    more = more.rename(columns={other: name})
    extra = [column for column in more.columns if column == name or column not in first.columns]
    return first.merge(more[extra].drop_duplicates(name), on=name, how="left"), None


def _time_name(frame: Any) -> Any:
    return next((name for name in frame.columns if str(name).strip().lower() in _TIMES), None)


def _market(
    frame: Any, schema: Schema, options: Options, calendars: dict[str, Calendar], path: str
) -> tuple[Market | None, list[Diagnostic]]:
    if not len(frame):
        return None, [errors.empty(path)]
    times, problem = _times(frame, schema, options, path)
    if problem is not None:
        return None, [problem]
    raw: dict[str, Array] = {}
    available = [str(name) for name in frame.columns]
    for column in schema.columns:
        names = column.sources or (column.source,)
        for month, source in enumerate(names, 1):
            wanted = options.mapping.get(column.name, source) if not column.sources else source
            if wanted not in available:
                if column.optional:
                    raw[_key(column, month)] = _absent(column, len(frame))
                    continue
                near = get_close_matches(
                    wanted.lower(), [name.lower() for name in available], 1, 0.6
                )
                real = next((name for name in available if near and name.lower() == near[0]), "")
                return None, [errors.missing_column(path, wanted, column.name, real, available)]
            values, problem = _convert(frame[wanted], column, path, wanted)
            if problem is not None:
                return None, [problem]
            raw[_key(column, month)] = values
    placed = _place(times, schema, options, path)
    if isinstance(placed, Diagnostic):
        return None, [placed]
    timeline, positions, kept = placed
    columns: dict[str, Array] = {}
    carried: dict[str, int] = {}
    for column in schema.columns:
        for month in range(1, len(column.sources or (column.source,)) + 1):
            key = _key(column, month)
            laid = _absent(column, len(timeline))
            laid[positions] = raw[key][kept]
            laid, count = _carry(laid, column)
            if count:
                carried[key] = count
            columns[key] = _delay(laid, column, timeline)
    found: list[Diagnostic] = []
    for name in schema.calendars:
        if name not in calendars:
            calendar = built_in(name)
            if calendar is None:
                near = get_close_matches(name, list(calendars), 1, 0.6)
                found.append(errors.unknown_calendar(name, near[0] if near else ""))
            else:
                calendars[name] = calendar
    if found:
        return None, found
    return Market(timeline, columns, calendars, carried, path), []


def _key(column: Column, month: int) -> str:
    return f"{column.name}[{month}]" if column.kind is Kind.CURVE else column.name


def _absent(column: Column, rows: int) -> Array:
    if column.kind is Kind.FLAG:
        return np.zeros(rows, dtype=np.int8)
    if column.kind is Kind.LABEL:
        return np.full(rows, -1, dtype=np.int16)
    return np.full(rows, np.nan)


def _times(
    frame: Any, schema: Schema, options: Options, path: str
) -> tuple[Any, Diagnostic | None]:
    import pandas

    name = _time_name(frame)
    if name is None:
        return None, errors.no_time_column(path, [str(item) for item in frame.columns])
    cells = frame[name]
    if cells.dtype == object or str(cells.dtype).startswith("str"):
        cells = cells.astype(str).str.strip()
    aware = getattr(cells.dtype, "tz", None) is not None
    try:
        stamps = pandas.to_datetime(
            cells,
            format=options.date_format if not aware else None,
            errors="coerce",
            utc=aware or None,
        )
        bad = stamps.isna().to_numpy()
    except (ValueError, TypeError):
        stamps, bad = None, np.ones(len(cells), dtype=bool)
    if bad.any() or stamps is None:
        row = int(np.argmax(bad))
        where = f"{path}, row {row + 2}, column {name}"
        help = "dates are written 2020-03-16; another form is stated with `--date-format`, for example %m/%d/%Y"
        return None, errors.bad_cell(where, str(cells.iloc[row]), "a date or time", help)
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_convert(options.timezone).dt.tz_localize(None)
    values = stamps.to_numpy().astype("datetime64[ns]")
    steps = np.diff(values.astype(np.int64))
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        where = f"{path}, row {row + 2}, column {name}"
        this, before = str(cells.iloc[row]), str(cells.iloc[row - 1])
        return None, errors.out_of_order(where, this, before, bool(steps[row - 1] == 0))
    return values, None


def _convert(cells: Any, column: Column, path: str, name: str) -> tuple[Array, Diagnostic | None]:
    import pandas

    def bad(mask: Array, wanted: str, help: str = "") -> Diagnostic:
        row = int(np.argmax(mask))
        return errors.bad_cell(
            f"{path}, row {row + 2}, column {name}", str(cells.iloc[row]), wanted, help
        )

    text = cells.astype(str).str.strip()
    blank = (text.str.lower().isin(_BLANK) | cells.isna()).to_numpy()
    none = np.array([])
    if column.kind is Kind.FLAG:
        codes = text.str.lower().map(_FLAGS)
        wrong = codes.isna().to_numpy() & ~blank
        if wrong.any():
            return none, bad(wrong, "true or false")
        return np.where(blank, UNKNOWN, codes.fillna(0).to_numpy()).astype(np.int8), None
    if column.kind is Kind.LABEL:
        codes = text.map({word: code for code, word in enumerate(column.labels)})
        wrong = codes.isna().to_numpy() & ~blank
        if wrong.any():
            return none, bad(wrong, "one of " + ", ".join(column.labels))
        return np.where(blank, -1, codes.fillna(-1).to_numpy()).astype(np.int16), None
    if column.kind is Kind.DATE:
        stamps = pandas.to_datetime(text.where(~blank), format="ISO8601", errors="coerce")
        wrong = stamps.isna().to_numpy() & ~blank
        if wrong.any():
            return none, bad(wrong, "a date such as 2020-03-16")
        days = stamps.to_numpy().astype("datetime64[D]").astype(np.float64)
        return np.where(blank, np.nan, days), None
    numbers = pandas.to_numeric(text.where(~blank), errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    wrong = np.isnan(numbers) & ~blank
    if wrong.any():
        return none, bad(wrong, "a number", "numbers are written without thousands separators")
    if np.isinf(numbers).any():
        return none, bad(np.isinf(numbers), "a finite number")
    if column.kind in _POSITIVE and (numbers <= 0).any():
        what = f"{column.kind.value} above zero"
        return none, bad(
            numbers <= 0,
            f"a {what}",
            "nothing trades at zero: leave the cell blank if it is not known",
        )
    return numbers, None


Placed = tuple[Timeline, Array, Array]


def _place(times: Array, schema: Schema, options: Options, path: str) -> Placed | Diagnostic:
    """The timeline, the row each kept input row goes to, and which input rows are kept."""
    all_sessions = sessions.exchange_sessions()
    dates = times.astype("datetime64[D]")
    if schema.bars.always_open:
        first, last = dates[0], dates[-1]
        all_sessions = np.arange(first, last + np.timedelta64(8, "D"))
    ordinals = np.searchsorted(all_sessions, dates).astype(np.int64)
    inside = ordinals < len(all_sessions)
    is_open = np.zeros(len(dates), dtype=bool)
    is_open[inside] = all_sessions[ordinals[inside]] == dates[inside]
    if not is_open.all() and not options.skip_closed_days:
        row = int(np.argmin(is_open))
        return errors.closed_day(f"{path}, row {row + 2}", str(dates[row]))
    kept = np.flatnonzero(is_open)
    if not len(kept):
        return errors.empty(path)
    times, dates, ordinals = times[kept], dates[kept], ordinals[kept]
    if schema.bars.minutes:
        if schema.bars.always_open:
            closes = (all_sessions + np.timedelta64(1, "D")).astype("datetime64[ns]")
        else:
            closes = _local_closes(options.timezone)
        line = sessions.intraday_timeline(times, dates, ordinals, all_sessions, closes)
        return line, np.arange(len(kept)), kept
    if (np.diff(ordinals) == 0).any():
        row = int(np.argmax(np.diff(ordinals) == 0)) + 1
        return errors.out_of_order(f"{path}, row {int(kept[row]) + 2}", str(dates[row]), "", True)
    first = int(ordinals[0])
    span = all_sessions[first : int(ordinals[-1]) + 1]
    line = sessions.daily_timeline(span, dates, all_sessions, first)
    return line, ordinals - first, kept


def _local_closes(timezone: str) -> Array:
    import pandas

    closes = pandas.DatetimeIndex(sessions.exchange_closes(), tz="UTC")
    return np.asarray(closes.tz_convert(timezone).tz_localize(None).values.astype("datetime64[ns]"))


def _carry(values: Array, column: Column) -> tuple[Array, int]:
    """Fill gaps with the last value, at most `carry` rows far."""
    if not column.carry or values.dtype != np.float64:
        return values, 0
    rows = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows))
    fill = np.isnan(values) & (last >= 0) & (rows - last <= column.carry)
    out = values.copy()
    out[fill] = values[last[fill]]
    return out, int(fill.sum())


def _delay(values: Array, column: Column, timeline: Timeline) -> Array:
    """Move each value to the row on which it is known."""
    hours = column.known_time.split(":") if column.known_time else []
    late = bool(hours) and (int(hours[0]), int(hours[1])) > (16, 0)
    sessions_late = column.lag_sessions + (1 if late else 0)
    if not sessions_late:
        return values
    out = _absent(column, len(values))
    ordinals = timeline.ordinals
    at = np.searchsorted(ordinals, ordinals - sessions_late, "right") - 1
    known = (at >= 0) & (ordinals[np.maximum(at, 0)] == ordinals - sessions_late)
    out[known] = values[at[known]]
    return out
