"""VIX futures settlements: a file with a row a contract and day.

A day, an expiry and a settlement are read, and nothing else. A day that is none or a settlement
that is no number is refused by row and column; so is a contract that stands twice on one day. A
settlement of zero is a vendor's way of saying that there was none: it is left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Column
from alvh_rules.evaluate.inputs import Boolean, Days, Float, Integer
from alvh_rules.market import errors
from alvh_rules.market.columns import convert, shown
from alvh_rules.market.expiries import vix_expiries
from alvh_rules.market.formats import Table, read_table
from alvh_rules.market.times import ISO, parse_dates
from alvh_rules.options import data_errors
from alvh_rules.options.traded_days import TradedDays

DAY = ("date", "trade date", "trade_date")
EXPIRY = ("expiry", "expiration", "futures", "expiration date", "expiration_date")
SETTLE = ("settle", "settlement", "settlement price", "settlement_price")
"""What vendors call the columns, in any case."""


@dataclass(frozen=True)
class Settled:
    """Settlements, an entry a line: `row` of the market's session, -1 for a day that is none."""

    row: Integer
    expiry: Days
    price: Float


def joined(parts: Sequence[Settled]) -> tuple[Integer, Days, Float]:
    """Rows, expiries and prices of several files, those of a later file after those before."""
    none = Settled(np.empty(0, np.int64), np.empty(0, "datetime64[D]"), np.empty(0))
    every = (none, *parts)
    return (
        np.concatenate([part.row for part in every]),
        np.concatenate([part.expiry for part in every]),
        np.concatenate([part.price for part in every]),
    )


def settlement_days(path: Path) -> tuple[Days, list[Diagnostic]]:
    """The days on which a file has settlements, each once, in order."""
    table = read_table(path)
    if not isinstance(table, Table):
        return np.empty(0, "datetime64[D]"), [table]
    found: list[Diagnostic] = []
    days = _dates(table, _place(table, DAY), found)
    return np.unique(days[~np.isnat(days)]), found


def read_settlements(
    path: Path, dates: Days, traded: TradedDays | None = None
) -> tuple[Settled | None, list[Diagnostic]]:
    """The settlements in a file, laid on the sessions `dates`; None where a finding is an error. Of
    days that are not `traded` nothing is told but what keeps the file from being read."""
    traded = traded or TradedDays()
    table = read_table(path)
    if not isinstance(table, Table):
        return None, [table]
    places = [_place(table, names) for names in (DAY, EXPIRY, SETTLE)]
    words = (("day", DAY), ("expiry", EXPIRY), ("settlement", SETTLE))
    for place, (what, names) in zip(places, words, strict=True):
        if place < 0:
            return None, [
                data_errors.missing_settlement_column(table.label, what, names, table.names)
            ]
    found: list[Diagnostic] = []
    day, expiry = (_dates(table, place, found) for place in places[:2])
    price = _prices(table, places[2], found)
    if found:
        return None, found
    at = np.searchsorted(dates, day)
    inside = dates[np.minimum(at, len(dates) - 1)] == day
    if not inside.any():
        return None, [data_errors.nothing_inside(table.label, str(day[0]), dates)]
    within = traded.of((day >= dates[0]) & (day <= dates[-1]) & ~inside, day)
    if within.any():
        first = int(np.argmax(within))
        count, line = int(within.sum()), int(table.lines[first])
        found.append(data_errors.quotes_outside(table.label, count, line, str(day[first])))
    key = day.astype(np.int64) << 32 | expiry.astype(np.int64)
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1])
    if len(again):
        first, second = (int(table.lines[order[again[0] + step]]) for step in (0, 1))
        return None, [data_errors.twice(table.label, "future", first, second, len(again) - 1)]
    late = expiry < day
    told = traded.of(late, day)
    if told.any():
        line = int(table.lines[np.argmax(told)])
        found.append(data_errors.expired(table.label, line, int(told.sum())))
    _say_odd(table, places[1], expiry, traded.of(~np.isin(expiry, vix_expiries()), day), found)
    zero = (price == 0.0) & ~late
    column = table.names[places[2]]
    if zero.all():
        return None, [data_errors.no_settlements(table.label, column, len(zero))]
    told = traded.of(zero, day)
    if told.any():
        line = int(table.lines[np.argmax(told)])
        found.append(data_errors.zero_settlements(table.label, column, int(told.sum()), line))
    kept = ~zero & ~late & ~np.isnan(price)
    row = np.where(inside, at, -1).astype(np.int64)
    return Settled(row[kept], expiry[kept], price[kept]), found


def _place(table: Table, names: tuple[str, ...]) -> int:
    folded = [name.casefold() for name in table.names]
    return next((folded.index(name) for name in names if name in folded), -1)


def _dates(table: Table, place: int, found: list[Diagnostic]) -> Days:
    array = table.fetch(place)
    slashed = len(array) and "/" in shown(array, 0)
    stamps, bad = parse_dates(array, "%m/%d/%Y" if slashed else ISO)
    days = stamps.astype("datetime64[D]")
    wrong = bad | np.isnat(days)
    if wrong.any():
        meant = probable_day(shown(array, int(np.argmax(wrong))))
        help = f"did you mean {meant}?" if meant else "write it as 2026-03-18"
        _refuse(table, place, wrong, "a date", help, found)
    return np.asarray(days)


def _prices(table: Table, place: int, found: list[Diagnostic]) -> Float:
    column = Column("settle", Kind.COUNT, "settle")
    converted = convert(table.fetch(place), column, lambda array: parse_dates(array, ISO))
    if converted.bad.any():
        wanted, help = converted.reason(int(np.argmax(converted.bad)))
        _refuse(table, place, converted.bad, wanted.replace("count", "a settlement"), help, found)
    return np.asarray(converted.values, dtype=np.float64)


def probable_day(text: str) -> str:
    """The day that is left of a text with a digit too many, where just one such day is an expiry of
    VIX; else nothing."""
    found = set()
    for place in range(len(text)):
        try:
            day = date.fromisoformat(text[:place] + text[place + 1 :])
        except ValueError:
            continue
        if np.isin(np.datetime64(day), vix_expiries()):
            found.add(str(day))
    return found.pop() if len(found) == 1 else ""


def _refuse(
    table: Table, place: int, wrong: Boolean, wanted: str, help: str, found: list[Diagnostic]
) -> None:
    first = int(np.argmax(wrong))
    cell = shown(table.fetch(place), first)
    line, more = int(table.lines[first]), int(wrong.sum()) - 1
    found.append(errors.bad_cell(table.label, line, table.names[place], cell, wanted, help, more))


def _say_odd(table: Table, place: int, expiry: Days, odd: Boolean, found: list[Diagnostic]) -> None:
    if not odd.any():
        return
    known = vix_expiries()
    first = int(np.argmax(odd))
    near = known[np.argmin(np.abs((known - expiry[first]).astype(np.int64)))]
    found.append(
        data_errors.odd_expiry(
            table.label,
            table.names[place],
            int(table.lines[first]),
            str(expiry[first]),
            str(near),
            int(odd.sum()),
        )
    )
