"""What is listed and quoted on one session: expiries, and the options of an expiry.

A `Listing` is asked during one session and remembers its answers for that session, so that two books
run side by side, or three layers that look at the same expiry, price it once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Quotes, Right


@dataclass(frozen=True)
class Slice:
    """The options of one right and expiry that have a price: strikes ascending, and their quotes."""

    strikes: Float
    quoted: Quoted

    def __len__(self) -> int:
        return len(self.strikes)


@dataclass(frozen=True)
class ExpirySlice:
    """An expiry and its options, priced at the close of a session."""

    underlying: str
    expiry: int
    days: float
    morning: bool
    put: Slice
    call: Slice

    def of(self, right: Right) -> Slice:
        """The options of a right."""
        return self.put if right is Right.PUT else self.call

    @property
    def spot(self) -> float:
        """The price that strikes are compared with; NaN where nothing is quoted."""
        for part in (self.put, self.call):
            if len(part):
                return float(part.quoted.spot[0])
        return float("nan")


class Listing:
    """Expiries and slices of the session that is asked about; another session forgets the last."""

    def __init__(self, quotes: Quotes) -> None:
        self.quotes = quotes
        self._row = -1
        self._expiries: dict[tuple[str, Right], Expiries] = {}
        self._slices: dict[tuple[str, int, bool], ExpirySlice] = {}
        self._found: dict[Hashable, Any] = {}

    def _at(self, row: int) -> None:
        if row != self._row:
            self._row = row
            self._expiries.clear()
            self._slices.clear()
            self._found.clear()

    def once(self, row: int, key: Hashable, find: Callable[[], Any]) -> Any:
        """What `find` gives for a key on a row, found once for all who ask with it."""
        self._at(row)
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def expiries(self, underlying: str, row: int, right: Right) -> Expiries:
        """The expiries listed at the close of a row."""
        self._at(row)
        key = (underlying, right)
        if key not in self._expiries:
            self._expiries[key] = self.quotes.expiries(underlying, row, right)
        return self._expiries[key]

    def slice(self, underlying: str, row: int, expiries: Expiries, at: int) -> ExpirySlice:
        """The options of one of the expiries."""
        self._at(row)
        expiry, morning = expiries.date[at], bool(expiries.morning[at])
        day = int(expiry.astype("datetime64[D]").astype(np.int64))
        key = (underlying, day, morning)
        if key not in self._slices:
            put, call = self._priced(underlying, row, expiry, morning)
            self._slices[key] = ExpirySlice(
                underlying, day, float(expiries.days[at]), morning, put, call
            )
        return self._slices[key]

    def _priced(
        self, underlying: str, row: int, expiry: np.datetime64, morning: bool
    ) -> tuple[Slice, Slice]:
        listed = [
            self.quotes.strikes(underlying, row, expiry, right) for right in (Right.PUT, Right.CALL)
        ]
        count = sum(map(len, listed))
        right = np.repeat(
            np.array([Right.PUT, Right.CALL], dtype=np.int8), [len(part) for part in listed]
        )
        contracts = Contracts(
            underlying,
            right,
            np.concatenate(listed),
            np.full(count, expiry, dtype="datetime64[D]"),
            np.full(count, morning, dtype=np.bool_),
        )
        if not count:
            nothing = self._none()
            return Slice(np.zeros(0), nothing), Slice(np.zeros(0), nothing)
        quoted = self.quotes.quote(contracts, np.full(count, row, dtype=np.int64))
        known = np.isfinite(quoted.mid) & np.isfinite(quoted.bid) & np.isfinite(quoted.ask)
        return tuple(
            Slice(contracts.strike[which], taken(quoted, which))
            for which in ((right < 0) & known, (right > 0) & known)
        )  # type: ignore[return-value]

    @staticmethod
    def _none() -> Quoted:
        no = np.zeros(0)
        return Quoted(no, no, no, no, no, no, no, no, no, no, np.zeros(0, dtype=np.int8))


def taken(quoted: Quoted, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Quoted:
    """Some of the quotes."""
    return Quoted(*(getattr(quoted, name)[which] for name in Quoted.__slots__))
