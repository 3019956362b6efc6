"""Lower a checked ruleset to its plan.

1. Names are taken in the ruleset's order, in which each stands after all that it refers to; a
   reference is the number of the node already made for the name.
2. An expression is lowered bottom up. Each operation is simplified, then interned: if an equal node
   stands in the graph, it is that node.
3. Inside `weekly(…)` and its like everything is lowered on that clock: columns are sampled, names
   are worked out anew from their definitions, and the result is held on the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.record import Shape
from alvh_rules.check import checked as c
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.source import Span
from alvh_rules.plan import graph as g
from alvh_rules.plan.simplify import Same, simplified
from alvh_rules.plan.verify import verify

_CODE = Type(Kind.LABEL)


def plan_of(
    ruleset: c.CheckedRuleset,
    given: frozenset[str] = frozenset(),
    also: Iterable[c.Expression] = (),
) -> g.Plan:
    """The verified plan of a ruleset.

    `given` are names (and `event CALENDAR`) whose columns the caller will set; `also` are further
    expressions to have in the graph. Raises `verify.PlanError` where the plan breaks a law of its
    own, which is a fault of this program and never of the ruleset.
    """
    lowering = Lowering(ruleset, given)
    names = {name: lowering.named(name, g.ROWS) for name in ruleset.values}
    closings = {
        layer.name: lowering.lower(layer.close)
        for layer in ruleset.layers
        if layer.close is not None
    }
    for expression in also:
        lowering.lower(expression)
    plan = g.Plan(tuple(lowering.nodes), names, closings, lowering.numbers, given)
    verify(plan, ruleset)
    return plan


class Lowering:
    """Makes nodes for the expressions of a ruleset, or finds those that a plan already has."""

    def __init__(
        self, ruleset: c.CheckedRuleset, given: frozenset[str], plan: g.Plan | None = None
    ) -> None:
        self.ruleset = ruleset
        self.given = given
        self.nodes: list[g.Node] = [] if plan is None else list(plan.nodes)
        self.numbers = {} if plan is None else dict(plan.numbers)
        self._named: dict[tuple[str, str], int] = {}
        self._looked_up: dict[int, tuple[c.Expression, int]] = {}
        if plan is not None:
            self._named.update({(name, g.ROWS): number for name, number in plan.names.items()})

    @classmethod
    def over(cls, ruleset: c.CheckedRuleset, plan: g.Plan) -> Lowering:
        """A lowering that knows the nodes of a plan, to look expressions up in it."""
        return cls(ruleset, plan.given, plan)

    def named(self, name: str, clock: str) -> int:
        """The node of a name's value on a clock."""
        found = self._named.get((name, clock))
        if found is not None:
            return found
        # Without recursion through names: a chain of definitions may be as long as the file.
        for part in self._needed(name, clock):
            if part in self.given:
                value = self.ruleset.values[part]
                number = self._sampled(g.Given(part), value.type, clock, value.span)
            else:
                number = self.lower(self.ruleset.values[part], clock)
            self._named[(part, clock)] = number
        return self._named[(name, clock)]

    def _needed(self, name: str, clock: str) -> list[str]:
        """The name and all that it rests on and that the clock lacks, in the ruleset's order."""
        wanted = {name}
        stack = [name]
        while stack:
            part = stack.pop()
            if part in self.given:
                continue
            inner = [self.ruleset.values[part]]
            while inner:
                node = inner.pop()
                if (
                    isinstance(node, c.Reference)
                    and node.name not in wanted
                    and (node.name, clock) not in self._named
                ):
                    wanted.add(node.name)
                    stack.append(node.name)
                inner.extend(c.operands(node))
        if len(wanted) == 1:
            return [name]
        return [part for part in self.ruleset.values if part in wanted]

    def put(
        self,
        operation: g.Operation,
        inputs: tuple[int, ...],
        type: Type,
        clock: str,
        span: Span,
    ) -> int:
        """The number of the node that does this, made if there is none."""
        simpler = simplified(self.nodes, operation, inputs, g.storage_of(type))
        if isinstance(simpler, Same):
            return simpler.number
        if isinstance(simpler, g.Constant):
            operation, inputs = simpler, ()
        elif simpler is not None:
            operation, inputs = simpler
        key = g.key_of(operation, inputs, type, clock)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.nodes)
            self.nodes.append(g.Node(operation, inputs, type, clock, span))
        return number

    def look_up(self, expression: c.Expression) -> int:
        """The node of an expression of the ruleset on the rows, found once: whoever explains asks for the
        same ones at every row."""
        # By identity, which is kept by holding the expression: to hash one is as dear as to lower it.
        found = self._looked_up.get(id(expression))
        if found is None:
            found = self._looked_up[id(expression)] = expression, self.lower(expression)
        return found[1]

    def lower(self, node: c.Expression, clock: str = g.ROWS) -> int:
        """The node of an expression's value on a clock."""

        def put(operation: g.Operation, *inputs: int, type: Type = node.type) -> int:
            return self.put(operation, inputs, type, clock, node.span)

        def under(*parts: c.Expression) -> tuple[int, ...]:
            return tuple(self.lower(part, clock) for part in parts)

        match node:
            case c.Constant():
                assert not isinstance(node.value, str), "a text has no column"
                return put(g.Constant(_stored(node.value, node.type)))
            case c.Column():
                return self._sampled(g.Column(node.name), node.type, clock, node.span)
            case c.Book():
                if node.name in self.given:
                    return self._sampled(g.Given(node.name), node.type, clock, node.span)
                return put(g.Book(node.name, _stored(node.empty, node.type)))
            case c.Position():
                return put(g.Position(node.name))
            case c.Reference():
                return self.named(node.name, clock)
            case c.Negative():
                return put(g.Negative(), *under(node.operand))
            case c.Arithmetic():
                return put(g.Arithmetic(node.operator), *under(node.left, node.right))
            case c.Compare():
                return put(g.Compare(node.operator), *under(node.left, node.right))
            case c.IsMissing():
                return put(g.IsMissing(), *under(node.operand))
            case c.Not():
                return put(g.Not(), *under(node.operand))
            case c.Logical():
                return put(g.Logical(node.operator), *under(*node.items))
            case c.Conditional():
                return put(g.Conditional(), *under(node.condition, node.then, node.otherwise))
            case c.Rounded():
                return put(g.Rounded(), *under(node.operand))
            case c.Latch():
                return put(g.Latch(), *under(node.begin, node.end))
            case c.FirstTrue():
                return put(g.FirstTrue(), *under(*node.conditions))
            case c.Choose():
                return put(g.Select(len(node.options)), *under(node.index, *node.options))
            case c.Interpolate():
                last = () if node.missing is None else (node.missing,)
                return put(g.Interpolate(node.points, node.values), *under(node.input, *last))
            case c.Lasting():
                inner = clock or node.clock
                condition = self.lower(node.condition, inner)
                done = self.put(g.Lasting(node.count), (condition,), node.type, inner, node.span)
                return self._held(done, node, clock, inner)
            case c.EventWindow():
                name = f"event {node.calendar}"
                event: g.Operation = g.Event(node.calendar, node.begin, node.end)
                if name in self.given:
                    event = g.Given(name)
                return self._sampled(event, node.type, clock, node.span)
            case c.Table():
                return self._table(node, clock)
            case c.Invoke():
                return self._call(node, clock)

    def axis(self, axis: c.Axis, clock: str, span: Span) -> int:
        """The node of an axis: the code of the row (or column) that its input picks."""
        band = g.Band(
            axis.edges,
            axis.joins_above,
            axis.rows,
            -1 if axis.missing is None else axis.missing,
        )
        return self.put(band, (self.lower(axis.input, clock),), _CODE, clock, span)

    def cell(self, node: c.Table, clock: str) -> int:
        """The node of a table's cell: its number in the table's values."""
        code = self.axis(node.axes[0], clock, node.span)
        if len(node.axes) == 2:
            across = node.axes[1]
            columns = max((*across.rows, -1 if across.missing is None else across.missing)) + 1
            other = self.axis(across, clock, node.span)
            code = self.put(g.Cross(columns), (code, other), _CODE, clock, node.span)
        return code

    def _table(self, node: c.Table, clock: str) -> int:
        code = self.cell(node, clock)
        last = () if node.missing is None else (node.missing,)
        values = tuple(self.lower(value, clock) for value in (*node.values, *last))
        select = g.Select(len(node.values))
        return self.put(select, (code, *values), node.type, clock, node.span)

    def _call(self, node: c.Invoke, clock: str) -> int:
        builtin = node.builtin
        if builtin.shape is Shape.RESAMPLE:
            inner = clock or node.clock
            return self._held(self.lower(node.arguments[0], inner), node, clock, inner)
        parameters = builtin.parameters_of(len(node.arguments))
        inner = g.ROWS if builtin.shape is Shape.CALENDAR else clock or node.clock
        fixed: list[float | int | str | None] = []
        inputs: list[int] = []
        for parameter, argument in zip(parameters, node.arguments, strict=True):
            if parameter.role in (Takes.SERIES, Takes.CONDITION, Takes.CURVE):
                fixed.append(None)
                inputs.append(self.lower(argument, inner))
            else:
                assert isinstance(argument, c.Constant)
                fixed.append(argument.value)
        call = g.Call(builtin.name, tuple(fixed))
        done = self.put(call, tuple(inputs), node.type, inner, node.span)
        if clock and not inner:
            return self.put(g.Sample(), (done,), node.type, clock, node.span)
        return self._held(done, node, clock, inner)

    def _held(self, number: int, node: c.Expression, clock: str, inner: str) -> int:
        """A node of a clock, on the rows if those are wanted."""
        if inner == clock:
            return number
        return self.put(g.Hold(), (number,), node.type, clock, node.span)

    def _sampled(self, operation: g.Operation, type: Type, clock: str, span: Span) -> int:
        """A leaf that stands on the rows, on the clock that is wanted."""
        number = self.put(operation, (), type, g.ROWS, span)
        return number if not clock else self.put(g.Sample(), (number,), type, clock, span)


def _stored(value: float | int, type: Type) -> float | int:
    whole = g.storage_of(type) in (g.Storage.FLAG, g.Storage.CODE)
    if not whole:
        return float(value)
    if value != value:
        return -1 if g.storage_of(type) is g.Storage.CODE else 0
    return int(value)
