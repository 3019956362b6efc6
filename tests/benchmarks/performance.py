"""Write docs/performance.md: this engine and its peers, in turn, on the same data.

`python -m tests.benchmarks.performance [ROWS]`, which `make bench` runs. Before anything is timed each
peer's decisions are compared with the engine's. The peers come with the extra `bench`.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Polars reads this when it is imported: one thread, as the engine has.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np

from alvh_rules.evaluate.engine import evaluate
from alvh_rules.evaluate.engines import AUTO, engine_of
from alvh_rules.evaluate.inputs import Market
from alvh_rules.native import native_is_there
from tests.benchmarks import (
    bar_workload,
    core_workload,
    rules_workload,
    session_workload,
    window_workload,
    zen_rules,
)
from tests.benchmarks.bench_memory import over_the_imports
from tests.benchmarks.measure import interleaved
from tests.benchmarks.scalar_step import engine_step, numba_step

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
LONG_ROUNDS = 3
BARS, WINDOW_BARS = 20_000, 2_000
SESSIONS = 5_000
OWN, ARRAYS = "this engine", "this engine, every column an array"
ALONE, COMPILED = "this engine, NumPy alone", "this engine, compiled"
LONG = 10
"""How many times as long the long tables' data is."""

CORE_MOST = {
    "NumPy, whole columns": 0.40,
    "pandas": 0.30,
    "Polars, streaming": 0.40,
    "Numba, a loop by hand": 2.0,
}
COMPILED_MOST = {"Numba, a loop by hand": 1.3}
RULES_MOST = {"NumPy, select": 0.25, "Polars, streaming": 0.6}
"""What the engine's time may be of each peer's at the most."""
MEMORY_MOST, MEMORY_ROWS = 300, (1_000_000, 10_000_000, 100_000_000)
"""Megabytes at the most, for each of so many rows."""
TWO_THREADS_MOST, SESSIONS_MOST, STEP_MOST, BAR_MOST, ZEN_LEAST = 0.5, 1.0, 2.5, 2.0, 1_000


def decided(market: Market, result: Any, engine: str = "auto", threads: int = 1) -> Any:
    """The columns of the ruleset's outputs."""
    names = result.ruleset.outputs
    found = evaluate(
        result.ruleset, result.plan, market, names=names, engine=engine, threads=threads
    )
    return found.columns


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
        theirs = np.asarray(column, dtype=float)[settled:]
        ours = np.asarray(mine[name], dtype=float)[settled:][: len(theirs)]
        wrong = int((~np.isclose(ours, theirs, equal_nan=True)).sum())
        assert wrong == 0, f"{name} differs on {wrong} rows"


def told(ratio: float, most: float | None) -> str:
    """A ratio, and beside it what is wanted of it."""
    if most is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} (wanted: {most:.2f} at the most{'' if ratio <= most else '; not reached'})"


def show(lines: list[str]) -> list[str]:
    """The lines, printed."""
    print("\n".join(lines), flush=True)
    return [*lines, ""]


def workload(
    title: str,
    market: Market,
    result: Any,
    peers: Mapping[str, Callable[[Market], Any]],
    named: Callable[[Any], dict[str, Any]],
    settled: int,
    most: Mapping[str, float],
    compiled_most: Mapping[str, float],
    rounds: int = ROUNDS,
    check: bool = True,
) -> list[str]:
    """The lines of one workload's table."""
    rows = len(market.timeline)
    if check:
        mine = named(decided(market, result))
        for peer in peers.values():
            agree(mine, peer(market), settled)
    plain = decided(market, result)
    for engine in ("blocks", "compiled"):
        for name, column in decided(market, result, engine).items():
            assert column.tobytes() == plain[name].tobytes(), (engine, name)
    del plain
    ways: dict[str, Callable[[], Any]] = {
        OWN: lambda: decided(market, result),
        ARRAYS: lambda: dict(decided(market, result)),
        ALONE: lambda: decided(market, result, "blocks"),
        COMPILED: lambda: decided(market, result, "compiled"),
    }
    ways |= {name: (lambda peer=peer: peer(market)) for name, peer in peers.items()}
    seconds = interleaved(ways, rounds)
    lines = [
        f"## {title}",
        "",
        "| | ns a row | this engine / it | every column an array / it | NumPy alone / it | compiled / it |",
        "|---|---|---|---|---|---|",
    ]
    for name, taken in seconds.items():
        bounds = {OWN: most, ARRAYS: most, ALONE: {}, COMPILED: compiled_most}
        ratios = [told(seconds[way] / taken, bound.get(name)) for way, bound in bounds.items()]
        lines.append(f"| {name} | {taken / rows * 1e9:.1f} | {' | '.join(ratios)} |")
    return show(lines)


