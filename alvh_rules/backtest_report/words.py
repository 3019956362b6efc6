"""Figures in words: money, percent, days; what is not known is a dash."""

from __future__ import annotations

import math
from typing import Any, Final

UNKNOWN: Final = "—"
MINUS: Final = "−"


def money(value: float, *, signed: bool = False) -> str:
    """Whole dollars: `$1,117,383`, `−$9,572`."""
    if not math.isfinite(value):
        return UNKNOWN
    rounded = round(value)
    return f"{_sign(rounded, signed)}${abs(rounded):,}"


def cents(value: float, *, signed: bool = False) -> str:
    """Dollars and cents: `$10.40`."""
    if not math.isfinite(value):
        return UNKNOWN
    rounded = round(value, 2)
    return f"{_sign(rounded, signed)}${abs(rounded):,.2f}"


def percent(fraction: float, places: int = 2, *, signed: bool = False) -> str:
    """A fraction in percent: `5.53%`, `−0.85%`."""
    if not math.isfinite(fraction):
        return UNKNOWN
    rounded = round(fraction * 100, places)
    return f"{_sign(rounded, signed)}{abs(rounded):,.{places}f}%"


def number(value: float, places: int = 2, *, signed: bool = False) -> str:
    """A plain number: `0.79`, `−1.20`."""
    if not math.isfinite(value):
        return UNKNOWN
    rounded = round(value, places)
    return f"{_sign(rounded, signed)}{abs(rounded):,.{places}f}"


def day(value: Any) -> str:
    """An ISO date, of any of the libraries' types."""
    if value is None or value != value:
        return UNKNOWN
    text = str(value)
    return UNKNOWN if text == "NaT" else text[:10]


def count(of: int, one: str, many: str = "") -> str:
    """`1 session`, `12 sessions`."""
    return f"{of:,} {one if of == 1 else many or one + 's'}"


def shown(value: Any) -> str:
    """A decision or a column's value: four significant digits, yes or no, a label as it is."""
    if value is None or str(value) in ("<NA>", "NaT") or value != value:
        return "unknown"
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return f"{float(value):,.4g}".replace("-", MINUS)


def _sign(value: float, signed: bool) -> str:
    if value < 0:
        return MINUS
    return "+" if signed and value > 0 else ""
