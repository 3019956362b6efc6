"""Functions of a calendar of events, in calendar days."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_CALENDAR = (Parameter("calendar", Role.CALENDAR, doc="a declared calendar"),)

RECORDS = (
    Builtin(
        "days_until",
        "calendars",
        Shape.CALENDAR,
        _CALENDAR,
        Kind.DAYS,
        "Calendar days to the next scheduled date.",
        "0 on the day; unknown outside the calendar's years. Unscheduled dates are never looked ahead to.",
        "definition",
        "days_until(fomc)",
        least=0.0,
        other_names=("days_to", "daysuntil"),
    ),
    Builtin(
        "days_since",
        "calendars",
        Shape.CALENDAR,
        _CALENDAR,
        Kind.DAYS,
        "Calendar days since the last date.",
        "0 on the day; unknown outside the calendar's years.",
        "definition",
        "days_since(fomc)",
        least=0.0,
        other_names=("days_from", "dayssince"),
    ),
)
