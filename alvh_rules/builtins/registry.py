"""All built-in functions, by name."""

from __future__ import annotations

from collections.abc import Mapping

from alvh_rules.builtins import (
    averages,
    calendars,
    finance,
    options,
    pointwise,
    series,
    term_structure,
    windows,
)
from alvh_rules.builtins.record import Builtin

BUILTINS: Mapping[str, Builtin] = {
    record.name: record
    for family in (
        series,
        windows,
        averages,
        pointwise,
        calendars,
        term_structure,
        options,
        finance,
    )
    for record in family.RECORDS
}
"""Every function of the language; a new one is added to its family's `RECORDS`."""

OTHER_NAMES: Mapping[str, str] = {
    other: record.name for record in BUILTINS.values() for other in record.other_names
}
"""What functions are called elsewhere, in small letters, by their name here."""


def own_name(name: str) -> str:
    """The function that a word means but for its capitals, or by what it is called elsewhere; or none."""
    small = name.lower()
    return small if small in BUILTINS else OTHER_NAMES.get(small, "")


WORDS: frozenset[str] = frozenset(
    word for record in BUILTINS.values() for item in record.parameters for word in item.words
)
"""The words that functions take, `call` and `put`: nothing may be declared with such a name."""
