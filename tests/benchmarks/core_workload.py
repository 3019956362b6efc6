"""The flagship's measures, tables, events and conditions on synthetic minute bars, and its peers.

Each peer is what an able user of its library would write for the same decisions by hand: whole
columns in NumPy and pandas, one lazy query in Polars, a row loop in Numba. They treat a missing value
as their libraries do. A recursive average begins in each as its library begins it, so decisions are
compared after `SETTLED` rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from alvh_rules.core.source import Source
from alvh_rules.evaluate.inputs import Calendar, Market
from alvh_rules.market import sessions
from alvh_rules.pipeline import check_source

ROOT = Path(__file__).resolve().parents[2]
SETTLED = 3_000
COLUMNS = ("spx", "vix", "vix3m", "adv", "dec")
MINUTES = 390
NAMES = ("open", "short", "medium", "long", "total", "ratio", "hold", "inverted")


def core_rules() -> Any:
    """The flagship with bars of a minute, its windows counted in bars."""
    text = (ROOT / "rulesets" / "alvh_core.alvh").read_text(encoding="utf-8")
    text = text[: text.index('test "')].replace("  capital", "  bars 1 minute\n  capital", 1)
    text = text.replace("20 sessions)", "20)").replace("for 3 sessions", "for 3")
    result = check_source(Source("core.alvh", text))
    assert result.ruleset is not None, result.rendered()
    return result


def core_market(rows: int, missing: float = 0.0, seed: int = 1) -> Market:
    """Bars of whole days from 1960 on, or earlier where there are more; a share of the cells of every column missing."""
    random = np.random.default_rng(seed)
    hours = sessions.exchange()
    days = rows // MINUTES + 1
    first = int(np.searchsorted(hours.sessions, np.datetime64("1960-01-04")))
    # Ten million minutes are most of what the calendar holds.
    first = min(first, len(hours.sessions) - days - 1)
    opens = hours.sessions[first : first + days].astype("datetime64[m]") + np.timedelta64(571, "m")
    times = (opens[:, None] + np.arange(MINUTES)).ravel()[:rows].astype("datetime64[ns]")
    timeline = sessions.intraday_timeline(hours, times)
    at = np.arange(rows)
    vix = 18 * np.exp(np.sin(at / 5000) * 0.4 + random.normal(0, 0.02, rows))
    columns = {
        "spx": 4000 * np.exp(np.cumsum(random.normal(0, 0.0004, rows))),
        "vix": vix,
        "vix3m": vix * (1.06 + 0.08 * np.sin(at / 3000) + random.normal(0, 0.01, rows)),
        "adv": random.integers(500, 2500, rows).astype(float),
        "dec": random.integers(500, 2500, rows).astype(float),
    }
    if missing:
        for column in columns.values():
            column[random.random(rows) < missing] = np.nan
    calendars = {}
    for step, name in enumerate(("fomc", "cpi", "ppi")):
        found = timeline.ordinals[0] + np.arange(5 + 3 * step, days, 21 + 7 * step)
        dates = hours.sessions[found]
        known = np.ones(len(found), dtype=bool)
        ends = (hours.sessions[0], hours.sessions[-1], 0, len(hours.sessions) - 1)
        calendars[name] = Calendar(name, dates, found.astype(np.int64), known, *ends)
    return Market(timeline, columns, calendars)


def events(market: Market) -> dict[str, Any]:
    """Whether each row's session is in each event's window."""
    found = {}
    for name, begin in (("fomc", -1), ("cpi", 0), ("ppi", 0)):
        dates, rows = market.calendars[name].ordinals, market.timeline.ordinals
        low, high = np.searchsorted(dates, rows), np.searchsorted(dates, rows - begin, "right")
        found[name] = high > low
    return found


def numpy_core(market: Market) -> Mapping[str, Any]:
    """Whole columns in NumPy, recurrences by SciPy's filter over what is known."""
    from scipy.signal import lfilter

    spx, vix, vix3m, adv, dec = (np.asarray(market.columns[name]) for name in COLUMNS)

    def average(values: Any, n: int, alpha: float) -> Any:
        out = np.full(len(values), np.nan)
        known = ~np.isnan(values)
        kept = values if known.all() else values[known]
        found = np.full(len(kept), np.nan)
        found[n - 1] = kept[:n].mean()
        keep = 1 - alpha
        found[n:] = lfilter([alpha], [1, -keep], kept[n:], zi=[keep * found[n - 1]])[0]
        out[known] = found
        return out

    def ema(values: Any, n: int) -> Any:
        return average(values, n, 2 / (n + 1))

    slope = vix3m / vix - 1
    change = np.diff(spx, prepend=np.nan)
    gain = average(np.maximum(change, 0), 14, 1 / 14)
    loss = average(np.maximum(-change, 0), 14, 1 / 14)
    momentum = 100 * gain / (gain + loss)
    line = ema(spx, 12) - ema(spx, 26)
    trend = line - ema(line, 9)
    breadth = adv / (adv + dec)
    square = np.log(spx[1:] / spx[:-1]) ** 2
    summed = np.convolve(square, np.ones(20), "valid")
    realized = np.full(len(spx), np.nan)
    realized[20:] = 100 * np.sqrt(summed * 252 / 20)
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


