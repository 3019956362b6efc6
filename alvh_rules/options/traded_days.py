"""The days that a run trades: what is wrong with the data on others is counted, not told.

A file may hold forty years of which a month is traded. What was found on other days is one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Days


@dataclass
class TradedDays:
    """The first and last day that are traded (None: all before, all after), and `others`, how many rows
    or sessions were found wrong on other days."""

    first: date | None = None
    last: date | None = None
    others: int = 0

    def of(self, wrong: Boolean, days: Days) -> Boolean:
        """What of that which is wrong is of traded days; the rest is counted. Arrays of one length."""
        inside = np.ones(len(days), dtype=bool)
        if self.first is not None:
            inside &= days >= np.datetime64(self.first)
        if self.last is not None:
            inside &= days <= np.datetime64(self.last)
        self.others += int((wrong & ~inside).sum())
        return np.asarray(wrong & inside)
