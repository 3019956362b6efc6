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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.probability import probability_below, probability_of_profit
from alvh_rules.backtest.shapes import (
    DEFAULT_DAYS,
    DEFAULT_PAIR,
    DEFAULT_WINGS,
    SHAPES,
    Anchor,
    Shape,
)
from alvh_rules.backtest.slices import ExpirySlice, Listing
from alvh_rules.check.measures import share_of_spot
from alvh_rules.core.source import Span
from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Expiries, Right
from alvh_rules.syntax import ast

Values = Callable[[Span], tuple[float, bool]]
"""The number written at a place, on the session of the decision, and whether it is a ratio."""


@dataclass(frozen=True)
class Selected:
    """The legs of one unit, in the structure's order, and the sum of its misses."""

    legs: tuple[Leg, ...]
    miss: float
    days: float
    probability: float = math.nan


@dataclass(frozen=True, slots=True)
class Wanted:
    """A preferred value, and the range that it lies in."""

    low: float
    high: float
    preferred: float

    @property
    def scale(self) -> float:
        width = self.high - self.low
        return width if math.isfinite(width) and width > 0 else abs(self.preferred) or 1.0

    def misses(self, values: Float) -> Float:
        """The miss of each value; infinite outside the range or where unknown."""
        inside = (values >= self.low) & (values <= self.high)
        return np.where(inside, np.abs(values - self.preferred) / self.scale, np.inf)


class UnfitError(Exception):
    """Nothing fits; the text says why. Never leaves this module."""


