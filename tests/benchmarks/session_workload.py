"""The flagship on daily bars, and what an able user of NumPy and TA-Lib writes for it by hand.

Some thousand rows take less time than the calls around them: this workload is of fixed costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import Calendar, Market
from alvh_rules.market import sessions
from alvh_rules.pipeline import check_source
from tests.benchmarks.core_workload import COLUMNS, ROOT, events

SETTLED = 1_000


def session_rules() -> Any:
    """The flagship as it is shipped."""
    text = (ROOT / "rulesets" / "alvh_core.alvh").read_text(encoding="utf-8")
    result = check_source(Source("core.alvh", text[: text.index('test "')]))
    assert result.ruleset is not None, result.rendered()
    return result


def session_market(rows: int, seed: int = 3) -> Market:
    """So many sessions, nothing missing."""
    random = np.random.default_rng(seed)
    hours = sessions.exchange()
    first = int(np.searchsorted(hours.sessions, np.datetime64("1990-01-02")))
    timeline = sessions.daily_timeline(hours, first, first + rows - 1, np.arange(rows))
    at = np.arange(rows)
    vix = 18 * np.exp(np.sin(at / 500) * 0.4 + random.normal(0, 0.02, rows))
    columns = {
        "spx": 4000 * np.exp(np.cumsum(random.normal(0, 0.008, rows))),
        "vix": vix,
        "vix3m": vix * (1.06 + 0.08 * np.sin(at / 300) + random.normal(0, 0.01, rows)),
        "adv": random.integers(500, 2500, rows).astype(float),
        "dec": random.integers(500, 2500, rows).astype(float),
    }
    ends = (hours.sessions[0], hours.sessions[-1], 0, len(hours.sessions) - 1)
    calendars = {}
    for step, name in enumerate(("fomc", "cpi", "ppi")):
        found = timeline.ordinals[0] + np.arange(5 + 3 * step, rows, 21 + 7 * step)
        known = np.ones(len(found), dtype=bool)
        calendars[name] = Calendar(
            name, hours.sessions[found], found.astype(np.int64), known, *ends
        )
    return Market(timeline, columns, calendars)


def talib_sessions(market: Market) -> Mapping[str, Any]:
    """Whole columns in NumPy, indicators by TA-Lib."""
    import talib

    spx, vix, vix3m, adv, dec = (np.asarray(market.columns[name]) for name in COLUMNS)
    slope = vix3m / vix - 1
    momentum = talib.RSI(spx, 14)
    trend = talib.MACD(spx, 12, 26, 9)[2]
    breadth = adv / (adv + dec)
    square = np.full(len(spx), np.nan)
    square[1:] = np.log(spx[1:] / spx[:-1]) ** 2
    realized = 100 * np.sqrt(talib.SUM(square, 20) * 252 / 20)
    table = np.select(
        [slope < -0.05, slope < 0, slope < 0.05, slope < 0.1, slope >= 0.1],
        [1.5, 1.0, 0.6, 0.45, 0.35],
        1.0,
    )
    above = slope > 0.02
    three = above.copy()
    three[2:] &= above[1:-1] & above[:-2]
    three[:2] = False
    switched = (slope < 0) | three
    last = np.maximum.accumulate(np.where(switched, np.arange(len(slope)), 0))
    inverted = ((slope < 0) & ~three)[last]
    opened = (
        (slope > 0.05)
        & (momentum >= 35)
        & (momentum <= 65)
        & (realized < vix)
        & ((breadth > 0.4) | np.isnan(breadth))
        & ((trend > 0) | ~inverted)
    )
    during = events(market)
    fomc, cpi, ppi = during["fomc"], during["cpi"], during["ppi"]
    short = np.round(
        0.3 * np.where(fomc, 0.5, 1) * np.where(cpi, 0.7, 1) * np.where(ppi, 0.85, 1), 12
    )
    medium = np.round(0.4 * np.where(fomc, 1.25, 1), 12)
    long = np.round(0.3 * np.where(fomc, 1.5, 1), 12)
    total = short + medium + long
    over = total > 1
    short, medium, long = (np.where(over, item / total, item) for item in (short, medium, long))
    return {
        "open": opened,
        "short": short,
        "medium": medium,
        "long": long,
        "total": short + medium + long,
        "ratio": np.round(table * np.where(fomc, 1.2, 1), 12),
        "hold": np.select([slope < 0, slope < 0.05], [0, 1], 2),
        "inverted": inverted,
    }
