"""A live run's health for Prometheus, on a port of this machine alone.

What is counted stands in `Health`; it is read when Prometheus asks. A decision that is unknown, stale
or withheld is NaN, never the number it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alvh_rules.backtest.account import Statement
from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.health import Health

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class _Readings(Collector):
    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Every reading but the histogram."""
        health = self._health
        yield CounterMetricFamily("alvh_bars", "Bars decided.", value=health.bars)
        yield CounterMetricFamily(
            "alvh_absent", "Sessions without a bar, decided.", value=health.absent
        )
        yield CounterMetricFamily("alvh_repeated", "Bars that came again.", value=health.repeated)
        kinds = CounterMetricFamily("alvh_quarantined", "What was not taken.", labels=["kind"])
        for kind, count in dict(health.quarantined).items():
            kinds.add_metric([kind], count)
        yield kinds
        yield CounterMetricFamily("alvh_feed_lost", "Times the feed was lost.", value=health.lost)
        yield CounterMetricFamily(
            "alvh_clock_jumps", "Times the clock was set.", value=health.clock_jumps
        )
        yield CounterMetricFamily(
            "alvh_feed_waited_seconds", "Seconds the feed waited for a sink.", value=health.waited
        )
        connected = health.feed == "connected"
        yield GaugeMetricFamily("alvh_feed_connected", "Whether the feed is there.", connected)
        yield GaugeMetricFamily("alvh_stale", "Whether the decisions are stale.", health.stale)
        last = health.received.timestamp() if health.received is not None else math.nan
        yield GaugeMetricFamily("alvh_last_bar_seconds", "When the last bar came.", last)
        behind = GaugeMetricFamily("alvh_sink_behind", "Outputs a sink lacks.", labels=["sink"])
        for number, (lag, _) in enumerate(dict(health.sinks).values(), 1):
            # By number: an address may hold a secret.
            behind.add_metric([str(number)], lag)
        yield behind
        numbers = GaugeMetricFamily(
            "alvh_decision", "A decision: 1 or 0 for yes or no, NaN unknown.", labels=["name"]
        )
        words = GaugeMetricFamily(
            "alvh_decision_label", "1 for the label decided.", labels=["name", "label"]
        )
        for name, value in health.shown().items():
            if isinstance(value, str):
                words.add_metric([name, value], 1)
            else:
                numbers.add_metric([name], math.nan if value is None else float(value))
        yield numbers
        yield words
        if health.statement is not None:
            yield from _of_account(health.statement)


def _of_account(statement: Statement) -> Iterator[Metric]:
    """The paper account's money in dollars, its hedge, and how much is open."""
    equity = statement.equity
    for name, key, help in (
        ("alvh_account_equity_dollars", "equity", "Cash and what is held."),
        ("alvh_account_cash_dollars", "cash", "Cash."),
        ("alvh_account_margin_dollars", "margin", "What the positions may take."),
        ("alvh_account_drawdown_ratio", "drawdown", "From the highest equity."),
        ("alvh_account_hedge_wanted_ratio", "hedge_ratio", "The hedge decided."),
        ("alvh_account_hedge_held_ratio", "hedge_held", "The hedge held."),
    ):
        value = equity[key]
        yield GaugeMetricFamily(
            name, f"Paper account: {help}", math.nan if value is None else value
        )
    held = {leg["position"] for leg in statement.positions}
    yield GaugeMetricFamily("alvh_account_positions", "Paper account: open positions.", len(held))


def serve(health: Health, port: int) -> Callable[[], None]:
    """Serve a run's health at `http://127.0.0.1:PORT/metrics` until what is returned is called.

    Raises `LiveError` where the port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(_Readings(health))
    histogram = Histogram(
        "alvh_bar_seconds",
        "From a bar's message to its decision in the journal.",
        buckets=_SECONDS,
        registry=registry,
    )
    health.on_bar.append(histogram.observe)
    served: Any
    try:
        served, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except (OSError, OverflowError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise LiveError(errors.unusable("metrics", str(port), str(reason).lower())) from None

    def close() -> None:
        served.shutdown()
        served.server_close()
        thread.join(timeout=2)

    return close
