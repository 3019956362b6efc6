"""What options and futures are priced from, read from a folder or from files.

1. Every CSV and Parquet file is told by its columns: a day, an expiry and a settlement are VIX
   futures; a day and months m1, m2, … their curve; strikes with bids and asks a chain; anything
   else with a day is daily columns.
2. Daily columns and the curve are read by `market.read`, with all of its checks, and laid on the
   sessions of the exchange.
3. Settlements are laid on those sessions by expiry; zeros are left out and counted.
4. Rates and dividends are filled where the data has none, by what was known before, and that is
   said (`assumptions`). Levels that an index has never been near are left out and counted.
5. Chains, if any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path

import numpy as np

from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.kinds import Kind
from alvh_rules.core.schema import Bars, Column, Schema
from alvh_rules.evaluate.inputs import Boolean, Days, Float, Market
from alvh_rules.market import errors
from alvh_rules.market.formats import FORMATS, Table, read_table
from alvh_rules.market.read import TIME_NAMES, Options, market_from_frame, read_market
from alvh_rules.options import assumptions, data_errors, listing
from alvh_rules.options.chain import Chain
from alvh_rules.options.chain import joined as joined_chains
from alvh_rules.options.contracts import Right
from alvh_rules.options.quotes import MarketArrays
from alvh_rules.options.read_chain import NAMES, read_chain
from alvh_rules.options.read_settlements import (
    EXPIRY,
    SETTLE,
    Settled,
    joined,
    read_settlements,
    settlement_days,
)
from alvh_rules.options.surface import TERMS
from alvh_rules.options.traded_days import TradedDays
from alvh_rules.options.vix_futures import settlements

STANDARD: Mapping[str, Kind] = {
    "spx": Kind.PRICE,
    "spx_open": Kind.PRICE,
    "spx_high": Kind.PRICE,
    "spx_low": Kind.PRICE,
    **dict.fromkeys(TERMS, Kind.VOLATILITY),
    "vix_open": Kind.VOLATILITY,
    "vvix": Kind.VOLATILITY,
    "skew": Kind.COUNT,
    "tbill_3m": Kind.RATE,
    "dividend_yield": Kind.RATE,
}
"""The columns that are looked for by name."""
MONTHS = tuple(f"m{month}" for month in range(1, 10))
PLAUSIBLE: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(TERMS, (3.0, 250.0)),
    "vvix": (40.0, 300.0),
    "skew": (80.0, 250.0),
}
MOST_YIELD = 20.0
"""Percent: no index has paid that."""
FRACTION_YIELD = 0.2
"""Percent: a column that never says more seems to be a fraction."""


@dataclass(frozen=True)
class TradingFiles:
    """Files by what they hold."""

    daily: tuple[Path, ...] = ()
    curves: tuple[Path, ...] = ()
    settlements: tuple[Path, ...] = ()
    chains: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Asked:
    """How trading data is read.

    `columns` gives the file's column for a standard name, as a ruleset's `from` does; `underlyings`
    are the names of further columns that are traded (NAME, and where there are such NAME_open and
    NAME_iv, the volatility of its options at 30 days). `chains` are chain files, `chain_columns`
    their columns by the names of `read_chain.NAMES`, `chain_underlying` what they are on.
    `dividend_yield` is in percent, in place of a column. `first` and `last` are the days that are
    traded: what is wrong on others is counted in one line. `options` are those of `read_market`.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    underlyings: Sequence[str] = ()
    chains: Sequence[Path] = ()
    chain_columns: Mapping[str, str] = field(default_factory=dict)
    chain_underlying: str = ""
    dividend_yield: float | None = None
    first: date | None = None
    last: date | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class TradingData:
    """Trading data on the sessions of `market.timeline`. `files` says what was read as what."""

    files: TradingFiles
    market: Market
    arrays: MarketArrays


def classify(paths: Sequence[Path]) -> tuple[TradingFiles, list[Diagnostic]]:
    """Files, and those of folders, by their columns; of daily files the one with most of the
    standard columns stands first, since the first sets the sessions."""
    found: list[Diagnostic] = []
    kinds: dict[str, list[Path]] = {item.name: [] for item in fields(TradingFiles)}
    known: dict[Path, int] = {}
    endings = {ending for item in FORMATS for ending in item.endings}
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in inside:
            if path.is_dir() and (file.suffix.lower() not in endings or not file.is_file()):
                continue
            table = read_table(file)
            if not isinstance(table, Table):
                found.append(table)
                continue
            names = {name.casefold() for name in table.names}
            kinds[_kind(names)].append(file)
            known[file] = len(names & set(STANDARD))
        if path.is_dir() and not any(path in file.parents for file in known) and not found:
            listing = ", ".join(sorted(endings))
            found.append(errors.unreadable(str(path), f"this folder holds no data ({listing})"))
    kinds["daily"].sort(key=lambda file: -known[file])
    return TradingFiles(**{name: tuple(files) for name, files in kinds.items()}), found


