"""The vectorised evaluator: a plan and a market, to a column for every wanted name.

1. The schedule is made from the wanted nodes alone; each of its nodes becomes a step (`steps.py`),
   or part of a strand (`strands.py`), by the engine that is taken (`engines.py`).
2. The market goes through in blocks of consecutive rows. Every step fills its cell; a cell is let go
   once its last reader has run. What must be remembered from block to block stays with its step.
3. The wanted cells of each block are copied to the columns of the result.

A market may come in parts, each with its own rows alone; the run goes on from part to part.

Any size of block gives the same bits, one row at a time and all at once included: no step depends on
where its block begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from alvh_rules.builtins.kernels.recurrence import load_filter
from alvh_rules.check import checked as c
from alvh_rules.evaluate.blocks import Block, blocks_of
from alvh_rules.evaluate.columns import Coded, Kept, Named
from alvh_rules.evaluate.engines import AUTO, Engine, engine_of
from alvh_rules.evaluate.inputs import Array, Market
from alvh_rules.evaluate.lanes import Lane, feed_all, threads_of
from alvh_rules.evaluate.program import program_of
from alvh_rules.evaluate.steps import Step
from alvh_rules.evaluate.strands import Strand
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering

MOST_BLOCK, LEAST_BLOCK = 131_072, 16_384
"""Rows of a block: enough that calling the steps costs little beside their work."""
_CELLS = 128 << 20
"""Bytes that the cells of a run may take where blocks can be made shorter: the processor's own memory
is not much less."""
_ROOM = 32 << 20
"""Bytes up to which columns of a result share a room."""
FOLD_FROM = 5_000
"""Rows from which tables of finite states repay the making."""
CODES_FROM = 200_000
"""Rows from which columns of few values are kept as codes: fresh memory then costs more than what
makes the columns of them."""
FILTER_FROM = 100_000
"""Rows from which SciPy's filter repays its import."""


@dataclass(frozen=True)
class Evaluation:
    """What a run gave.

    `columns` are by name, a row each: float64, int8 of `core.kleene`, or int32 codes. They are the
    names that were asked for, and those that share a node with one. `kept` are all columns held, by
    node. Either makes a column of few values when it is asked for; `held` gives it as it is kept.
    """

    ruleset: c.CheckedRuleset
    plan: g.Plan
    market: Market
    columns: Mapping[str, Array]
    kept: Mapping[int, Any] = field(repr=False)
    lowering: Lowering | None = field(default=None, repr=False)
    """What finds an expression's node, where the caller has it; else it is made when it is asked for."""

    @cached_property
    def _found(self) -> Lowering:
        return self.lowering or Lowering.over(self.ruleset, self.plan)

    def value(self, expression: c.Expression) -> Array:
        """The column of an expression of the ruleset, on the rows.

        Raises KeyError for one that the run did not keep: ask `evaluate` for everything.
        """
        return np.asarray(self.kept[self._found.look_up(expression)])

    def held(self, name: str) -> Array | Coded:
        """A name's column as it is kept: an array, or codes and their values."""
        return self.columns.held(name) if isinstance(self.columns, Named) else self.columns[name]

    def picked(self, table: c.Table, axis: int) -> Array:
        """The row (axis 0) or column (axis 1) that each row of the run picks; -1 where none."""
        number = self._found.axis(table.axes[axis], g.ROWS, table.span)
        return np.asarray(self.kept[number])

    def cell(self, table: c.Table) -> Array:
        """The number of the cell that each row of the run picks; -1 where none."""
        return np.asarray(self.kept[self._found.cell(table, g.ROWS)])


