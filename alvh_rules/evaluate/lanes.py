"""Blocks of one run on several threads, with the bits of one.

1. A lane is a set of cells and the run's steps over it. The lanes take the blocks in order, each the
   next one when it is done with its last, and run every block's steps in the plan's order.
2. A step that remembers nothing has a copy in each lane. One that remembers is the same in all: it
   takes the blocks in their order, and a lane whose block is not next waits until it is.

So a block's recurrences run beside the block before's later steps, and every step sees what it would
see on one thread. Nothing waits for ever: the block waited for is before one's own, and so in
another lane or done. NumPy, SciPy's filter and compiled strands let go of the interpreter while they
work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from threading import Condition, Thread
from time import perf_counter
from typing import Any

import numpy as np

from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import Cells, spread
from alvh_rules.evaluate.inputs import Array
from alvh_rules.evaluate.steps import Step
from alvh_rules.plan import graph as g

Sequel = Sequence[tuple[Step, tuple[int, ...]]]
"""The steps of a run in order, each with the cells that are let go after it."""


THREADS_FROM = 200_000
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
    """Cells, and the steps of a run that fill them, block after block.

    `constants` are the numbers of the nodes whose cells stand from the start. A lane `beside` another
    has copies of the steps that remember nothing.
    """

    def __init__(
        self,
        nodes: Sequence[g.Node],
        constants: Sequence[int],
        steps: Sequel,
        beside: bool = False,
    ) -> None:
        self.nodes = nodes
        self.cells = Cells(len(nodes))
        for number in constants:
            self.cells.put_constant(number, nodes[number])
        self.steps = [
            (step.fresh() if beside and not step.remembers else step, frees, place)
            for place, (step, frees) in enumerate(steps)
        ]
        self._clocks = {nodes[step.number].clock for step, _ in steps} - {g.ROWS}

    def feed(
        self,
        block: Block,
        targets: Mapping[int, Array],
        seconds: list[float] | None = None,
        turns: Turns | None = None,
        turn: int = 0,
    ) -> None:
        """Run a block through the steps.

        `targets` are arrays that nodes' cells may be made in. Each step's time is added to `seconds`,
        by node. With `turns`, what remembers waits for its `turn`, the number of the block.
        """
        cells = self.cells
        cells.targets = targets
        cells.begin(len(block))
        for clock in self._clocks:
            cells.rows[clock] = len(block.periods(clock).sample)
        for step, frees, place in self.steps:
            waits = turns is not None and step.remembers
            if turns is not None and waits:
                turns.wait(place, turn)
            step.cells = cells
            if seconds is None:
                step.run(block)
            else:
                begun = perf_counter()
                step.run(block)
                seconds[step.number] += perf_counter() - begun
            if turns is not None and waits:
                turns.done(place, turn)
            for number in frees:
                cells.let_go(number)

    def cell(self, number: int) -> Any:
        """The column of a wanted node in the block that was fed last."""
        value = self.cells.values[number]
        if isinstance(value, float | int):
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
                    lane.feed(block, targets[number], turns=turns, turn=number)
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