def _kind(names: set[str]) -> str:
    def one_of(wanted: Sequence[str]) -> bool:
        return any(name in names for name in wanted)

    if one_of(EXPIRY) and one_of(SETTLE):
        return "settlements"
    quoted = one_of(NAMES["bid"]) or one_of(NAMES["ask"])
    # A file with a row for each contract is no daily file, whatever it lacks: its reader says what.
    if one_of(NAMES["strike"]) and (quoted or one_of(NAMES["expiry"])):
        return "chains"
    if one_of(EXPIRY):
        return "chains" if quoted else "settlements"
    return "curves" if {"m1", "m2"} <= names else "daily"


def read_trading_data(
    paths: Sequence[Path], asked: Asked | None = None
) -> tuple[TradingData | None, list[Diagnostic]]:
    """The trading data of files and folders; None where a finding is an error."""
    asked = asked or Asked()
    files, found = classify(paths)
    if has_errors(found):
        return None, found
    market, more = daily_market(files, trading_schema(asked), options_for(asked))
    found += more
    if market is None:
        return None, found
    settled: list[Settled] = []
    traded = TradedDays(asked.first, asked.last)
    for path in files.settlements:
        read, more = read_settlements(path, market.timeline.dates, traded)
        found += more
        if read is not None:
            settled.append(read)
    chain, more = _chains((*asked.chains, *files.chains), market, asked, traded)
    found += more
    if has_errors(found):
        return None, found
    columns = {
        name: np.asarray(values, dtype=np.float64) for name, values in market.columns.items()
    }
    arrays, more = market_arrays(
        market.timeline.dates, columns, asked, settled, chain, label=market.source, traded=traded
    )
    found += more
    if traded.others:
        first, last = (
            asked.first or market.timeline.dates[0],
            asked.last or market.timeline.dates[-1],
        )
        found.append(data_errors.other_days(market.source, traded.others, str(first), str(last)))
    if has_errors(found):
        return None, found
    return TradingData(files, market, arrays), found


def daily_market(
    files: TradingFiles, schema: Schema, options: Options
) -> tuple[Market | None, list[Diagnostic]]:
    """The market of the daily files and curves. Where there are settlements alone, a schema without
    required columns has the days from the first of them to the last."""
    rows = files.daily + files.curves
    if rows:
        return read_market(rows, schema, options)
    label = ", ".join(str(path) for path in (*files.settlements, *files.chains))
    if not files.settlements or not all(column.optional for column in schema.columns):
        return None, [errors.unreadable(label or "the data", "it holds no file of daily columns")]
    from pandas import DataFrame

    found: list[Diagnostic] = []
    days = []
    for path in files.settlements:
        of_file, more = settlement_days(path)
        found += more
        days.append(of_file)
    if has_errors(found):
        return None, found
    frame = DataFrame({"date": np.unique(np.concatenate(days))})
    market, more = market_from_frame(frame, schema, options)
    return (None if market is None else replace(market, source=label)), found + more


def _chains(
    paths: Sequence[Path], market: Market, asked: Asked, traded: TradedDays
) -> tuple[Chain | None, list[Diagnostic]]:
    """The chains of all files as one."""
    whole: Chain | None = None
    found: list[Diagnostic] = []
    for path in dict.fromkeys(paths):
        chain, more = read_chain(
            path, market.timeline.dates, asked.chain_columns, asked.chain_underlying, traded
        )
        found += more
        if chain is None or whole is None:
            whole = chain or whole
            continue
        if chain.underlying != whole.underlying:
            names = [whole.underlying, chain.underlying]
            found.append(data_errors.which_underlying(str(path), names))
            continue
        both = joined_chains(whole, chain)
        if isinstance(both, int):
            found.append(data_errors.in_two_chains(str(path), both))
        else:
            whole = both
    return whole, found


def trading_schema(asked: Asked) -> Schema:
    """The daily columns that prices are made from, each of them optional."""
    kinds = dict(STANDARD)
    for name in asked.underlyings:
        kinds.setdefault(name, Kind.PRICE)
        kinds.setdefault(f"{name}_open", Kind.PRICE)
        kinds.setdefault(f"{name}_iv", Kind.VOLATILITY)
    kinds |= dict.fromkeys(MONTHS, Kind.VOLATILITY)
    columns = [
        Column(name, kind, asked.columns.get(name, name), optional=True)
        for name, kind in kinds.items()
    ]
    return Schema(Bars(), tuple(columns), ())


def options_for(asked: Asked) -> Options:
    """The options without mappings of columns that are not read here."""
    known = {column.name for column in trading_schema(asked).columns}
    mapping = {
        name: source
        for name, source in asked.options.mapping.items()
        if name in known or name.lower() in TIME_NAMES
    }
    return replace(asked.options, mapping=mapping, calendars=())


