"""The flagship decided one bar at a time: by the engine, and by a step written by hand for Numba.

Both are called from Python with a bar's values as floats, keep what they remember themselves, and
give a tuple of plain values back.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from tests.benchmarks.core_workload import COLUMNS, core_rules, events

OUTPUTS = (
    "short.open",
    "short.weight",
    "medium.weight",
    "long.weight",
    "total_weight",
    "hedge.ratio",
    "hedge.hold",
    "inverted",
)
"""What the step by hand gives, by the ruleset's names."""

Decide = Callable[[], list[tuple[Any, ...]]]


def engine_step(market: Market) -> Decide:
    """Decides all bars of a market, one at a time, with the engine's code for one bar."""
    result = core_rules()
    wanted = [result.plan.names[name] for name in OUTPUTS]
    return bar_by_bar(BarByBar(result.plan.nodes, wanted), market)


def bar_by_bar(code: BarByBar, market: Market) -> Decide:
    """Decides all bars of a market, one at a time, by some code, from its first bar on each time."""
    bars = list(zip(*(market.columns[name].tolist() for name in code.columns), strict=True))
    ordinals = market.timeline.ordinals.tolist()
    blocks = islice(blocks_of(market, {}, 1), len(bars))
    moments = [Moment(block, ordinal) for block, ordinal in zip(blocks, ordinals, strict=True)]
    begun = code.save()

    def decide_all() -> list[tuple[Any, ...]]:
        code.load(begun)
        decide = code.decide
        return [decide(bar, moment) for bar, moment in zip(bars, moments, strict=True)]

    return decide_all


def numba_step(market: Market) -> Decide:
    """Decides all bars of a market, one at a time, with a step by hand, compiled by Numba."""
    import numba

    @numba.njit(cache=False)
    def step(spx, vix, vix3m, adv, dec, fomc, cpi, ppi, kept, squares):  # type: ignore[no-untyped-def]
        before, gain, loss = kept[0], kept[1], kept[2]
        fast, slow, signal = kept[3], kept[4], kept[5]
        on, lasted, row = kept[6], kept[7], int(kept[8])
        slope = vix3m / vix - 1
        squares[row % 20] = np.log(spx / before) ** 2
        momentum = trend = np.nan
        if spx == spx:
            if before == before:
                change = spx - before
                up, down = max(change, 0.0), max(-change, 0.0)
                if gain == gain:
                    gain += (up - gain) / 14
                    loss += (down - loss) / 14
                else:
                    gain, loss = up, down
                momentum = 100 * gain / (gain + loss) if gain + loss > 0 else 50.0
            fast = spx if fast != fast else fast + 2 / 13 * (spx - fast)
            slow = spx if slow != slow else slow + 2 / 27 * (spx - slow)
            line = fast - slow
            signal = line if signal != signal else signal + 2 / 10 * (line - signal)
            trend = line - signal
            before = spx
        summed = 0.0
        for value in squares:
            summed += value
        realized = 100 * np.sqrt(summed * 252 / 20)
        breadth = adv / (adv + dec)
        lasted = lasted + 1 if slope > 0.02 else 0.0
        if lasted >= 3:
            on = 0.0
        elif slope < 0:
            on = 1.0
        opened = (
            slope > 0.05
            and 35 <= momentum <= 65
            and realized < vix
            and (breadth > 0.4 or breadth != breadth)
            and (trend > 0 or on == 0.0)
        )
        if slope < -0.05:
            ratio = 1.5
        elif slope < 0:
            ratio = 1.0
        elif slope < 0.05:
            ratio = 0.6
        elif slope < 0.1:
            ratio = 0.45
        elif slope >= 0.1:
            ratio = 0.35
        else:
            ratio = 1.0
        short, medium, long = 0.3, 0.4, 0.3
        if fomc:
            short, medium, long, ratio = short * 0.5, medium * 1.25, long * 1.5, ratio * 1.2
        if cpi:
            short *= 0.7
        if ppi:
            short *= 0.85
        total = short + medium + long
        if total > 1.0000000000005:
            short, medium, long = short / total, medium / total, long / total
        kept[0], kept[1], kept[2] = before, gain, loss
        kept[3], kept[4], kept[5] = fast, slow, signal
        kept[6], kept[7], kept[8] = on, lasted, row + 1
        hold = 0 if slope < 0 else 1 if slope < 0.05 else 2
        return opened, short, medium, long, short + medium + long, ratio, hold, on == 1.0

    during = events(market)
    flags = [during[name].tolist() for name in ("fomc", "cpi", "ppi")]
    bars = list(zip(*(market.columns[name].tolist() for name in COLUMNS), *flags, strict=True))

    def decide_all() -> list[tuple[Any, ...]]:
        kept, squares = np.full(9, np.nan), np.full(20, np.nan)
        kept[6:] = 0.0
        return [
            step(spx, vix, vix3m, adv, dec, fomc, cpi, ppi, kept, squares)
            for spx, vix, vix3m, adv, dec, fomc, cpi, ppi in bars
        ]

    return decide_all
