"""The facts of listing, in tables, each with where it stands.

Sources. Cboe: SPX product specification (strike intervals of 5, 10, 25, 50, 100 and 200 points, the
finest near expiry; premium ticks of 0.05 below 3 and 0.10 above); SPX options specification (up to
twelve near-term months); its earlier form, kept by MarketsWiki (three near-term months and three of
the March cycle; five points, 25 in far months); Weeklys (introduced in October 2005; from four to
six Fridays in January 2014, circular RG14-010); SPXW (Wednesdays from 2016-02-23, at least four
weeks from May 2016, circular RG16-102; Mondays from 2016-08-15; six weeks by 2017; Tuesdays from
2022-04-18 and Thursdays from 2022-05-11, at least four weeks); end-of-month specification (twelve
months, PM); SPXPM on third Fridays from 2011-10-04, in SPXW since 2017-05-01.

Two dates are our own reading, since no dated source was found: twelve near-term months since 2010,
and four Fridays ahead since November 2012 (when other classes got five). Quarterly SPX expiries
before ends of months were listed are left out. Weeklies settled AM until December 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)


def _day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


@dataclass(frozen=True, slots=True)
class Weekly:
    """A weekday's expiries: since when how many weeks ahead are listed."""

    weekday: int
    horizons: tuple[tuple[np.datetime64, int], ...]


FIRST_SERIES = {"SPX": _day("1983-07-01"), "weekly shares": _day("2010-06-03")}
SPX_MONTHLIES_OF_THE_YEAR = _day("2010-01-01")
SPX_THIRD_FRIDAY_PM = _day("2011-10-04")
SPX_END_OF_MONTH = _day("2014-07-07")
SPX_WEEKLIES_AFTERNOON = _day("2010-12-02")
SPX_WEEKLIES = (
    Weekly(MONDAY, ((_day("2016-08-15"), 4), (_day("2017-05-01"), 6))),
    Weekly(TUESDAY, ((_day("2022-04-18"), 4),)),
    Weekly(WEDNESDAY, ((_day("2016-02-23"), 2), (_day("2016-05-24"), 4), (_day("2017-05-01"), 6))),
    Weekly(THURSDAY, ((_day("2022-05-11"), 4),)),
    Weekly(FRIDAY, ((_day("2005-10-28"), 1), (_day("2012-11-01"), 4), (_day("2014-01-14"), 6))),
)

VIX_OPTIONS = (_day("2006-02-24"), 6)
"""Listed since, and how many monthly expiries; weeklies are left out."""
VIX_FUTURES = (_day("2004-03-26"), 9)
"""Listed since, and how many months."""
VIX_STEPS = (
    (5.0, 15.0, 0.5),
    (15.0, 30.0, 1.0),
    (30.0, 50.0, 2.5),
    (50.0, 100.0, 5.0),
    (100.0, 210.0, 10.0),
)
"""From, up to, step: half points below 15, then 1, 2.5 and 5 as they are seen listed."""


@dataclass(frozen=True, slots=True)
class Band:
    """Strikes from `below` under the spot to `above` over it (shares of it), in steps of at most
    `share` of the spot."""

    below: float
    above: float
    share: float


@dataclass(frozen=True, slots=True)
class StrikeRule:
    """Bands from the money outwards.

    Expiries within `near_days` have the bands' own steps, later ones at least `far_share`. Bands
    widen with the square root of time beyond 30 days, up to `most_reach` times; no strike lies below
    `lowest` of the spot.
    """

    steps: tuple[float, ...]
    bands: tuple[Band, ...]
    near_days: float
    far_share: float
    most_reach: float
    lowest: float


STRIKES = {
    # The bands of near months are those of the chain of January 2018, at 29 days, in rough:
    # 5 points from 81% to 106% of the spot, 25 to 69%, 50 to 56%, 100 below. At an index of 350
    # every step is 5 or 10, as it was.
    "SPX": StrikeRule(
        (5.0, 10.0, 25.0, 50.0, 100.0, 200.0),
        (
            Band(0.19, 0.06, 0.0),
            Band(0.31, 0.10, 0.01),
            Band(0.44, 0.16, 0.02),
            Band(0.60, 0.30, 0.04),
        ),
        near_days=100.0,
        far_share=0.01,
        most_reach=2.5,
        lowest=0.10,
    ),
    "shares": StrikeRule(
        (1.0, 2.5, 5.0, 10.0),
        (Band(0.15, 0.10, 0.005), Band(0.40, 0.30, 0.02)),
        near_days=100.0,
        far_share=0.02,
        most_reach=2.0,
        lowest=0.20,
    ),
}
