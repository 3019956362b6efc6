"""What is listed: expiries and strikes, by the exchanges' rules.

1. Each family of expiries (monthlies, weeklies of a weekday, ends of months) is a list of days with
   the day on which each is first listed; all families of an underlying are one table in order.
2. On a day, those are listed that expire after it and were listed by then.
3. Strikes are multiples of steps, finest near the money and in near months.

What the rules are, since when and where that stands is in `listing_rules`. A record of each day's
listings this is not: exchanges add strikes as prices move. A chain, where there is one, says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Days, Float
from alvh_rules.market.expiries import third_fridays, vix_expiries
from alvh_rules.market.sessions import exchange
from alvh_rules.options.contracts import Expiries, Right
from alvh_rules.options.listing_rules import (
    FIRST_SERIES,
    FRIDAY,
    MONDAY,
    SPX_END_OF_MONTH,
    SPX_MONTHLIES_OF_THE_YEAR,
    SPX_THIRD_FRIDAY_PM,
    SPX_WEEKLIES,
    SPX_WEEKLIES_AFTERNOON,
    STRIKES,
    VIX_FUTURES,
    VIX_OPTIONS,
    VIX_STEPS,
    Weekly,
)

_MONTH = 31
"""Days within which the next month's like day surely lies; used to bound searches only."""
_Family = tuple[Days, Days, bool | Boolean, bool]
"""Days of expiry, the days they are first listed, whether they settle AM, whether monthly."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Every expiry of an underlying, in order; `since` is the first day it is listed."""

    date: Days
    since: Days
    morning: Boolean
    monthly: Boolean

    def on(self, day: np.datetime64) -> Expiries:
        """Those listed at the close of a day, nearest first, all of them after it."""
        first = int(np.searchsorted(self.date, day, "right"))
        rows = first + np.flatnonzero(self.since[first:] <= day)
        date = self.date[rows]
        days = (date - day).astype(np.float64)
        return Expiries(date, days, self.morning[rows], self.monthly[rows])


def underlying_of(name: str) -> str:
    """An underlying's name as the rules know it: SPX and VIX are told in any case."""
    return name.upper()


def listed(underlying: str, right: Right) -> Listed:
    """The expiries of options on an underlying, or (OUTRIGHT) of its futures."""
    name = underlying_of(underlying)
    if name == "VIX":
        return _vix(VIX_FUTURES if right is Right.OUTRIGHT else VIX_OPTIONS)
    return _spx() if name == "SPX" else _shares()


def strikes(underlying: str, spot: float, expiry: np.datetime64, day: np.datetime64) -> Float:
    """The strikes of an expiry on a day, ascending; `spot` is what they are struck around (the
    future, for VIX). None where the spot is not known."""
    if not spot > 0.0:
        return np.empty(0)
    name = underlying_of(underlying)
    if name == "VIX":
        return _vix_strikes(spot)
    days = float((expiry - day).astype(np.int64))
    rule = STRIKES["SPX" if name == "SPX" else "shares"]
    near = days <= rule.near_days
    # Longer options are struck farther out, by the square root of time.
    reach = min(max(1.0, np.sqrt(days / 30.0)), rule.most_reach)
    found: list[Float] = []
    below, above = 1.0, 1.0
    for band in rule.bands:
        step = _step(rule.steps, spot * (band.share if near else max(band.share, rule.far_share)))
        low = max(spot * (1.0 - band.below * reach), spot * rule.lowest)
        high = spot * (1.0 + band.above * reach)
        for begin, end in ((low, spot * below), (spot * above, high)):
            found.append(step * np.arange(np.ceil(begin / step), np.floor(end / step) + 1.0))
        below, above = min(below, low / spot), max(above, high / spot)
    every = np.unique(np.concatenate(found))
    return np.asarray(every[every > 0.0])


def _step(steps: tuple[float, ...], most: float) -> float:
    """The widest of the steps that is no wider than `most`, or else the narrowest."""
    return max((step for step in steps if step <= most), default=steps[0])


def _vix_strikes(future: float) -> Float:
    found = [np.arange(begin, end, step) for begin, end, step in VIX_STEPS]
    every = np.concatenate(found)
    low, high = min(0.5 * future, 10.0), max(4.0 * future, 50.0)
    return np.asarray(every[(every >= low) & (every <= high)])


# --- families ------------------------------------------------------------------------------------


