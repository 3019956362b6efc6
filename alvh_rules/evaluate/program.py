"""What a run of a plan does, made before any data and kept for the next run of the same plan.

Making steps from a plan takes longer than some thousand rows do, so a process keeps the last few. A
kept program's steps are never run: a run takes copies, with memories of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.core.kinds import Kind
from alvh_rules.evaluate.cells import DTYPES, Constant, Rooms, constant_cell, constant_of
from alvh_rules.evaluate.columns import codes_type
from alvh_rules.evaluate.engines import Engine, takes_of
from alvh_rules.evaluate.inputs import Array
from alvh_rules.evaluate.steps import Step, step_of
from alvh_rules.evaluate.strands import Piece, pieces
from alvh_rules.plan import graph as g
from alvh_rules.plan.schedule import schedule
from alvh_rules.plan.tabulate import coded, tabulated


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns that are asked for are kept.

    `told_by` has, for each node asked for, the first that has the same cell. Of those, `rooms` are
    kept in an array of the market's rows each, by its type; the others, with their types, are put
    together when all blocks are done.
    """

    told_by: Mapping[int, int]
    rooms: Sequence[tuple[np.dtype[Any], Sequence[int]]]
    others: Sequence[tuple[int, np.dtype[Any]]]


@dataclass(frozen=True, slots=True)
class Program:
    """Steps that have not been run, each with the cells that are let go after it.

    `given` are the plan's nodes, `nodes` those that are run, `place` where what was asked for is among
    them; `columns` is how many are held at once at the most, `constants` are cells from the start. `rooms`
    says where cells are made: a cell that has one need not be let go. Where what was asked for stands in
    `palettes`, its place has codes: numbers in its palette. `clocks` are those that steps have, but the
    rows.
    """

    given: Sequence[g.Node]
    nodes: Sequence[g.Node]
    place: Mapping[int, int]
    columns: int
    constants: Sequence[Constant]
    rooms: Rooms
    steps: Sequence[tuple[Step, tuple[int, ...]]]
    palettes: Mapping[int, Array]
    layout: Layout
    clocks: frozenset[str]


_CURVE = np.dtype(np.float64)
"""Of a curve's settlements and days."""
_KEPT = 16
"""Programs that a process keeps: making one takes longer than some thousand rows do."""
_programs: dict[tuple[int, tuple[int, ...], bool, Engine, bool, bool], Program] = {}


def program_of(
    nodes: Sequence[g.Node],
    asked: tuple[int, ...],
    fold: bool,
    engine: Engine,
    as_codes: bool = False,
    apart: bool = False,
) -> Program:
    """The program that gives the nodes asked for; the choices are those of a run."""
    key = (id(nodes), asked, fold, engine, as_codes, apart)
    kept = _programs.get(key)
    if kept is not None and kept.given is nodes:
        return kept
    made = _made(nodes, asked, fold, engine, as_codes, apart)
    if isinstance(nodes, tuple):
        # A list might be changed.
        while len(_programs) >= _KEPT:
            _programs.pop(next(iter(_programs)), None)
        _programs[key] = made
    return made


def _made(
    nodes: Sequence[g.Node],
    asked: tuple[int, ...],
    fold: bool,
    engine: Engine,
    as_codes: bool,
    apart: bool,
) -> Program:
    given, found = nodes, list(asked)
    if fold:
        nodes, found = tabulated(nodes, asked)
    palettes: dict[int, Array] = {}
    if as_codes:
        wanted = found
        found, values = coded(nodes, wanted)
        for number, folded in zip(asked, wanted, strict=True):
            if folded in values:
                storage = g.storage_of(nodes[folded].type)
                palettes[number] = np.array(values[folded], dtype=DTYPES[storage])
    constants: list[Constant] = []
    steps: list[tuple[Step, tuple[int, ...]]] = []
    for part in pieces(nodes, found, takes_of(engine), apart):
        number = part.numbers[0]
        step = _strand(engine, part, nodes) if part.is_strand else step_of(number, nodes)
        if step is None:
            constants.append(constant_cell(number, nodes))
        else:
            steps.append((step, tuple(n for n in part.frees if constant_of(nodes[n]) is None)))
    place = dict(zip(asked, found, strict=True))
    most = schedule(nodes, found).most_alive
    rooms = _rooms(nodes, steps)
    let_go = [(step, tuple(n for n in frees if n not in rooms.of)) for step, frees in steps]
    layout = _layout(given, place, palettes)
    clocks = frozenset(nodes[step.number].clock for step, _ in let_go) - {g.ROWS}
    return Program(given, nodes, place, most, constants, rooms, let_go, palettes, layout, clocks)


def _layout(
    given: Sequence[g.Node], place: Mapping[int, int], palettes: Mapping[int, Array]
) -> Layout:
    first: dict[int, int] = {}
    told_by = {number: first.setdefault(found, number) for number, found in place.items()}
    rooms: dict[np.dtype[Any], list[int]] = {}
    others = []
    for number in dict.fromkeys(told_by.values()):
        node, palette = given[number], palettes.get(number)
        if palette is None:
            dtype = DTYPES.get(g.storage_of(node.type), _CURVE)
        else:
            dtype = codes_type(len(palette))
        if node.clock == g.ROWS and node.type.kind is not Kind.CURVE:
            rooms.setdefault(dtype, []).append(number)
        else:
            others.append((number, dtype))
    return Layout(told_by, list(rooms.items()), others)


def _strand(engine: Engine, piece: Piece, nodes: Sequence[g.Node]) -> Step:
    """A strand of an engine; the module that makes it is imported with the first."""
    if engine is Engine.NATIVE:
        from alvh_rules.evaluate.native import NativeStrand

        return NativeStrand(piece, nodes)
    from alvh_rules.evaluate.compiled import CompiledStrand

    return CompiledStrand(piece, nodes)


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
