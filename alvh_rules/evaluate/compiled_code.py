"""A loop over the rows of a block, made from a strand of a plan's nodes and compiled by Numba.

1. The nodes' patterns (`scalar_patterns.py`) are the body of the loop. What comes from outside the
   strand is read from arrays, what is wanted outside it is written to arrays.
2. What is remembered from row to row is a local variable, taken from the state before the loop and
   put back after it.
3. Numba compiles the text with IEEE arithmetic: nothing is reordered, no multiplication is fused
   with an addition, and a division is the processor's.

The text is made as that of `scalar_code.py` is: of node numbers, operators and patterns. What a
ruleset says are bound values, which Numba takes as constants. Nothing compiled is kept on disk; what
this process has compiled, it does not compile again.

NumPy's logarithm and Numba's differ in the last bit, so the one pattern that takes a logarithm,
realized volatility, is given the squared logarithms of returns as an input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from alvh_rules.evaluate import scalar_patterns as patterns
from alvh_rules.evaluate.cells import DTYPES
from alvh_rules.evaluate.scalar_code import Code, defined
from alvh_rules.evaluate.strands import takes_squares
from alvh_rules.plan import graph as g

Loop = Callable[..., None]
"""Takes the rows, the inputs, the outputs, then numbers, counts and rings (see `LoopCode.state`)."""

_STEPS_ONLY = (
    g.Constant,
    g.Column,
    g.Given,
    g.Book,
    g.Position,
    g.Event,
    g.Sample,
    g.Hold,
    # A search of a table's points, which these loops have not.
    g.Interpolate,
)
_CODES = (g.Band, g.Cross, g.FirstTrue, g.Combination)
"""What makes codes that fit the tables which are made for them."""
_KEPT = 64
"""Loops that a process keeps compiled."""
_compiled: dict[Any, Loop] = {}


def numba_is_there() -> bool:
    """Whether Numba can be imported; it is not imported to find out."""
    return find_spec("numba") is not None


def can_be_compiled(nodes: Sequence[g.Node], number: int) -> bool:
    """Whether a node has a pattern whose bits Numba keeps."""
    node = nodes[number]
    if node.clock or isinstance(node.operation, _STEPS_ONLY):
        return False
    if takes_squares(node.operation):
        return not isinstance(nodes[node.inputs[0]].operation, g.Constant)
    return patterns.pattern_of(node.operation) is not None


class LoopCode(Code):
    """The code of one row of a loop."""

    branches = False

    def entry(self, number: int, table: tuple[float | int, ...], at: str) -> str:
        """The entry of a node's table; minus one takes the last.

        Compiled code does not look whether a table has an entry. A code that no operation of the
        strand's own has made takes the last where it is unheard of.
        """
        name = self._table(number, table)
        node = self.nodes[self.nodes[number].inputs[0]]
        if g.storage_of(node.type) is g.Storage.FLAG or isinstance(node.operation, _CODES):
            return f"{name}[{at}]"
        last = len(table) - 1
        return f"{name}[{at} if 0 <= {at} < {last} else {last}]"

    def read(self, number: int) -> None:
        """A value from an array; a truth is held between its bounds, since tables go by it."""
        text = f"i{number}[row]"
        if g.storage_of(self.nodes[number].type) is g.Storage.FLAG:
            least, greatest = self.bind("least", min), self.bind("greatest", max)
            text = f"{least}({greatest}({text}, -1), 1)"
        self.say(f"v{number} = {text}")

    def _table(self, number: int, table: Sequence[float | int]) -> str:
        of_numbers = g.storage_of(self.nodes[number].type) is g.Storage.NUMBER
        return self.bind(f"t{number}", np.array(table, np.float64 if of_numbers else np.int64))

    def choice(self, number: int, options: Sequence[str], at: str) -> str:
        """The option of a node at a code; minus one takes the last. Constants are one table."""
        if all(option in self.bound for option in options):
            return self.entry(number, tuple(self.bound[option] for option in options), at)
        parts = [f"{option} if {at} == {code} else " for code, option in enumerate(options[:-1])]
        return f"({''.join(parts)}{options[-1]})"

    def lagged(self, name: str, found: str, value: str, lag: int) -> None:
        """The value of `lag` rows ago: of one row, a variable; of more, a ring, as memory is near."""
        if lag == 1:
            super().lagged(name, found, value, lag)
        else:
            self.ring(name, found, value, lag)

    # What the processor can do without a branch is told without one: a branch that data decides is
    # guessed wrong half the time, which costs more than both sides of it.

    def truth(self, holds: str, fails: str) -> str:
        """True or false by two comparisons, of which at most one holds; else unknown."""
        return f"({holds}) - ({fails})"

    def quotient(self, left: str, right: str) -> str:
        """A quotient, not finite where the divisor is zero."""
        return f"{left} / {right}"

    def band(self, number: int, operation: g.Band, value: str, edges: Sequence[str]) -> str:
        """The code of a node's band for a number: how many edges it has passed, in a table."""
        passed = [
            f"({value} {'>=' if above else '>'} {edge})"
            for edge, above in zip(edges, operation.joins_above, strict=True)
        ]
        lost = len(operation.rows)
        table = self._table(number, (*operation.rows, operation.missing))
        return f"{table}[{' + '.join([*passed, f'{lost} * ({value} != {value})'])}]"