class Run:
    """The steps of a plan, and what they remember between blocks.

    `fold` makes tables of what depends on few states first, which repays itself in long runs.
    What a run of one engine saved, the others refuse. `as_codes` has the cells of what
    takes few values hold codes, by `palettes`, and the rest as ever. `apart` parts strands for several threads
    (`strands.pieces`).
    """

    def __init__(
        self,
        nodes: Sequence[g.Node],
        wanted: Iterable[int],
        fold: bool = False,
        engine: Engine = Engine.BLOCKS,
        as_codes: bool = False,
        apart: bool = False,
    ) -> None:
        asked = tuple(dict.fromkeys(wanted))
        program = program_of(nodes, asked, fold, engine, as_codes, apart)
        self.nodes = program.nodes
        self.columns = program.columns
        """Columns that are held at once, at the most."""
        self.palettes = program.palettes
        """The values, by code, of wanted nodes whose cells hold codes."""
        self.layout = program.layout
        self._place = program.place
        self.seconds: list[float] | None = None
        """Seconds spent in each node's step, where `measure` asked for them."""
        self._steps = [(step.fresh(), frees) for step, frees in program.steps]
        self._program = program
        self._lanes = [self._lane()]

    def feed(self, block: Block, targets: Mapping[int, Array] | None = None) -> None:
        """Run the next block; `cell` then gives what was wanted, until the next is fed.

        `targets` are arrays that the cells of wanted nodes may be made in; `cell` tells whether one was.
        """
        placed = self._placed(targets) if targets else {}
        if self.seconds is None:
            self._lanes[0].feed(block, placed)
        else:
            self._lanes[0].feed_timed(block, placed, self.seconds)

    def feed_all(
        self,
        blocks: Sequence[Block],
        targets: Sequence[Mapping[int, Array]],
        take: Callable[[Callable[[int], Any], int], None],
        told: Callable[[int], None],
        threads: int,
    ) -> None:
        """Run the next blocks, on several threads (`lanes.py`), with the bits of one.

        `targets` has for each block what `feed` takes. `take` is called with each block when it is
        done, in any order and on any thread: with its `cell`, which holds until `take` is done, and
        its number. `told` is called with the rows that are done.
        """
        while len(self._lanes) < threads:
            self._lanes.append(self._lane())

        def taken(lane: Lane, number: int) -> None:
            take(lambda wanted: lane.cell(self._place[wanted]), number)

        placed = [self._placed(room) for room in targets]
        feed_all(self._lanes[:threads], blocks, placed, taken, told)

    def _lane(self) -> Lane:
        program = self._program
        return Lane(program, self._steps)

    def _placed(self, targets: Mapping[int, Array]) -> Mapping[int, Array]:
        return {self._place[number]: room for number, room in targets.items()}

    def measure(self) -> None:
        """Take each step's time from now on."""
        self.seconds = [0.0] * len(self.nodes)

    def cell(self, number: int) -> Any:
        """The column of a wanted node in the block that was fed last."""
        return self._lanes[0].cell(self._place[number])

    def save(self) -> dict[str, Any]:
        """What the steps remember, by node, as numbers, lists and dictionaries."""
        saved = {_key(step): step.save() for step, _ in self._steps}
        return {key: remembered for key, remembered in saved.items() if remembered is not None}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave, of a run of the same plan, wanted nodes and engine.

        Raises KeyError where what was saved is of another plan or another engine.
        """
        own = {_key(step) for step, _ in self._steps}
        if strange := set(saved) - own:
            theirs, ours = (", ".join(sorted(keys)) for keys in (strange, own - set(saved)))
            raise KeyError(f"saved by another kind of run: it has {theirs}; this one has {ours}")
        for step, _ in self._steps:
            if isinstance(step, Strand) or _key(step) in saved:
                step.load(saved[_key(step)])


def _key(step: Step) -> str:
    return f"strand {step.number}" if isinstance(step, Strand) else str(step.number)


def evaluate(
    ruleset: c.CheckedRuleset,
    plan: g.Plan,
    market: Market,
    *,
    given: Mapping[str, Array] | None = None,
    names: Iterable[str] | None = None,
    on_step: Callable[[int, int], None] = lambda done, of: None,
    block: int | None = None,
    profile: Callable[[Run], None] | None = None,
    engine: str = AUTO,
    threads: int | None = None,
) -> Evaluation:
    """Run a plan over a market.

    `given` are the columns of the plan's given names. `names` are those whose columns are wanted;
    None keeps every node, which an explanation needs. `on_step` is told the rows done, of how many.
    `block` is the rows of a block, where it is not left to the engine; it changes nothing in what is
    found. `profile` is handed the run
    at its end, with the seconds that its nodes took. `engine` is one of `engines.ENGINES`. `threads`
    is how many threads to run on; None takes what `lanes.threads_of` finds best. A profile is of one
    thread, and of no compiled loop. The bits are the same.

    Raises ValueError for an engine that there is not or that is not installed, and for less than one
    thread.
    """
    rows = len(market.timeline)
    asked = None if names is None else list(names)
    taken = engine_of(engine, rows if asked is not None and profile is None else 0, plan.nodes)
    lanes = 1 if profile is not None else threads_of(threads, rows)
    run = _begun(plan, rows, asked, taken, lanes)
    if profile is not None:
        run.measure()
    told = partial(_told, on_step, 0, rows)
    size = block or block_of(lanes, run.columns)
    kept = _columns(run, market, given or {}, size, told, lanes)
    if profile is not None:
        profile(run)
    return _evaluation(ruleset, plan, market, kept)


def evaluate_parts(
    ruleset: c.CheckedRuleset,
    plan: g.Plan,
    parts: Iterable[Market],
    rows: int,
    *,
    names: Iterable[str],
    on_step: Callable[[int, int], None] = lambda done, of: None,
    profile: Callable[[Run], None] | None = None,
    engine: str = AUTO,
    threads: int | None = None,
) -> Iterator[Evaluation]:
    """Run a plan over a market that comes in parts of consecutive rows, `rows` in all.

    An evaluation for each part: together they hold the bits of one over the whole market. The other
    arguments are those of `evaluate`.
    """
    wanted = list(names)
    taken = engine_of(engine, rows if profile is None else 0, plan.nodes)
    lanes = 1 if profile is not None else threads_of(threads, rows)
    run = _begun(plan, rows, wanted, taken, lanes)
    if profile is not None:
        run.measure()
    before = 0
    for market in parts:
        told = partial(_told, on_step, before, rows)
        # A part of a file may be no longer than a block: each thread has its share of it.
        share = max(LEAST_BLOCK, -(-len(market.timeline) // lanes))
        block = min(block_of(lanes, run.columns), share)
        kept = _columns(run, market, {}, block, told, lanes)
        before += len(market.timeline)
        yield _evaluation(ruleset, plan, market, kept)
    if profile is not None:
        profile(run)


def _told(on_step: Callable[[int, int], None], before: int, rows: int, done: int) -> None:
    on_step(before + done, rows)


def block_of(threads: int, columns: int) -> int:
    """Rows of a block of a run on so many threads that holds so many columns at once."""
    rows = _CELLS // (8 * max(columns, 1) * threads)
    return min(MOST_BLOCK, max(LEAST_BLOCK, 1 << rows.bit_length() - 1))


def _begun(plan: g.Plan, rows: int, names: Sequence[str] | None, engine: Engine, lanes: int) -> Run:
    """A run that fits so many rows."""
    # The native machine has averages of its own.
    if rows >= FILTER_FROM and engine is not Engine.NATIVE:
        load_filter()
    fold = names is not None and rows >= FOLD_FROM
    as_codes = names is not None and rows >= CODES_FROM
    return Run(plan.nodes, _wanted(plan, names), fold, engine, as_codes, apart=lanes > 1)


def _wanted(plan: g.Plan, names: Sequence[str] | None) -> Sequence[int]:
    return range(len(plan.nodes)) if names is None else [plan.names[name] for name in names]


def _columns(
    run: Run,
    market: Market,
    given: Mapping[str, Array],
    block: int,
    on_step: Callable[[int], None],
    threads: int,
) -> dict[int, Any]:
    """The wanted columns of the rows of a market, which go on from those that the run has seen."""
    rows = len(market.timeline)
    layout = run.layout
    pieces = list(blocks_of(market, given, block))
    kept: dict[int, Any] = {}
    parts: dict[int, list[Any]] = {number: [None] * len(pieces) for number, _ in layout.others}
    for dtype, numbers in layout.rooms:
        # Every row is written by the block that it is in. Short columns share a room: the system
        # gives out large memory in large pages, which takes a fraction of the time.
        shared = max(1, _ROOM // max(rows * dtype.itemsize, 1))
        for some in _batched(numbers, shared):
            kept |= zip(some, np.empty((len(some), rows), dtype=dtype), strict=True)

    targets = [
        {number: column[piece.start : piece.end] for number, column in kept.items()}
        for piece in pieces
    ]

    def take(cell: Callable[[int], Any], number: int) -> None:
        for wanted, target in targets[number].items():
            found = cell(wanted)
            if found is not target:
                target[...] = found
        for wanted, own in parts.items():
            own[number] = _own(cell(wanted))

    if threads > 1 and len(pieces) > 1:
        run.feed_all(pieces, targets, take, on_step, threads)
    else:
        with np.errstate(all="ignore"):
            for number, piece in enumerate(pieces):
                run.feed(piece, targets[number])
                take(run.cell, number)
                on_step(piece.end)
    for number, dtype in layout.others:
        kept[number] = _joined(parts[number], dtype)
    columns = {number: kept[first] for number, first in layout.told_by.items()}
    for number, palette in run.palettes.items():
        columns[number] = Coded(columns[number], palette)
    return columns


def _batched(items: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """The items in order, at the most so many at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))


def _evaluation(
    ruleset: c.CheckedRuleset,
    plan: g.Plan,
    market: Market,
    kept: Mapping[int, Any],
) -> Evaluation:
    columns = Kept(kept)
    return Evaluation(ruleset, plan, market, Named(plan.names, columns), columns)


def _own(cell: Any) -> Any:
    """A copy: the run goes on to use a cell's room for other cells."""
    return cell if isinstance(cell, tuple) else cell.copy()


def _joined(parts: list[Any], dtype: np.dtype[Any]) -> Any:
    if not parts:
        return np.empty(0, dtype=dtype)
    if isinstance(parts[0], tuple):
        return tuple(
            tuple(np.concatenate(months) for months in zip(*side, strict=True))
            for side in zip(*parts, strict=True)
        )
    return np.concatenate(parts).astype(dtype, copy=False)