def windows() -> list[str]:
    """Functions of windows, beside pandas."""
    work = window_workload
    lines = [
        f"## Functions of windows, {work.ROWS:,} rows",
        "",
        "| | rows of the window | ns a row | pandas | this / pandas |",
        "|---|---|---|---|---|",
    ]
    for (name, n), taken in work.seconds().items():
        ours, theirs = (item / work.ROWS * 1e9 for item in taken)
        lines.append(f"| {name} | {n or 'all'} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |")
    return show(lines)


def memory() -> list[str]:
    """What a run over a long file takes, whatever its length."""
    lines = [
        "## Memory of a run that streams minute bars from Parquet",
        "",
        f"Over what the imports take (wanted: {MEMORY_MOST} MB at the most).",
        "",
        "| rows | MB | seconds |",
        "|---|---|---|",
    ]
    for rows in MEMORY_ROWS:
        megabytes, taken = over_the_imports(rows)
        verdict = "" if megabytes <= MEMORY_MOST else " (not reached)"
        lines.append(f"| {rows:,} | {megabytes:.0f}{verdict} | {taken:.0f} |")
    return show(lines)


def two_threads(rows: int) -> list[str]:
    """The flagship on two threads."""
    from tests.benchmarks.two_threads import in_own_process

    seconds = in_own_process(rows)
    lines = [f"## The flagship on two threads, {rows:,} rows", ""]
    lines += ["| | ns a row | this engine / it |", "|---|---|---|"]
    most = {"Polars, streaming": TWO_THREADS_MOST}
    for name, taken in seconds.items():
        ratio = told(seconds["this engine"] / taken, most.get(name))
        lines.append(f"| {name} | {taken / rows * 1e9:.1f} | {ratio} |")
    return show(lines)


def sessions() -> list[str]:
    """Daily bars, where fixed costs rule."""
    work = session_workload
    market, result = work.session_market(SESSIONS), work.session_rules()
    agree(core_decisions(decided(market, result)), work.talib_sessions(market), work.SETTLED)
    # Every column is made an array, as the peer's are; a strand is compiled once for a process.
    decided(market, result, "compiled")
    ways = {
        OWN: lambda: dict(decided(market, result)),
        ALONE: lambda: dict(decided(market, result, "blocks")),
        COMPILED: lambda: dict(decided(market, result, "compiled")),
        "NumPy and TA-Lib": lambda: work.talib_sessions(market),
    }
    seconds = interleaved(ways, ROUNDS * 5)
    lines = [f"## The flagship on {SESSIONS:,} sessions", ""]
    lines += [
        "Compiling takes seconds, once for a process, and is not in the time. NumPy alone has SciPy's filter",
        "loaded, as it is after the first long run of a process; before that the recursive averages of so",
        "short a run are a loop of Python.",
        "",
        "| | ms a run | this engine / it | NumPy alone / it | compiled / it |",
        "|---|---|---|---|---|",
    ]
    most = {"NumPy and TA-Lib": SESSIONS_MOST}
    for name, taken in seconds.items():
        ratios = [
            told(seconds[OWN] / taken, most.get(name)),
            *(f"{seconds[way] / taken:.2f}" for way in (ALONE, COMPILED)),
        ]
        lines.append(f"| {name} | {taken * 1e3:.2f} | {' | '.join(ratios)} |")
    return show(lines)


def stateless(rows: int) -> list[str]:
    """Rules without tables, rows a second beside the zen-engine."""
    market, result = rules_workload.rules_market(rows), rules_workload.rules()
    names = [f"r{number}" for number in range(rules_workload.RULES)]

    def mine() -> Any:
        return evaluate(result.ruleset, result.plan, market, names=names, threads=1).columns

    agree(rules_decisions(mine()), zen_rules.zen_rules(market), 0)
    ways = {"this engine": mine, "zen-engine": lambda: zen_rules.zen_rules(market)}
    seconds = interleaved(ways, 3)
    speed = {
        "this engine": rows / seconds["this engine"],
        "zen-engine": zen_rules.ROWS / seconds["zen-engine"],
    }
    times = speed["this engine"] / speed["zen-engine"]
    verdict = "" if times >= ZEN_LEAST else "; not reached"
    return show(
        [
            "## 30 rules without tables, a row at a time in the zen-engine",
            "",
            "| | rows a second |",
            "|---|---|",
            *(f"| {name} | {fast:,.0f} |" for name, fast in speed.items()),
            "",
            f"{times:,.0f} times as many (wanted: {ZEN_LEAST:,} at the least{verdict}).",
        ]
    )


