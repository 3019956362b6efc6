"""A simulated market: seeded, and consistent along the term structure.

1. `variance_model` says how variance and the index move and what VIX indices and futures are worth.
2. A path is drawn row by row by full-truncation Euler steps (Lord, Koekkoek and van Dijk 2010), in
   trading time: a session is 1/252 of a year, three tenths of it before the open.
3. A bar's high and low are drawn from the extremes of a Brownian bridge between its open and close.
4. Breadth follows the index: the share of members above their average, and of issues that advance,
   is a logistic cross-section (members' own moves about the index's).

The first year is drawn and thrown away, so that a market does not begin in one particular state.
Rows lie on real sessions of the exchange, early closes included. One seed gives one market, to the
byte; a longer market begins with the shorter one of its seed.
"""

from __future__ import annotations

from math import exp, expm1, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.market.expiries import days_to_expiry
from alvh_rules.market.sessions import exchange
from alvh_rules.market.variance_model import ACTUAL, YEAR, future, index

if TYPE_CHECKING:
    import pandas

Array = np.ndarray[Any, Any]

TERMS = {"vix": 30, "vix9d": 9, "vix3m": 93, "vix6m": 184}
"""The indices and their terms in calendar days."""
MONTHS = 7

_SESSION = 1.0 / 252.0
_OVERNIGHT = 0.3
_LEVERAGE = -0.88
_PREMIUM, _BASE_RATE = 2.0, 3.0
_RATE_REVERSION, _RATE_WOBBLE = 0.15, 0.7
_WARM_UP = 252
_START = 1400.0
_ISSUES, _UNCHANGED = 3000, 90
_MEMBER_DAILY, _MEMBER_YEARLY = 0.012, 0.24


def simulate(
    rows: int, seed: int = 1, *, minutes: int = 0, start: str = "2007-01-03"
) -> pandas.DataFrame:
    """A frame of `rows` sessions from `start` (or bars of `minutes`), as a daily market file has.

    Columns: `date` (or `time`, the end of the bar in New York), spx_open, spx_high, spx_low, spx in
    index points; vix, vix9d, vix3m, vix6m and the futures m1 to m7 in points; tbill_3m in percent;
    pct_above_50dma and pct_above_200dma in percent of members; adv and dec in issues.
    Raises ValueError where the exchange's known sessions end before the rows do.
    """
    import pandas

    session, fraction, is_first, times = _rows(rows, minutes, start)
    overnight = np.where(is_first, _OVERNIGHT, 0.0) * _SESSION
    bar = fraction * (1.0 - _OVERNIGHT) * _SESSION
    opened, high, low, close, v, m, rate, before = _path(overnight, bar, seed)
    dates = exchange().sessions[session]
    data: dict[str, Array] = {
        "spx_open": opened,
        "spx_high": high,
        "spx_low": low,
        "spx": close,
    }
    for name, days in TERMS.items():
        data[name] = index(days / YEAR, v, m)
    data["tbill_3m"] = rate
    clocks = (times - dates.astype("datetime64[ns]")) / np.timedelta64(1, "D")
    # Settlement is at the open, 9:30, of the expiry day; a daily row stands at its close.
    left = days_to_expiry(dates, MONTHS) + (9.5 / 24.0 - clocks)[:, None]
    last = np.append(is_first[1:], True)
    _breadth(data, seed, session, close, before, last)
    for month in range(MONTHS):
        data[f"m{month + 1}"] = future(left[:, month], v, m)
    frame = pandas.DataFrame({name: np.round(column, 2) for name, column in data.items()})
    if minutes:
        frame.insert(0, "time", pandas.DatetimeIndex(times).strftime("%Y-%m-%d %H:%M"))
    else:
        frame.insert(0, "date", pandas.DatetimeIndex(dates).strftime("%Y-%m-%d"))
    return frame


