"""How the rest of the volatility curve moves when VIX moves by one point.

Near volatilities move more than far ones. Desks weight vega by the square root of time for it (Taleb,
Dynamic Hedging, 1997; Natenberg, Option Volatility and Pricing, 1994): an implied volatility of T days
moves √(30/T) points for a point of that of 30 days, which is VIX. For a VIX future nothing more is to be
assumed. Its variance is what total variance gains between T and T + 30 days, w(T) = σ²T; with dσ(T) =
√(30/T) and one level of volatility throughout,

    dF = (w(T + 30) - w(T))' / (2 · 30 σ) = (√(T + 30) - √T) / √30,

which is 1 at the settlement, 0.41 at a month and 0.20 at half a year. No figure of it is fitted;
`tests/options/test_curve_moves.py` holds it to how VIX3M, VIX6M and the futures did move. Nearer than
the shortest index, nine days, an option moves no more than one of nine days: there it says too much.
"""

from __future__ import annotations

import math

TERM = 30.0
"""Days of VIX's own volatility."""
LEAST = 9.0
"""Days below which an implied volatility moves no more."""


def volatility_move(days: float) -> float:
    """Points that an implied volatility of so many days to expiry moves for one of VIX."""
    return math.sqrt(TERM / max(days, LEAST))


def future_move(days: float) -> float:
    """Points that a VIX future with so many days to its settlement moves for one of VIX."""
    days = max(days, 0.0)
    return (math.sqrt(days + TERM) - math.sqrt(days)) / math.sqrt(TERM)
