"""Strands that the native machine runs (`native/strands.c`), as programs of `native_code.py`."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from alvh_rules.evaluate.blocks import Block
from alvh_rules.evaluate.cells import Cells
from alvh_rules.evaluate.inputs import Array, Float
from alvh_rules.evaluate.native_code import encoded
from alvh_rules.evaluate.native_program import code_type, machine_of
from alvh_rules.evaluate.pointwise import Computed
from alvh_rules.evaluate.strands import Piece, Strand
from alvh_rules.plan import graph as g


class NativeStrand(Strand):
    """A verified program in the place of its nodes' steps."""

    def __init__(self, piece: Piece, nodes: Sequence[g.Node]) -> None:
        super().__init__(piece, nodes)
        program = encoded(nodes, piece.numbers, self._read, list(self._squares), piece.outputs)
        self.program = program
        self._machine = machine_of(program)
        self.begin(program.kept, program.counts, int(program.rings.sum()))
        self._seconds: Array | None = None
        self._squaring = 0.0

    def timed(self, cells: Cells, block: Block, seconds: list[float]) -> Computed:
        """As `compute`; each node has the time of its own instructions and squares, the first the rest."""
        taken = self._seconds = np.zeros(len(self.program.owners))
        self._squaring = 0.0
        begun = perf_counter()
        computed = self.compute(cells, block)
        rest = perf_counter() - begun - float(taken.sum()) - self._squaring
        seconds[self.number] += rest
        for number in self._squares:
            seconds[number] += self._squaring / len(self._squares)
        for owner, own in zip(self.program.owners, taken.tolist(), strict=True):
            seconds[owner] += own
        return computed

    def squared_returns(self, cells: Cells, block: Block, rows: int) -> list[Float]:
        """The squares, timed."""
        begun = perf_counter()
        found = super().squared_returns(cells, block, rows)
        self._squaring += perf_counter() - begun
        return found

    @staticmethod
    def cell_type(node: g.Node) -> np.dtype[Any]:
        """The type of the cell that is made of a node: combinations have short numbers."""
        return code_type(node)

    def loop(self, rows: int, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        """Fill the outputs."""
        self._machine.run(
            rows,
            tuple(inputs),
            tuple(outputs),
            self._numbers,
            self._counts,
            self._rings,
            self._seconds,
        )
