"""An option chain from a CSV or Parquet file.

1. Columns are found by mapping, or by the names that common vendors give them.
2. Dates, strikes, rights and quotes are read, every bad cell named by row and column; nothing is
   guessed. An empty bid or ask is no quote.
3. Series settle PM, but those of root SPX, and of VIX, which settle AM.
4. What was left out or is no good to trade on is counted and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Column
from alvh_rules.evaluate.inputs import Boolean, Days, Integer
from alvh_rules.market import errors
from alvh_rules.market.columns import convert, shown, trimmed
from alvh_rules.market.formats import Table, read_table
from alvh_rules.market.times import ISO, parse_dates
from alvh_rules.options import data_errors
from alvh_rules.options.chain import MOST_ROWS, Chain, places
from alvh_rules.options.contracts import Right
from alvh_rules.options.traded_days import TradedDays

NAMES: Mapping[str, tuple[str, ...]] = {
    "date": ("quotedate", "quote_date", "trade_date", "date", "datadate"),
    "expiry": (
        "expiration",
        "expiry",
        "expire_date",
        "expirationdate",
        "expiration_date",
        "exdate",
    ),
    "strike": ("strike", "strike_price", "strikeprice"),
    "right": ("type", "option_type", "right", "call_put", "cp_flag", "put_call", "optiontype"),
    "bid": ("bid", "bid_eod", "bid_1545", "best_bid"),
    "ask": ("ask", "ask_eod", "ask_1545", "best_offer", "best_ask"),
    "root": ("optionroot", "root", "root_symbol"),
    "underlying": ("underlying", "underlying_symbol", "symbol", "ticker"),
}
"""What vendors call the columns, in any case: Cboe DataShop, OptionMetrics, historical end-of-day
files. Strikes are in points: OptionMetrics' are a thousand times that and refused as implausible."""
OPTIONAL = ("root", "underlying")
MORNING_ROOTS = ("SPX", "VIX")
"""Roots that settle from opening prices."""
MOST_QUOTES = 50_000_000
MOST_STRIKE = 500_000.0
_RIGHTS = {"call": Right.CALL, "c": Right.CALL, "put": Right.PUT, "p": Right.PUT}
_AMERICAN = "%m/%d/%Y"

Found = tuple[Chain | None, list[Diagnostic]]


def read_chain(
    path: Path,
    dates: Days,
    mapping: Mapping[str, str] | None = None,
    underlying: str = "",
    traded: TradedDays | None = None,
) -> Found:
    """The chain in a file, laid on the sessions `dates`; None where a finding is an error.

    `mapping` gives the file's column for a name of `NAMES`; `underlying` names what the options
    are on (default: as the file says, SPXW being SPX); of days that are not `traded` nothing is told
    but what keeps the file from being read.
    """
    for name in mapping or {}:
        if name not in NAMES:
            return None, [data_errors.unknown_mapping(name, tuple(NAMES))]
    table = read_table(path)
    if not isinstance(table, Table):
        return None, [table]
    if len(table.lines) > MOST_QUOTES:
        return None, [_too_many(table.label, len(table.lines), MOST_QUOTES)]
    at, found = _columns(table, mapping or {})
    if found:
        return None, found
    return _Reader(table, at, dates, underlying, traded or TradedDays()).chain()


def _columns(table: Table, mapping: Mapping[str, str]) -> tuple[dict[str, int], list[Diagnostic]]:
    folded = {name.casefold(): place for place, name in reversed(list(enumerate(table.names)))}
    at: dict[str, int] = {}
    found = []
    for name, usual in NAMES.items():
        wanted = (mapping[name],) if name in mapping else usual
        place = next(
            (folded[item.casefold()] for item in wanted if item.casefold() in folded), None
        )
        if place is not None:
            at[name] = place
        elif name not in OPTIONAL or name in mapping:
            found.append(data_errors.missing_chain_column(table.label, name, wanted, table.names))
    return at, found