def market_arrays(
    dates: Days,
    given: Mapping[str, Float],
    asked: Asked,
    settled: Sequence[Settled] = (),
    chain: Chain | None = None,
    *,
    label: str = "",
    traded: TradedDays | None = None,
) -> tuple[MarketArrays, list[Diagnostic]]:
    """What quotes are made from: the columns of `trading_schema` over sessions, and what was assumed.

    An entry of it rests on its own row and those before alone.
    """
    found: list[Diagnostic] = []
    traded = traded or TradedDays()
    columns = dict(given)
    for name, (low, high) in PLAUSIBLE.items():
        with np.errstate(invalid="ignore"):
            odd = (columns[name] < low) | (columns[name] > high)
        told = traded.of(odd, dates)
        if told.any():
            first = int(np.argmax(told))
            shown = f"{columns[name][first]:g} on {dates[first]}"
            found.append(data_errors.implausible(label, name, int(told.sum()), shown, low, high))
        columns[name] = np.where(odd, np.nan, columns[name])
    said = _Saying(label, dates, traded, found)
    rates = _rates(columns["tbill_3m"], said)
    yields = _yields(columns["dividend_yield"], asked.dividend_yield, said)
    # Before its first day: whether one is to come is not known then.
    unseen = np.logical_and.accumulate(np.isnan(columns["vvix"]))
    vvix = np.where(unseen, assumptions.VVIX, columns["vvix"])
    said.assumed("`vvix`", unseen, f"{assumptions.VVIX:g} is taken")
    silent = traded.of(np.isnan(columns["vix"]) & ~np.isnan(columns["spx"]), dates)
    if silent.any():
        found.append(data_errors.no_level(label, "vix", int(silent.sum())))
    names = ["spx", "vix", *asked.underlyings]
    closes = {listing.underlying_of(name): columns[name] for name in names}
    opens = {
        listing.underlying_of(name): columns[f"{name}_open"]
        for name in names
        if f"{name}_open" in columns
    }
    own = {
        listing.underlying_of(name): columns[f"{name}_iv"]
        for name in asked.underlyings
        if f"{name}_iv" in columns
    }
    _say_openings(columns["spx_open"], columns["spx"], said)
    curve: Float | None = np.column_stack([columns[name] for name in MONTHS])
    if curve is not None and np.isnan(curve).all():
        curve = None
    rows, expiries, prices = joined(settled)
    futures = settlements(dates, rows, expiries, prices, curve)
    levels = {name: columns[name] for name in TERMS}
    arrays = MarketArrays(
        dates, closes, opens, levels, rates, yields, vvix, columns["skew"], futures, own, chain
    )
    return arrays, found


@dataclass(frozen=True)
class _Saying:
    """Where findings about sessions go."""

    label: str
    dates: Days
    traded: TradedDays
    found: list[Diagnostic]

    def assumed(self, what: str, where: Boolean, value: str) -> None:
        """Say what stands for a column where it is not known; silent of days that are not traded, since
        what is assumed there is no mistake."""
        count = int(TradedDays(self.traded.first, self.traded.last).of(where, self.dates).sum())
        if count:
            self.found.append(data_errors.assumed(self.label, what, count, value))


def _rates(column: Float, said: _Saying) -> Float:
    """The bill's rate: the last that is known, before the first the table's."""
    known = ~np.isnan(column)
    last = np.maximum.accumulate(np.where(known, np.arange(len(column)), -1))
    carried = np.where(last >= 0, column[np.maximum(last, 0)], np.nan)
    none = last < 0
    value = "the mean of the 3-month bill over the December before is taken"
    said.assumed("`tbill_3m`", none, value)
    said.assumed("`tbill_3m`", ~known & ~none, "the last value before is taken")
    table = assumptions.of_the_year_before(assumptions.BILL_RATES, said.dates)
    return np.where(none, table, carried)


def _yields(column: Float, given: float | None, said: _Saying) -> Float:
    """The dividend yield: as given, or the column's, carried, or that of the year before."""
    dates, found = said.dates, said.found
    if given is not None:
        if not 0.0 <= given <= MOST_YIELD:
            found.append(data_errors.dividend_yield("--dividend-yield", f"{given:g}%", MOST_YIELD))
        return np.full(len(dates), given)
    where = f"{said.label}, column dividend_yield"
    with np.errstate(invalid="ignore"):
        odd = (column < 0.0) | (column > MOST_YIELD)
    if odd.any():
        first = int(np.argmax(odd))
        shown = f"{column[first]:g}% on {dates[first]}"
        found.append(data_errors.dividend_yield(where, shown, MOST_YIELD))
    known = ~np.isnan(column)
    most = float(column[known].max(initial=0.0))
    if 0.0 < most <= FRACTION_YIELD:
        found.append(data_errors.fraction_of_yield(where, most))
    last = np.maximum.accumulate(np.where(known, np.arange(len(column)), -1))
    none = last < 0
    value = "that of the S&P 500 over the calendar year before is taken"
    said.assumed("`dividend_yield`", none, value)
    table = assumptions.of_the_year_before(assumptions.DIVIDEND_YIELDS, dates)
    return np.where(none, table, column[np.maximum(last, 0)])


def _say_openings(opening: Float, close: Float, said: _Saying) -> None:
    """Count the AM settlements whose opening print is not known."""
    table = listing.listed("SPX", Right.PUT)
    settles = np.isin(said.dates, table.date[table.morning & table.monthly])
    silent = settles & np.isnan(opening) & ~np.isnan(close)
    value = "AM options settle there at the mean of the closes before and on that day"
    said.assumed("`spx_open`", silent, value)
