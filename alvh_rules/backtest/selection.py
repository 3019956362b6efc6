"""Which contracts a structure means on a session: the best of those that are listed and priced.

Every choice of a ruleset names a preferred value, and a range perhaps. A candidate's *miss* in one
choice is its distance from the preferred value, over the width of the range, or over the preferred
value where there is no range; a range's preferred value is its middle where none is said. Both ends of
a range are in, and nothing outside it is taken. Of all candidates the one with the smallest sum of
misses is chosen; of equal ones the nearer expiry, then the lower strikes, in the order of the legs.

1. Expiries come in the order of their own miss. One whose miss alone is no better than the best sum
   found ends the search, so that few of them are priced.
2. The anchors of the structure's record (`shapes.py`) are chosen by delta, probability of profit,
   distance or the money, over all strikes at once; wings snap to the nearest listed strike.
3. Where nothing fits, the reason is the answer, as text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from alvh_rules.backtest.choices import (
    UnfitError,
    Values,
    Wanted,
    anchor_misses,
    number,
    offset_misses,
    wanted_range,
)
from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.shapes import DEFAULT_DAYS, DEFAULT_PAIR, SHAPES, Anchor
from alvh_rules.backtest.slices import ExpirySlice, Listing
from alvh_rules.backtest.strikes import Selected, Strikes, probabilities
from alvh_rules.core.source import Span
from alvh_rules.options.contracts import Expiries, Right
from alvh_rules.syntax import ast
from alvh_rules.syntax.walk import walk


class Selector:
    """Selects contracts on one session after another, from a listing."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._places: dict[int, tuple[Span, ...]] = {}

    def select(
        self,
        structure: ast.Structure | ast.Legs,
        underlying: str,
        row: int,
        values: Values,
        after: int = 0,
    ) -> Selected | str:
        """The legs of one unit at the close of a row, or why there are none.

        `after` is a day number: the first expiry listed after it is taken, whatever the range says, and
        a calendar's far one as far beyond it as was asked for (a time shift).
        """
        # Two books that ask for the same numbers get the same contracts.
        asked = tuple(values(span) for span in self._spans(structure))
        key = (structure, underlying, after, tuple(map(repr, asked)))

        def find() -> Selected | str:
            try:
                return self._select(structure, underlying, row, values, after)
            except UnfitError as reason:
                return str(reason)

        found: Selected | str = self._listing.once(row, key, find)
        return found

    def _spans(self, structure: ast.Structure | ast.Legs) -> tuple[Span, ...]:
        """The places of every number in a structure's choices."""
        # A layer that is `like` another has its structure's place with choices of its own.
        key = id(structure)
        if key not in self._places:
            legs = structure.legs if isinstance(structure, ast.Legs) else ()
            choices = [*structure.choices, *(choice for leg in legs for choice in leg.choices)]
            self._places[key] = tuple(node.span for choice in choices for node in walk(choice))
        return self._places[key]

    def chance(self, legs: tuple[Leg, ...], underlying: str, row: int) -> float:
        """The probability that a unit makes a profit at expiry; NaN for two expiries."""
        contracts = [leg.contract for leg in legs]
        expiry, morning = contracts[0].expiry, contracts[0].morning
        if any(item.expiry != expiry or item.morning != morning for item in contracts):
            return math.nan
        listed = self._listing.expiries(underlying, row, Right.PUT)
        days = listed.date.astype("datetime64[D]").astype(np.int64)
        at = int(np.argmax((days == expiry) & (listed.morning == morning)))
        slice_ = self._listing.slice(underlying, row, listed, at)
        return float(
            probabilities(
                np.array([[item.strike for item in contracts]]),
                [item.right for item in contracts],
                [leg.count for leg in legs],
                slice_,
            )[0]
        )

    def nearest(
        self, structure: ast.Structure | ast.Legs, underlying: str, row: int, values: Values
    ) -> tuple[str, Expiries, int] | None:
        """The expiry that `select` looks at first, as `Listing.price` takes it; None where there is
        none, or two."""
        if (
            isinstance(structure, ast.Structure)
            and SHAPES[(structure.shape, structure.right)].two_expiries
        ):
            return None
        listed = self._listing.expiries(underlying, row, Right.PUT)
        choice = next((item for item in structure.choices if isinstance(item, ast.Expiring)), None)
        try:
            first = next(self._expiries(listed, choice, values, 0), None)
        except UnfitError:
            return None
        return None if first is None else (underlying, listed, first[1])

    def _select(
        self,
        structure: ast.Structure | ast.Legs,
        underlying: str,
        row: int,
        values: Values,
        after: int,
    ) -> Selected:
        listed = self._listing.expiries(underlying, row, Right.PUT)
        choice = next((item for item in structure.choices if isinstance(item, ast.Expiring)), None)
        shape = None
        if isinstance(structure, ast.Structure):
            shape = SHAPES[(structure.shape, structure.right)]
        best: Selected | None = None
        reason = ""
        pairs = (
            self._pairs(listed, choice, values, after)
            if shape is not None and shape.two_expiries
            else ((miss, at, at) for miss, at in self._expiries(listed, choice, values, after))
        )
        for miss, near, far in pairs:
            if best is not None and miss >= best.miss:
                break
            try:
                self._listing.price(row, [(underlying, listed, at) for at in (near, far)])
                slices = [self._listing.slice(underlying, row, listed, at) for at in (near, far)]
                if shape is None:
                    assert isinstance(structure, ast.Legs)
                    found = self._explicit(structure, slices[0], listed, row, values)
                else:
                    assert isinstance(structure, ast.Structure)
                    found = Strikes(shape, structure, slices[0], slices[1], values).best()
            except UnfitError as problem:
                reason = reason or str(problem)
                continue
            whole = replace(found, miss=found.miss + miss)
            if best is None or whole.miss < best.miss:
                best = whole
        if best is None:
            raise UnfitError(reason or "no listed expiry lies in the range that is asked for")
        return best

    # --- expiries ---

    def _expiries(
        self, listed: Expiries, choice: ast.Expiring | None, values: Values, after: int
    ) -> Iterator[tuple[float, int]]:
        """The misses and places of the expiries that fit, best first."""
        later = listed.date.astype("datetime64[D]").astype(np.int64) > after
        if after:
            yield from ((0.0, int(at)) for at in np.flatnonzero(later)[:1])
            return
        if choice is not None and choice.cycle:
            fits = listed.monthly if choice.cycle == "monthly" else _weekly(listed)
            if fits.any():
                # Of two expiries of that day, a weekly is the one that is no standard monthly.
                same = fits & (listed.date == listed.date[fits][0])
                plain = same & ~listed.monthly
                chosen = plain if choice.cycle == "weekly" and plain.any() else same
                yield 0.0, int(np.argmax(chosen))
            return
        if choice is None:
            wanted = Wanted(*DEFAULT_DAYS)
        else:
            assert choice.low is not None
            wanted = wanted_range(
                values, choice.low, choice.high, choice.nearest, "the days to expiry"
            )
        misses = wanted.misses(listed.days)
        for at in np.argsort(misses, kind="stable"):
            if not math.isfinite(misses[at]):
                return
            yield float(misses[at]), int(at)

    def _pairs(
        self, listed: Expiries, choice: ast.Expiring | None, values: Values, after: int
    ) -> Iterator[tuple[float, int, int]]:
        """The near and far expiry of a calendar, by the sum of their misses."""
        near, far = DEFAULT_PAIR
        if choice is not None and choice.second is not None and choice.low is not None:
            near, far = number(values, choice.low), number(values, choice.second)
        elif choice is not None:
            raise UnfitError("a calendar names two expiries: `expiring 30 days and 60 days`")
        later = listed.date.astype("datetime64[D]").astype(np.int64) > after
        if after and later.any():
            near, far = listed.days[later][0], listed.days[later][0] + far - near
        first = np.where(later, Wanted(-np.inf, np.inf, near).misses(listed.days), np.inf)
        second = np.where(later, Wanted(-np.inf, np.inf, far).misses(listed.days), np.inf)
        total = first[:, None] + second[None, :]
        total[listed.days[:, None] >= listed.days[None, :]] = np.inf
        for place in np.argsort(total, axis=None, kind="stable"):
            at, other = divmod(int(place), len(listed))
            if not math.isfinite(total[at, other]):
                return
            yield float(total[at, other]), at, other

    # --- explicit legs ---

    def _explicit(
        self, legs: ast.Legs, common: ExpirySlice, listed: Expiries, row: int, values: Values
    ) -> Selected:
        made: list[Leg] = []
        marks = []
        total = 0.0
        for leg in legs.legs:
            sign = -1.0 if leg.side == "sell" else 1.0
            count = sign * (float(leg.quantity.text) if leg.quantity is not None else 1.0)
            if leg.right in ("shares", "futures"):
                raise UnfitError("`legs` holds options here; shares and futures are held by `hold`")
            right = Right.PUT if leg.right == "put" else Right.CALL
            own = next((item for item in leg.choices if isinstance(item, ast.Expiring)), None)
            slice_ = common
            if own is not None:
                miss, at = next(self._expiries(listed, own, values, 0), (0.0, -1))
                if at < 0:
                    raise UnfitError(
                        f"no listed expiry fits the {leg.right} that is to be {leg.side}"
                    )
                total += miss
                slice_ = self._listing.slice(common.underlying, row, listed, at)
            strikes = slice_.of(right)
            if not len(strikes):
                raise UnfitError(f"no {leg.right} of that expiry has a price")
            chosen = [item for item in leg.choices if not isinstance(item, ast.Expiring)]
            misses = np.zeros(len(strikes))
            if not chosen:
                misses = anchor_misses(None, Anchor(right, None), slice_, values)
            for item in chosen:
                if isinstance(item, ast.Offset):
                    misses = misses + offset_misses(item, made, slice_, right, values)
                else:
                    misses = misses + anchor_misses(item, Anchor(right, None), slice_, values)
            at = int(np.argmin(misses))
            if not math.isfinite(misses[at]):
                raise UnfitError(f"no {leg.right} fits what the leg asks for")
            total += float(misses[at])
            strike = float(strikes.strikes[at])
            marks.append(strikes.mark(at))
            made.append(
                Leg(
                    Contract(slice_.underlying, slice_.expiry, right, strike, slice_.morning), count
                )
            )
        return Selected(tuple(made), tuple(marks), total, common.days)


def _weekly(listed: Expiries) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The expiries on Fridays, or on the Thursday before one that has none."""
    days = listed.date.astype("datetime64[D]").astype(np.int64)
    weekday = (days + 3) % 7
    friday = weekday == 4
    return np.asarray(friday | ((weekday == 3) & ~np.isin(days + 1, days[friday])))