class _Reader:
    """Reads one table. `at` has the place of each column."""

    def __init__(
        self,
        table: Table,
        at: Mapping[str, int],
        dates: Days,
        underlying: str,
        traded: TradedDays,
    ) -> None:
        self._table, self._at, self._dates, self._underlying = table, at, dates, underlying
        self._traded = traded
        self._found: list[Diagnostic] = []

    def chain(self) -> Found:
        quoted, expiry = self._days("date"), self._days("expiry")
        strike, bid, ask = (self._numbers(name) for name in ("strike", "bid", "ask"))
        right = self._rights()
        roots, underlying = self._roots()
        if self._found:
            return None, self._found
        table = self._table
        wrong = (strike <= 0.0) | (strike > MOST_STRIKE) | np.isnan(strike)
        if wrong.any():
            self._bad("strike", wrong, f"a strike in points, up to {MOST_STRIKE:,.0f}")
        if self._found:
            return None, self._found
        late = expiry < quoted
        if late.all():
            return None, [data_errors.all_expired(table.label, int(table.lines[0]))]
        told = self._traded.of(late, quoted)
        if told.any():
            line = int(table.lines[np.argmax(told)])
            self._found.append(data_errors.expired(table.label, line, int(told.sum())))
        place = np.searchsorted(self._dates, quoted)
        inside = self._dates[np.minimum(place, len(self._dates) - 1)] == quoted
        if not inside.any():
            return None, [data_errors.nothing_inside(table.label, str(quoted[0]), self._dates)]
        rows = np.where(inside, place, 0).astype(np.int64)
        if len(self._dates) > MOST_ROWS:
            return None, [_too_many("the data", len(self._dates), MOST_ROWS)]
        morning = np.isin(roots, MORNING_ROOTS)
        key = places(rows, expiry, morning, strike, right)
        order = np.flatnonzero(inside & ~late)
        if not len(order):
            return None, [data_errors.nothing_inside(table.label, str(quoted[0]), self._dates)]
        order = order[np.argsort(key[order], kind="stable")]
        key = key[order]
        again = np.flatnonzero(key[1:] == key[:-1])
        if len(again):
            lines = table.lines[order]
            first, second = int(lines[again[0]]), int(lines[again[0] + 1])
            return None, [data_errors.twice(table.label, "option", first, second, len(again) - 1)]
        chain = Chain(
            underlying,
            self._dates,
            rows[order],
            expiry[order],
            morning[order],
            strike[order],
            right[order],
            bid[order],
            ask[order],
            key,
        )
        self._say(chain, table.lines[order], inside, quoted)
        return chain, self._found

    def _say(self, chain: Chain, lines: Integer, inside: Boolean, quoted: Days) -> None:
        label = self._table.label
        outside = self._traded.of(~inside, quoted)
        if outside.any():
            first = int(np.argmax(outside))
            self._found.append(
                data_errors.quotes_outside(
                    label, int(outside.sum()), int(self._table.lines[first]), str(quoted[first])
                )
            )
        days = chain.dates[chain.row]
        with np.errstate(invalid="ignore"):
            crossed = chain.bid > chain.ask
        for bad, say in (
            (crossed, data_errors.crossed_quotes),
            (~chain.good & ~crossed, data_errors.no_quotes),
        ):
            bad = self._traded.of(bad, days)
            if bad.any():
                rows = lines[bad]
                self._found.append(say(label, len(rows), int(rows.min())))
        lone = self._traded.of(chain.good & (chain.other < 0), days)
        if lone.any():
            rows = lines[lone]
            self._found.append(data_errors.lone_rights(label, len(rows), int(rows.min())))

        self._say_absent(chain)

    def _say_absent(self, chain: Chain) -> None:
        """Count the sessions that lack an expiry which is quoted before and after them."""
        starts = np.flatnonzero(np.append(True, np.diff(chain.groups) > 0))
        rows, expiries, morning = chain.row[starts], chain.expiry[starts], chain.morning[starts]
        order = np.lexsort((rows, morning, expiries))
        rows, expiries, morning = rows[order], expiries[order], morning[order]
        same = (expiries[1:] == expiries[:-1]) & (morning[1:] == morning[:-1])
        absent = np.where(same, np.diff(rows) - 1, 0)
        some = self._traded.of(
            absent > 0, self._dates[np.minimum(rows[:-1] + 1, len(self._dates) - 1)]
        )
        absent = np.where(some, absent, 0)
        if absent.any():
            first = int(np.argmax(some))
            day = str(self._dates[rows[first] + 1])
            self._found.append(
                data_errors.absent_expiries(
                    self._table.label, int(absent.sum()), str(expiries[first]), day
                )
            )

    # --- columns -----------------------------------------------------------------------------------

    def _cells(self, name: str) -> Any:
        return self._table.fetch(self._at[name])

    def _days(self, name: str) -> Days:
        array = self._cells(name)
        slashed = len(array) and "/" in shown(array, 0)
        stamps, bad = parse_dates(array, _AMERICAN if slashed else ISO)
        days = stamps.astype("datetime64[D]")
        wrong = bad | np.isnat(days)
        if wrong.any():
            self._bad(name, wrong, "a date", "write it as 2018-01-31")
        return np.asarray(days)

    def _numbers(self, name: str) -> Any:
        column = Column(name, Kind.COUNT, name)
        converted = convert(self._cells(name), column, lambda array: parse_dates(array, ISO))
        if converted.bad.any():
            wanted, help = converted.reason(int(np.argmax(converted.bad)))
            said = wanted.replace("count", f"{'an' if name == 'ask' else 'a'} {name}")
            self._bad(name, converted.bad, said, help)
        return converted.values

    def _rights(self) -> Any:
        texts, _ = trimmed(self._cells("right"))
        words = [(text or "").lower() for text in texts.to_pylist()]
        codes = np.array([_RIGHTS.get(word, 0) for word in words], dtype=np.int8)
        if (codes == 0).any():
            self._bad("right", codes == 0, "call or put")
        return codes

    def _roots(self) -> tuple[Any, str]:
        """Each quote's root, and the underlying of all."""
        count = len(self._table.lines)
        texts: dict[str, Any] = {}
        for name in OPTIONAL:
            if name in self._at:
                array, _ = trimmed(self._cells(name))
                texts[name] = np.array([(text or "").upper() for text in array.to_pylist()])
        named = texts.get("underlying", texts.get("root"))
        roots = texts.get("root", named)
        if roots is not None:
            # Some vendors put the whole symbol into the root: SPXW180131C01200000.
            letters = {text: _letters(text) for text in np.unique(roots)}
            roots = np.array([letters[text] for text in roots])
        if self._underlying:
            name = self._underlying.upper()
        else:
            names = (
                sorted({_of_root(_letters(text)) for text in np.unique(named)})
                if named is not None
                else []
            )
            if len(names) != 1:
                self._found.append(data_errors.which_underlying(self._table.label, names))
            name = names[0] if names else ""
        # Without roots the series of an index are taken for PM, those of VIX for AM.
        if roots is None or "root" not in texts:
            roots = np.full(count, name if name == "VIX" else "")
        return roots, name

    def _bad(self, name: str, wrong: Boolean, wanted: str, help: str = "") -> None:
        first = int(np.argmax(wrong))
        self._found.append(
            errors.bad_cell(
                self._table.label,
                int(self._table.lines[first]),
                self._table.names[self._at[name]],
                shown(self._cells(name), first),
                wanted,
                help,
                int(wrong.sum()) - 1,
            )
        )


def _letters(text: str) -> str:
    cut = next(
        (place for place, letter in enumerate(text) if not letter.isalpha() and letter not in "^."),
        len(text),
    )
    return text[:cut].lstrip("^")


def _of_root(root: str) -> str:
    """The underlying of a root: SPXW is SPX, VIXW is VIX."""
    return {"SPXW": "SPX", "SPXPM": "SPX", "VIXW": "VIX"}.get(root, root)


def _too_many(label: str, rows: int, most: int) -> Diagnostic:
    return errors.unreadable(
        label, f"it has {rows:,} rows, more than {most:,}", "split it by dates"
    )
