"""File formats: a record each, from a path to a `Table` of Arrow columns.

Cells of a text format stay text here, so that a bad one can be named by the row an editor shows.
A format is added by one more `Format` in `FORMATS`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Integer
from alvh_rules.market import errors

if TYPE_CHECKING:
    import pandas


class Heading(Protocol):
    """The name of an input and the names of its columns."""

    @property
    def label(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Table:
    """Rows as read: `fetch(i)` is column i as an Arrow array, `lines` the number of each row."""

    label: str
    names: tuple[str, ...]
    fetch: Callable[[int], Any]
    lines: Integer


@dataclass(frozen=True)
class Stream:
    """A file to be read in parts, as often as it is asked for.

    `rows` is how many it holds. `parts(places, most)` gives tables of at most so many rows, in
    order, of which the columns of those places can be fetched; a file that turns out to be damaged
    gives a finding, and ends there.
    """

    label: str
    names: tuple[str, ...]
    rows: int
    parts: Callable[[Sequence[int], int], Iterator[Table | Diagnostic]]


@dataclass(frozen=True)
class Format:
    """A file format: its endings, and how a path becomes a table or a finding.

    A file that begins with `begins` can also become a stream.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path, str], Table | Diagnostic]
    stream: Callable[[Path, str], Stream | Diagnostic] | None = None
    begins: bytes = b""


def open_stream(path: Path) -> Stream | Diagnostic | None:
    """The stream of a file, or None where it can only be read whole."""
    label = str(path)
    chosen = next((item for item in FORMATS if path.suffix.lower() in item.endings), None)
    if chosen is None or chosen.stream is None:
        return None
    try:
        with path.open("rb") as file:
            if file.read(len(chosen.begins)) != chosen.begins:
                return None
        found = chosen.stream(path, label)
    except OSError:
        # Reading it whole says why.
        return None
    return errors.empty(label) if isinstance(found, Stream) and not found.rows else found


def read_table(path: Path) -> Table | Diagnostic:
    """The table in a file, by the ending of its name."""
    label = str(path)
    if path.is_dir():
        return errors.unreadable(label, "it is a folder")
    chosen = next((item for item in FORMATS if path.suffix.lower() in item.endings), None)
    if chosen is None:
        endings = ", ".join(ending for item in FORMATS for ending in item.endings)
        return errors.unreadable(label, f"its name must end in one of {endings}")
    try:
        with path.open("rb") as file:
            if not file.read(1):
                return errors.empty(label)
        table = chosen.read(path, label)
    except OSError as problem:
        return _unreadable(label, problem, chosen.name)
    if isinstance(table, Table) and not len(table.lines):
        return errors.empty(label)
    return table


def _unreadable(label: str, problem: OSError, name: str) -> Diagnostic:
    reason = problem.strerror.lower() if problem.strerror else f"it is no {name} file"
    return errors.unreadable(label, reason)


def table_from_frame(frame: pandas.DataFrame, label: str, times: tuple[str, ...]) -> Table:
    """The table in a pandas frame; its index is a column where it holds the times."""
    import pandas

    index = frame.index
    named = isinstance(index.name, str) and index.name.strip().lower() in times
    has_times = any(str(name).strip().lower() in times for name in frame.columns)
    series = [frame.iloc[:, at] for at in range(frame.shape[1])]
    names = [str(name) for name in frame.columns]
    if isinstance(index, pandas.PeriodIndex):
        index = index.to_timestamp()
    is_times = isinstance(index, pandas.DatetimeIndex) or named or not has_times
    if is_times and not isinstance(index, pandas.RangeIndex):
        name = str(index.name) if named else "date"
        kept = [at for at, other in enumerate(names) if other.strip().lower() not in times]
        series = [pandas.Series(index), *(series[at] for at in kept)]
        names = [name, *(names[at] for at in kept)]
    return Table(
        label,
        tuple(names),
        lambda at: _from_series(series[at]),
        np.arange(1, len(frame) + 1, dtype=np.int64),
    )


def _from_series(series: Any) -> Any:
    import pyarrow

    try:
        found = pyarrow.Array.from_pandas(series)
    except (pyarrow.ArrowException, TypeError, ValueError):
        # Cells of several types: each is read as the text that it shows.
        texts = [None if item is None or item != item else str(item) for item in series]
        return pyarrow.array(texts, type=pyarrow.string())
    return _plain(found)


def _plain(column: Any) -> Any:
    """A column as one array without dictionary encoding."""
    import pyarrow

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pyarrow.ChunkedArray):
            column = pyarrow.concat_arrays(column.chunks)
    return column.dictionary_decode() if pyarrow.types.is_dictionary(column.type) else column


def _from_arrow(table: Any, label: str) -> Table:
    return Table(
        label,
        tuple(table.column_names),
        lambda at: _plain(table.column(at)),
        np.arange(1, table.num_rows + 1, dtype=np.int64),
    )


def _read_parquet(path: Path, label: str) -> Table | Diagnostic:
    import pyarrow
    from pyarrow import parquet

    try:
        return _from_arrow(parquet.ParquetFile(path).read(), label)
    except pyarrow.ArrowException:
        return errors.unreadable(label, "it is no Parquet file, or a damaged one")


