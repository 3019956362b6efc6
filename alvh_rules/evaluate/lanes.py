"""Blocks of one run on several threads, with the bits of one.

1. A lane is a set of cells and the run's steps over it. The lanes take the blocks in order, each the
   next one when it is done with its last, and run every block's steps in the plan's order.
2. The steps are the same in all lanes. One that remembers takes the blocks in their order, and a lane
   whose block is not next waits until it is.

So a block's recurrences run beside the block before's later steps, and every step sees what it would
see on one thread. Nothing waits for ever: the block waited for is before one's own, and so in
another lane or done. NumPy, SciPy's filter and compiled strands let go of the interpreter while they
work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Condition, Thread
from typing import Any

import numpy as np

from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import Cells, spread
from alvh_rules.evaluate.inputs import Array
from alvh_rules.evaluate.program import Program
from alvh_rules.evaluate.steps import Step
from alvh_rules.plan import graph as g

Sequel = Sequence[tuple[Step, tuple[int, ...]]]
"""The steps of a run in order, each with the cells that are let go after it."""


THREADS_FROM = 500_000
"""Rows from which threads are worth beginning."""
MOST_THREADS = 4
"""Threads that are taken unasked."""


def threads_of(asked: int | None, rows: int) -> int:
    """How many threads a run of so many rows has; None lets the rows and the processors decide.

    Raises ValueError for less than one.
    """
    if asked is not None:
        if asked < 1:
            raise ValueError(f"a run has one thread or more, not {asked}")
        return asked
    return min(MOST_THREADS, processors()) if rows >= THREADS_FROM else 1


def processors() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Lane:
    """Cells, and the steps of a run of a program that fill them, block after block."""

    def __init__(self, program: Program, steps: Sequel) -> None:
        self.nodes = program.nodes
        self.cells = Cells(program.nodes, program.constants, program.rooms)
        self.steps = [(step.number, step.compute, frees) for step, frees in steps]
        self._own = steps
        self._clocks = program.clocks

    def feed(self, block: Block, targets: Mapping[int, Array]) -> None:
        """Run a block through the steps; `targets` are arrays that nodes' cells may be made in."""
        cells = self._begun(block, targets)
        values, whole = cells.values, cells.whole
        for number, compute, frees in self.steps:
            values[number], whole[number] = compute(cells, block)
            for freed in frees:
                values[freed] = None

    def feed_timed(self, block: Block, targets: Mapping[int, Array], seconds: list[float]) -> None:
        """As `feed`; each step's time is added to `seconds`, by node."""
        cells = self._begun(block, targets)
        for step, frees in self._own:
            number = step.number
            cells.values[number], cells.whole[number] = step.timed(cells, block, seconds)
            for freed in frees:
                cells.values[freed] = None

    def feed_in_turn(
        self, block: Block, targets: Mapping[int, Array], turns: Turns, turn: int
    ) -> None:
        """As `feed`; what remembers waits for its `turn`, the number of the block."""
        cells = self._begun(block, targets)
        for place, (number, compute, frees) in enumerate(self.steps):
            waits = self._own[place][0].remembers
            if waits:
                turns.wait(place, turn)
            cells.values[number], cells.whole[number] = compute(cells, block)
            if waits:
                turns.done(place, turn)
            for freed in frees:
                cells.values[freed] = None

    def _begun(self, block: Block, targets: Mapping[int, Array]) -> Cells:
        cells = self.cells
        cells.begin(len(block), targets)
        for clock in self._clocks:
            cells.rows[clock] = block.rows_of(clock)
        return cells

    def cell(self, number: int) -> Any:
        """The column of a wanted node in the block that was fed last."""
        value = self.cells.values[number]
        if isinstance(value, np.ndarray) and not value.ndim:
            node = self.nodes[number]
            return spread(value, g.storage_of(node.type), self.cells.rows[node.clock])
        return value


class StoppedError(Exception):
    """Another lane has failed; this one ends."""


class Turns:
    """Which block each step that remembers takes next."""

    def __init__(self, steps: int) -> None:
        self._next = [0] * steps
        self._changed = Condition()
        self.stopped = False

    def wait(self, place: int, turn: int) -> None:
        """Return when it is the block's turn at a step; raise `StoppedError` if it will never be."""
        if self._next[place] == turn and not self.stopped:
            return
        with self._changed:
            while self._next[place] != turn and not self.stopped:
                self._changed.wait()
        if self.stopped:
            raise StoppedError

    def done(self, place: int, turn: int) -> None:
        """The block has passed the step: it is the next one's turn."""
        with self._changed:
            self._next[place] = turn + 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Have every lane that waits, now or later, end."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


def feed_all(
    lanes: Sequence[Lane],
    blocks: Sequence[Block],
    targets: Sequence[Mapping[int, Array]],
    take: Callable[[Lane, int], None],
    told: Callable[[int], None],
) -> None:
    """Run the blocks through the lanes, each on a thread; the first lane is on the caller's.

    `targets` has for each block what `Lane.feed` takes.
    `take` has a block's cells, while they stand, by the lane and the block's number. `told` is
    called on the caller's thread with the rows that are done. What a lane raises, an interrupt
    included, ends the others after their present block or step and is raised here.
    """
    turns = Turns(len(lanes[0].steps))
    numbered = iter(enumerate(blocks))
    lock = Condition()
    failures: list[BaseException] = []
    rows = 0

    def work(lane: Lane, first: bool) -> None:
        nonlocal rows
        try:
            with np.errstate(all="ignore"):
                while not turns.stopped:
                    with lock:
                        found = next(numbered, None)
                    if found is None:
                        return
                    number, block = found
                    lane.feed_in_turn(block, targets[number], turns, number)
                    take(lane, number)
                    with lock:
                        rows += len(block)
                    if first:
                        told(rows)
        except StoppedError:
            return
        except BaseException as failure:
            failures.append(failure)
            turns.stop()

    threads = [Thread(target=work, args=(lane, False), daemon=True) for lane in lanes[1:]]
    for thread in threads:
        thread.start()
    work(lanes[0], True)
    _joined(threads, turns, failures)
    if failures:
        raise failures[0]
    told(rows)


def _joined(threads: Sequence[Thread], turns: Turns, failures: list[BaseException]) -> None:
    """Wait for the threads; an interrupt meanwhile stops them, and is a failure."""
    for thread in threads:
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt as interrupt:
                failures.append(interrupt)
                turns.stop()