class Selector:
    """Selects contracts on one session after another, from a listing."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

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
        try:
            return self._select(structure, underlying, row, values, after)
        except UnfitError as reason:
            return str(reason)

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
        return float(probabilities([legs], slice_)[0])

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
                slices = [self._listing.slice(underlying, row, listed, at) for at in (near, far)]
                if shape is None:
                    assert isinstance(structure, ast.Legs)
                    found = self._explicit(structure, slices[0], listed, row, values)
                else:
                    assert isinstance(structure, ast.Structure)
                    found = _Strikes(shape, structure, slices[0], slices[1], values).best()
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
            wanted = _wanted(values, choice.low, choice.high, choice.nearest, "the days to expiry")
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
            near, far = _number(values, choice.low), _number(values, choice.second)
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
                misses = _anchor_misses(None, Anchor(right, None), slice_, values)
            for item in chosen:
                if isinstance(item, ast.Offset):
                    misses = misses + _offset_misses(item, made, slice_, right, values)
                else:
                    misses = misses + _anchor_misses(item, Anchor(right, None), slice_, values)
            at = int(np.argmin(misses))
            if not math.isfinite(misses[at]):
                raise UnfitError(f"no {leg.right} fits what the leg asks for")
            total += float(misses[at])
            strike = float(strikes.strikes[at])
            made.append(
                Leg(
                    Contract(slice_.underlying, slice_.expiry, right, strike, slice_.morning), count
                )
            )
        return Selected(tuple(made), total, common.days)


class _Strikes:
    """The strikes of a catalogue structure, of one expiry or two."""

    def __init__(
        self,
        shape: Shape,
        structure: ast.Structure,
        near: ExpirySlice,
        far: ExpirySlice,
        values: Values,
    ) -> None:
        self._shape, self._structure = shape, structure
        self._near, self._far, self._values = near, far, values
        self._sign = 1.0 if structure.side == "sell" else -1.0
        choices = structure.choices
        strike_forms = (ast.AtTheMoney, ast.AtStrike, ast.Offset)
        self._by: ast.Choice | None = next(
            (
                item
                for item in choices
                if isinstance(item, strike_forms)
                or (isinstance(item, ast.Selection) and item.measure != "wings")
            ),
            None,
        )
        self._wings = next(
            (i for i in choices if isinstance(i, ast.Selection) and i.measure == "wings"), None
        )

    def best(self) -> Selected:
        """The anchors with the smallest sum of misses, and the legs on them."""
        for stand in self._shape.legs:
            if not len((self._far if stand.far else self._near).of(stand.right)):
                word = "put" if stand.right is Right.PUT else "call"
                raise UnfitError(f"no {word} of that expiry has a price")
        by = self._by
        if isinstance(by, ast.Selection) and by.measure == "probability_of_profit":
            return self._by_probability(by)
        places, total = [], 0.0
        for anchor in self._shape.anchors:
            misses = _anchor_misses(by, anchor, self._near, self._values)
            at = int(np.argmin(misses))
            if not math.isfinite(misses[at]):
                raise UnfitError(f"no strike fits {_said(by)}")
            places.append(at)
            total += float(misses[at])
        strikes = [
            float(self._near.of(anchor.right).strikes[at])
            for anchor, at in zip(self._shape.anchors, places, strict=True)
        ]
        return Selected(self._legs(strikes), total, self._near.days)

    def _legs(self, anchors: list[float]) -> tuple[Leg, ...]:
        """The legs on the anchors' strikes, wings included."""
        legs = []
        for stand in self._shape.legs:
            slice_ = self._far if stand.far else self._near
            strikes = slice_.of(stand.right).strikes
            base = anchors[stand.anchor]
            strike = base
            if stand.wing:
                strike = self._wing(strikes, base, stand.wing)
            elif base not in strikes:
                raise UnfitError(f"strike {base:g} is not priced in every leg's expiry and right")
            contract = Contract(
                slice_.underlying, slice_.expiry, stand.right, strike, slice_.morning
            )
            legs.append(Leg(contract, self._sign * stand.count))
        return tuple(legs)

    def _wing(self, strikes: Float, base: float, side: int) -> float:
        """The strike nearest to the wanted distance, on its side of the anchor."""
        spot = self._near.spot
        if self._wings is None:
            away = abs(base - spot)
            # A butterfly away from the money reaches back to it.
            body = self._structure.shape == "butterfly" and bool(self._structure.right)
            distance = away if body and away > DEFAULT_WINGS / 2 * spot else DEFAULT_WINGS * spot
            wanted = Wanted(0.0, np.inf, distance)
        else:
            wanted = self._wanted_wings(self._wings, spot)
        width = side * (strikes - base)
        misses = np.where(width > 0, wanted.misses(width), np.inf)
        at = int(np.argmin(misses))
        if not math.isfinite(misses[at]):
            raise UnfitError(f"no wing of {wanted.preferred:g} points is listed beyond {base:g}")
        return float(strikes[at])

    def _wanted_wings(self, choice: ast.Selection, spot: float) -> Wanted:
        wanted = _wanted(self._values, choice.low, choice.high, choice.nearest, "the wings")
        if choice.high is None:
            wanted = replace(wanted, low=0.0, high=np.inf)
        if self._values(choice.low.span)[1]:
            wanted = Wanted(wanted.low * spot, wanted.high * spot, wanted.preferred * spot)
        return wanted

    # --- by probability of profit ---

    def _by_probability(self, by: ast.Selection) -> Selected:
        if self._shape.two_expiries:
            raise UnfitError("a structure of two expiries has no profit at expiry to choose by")
        wanted = _wanted(self._values, by.low, by.high, by.nearest, "the probability")
        candidates = self._candidates()
        if not candidates:
            raise UnfitError("no strikes out of the money are priced on each side")
        legs = []
        for anchors in candidates:
            try:
                legs.append(self._legs(anchors))
            except UnfitError:
                continue
        if not legs:
            raise UnfitError("no wings are listed beyond any strike")
        chances = probabilities(legs, self._near)
        misses = wanted.misses(chances)
        order = sorted(
            range(len(legs)),
            key=lambda i: (misses[i], tuple(leg.contract.strike for leg in legs[i])),
        )
        best = order[0]
        if not math.isfinite(misses[best]):
            near = float(chances[np.nanargmin(np.abs(chances - wanted.preferred))])
            raise UnfitError(f"no strikes give {_said(by)}: the nearest is {near:.0%}")
        return Selected(legs[best], float(misses[best]), self._near.days, float(chances[best]))

    def _candidates(self) -> list[list[float]]:
        """Anchors' strikes: all those out of the money, or pairs of like delta on either side."""
        anchors = self._shape.anchors
        first = self._near.of(anchors[0].right)
        out = np.abs(first.quoted.delta) <= 0.5
        if len(anchors) == 1:
            return [[float(strike)] for strike in first.strikes[out]]
        second = self._near.of(anchors[1].right)
        other = np.abs(second.quoted.delta)
        other = np.where(other <= 0.5, other, np.inf)
        if not np.isfinite(other).any():
            return []
        deltas = np.abs(first.quoted.delta[out])
        matched = np.argmin(np.abs(other[None, :] - deltas[:, None]), axis=1)
        return [
            [float(strike), float(second.strikes[at])]
            for strike, at in zip(first.strikes[out], matched, strict=True)
            if strike < second.strikes[at]
        ]


