"""Write docs/live-performance.md: how long a live bar takes, and what its peers take for one row.

`python -m tests.benchmarks.live`, which `make bench` runs. The flagship decides minute bars in bulk,
bar by bar without a journal, and as a live run with its journal on this machine's disk. Then fifty
rules without memory are decided on one row by the plan's code, by zen-engine (one graph of an expression
node) and by cel-python (a program a rule), after all three are seen to agree on every row.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from alvh_rules.core.resources import ruleset_path
from alvh_rules.evaluate.blocks import blocks_of
from alvh_rules.evaluate.inputs import Market
from alvh_rules.evaluate.scalar_code import BarByBar, Moment
from alvh_rules.live.decide import Engine
from alvh_rules.live.messages import from_fields
from alvh_rules.live.open_journal import open_journal, writing
from alvh_rules.live.paper import PaperSettings
from alvh_rules.live.rows import prepared_for
from alvh_rules.live.settings import Settings
from alvh_rules.live.stamps import Stamp
from alvh_rules.live.start import started
from alvh_rules.market import sessions
from alvh_rules.market.read import Options, market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check
from tests.benchmarks import core_workload, rules_workload
from tests.benchmarks.measure import interleaved
from tests.benchmarks.performance import decided

ROOT = Path(__file__).resolve().parents[2]
BARS, EXPLAINED, DAYS, ROWS = 4_000, 1_000, 500, 400


def each(calls: Iterator[Callable[[], Any]]) -> list[float]:
    """The seconds of each call."""
    gc.collect()
    taken = []
    for call in calls:
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    # The first few touch memory for the first time.
    return taken[len(taken) // 20 :]


def told(name: str, taken: list[float]) -> str:
    """A line of a table: bars a second, the median and the 99th percentile in microseconds."""
    median, late = np.percentile(taken, [50, 99]) * 1e6
    return f"| {name} | {1 / np.mean(taken):,.0f} | {median:,.1f} | {late:,.1f} |"


# --- the flagship ---


def flagship() -> list[str]:
    """The table of the flagship's bars."""
    result = core_workload.core_rules()
    market = in_covered_years(result)
    prepared, _ = prepared_for(result.ruleset.schema, Options())
    times = market.timeline.times
    columns = [market.columns[item.key].tolist() for item in prepared.sought]
    bulk = interleaved({"bulk": lambda: decided(market, result)}, 7)["bulk"] / BARS

    engine = Engine(result.ruleset, result.plan, prepared, explains=False)
    stamps = [Stamp(time, time.astype("datetime64[D]")) for time in times]
    rows = list(zip(*columns, strict=True))
    alone = each(
        (lambda stamp=stamp, row=row: list(engine.take(stamp, list(row))))
        for stamp, row in zip(stamps, rows, strict=True)
    )
    lines = [
        "| | bars a second | median µs | 99th percentile µs |",
        "|---|---|---|---|",
        f"| in bulk, a row's share of {BARS:,} | {1 / bulk:,.0f} | {bulk * 1e6:,.2f} | |",
        told("bar to decision, without a journal", alone),
    ]
    names = [item.key for item in prepared.sought]
    messages = [
        json.dumps({"time": str(time), **dict(zip(names, row, strict=True))})
        for time, row in zip(times, rows, strict=True)
    ]
    for title, explains, synchronous, most in (
        ("message to journal, not explained", False, "OFF", BARS),
        ("message to journal, explained", True, "OFF", EXPLAINED),
        ("message to journal, explained, the disk waited for", True, "FULL", EXPLAINED),
    ):
        taken = journalled(result, messages[:most], Settings(), explains, synchronous)
        lines.append(told(title, taken))
    daily = [message.raw for message in map(from_fields, simulate(DAYS, 1).to_dict("records"))]
    rules = check(ruleset_path("alvh_core"))
    for title, settings in (
        ("a daily bar to journal, explained", Settings()),
        ("the same with a paper account", Settings(paper=PaperSettings())),
    ):
        lines.append(told(title, journalled(rules, daily, settings, True, "OFF")))
    return lines


def in_covered_years(result: Any) -> Market:
    """The workload's bars from 2001 on, where the built-in calendars speak."""
    market = core_workload.core_market(BARS)
    days = sessions.exchange_sessions()
    first = int(np.searchsorted(days, np.datetime64("2001-01-02")))
    at = np.arange(BARS)
    opens = days[first + at // core_workload.MINUTES].astype("datetime64[m]") + np.timedelta64(
        571, "m"
    )
    times = (opens + at % core_workload.MINUTES).astype("datetime64[ns]")
    frame = pandas.DataFrame({"time": times, **market.columns})
    found, _ = market_from_frame(frame, result.ruleset.schema)
    assert found is not None
    return found


