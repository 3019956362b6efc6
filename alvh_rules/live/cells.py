"""One value of a message to the form in which its kind is held.

A number, a truth or a label that is fine is taken at once. All else goes through the reader of files
(`market/columns.py`) as a column of one row, so that a feed and a file mean the same by the same text.
"""

from __future__ import annotations

import math
from typing import Any

from alvh_rules.core.kinds import NUMERIC, RANGES, Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.core.schema import Column
from alvh_rules.live.messages import encodable
from alvh_rules.market.columns import convert
from alvh_rules.market.times import ISO, parse_dates

Held = float | int


def missing_value(kind: Kind) -> Held:
    """How the kind holds what is missing."""
    return UNKNOWN if kind is Kind.FLAG else -1 if kind is Kind.LABEL else math.nan


def read_cell(value: Any, column: Column, date_format: str = ISO) -> tuple[Held, str]:
    """The held value, and why it is not taken: missing then, else with an empty reason."""
    kind = column.kind
    if value is None:
        return missing_value(kind), ""
    if type(value) in (float, int) and (kind in NUMERIC or kind is Kind.CURVE):
        low, high = RANGES.get(kind, (None, None))
        # Prices, volatilities and settlements lie above zero; what fails here is told by the reader.
        positive = kind in (Kind.PRICE, Kind.VOLATILITY, Kind.CURVE)
        try:
            number = float(value)
        except OverflowError:
            return math.nan, "it must be a finite number"
        if number != number:
            return math.nan, ""
        above = number > 0 if positive else low is None or number >= low
        if math.isfinite(number) and above and (high is None or number <= high):
            return number, ""
    elif kind is Kind.FLAG and isinstance(value, bool):
        return TRUE if value else FALSE, ""
    elif kind is Kind.LABEL and isinstance(value, str) and value in column.labels:
        return column.labels.index(value), ""
    return _read(value, column, date_format)


def _read(value: Any, column: Column, date_format: str) -> tuple[Held, str]:
    import pyarrow

    if isinstance(value, list | dict):
        return missing_value(column.kind), "it must be one value"
    if isinstance(value, bool):
        array = pyarrow.array([value])
    elif isinstance(value, float | int):
        array = pyarrow.array([float(value)])
    else:
        array = pyarrow.array([encodable(str(value))])
    converted = convert(array, column, lambda cells: parse_dates(cells, date_format))
    held: Held = converted.values[0].item()
    if not converted.bad[0]:
        return held, ""
    wanted, help = converted.reason(0)
    return held, f"it must be {wanted}" + (f"; {help}" if help else "")


def shown_cell(held: Held, column: Column) -> Any:
    """A held value for JSON: a number, true or false, a label's name; null where it is missing."""
    if column.kind is Kind.FLAG:
        return None if held == UNKNOWN else held == TRUE
    if column.kind is Kind.LABEL:
        return None if held < 0 else column.labels[int(held)]
    return None if held != held else held


def held_cell(shown: Any, column: Column) -> Held:
    """What `shown_cell` was given."""
    if shown is None:
        return missing_value(column.kind)
    if column.kind is Kind.FLAG:
        return TRUE if shown else FALSE
    if column.kind is Kind.LABEL:
        return column.labels.index(shown)
    return float(shown)
