"""The nodes of a plan in the trader's words: by name where they have one, else as they were written."""

from __future__ import annotations

from alvh_rules.check import checked as c
from alvh_rules.check.cover_tables import shown as shown_number
from alvh_rules.core.kinds import Kind
from alvh_rules.plan import graph as g

_OWN = (c.Role.COLUMN, c.Role.LET, c.Role.TABLE, c.Role.SIGNAL, c.Role.TARGET, c.Role.REGIME)
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_WORDS = {"==": "is", "!=": "is not"}
_TIGHT = (g.Column, g.Given, g.Constant, g.Call, g.Book)


class Shown:
    """What a ruleset calls the nodes of its plan."""

    def __init__(self, ruleset: c.CheckedRuleset, plan: g.Plan) -> None:
        self._ruleset = ruleset
        self._nodes = plan.nodes
        self.names: dict[int, str] = {}
        self.marks: dict[int, str] = {}
        """What is added to a node's text, where two rulesets call different things the same."""
        self._limits = {
            plan.names[limit.binds]: limit.text
            for limit in ruleset.limits
            if limit.binds is not None
        }
        for name, number in plan.names.items():
            role = ruleset.roles.get(name)
            internal = "@" in name or role in (c.Role.STEP, c.Role.BOUND, c.Role.ALWAYS)
            if internal or role is c.Role.EVENT:
                continue
            if isinstance(plan.nodes[number].operation, g.Constant):
                continue
            # A let is nearer to what a trader thinks of than a decision that is the same column.
            if number not in self.names or role in _OWN[:2]:
                self.names.setdefault(number, name)
        windows: dict[str, set[tuple[int, int]]] = {}
        for node in plan.nodes:
            if isinstance(node.operation, g.Event):
                event = node.operation
                windows.setdefault(event.calendar, set()).add((event.begin, event.end))
        self._several = {name for name, found in windows.items() if len(found) > 1}

    def name(self, number: int) -> str | None:
        """The node's own name, if it has one."""
        return self.names.get(number)

    def text(self, number: int) -> str:
        """A node as a trader would write it."""
        if number in self.marks:
            return f"{self._unmarked(number)} ({self.marks[number]})"
        return self._unmarked(number)

    def _unmarked(self, number: int) -> str:
        named = self.names.get(number)
        if named is not None:
            return named
        if number in self._limits:
            return f"{self._limits[number]} binds"
        node = self._nodes[number]
        match node.operation:
            case g.Column(name) | g.Given(name) | g.Book(name):
                return name
            case g.Constant(value):
                return self.value(value, node)
            case g.Event(calendar, begin, end):
                if calendar not in self._several:
                    return f"event {calendar}"
                return f"event {calendar} (sessions {begin:+d} to {end:+d})"
            case g.Compare(sign):
                left, right = node.inputs
                return f"{self._part(left)} {_WORDS.get(sign, sign)} {self._part(right)}"
            case g.Arithmetic(sign):
                left, right = node.inputs
                return f"{self._part(left)} {sign} {self._part(right)}"
            case g.Not():
                return self.denied(node.inputs[0])
            case g.Logical(word):
                return f" {word} ".join(self._part(part) for part in node.inputs)
            case g.Negative():
                return f"-{self._part(node.inputs[0])}"
            case g.IsMissing():
                return f"{self._part(node.inputs[0])} is missing"
            case g.Lasting(count):
                return f"{self._part(node.inputs[0])} for {count} sessions"
            case _:
                return self._written(node)

    def defined(self, number: int, *, denied: bool = False) -> str:
        """A condition (or that it is false) as it is defined, though it has a name."""
        name = self.names.pop(number, None)
        try:
            return self.denied(number) if denied else self._unmarked(number)
        finally:
            if name is not None:
                self.names[number] = name

    def before(self, number: int) -> str:
        """What a node with a memory was before this row."""
        node = self._nodes[number]
        match node.operation:
            case g.Lasting(count):
                return self._earlier(node.inputs[0], count - 1)
            case g.Call("held", fixed):
                return self._earlier(node.inputs[0], int(fixed[-1] or 1) - 1)
            case g.Call("crosses_above" | "crosses_below" as name):
                left, right = (self._part(part) for part in node.inputs)
                return (
                    f"{left} {'<=' if name == 'crosses_above' else '>='} {right} the session before"
                )
            case _:
                return f"{self._part(number)} the session before"

    def _earlier(self, condition: int, count: int) -> str:
        if count == 1:
            return f"{self._part(condition)} the session before"
        return f"{self._part(condition)} on each of the {count} sessions before"

    def denied(self, number: int) -> str:
        """What it says that a condition is false."""
        node = self._nodes[number]
        if number in self._limits:
            return f"{self._limits[number]} does not bind"
        if isinstance(node.operation, g.Compare) and number not in self.names:
            sign = _OPPOSITE[node.operation.operator]
            left, right = node.inputs
            return f"{self._part(left)} {_WORDS.get(sign, sign)} {self._part(right)}"
        if isinstance(node.operation, g.Not):
            return self.text(node.inputs[0])
        return f"not {self._part(number)}"

    def value(self, value: object, node: g.Node) -> str:
        """A held value of a node as a ruleset writes it."""
        kind = node.type.kind
        if value is None:
            return "missing"
        if isinstance(value, str):
            return value
        assert isinstance(value, (int, float))
        if kind is Kind.FLAG:
            return {1: "true", -1: "false"}.get(int(value), "missing")
        if kind is Kind.LABEL:
            words = self._ruleset.labels.get(node.type.labels, ())
            if not 0 <= int(value) < len(words):
                return "missing"
            return words[int(value)]
        if value != value:
            return "missing"
        return shown_number(float(value), kind)

    def _part(self, number: int) -> str:
        node = self._nodes[number]
        text = self.text(number)
        if number in self.names or isinstance(node.operation, _TIGHT):
            return text
        return f"({text})"

    def _written(self, node: g.Node) -> str:
        source = self._ruleset.sources.get(node.span.file)
        return source.one_line(node.span) if source is not None else type(node.operation).__name__


def edge_text(value: float, node: g.Node) -> str:
    """A table's edge as its input's kind writes it."""
    return shown_number(value, node.type.kind)