def one_bar() -> list[str]:
    """A bar at a time, beside a step by hand for Numba."""
    market = core_workload.core_market(BARS)
    mine, by_hand = engine_step(market), numba_step(market)
    for ours, theirs in zip(zip(*mine(), strict=True), zip(*by_hand(), strict=True), strict=True):
        column = np.array(theirs)
        found = np.array(ours) == 1 if column.dtype == bool else np.array(ours, dtype=float)
        settled = core_workload.SETTLED
        assert np.isclose(found[settled:], column[settled:]).all()
    seconds = interleaved({"this engine": mine, "Numba, a step by hand": by_hand}, ROUNDS)
    bar = seconds["this engine"] / BARS * 1e6
    verdict = "" if bar <= BAR_MOST else "; not reached"
    lines = [
        "## One bar at a time",
        "",
        f"The flagship decides a bar in {bar:.2f} µs (wanted: {BAR_MOST} at the most{verdict}).",
        "",
        "| | µs a bar | this engine / it |",
        "|---|---|---|",
    ]
    for name, taken in seconds.items():
        most = {"Numba, a step by hand": STEP_MOST}.get(name)
        ratio = told(seconds["this engine"] / taken, most)
        lines.append(f"| {name} | {taken / BARS * 1e6:.2f} | {ratio} |")
    return show(lines)


def bar_windows() -> list[str]:
    """Functions of windows, a bar at a time."""
    market = core_workload.core_market(WINDOW_BARS)
    lines = [
        "## Windows, one bar at a time",
        "",
        "Stepped by the native machine where it was built, else by the kernel on one row.",
        "",
        "| | µs a bar | by its kernel | this / that |",
        "|---|---|---|---|",
    ]
    for call in bar_workload.CALLS:
        own, kernel = (bar_workload.deciding(call, market, native) for native in (True, False))
        assert np.array(own()).tobytes() == np.array(kernel()).tobytes(), call
        seconds = interleaved({"own": own, "kernel": kernel}, ROUNDS)
        ours, theirs = (seconds[name] / WINDOW_BARS * 1e6 for name in ("own", "kernel"))
        lines.append(f"| {call} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |")
    return show(lines)


def tables(rows: int, share: float, rounds: int) -> list[str]:
    """The two workloads over so many rows, with a share of cells missing."""
    core, rules = core_workload, rules_workload
    word = f"{rows:,} rows, " + (f"{share:.0%} of cells missing" if share else "nothing missing")
    lines = workload(
        f"The flagship on minute bars, {word}",
        core.core_market(rows, share),
        core.core_rules(),
        core.PEERS,
        core_decisions,
        core.SETTLED,
        CORE_MOST,
        COMPILED_MOST,
        rounds,
        not share,
    )
    return lines + workload(
        f"20 tables and 30 rules without windows, {word}",
        rules.rules_market(rows, share),
        rules.rules(),
        rules.PEERS,
        rules_decisions,
        0,
        RULES_MOST,
        {},
        rounds,
        not share,
    )


def main() -> None:
    """Measure, print, write."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    lines = [
        "# Performance",
        "",
        "Written by `make bench`. Medians of rounds in which the engine and its peers take turns, on one",
        f"thread where two are not named; Python {platform.python_version()}, NumPy {np.__version__},"
        f" {platform.machine()}.",
        "The peers are in `tests/benchmarks/`; each gave the same decisions before it was timed (with",
        "missing cells, the peers follow their libraries). What is wanted is of a machine to itself.",
        f"This engine is `{engine_of(AUTO, rows)}`, which is taken by itself; `NumPy alone` and `compiled` are",
        "its `blocks` and `compiled`, for where there was no C compiler and for those who have Numba.",
        "A long result keeps numbers of few values as codes and their values (`this engine`); `every column",
        "an array` makes float64 arrays of them all, as the peers give, within the time. On a virtual machine",
        "most of that is of fresh memory, and changes from one run to the next.",
        "",
    ]
    for share in (0.0, 0.01):
        lines += tables(rows, share, ROUNDS)
    lines += tables(rows * LONG, 0.0, LONG_ROUNDS)
    lines += two_threads(rows) + sessions() + stateless(rows) + one_bar()
    lines += (bar_windows() if native_is_there() else []) + windows() + memory()
    (ROOT / "docs" / "performance.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
