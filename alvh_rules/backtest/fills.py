"""What a trade costs: the price of a fill, and fees.

A leg that is bought pays its mid price and a share of the half-spread, one that is sold receives the
mid price less that share. The share falls with the number of legs, since a package is traded as one
(`Settings.slippage`; more legs than it knows pay what its largest number pays). A sale never pays.
Fees are a contract and leg, options and futures alike; shares pay none. Settlement costs nothing.
"""

from __future__ import annotations

import math

from alvh_rules.backtest.instruments import NEVER, Contract
from alvh_rules.backtest.marks import Mark
from alvh_rules.backtest.result import Settings


class Costs:
    """Fill prices and fees under given settings."""

    def __init__(self, settings: Settings) -> None:
        self._fee = settings.fee
        self._shares = dict(settings.slippage)
        self._most = max(self._shares, default=1)

    def share(self, legs: int) -> float:
        """The share of the half-spread that each leg of a package pays."""
        known = [count for count in self._shares if count <= legs]
        return self._shares[max(known)] if known else self._shares.get(self._most, 0.0)

    def fill(self, mark: Mark, count: float, legs: int) -> float:
        """The price in points at which `count` (signed) of a contract trade; NaN without a quote."""
        half = (mark.ask - mark.bid) / 2.0
        if not math.isfinite(mark.mid) or not math.isfinite(half):
            return math.nan
        paid = self.share(legs) * max(half, 0.0)
        return mark.mid + paid if count > 0 else max(mark.mid - paid, 0.0)

    def fee(self, contract: Contract, count: float) -> int:
        """Cents for a trade of `count` contracts."""
        if contract.expiry == NEVER:
            return 0
        return round(self._fee * abs(count) * 100.0)
