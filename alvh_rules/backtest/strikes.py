"""The strikes of a catalogue structure on one expiry or two, over all candidates at once.

Candidates are rows of anchors' strikes; `_standing` puts every leg on them, wings snapped to what is
listed, and leaves NaN where one cannot stand. Chosen by delta or distance there is one candidate; by
probability of profit there are as many as strikes out of the money, or pairs of like delta.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from alvh_rules.backtest.choices import (
    UnfitError,
    Values,
    Wanted,
    anchor_misses,
    said,
    wanted_range,
)
from alvh_rules.backtest.instruments import Contract, Leg
from alvh_rules.backtest.marks import Mark
from alvh_rules.backtest.probability import probability_below, probability_of_profit
from alvh_rules.backtest.shapes import DEFAULT_WINGS, Shape
from alvh_rules.backtest.slices import ExpirySlice
from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Right
from alvh_rules.syntax import ast


@dataclass(frozen=True)
class Selected:
    """The legs of one unit, in the structure's order, with their marks at that close, and the sum of
    its misses."""

    legs: tuple[Leg, ...]
    marks: tuple[Mark, ...]
    miss: float
    days: float
    probability: float = math.nan


class Strikes:
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
            misses = anchor_misses(by, anchor, self._near, self._values)
            at = int(np.argmin(misses))
            if not math.isfinite(misses[at]):
                raise UnfitError(f"no strike fits {said(by)}")
            places.append(at)
            total += float(misses[at])
        anchors = np.array(
            [
                self._near.of(anchor.right).strikes[at]
                for anchor, at in zip(self._shape.anchors, places, strict=True)
            ]
        )
        standing = self._standing(anchors[None, :])[0]
        return Selected(*self._legs(standing, anchors), total, self._near.days)

    def _legs(self, standing: Float, anchors: Float) -> tuple[tuple[Leg, ...], tuple[Mark, ...]]:
        """The legs on their strikes and their marks; says why where one cannot stand."""
        legs, marks = [], []
        for stand, strike in zip(self._shape.legs, standing.tolist(), strict=True):
            slice_ = self._far if stand.far else self._near
            base = anchors[stand.anchor]
            if not math.isfinite(strike):
                if stand.wing:
                    raise UnfitError(f"no wing that is asked for is listed beyond {base:g}")
                raise UnfitError(f"strike {base:g} is not priced in every leg's expiry and right")
            contract = Contract(
                slice_.underlying, slice_.expiry, stand.right, strike, slice_.morning
            )
            legs.append(Leg(contract, self._sign * stand.count))
            part = slice_.of(stand.right)
            marks.append(part.mark(int(np.searchsorted(part.strikes, strike))))
        return tuple(legs), tuple(marks)

    def _standing(self, anchors: Float) -> Float:
        """The strike of each leg (a column) for each candidate (a row of anchors); NaN where none."""
        found = np.full((len(anchors), len(self._shape.legs)), np.nan)
        for column, stand in enumerate(self._shape.legs):
            strikes = (self._far if stand.far else self._near).of(stand.right).strikes
            base = anchors[:, stand.anchor]
            if stand.wing:
                found[:, column] = self._wings_of(strikes, base, stand.wing)
            else:
                at = np.minimum(np.searchsorted(strikes, base), len(strikes) - 1)
                found[:, column] = np.where(strikes[at] == base, base, np.nan)
        return found

    def _wings_of(self, strikes: Float, base: Float, side: int) -> Float:
        """For each anchor the strike nearest to the wanted distance, on its side."""
        spot = self._near.spot
        if self._wings is None:
            preferred = np.full(len(base), DEFAULT_WINGS * spot)
            if self._structure.shape == "butterfly" and self._structure.right:
                # A butterfly away from the money reaches back to it.
                away = np.abs(base - spot)
                preferred = np.where(away > DEFAULT_WINGS / 2 * spot, away, preferred)
            return nearest_beyond(strikes, base, side, 0.0, np.inf, preferred, preferred)
        wanted = self._wanted_wings(self._wings, spot)
        return nearest_beyond(
            strikes, base, side, wanted.low, wanted.high, wanted.preferred, wanted.scale
        )

    def _wanted_wings(self, choice: ast.Selection, spot: float) -> Wanted:
        wanted = wanted_range(self._values, choice.low, choice.high, choice.nearest, "the wings")
        if choice.high is None:
            wanted = replace(wanted, low=0.0, high=np.inf)
        if self._values(choice.low.span)[1]:
            wanted = Wanted(wanted.low * spot, wanted.high * spot, wanted.preferred * spot)
        return wanted

    # --- by probability of profit ---

    def _by_probability(self, by: ast.Selection) -> Selected:
        if self._shape.two_expiries:
            raise UnfitError("a structure of two expiries has no profit at expiry to choose by")
        wanted = wanted_range(self._values, by.low, by.high, by.nearest, "the probability")
        anchors = self._candidates()
        if not len(anchors):
            raise UnfitError("no strikes out of the money are priced on each side")
        standing = self._standing(anchors)
        whole = np.isfinite(standing).all(axis=1)
        if not whole.any():
            raise UnfitError("no wings are listed beyond any strike")
        anchors, standing = anchors[whole], standing[whole]
        rights = [stand.right for stand in self._shape.legs]
        counts = [self._sign * stand.count for stand in self._shape.legs]
        chances = probabilities(standing, rights, counts, self._near)
        misses = wanted.misses(chances)
        # Of equal misses the lowest strikes, in the order of the legs.
        best = int(np.lexsort((*standing.T[::-1], misses))[0])
        if not math.isfinite(misses[best]):
            if not np.isfinite(chances).any():
                raise UnfitError("the probability of profit is not known at these quotes")
            near = float(chances[np.nanargmin(np.abs(chances - wanted.preferred))])
            raise UnfitError(f"no strikes give {said(by)}: the nearest is {near:.0%}")
        legs, marks = self._legs(standing[best], anchors[best])
        return Selected(legs, marks, float(misses[best]), self._near.days, float(chances[best]))

    def _candidates(self) -> Float:
        """Anchors' strikes, a row each: all those out of the money, or pairs of like delta."""
        anchors = self._shape.anchors
        first = self._near.of(anchors[0].right)
        out = np.abs(first.quoted.delta) <= 0.5
        strikes = first.strikes[out]
        if len(anchors) == 1 or not len(strikes):
            return np.asarray(strikes[:, None])
        second = self._near.of(anchors[1].right)
        other = np.abs(second.quoted.delta)
        far = np.flatnonzero(other <= 0.5)
        if not len(far):
            return np.zeros((0, 2))
        deltas, other = np.abs(first.quoted.delta[out]), other[far]
        matched = second.strikes[far[np.abs(other - deltas[:, None]).argmin(axis=1)]]
        return np.asarray(np.column_stack([strikes, matched])[strikes < matched])


