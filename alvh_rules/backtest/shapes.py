"""The catalogue of structures: a record each, from which legs are made.

A record says which strikes are chosen (`anchors`) and which legs stand on them, for one unit that is
*sold*; a unit that is bought has every sign turned. To add a structure, add its record here (and its
words to the grammar).

An anchor is chosen among the strikes of puts or of calls. A leg stands on an anchor, or a wing away
from it: below (-1) or above (+1). Where a ruleset chooses nothing, the record's defaults hold; what
they are is told in `docs/backtest.md`, from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alvh_rules.options.contracts import Right

DEFAULT_DAYS = (20.0, 40.0, 30.0)
"""Least, most and preferred days to expiry of options where a hedge or holding names no expiry."""
DEFAULT_PAIR = (30.0, 60.0)
"""The two expiries of a calendar where none are named."""
DEFAULT_WINGS = 0.05
"""Wings where none are said, as a share of spot; of a butterfly away from the money, to the money."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A strike that is chosen: among puts or calls; by default at a delta, or (None) at the money."""

    right: Right
    delta: float | None


@dataclass(frozen=True, slots=True)
class Stand:
    """A leg of a sold unit: its contracts, right, anchor, wing (-1, 0, 1), and nearer or farther
    expiry."""

    count: int
    right: Right
    anchor: int = 0
    wing: Literal[-1, 0, 1] = 0
    far: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A structure: its anchors and the legs of one sold unit."""

    anchors: tuple[Anchor, ...]
    legs: tuple[Stand, ...]

    @property
    def winged(self) -> bool:
        """Whether it has wings."""
        return any(leg.wing for leg in self.legs)

    @property
    def two_expiries(self) -> bool:
        """Whether it spans two expiries."""
        return any(leg.far for leg in self.legs)


P, C = Right.PUT, Right.CALL
OUT = 0.20
"""Delta of the strikes out of the money where none is said."""

SHAPES: dict[tuple[str, str], Shape] = {
    ("iron condor", ""): Shape(
        (Anchor(P, OUT), Anchor(C, OUT)),
        (Stand(-1, P, 0), Stand(1, P, 0, -1), Stand(-1, C, 1), Stand(1, C, 1, 1)),
    ),
    ("spread", "put"): Shape((Anchor(P, OUT),), (Stand(-1, P), Stand(1, P, 0, -1))),
    ("spread", "call"): Shape((Anchor(C, OUT),), (Stand(-1, C), Stand(1, C, 0, 1))),
    ("butterfly", ""): Shape(
        (Anchor(P, None),),
        (Stand(-1, P), Stand(1, P, 0, -1), Stand(-1, C), Stand(1, C, 0, 1)),
    ),
    ("butterfly", "put"): Shape(
        (Anchor(P, OUT),), (Stand(-1, P, 0, 1), Stand(2, P), Stand(-1, P, 0, -1))
    ),
    ("butterfly", "call"): Shape(
        (Anchor(C, OUT),), (Stand(-1, C, 0, -1), Stand(2, C), Stand(-1, C, 0, 1))
    ),
    # A sold calendar holds the near option and is short the far one.
    ("calendar", ""): Shape((Anchor(C, None),), (Stand(1, C), Stand(-1, C, far=True))),
    ("calendar", "put"): Shape((Anchor(P, None),), (Stand(1, P), Stand(-1, P, far=True))),
    ("calendar", "call"): Shape((Anchor(C, None),), (Stand(1, C), Stand(-1, C, far=True))),
    ("straddle", ""): Shape((Anchor(P, None),), (Stand(-1, P), Stand(-1, C))),
    ("strangle", ""): Shape((Anchor(P, OUT), Anchor(C, OUT)), (Stand(-1, P, 0), Stand(-1, C, 1))),
    ("option", "put"): Shape((Anchor(P, None),), (Stand(-1, P),)),
    ("option", "call"): Shape((Anchor(C, None),), (Stand(-1, C),)),
}
"""The option structures, by the shape and right that the language names."""
