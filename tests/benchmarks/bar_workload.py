"""Functions of windows a bar at a time: stepped by the native machine, and by their kernels on one row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any
from unittest.mock import patch

from alvh_rules.core.source import Source
from alvh_rules.evaluate import scalar_calls
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from alvh_rules.pipeline import check_source

CALLS = (
    "zscore(vix, 60)",
    "stdev(vix, 20)",
    "percentile_rank(vix, 252)",
    "correlation(spx, vix, 60)",
    "wma(spx, 20)",
)


def deciding(call: str, market: Market, native: bool) -> Callable[[], list[Any]]:
    """Decides all bars of a market, one at a time: the value of one call."""
    text = f"ruleset windows version 1.0.0\n  bars 1 minute\ndata\n  spx price\n  vix volatility\nlet found = {call}\n"
    result = check_source(Source("bar.alvh", text))
    assert result.ruleset is not None, result.rendered()
    with patch.object(scalar_calls, "native_is_there", lambda: native):
        code = BarByBar(result.plan.nodes, [result.plan.names["found"]])
    bars = list(zip(*(market.columns[name].tolist() for name in code.columns), strict=True))
    blocks = islice(blocks_of(market, {}, 1), len(bars))
    ordinals = market.timeline.ordinals.tolist()
    moments = [Moment(block, ordinal) for block, ordinal in zip(blocks, ordinals, strict=True)]
    begun = code.save()

    def decide_all() -> list[Any]:
        code.load(begun)
        return [code.decide(bar, moment) for bar, moment in zip(bars, moments, strict=True)]

    return decide_all
