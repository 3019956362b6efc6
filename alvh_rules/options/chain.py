"""An option chain: real bids and asks by day, expiry, strike and right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh_rules.evaluate.inputs import Float, Integer
from alvh_rules.options.contracts import Contracts, Expiries, Quoted, Right


@dataclass(frozen=True)
class Chain:
    """Quotes of one underlying's options."""

    underlying: str

    def with_expiries(self, row: int, ruled: Expiries, day: np.datetime64) -> Expiries:
        raise NotImplementedError

    def strikes(self, row: int, expiry: np.datetime64, right: Right) -> Float | None:
        raise NotImplementedError

    def over(
        self,
        quoted: Quoted,
        contracts: Contracts,
        rows: Integer,
        days: Float,
        rates: Float,
        paid: Float,
    ) -> Quoted:
        raise NotImplementedError
