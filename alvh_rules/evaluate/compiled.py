"""Strands that Numba compiles (`compiled_code.py`), for histories of very many rows."""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.evaluate.compiled_code import loop_of, written
from alvh_rules.evaluate.inputs import Array
from alvh_rules.evaluate.strands import Piece, Strand
from alvh_rules.plan import graph as g


class CompiledStrand(Strand):
    """A compiled loop. Compiles when it is made."""

    def __init__(self, piece: Piece, nodes: Sequence[g.Node]) -> None:
        super().__init__(piece, nodes)
        squares = list(self._squares)
        text = written(nodes, piece.numbers, self._read, squares, piece.outputs)
        read, made = (
            [g.storage_of(nodes[number].type) for number in numbers]
            for numbers in (self._read, piece.outputs)
        )
        self.source = text.source
        self._loop = loop_of(text, read, len(squares), made)
        self.begin(text.numbers, text.counts, sum(text.rings))

    def loop(self, rows: int, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        """Fill the outputs."""
        self._loop(rows, *inputs, *outputs, self._numbers, self._counts, self._rings)