@dataclass(frozen=True)
class Written:
    """A loop's text, and what it works on.

    `numbers` and `counts` are the first values of the variables kept, `rings` the lengths of the
    rings of earlier numbers, which stand behind each other in one array.
    """

    source: str
    bound: dict[str, Any]
    numbers: tuple[float, ...]
    counts: tuple[int, ...]
    rings: tuple[int, ...]


def written(
    nodes: Sequence[g.Node],
    strand: Sequence[int],
    inputs: Sequence[int],
    squares: Sequence[int],
    outputs: Sequence[int],
) -> Written:
    """The loop of a strand.

    `inputs` are nodes read from arrays, `squares` nodes of the strand that are given squared
    logarithms of returns, `outputs` nodes of the strand whose values are written to arrays.
    """
    code = LoopCode(nodes)
    for number in inputs:
        code.read(number)
    for number in strand:
        node = nodes[number]
        if number in squares:
            assert isinstance(node.operation, g.Call)
            patterns.volatility_of_squares(code, number, node.operation, f"u{number}[row]")
            continue
        pattern = patterns.pattern_of(node.operation)
        assert pattern is not None, node.operation
        storages = [g.storage_of(nodes[part].type) for part in node.inputs]
        pattern(code, number, node.operation, [code.value(n) for n in node.inputs], storages)
    for number in outputs:
        code.say(f"o{number}[row] = v{number}")
    names: dict[str, list[str]] = {"numbers": [], "counts": [], "rings": []}
    begin, end = [], []
    at = 0
    for name, value in code.state.items():
        if isinstance(value, list):
            begin.append(f"    {name} = rings[{at}:{at + len(value)}]")
            at += len(value)
            names["rings"].append(name)
            continue
        kind = "numbers" if isinstance(value, float) else "counts"
        place = f"{kind}[{len(names[kind])}]"
        begin.append(f"    {name} = {place}")
        end.append(f"    {place} = {name}")
        names[kind].append(name)
    given = [f"i{n}" for n in inputs] + [f"u{n}" for n in squares] + [f"o{n}" for n in outputs]
    head = f"def strand(rows, {', '.join(given)}, numbers, counts, rings):"
    source = "\n".join([head, *begin, "    for row in range(rows):", *code.lines, *end, ""])
    return Written(
        source,
        code.bound,
        tuple(code.state[name] for name in names["numbers"]),
        tuple(code.state[name] for name in names["counts"]),
        tuple(len(code.state[name]) for name in names["rings"]),
    )


def loop_of(
    text: Written,
    inputs: Sequence[g.Storage],
    squares: int,
    outputs: Sequence[g.Storage],
) -> Loop:
    """The loop as machine code; the storages are those of its arrays, which are contiguous."""
    bound = tuple((name, _told(value)) for name, value in sorted(text.bound.items()))
    key = (text.source, bound, tuple(inputs), tuple(outputs))
    found = _compiled.get(key)
    if found is not None:
        return found
    import numba

    def array(dtype: Any, readonly: bool = False) -> Any:
        return numba.types.Array(numba.from_dtype(np.dtype(dtype)), 1, "C", readonly=readonly)

    signature = numba.void(
        numba.int64,
        *(array(DTYPES[storage], readonly=True) for storage in inputs),
        *(array(np.float64) for _ in range(squares)),
        *(array(DTYPES[storage]) for storage in outputs),
        array(np.float64),
        array(np.int64),
        array(np.float64),
    )
    space = {"nan": math.nan, "sqrt": math.sqrt, "range": range, **text.bound}
    if "rint" in space:
        space["rint"] = _rint()
    space["__name__"] = __name__
    space["__builtins__"] = {}
    function = defined(text.source, space, "strand")
    loop: Loop = numba.njit([signature], fastmath=False, error_model="numpy", nogil=True)(function)
    if len(_compiled) >= _KEPT:
        _compiled.clear()
    _compiled[key] = loop
    return loop


def _told(value: Any) -> Any:
    """A bound value as part of a key: zeros of both signs differ, NaN is equal to itself."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    return repr(value) if isinstance(value, float | int) else value


@cache
def _rint() -> Any:
    """`plan.scalars.rounded` for Numba."""
    import numba

    def rint(value: float) -> float:
        scaled = value * 1e12
        if scaled - scaled != 0.0:
            return math.nan
        rounded: float = np.rint(scaled) / 1e12
        return rounded

    return numba.njit(fastmath=False, error_model="numpy")(rint)
