"""The function reference as Markdown, from the records: `docs/functions.md` is what this writes.

Everything in it is taken from a record, down to the look-back, which is worked out by asking the
record with two windows. The names in the examples are those of `EXAMPLES`, which is checked together
with every example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.core.kinds import DESCRIPTIONS, NUMERIC, Kind

EXAMPLES: Final = """\
data
  spx price "S&P 500 close"
  high price
  low price
  vix volatility
  vix3m volatility
  other_vix volatility "a volatility index of another market"
  vx curve from "m1" to "m7"
  tbill rate
  quote price "an option's price"
  other_quote price
  share_price price
  dividend price
  earnings price
  cash_flow price
  market_return rate
  cost_of_equity rate
  cost_of_debt rate
  required rate
  growth rate
  equity_value money
  debt_value money
  outlay money
  first_flow money
  second_flow money
  current_assets money
  inventory money
  current_liabilities money

calendar fomc

let slope = vix3m / vix - 1
"""
"""What the names in the records' examples are."""

_FAMILIES: Final[Mapping[str, tuple[str, str]]] = {
    "series": (
        "Series in time",
        "Earlier values, changes, crossings, conditions that last.",
    ),
    "resample": (
        "Weeks and months",
        "Whole expressions on completed periods of the exchange's calendar. Inside, a count is of"
        " those periods.",
    ),
    "windows": (
        "Windows",
        "Of the last n rows, today included. A missing row in the window makes the value unknown.",
    ),
    "averages": (
        "Recursive averages",
        "Of all rows so far. On a missing row the value is unknown, the state is held, and it goes"
        " on.",
    ),
    "pointwise": ("Numbers", "Of one row."),
    "calendars": ("Calendars", "In calendar days."),
    "term_structure": (
        "Futures curves",
        "Of a column of kind `curve`: settlements in points, expiries in calendar days.",
    ),
    "options": (
        "Options",
        "European, by Black, Scholes and Merton. Spot S, strike K and premium are in one unit: a"
        " price, or points for options on VIX. The volatility σ is in points a year; the rate r and"
        " the yield q are in percent a year, continuously compounded; days are calendar days, T ="
        " days / 365. N is the standard normal distribution, φ its density. With a future for the"
        " spot and the yield equal to the rate it is Black's model of 1976. A spot or strike not"
        " above zero, and days or volatility below zero, give unknown. With no days or no"
        " volatility a value is its limit as the volatility falls to zero: the discounted intrinsic"
        " value of the forward, and what follows from it.",
    ),
    "finance": ("Finance", "Of one row. Rates are in percent, prices and money in dollars."),
}

_ROLES: Final = {
    Role.WINDOW: "a whole number, or sessions",
    Role.CONDITION: "a condition",
    Role.CALENDAR: "a declared calendar",
    Role.CURVE: "a declared curve",
    Role.MONTH: "a month of the curve",
}


def reference() -> str:
    """The whole document."""
    parts = [
        "# The built-in functions",
        "Written by `alvh functions --markdown` from the functions' records; a test holds it so. An"
        " argument that is missing makes the result unknown, and so does a result that is not a"
        " finite number, unless a function says otherwise. Arguments stand in their order; those"
        " with `=` may be left out, and take that value.",
        "The names in the examples:",
        f"```\n{EXAMPLES}```",
    ]
    for family, (title, text) in _FAMILIES.items():
        parts += [f"## {title}", text]
        for record in BUILTINS.values():
            if record.family == family:
                parts += _function(record)
    return "\n\n".join(parts) + "\n"


def takes(parameter: Parameter) -> str:
    """What may stand for a parameter, in words."""
    if parameter.role is Role.WORD:
        return " or ".join(f"`{word}`" for word in parameter.words)
    if parameter.role in _ROLES:
        return _ROLES[parameter.role]
    if parameter.kinds == NUMERIC:
        return "a number"
    return " or ".join(DESCRIPTIONS[kind] for kind in Kind if kind in parameter.kinds)


def result(record: Builtin) -> str:
    """What a function gives, in words."""
    if record.returns is not None:
        return DESCRIPTIONS[record.returns]
    series = [item.name for item in record.parameters if item.role is Role.SERIES]
    return f"of the kind of `{series[0]}`"


def look_back(record: Builtin) -> str:
    """How many rows before today a value rests on, in words."""
    match record.shape:
        case Shape.POINTWISE | Shape.CALENDAR:
            return "none"
        case Shape.RESAMPLE:
            return "what the expression looks back, in periods"
        case Shape.WINDOW:
            return _rows(record)
        case Shape.RECURSIVE:
            return "every row so far" + _before_the_first(record)


def _before_the_first(record: Builtin) -> str:
    rows = _rows(record)
    return "" if rows == "0 rows" else f"; unknown for the first {rows} that are known"


def _rows(record: Builtin) -> str:
    windows = [item for item in record.parameters if item.role is Role.WINDOW]
    if len(windows) > 1:
        defaults = {item.name: int(item.default or 0) for item in windows}
        return f"{record.lookback(**defaults)} rows (of the windows by default)"
    if not windows:
        count = record.lookback()
        return "one row" if count == 1 else f"{count} rows"
    # A look-back is the window and so many rows; any window shows how many.
    more = record.lookback(**{windows[0].name: 1000}) - 1000
    sign = "-" if more < 0 else "+"
    return f"{windows[0].name}{f' {sign} {abs(more)}' if more else ''} rows"


def _function(record: Builtin) -> Iterator[str]:
    yield f"### {record.name}"
    yield f"`{record.signature}`"
    yield f"{record.summary} {record.definition}"
    yield "\n".join(
        (
            *(f"- `{item.name}`: {_parameter(item)}." for item in record.parameters),
            f"- Result: {result(record)}. Look-back: {look_back(record)}.",
            f"- Source: {record.source}.",
            f"- Example: `{record.example}`",
        )
    )


def _parameter(parameter: Parameter) -> str:
    kind = takes(parameter)
    # Many say what they take as they say what they are.
    text = parameter.doc if parameter.doc.startswith(kind) else f"{kind}; {parameter.doc}"
    if parameter.default is not None:
        text += f"; {parameter.default:g} if left out"
    return text + ("; once or more" if parameter.repeated else "")