@cache
def _spx() -> Listed:
    months, fridays = _third_fridays()
    standard = _back_to_session(fridays)
    # Listed on the day after the like expiry of so many months before.
    quarterly = (months.astype(np.int64) % 3) == 2
    ahead = np.where(quarterly, 12, 3)
    early = standard[np.maximum(np.arange(len(months)) - ahead, 0)] + 1
    of_the_year = standard[np.maximum(np.arange(len(months)) - 12, 0)] + 1
    since = np.minimum(early, np.maximum(of_the_year, SPX_MONTHLIES_OF_THE_YEAR))
    families: list[_Family] = [(standard, np.maximum(since, FIRST_SERIES["SPX"]), True, True)]
    pm_since = np.maximum(of_the_year, SPX_THIRD_FRIDAY_PM)
    families.append((standard, pm_since, False, False))
    ends = _month_ends()
    before = np.maximum(np.arange(len(ends)) - 12, 0)
    families.append((ends, np.maximum(ends[before] + 1, SPX_END_OF_MONTH), False, False))
    for rule in SPX_WEEKLIES:
        families.extend(_weeklies(rule, standard))
    return _joined(families)


def _weeklies(rule: Weekly, standard: Days) -> list[_Family]:
    """The weeklies of one weekday, as one family for each horizon: the earliest listing counts."""
    days = _weekdays(rule.weekday)
    # A Monday that is a holiday gives way to the Tuesday, other days to the session before.
    dates = _on_to_session(days) if rule.weekday == MONDAY else _back_to_session(days)
    third = np.isin(dates, standard)
    families: list[_Family] = []
    for since, weeks in rule.horizons:
        # Listed on the eve: Thursdays for Fridays, Tuesdays for Wednesdays.
        first = np.maximum(dates - np.timedelta64(7 * weeks + 1, "D"), since)
        kept = (first < dates) & ~third
        early = dates < SPX_WEEKLIES_AFTERNOON
        families.append((dates[kept], first[kept], early[kept], False))
    return families


@cache
def _vix(rule: tuple[np.datetime64, int]) -> Listed:
    since, months = rule
    every = vix_expiries()
    first = every[np.maximum(np.arange(len(every)) - months, 0)] + 1
    return _joined([(every, np.maximum(first, since), True, True)])


@cache
def _shares() -> Listed:
    """Every Friday within five weeks, and the third Fridays of nine months; all settle PM."""
    _, fridays = _third_fridays()
    standard = _back_to_session(fridays)
    first = standard[np.maximum(np.arange(len(standard)) - 9, 0)] + 1
    weekly = _back_to_session(_weekdays(FRIDAY))
    weekly = weekly[~np.isin(weekly, standard)]
    started = np.maximum(weekly - np.timedelta64(35, "D"), FIRST_SERIES["weekly shares"])
    kept = started < weekly
    return _joined([(standard, first, False, True), (weekly[kept], started[kept], False, False)])


def _joined(families: list[_Family]) -> Listed:
    """One table in order; the same expiry in several families is listed by the earliest."""
    dates = np.concatenate([family[0] for family in families])
    since = np.concatenate([family[1] for family in families])
    counts = [len(family[0]) for family in families]
    morning = np.concatenate(
        [np.broadcast_to(family[2], count) for family, count in zip(families, counts, strict=True)]
    )
    monthly = np.repeat([family[3] for family in families], counts)
    # An AM expiry stands before the PM expiry of its day, a monthly before others.
    order = np.lexsort((since, ~monthly, ~morning, dates))
    dates, since, morning, monthly = dates[order], since[order], morning[order], monthly[order]
    again = (dates[1:] == dates[:-1]) & (morning[1:] == morning[:-1])
    start = np.append(0, np.flatnonzero(~again) + 1)
    return Listed(dates[start], np.minimum.reduceat(since, start), morning[start], monthly[start])


# --- days ----------------------------------------------------------------------------------------


def _third_fridays() -> tuple[Days, Days]:
    sessions = exchange().sessions
    months = np.arange(sessions[0].astype("M8[M]") + 1, sessions[-1].astype("M8[M]"))
    return months, third_fridays(months)


def _weekdays(weekday: int) -> Days:
    sessions = exchange().sessions
    days = np.arange(sessions[0] + _MONTH, sessions[-1] - _MONTH)
    return np.asarray(days[(days.astype(np.int64) + 3) % 7 == weekday])


def _month_ends() -> Days:
    sessions = exchange().sessions
    months = sessions.astype("M8[M]")
    return np.asarray(sessions[:-1][months[1:] != months[:-1]])


def _back_to_session(days: Days) -> Days:
    sessions = exchange().sessions
    return np.asarray(sessions[np.searchsorted(sessions, days, "right") - 1])


def _on_to_session(days: Days) -> Days:
    sessions = exchange().sessions
    return np.asarray(sessions[np.searchsorted(sessions, days)])
