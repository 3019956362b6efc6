"""All built-in functions, by name."""

from __future__ import annotations

from collections.abc import Mapping

from alvh_rules.builtins import averages, calendars, finance, pointwise, series, windows
from alvh_rules.builtins.record import Builtin

BUILTINS: Mapping[str, Builtin] = {
    record.name: record
    for family in (series, windows, averages, pointwise, calendars, finance)
    for record in family.RECORDS
}
"""Every function of the language; a new one is added to its family's `RECORDS`."""
