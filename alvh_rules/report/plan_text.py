"""A plan as text: its nodes, what the passes made of it, and what a run of it would hold and move.

One line a node that a run computes: its number, what it does, what it reads, on which clock, how far
back it looks, the bytes that it moves and its estimated time for a row (`plan_cost.py`), and the line of
the ruleset that first asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.evaluate.engine import CODES_FROM, FOLD_FROM, block_of
from alvh_rules.evaluate.engines import Engine, takes_of
from alvh_rules.evaluate.strands import strands_of
from alvh_rules.plan import graph as g
from alvh_rules.plan.look_back import look_backs
from alvh_rules.plan.schedule import schedule
from alvh_rules.plan.tabulate import coded, tabulated
from alvh_rules.report.plan_cost import bytes_of, nanoseconds_of


def plan_lines(
    ruleset: CheckedRuleset,
    plan: g.Plan,
    names: Sequence[str],
    rows: int,
    engine: Engine = Engine.BLOCKS,
    threads: int = 1,
) -> list[str]:
    """The plan of a run that gives these names over so many rows on so many threads.

    Where an engine has strands it says which nodes are in which.
    """
    asked = list(dict.fromkeys(plan.names[name] for name in names))
    made = len(plan.nodes)
    needed = len(schedule(plan.nodes, asked).steps)
    folds = rows >= FOLD_FROM
    nodes, wanted = _run_nodes(plan, asked, rows)
    wanted, values = coded(nodes, wanted) if rows >= CODES_FROM else (wanted, {})
    steps = schedule(nodes, wanted)
    numbers = [step.number for step in steps.steps]
    moved = sum(bytes_of(nodes, number) for number in numbers)
    strands = strands_of(nodes, wanted, takes_of(engine), threads > 1)
    native = {n for strand in strands for n in strand} if engine is Engine.NATIVE else set()
    nanoseconds = {number: nanoseconds_of(nodes, number, number in native) for number in numbers}
    estimate = sum(nanoseconds.values())
    called: dict[int, list[str]] = {}
    for name in dict.fromkeys(names):
        place = dict(zip(asked, wanted, strict=True))[plan.names[name]]
        called.setdefault(place, []).append(name)
    backs = look_backs(nodes, ruleset.schema.bars)
    lines = [
        f"{ruleset.name} {ruleset.version}: {len(dict.fromkeys(names))} values of {rows:,} rows",
        f"  nodes: {made} in the plan, {needed} needed"
        + (f", {len(steps.steps)} with finite states in tables" if folds else ""),
        f"  columns held at once: {steps.most_alive} at the most",
        f"  block: {min(block_of(threads, steps.most_alive), max(rows, 1)):,} rows;"
        f" bytes read and written a row: {moved:,}; estimated: {estimate:.3g} ns a row",
    ]
    if values:
        lines.append(f"  kept as codes: {len(values)} columns of few values")
    if threads > 1:
        lines.append(f"  threads: {threads}, which take the blocks in turn")
    for place, strand in enumerate(strands, 1):
        told = " ".join(f"%{number}" for number in strand)
        lines.append(f"  strand {place}, {engine}, of {len(strand)}: {told}")
    for step in steps.steps:
        number = step.number
        back = backs[number].describe(ruleset.schema.bars)
        lines.append(_line(ruleset, nodes, number, back, nanoseconds[number]))
        if number in called:
            lines[-1] += f"  = {', '.join(called[number])}"
    return lines


def bytes_moved(plan: g.Plan, names: Sequence[str], rows: int) -> int:
    """The bytes that a run which gives these names reads and writes for each of so many rows."""
    nodes, wanted = _run_nodes(plan, [plan.names[name] for name in dict.fromkeys(names)], rows)
    if rows >= CODES_FROM:
        wanted, _ = coded(nodes, wanted)
    return sum(bytes_of(nodes, step.number) for step in schedule(nodes, wanted).steps)


def _run_nodes(
    plan: g.Plan, wanted: Sequence[int], rows: int
) -> tuple[Sequence[g.Node], Sequence[int]]:
    """The nodes that a run of so many rows computes, and the wanted ones among them."""
    wanted = list(dict.fromkeys(wanted))
    return tabulated(plan.nodes, wanted) if rows >= FOLD_FROM else (plan.nodes, wanted)


def _line(
    ruleset: CheckedRuleset, nodes: Sequence[g.Node], number: int, back: str, nanoseconds: float
) -> str:
    node = nodes[number]
    source = ruleset.sources.get(node.span.file)
    place = f"line {source.position(node.span.start).line}" if source is not None else ""
    reads = " ".join(f"%{part}" for part in node.inputs)
    clock = f" on each {node.clock}" if node.clock else ""
    text = f"  %{number:<4} {describe(node.operation)} {reads}".rstrip() + clock
    cost = f"{bytes_of(nodes, number)} B, {nanoseconds:.2g} ns"
    return f"{text:<64} {back:<24} {cost:<16} {place}".rstrip()


def describe(operation: g.Operation) -> str:
    """An operation in a few words."""
    match operation:
        case g.Constant(value):
            return f"constant {value:g}"
        case g.Column(name) | g.Given(name) | g.Book(name) | g.Position(name):
            return f"{type(operation).__name__.lower()} {name}"
        case g.Event(calendar, begin, end):
            return f"event {calendar} {begin:+d} to {end:+d}"
        case g.Arithmetic(sign) | g.Compare(sign) | g.Logical(sign):
            return sign
        case g.Call(function, fixed):
            told = [
                f"{value:g}" if isinstance(value, float | int) else str(value)
                for value in fixed
                if value is not None
            ]
            return f"{function}({', '.join(told)})" if told else function
        case g.Lasting(count):
            return f"for {count}"
        case g.Band(edges):
            return f"band of {len(edges) + 1}"
        case g.Select(options):
            return f"one of {options}"
        case g.Lookup(values):
            return f"table of {len(values)}"
        case _:
            return type(operation).__name__.lower()


def profile_lines(
    ruleset: CheckedRuleset,
    nodes: Sequence[g.Node],
    seconds: Sequence[float],
    rows: int,
    most: int = 20,
) -> list[str]:
    """The lines of the ruleset that a run spent its time on, dearest first."""
    spent: dict[tuple[str, int], float] = {}
    for node, taken in zip(nodes, seconds, strict=True):
        source = ruleset.sources.get(node.span.file)
        line = source.position(node.span.start).line if source is not None else 0
        spent[node.span.file, line] = spent.get((node.span.file, line), 0.0) + taken
    whole = sum(seconds) or 1.0
    lines = [f"{whole:.3f} s in {rows:,} rows, {whole / max(rows, 1) * 1e9:.0f} ns a row"]
    ranked = sorted(spent.items(), key=lambda item: -item[1])
    for (file, line), taken in ranked[:most]:
        text = ruleset.sources[file].line_text(line).strip() if file in ruleset.sources else ""
        lines.append(
            f"  {taken / whole:4.0%} {taken / max(rows, 1) * 1e9:7.1f} ns  line {line}: {text}"
        )
    return lines
