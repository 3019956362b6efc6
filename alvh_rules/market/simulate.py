"""A simulated market: seeded, and consistent along the term structure.

Variance has two factors, each mean-reverting to the next (Bates 2000; Egloff, Leippold and Wu 2010,
for two-factor variance and its term structure), with self-exciting jumps (crises):

    dv = kv (m - v) dt + sv sqrt(v) dW1 + J dN,    dm = km (M - m) dt + sm sqrt(m) dW2

and dS/S = drift dt + sqrt(v) dW with corr(dW, dW1) = -0.85 and a fall of the price at each jump.
Under the pricing measure v reverts to 1.5 m and that to a higher level, which is the variance
premium. With m now that dearer one and M its level, the expected variance over T years is then linear in the state: with a(k) = (1 - exp(-kT))/(kT),

    E[v over T] = M + (m - M) kv/(kv - km) (a(km) - a(kv)) + (v - M) a(kv)

and the index of T is 100 sqrt of it, so VIX9D, VIX, VIX3M and VIX6M are those of one market. A VIX
future of d days is the index of the 30 days that begin in d days (the square root of the forward
variance, less a convexity that grows with d), and so meets VIX at expiry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alvh_rules.market.sessions import exchange_closes, exchange_sessions

if TYPE_CHECKING:
    import pandas

_KV, _KM = 6.0, 0.8
_SV, _SM = 0.42, 0.16
_LEVEL, _PRICED = 0.013, 0.045
_RHO = -0.85
_DEARER = 1.5
_DRIFT = 0.09
_JUMPS, _EXCITED, _CALM = 0.2, 3.0, 10.0
_DAYS = {"vix9d": 9, "vix": 30, "vix3m": 93, "vix6m": 184}


def _average(k: float, years: Any) -> Any:
    return (1.0 - np.exp(-k * years)) / (k * years)


def _expected(v: Any, m: Any, years: Any) -> Any:
    """Expected variance over a term under the pricing measure, where v reverts to a dearer m."""
    m = _DEARER * m
    fast, slow = _average(_KV, years), _average(_KM, years)
    weight = _KV / (_KV - _KM) * (slow - fast)
    return _PRICED + (m - _PRICED) * weight + (v - _PRICED) * fast


def _expiries(dates: np.ndarray[Any, Any], months: int) -> np.ndarray[Any, Any]:
    """Calendar days to each of the next monthly expiries (30 days before a third Friday)."""
    months_of = np.arange(np.datetime64("1990-01", "M"), np.datetime64("2030-01", "M"))
    first = months_of.astype("datetime64[D]")
    weekday = (first.astype(np.int64) + 3) % 7
    third_friday = first + ((4 - weekday) % 7 + 14)
    expiry = third_friday - np.timedelta64(30, "D")
    at = np.searchsorted(expiry, dates, "right")
    return np.stack([(expiry[at + k] - dates).astype(np.int64) for k in range(months)], axis=1)


def simulate(
    rows: int, seed: int = 1, *, minutes: int = 0, start: str = "2007-01-03"
) -> pandas.DataFrame:
    """A frame of `rows` sessions (or bars of `minutes`), with the columns of a daily market file.

    Prices in index points, volatilities in points, `tbill_3m` in percent, m1 to m7 in points.
    """
    import pandas

    generator = np.random.default_rng(seed)
    sessions = exchange_sessions()
    first = int(np.searchsorted(sessions, np.datetime64(start)))
    if minutes:
        per_day = max(1, 390 // minutes)
        count = -(-rows // per_day)
    else:
        per_day, count = 1, rows
    if first + count > len(sessions):
        raise ValueError(f"there are only {len(sessions) - first:,} sessions after {start}")
    step = 1.0 / (252.0 * per_day)
    shocks = generator.standard_normal((rows, 4))
    chances = generator.random(rows)
    sizes = generator.exponential(1.0, rows)
    v, m, excited, rate = _LEVEL, _LEVEL * 1.4, 0.0, 3.0
    price = 1400.0
    state = np.empty((rows, 4))
    root = np.sqrt(step)
    for row in range(rows):
        a, b, c, d = shocks[row]
        before = price
        jump = chances[row] < (_JUMPS + excited) * step
        move = np.sqrt(v) * root * a + (_DRIFT - v / 2) * step
        excited *= np.exp(-_CALM * step)
        correlated = _RHO * a + np.sqrt(1 - _RHO * _RHO) * b
        v = abs(v + _KV * (m - v) * step + _SV * np.sqrt(v) * root * correlated)
        m = abs(m + _KM * (_LEVEL * 1.4 - m) * step + _SM * np.sqrt(m) * root * c)
        if jump:
            v += 0.08 * sizes[row]
            m += 0.004 * sizes[row]
            move -= 0.025 * sizes[row]
            excited += _EXCITED
        v = max(v, 0.0025)
        m = max(m, 0.006)
        rate = max(0.02, rate + 0.15 * (2.5 - rate) * step + 0.6 * root * d)
        price = before * float(np.exp(move))
        state[row] = price, v, m, rate
    close, fast, slow, tbill = state.T
    spread = np.sqrt(fast * step) * np.abs(generator.standard_normal((2, rows)))
    previous = np.concatenate([[1400.0], close[:-1]])
    opened = previous * np.exp(0.3 * np.sqrt(fast * step) * generator.standard_normal(rows))
    data: dict[str, Any] = {
        "spx_open": opened,
        "spx_high": np.maximum(opened, close) * np.exp(0.5 * spread[0]),
        "spx_low": np.minimum(opened, close) * np.exp(-0.5 * spread[1]),
        "spx": close,
    }
    for name, days in _DAYS.items():
        data[name] = 100.0 * np.sqrt(_expected(fast, slow, days / 365.0))
    data["tbill_3m"] = tbill
    day_rows = np.arange(rows) // per_day
    dates = sessions[first + day_rows]
    days_to = _expiries(dates, 7)
    for month in range(7):
        near = days_to[:, month] / 365.0
        far = near + 30.0 / 365.0
        total = _expected(fast, slow, far) * far
        used = _expected(fast, slow, near) * near
        forward = 100.0 * np.sqrt((total - used) / (30.0 / 365.0))
        data[f"m{month + 1}"] = forward * (1.0 - 0.06 * (1.0 - np.exp(-4.0 * near)))
    returns = np.log(close / previous) / np.sqrt(fast * step)
    share = 1.0 / (1.0 + np.exp(-1.1 * returns + 0.4 * generator.standard_normal(rows)))
    issues = 2900
    data["adv"] = np.rint(issues * share)
    data["dec"] = issues - data["adv"]
    for window in (50, 200):
        data[f"pct_above_{window}dma"] = _breadth(close, window * per_day)
    frame = pandas.DataFrame({name: np.round(column, 2) for name, column in data.items()})
    if minutes:
        closes = pandas.DatetimeIndex(exchange_closes(), tz="UTC").tz_convert("America/New_York")
        opens = closes.normalize() + pandas.Timedelta(hours=9, minutes=30)
        bar = np.arange(rows) % per_day + 1
        stamps = opens[first + day_rows].tz_localize(None) + pandas.to_timedelta(
            bar * minutes, unit="min"
        )
        frame.insert(0, "time", stamps)
    else:
        frame.insert(0, "date", pandas.DatetimeIndex(dates).strftime("%Y-%m-%d"))
    return frame


def _breadth(close: np.ndarray[Any, Any], window: int) -> np.ndarray[Any, Any]:
    """Percent of members above their average, as the index's distance from its own suggests."""
    total = np.cumsum(np.concatenate([[0.0], close]))
    out = np.full(len(close), np.nan)
    if len(close) >= window:
        average = (total[window:] - total[:-window]) / window
        out[window - 1 :] = 100.0 / (1.0 + np.exp(-25.0 * (close[window - 1 :] / average - 1.0)))
    return out
