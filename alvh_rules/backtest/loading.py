"""From files to what a backtest runs on: the ruleset's own columns, and prices to trade at.

Both are read of the same files and laid on the same sessions. The files' hashes, and the versions of
what computed, go with the run.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from alvh_rules.backtest.context import underlying_of
from alvh_rules.backtest.simulate import Inputs
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic, has_errors
from alvh_rules.core.kinds import Kind
from alvh_rules.core.version import VERSION
from alvh_rules.evaluate.inputs import Float, Integer, Market
from alvh_rules.market.read import Options
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Right, Source
from alvh_rules.options.quotes import INDEX_SHARES, SPX_SKEW, VIX, MarketArrays, MarketQuotes
from alvh_rules.options.skew import Skew
from alvh_rules.options.trading_data import (
    STANDARD,
    Asked,
    TradingData,
    TradingFiles,
    daily_market,
    read_trading_data,
)


@dataclass(frozen=True)
class Loaded:
    """A market with its prices, what is known of where they came from, and what was found in it."""

    market: Market
    inputs: Inputs
    files: TradingFiles
    sources: dict[str, str]
    found: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What data and prices are read from, and how: as `load` takes it."""

    paths: Sequence[Path]
    options: Options
    chains: Sequence[Path] = ()
    chain_columns: Mapping[str, str] = field(default_factory=dict)
    dividend_yield: float | None = None
    skew: Skew = SPX_SKEW

    def asked(self, rulesets: Sequence[CheckedRuleset]) -> Asked:
        """What is read to price all that versions of a ruleset trade."""
        each = [
            asked_of(
                ruleset,
                self.options,
                chains=self.chains,
                chain_columns=self.chain_columns,
                dividend_yield=self.dividend_yield,
            )
            for ruleset in rulesets
        ]
        columns = {name: source for one in reversed(each) for name, source in one.columns.items()}
        traded = list(dict.fromkeys(name for one in each for name in one.underlyings))
        return replace(each[0], columns=columns, underlyings=traded)

    def inputs(self, rulesets: Sequence[CheckedRuleset], data: TradingData) -> Inputs:
        """What they trade at; the first one says when orders are filled."""
        shown = shown_columns(data)
        each = [inputs_of(ruleset, data.arrays, self.skew, shown) for ruleset in rulesets]
        yields = {name: item for one in each for name, item in one.dividend_yields.items()}
        return replace(each[0], dividend_yields=yields)


def load(
    ruleset: CheckedRuleset,
    paths: Sequence[Path],
    options: Options,
    *,
    chains: Sequence[Path] = (),
    chain_columns: Mapping[str, str] | None = None,
    dividend_yield: float | None = None,
    skew: Skew = SPX_SKEW,
    first: date | None = None,
    last: date | None = None,
) -> tuple[Loaded | None, list[Diagnostic]]:
    """What a ruleset's backtest runs on; None where a finding is an error. `first` and `last` are the
    days that are traded: of others findings are counted."""
    asked = asked_of(
        ruleset,
        options,
        chains=chains,
        chain_columns=chain_columns,
        dividend_yield=dividend_yield,
    )
    asked = replace(asked, first=first, last=last)
    data, found = read_trading_data(paths, asked)
    if data is None:
        return None, found
    market, more = daily_market(data.files, ruleset.schema, options)
    # What both readings say is said once.
    found += [item for item in more if item not in found]
    if market is None or has_errors(found):
        return None, found
    return Loaded(
        market,
        inputs_of(ruleset, data.arrays, skew, shown_columns(data)),
        data.files,
        hashes(ruleset, used_files(data, chains, options)),
        tuple(found),
    ), found


def shown_columns(data: TradingData) -> dict[str, Float]:
    """The standard columns of trading data that are known anywhere: they are shown beside a run."""
    columns = {
        name: np.asarray(column, dtype=np.float64)
        for name, column in data.market.columns.items()
        if name in STANDARD
    }
    return {name: column for name, column in columns.items() if not np.isnan(column).all()}


def used_files(data: TradingData, chains: Sequence[Path], options: Options) -> list[Path]:
    """Every file that a run was made of."""
    rows = data.files.daily + data.files.curves
    return [*rows, *data.files.settlements, *data.files.chains, *chains, *options.calendars]