def nearest_beyond(
    strikes: Float,
    base: Float,
    side: int,
    low: float,
    high: float,
    preferred: Float | float,
    scale: Float | float,
) -> Float:
    """For each base the strike with the smallest miss (`choices.Wanted`) on one side of it (-1 below, 1
    above); of equal ones the lower, NaN where none fits. `strikes` ascend."""
    # The nearest of all on that side is one of the two beside the width that is wanted.
    target = base + side * np.clip(preferred, low, high)
    after = np.searchsorted(strikes, target)
    beside = np.stack([np.maximum(after - 1, 0), np.minimum(after, len(strikes) - 1)])
    width = side * (strikes[beside] - base)
    inside = (width > 0.0) & (width >= low) & (width <= high)
    misses = np.where(inside, np.abs(width - preferred) / scale, np.inf)
    lower = misses[0] <= misses[1]
    at = np.where(lower, beside[0], beside[1])
    fits = np.isfinite(np.where(lower, misses[0], misses[1]))
    return np.where(fits, strikes[at], np.nan)


def probabilities(
    strikes: Float, rights: list[Right], counts: list[float], near: ExpirySlice
) -> Float:
    """The probability of profit of each candidate (a row of strikes), at mid prices."""
    puts, calls = near.put, near.call
    forward = next(float(p.quoted.forward[0]) for p in (puts, calls) if len(p))
    low, high = puts.strikes <= forward, calls.strikes > forward
    nodes = np.concatenate([puts.strikes[low], calls.strikes[high]])
    volatility = np.concatenate([puts.quoted.volatility[low], calls.quoted.volatility[high]])
    known = np.isfinite(volatility) & (nodes > 0)
    nodes, volatility = nodes[known], volatility[known]
    if len(nodes) < 2:
        return np.full(len(strikes), np.nan)
    below = probability_below(nodes, volatility, forward, near.days)
    corners = np.sort(np.clip(strikes, nodes[0], nodes[-1]), axis=1)
    ends = np.ones((len(strikes), 1))
    points = np.hstack([nodes[0] * ends, corners, nodes[-1] * ends])
    profit = np.zeros(points.shape)
    for column, (right, count) in enumerate(zip(rights, counts, strict=True)):
        part, mine = near.of(right), strikes[:, column]
        at = np.minimum(np.searchsorted(part.strikes, mine), len(part) - 1)
        mids = np.where(part.strikes[at] == mine, part.quoted.mid[at], np.nan)
        value = np.maximum(right * (points - mine[:, None]), 0.0)
        profit += count * (value - mids[:, None])
    unknown = np.isnan(profit).any(axis=1)
    return np.where(unknown, np.nan, probability_of_profit(nodes, below, points, profit))