def probabilities(candidates: list[tuple[Leg, ...]], near: ExpirySlice) -> Float:
    """The probability of profit of each, at mid prices."""
    puts, calls = near.put, near.call
    forward = float(puts.quoted.forward[0])
    low, high = puts.strikes <= forward, calls.strikes > forward
    nodes = np.concatenate([puts.strikes[low], calls.strikes[high]])
    volatility = np.concatenate([puts.quoted.volatility[low], calls.quoted.volatility[high]])
    known = np.isfinite(volatility) & (nodes > 0)
    nodes, volatility = nodes[known], volatility[known]
    if len(nodes) < 2:
        return np.full(len(candidates), np.nan)
    below = probability_below(nodes, volatility, forward, near.days)
    payoff = np.zeros((len(candidates), len(nodes)))
    for column in range(len(candidates[0])):
        right = candidates[0][column].contract.right
        strikes = np.array([legs[column].contract.strike for legs in candidates])
        count = candidates[0][column].count
        part = near.of(right)
        mids = part.quoted.mid[np.searchsorted(part.strikes, strikes)]
        value = np.maximum(right * (nodes[None, :] - strikes[:, None]), 0.0)
        payoff += count * (value - mids[:, None])
    return probability_of_profit(nodes, below, payoff)


# --- what a choice asks for ----------------------------------------------------------------------


def _number(values: Values, node: ast.Expression) -> float:
    value, _ = values(node.span)
    if not math.isfinite(value):
        raise UnfitError("a number that the structure asks for is unknown on that day")
    return value


def _wanted(
    values: Values,
    low: ast.Expression,
    high: ast.Expression | None,
    nearest: ast.Expression | None,
    what: str,
) -> Wanted:
    least = _number(values, low)
    if high is None:
        return Wanted(-np.inf, np.inf, least)
    most = _number(values, high)
    preferred = (least + most) / 2.0 if nearest is None else _number(values, nearest)
    if least > most:
        raise UnfitError(f"{what} asked for end before they begin on that day")
    return Wanted(least, most, preferred)


def _anchor_misses(
    by: ast.Choice | None, anchor: Anchor, slice_: ExpirySlice, values: Values
) -> Float:
    """The miss of every strike of the anchor's right."""
    part = slice_.of(anchor.right)
    spot = slice_.spot
    match by:
        case ast.Selection(measure="delta"):
            wanted = _wanted(values, by.low, by.high, by.nearest, "the deltas")
            return wanted.misses(np.abs(part.quoted.delta))
        case ast.AtTheMoney(side=side):
            return _money_misses(part.strikes, spot, side)
        case ast.AtStrike():
            share = share_of_spot(by.strike)
            target = _number(values, by.strike) if share is None else _number(values, share) * spot
            return Wanted(-np.inf, np.inf, target).misses(part.strikes)
        case None if anchor.delta is not None:
            return Wanted(-np.inf, np.inf, anchor.delta).misses(np.abs(part.quoted.delta))
        case None:
            return _money_misses(part.strikes, spot, "")
        case _:
            raise UnfitError(f"strikes cannot be chosen by {_said(by)} here")


def _money_misses(strikes: Float, spot: float, side: str) -> Float:
    """Zero at the strike at the money, or the next one below or above; infinite elsewhere."""
    misses = np.abs(strikes / spot - 1.0)
    if side == "below":
        misses = np.where(strikes <= spot, misses, np.inf)
    elif side == "above":
        misses = np.where(strikes >= spot, misses, np.inf)
    at = int(np.argmin(misses))
    found = np.full(len(strikes), np.inf)
    if math.isfinite(misses[at]):
        found[at] = 0.0
    return found


def _offset_misses(
    choice: ast.Offset, made: list[Leg], slice_: ExpirySlice, right: Right, values: Values
) -> Float:
    """The misses of strikes from a distance to a leg that was chosen before."""
    side, word = choice.leg.split(" ")
    base = next(
        (
            leg.contract
            for leg in made
            if leg.contract.kind == word and (leg.count < 0) == (side == "short")
        ),
        None,
    )
    if base is None:
        raise UnfitError(f"no {choice.leg} stands before the leg that counts from it")
    distance = _number(values, choice.distance)
    wanted = Wanted(0.0, np.inf, distance)
    sign = -1.0 if choice.side == "below" else 1.0
    width = sign * (slice_.of(right).strikes - base.strike)
    return np.where(width > 0, wanted.misses(width), np.inf)


def _weekly(listed: Expiries) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The expiries on Fridays, or on the Thursday before one that has none."""
    days = listed.date.astype("datetime64[D]").astype(np.int64)
    weekday = (days + 3) % 7
    friday = weekday == 4
    return np.asarray(friday | ((weekday == 3) & ~np.isin(days + 1, days[friday])))


def _said(by: ast.Choice | None) -> str:
    match by:
        case ast.Selection(measure=measure):
            return f"the {measure.replace('_', ' ')} asked for"
        case ast.AtTheMoney(side=side):
            return f"at the money or {side}" if side else "at the money"
        case ast.AtStrike():
            return "the strike asked for"
        case None:
            return "the structure's default"
        case _:
            return "that choice"