def pandas_core(market: Market) -> Mapping[str, Any]:
    """Whole columns in pandas."""
    import pandas as pd

    spx, vix, vix3m, adv, dec = (pd.Series(market.columns[name]) for name in COLUMNS)
    slope = vix3m / vix - 1
    change = spx.diff()
    gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False, ignore_na=True).mean()
    loss = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False, ignore_na=True).mean()
    momentum = 100 * gain / (gain + loss)

    def ema(values: Any, n: int) -> Any:
        return values.ewm(span=n, adjust=False, ignore_na=True).mean()

    line = ema(spx, 12) - ema(spx, 26)
    trend = line - ema(line, 9)
    breadth = adv / (adv + dec)
    returns = np.log(spx / spx.shift())
    realized = 100 * np.sqrt((returns**2).rolling(20).sum() * 252 / 20)
    edges = [-np.inf, -0.05, 0, 0.05, 0.1, np.inf]
    table = pd.cut(slope, edges, right=False, labels=[1.5, 1.0, 0.6, 0.45, 0.35]).astype(float)
    above = slope > 0.02
    three = above & above.shift(1, fill_value=False) & above.shift(2, fill_value=False)
    state = pd.Series(np.nan, index=spx.index)
    state[slope < 0] = 1.0
    state[three] = 0.0
    inverted = state.ffill().fillna(0.0) == 1.0
    opened = (
        (slope > 0.05)
        & momentum.between(35, 65)
        & (realized < vix)
        & ((breadth > 0.4) | breadth.isna())
        & ((trend > 0) | ~inverted)
    )
    during = {name: pd.Series(found) for name, found in events(market).items()}
    one = pd.Series(1.0, index=spx.index)
    fomc, cpi, ppi = during["fomc"], during["cpi"], during["ppi"]
    short = (0.3 * one.mask(fomc, 0.5) * one.mask(cpi, 0.7) * one.mask(ppi, 0.85)).round(12)
    medium = (0.4 * one.mask(fomc, 1.25)).round(12)
    long = (0.3 * one.mask(fomc, 1.5)).round(12)
    total = short + medium + long
    over = total > 1
    short, medium, long = (item.mask(over, item / total) for item in (short, medium, long))
    hold = pd.cut(slope, [-np.inf, 0, 0.05, np.inf], right=False, labels=[0, 1, 2]).astype(float)
    return {
        "open": opened,
        "short": short,
        "medium": medium,
        "long": long,
        "total": short + medium + long,
        "ratio": (table.fillna(1.0) * one.mask(fomc, 1.2)).round(12),
        "hold": hold,
        "inverted": inverted,
    }


def polars_core(market: Market) -> Mapping[str, Any]:
    """One lazy query in Polars, run by its streaming engine."""
    import polars as pl

    during = events(market)
    columns = {name: market.columns[name] for name in COLUMNS}
    frame = pl.DataFrame({**columns, **during}, nan_to_null=True)
    col = pl.col
    change = col("spx").diff()
    alpha = 1 / 14
    gain = change.clip(lower_bound=0).ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True)
    loss = (-change).clip(lower_bound=0).ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True)
    line = col("spx").ewm_mean(span=12, adjust=False, ignore_nulls=True) - col("spx").ewm_mean(
        span=26, adjust=False, ignore_nulls=True
    )
    square = (col("spx") / col("spx").shift()).log().pow(2)
    slope = col("slope")
    three = (slope > 0.02) & (slope.shift(1) > 0.02) & (slope.shift(2) > 0.02)
    state = pl.when(three.fill_null(False)).then(0).when(slope < 0).then(1).otherwise(None)
    table = (
        (pl.when(slope < -0.05).then(1.5).when(slope < 0).then(1.0).when(slope < 0.05).then(0.6))
        .when(slope < 0.1)
        .then(0.45)
        .otherwise(0.35)
    )
    fomc, cpi, ppi = (col(name) for name in ("fomc", "cpi", "ppi"))

    def times(condition: Any, factor: float) -> Any:
        return pl.when(condition).then(factor).otherwise(1.0)

    short = (0.3 * times(fomc, 0.5) * times(cpi, 0.7) * times(ppi, 0.85)).round(12)
    query = (
        frame.lazy()
        .with_columns(slope=col("vix3m") / col("vix") - 1, line=line)
        .with_columns(
            momentum=100 * gain / (gain + loss),
            trend=col("line") - col("line").ewm_mean(span=9, adjust=False, ignore_nulls=True),
            breadth=col("adv") / (col("adv") + col("dec")),
            realized=100 * (square.rolling_sum(20) * 252 / 20).sqrt(),
            inverted=state.forward_fill().fill_null(0) == 1,
            table=table,
            short=short,
            medium=(0.4 * times(fomc, 1.25)).round(12),
            long=(0.3 * times(fomc, 1.5)).round(12),
        )
        .with_columns(whole=col("short") + col("medium") + col("long"))
        .with_columns(
            pl.when(col("whole") > 1)
            .then(col(name) / col("whole"))
            .otherwise(col(name))
            .alias(name)
            for name in ("short", "medium", "long")
        )
        .select(
            open=(slope > 0.05)
            & col("momentum").is_between(35, 65)
            & (col("realized") < col("vix"))
            & ((col("breadth") > 0.4) | col("breadth").is_null())
            & ((col("trend") > 0) | ~col("inverted")),
            short=col("short"),
            medium=col("medium"),
            long=col("long"),
            total=col("short") + col("medium") + col("long"),
            ratio=(col("table") * times(fomc, 1.2)).round(12),
            hold=pl.when(slope < 0).then(0).when(slope < 0.05).then(1).otherwise(2),
            inverted=col("inverted"),
        )
    )
    found = query.collect(engine="streaming")
    return {name: found[name].to_numpy() for name in NAMES}


