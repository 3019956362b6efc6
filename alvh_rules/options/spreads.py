"""What it costs to cross the market where prices are a model's: half-spreads and ticks.

A half-spread is `least` + `premium` of the premium + `vega` points of volatility of the vega, at
most `most` of the premium (but never less than half a tick). Bids are then rounded down and asks up
to the exchange's ticks. The figures for SPX are fitted by eye to the chain of January 2018
(`docs/options.md` shows the comparison); those of VIX and of others are of the same order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh_rules.evaluate.inputs import Float


@dataclass(frozen=True, slots=True)
class Spread:
    """The terms of a half-spread, in points (`premium` and `most` shares of the premium), and the
    ticks of premiums below 3 and of others."""

    least: float
    premium: float
    vega: float
    most: float
    ticks: tuple[float, float]


SPREADS = {
    "SPX": Spread(0.01, 0.006, 0.04, 0.5, (0.05, 0.10)),
    "VIX": Spread(0.025, 0.01, 0.25, 0.5, (0.05, 0.10)),
    "VIX future": Spread(0.025, 0.0, 0.0, 0.5, (0.05, 0.05)),
    "shares": Spread(0.01, 0.01, 0.25, 0.5, (0.01, 0.05)),
    "share": Spread(0.005, 0.0, 0.0, 0.5, (0.01, 0.01)),
}
TICKS_CHANGE = 3.0
"""The premium from which the wider tick counts."""


def bid_and_ask(mid: Float, vega: Float, spread: Spread) -> tuple[Float, Float]:
    """Bid and ask around model prices, in points, on ticks: the bid at or below, the ask above.

    `vega` is points for a point of volatility. A bid below the smallest tick is zero: nothing is
    bid.
    """
    with np.errstate(invalid="ignore"):
        half = spread.least + spread.premium * mid + spread.vega * vega
        half = np.maximum(np.minimum(half, spread.most * mid), 0.5 * spread.ticks[0])
        bid = _on_tick(np.maximum(mid - half, 0.0), spread, np.floor)
        return bid, _on_tick(mid + half, spread, np.ceil)


def _on_tick(value: Float, spread: Spread, towards: np.ufunc) -> Float:
    tick = np.where(value < TICKS_CHANGE, spread.ticks[0], spread.ticks[1])
    # A price that is a tick but for its last bits stays there.
    near = np.round(value / tick)
    count = np.where(np.abs(value / tick - near) < 1e-6, near, towards(value / tick))
    # 229 ticks of 0.05 are 11.45, not the float next to it.
    return np.asarray(np.round(count * tick, 6))
