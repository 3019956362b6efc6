"""Write docs/performance.md: this engine and its peers, in turn, on the same data.

`python -m tests.benchmarks.performance [ROWS]`, which `make bench` runs. Before anything is timed each
peer's decisions are compared with the engine's. The peers come with the extra `bench`.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

# Polars reads this when it is imported: one thread, as the engine has.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np

from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.engine import evaluate
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from tests.benchmarks import core_workload, rules_workload
from tests.benchmarks.measure import interleaved

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
BARS = 20_000


def decided(market: Market, result: Any, engine: str = "blocks") -> Any:
    """The columns of the ruleset's outputs."""
    names = result.ruleset.outputs
    return evaluate(result.ruleset, result.plan, market, names=names, engine=engine).columns


def core_decisions(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's columns by the names that the peers use."""
    told = {
        "open": "short.open",
        "short": "short.weight",
        "medium": "medium.weight",
        "long": "long.weight",
        "total": "total_weight",
        "ratio": "hedge.ratio",
        "hold": "hedge.hold",
        "inverted": "inverted",
    }
    found = {name: columns[own] for name, own in told.items()}
    return {**found, "open": found["open"] == 1, "inverted": found["inverted"] == 1}


def rules_decisions(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's columns, signals as true or not."""
    return {name: item == 1 if name.startswith("r") else item for name, item in columns.items()}


def agree(mine: Mapping[str, Any], other: Mapping[str, Any], settled: int) -> None:
    """Refuse to time what does not decide the same."""
    for name, column in other.items():
        ours = np.asarray(mine[name], dtype=float)[settled:]
        theirs = np.asarray(column, dtype=float)[settled:]
        wrong = int((~np.isclose(ours, theirs, equal_nan=True)).sum())
        assert wrong == 0, f"{name} differs on {wrong} rows"


def workload(
    title: str,
    market: Market,
    result: Any,
    peers: Mapping[str, Callable[[Market], Any]],
    told: Callable[[Any], dict[str, Any]],
    settled: int,
    check: bool = True,
) -> list[str]:
    """The lines of one workload's table."""
    rows = len(market.timeline)
    if check:
        mine = told(decided(market, result))
        for peer in peers.values():
            agree(mine, peer(market), settled)
    for name, column in decided(market, result, "compiled").items():
        assert column.tobytes() == decided(market, result)[name].tobytes(), name
    ways: dict[str, Callable[[], Any]] = {
        "this engine": lambda: decided(market, result),
        "this engine, compiled": lambda: decided(market, result, "compiled"),
    }
    ways |= {name: (lambda peer=peer: peer(market)) for name, peer in peers.items()}
    seconds = interleaved(ways, ROUNDS)
    lines = [f"## {title}", "", "| | ns a row | this engine / it |", "|---|---|---|"]
    for name, taken in seconds.items():
        ratio = seconds["this engine"] / taken
        lines.append(f"| {name} | {taken / rows * 1e9:.1f} | {ratio:.2f} |")
    print("\n".join(lines))
    return [*lines, ""]


def one_bar() -> list[str]:
    """A bar at a time, beside a step by hand in Python of the recurrences alone."""
    result = core_workload.core_rules()
    market = core_workload.core_market(BARS)
    wanted = [result.plan.names[name] for name in result.ruleset.outputs]
    code = BarByBar(result.plan.nodes, wanted, market)
    rows = list(zip(*(market.columns[name].tolist() for name in code.columns), strict=True))
    ordinals = market.timeline.ordinals.tolist()
    blocks = islice(blocks_of(market, {}, 1), BARS)
    moments = [Moment(block, ordinal) for block, ordinal in zip(blocks, ordinals, strict=True)]

    def decide_all() -> None:
        for values, moment in zip(rows, moments, strict=True):
            code.decide(values, moment)

    seconds = interleaved({"one bar": decide_all}, ROUNDS)["one bar"] / BARS
    lines = ["## One bar at a time", "", f"The flagship decides a bar in {seconds * 1e6:.2f} µs."]
    print("\n".join(lines))
    return [*lines, ""]


def main() -> None:
    """Measure, print, write."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    core, rules = core_workload, rules_workload
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Medians of rounds in which the engine and its peers take turns, on one",
        f"thread; {rows:,} rows; Python {platform.python_version()}, NumPy {np.__version__},"
        f" {platform.machine()}. The peers are in `tests/benchmarks/`; each gave the",
        "same decisions before it was timed (with missing cells, the peers follow their libraries).",
        "",
    ]
    for share, word in ((0.0, "nothing missing"), (0.01, "1% of cells missing")):
        title = f"The flagship on minute bars, {word}"
        market = core.core_market(rows, share)
        lines += workload(
            title, market, core.core_rules(), core.PEERS, core_decisions, core.SETTLED, not share
        )
    for share, word in ((0.0, "nothing missing"), (0.01, "1% of cells missing")):
        title = f"20 tables and 30 rules without windows, {word}"
        market = rules.rules_market(rows, share)
        lines += workload(title, market, rules.rules(), rules.PEERS, rules_decisions, 0, not share)
    lines += one_bar()
    (ROOT / "docs" / "performance.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
