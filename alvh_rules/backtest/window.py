"""Prices of one session after the other: the few rows that they rest on, under the numbers of all.

1. What prices are made from is kept of the last rows alone: a gap in a future's settlements is told from
   their end by `GAP` rows, a settlement looks at the close before, an opening at the volatilities of the
   close before.
2. A rate, a yield and a volatility of VIX that are carried on from rows further back stand in the first
   row that is kept, where it has none of its own.
3. Each session quotes are made of these rows anew, by the code that makes them of a whole history, so the
   session's row has the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from alvh_rules.backtest.loading import inputs_of
from alvh_rules.backtest.simulate import Inputs
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Quotes, Right
from alvh_rules.options.skew import Skew
from alvh_rules.options.trading_data import Asked, market_arrays, trading_schema
from alvh_rules.options.vix_futures import GAP

ROWS: Final = GAP + 1
CARRIED: Final = ("tbill_3m", "dividend_yield", "vvix")
"""The columns of which a value from before the window counts."""


class Shifted:
    """`Quotes` of some rows, asked for by numbers that count from another: `first` is the number of
    their first row."""

    def __init__(self, quotes: Quotes, first: int) -> None:
        self.quotes, self.first = quotes, first

    def multiplier(self, underlying: str, right: Right) -> float:
        """Dollars for a point of one contract."""
        return self.quotes.multiplier(underlying, right)

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """The expiries listed at the close of a row."""
        return self.quotes.expiries(underlying, row - self.first, right)

    def strikes(self, underlying: str, row: int, expiry: np.datetime64, right: Right) -> Float:
        """The listed strikes of an expiry."""
        return self.quotes.strikes(underlying, row - self.first, expiry, right)

    def quote(self, contracts: Contracts, rows: Integer) -> Quoted:
        """Quotes of each contract on its own row."""
        return self.quotes.quote(contracts, rows - self.first)

    def settlement(self, contracts: Contracts, rows: Integer) -> Float:
        """What each contract settles at."""
        return self.quotes.settlement(contracts, rows - self.first)


class Window:
    """The last rows of what prices are made from. `row` counts from the first session."""

    def __init__(self, ruleset: CheckedRuleset, asked: Asked, skew: Skew) -> None:
        self._ruleset, self._asked, self._skew = ruleset, asked, skew
        self.names = [column.name for column in trading_schema(asked).columns]
        self.row = -1
        self._days: list[int] = []
        self._values: list[list[float]] = []
        self._carried = dict.fromkeys(CARRIED, float("nan"))
        self.found: list[Diagnostic] = []
        """What had to be assumed on the last row."""

    def add(self, day: int, values: Mapping[str, float]) -> tuple[Inputs, int]:
        """The next session's columns, by the names of `trading_schema`, absent ones missing; what books
        read of the rows that are kept, and the number of the first of them."""
        nan = float("nan")
        if len(self._days) == ROWS:
            self._days.pop(0)
            oldest = dict(zip(self.names, self._values.pop(0), strict=True))
            self._carried |= {key: oldest[key] for key in CARRIED if oldest[key] == oldest[key]}
        self._days.append(day)
        self._values.append([values.get(name, nan) for name in self.names])
        self.row += 1
        dates = np.array(self._days, dtype="datetime64[D]")
        table = np.array(self._values, dtype=np.float64)
        columns = {name: table[:, at] for at, name in enumerate(self.names)}
        for key, value in self._carried.items():
            # The first row is never the session's own once something lies before it.
            if np.isnan(columns[key][0]) and value == value:
                columns[key] = np.concatenate([[value], columns[key][1:]])
        arrays, self.found = market_arrays(dates, columns, self._asked)
        return inputs_of(self._ruleset, arrays, self._skew), self.row + 1 - len(self._days)

    def save(self) -> dict[str, Any]:
        """What is kept, as numbers, lists and dictionaries."""
        return {
            "row": self.row,
            "days": list(self._days),
            "values": [list(row) for row in self._values],
            "carried": dict(self._carried),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of the same ruleset."""
        self.row, self._days = saved["row"], list(saved["days"])
        self._values = [list(row) for row in saved["values"]]
        self._carried = dict(saved["carried"])