def _rows(rows: int, minutes: int, start: str) -> tuple[Array, Array, Array, Array]:
    """For each row its session, its bar's share of a full session, if it is the first, its end."""
    hours = exchange()
    first = int(np.searchsorted(hours.sessions, np.datetime64(start)))
    sessions = np.arange(first, min(first + rows, len(hours.sessions)))
    closes = hours.closes[sessions]
    if not minutes:
        if len(sessions) < rows:
            raise ValueError(_too_long(len(sessions), "sessions", start))
        return sessions, np.ones(rows), np.ones(rows, dtype=bool), closes
    opens = hours.sessions[sessions].astype("datetime64[ns]") + np.timedelta64(570, "m")
    length = np.timedelta64(minutes, "m")
    counts = ((closes - opens) // length).astype(np.int64)
    ends = np.cumsum(counts)
    if not len(ends) or ends[-1] < rows:
        raise ValueError(_too_long(int(counts.sum()), "bars", start))
    row = np.arange(rows)
    which = np.searchsorted(ends, row, "right")
    within = row - (ends - counts)[which]
    times = opens[which] + (within + 1) * length
    return sessions[which], np.full(rows, minutes / 390.0), within == 0, times


def _too_long(most: int, what: str, start: str) -> str:
    return f"the exchange's known sessions from {start} hold {most:,} {what}, not more"


def _streams(seed: int, count: int) -> list[np.random.Generator]:
    """Generators of their own, so that a longer market begins with the shorter one."""
    children = np.random.SeedSequence(seed).spawn(count)
    return [np.random.Generator(np.random.PCG64(child)) for child in children]


def _path(overnight: Array, bar: Array, seed: int) -> tuple[Array, ...]:
    """Open, high, low, close, v, m, the rate, and the closes of the year before the first row."""
    count = _WARM_UP + len(bar)
    overnight = np.concatenate([np.full(_WARM_UP, _OVERNIGHT * _SESSION), overnight])
    bar = np.concatenate([np.full(_WARM_UP, (1.0 - _OVERNIGHT) * _SESSION), bar])
    normals, uniforms, sizes, extremes = _streams(seed, 4)
    shocks = normals.standard_normal((count, 6)).tolist()
    chances = uniforms.random(count).tolist()
    jumps = (ACTUAL.jump * sizes.standard_exponential(count)).tolist()
    own = sqrt(1.0 - _LEVERAGE**2)
    growth = ACTUAL.mean_growth
    v = m = ACTUAL.level * 1.3
    rate, price = _BASE_RATE, 0.0
    path = np.empty((count, 6))
    steps = zip(overnight.tolist(), bar.tolist(), shocks, chances, jumps, strict=True)
    for row, (before, during, shock, chance, jump) in enumerate(steps):
        step = before + during
        root = sqrt(step)
        vol = sqrt(max(v, 0.0))
        intensity = ACTUAL.calm + ACTUAL.excited * vol * vol
        drift = rate / 100.0 + (_PREMIUM - 0.5) * vol * vol - intensity * growth
        night_shock, day_shock = sqrt(before) * shock[0], sqrt(during) * shock[1]
        night = vol * night_shock + drift * before
        day = vol * day_shock + drift * during
        v_shock = _LEVERAGE * (night_shock + day_shock) + own * root * shock[2]
        v += ACTUAL.reversion * (m - max(v, 0.0)) * step + ACTUAL.wobble * vol * v_shock
        above = max(m, 0.0)
        m += ACTUAL.level_reversion * (ACTUAL.level - above) * step
        m += ACTUAL.level_wobble * sqrt(above) * root * shock[3]
        above = max(rate, 0.0)
        rate += _RATE_REVERSION * (_BASE_RATE - above) * step
        rate += _RATE_WOBBLE * sqrt(above) * root * shock[4]
        # Two jumps in a row's time are as good as never seen: one is drawn, with its whole chance.
        if chance < -expm1(-intensity * step):
            v += jump
            day -= ACTUAL.fall + ACTUAL.fall_slope * jump - ACTUAL.fall_spread * shock[5]
        path[row] = price + night, price + night + day, v, m, rate, vol * vol * during
        price += night + day
    opened, close, fast, slow, rates, spent = path.T
    # The greatest and least of a bridge: P(max > y) = exp(-2 (y - a)(y - b) / variance).
    up, down = -2.0 * np.log(1.0 - extremes.random((count, 2))).T * spent
    move = close - opened
    high = opened + (move + np.sqrt(move**2 + up)) / 2.0
    low = opened + (move - np.sqrt(move**2 + down)) / 2.0
    scale = _START * exp(-close[_WARM_UP - 1])
    levels = [scale * np.exp(item[_WARM_UP:]) for item in (opened, high, low, close)]
    rest = [np.maximum(item[_WARM_UP:], 0.0) for item in (fast, slow, rates)]
    return *levels, *rest, scale * np.exp(close[:_WARM_UP])


def _breadth(
    data: dict[str, Array], seed: int, session: Array, close: Array, before: Array, last: Array
) -> None:
    """Shares of members above their averages, and issues up and down since the last close."""
    number = session - session[0]
    closes = np.concatenate([before, close[last]])
    noises = _streams(seed, 5)[4].standard_normal((number[-1] + 1, 3))[number]
    # Place of the close before each row's session among `closes`.
    at = number + len(before) - 1
    total = np.concatenate([[0.0], np.cumsum(closes)])
    for column, window in enumerate((50, 200)):
        average = (total[at + 1] - total[at + 2 - window] + close) / window
        spread = _MEMBER_YEARLY * sqrt(window / 252.0 / 3.0)
        share = _share(np.log(close / average) / spread + 0.1 * noises[:, column])
        data[f"pct_above_{window}dma"] = 100.0 * share
    move = np.log(close / closes[at])
    advancing = _share(move / _MEMBER_DAILY + 0.2 * noises[:, 2])
    data["adv"] = np.rint((_ISSUES - _UNCHANGED) * advancing)
    data["dec"] = _ISSUES - _UNCHANGED - data["adv"]


def _share(deviation: Array) -> Array:
    """The share of a cross-section above zero: the logistic that is nearest the normal's."""
    return np.asarray(1.0 / (1.0 + np.exp(-1.702 * deviation)))
