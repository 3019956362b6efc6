"""The plan of a ruleset: a graph of operations on columns, each written once.

A node is an operation, the nodes it reads (by number, always lower than its own), what its column
means, and the clock it lives on: the rows themselves, or the completed sessions, weeks or months.
Only `Sample` and `Hold` cross from one clock to another. Numbers that a ruleset wrote stand inside
the operations, so the inputs of a node are columns and nothing else.

Nodes are interned: two equal operations on equal inputs are one node. The order of the nodes is an
order in which they can be computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.source import Span

ROWS = ""
"""The clock of the rows; the others are `session`, `week` and `month`."""


class Storage(StrEnum):
    """How a column is held: float64 with NaN, int8 of `core.kleene`, int32 codes, or a curve."""

    NUMBER = "number"
    FLAG = "flag"
    CODE = "code"
    CURVE = "curve"


_STORAGES = {
    **dict.fromkeys(Kind, Storage.NUMBER),
    Kind.FLAG: Storage.FLAG,
    Kind.LABEL: Storage.CODE,
    Kind.CURVE: Storage.CURVE,
}


def storage_of(type: Type) -> Storage:
    """How a column of a type is held."""
    return _STORAGES[type.kind]


# --- what is read ---


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value on every row; NaN (or code -1) is missing."""

    value: float | int


@dataclass(frozen=True, slots=True)
class Column:
    """A data column."""

    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """A column that the caller sets in place of a name's own definition."""

    name: str


@dataclass(frozen=True, slots=True)
class Book:
    """A fact about what is held; `empty` while nothing is."""

    name: str
    empty: float | int


@dataclass(frozen=True, slots=True)
class Position:
    """A fact about one open position; only closing conditions read one."""

    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """Whether a date of the calendar lies so that the session is in its window."""

    calendar: str
    begin: int
    end: int


# --- clocks ---


@dataclass(frozen=True, slots=True)
class Sample:
    """A column of the rows at the end of each completed period of the node's clock."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A column of completed periods, on the rows: each from when it may be read until the next."""


# --- numbers ---


@dataclass(frozen=True, slots=True)
class Negative:
    """`-a`."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b` and the like; what is not finite is missing."""

    operator: str


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rounded to 12 decimals, ties to even."""


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in by name. `fixed` has an entry a kernel argument: None takes the next input; a
    window, a constant, a word or a calendar's name stands for itself."""

    function: str
    fixed: tuple[float | int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Interpolate:
    """Piecewise linear through the points, flat beyond the ends; a second input answers where the
    first is missing."""

    points: tuple[float, ...]
    values: tuple[float, ...]


# --- truth ---


@dataclass(frozen=True, slots=True)
class Compare:
    """`<` and the like; unknown where a side is missing."""

    operator: str


@dataclass(frozen=True, slots=True)
class IsMissing:
    """True or false, never unknown."""


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene's not."""


@dataclass(frozen=True, slots=True)
class Logical:
    """Kleene's `and` or `or` of all inputs."""

    operator: str


@dataclass(frozen=True, slots=True)
class Lasting:
    """True on each of the last `count` rows of the clock, today included."""

    count: int


@dataclass(frozen=True, slots=True)
class Latch:
    """On from the first input until the second, which wins; off at the start."""


# --- choice ---


@dataclass(frozen=True, slots=True)
class Conditional:
    """The second input where the first is true, the third where it is false, else missing."""


@dataclass(frozen=True, slots=True)
class Band:
    """The code of the band that the input lies in, -1 where none.

    For a number `rows[i]` is the code of the i-th band from below; `joins_above[i]` says whether the
    point `edges[i]` itself belongs to the band above it. For a label or a truth there are no edges,
    and `rows` is by code (false 0, true 1). `missing` is the code for a missing input.
    """

    edges: tuple[float, ...]
    joins_above: tuple[bool, ...]
    rows: tuple[int, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Cross:
    """A cell's code from a row's and a column's; -1 where either is."""

    columns: int


@dataclass(frozen=True, slots=True)
class FirstTrue:
    """The number of the first input that holds, their count where none does, -1 where unknown."""


@dataclass(frozen=True, slots=True)
class Select:
    """The option that the first input's code numbers. Where it is -1: the input after the options,
    if there is one, else missing."""

    options: int


@dataclass(frozen=True, slots=True)
class Combination:
    """The number of the combination that codes and truths make, each from -1: a mixed radix number
    whose digits have so many values, the first slowest."""

    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The value of a combination, by its number."""

    values: tuple[float | int, ...]


Operation = (
    Constant
    | Column
    | Given
    | Book
    | Position
    | Event
    | Sample
    | Hold
    | Negative
    | Arithmetic
    | Rounded
    | Call
    | Interpolate
    | Compare
    | IsMissing
    | Not
    | Logical
    | Lasting
    | Latch
    | Conditional
    | Band
    | Cross
    | FirstTrue
    | Select
    | Combination
    | Lookup
)


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on columns. `span` is the first place in the ruleset that asked for it."""

    operation: Operation
    inputs: tuple[int, ...]
    type: Type
    clock: str
    span: Span = field(compare=False)


def key_of(
    operation: Operation, inputs: tuple[int, ...], type: Type, clock: str
) -> tuple[Hashable, ...]:
    """What makes two nodes one. Constants go by their digits: 0.0 and -0.0 differ, NaN equals NaN."""
    told = repr(operation.value) if isinstance(operation, Constant) else operation
    return (told, inputs, storage_of(type), type.labels, clock)


@dataclass(frozen=True, slots=True)
class Plan:
    """The graph of a ruleset.

    `names` gives the node of every name's value, on the rows. `closings` gives each layer's closing
    condition, which the backtest evaluates for every open position. `numbers` finds a node by its
    key. `given` are the names whose definition the caller replaces.
    """

    nodes: tuple[Node, ...]
    names: Mapping[str, int]
    closings: Mapping[str, int]
    numbers: Mapping[tuple[Hashable, ...], int]
    given: frozenset[str] = frozenset()
