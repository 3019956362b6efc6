"""What can be wrong with data: all messages, a function each. A location names file, row, column."""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.core.diagnostics import Diagnostic, Severity


def data_error(code: str, message: str, location: str, help: str = "") -> Diagnostic:
    """A finding in a data file."""
    return Diagnostic(code, Severity.ERROR, message, location=location, help=help)


def unreadable(path: str, reason: str) -> Diagnostic:
    """A file that cannot be opened or is no table."""
    return data_error("ALV801", f"this file cannot be read: {reason}", path)


def empty(path: str) -> Diagnostic:
    """A file without rows."""
    return data_error("ALV802", "this file has no rows of data", path)


def no_time_column(path: str, columns: Sequence[str]) -> Diagnostic:
    """No column that says when."""
    listing = ", ".join(columns[:12])
    return data_error(
        "ALV803", "no column is called date, time, datetime or timestamp", path, f"it has {listing}"
    )


def missing_column(
    path: str, column: str, name: str, near: str, columns: Sequence[str]
) -> Diagnostic:
    """A column the ruleset needs."""
    listing = ", ".join(columns[:20])
    help = (
        f"did you mean `{near}`? Say so with `--map {name}={near}`" if near else f"it has {listing}"
    )
    return data_error(
        "ALV804", f"there is no column `{column}`, which `{name}` is read from", path, help
    )


def bad_cell(location: str, cell: str, wanted: str, help: str = "") -> Diagnostic:
    """A cell that is not what its column holds."""
    return data_error("ALV805", f"`{cell[:40]}` is not {wanted}", location, help)


def out_of_order(location: str, this: str, before: str, duplicate: bool) -> Diagnostic:
    """Rows that do not rise in time."""
    if duplicate:
        return data_error("ALV806", f"{this} stands twice", location, "keep one row a time")
    return data_error("ALV807", f"{this} comes after {before}", location, "rows must rise in time")


def closed_day(location: str, day: str) -> Diagnostic:
    """A row on a day the exchange was closed."""
    return data_error(
        "ALV808",
        f"{day} is no session of the exchange",
        location,
        "take the row out, or skip such rows with `--skip-closed-days`",
    )


def unknown_calendar(name: str, near: str) -> Diagnostic:
    """A calendar that no file and no built-in list holds."""
    help = f"did you mean `{near}`?" if near else "give its dates with `--calendar FILE`"
    return data_error("ALV809", f"there are no dates for calendar `{name}`", "calendars", help)
