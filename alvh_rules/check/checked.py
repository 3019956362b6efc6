"""The checked ruleset: every name resolved, every number in its held unit, every node typed.

The expression nodes are few and orthogonal; what a ruleset says in many ways (tables, regimes,
events, limits) is said here with them, so that the interpreter, the plan and, later, the prover
each have one small language to get right. `CheckedRuleset.values` maps every name that has a value
on a row (`slope`, `hedge_ratio`, `short.open`, `hedge.ratio`, …) to its expression; expressions
refer to one another by those names.

Equality ignores spans: two expressions are equal when they mean the same computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alvh_rules.builtins.record import Builtin
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.schema import Schema
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast

FLAG = Type(Kind.FLAG)
RATIO = Type(Kind.RATIO)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number in its held unit, a truth (`core.kleene`), a label's code, or a text; NaN is missing."""

    value: float | int | str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Column:
    """The data column of this name, on this row."""

    name: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Book:
    """A fact about what is held (`book.drawdown`, `short.breached`); `empty` when nothing is."""

    name: str
    empty: float | int
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Position:
    """A fact about one open position (`profit`): only in the closing conditions of a layer."""

    name: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of another name."""

    name: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-a`."""

    operand: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b` and the like, in IEEE double precision; a result that is not finite is missing."""

    operator: str
    left: Expression
    right: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`<`, `<=`, `>`, `>=`, `==`, `!=`; unknown where a side is missing."""

    operator: str
    left: Expression
    right: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class IsMissing:
    """True or false, never unknown."""

    operand: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene's not."""

    operand: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """Kleene's and / or over clauses."""

    operator: str
    items: tuple[Expression, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if c then a else b`; missing where c is unknown."""

    condition: Expression
    then: Expression
    otherwise: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Invoke:
    """A built-in's call. `clock` is the period its series are sampled on, empty for the rows."""

    builtin: Builtin
    arguments: tuple[Expression, ...]
    clock: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Lasting:
    """True on each of the last `count` rows (of the clock), today included."""

    condition: Expression
    count: int
    clock: str
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Latch:
    """On from `begin` until `end`; `end` wins; off at the start."""

    begin: Expression
    end: Expression
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Axis:
    """How one input picks a row (or column) of a table.

    For a number: `edges` ascend; `joins_above[i]` says that the point `edges[i]` itself belongs to
    the band above it; `rows[i]` is the row of the i-th band from below. For a label or a flag,
    `edges` is empty and `rows[code]` is the row (flags: 0 false, 1 true). `missing` is the row for
    a missing input.
    """

    input: Expression
    edges: tuple[float, ...]
    joins_above: tuple[bool, ...]
    rows: tuple[int, ...]
    missing: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """One or two axes into `values`, row by row; `missing` answers where an axis cannot.

    `row_spans` are by row, `column_spans` by column of a grid; a grid's row of one `missing` value
    comes after its other rows.
    """

    name: str
    axes: tuple[Axis, ...]
    values: tuple[Expression, ...]
    missing: Expression | None
    type: Type
    span: Span = field(compare=False)
    row_spans: tuple[Span, ...] = field(default=(), compare=False)
    column_spans: tuple[Span, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Interpolate:
    """Piecewise linear through (points, values), flat beyond the ends.

    `row_spans` are by point; the row for a missing input, if there is one, comes last.
    """

    name: str
    input: Expression
    points: tuple[float, ...]
    values: tuple[float, ...]
    missing: Expression | None
    type: Type
    span: Span = field(compare=False)
    row_spans: tuple[Span, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class EventWindow:
    """Whether a date of the calendar lies so that this session is in its window."""

    calendar: str
    begin: int
    end: int
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class FirstTrue:
    """The number of the first condition that holds, their count if none does; else missing."""

    conditions: tuple[Expression, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Choose:
    """The option that the (label) index numbers; missing where the index is."""

    index: Expression
    options: tuple[Expression, ...]
    type: Type
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rounded to 12 decimals, ties to even, so that 150% times 120% is 180%."""

    operand: Expression
    type: Type
    span: Span = field(compare=False)


Expression = (
    Constant
    | Column
    | Book
    | Position
    | Reference
    | Negative
    | Arithmetic
    | Compare
    | IsMissing
    | Not
    | Logical
    | Conditional
    | Invoke
    | Lasting
    | Latch
    | Table
    | Interpolate
    | EventWindow
    | FirstTrue
    | Choose
    | Rounded
)


def operands(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly under one, in the order they were written."""
    match node:
        case Negative() | IsMissing() | Not() | Rounded():
            return (node.operand,)
        case Arithmetic() | Compare():
            return (node.left, node.right)
        case Logical():
            return node.items
        case Conditional():
            return (node.condition, node.then, node.otherwise)
        case Invoke():
            return node.arguments
        case Lasting():
            return (node.condition,)
        case Latch():
            return (node.begin, node.end)
        case Table():
            inputs = tuple(axis.input for axis in node.axes)
            return inputs + node.values + ((node.missing,) if node.missing else ())
        case Interpolate():
            return (node.input,) + ((node.missing,) if node.missing else ())
        case FirstTrue():
            return node.conditions
        case Choose():
            return (node.index, *node.options)
        case _:
            return ()


def operands_on_rows(node: Expression) -> tuple[Expression, ...]:
    """The operands that have a value on each row: none where the node samples sessions or weeks."""
    if isinstance(node, Invoke | Lasting) and node.clock:
        return ()
    return operands(node)


class Role(StrEnum):
    """What a named value is to the ruleset."""

    COLUMN = "data"
    PARAM = "param"
    LET = "let"
    TABLE = "table"
    SIGNAL = "signal"
    TARGET = "target"
    DECISION = "decision"
    EVENT = "event"
    REGIME = "regime"
    BOUND = "limit"
    ALWAYS = "always"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Param:
    """A constant with the range a sweep may walk, in the held unit."""

    name: str
    value: float
    low: float | None
    high: float | None
    step: float | None
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer after `like`: what it opens and how. Conditions are by name in `values`."""

    name: str
    structure: ast.Structure | ast.Legs
    weighted: bool
    size: ast.Size | None
    at_most: int
    every: int
    hold_to_expiry: bool
    close: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Hedge:
    """The hedge: what its ratio is of, the structures `hedge.hold` numbers, and the band of the
    book's delta that it keeps."""

    basis: str
    structures: tuple[ast.Structure, ...]
    span: Span
    keep: ast.KeepDelta | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit. `binds` names its flag in `values`; None where it waits for positions."""

    text: str
    binds: str | None
    limit: ast.Limit
    subject: str
    bound: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Always:
    """A property, by the name of its flag in `values`."""

    name: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Monotone:
    """A number that never rises, or never falls, as another name rises. Only a proof asks it."""

    text: str
    value: Expression
    subject: str
    falling: bool
    """Whether it must not rise as the subject rises; else it must not fall."""
    when: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    """A value a test sets, by name; a calendar's window is `event NAME`."""

    name: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Expected:
    """What a test expects: a condition that must hold."""

    condition: Expression
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """One row of given values and what is expected on it."""

    given: tuple[Given, ...]
    expected: tuple[Expected, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Test:
    """A test: its cases, whether they are consecutive sessions, or a date of a file."""

    __test__ = False  # not a pytest class, whatever its name

    name: str
    cases: tuple[Case, ...]
    sessions: bool
    on: ast.OnDate | None
    span: Span


@dataclass(frozen=True, slots=True)
class CheckedRuleset:
    """A ruleset that may be planned and run.

    `cash_earns` is the column of the rate that cash is paid, or empty; `fee` dollars a contract and leg
    and `slippage` a share of the half-spread, None where the header does not say. `measures` are the values that
    only positions need (deltas of strikes, sizes, weights of holdings), by the place of the text.
    """

    name: str
    version: str
    description: str
    capital: float
    risk: float
    fill: str
    fractional: bool
    schema: Schema
    values: Mapping[str, Expression]
    roles: Mapping[str, Role]
    labels: Mapping[str, tuple[str, ...]]
    params: tuple[Param, ...]
    layers: tuple[Layer, ...]
    hedge: Hedge | None
    holdings: tuple[ast.Holding, ...]
    reallocate: ast.Reallocate | None
    limits: tuple[Limit, ...]
    always: tuple[Always, ...]
    monotone: tuple[Monotone, ...]
    assumptions: tuple[Expression, ...]
    tests: tuple[Test, ...]
    outputs: tuple[str, ...]
    sources: Mapping[str, Source]
    cash_earns: str = ""
    fee: float | None = None
    slippage: float | None = None
    measures: Mapping[Span, Expression] = field(default_factory=dict)

    def text(self, span: Span) -> str:
        """What was written at a span, on one line."""
        return self.sources[span.file].one_line(span)
