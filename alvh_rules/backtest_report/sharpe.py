"""The Sharpe ratio, how far it may be off, and what is left of it after many trials.

Everything is of one session's excess returns; a year has 252 sessions, so that ratios and their
errors are multiplied by the root of 252 to be shown by the year. That multiplication is exact for
independent returns; the standard error below allows for dependence within the sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, stdev
from typing import Final

import numpy as np

from alvh_rules.evaluate.inputs import Float

ANNUAL: Final = 252
"""Sessions of a year."""
_EULER: Final = 0.5772156649015329
_FLAT: Final = 1e-14
"""A deviation of returns below this is rounding of a constant."""


@dataclass(frozen=True, slots=True)
class Sharpe:
    """A Sharpe ratio by the session, over `count` known returns.

    `error` is its standard error with allowance for skew, fat tails and autocorrelation, `plain_error`
    that of independent normal returns; `skew` and `kurtosis` (3 for a normal) are of the returns.
    """

    value: float
    error: float
    plain_error: float
    skew: float
    kurtosis: float
    count: int

    def annual(self, by_session: float) -> float:
        """A figure by the session as one by the year."""
        return by_session * math.sqrt(ANNUAL)


_UNKNOWN: Final = Sharpe(math.nan, math.nan, math.nan, math.nan, math.nan, 0)


def sharpe_ratio(excess: Float) -> Sharpe:
    """The ratio of the mean excess return to its deviation (n − 1), and its errors.

    `excess`: returns over a Treasury bill, fractions a session; unknown ones are left out. Unknown
    where fewer than two are known or they do not vary.

    Sources: Sharpe (1994), "The Sharpe Ratio". Errors: Lo (2002), "The Statistics of Sharpe Ratios":
    `plain_error` is his equation (9), sqrt((1 + SR²/2) / n); `error` is his general case, the delta
    method on the mean and variance with their long-run covariance by Newey and West (1987), with
    floor(4 (n/100)^(2/9)) lags. With no lags it is Mertens' (2002)
    sqrt((1 − skew·SR + (kurtosis − 1)/4·SR²) / n).
    """
    known = excess[~np.isnan(excess)]
    count = len(known)
    if count < 2:
        return _UNKNOWN
    mean, deviation = float(known.mean()), float(known.std(ddof=1))
    if not deviation > _FLAT:
        return _UNKNOWN
    ratio = mean / deviation
    centred = known - mean
    spread = float(np.sqrt(np.mean(centred**2)))
    skew = float(np.mean(centred**3)) / spread**3
    kurtosis = float(np.mean(centred**4)) / spread**4
    plain = math.sqrt((1 + ratio**2 / 2) / count)
    lags = math.floor(4 * (count / 100) ** (2 / 9))
    error = math.sqrt(long_run_variance(known, lags) / count)
    return Sharpe(ratio, error, plain, skew, kurtosis, count)


def long_run_variance(known: Float, lags: int) -> float:
    """The variance, times the number of returns, of their Sharpe ratio: Lo (2002), by Newey and West.

    The moments are (x − m) and (x − m)² − s², the gradient of m / s is (1/s, −m / (2 s³)); of a product
    with the gradient only one series is left, whose long-run variance is weighted by Bartlett's kernel.
    """
    mean = float(known.mean())
    variance = float(known.var())
    deviation = math.sqrt(variance)
    centred = known - mean
    moment = centred / deviation - mean / (2 * deviation**3) * (centred**2 - variance)
    count = len(moment)
    total = float(moment @ moment) / count
    for lag in range(1, min(lags, count - 1) + 1):
        weight = 1 - lag / (lags + 1)
        total += 2 * weight * float(moment[lag:] @ moment[:-lag]) / count
    return total


def expected_best(trials: Sequence[float]) -> float:
    """The Sharpe ratio that the best of so many trials has if none has any worth.

    `trials`: the ratio of every distinct trial, this one included; unknown ones count as trials. Zero
    for one trial. Source: Bailey and López de Prado (2014), "The Deflated Sharpe Ratio", equation (1).
    """
    known = [ratio for ratio in trials if ratio == ratio]
    if len(trials) < 2 or len(known) < 2:
        return 0.0
    normal, count = NormalDist(), len(trials)
    first = normal.inv_cdf(1 - 1 / count)
    second = normal.inv_cdf(1 - 1 / (count * math.e))
    return stdev(known) * ((1 - _EULER) * first + _EULER * second)


def deflated(ratio: Sharpe, trials: Sequence[float]) -> float:
    """How probable it is that the true Sharpe ratio is above zero, given how many were tried.

    `trials`: ratios by the session, as in `expected_best`. Unknown where the ratio is. Source: Bailey
    and López de Prado (2014), equation (2); for one trial it is their probabilistic Sharpe ratio of 2012.
    """
    if ratio.value != ratio.value:
        return math.nan
    above = ratio.value - expected_best(trials)
    spread = 1 - ratio.skew * ratio.value + (ratio.kurtosis - 1) / 4 * ratio.value**2
    if not spread > 0:
        return math.nan
    return NormalDist().cdf(above * math.sqrt(ratio.count - 1) / math.sqrt(spread))
