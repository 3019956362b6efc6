"""Programs of the native machine in the making: registers, constants, tables, what is remembered.

The machine (`native/strands.c`) has a fixed set of operations on columns. A register is a column of
some hundred rows:

1. What comes from outside a strand is an input, what is wanted outside it an output: both are the
   rows of the block themselves.
2. Any other node has a slot of the machine's own memory, which the next node takes once the last
   reader has run.
3. A constant is taken as it is, or stands in a slot on every row where an operation wants rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from alvh_rules.evaluate.cells import DTYPES
from alvh_rules.evaluate.columns import codes_type
from alvh_rules.evaluate.inputs import Array
from alvh_rules.native import OPERATIONS, Machine
from alvh_rules.plan import graph as g


class Held(IntEnum):
    """What a register's column is made of: the machine's own numbers for it."""

    NUMBER = 0
    TRUTH = 1
    CODE = 2
    SHORT = 3


class Place(IntEnum):
    """Where a register is: the machine's own numbers for it."""

    SCRATCH = 0
    FILLED = 1
    CONSTANT = 2
    INPUT = 3
    OUTPUT = 4


HELD = {g.Storage.NUMBER: Held.NUMBER, g.Storage.FLAG: Held.TRUTH, g.Storage.CODE: Held.CODE}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A program as the machine takes it.

    `kept` and `counts` are the first values of what is remembered; `owners` has the node of each
    instruction.
    """

    registers: Array
    code: Array
    numbers: Array
    integers: Array
    rings: Array
    kept: tuple[float, ...]
    counts: tuple[int, ...]
    owners: tuple[int, ...]


def machine_of(program: Encoded) -> Machine:
    """The machine of a program, which verifies it."""
    return Machine(
        program.registers,
        program.code,
        program.numbers,
        program.integers,
        program.rings,
        len(program.kept),
        len(program.counts),
    )


def code_type(node: g.Node) -> np.dtype[Any]:
    """The type of the cell that a strand makes of a node."""
    if isinstance(node.operation, g.Combination):
        return codes_type(math.prod(node.operation.counts))
    return DTYPES[g.storage_of(node.type)]


@dataclass
class Program:
    """A program in the making."""

    nodes: Sequence[g.Node]
    registers: list[tuple[int, int, int, int]] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    integers: list[int] = field(default_factory=list)
    rings: list[int] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    owner: int = -1
    _places: dict[tuple[int, int, int, int], int] = field(default_factory=dict)
    _filled: dict[tuple[Held, int], int] = field(default_factory=dict)
    _constants: dict[str, int] = field(default_factory=dict)
    _of: dict[int, int] = field(default_factory=dict)
    _outputs: dict[int, int] = field(default_factory=dict)
    _free: list[int] = field(default_factory=list)
    _slots: int = 0

    # --- registers ---

    def register(self, place: Place, held: Held, index: int, value: int = 0) -> int:
        """The number of a register."""
        key = (int(place), int(held), index, value)
        if key not in self._places:
            self._places[key] = len(self.registers)
            self.registers.append(key)
        return self._places[key]

    def input(self, number: int, index: int) -> None:
        """Say that a node is read from the block."""
        held = HELD[g.storage_of(self.nodes[number].type)]
        self._of[number] = self.register(Place.INPUT, held, index)

    def output(self, number: int, index: int) -> None:
        """Say that a node is wanted, in the column of `code_type`."""
        self._outputs[number] = index

    def scratch(self, held: Held) -> int:
        """A register of the machine's own, until it is released."""
        if not self._free:
            self._free.append(self._slots)
            self._slots += 1
        return self.register(Place.SCRATCH, held, self._free.pop())

    def release(self, register: int) -> None:
        """Let a register's slot be taken by others, if it has one."""
        place, _, index, _ = self.registers[register]
        if place == Place.SCRATCH:
            self._free.append(index)

    def let_go(self, number: int) -> None:
        """A node's last reader has run."""
        register = self._of.get(number)
        if register is not None:
            self.release(register)

    def rows(self, number: int) -> int:
        """A register that has a node's value on every row."""
        found = self._of.get(number)
        if found is not None:
            return found
        operation = self.nodes[number].operation
        assert isinstance(operation, g.Constant), operation
        storage = g.storage_of(self.nodes[number].type)
        return self.filled(operation.value, HELD[storage])

    def value(self, number: int) -> int:
        """As `rows`; a constant number is taken as it is."""
        node = self.nodes[number]
        of_numbers = g.storage_of(node.type) is g.Storage.NUMBER
        if isinstance(node.operation, g.Constant) and of_numbers:
            return self.constant(node.operation.value)
        return self.rows(number)

    def constant(self, value: float) -> int:
        """A register of one number."""
        return self.register(Place.CONSTANT, Held.NUMBER, self.number(value))

    def filled(self, value: float, held: Held) -> int:
        """A register of a constant on every row. Its slot is its own for good."""
        told = self.number(value) if held is Held.NUMBER else int(value)
        if (held, told) not in self._filled:
            self._slots += 1
            register = self.register(Place.FILLED, held, self._slots - 1, told)
            self._filled[held, told] = register
        return self._filled[held, told]

    def number(self, value: float) -> int:
        """Where a constant stands among the numbers. Zeros of both signs are two."""
        key = repr(float(value))
        if key not in self._constants:
            self._constants[key] = len(self.numbers)
            self.numbers.append(float(value))
        return self._constants[key]

    def made(self, number: int) -> int:
        """The register that a node is computed in."""
        held = HELD[g.storage_of(self.nodes[number].type)]
        index = self._outputs.get(number)
        if index is None or (code_type(self.nodes[number]).itemsize < 4 and held is Held.CODE):
            register = self.scratch(held)
        else:
            register = self.register(Place.OUTPUT, held, index)
        self._of[number] = register
        return register

    def delivered(self, number: int) -> None:
        """Write a node to its column, where that is of shorter codes than the machine's own."""
        index, register = self._outputs.get(number), self._of[number]
        if index is not None and self.registers[register][0] == Place.SCRATCH:
            short = code_type(self.nodes[number]).itemsize == 2
            out = self.register(Place.OUTPUT, Held.SHORT if short else Held.TRUTH, index)
            self.say("shorten" if short else "narrow", out, register)

    # --- instructions ---

    def say(self, name: str, out: int, *operands: int) -> int:
        """One more instruction; the register that it fills."""
        operation, *_ = OPERATIONS[name]
        self.code += [operation, 3 + len(operands), out, *operands]
        self.owners.append(self.owner)
        return out

    def remembered(self, numbers: Sequence[float], counts: Sequence[int]) -> tuple[int, ...]:
        """Where numbers and counts are remembered, of each sort that there is, with first values."""
        places = []
        if numbers:
            places.append(len(self.kept))
            self.kept += numbers
        if counts:
            places.append(len(self.counts))
            self.counts += counts
        return tuple(places)

    def ring(self, *lags: int) -> int:
        """Rings that remember so many rows each: the first one's number."""
        self.rings += lags
        return len(self.rings) - len(lags)

    def chain(
        self, first: int, held: Held, steps: Sequence[Callable[[int, int], int]], out: int
    ) -> int:
        """Steps that each take what the one before has made, the last one into `out`."""
        before = first
        for place, step in enumerate(steps):
            into = out if place == len(steps) - 1 else self.scratch(held)
            step(into, before)
            if before != first:
                self.release(before)
            before = into
        return out

    def encoded(self) -> Encoded:
        """The program."""
        return Encoded(
            np.array(self.registers, dtype=np.int32).reshape(-1, 4),
            np.array(self.code, dtype=np.int32),
            np.array(self.numbers, dtype=np.float64),
            np.array(self.integers, dtype=np.int32),
            np.array(self.rings, dtype=np.int32),
            tuple(self.kept),
            tuple(self.counts),
            tuple(self.owners),
        )
