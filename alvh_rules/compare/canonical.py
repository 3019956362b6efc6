"""One number for each computation, whichever ruleset wrote it.

The nodes of two plans are put into one table. A node's key is its operation on the numbers of its
inputs, in a form in which what is written differently and computes the same column, bit for bit and
missing rows included, is one entry. Two decisions of one number are the same for every market, and no
solver is needed to say so. Different numbers prove nothing.

1. Plans have no names for what is local, so another name, another order of items and another layout
   are gone already. A data column goes by what it is read from and when it is known.
2. `not` is pushed inwards: Kleene's logic has De Morgan's laws, and the opposite of a comparison is
   unknown where the comparison is.
3. `and` and `or` are opened, sorted and freed of repetitions; `a > b` is `b < a`; sums and products
   of two are sorted, which IEEE arithmetic allows, and are never regrouped, which it does not.
4. A table is its edges and what it answers between them: neighbours with one answer are one band, and
   rows stand in the order of the line. Labels are words, whatever their codes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property

from alvh_rules.check.checked import CheckedRuleset, Expression
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.schema import Column
from alvh_rules.plan import graph as g
from alvh_rules.plan.from_checked import Lowering
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.print_expressions import structure_text

Key = tuple[Hashable, ...]

_TURNED = {">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_EITHER_WAY = {"==", "!="}
_MISSING: Key = ("missing",)


def column_key(column: Column) -> Key:
    """What a data column's values depend on: its kind, where they are read, when they are known."""
    return (
        column.kind,
        column.source,
        column.sources,
        column.labels,
        column.carry,
        column.lag_sessions,
        column.known_time,
    )


def column_names(renamed: Mapping[str, str]) -> Callable[[Column], Key]:
    """What a data column goes by where values are given by name; `renamed` says which names of one
    ruleset stand for which of the other."""
    return lambda column: ("named", renamed.get(column.name, column.name))


def words_of(ruleset: CheckedRuleset) -> Mapping[str, tuple[str, ...]]:
    """The words of each label set; of `hedge.hold` the structures in their canonical form."""
    words = dict(ruleset.labels)
    if ruleset.hedge is not None and "hedge.hold" in words:
        shown = {
            ruleset.text(item.span): structure_text(item, item.choices)
            for item in ruleset.hedge.structures
        }
        words["hedge.hold"] = tuple(shown.get(word, word) for word in words["hedge.hold"])
    return words


class Table:
    """The computations seen so far; one table is shared by the plans that are compared."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._opposites: dict[int, int] = {}
        self.keys: list[Key] = []

    def number(self, *key: Hashable) -> int:
        """The number of a key, a new one where it has none."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    # --- truth ---

    def all_or_any(self, operator: str, items: Sequence[int]) -> int:
        """Kleene's `and` or `or` of all items, in whatever order and nesting."""
        opened: set[int] = set()
        for item in items:
            key = self.keys[item]
            opened.update(key[2:] if key[:2] == ("logical", operator) else (item,))  # type: ignore[arg-type]
        if len(opened) == 1:
            return opened.pop()
        return self.number("logical", operator, *sorted(opened))

    def compare(self, operator: str, left: int, right: int) -> int:
        """A comparison; of the two ways to write one, the same."""
        if operator in _TURNED or (operator in _EITHER_WAY and left > right):
            operator, left, right = _TURNED.get(operator, operator), right, left
        return self.number("compare", operator, left, right)

    def opposite(self, item: int) -> int:
        """Kleene's `not`, pushed inwards."""
        # Without recursion: a chain of definitions may be as long as the file.
        stack = [item]
        while stack:
            last = stack[-1]
            if last in self._opposites:
                stack.pop()
                continue
            match self.keys[last]:
                case ("logical", str(operator), *parts):
                    inner = [int(part) for part in parts]  # type: ignore[call-overload]
                    wanted = [part for part in inner if part not in self._opposites]
                    if wanted:
                        stack += wanted
                        continue
                    other = "or" if operator == "and" else "and"
                    found = self.all_or_any(other, [self._opposites[part] for part in inner])
                case ("compare", str(operator), int(left), int(right)):
                    found = self.compare(_OPPOSITE[operator], left, right)
                case _:
                    found = self.number("not", last)
            self._opposites[last] = found
            self._opposites.setdefault(found, last)
            stack.pop()
        return self._opposites[item]


