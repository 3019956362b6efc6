"""What the choices of a structure ask for: preferred values, ranges, and the misses of strikes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alvh_rules.backtest.instruments import Leg
from alvh_rules.backtest.shapes import Anchor
from alvh_rules.backtest.slices import ExpirySlice
from alvh_rules.check.measures import share_of_spot
from alvh_rules.core.source import Span
from alvh_rules.evaluate.inputs import Float
from alvh_rules.options.contracts import Right
from alvh_rules.syntax import ast

Values = Callable[[Span], tuple[float, bool]]
"""The number written at a place, on the session of the decision, and whether it is a ratio."""


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


def number(values: Values, node: ast.Expression) -> float:
    value, _ = values(node.span)
    if not math.isfinite(value):
        raise UnfitError("a number that the structure asks for is unknown on that day")
    return value


def wanted_range(
    values: Values,
    low: ast.Expression,
    high: ast.Expression | None,
    nearest: ast.Expression | None,
    what: str,
) -> Wanted:
    least = number(values, low)
    if high is None:
        return Wanted(-np.inf, np.inf, least)
    most = number(values, high)
    preferred = (least + most) / 2.0 if nearest is None else number(values, nearest)
    if least > most:
        raise UnfitError(f"{what} asked for end before they begin on that day")
    return Wanted(least, most, preferred)


def anchor_misses(
    by: ast.Choice | None, anchor: Anchor, slice_: ExpirySlice, values: Values
) -> Float:
    """The miss of every strike of the anchor's right."""
    part = slice_.of(anchor.right)
    spot = slice_.spot
    match by:
        case ast.Selection(measure="delta"):
            wanted = wanted_range(values, by.low, by.high, by.nearest, "the deltas")
            return wanted.misses(np.abs(part.quoted.delta))
        case ast.AtTheMoney(side=side):
            return _money_misses(part.strikes, spot, side)
        case ast.AtStrike():
            share = share_of_spot(by.strike)
            target = number(values, by.strike) if share is None else number(values, share) * spot
            return Wanted(-np.inf, np.inf, target).misses(part.strikes)
        case None if anchor.delta is not None:
            return Wanted(-np.inf, np.inf, anchor.delta).misses(np.abs(part.quoted.delta))
        case None:
            return _money_misses(part.strikes, spot, "")
        case _:
            raise UnfitError(f"strikes cannot be chosen by {said(by)} here")


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


def offset_misses(
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
    distance = number(values, choice.distance)
    wanted = Wanted(0.0, np.inf, distance)
    sign = -1.0 if choice.side == "below" else 1.0
    width = sign * (slice_.of(right).strikes - base.strike)
    return np.where(width > 0, wanted.misses(width), np.inf)


def said(by: ast.Choice | None) -> str:
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
