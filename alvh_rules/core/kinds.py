"""Kinds: what a number means, and how kinds combine.

A `Kind` carries the unit in which values are held and shown. Volatilities and rates are held in
points (14.2 is 14.2%), ratios as fractions (5% is 0.05), money in dollars. `Type` adds to a kind
the set of labels it ranges over, and whether the number is a difference of two levels (a change of
VIX may well be 0.3, a level of VIX may not: implausible literals are judged for levels only).

Arithmetic: equal kinds add and subtract; a ratio (or a count) scales anything; a kind over itself
is a ratio; price times count is money, and back. What is not in the tables is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a value means; the string is the word a ruleset uses for it."""

    PRICE = "price"
    VOLATILITY = "volatility"
    RATE = "rate"
    RATIO = "ratio"
    INDEX = "index"
    COUNT = "count"
    MONEY = "money"
    DAYS = "days"
    SESSIONS = "sessions"
    FLAG = "flag"
    DATE = "date"
    LABEL = "label"
    CURVE = "curve"
    VARIANCE = "variance"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, the label set it ranges over (kind `label` only), and whether it is a difference."""

    kind: Kind
    labels: str = ""
    difference: bool = False

    def describe(self) -> str:
        """The kind as a trader says it."""
        if self.kind is Kind.LABEL:
            return f"a label of {self.labels}" if self.labels else "a label"
        return DESCRIPTIONS[self.kind]


NUMERIC: Final = frozenset(
    {
        Kind.PRICE,
        Kind.VOLATILITY,
        Kind.RATE,
        Kind.RATIO,
        Kind.INDEX,
        Kind.COUNT,
        Kind.MONEY,
        Kind.DAYS,
        Kind.SESSIONS,
        Kind.VARIANCE,
    }
)
"""The kinds that are numbers."""

DECLARABLE: Final = tuple(
    kind for kind in Kind if kind not in (Kind.LABEL, Kind.VARIANCE, Kind.TEXT)
)
"""The kinds a data column may be given by name (a label set's name is one more)."""

POINTS: Final = frozenset({Kind.VOLATILITY, Kind.RATE})
"""Kinds held in points, next to which `%` means points."""

DESCRIPTIONS: Final = {
    Kind.PRICE: "a price",
    Kind.VOLATILITY: "a volatility (in points)",
    Kind.RATE: "a rate (in percent)",
    Kind.RATIO: "a ratio",
    Kind.INDEX: "an index from 0 to 100",
    Kind.COUNT: "a count",
    Kind.MONEY: "an amount of money",
    Kind.DAYS: "a number of days",
    Kind.SESSIONS: "a number of sessions",
    Kind.FLAG: "a yes/no",
    Kind.DATE: "a date",
    Kind.LABEL: "a label",
    Kind.CURVE: "a futures curve",
    Kind.VARIANCE: "a variance (points squared)",
    Kind.TEXT: "a text",
}

RANGES: Final = {
    Kind.PRICE: (0.0, None),
    Kind.VOLATILITY: (0.0, None),
    Kind.INDEX: (0.0, 100.0),
    Kind.COUNT: (0.0, None),
    Kind.SESSIONS: (0.0, None),
    Kind.VARIANCE: (0.0, None),
}
"""Least and greatest value of a *level* of the kind, where the kind bounds it."""


def sum_kind(left: Kind, right: Kind) -> Kind | None:
    """The kind of a sum or difference, or None where the two may not be added."""
    if left is right and left in NUMERIC:
        return left
    if {left, right} == {Kind.DATE, Kind.DAYS}:
        return Kind.DATE
    return None


def difference_kind(left: Kind, right: Kind) -> Kind | None:
    """The kind of a difference: two dates are days apart; else as a sum."""
    if left is Kind.DATE and right is Kind.DATE:
        return Kind.DAYS
    if left is Kind.DAYS and right is Kind.DATE:
        return None
    return sum_kind(left, right)


def product_kind(left: Kind, right: Kind) -> Kind | None:
    """The kind of a product, or None."""
    if left not in NUMERIC or right not in NUMERIC:
        return None
    if left is Kind.RATIO:
        return right
    if right is Kind.RATIO:
        return left
    pair = frozenset({left, right})
    if pair == {Kind.PRICE, Kind.COUNT}:
        return Kind.MONEY
    if left is Kind.VOLATILITY and right is Kind.VOLATILITY:
        return Kind.VARIANCE
    if Kind.COUNT in pair:
        return right if left is Kind.COUNT else left
    return None


def quotient_kind(left: Kind, right: Kind) -> Kind | None:
    """The kind of a quotient, or None."""
    if left not in NUMERIC or right not in NUMERIC:
        return None
    if left is right:
        return Kind.RATIO
    if right is Kind.RATIO:
        return left
    if left is Kind.MONEY and right is Kind.PRICE:
        return Kind.COUNT
    if left is Kind.MONEY and right is Kind.COUNT:
        return Kind.PRICE
    if left is Kind.VARIANCE and right is Kind.VOLATILITY:
        return Kind.VOLATILITY
    if right is Kind.COUNT:
        return left
    return None
