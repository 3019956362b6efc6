"""Expiries of VIX futures, by Cboe's rule.

A monthly future settles on the Wednesday that is thirty days before the third Friday of the next
month (so that the S&P 500 options of that Friday are thirty days from expiry). Where that Wednesday
or that Friday is an exchange holiday, it settles on the business day before the Wednesday:
2024-06-18 and 2026-05-19 are Tuesdays for that reason. Source: Cboe Futures Exchange, contract
specifications of VX, final settlement date.

The settlement is struck from opening prices. On an expiry day the expired month is therefore no
longer a month of the curve: the first month expires strictly after the row's date.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from alvh_rules.evaluate.inputs import Days, Float
from alvh_rules.market.sessions import FIRST, LAST, exchange


def third_fridays(months: Days) -> Days:
    """The third Friday of each month (datetime64[M])."""
    first = months.astype("datetime64[D]")
    weekday = (first.astype(np.int64) + 3) % 7
    return np.asarray(first + (4 - weekday) % 7 + 14)


@cache
def vix_expiries() -> Days:
    """Every monthly expiry within the sessions that are known, in order."""
    months = np.arange(np.datetime64(FIRST[:7], "M") + 2, np.datetime64(LAST[:7], "M"))
    fridays = third_fridays(months)
    wednesdays = fridays - np.timedelta64(30, "D")
    hours = exchange()
    moved = ~(hours.is_session(wednesdays) & hours.is_session(fridays))
    before = hours.sessions[np.searchsorted(hours.sessions, wednesdays) - 1]
    return np.asarray(np.where(moved, before, wednesdays))


def days_to_expiry(dates: Days, months: int) -> Float:
    """Calendar days from each date to its next `months` expiries: an array of rows by months."""
    expiries = vix_expiries()
    at = np.searchsorted(expiries, dates, "right")[:, None] + np.arange(months)
    inside = at < len(expiries)
    days = (expiries[np.where(inside, at, 0)] - dates[:, None]).astype(np.float64)
    return np.where(inside, days, np.nan)
