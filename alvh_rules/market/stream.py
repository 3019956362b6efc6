"""A market of any length, in parts: files of minute bars too long to be held.

1. The columns are found under the file's heading, as for a file that is read whole.
2. The file gives tables of at most `PART` rows. `RowReader` checks and converts each; it remembers
   the last row, and of each fault the first row and how many share it.
3. A part's timeline goes on from the time of the row before it. Gaps and late columns go on from
   what `AsKnown` keeps: of a column the last value, and the rows that are not yet known.
4. Once anything is wrong no more markets are given, but the file is read to its end, so that what
   is found is what reading it whole finds.

The parts have the rows, in order, of the market that reading the file whole gives, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.schema import Schema
from alvh_rules.evaluate.inputs import Array, Market, missing_of
from alvh_rules.market import sessions
from alvh_rules.market.formats import Stream, Table, open_stream
from alvh_rules.market.read import AsKnown, Options, Prepared, prepare
from alvh_rules.market.times import ISO

PART = 131_072
"""The most rows of a part: a few blocks, so that what is done once a part costs little."""


def why_whole(paths: Sequence[Path], schema: Schema, options: Options) -> str:
    """Why input must be read whole, whatever its format; empty where nothing speaks against parts."""
    if len(paths) != 1:
        return "several files are joined on time"
    if not schema.bars.minutes:
        return "the rows of daily bars are the exchange's sessions, not the file's"
    if options.date_format != ISO:
        return "a stated date format is tried on all of a file's times at once"
    return ""


class InParts(Protocol):
    """A market as parts of consecutive rows. `rows` are how many there are at the most.

    `markets` is to be gone through once and to its end; `found` then holds all findings, and where
    one is an error the parts that were given are worth nothing. `carried` then counts the gaps that
    were filled, by column.
    """

    rows: int
    found: list[Diagnostic]

    @property
    def carried(self) -> Mapping[str, int]: ...

    def markets(self) -> Iterator[Market]: ...


class OnePart:
    """A market that was read whole, with its findings."""

    def __init__(self, market: Market, found: list[Diagnostic]) -> None:
        self._market = market
        self.rows = len(market.timeline)
        self.found = found

    @property
    def carried(self) -> Mapping[str, int]:
        """The gaps that were filled, by column."""
        return self._market.carried

    def markets(self) -> Iterator[Market]:
        """The market."""
        yield self._market


class MarketStream:
    """The market of one file, in parts."""

    def __init__(self, source: Stream, prepared: Prepared, part: int) -> None:
        self.rows = source.rows
        self.found = list(prepared.found)
        self._source, self._prepared, self._part = source, prepared, part
        self._known = AsKnown(prepared)

    @property
    def carried(self) -> Mapping[str, int]:
        """The gaps that were filled so far, by column."""
        return self._known.carried

    def markets(self) -> Iterator[Market]:
        """The parts, in order, none without rows."""
        prepared, hours = self._prepared, self._prepared.hours
        reader = prepared.reader(0)
        time_at = prepared.time_at[0]
        places = [time_at, *(item.at for item in prepared.sought if item.table == 0)]
        before: Array | None = None
        for part in self._source.parts(places, self._part):
            if isinstance(part, Diagnostic):
                self.found = [part]
                return
            rows = reader.read(part)
            if reader.refused:
                break
            if rows is None or not len(rows.times):
                continue
            timeline = sessions.intraday_timeline(hours, rows.times, before)
            before = rows.times[-1:].copy()
            laid: dict[str, Any] = {
                item.key: missing_of(item.column.kind, len(timeline)) for item in prepared.sought
            }
            laid.update(rows.columns)
            columns = self._known.columns(laid, timeline)
            yield Market(timeline, columns, prepared.calendars, {}, self._source.label)

        def again() -> Iterator[Table]:
            parts = self._source.parts([time_at], self._part)
            return (part for part in parts if isinstance(part, Table))

        self.found += reader.findings(again)


def stream_market(
    path: Path, schema: Schema, options: Options, part: int = PART
) -> MarketStream | list[Diagnostic] | None:
    """The market of a file in parts of at most so many rows, or what is wrong before any row is read.

    For input of which `why_whole` says nothing; None where the file's format has no parts.
    """
    source = open_stream(Path(path))
    if source is None:
        return None
    if isinstance(source, Diagnostic):
        return [source]
    prepared = prepare([source], schema, options)
    return prepared.found if has_errors(prepared.found) else MarketStream(source, prepared, part)
