"""Functions of windows a bar at a time: stepped by the native machine, and by their kernels on one row."""

from __future__ import annotations

from unittest.mock import patch

from alvh_rules.core.source import Source
from alvh_rules.evaluate import scalar_calls
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import BarByBar
from alvh_rules.pipeline import check_source
from tests.benchmarks.scalar_step import Decide, bar_by_bar

CALLS = (
    "zscore(vix, 60)",
    "stdev(vix, 20)",
    "percentile_rank(vix, 252)",
    "correlation(spx, vix, 60)",
    "wma(spx, 20)",
)


def deciding(call: str, market: Market, native: bool) -> Decide:
    """Decides all bars of a market, one at a time: the value of one call."""
    text = f"ruleset windows version 1.0.0\n  bars 1 minute\ndata\n  spx price\n  vix volatility\nlet found = {call}\n"
    result = check_source(Source("bar.alvh", text))
    assert result.ruleset is not None, result.rendered()
    with patch.object(scalar_calls, "native_is_there", lambda: native):
        code = BarByBar(result.plan.nodes, [result.plan.names["found"]])
    return bar_by_bar(code, market)
