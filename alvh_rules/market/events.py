"""Calendars of events: the built-in ones, and those of a CSV file (date, event, time, scheduled).

What a calendar covers is whole years: from the first of its first year to the last of its last.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Calendar
from alvh_rules.market import errors
from alvh_rules.market.macro_dates import DATES
from alvh_rules.market.sessions import exchange_sessions, ordinal_of


def build(name: str, days: Iterable[tuple[datetime.date, bool]]) -> Calendar:
    """A calendar from its dates and whether each was scheduled."""
    ordered = sorted(set(days))
    dates = np.array([day for day, _ in ordered], dtype="datetime64[D]")
    first = np.datetime64(f"{ordered[0][0].year}-01-01", "D")
    last = np.datetime64(f"{ordered[-1][0].year}-12-31", "D")
    sessions = exchange_sessions()
    return Calendar(
        name,
        dates,
        ordinal_of(dates),
        np.array([scheduled for _, scheduled in ordered], dtype=bool),
        first,
        last,
        int(np.searchsorted(sessions, first)),
        int(np.searchsorted(sessions, last, "right")) - 1,
    )


def built_in(name: str) -> Calendar | None:
    """One of the calendars that come with the package."""
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
    return build(name, days)


def read_calendars(paths: Sequence[Path]) -> tuple[dict[str, Calendar], list[Diagnostic]]:
    """The calendars of some files, by event name."""
    found: list[Diagnostic] = []
    days: dict[str, list[tuple[datetime.date, bool]]] = {}
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                names = reader.fieldnames or []
                if "date" not in names or "event" not in names:
                    found.append(
                        errors.unreadable(str(path), "it needs columns `date` and `event`")
                    )
                    continue
                for row in reader:
                    try:
                        day = datetime.date.fromisoformat((row["date"] or "").strip())
                    except ValueError:
                        where = f"{path}, row {reader.line_num}, column date"
                        found.append(
                            errors.bad_cell(where, row["date"] or "", "a date such as 2020-03-16")
                        )
                        break
                    flag = (row.get("scheduled") or "true").strip().lower()
                    if flag not in ("true", "false", "1", "0", "yes", "no"):
                        where = f"{path}, row {reader.line_num}, column scheduled"
                        found.append(errors.bad_cell(where, flag, "true or false"))
                        break
                    event = (row["event"] or "").strip()
                    days.setdefault(event, []).append((day, flag in ("true", "1", "yes")))
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            reason = getattr(problem, "strerror", None) or "it is no text in UTF-8"
            found.append(errors.unreadable(str(path), reason))
    return {name: build(name, items) for name, items in days.items()}, found
