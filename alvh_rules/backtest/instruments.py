"""Contracts one at a time, as the ledger holds them, and the legs that are made of them.

A `Contract` is a key: two of the same terms are equal, wherever they came from. Days are counted from
1970-01-01, so that the session loop compares whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alvh_rules.options.contracts import Contracts, Right

NEVER = 2**31
"""The expiry of what does not expire: shares."""


@dataclass(frozen=True, slots=True, order=True)
class Contract:
    """One contract. `strike` is 0 for an outright, `expiry` a day number or `NEVER`, `morning`
    whether it settles at the opening print (AM)."""

    underlying: str
    expiry: int
    right: Right
    strike: float
    morning: bool

    @property
    def is_option(self) -> bool:
        """Whether it is a put or a call."""
        return self.right is not Right.OUTRIGHT

    @property
    def is_future(self) -> bool:
        """Whether it is an outright that expires."""
        return self.right is Right.OUTRIGHT and self.expiry != NEVER

    @property
    def kind(self) -> str:
        """`put`, `call`, `future` or `share`."""
        if self.is_option:
            return "put" if self.right is Right.PUT else "call"
        return "future" if self.is_future else "share"

    def __str__(self) -> str:
        name = self.underlying.upper()
        if self.expiry == NEVER:
            return f"{name} shares"
        day = str(np.datetime64(self.expiry, "D"))
        if not self.is_option:
            return f"{name} {day} future"
        return f"{name} {day} {'P' if self.right is Right.PUT else 'C'}{self.strike:g}"

    def payoff(self, price: float) -> float:
        """What a unit is worth at expiry, in points, where the underlying settles at `price`."""
        if self.is_option:
            return max(float(self.right) * (price - self.strike), 0.0)
        return price


@dataclass(frozen=True, slots=True)
class Leg:
    """A contract and how many of it one unit of a structure holds, negative where sold."""

    contract: Contract
    count: float


def day_number(day: np.datetime64) -> int:
    """Days from 1970-01-01; `NEVER` for no day."""
    return NEVER if np.isnat(day) else int(day.astype("datetime64[D]").astype(np.int64))


def batch(contracts: Sequence[Contract]) -> Contracts:
    """Contracts of one underlying as arrays."""
    expiries = np.array(
        [np.datetime64("NaT") if item.expiry == NEVER else item.expiry for item in contracts],
        dtype="datetime64[D]",
    )
    return Contracts(
        contracts[0].underlying,
        np.array([item.right for item in contracts], dtype=np.int8),
        np.array([item.strike if item.is_option else np.nan for item in contracts]),
        expiries,
        np.array([item.morning for item in contracts], dtype=np.bool_),
    )
