"""Functions of a futures curve on one row. Settlements are in points, expiries in calendar days."""

from __future__ import annotations

from alvh_rules.builtins.record import Builtin, Parameter, Role, Shape
from alvh_rules.core.kinds import Kind

_CURVE = Parameter("curve", Role.CURVE, kinds=frozenset({Kind.CURVE}), doc="a declared curve")
_MONTH = frozenset({Kind.COUNT})

RECORDS = (
    Builtin(
        "constant_maturity",
        "term_structure",
        Shape.POINTWISE,
        (
            _CURVE,
            Parameter("days", kinds=frozenset({Kind.DAYS}), doc="calendar days to the maturity"),
        ),
        Kind.VOLATILITY,
        "The curve's level at a fixed maturity.",
        "Linear in calendar days between the two months next to each other whose expiries bracket the maturity; a"
        " month's own settlement on its expiry. Unknown where the maturity lies before the first listed expiry or after"
        " the last (30 days is, for some days after an expiry that the next follows by five weeks), and where a settlement"
        " that it needs is missing.",
        "S&P Dow Jones Indices, S&P VIX Futures Indices Methodology, whose two months are weighted so (by business days)",
        "constant_maturity(vx, 30 days)",
        least=0.0,
    ),
    Builtin(
        "roll_yield",
        "term_structure",
        Shape.POINTWISE,
        (
            _CURVE,
            Parameter("near", Role.MONTH, kinds=_MONTH, default=1, doc="the nearer month's number"),
            Parameter("far", Role.MONTH, kinds=_MONTH, default=2, doc="the farther month's number"),
        ),
        Kind.RATE,
        "What holding the farther month earns in a year if the curve stays as it is.",
        "100 (near / far - 1) × 365 / (days between the two expiries), in percent a year, simple. Below zero in"
        " contango: the long pays it as the future slides down the curve, the short earns it. Divided by 365 it is"
        " the roll of one calendar day. Unknown unless `far` expires after `near`.",
        "G. Gorton, F. Hayashi and K. G. Rouwenhorst, The Fundamentals of Commodity Futures Returns,"
        " Review of Finance 17 (2013), their basis",
        "roll_yield(vx, 1, 2)",
        difference=True,
    ),
)