def asked_of(
    ruleset: CheckedRuleset,
    options: Options,
    *,
    chains: Sequence[Path] = (),
    chain_columns: Mapping[str, str] | None = None,
    dividend_yield: float | None = None,
) -> Asked:
    """What is read to price what a ruleset trades."""
    traded = [layer.structure.underlying for layer in ruleset.layers]
    traded += [item.structure.underlying for item in ruleset.holdings]
    hedge = ruleset.hedge
    traded += [item.underlying for item in (hedge.structures if hedge else ())]
    traded += [hedge.keep.structure.underlying] if hedge and hedge.keep else []
    own = [
        name
        for name in dict.fromkeys(underlying_of(ruleset, item) for item in traded)
        if name and name not in STANDARD
    ]
    named = {
        column.name: options.mapping.get(column.name, column.source)
        for column in ruleset.schema.columns
        if column.name in STANDARD or column.name in own
    }
    return Asked(
        columns=named,
        underlyings=own,
        chains=chains,
        chain_columns=chain_columns or {},
        dividend_yield=dividend_yield,
        options=options,
    )


def inputs_of(
    ruleset: CheckedRuleset,
    arrays: MarketArrays,
    skew: Skew = SPX_SKEW,
    shown: Mapping[str, Float] | None = None,
) -> Inputs:
    """What a ruleset's books read of the arrays that prices are made from."""
    yields = {
        underlying_of(ruleset, column.name): arrays.dividend_yields
        for column in ruleset.schema.columns
        if column.kind is Kind.PRICE and column.name.upper() in INDEX_SHARES
    }
    opening = OpeningQuotes(arrays, skew) if ruleset.fill == "next open" else None
    return Inputs(MarketQuotes(arrays, skew), yields, opening, shown or {}, arrays.rates)


def hashes(ruleset: CheckedRuleset, files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of the ruleset's files and of the data, by name, and versions by library."""
    import pandas

    found = {
        f"ruleset {Path(name).name}": hashlib.sha256(source.text.encode()).hexdigest()
        for name, source in ruleset.sources.items()
    }
    for path in files:
        with path.open("rb") as file:
            found[f"data {path.name}"] = hashlib.file_digest(file, "sha256").hexdigest()
    found["alvh"], found["python"] = VERSION, platform.python_version()
    found["numpy"], found["pandas"] = np.__version__, pandas.__version__
    return found


class OpeningQuotes:
    """Quotes at the open: the index where it opened, and all else that a model needs as it last
    closed. What is written on VIX has no opening price here and is unknown."""

    def __init__(self, arrays: MarketArrays, skew: Skew) -> None:
        def before(values: Float) -> Float:
            return np.concatenate([[np.nan], values[:-1]])

        opens = {name: values for name, values in arrays.opens.items() if name != VIX}
        self._quotes = MarketQuotes(
            replace(
                arrays,
                closes=opens,
                levels={name: before(values) for name, values in arrays.levels.items()},
                rates=before(arrays.rates),
                vvix=before(arrays.vvix),
                skew_index=before(arrays.skew_index),
                volatilities={name: before(item) for name, item in arrays.volatilities.items()},
                chain=None,
            ),
            skew,
        )

    def multiplier(self, underlying: str, right: Right) -> float:
        """As at the close."""
        return self._quotes.multiplier(underlying, right)

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """As at the close."""
        return self._quotes.expiries(underlying, row, right)

    def strikes(self, underlying: str, row: int, expiry: np.datetime64, right: Right) -> Float:
        """Strikes around the opening price."""
        return self._quotes.strikes(underlying, row, expiry, right)

    def quote(self, contracts: Contracts, rows: Integer) -> Quoted:
        """Quotes at the open of each row."""
        if contracts.underlying.upper() != VIX:
            return self._quotes.quote(contracts, rows)
        no = np.full(len(rows), np.nan)
        source = np.full(len(rows), Source.UNKNOWN, dtype=np.int8)
        return Quoted(no, no, no, no, no, no, no, no, no, no, source)

    def settlement(self, contracts: Contracts, rows: Integer) -> Float:
        """Settlements are asked of the closing quotes."""
        return np.full(len(rows), np.nan)
