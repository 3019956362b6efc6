"""Calendars of events: the built-in ones, and those of CSV files (date, event, time, scheduled).

A file's calendar replaces the built-in one of its name and stands beside the others. What a calendar
covers is whole years: from the first of January of its first date's year to the end of its last
date's; outside of them it is silent. A date on which the exchange was closed belongs to the next
session; one released after the close belongs to its own date all the same. The time of release is
checked to be one, and not kept: decisions fall at closes.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Calendar
from alvh_rules.market import errors
from alvh_rules.market.columns import MISSING
from alvh_rules.market.macro_dates import DATES
from alvh_rules.market.sessions import FIRST, LAST, Hours, exchange

Listed = list[tuple[datetime.date, bool]]

_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TIME_COLUMNS = ("time", "time_et")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


def build(
    name: str, days: Iterable[tuple[datetime.date, bool]], hours: Hours | None = None
) -> Calendar:
    """A calendar from its dates (one or more) and whether each was announced in advance."""
    hours = hours or exchange()
    ordered = sorted(set(days))
    dates = np.array([day for day, _ in ordered], dtype="datetime64[D]")
    first = np.datetime64(f"{ordered[0][0].year}-01-01", "D")
    last = np.datetime64(f"{ordered[-1][0].year}-12-31", "D")
    return Calendar(
        name,
        dates,
        hours.ordinals(dates),
        np.array([scheduled for _, scheduled in ordered], dtype=bool),
        first,
        last,
        int(np.searchsorted(hours.sessions, first)),
        int(np.searchsorted(hours.sessions, last, "right")) - 1,
    )


def built_in(name: str, hours: Hours | None = None) -> Calendar | None:
    """One of the calendars that come with the package, or None."""
    text = DATES.get(name)
    if text is None:
        return None
    days = []
    year = 0
    for word in text.split():
        if word.isdigit():
            year = int(word)
            continue
        month, day = word.rstrip("*").split("-")
        days.append((datetime.date(year, int(month), int(day)), not word.endswith("*")))
    return build(name, days, hours)


def read_calendars(
    paths: Sequence[Path], hours: Hours | None = None
) -> tuple[dict[str, Calendar], list[Diagnostic]]:
    """The calendars of some files by event name, and the first problem of each bad file."""
    found: list[Diagnostic] = []
    days: dict[str, Listed] = {}
    for path in paths:
        problem = _read_file(Path(path), str(path), days)
        if problem is not None:
            found.append(problem)
    return {name: build(name, items, hours) for name, items in days.items()}, found


def _read_file(path: Path, label: str, days: dict[str, Listed]) -> Diagnostic | None:
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        return errors.unreadable(label, "it is a folder")
    except OSError as problem:
        return errors.unreadable(label, (problem.strerror or "it cannot be opened").lower())
    if b"\0" in data:
        return errors.unreadable(
            label, "it holds binary data, not text", "a calendar is a CSV file"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        row = data.count(b"\n", 0, problem.start) + 1
        return errors.unreadable(label, "it is no text in UTF-8", "save it as CSV in UTF-8", row)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not any(names):
            return errors.empty(label)
        for wanted in ("date", "event"):
            if wanted not in names:
                return errors.missing_column(label, wanted, "a calendar", "", names)
        seen: dict[tuple[str, datetime.date], int] = {}
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                return errors.ragged_row(label, reader.line_num, len(cells), len(names), 0)
            values = dict(zip(names, (cell.strip() for cell in cells), strict=True))
            found = _read_row(values, label, reader.line_num, seen, days)
            if found is not None:
                return found
    except csv.Error as problem:
        return errors.unreadable(label, str(problem), "", reader.line_num)
    return None if seen else errors.empty(label)


def _read_row(
    row: dict[str, str],
    label: str,
    number: int,
    seen: dict[tuple[str, datetime.date], int],
    days: dict[str, Listed],
) -> Diagnostic | None:
    try:
        day = datetime.date.fromisoformat(row["date"])
    except ValueError:
        wanted, help = "a date", "write it as 2020-03-16"
        return errors.bad_cell(label, number, "date", row["date"], wanted, help)
    if not FIRST <= str(day) <= LAST:
        return errors.outside_calendar(label, number, "date", str(day), FIRST, LAST)
    event = row["event"]
    if not event.isidentifier():
        help = "a calendar's name is a word, such as fomc: letters, digits and _"
        return errors.bad_cell(label, number, "event", event, "the name of a calendar", help)
    for column in _TIME_COLUMNS:
        clock = row.get(column, "")
        if clock.lower() not in MISSING and not _CLOCK.fullmatch(clock):
            return errors.bad_cell(
                label, number, column, clock, "a time", "write it as 08:30, Eastern time"
            )
    flag = row.get("scheduled", "true").lower()
    if flag not in _TRUTH:
        return errors.bad_cell(label, number, "scheduled", flag, "true or false")
    first = seen.setdefault((event, day), number)
    if first != number:
        return errors.duplicate_time(label, number, "date", f"{event} of {day}", first)
    days.setdefault(event, []).append((day, _TRUTH[flag]))
    return None