def numba_core(market: Market) -> Mapping[str, Any]:
    """A row loop by hand, compiled by Numba."""
    during = events(market)
    columns = [np.asarray(market.columns[name]) for name in COLUMNS]
    found = _numba_loop()(*columns, *(during[name] for name in ("fomc", "cpi", "ppi")))
    return dict(zip(NAMES, found, strict=True))


_LOOPS: list[Any] = []


def _numba_loop() -> Any:
    if _LOOPS:
        return _LOOPS[0]
    import numba

    @numba.njit(cache=False)
    def loop(spx, vix, vix3m, adv, dec, fomc, cpi, ppi):  # type: ignore[no-untyped-def]
        rows = len(spx)
        opened, inverted = np.empty(rows, np.bool_), np.empty(rows, np.bool_)
        short, medium, long = np.empty(rows), np.empty(rows), np.empty(rows)
        total, ratio, hold = np.empty(rows), np.empty(rows), np.empty(rows, np.int64)
        squares = np.full(20, np.nan)
        before, gain, loss, begun = np.nan, 0.0, 0.0, False
        fast = slow = signal = np.nan
        on, lasted = False, 0
        for row in range(rows):
            price = spx[row]
            slope = vix3m[row] / vix[row] - 1
            square = np.log(price / before) ** 2
            squares[row % 20] = square
            momentum = trend = np.nan
            if price == price:
                if before == before:
                    change = price - before
                    up, down = max(change, 0.0), max(-change, 0.0)
                    if begun:
                        gain += (up - gain) / 14
                        loss += (down - loss) / 14
                    else:
                        gain, loss, begun = up, down, True
                    momentum = 100 * gain / (gain + loss) if gain + loss > 0 else 50.0
                fast = price if fast != fast else fast + 2 / 13 * (price - fast)
                slow = price if slow != slow else slow + 2 / 27 * (price - slow)
                line = fast - slow
                signal = line if signal != signal else signal + 2 / 10 * (line - signal)
                trend = line - signal
                before = price
            summed = 0.0
            for value in squares:
                summed += value
            realized = 100 * np.sqrt(summed * 252 / 20)
            breadth = adv[row] / (adv[row] + dec[row])
            lasted = lasted + 1 if slope > 0.02 else 0
            if lasted >= 3:
                on = False
            elif slope < 0:
                on = True
            inverted[row] = on
            opened[row] = (
                slope > 0.05
                and 35 <= momentum <= 65
                and realized < vix[row]
                and (breadth > 0.4 or breadth != breadth)
                and (trend > 0 or not on)
            )
            if slope < -0.05:
                table = 1.5
            elif slope < 0:
                table = 1.0
            elif slope < 0.05:
                table = 0.6
            elif slope < 0.1:
                table = 0.45
            elif slope >= 0.1:
                table = 0.35
            else:
                table = 1.0
            one = 0.3
            two = three = 1.0
            if fomc[row]:
                one *= 0.5
                two, three = 1.25, 1.5
                table *= 1.2
            if cpi[row]:
                one *= 0.7
            if ppi[row]:
                one *= 0.85
            two, three = 0.4 * two, 0.3 * three
            whole = one + two + three
            if whole > 1.0000000000005:
                one, two, three = one / whole, two / whole, three / whole
            short[row], medium[row], long[row] = one, two, three
            total[row], ratio[row] = one + two + three, table
            hold[row] = 0 if slope < 0 else 1 if slope < 0.05 else 2
        return opened, short, medium, long, total, ratio, hold, inverted

    _LOOPS.append(loop)
    return loop


PEERS = {
    "NumPy, whole columns": numpy_core,
    "pandas": pandas_core,
    "Polars, streaming": polars_core,
    "Numba, a loop by hand": numba_core,
}