class Canonical:
    """The numbers, in a shared table, of one ruleset's plan.

    `column` says what makes two data columns one: `column_key` where values are compared, the name
    alone where only the rule that reads them is.
    """

    def __init__(
        self,
        ruleset: CheckedRuleset,
        plan: g.Plan,
        table: Table,
        column: Callable[[Column], Key] = column_key,
    ) -> None:
        self.ruleset, self.plan, self.table = ruleset, plan, table
        self._columns = {item.name: column(item) for item in ruleset.schema.columns}
        self._words = words_of(ruleset)
        self._lowering: Lowering | None = None
        self._numbers: list[int] = []
        # A node stands after those it reads.
        for node in plan.nodes:
            self._numbers.append(self._of(node))

    def named(self, name: str) -> int:
        """The number of a name's value."""
        return self._numbers[self.plan.names[name]]

    def expression(self, node: Expression) -> int:
        """The number of an expression that the plan was made with."""
        if self._lowering is None:
            self._lowering = Lowering.over(self.ruleset, self.plan)
        return self._numbers[self._lowering.lower(node)]

    @cached_property
    def aliases(self) -> Mapping[str, ast.Expression]:
        """Lets of numbers alone, which have no value of their own: what they were written as."""
        return {
            item.name.name: item.value
            for source in self.ruleset.sources.values()
            for item in parse(source).file.items
            if isinstance(item, ast.Let) and item.name.name not in self.ruleset.values
        }

    def closing(self, layer: str) -> int | None:
        """The number of a layer's closing condition; None where it has none."""
        number = self.plan.closings.get(layer)
        return None if number is None else self._numbers[number]

    def column(self, name: str) -> Key:
        """What a data column goes by; its name, where there is no such column."""
        return self._columns.get(name, (name,))

    def _of(self, node: g.Node) -> int:
        table, operation = self.table, node.operation
        inputs = [self._numbers[number] for number in node.inputs]
        match operation:
            case g.Constant(value=value):
                return table.number("constant", *self._constant(value, node.type))
            case g.Column(name=name):
                return table.number("column", self._columns[name])
            case g.Compare(operator=operator):
                return table.compare(operator, *inputs)
            case g.Not():
                return table.opposite(inputs[0])
            case g.Logical(operator=operator):
                return table.all_or_any(operator, inputs)
            case g.Arithmetic(operator="+" | "*"):
                return table.number(repr(operation), node.clock, *sorted(inputs))
            case g.Select(options=options):
                cells = self._cells(node.inputs[0], node.clock)
                if cells is None:
                    return table.number(repr(operation), node.clock, *inputs)
                return self._table(cells, inputs[1:], options)
            case _:
                # A node that no pattern above takes is its operation, as it stands. Bands stand here
                # too: alone they are never compared, since a decision reads them through a choice.
                # Numbers go by their digits here as well.
                return table.number(repr(operation), g.storage_of(node.type), node.clock, *inputs)

    def _constant(self, value: float | int, type: Type) -> Key:
        if type.kind is Kind.LABEL and type.labels in self._words:
            words = self._words[type.labels]
            return ("word", words[int(value)] if 0 <= value < len(words) else "")
        # By its digits: 0.0 and -0.0 differ, missing is missing.
        return (g.storage_of(type), repr(value))

    # --- tables ---

    def _axis(self, number: int) -> tuple[Key, list[tuple[Hashable, int]]] | None:
        """The input of a band node, and where each of its bands begins with the code it has; the
        last is the code for a missing input."""
        node = self.plan.nodes[number]
        if not isinstance(node.operation, g.Band):
            return None
        band = node.operation
        source = node.inputs[0]
        type = self.plan.nodes[source].type
        starts: list[Hashable] = [None, *zip(band.edges, band.joins_above, strict=True)]
        if not band.edges:
            starts = list(range(len(band.rows)))
            if type.kind is Kind.LABEL and type.labels in self._words:
                starts = list(self._words[type.labels][: len(band.rows)])
        bands = list(zip(starts, band.rows, strict=True))
        if not band.edges and type.kind is Kind.LABEL:
            bands.sort(key=lambda item: str(item[0]))
        input: Key = (self._numbers[source], bool(band.edges))
        return input, [*bands, ("missing", band.missing)]

    def _cells(self, number: int, clock: str) -> _Cells | None:
        """The axes of a table whose cell a node numbers."""
        node = self.plan.nodes[number]
        if isinstance(node.operation, g.Cross):
            down, across = self._axis(node.inputs[0]), self._axis(node.inputs[1])
            if down is None or across is None:
                return None
            return _Cells((down, across), node.operation.columns, clock)
        only = self._axis(number)
        return None if only is None else _Cells((only,), 1, clock)

    def _table(self, cells: _Cells, options: Sequence[int], count: int) -> int:
        table = self.table
        missing = options[count] if len(options) > count else table.number(*_MISSING)

        def at(*codes: int) -> int:
            if min(codes) < 0:
                return missing
            number = codes[0] if len(codes) == 1 else codes[0] * cells.columns + codes[1]
            return options[number] if number < count else missing

        if len(cells.axes) == 1:
            input, bands = cells.axes[0]
            answers: list[tuple[Hashable, tuple[int, ...]]] = [
                (start, (at(code),)) for start, code in bands
            ]
            return self._piecewise(cells.clock, [input], [answers])
        (down, rows), (across, columns) = cells.axes
        by_row = [(start, tuple(at(code, other) for _, other in columns)) for start, code in rows]
        by_column = [
            (start, tuple(at(code, other) for _, code in rows)) for start, other in columns
        ]
        return self._piecewise(cells.clock, [down, across], [by_row, by_column])

    def _piecewise(
        self,
        clock: str,
        inputs: Sequence[Key],
        axes: Sequence[list[tuple[Hashable, tuple[int, ...]]]],
    ) -> int:
        answers = {answer for axis in axes for _, answer in axis}
        if len(answers) == 1 and len(set(next(iter(answers)))) == 1:
            return next(iter(answers))[0]
        told: list[Hashable] = []
        kept_columns: list[int] | None = None
        for input, axis in reversed(list(zip(inputs, axes, strict=True))):
            numeric = bool(input[1])
            kept = [
                place
                for place, (_, answer) in enumerate(axis)
                # The last stands for a missing input, and is no neighbour of the others.
                if not numeric or place in (0, len(axis) - 1) or answer != axis[place - 1][1]
            ]
            if kept_columns is None and len(axes) == 2:
                kept_columns = kept
                told.append((input, tuple(axis[place][0] for place in kept)))
                continue
            chosen = kept_columns
            told.append(
                (
                    input,
                    tuple(
                        (
                            axis[place][0],
                            axis[place][1]
                            if chosen is None
                            else tuple(axis[place][1][column] for column in chosen),
                        )
                        for place in kept
                    ),
                )
            )
        return self.table.number("table", clock, *told)


class _Cells:
    """A table's axes, how many columns a grid's row has, and the clock it lives on."""

    def __init__(
        self,
        axes: tuple[tuple[Key, list[tuple[Hashable, int]]], ...],
        columns: int,
        clock: str,
    ) -> None:
        self.axes, self.columns, self.clock = axes, columns, clock