def _read_arrow(path: Path, label: str) -> Table | Diagnostic:
    import pyarrow
    from pyarrow import feather, ipc

    try:
        return _from_arrow(feather.read_table(path, memory_map=False), label)
    except pyarrow.ArrowException:
        pass
    try:
        with path.open("rb") as file, ipc.open_stream(file) as stream:
            return _from_arrow(stream.read_all(), label)
    except pyarrow.ArrowException:
        return errors.unreadable(label, "it is no Arrow or Feather file, or a damaged one")


def _stream_parquet(path: Path, label: str) -> Stream | Diagnostic:
    import pyarrow
    from pyarrow import parquet

    damaged = errors.unreadable(label, "it is no Parquet file, or a damaged one")

    def opened() -> Any:
        # Without a buffer a column of a row group, of whatever size, is read at once.
        return parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)

    def parts(places: Sequence[int], most: int) -> Iterator[Table | Diagnostic]:
        wanted = sorted({names[at] for at in places})
        try:
            with opened() as file:
                batches = file.iter_batches(most, columns=wanted, use_threads=False)
                yield from _numbered(batches, label, names)
        except pyarrow.ArrowException:
            yield damaged
        except OSError as problem:
            yield _unreadable(label, problem, "Parquet")

    try:
        with opened() as file:
            names = tuple(file.schema_arrow.names)
            return Stream(label, names, file.metadata.num_rows, parts)
    except pyarrow.ArrowException:
        return damaged


def _stream_arrow(path: Path, label: str) -> Stream | Diagnostic:
    import pyarrow
    from pyarrow import dataset, ipc

    damaged = errors.unreadable(label, "it is no Arrow or Feather file, or a damaged one")

    def parts(places: Sequence[int], most: int) -> Iterator[Table | Diagnostic]:
        try:
            with pyarrow.OSFile(str(path)) as file:
                reader = ipc.open_file(
                    file, options=ipc.IpcReadOptions(included_fields=sorted(set(places)))
                )
                whole = (reader.get_batch(at) for at in range(reader.num_record_batches))
                batches = (
                    batch.slice(start, most)
                    for batch in whole
                    for start in range(0, batch.num_rows, most)
                )
                yield from _numbered(batches, label, names)
        except pyarrow.ArrowException:
            yield damaged
        except OSError as problem:
            yield _unreadable(label, problem, "Arrow")

    try:
        with pyarrow.OSFile(str(path)) as file:
            names = tuple(ipc.open_file(file).schema.names)
        # Counted from the batches' headers: nothing else is read.
        return Stream(label, names, dataset.dataset(path, format="ipc").count_rows(), parts)
    except pyarrow.ArrowException:
        return damaged


def _numbered(batches: Iterator[Any], label: str, names: tuple[str, ...]) -> Iterator[Table]:
    """Record batches as tables; rows are counted from one through all of them."""
    start = 1
    for batch in batches:
        lines = np.arange(start, start + batch.num_rows, dtype=np.int64)
        start += batch.num_rows
        yield Table(label, names, partial(_fetched, batch, names), lines)


def _fetched(batch: Any, names: tuple[str, ...], at: int) -> Any:
    return _plain(batch.column(names[at]))


def _read_csv(path: Path, label: str) -> Table | Diagnostic:
    import pyarrow
    from pyarrow import csv as arrow_csv

    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return errors.unreadable(label, "it is text in UTF-16", "save it as CSV in UTF-8")
    if b"\0" in data or data.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b")):
        return errors.unreadable(
            label, "it holds binary data, not text", "export the table as CSV, in UTF-8"
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        row = data.count(b"\n", 0, problem.start) + 1
        return errors.unreadable(
            label, "it is no text in UTF-8", "save the file as CSV in UTF-8", row
        )
    # Arrow leaves blank lines out: what is counted here keeps the rows' numbers those of an editor.
    lines = data.splitlines()
    filled = [number for number, line in enumerate(lines, 1) if line]
    if not data.strip():
        return errors.empty(label)
    header = lines[filled[0] - 1].decode("utf-8")
    delimiter = max((",", ";", "\t"), key=header.count)
    try:
        names = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return errors.unreadable(label, "its first line is no list of column names")
    ragged: list[Any] = []

    def skip(row: Any) -> str:
        ragged.append(row)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pyarrow.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, autogenerate_column_names=True, block_size=1 << 24
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=False, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{at}": pyarrow.string() for at in range(len(names))},
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowException as problem:
        return errors.unreadable(label, str(problem).splitlines()[0])
    if table.num_rows + len(ragged) != len(filled):
        odd = next((at for at, line in enumerate(lines, 1) if line.count(b'"') % 2), 1)
        return errors.unclosed_quote(label, odd)
    if ragged:
        first = ragged[0]
        row = filled[first.number - 1]
        if first.text.count('"') % 2:
            return errors.unclosed_quote(label, row)
        return errors.ragged_row(
            label, row, first.actual_columns, first.expected_columns, len(ragged) - 1
        )
    body = table.slice(1)
    return Table(
        label,
        tuple(re.sub(r"\s+", " ", name).strip() for name in names),
        lambda at: _plain(body.column(at)),
        np.array(filled[1:], dtype=np.int64),
    )


FORMATS = (
    Format("CSV", (".csv", ".tsv", ".txt"), _read_csv),
    Format("Parquet", (".parquet", ".pq"), _read_parquet, _stream_parquet, b"PAR1"),
    Format("Arrow", (".arrow", ".feather", ".ipc"), _read_arrow, _stream_arrow, b"ARROW1"),
)
"""Every format that can be read."""
