"""Words of the language that more than one part of it needs to know."""

from __future__ import annotations

from typing import Final

UNITS: Final = {
    "day": "days",
    "point": "points",
    "contract": "contracts",
    "month": "months",
    "share": "shares",
    "session": "sessions",
    "minute": "minutes",
    "hour": "hours",
}
"""The plural, by which a unit is known, of each singular."""

OPERATOR_WORDS: Final = (
    "and",
    "or",
    "not",
    "is",
    "if",
    "then",
    "else",
    "between",
    "of",
    "for",
    "when",
    "from",
    "until",
    "to",
    "by",
)
"""The words between the parts of an expression or a row, which are no names anywhere."""