def journalled(
    result: Any, messages: list[str], settings: Settings, explains: bool, synchronous: str
) -> list[float]:
    """The seconds of each message of a live run."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT))
        journal = open_journal(f"{folder}/journal.db", create=True, synchronous=synchronous)
        stack.callback(journal.close)
        stack.enter_context(writing(journal))
        live = started(
            result.ruleset,
            result.plan,
            next(iter(result.ruleset.sources)),
            journal,
            settings,
            explains=explains,
            virtual=True,
        )
        taken = each(
            (lambda text=text: live.take(from_fields(json.loads(text), text))) for text in messages
        )
        assert journal.count() == len(messages)
    return taken


# --- one row of fifty rules ---


def table_text(number: int, if_text: Callable[[str, str, str], str]) -> str:
    """A table as nested choices."""
    value = rules_workload.COLUMNS[number % 8]
    text = repr((number + 4) / 100)
    for step, edge in reversed(list(enumerate(rules_workload.edges(number)))):
        text = if_text(f"{value} < {float(edge)}", repr((number + step) / 100), text)
    return text


def peer_texts(both: str, either: str, if_text: Callable[[str, str, str], str]) -> dict[str, str]:
    """Every table and rule in a peer's words."""
    texts = {f"g{n}": table_text(n, if_text) for n in range(rules_workload.TABLES)}
    for number in range(rules_workload.RULES):
        one, two, three = (
            f"{name} {sign} {float(limit)}" for name, sign, limit in rules_workload.clauses(number)
        )
        texts[f"r{number}"] = f"{one} {both} ({two} {either} {three})"
    return texts


def zen_decides() -> Callable[[dict[str, float]], dict[str, Any]]:
    """One graph: an expression node of all rules."""
    import zen

    texts = peer_texts("and", "or", lambda holds, yes, no: f"({holds}) ? {yes} : ({no})")
    expressions = [{"id": name, "key": name, "value": text} for name, text in texts.items()]
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {
            "id": "rules",
            "type": "expressionNode",
            "name": "rules",
            "content": {"expressions": expressions},
        },
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [
        {"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"}
        for a, b in (("in", "rules"), ("rules", "out"))
    ]
    graph = json.dumps(
        {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
    )
    decision = zen.ZenEngine().create_decision(graph)
    return lambda row: decision.evaluate(row)["result"]


def cel_decides() -> Callable[[dict[str, float]], dict[str, Any]]:
    """A program a rule; a row's values become CEL's once."""
    import celpy

    environment = celpy.Environment()
    texts = peer_texts("&&", "||", lambda holds, yes, no: f"({holds}) ? {yes} : ({no})")
    programs = {
        name: environment.program(environment.compile(text)) for name, text in texts.items()
    }

    def decide(row: dict[str, float]) -> dict[str, Any]:
        activation = {name: celpy.celtypes.DoubleType(value) for name, value in row.items()}
        return {name: program.evaluate(activation) for name, program in programs.items()}

    return decide


def one_row() -> list[str]:
    """The table of fifty rules on one row."""
    result, market = rules_workload.rules(), rules_workload.rules_market(ROWS)
    names = list(result.ruleset.outputs)
    wanted = [result.plan.names[name] for name in names]
    code = BarByBar(result.plan.nodes, wanted)
    columns = [market.columns[name].tolist() for name in code.columns]
    rows = list(zip(*columns, strict=True))
    moments = [
        Moment(block, ordinal)
        for block, ordinal in zip(
            blocks_of(market, {}, 1), market.timeline.ordinals.tolist(), strict=True
        )
    ]
    whole = decided(market, result)
    given = [dict(zip(code.columns, row, strict=True)) for row in rows]
    peers = {"zen-engine": zen_decides(), "cel-python": cel_decides()}
    for name, decide in peers.items():
        for at, row in enumerate(given):
            for key, value in decide(row).items():
                ours = whole[key][at]
                same = (ours == 1) == bool(value) if key[0] == "r" else ours == float(value)
                assert same, (name, at, key, value, ours)
    bulk = interleaved({"bulk": lambda: decided(market, result)}, 7)["bulk"] / ROWS
    lines = [
        "| | rows a second | median µs | 99th percentile µs |",
        "|---|---|---|---|",
        f"| this engine in bulk, a row's share of {ROWS:,} | {1 / bulk:,.0f} | {bulk * 1e6:,.2f} | |",
        told(
            "this engine, one row",
            each(
                (lambda row=row, moment=moment: code.decide(row, moment))
                for row, moment in zip(rows, moments, strict=True)
            ),
        ),
    ]
    for name, decide in peers.items():
        lines.append(
            told(name, each((lambda row=row, decide=decide: decide(row)) for row in given))
        )
    return lines


def main() -> None:
    """Measure, print, write."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    crowded = [
        f"When it began {load:.1f} processes wanted the machine's {processors} processors: the figures are of"
        " that machine.",
        "",
    ]
    lines = [
        "# Performance of live runs",
        "",
        "Written by `make bench`. One thread and one process; Python"
        f" {platform.python_version()}, SQLite as Python brings it, {platform.machine()}.",
        "",
        *(crowded if load > processors else []),
        f"## The flagship on {BARS:,} minute bars, one at a time",
        "",
        "From having a bar's message to its decision standing in the journal. Where nothing is said of the"
        " disk it is",
        "not waited for, so that this program is measured and not the machine's disk; `alvh live` waits.",
        "",
        *flagship(),
        "",
        "## Fifty rules without memory, one row",
        "",
        "Twenty tables and thirty conditions over eight columns. Each peer gave the same decisions on every"
        " row before",
        "it was timed.",
        "",
        *one_row(),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "docs" / "live-performance.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
