"""What a run of a plan does, made before any data and kept for the next run of the same plan.

Making steps from a plan takes longer than some thousand rows do, so a process keeps the last few. A
kept program's steps are never run: a run takes copies, with memories of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.cells import Constant, Rooms, constant_cell, constant_of
from alvh_rules.evaluate.compiled import Strand, pieces
from alvh_rules.evaluate.steps import Step, step_of
from alvh_rules.plan import graph as g
from alvh_rules.plan.schedule import schedule
from alvh_rules.plan.tabulate import tabulated


@dataclass(frozen=True, slots=True)
class Program:
    """Steps that have not been run, each with the cells that are let go after it.

    `given` are the plan's nodes, `nodes` those that are run, `place` where what was asked for is among
    them; `columns` is how many are held at once at the most, `constants` are cells from the start. `rooms`
    says where cells are made: a cell that has one need not be let go.
    """

    given: Sequence[g.Node]
    nodes: Sequence[g.Node]
    place: Mapping[int, int]
    columns: int
    constants: Sequence[Constant]
    rooms: Rooms
    steps: Sequence[tuple[Step, tuple[int, ...]]]


_KEPT = 16
"""Programs that a process keeps: making one takes longer than some thousand rows do."""
_programs: dict[tuple[int, tuple[int, ...], bool], Program] = {}


def program_of(
    nodes: Sequence[g.Node], asked: tuple[int, ...], fold: bool, compiled: bool
) -> Program:
    """The program that gives the nodes asked for; `fold` and `compiled` are those of a run."""
    key = (id(nodes), asked, fold)
    kept = None if compiled else _programs.get(key)
    if kept is not None and kept.given is nodes:
        return kept
    made = _made(nodes, asked, fold, compiled)
    if not compiled and isinstance(nodes, tuple):
        # A list might be changed. A strand's memory is its own, and compiled code is kept elsewhere.
        while len(_programs) >= _KEPT:
            _programs.pop(next(iter(_programs)), None)
        _programs[key] = made
    return made


def _made(nodes: Sequence[g.Node], asked: tuple[int, ...], fold: bool, compiled: bool) -> Program:
    given, found = nodes, list(asked)
    if fold:
        nodes, found = tabulated(nodes, asked)
    constants: list[Constant] = []
    steps: list[tuple[Step, tuple[int, ...]]] = []
    for part in pieces(nodes, found, compiled):
        number = part.numbers[0]
        step = Strand(part, nodes) if part.compiled else step_of(number, nodes)
        if step is None:
            constants.append(constant_cell(number, nodes))
        else:
            steps.append((step, tuple(n for n in part.frees if constant_of(nodes[n]) is None)))
    place = dict(zip(asked, found, strict=True))
    most = schedule(nodes, found).most_alive
    rooms = _rooms(nodes, steps)
    let_go = [(step, tuple(n for n in frees if n not in rooms.of)) for step, frees in steps]
    return Program(given, nodes, place, most, constants, rooms, let_go)


def _rooms(nodes: Sequence[g.Node], steps: Sequence[tuple[Step, tuple[int, ...]]]) -> Rooms:
    """A room for each cell on the rows that a step asks one for: one that is free, or another."""
    types: list[np.dtype[Any]] = []
    of: dict[int, int] = {}
    free: dict[np.dtype[Any], list[int]] = {}
    for step, frees in steps:
        for number, dtype in step.rooms.items():
            if nodes[number].clock != g.ROWS:
                continue
            if not free.get(dtype):
                free.setdefault(dtype, []).append(len(types))
                types.append(dtype)
            # The one that was let go last is nearest to the processor.
            of[number] = free[dtype].pop()
        for number in frees:
            if number in of:
                free[types[of[number]]].append(of[number])
    return Rooms(of, types)
