"""Shares of votes, exact: `2/3`, `60%`, `over 1/2`, `at least 2/3`.

Weights are whole numbers and shares are fractions, so that no vote is ever decided by rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_SHARE = re.compile(r"(?:(\d{1,4})/(\d{1,4})|(\d{1,3}(?:\.\d{1,4})?)%)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """How much of the yes and no votes must be yes: over `share`, or at least that."""

    share: Fraction
    inclusive: bool

    def met(self, yes: int, no: int) -> bool:
        """Whether the votes suffice; without a vote they never do."""
        if yes + no == 0:
            return False
        got = Fraction(yes, yes + no)
        return got >= self.share if self.inclusive else got > self.share

    def __str__(self) -> str:
        return f"{'at least' if self.inclusive else 'over'} {self.share}"

    def not_below(self, other: Threshold) -> bool:
        """Whether it asks for as much as another or more."""
        if self.share != other.share:
            return self.share > other.share
        return other.inclusive or not self.inclusive


def share_of(text: str) -> Fraction | None:
    """A share between 0 and 1, both taken in; None where the text is none."""
    found = _SHARE.fullmatch(text.strip())
    if found is None or (found[2] is not None and int(found[2]) == 0):
        return None
    share = Fraction(int(found[1]), int(found[2])) if found[1] else Fraction(found[3]) / 100
    return share if 0 <= share <= 1 else None


def threshold_of(text: str) -> Threshold | None:
    """A threshold that a tie cannot meet; None where the text is none."""
    for word, inclusive in (("over ", False), ("at least ", True)):
        if text.startswith(word):
            share = share_of(text.removeprefix(word))
            if share is None:
                return None
            half = Fraction(1, 2)
            strict = share > half if inclusive else half <= share < 1
            return Threshold(share, inclusive) if strict else None
    return None
