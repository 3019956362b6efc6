"""The rows of a file as messages: history played as if it were live.

Any format that `alvh run` reads. Cells come as the file has them, and the intake judges them one by
one: a bad cell is quarantined here, where `alvh run` refuses the file. At a speed of 1 an hour takes an
hour, at 3600 a second; without one, rows come as fast as they are taken. Taken up again, it goes on
after the row of the last bar that is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.feeds.record import Asked, Connected, Feed, FeedRecord, Lost
from alvh_rules.live.messages import Message, from_fields
from alvh_rules.market.formats import Table, read_table
from alvh_rules.market.read import TIME_NAMES

_PART = 4096


class Replay:
    """The rows of a table, paced by the differences of their times."""

    def __init__(self, table: Table, asked: Asked) -> None:
        self._table, self._asked = table, asked
        mapped = [v for k, v in asked.settings.options.mapping.items() if k.lower() in TIME_NAMES]
        wanted = [asked.settings.time] if asked.settings.time else [*mapped, *TIME_NAMES]
        folded = [name.casefold() for name in table.names]
        self._time_at = next(
            (folded.index(n.casefold()) for n in wanted if n.casefold() in folded), -1
        )

    def messages(self, stopped: Event) -> Iterator[Message | Connected | Lost]:
        """The messages, until the table ends."""
        yield Connected()
        before: datetime | None = None
        for fields in self._rest():
            if self._asked.speed and self._time_at >= 0:
                time = _moment(fields.get(self._table.names[self._time_at]))
                if before is not None and time is not None:
                    stopped.wait(max((time - before).total_seconds() / self._asked.speed, 0.0))
                before = time or before
            if stopped.is_set():
                return
            yield from_fields(fields)

    def _rest(self) -> Iterator[dict[str, Any]]:
        rows = self._rows()
        last = _moment(self._asked.after) if self._asked.after else None
        if last is None or self._time_at < 0:
            yield from rows
            return
        name = self._table.names[self._time_at]
        skipped: list[dict[str, Any]] = []
        for fields in rows:
            if _same_bar(fields.get(name), self._asked.after):
                skipped = []
                yield from rows
                return
            skipped.append(fields)
        # The last bar is not of this file: every row is told, and the intake knows which are late.
        yield from skipped

    def _rows(self) -> Iterator[dict[str, Any]]:
        table = self._table
        columns = [table.fetch(at) for at in range(len(table.names))]
        for start in range(0, len(table.lines), _PART):
            part = [column.slice(start, _PART).to_pylist() for column in columns]
            for cells in zip(*part, strict=True):
                yield dict(zip(table.names, cells, strict=True))


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        found = value
    else:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _same_bar(value: Any, key: str) -> bool:
    """Whether a cell, as most files write times, is of a bar's key."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if len(text) == 8 and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if len(key) == 10:
        return text[:10] == key
    try:
        return bool(
            np.datetime64(text.strip().replace(" ", "T")) == np.datetime64(key.replace(" ", "T"))
        )
    except ValueError:
        return False


def _make(asked: Asked) -> Feed:
    path = asked.address.removeprefix(RECORD.scheme)
    table = read_table(Path(path))
    if isinstance(table, Diagnostic):
        raise LiveError(table)
    if asked.speed < 0:
        raise LiveError(errors.unusable("feed", asked.address, "a speed is not below zero"))
    return Replay(table, asked)


RECORD = FeedRecord(
    "replay:", "replay:FILE", "the rows of a file, at any --speed", _make, virtual=True
)
