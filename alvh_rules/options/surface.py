"""The model surface of an index: implied volatility for any day, expiry and strike.

1. The published indices of a day give total variances V = (level/100)² T at their terms, in
   calendar days. One that is lower than a nearer one (it happens by rounding only) is raised to it:
   variance does not shrink with time.
2. Between terms V is linear in T; before the first the volatility is flat; beyond the last the
   forward variance between the last two goes on. A term that is not published on a day is left out.
   Where 30 days is the longest the volatility is flat beyond it. Without the 30 days' index the day
   has no surface.
3. V gives the variance at the money such that the surface's own index is V (`skew`), with the slope
   of the day's skew index.
4. SSVI gives the variance at each strike.

Steps 1 to 3 are arrays over days, step 4 over contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Float, Integer
from alvh_rules.options.black_scholes import POINTS, YEAR
from alvh_rules.options.skew import LEAST_TOTAL, Skew, total_variance

TERMS: Mapping[str, float] = {"vix9d": 9.0, "vix": 30.0, "vix3m": 93.0, "vix6m": 184.0}
"""The indices of the S&P 500's volatility and their terms in calendar days."""


@dataclass(frozen=True, slots=True)
class TermStructure:
    """Total variance by time: linear pieces between `knots` (days; the last piece is endless).

    `at` is the total variance at each knot, rows by knots; `slopes` the variance a day of the piece
    that begins there.
    """

    knots: Float
    at: Float
    slopes: Float

    def total(self, rows: Integer, days: Float) -> Float:
        """Total variance to each time (days), on each row."""
        piece = np.clip(np.searchsorted(self.knots, days, "right") - 1, 0, len(self.knots) - 1)
        level = self.at[rows, piece] + self.slopes[rows, piece] * (days - self.knots[piece])
        return np.where(days >= 0.0, level, np.nan)


def term_structure(
    levels: Mapping[float, Float], anchor: float = 30.0
) -> tuple[TermStructure, Boolean]:
    """The term structure of indices' levels (points) by their terms in days, arrays over rows; and
    the rows on which a level was raised so that variance does not shrink with time."""
    terms = sorted(levels)
    knots = np.array([0.0, *terms])
    rows = len(levels[terms[0]])
    total = np.empty((rows, len(knots)))
    total[:, 0] = 0.0
    for place, term in enumerate(terms, 1):
        # A level that is no volatility counts as not published.
        level = np.where(levels[term] > 0.0, levels[term], np.nan)
        total[:, place] = (level / POINTS) ** 2 * term / YEAR
    at_anchor = 1 + terms.index(anchor)
    total[np.isnan(total[:, at_anchor])] = np.nan
    lowered = np.zeros(rows, dtype=bool)
    with np.errstate(invalid="ignore"):
        # The anchor is what counts most: nearer levels give way to it downwards, later ones upwards.
        for place in range(at_anchor - 1, 0, -1):
            later = np.nanmin(total[:, place + 1 : at_anchor + 1], axis=1, initial=np.inf)
            lowered |= total[:, place] > later
            total[:, place] = np.minimum(total[:, place], later)
        for place in range(at_anchor + 1, len(knots)):
            nearer = np.nanmax(total[:, at_anchor:place], axis=1, initial=0.0)
            lowered |= total[:, place] < nearer
            total[:, place] = np.maximum(total[:, place], nearer)
    _fill(total, knots, at_anchor)
    slopes = np.empty_like(total)
    slopes[:, :-1] = np.diff(total, axis=1) / np.diff(knots)
    # Beyond the last term its piece goes on, which `_fill` has made flat where there was none.
    slopes[:, -1] = slopes[:, -2]
    return TermStructure(knots, total, slopes), lowered


def _fill(total: Float, knots: Float, anchor: int) -> None:
    """Give each term that is not published the value that the others say it has."""
    count = len(knots)
    for place in range(anchor - 1, 0, -1):
        gap = np.isnan(total[:, place])
        # Flat from nothing to the next term.
        flat = total[:, place + 1] * knots[place] / knots[place + 1]
        total[gap, place] = flat[gap]
    for place in range(anchor + 1, count):
        gap = np.isnan(total[:, place])
        if not gap.any():
            continue
        before, step = total[:, place - 1], knots[place] - knots[place - 1]
        if place - 1 == anchor:
            daily = total[:, anchor] / knots[anchor]
        else:
            daily = (before - total[:, place - 2]) / (knots[place - 1] - knots[place - 2])
        # A later term that is published says more than the nearer ones.
        for later in range(count - 1, place, -1):
            known = ~np.isnan(total[:, later])
            between = (total[:, later] - before) / (knots[later] - knots[place - 1])
            daily = np.where(known, between, daily)
        total[gap, place] = (before + daily * step)[gap]


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatilities over rows, times and strikes. `rho` is the slope on each row."""

    term: TermStructure
    skew: Skew
    rho: Float

    def at_the_money(self, rows: Integer, days: Float) -> Float:
        """θ: total variance at the forward, to each time (days) on each row."""
        # Neighbours of one row and time, as the strikes of an expiry are, share one answer.
        starts = np.ones(len(rows), dtype=bool)
        starts[1:] = (rows[1:] != rows[:-1]) | (days[1:] != days[:-1])
        which = np.cumsum(starts) - 1
        rows, days = rows[starts], days[starts]
        total = self.term.total(rows, days)
        with np.errstate(invalid="ignore"):
            # In the last hours the variance is too small for the table, and so is what rests on it.
            floor = np.maximum(total, LEAST_TOTAL)
        return np.asarray(self.skew.at_the_money(floor, self.rho[rows])[which])

    def total_variance(self, rows: Integer, days: Float, k: Float) -> Float:
        """w: total variance at log-moneyness k = ln(K/F)."""
        theta = self.at_the_money(rows, days)
        return total_variance(k, theta, self.rho[rows], self.skew.eta)

    def volatility(self, rows: Integer, days: Float, k: Float) -> Float:
        """Implied volatility in points; NaN where the day has no surface or no time is left."""
        with np.errstate(all="ignore"):
            w = self.total_variance(rows, days, k)
            return np.where(days > 0.0, POINTS * np.sqrt(w * YEAR / days), np.nan)
