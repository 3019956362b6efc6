"""The laws of a plan, checked after it is made and before it is used.

A broken law is a fault of this program. It is found here, with the node's number, and not as a wrong
decision: order and interning, the number and storage of inputs, clocks, codes within their tables,
windows within their bounds, columns and calendars within the schema.
"""

from __future__ import annotations

from collections.abc import Sequence

from alvh_rules.builtins.record import Role as Takes
from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core import bounds
from alvh_rules.plan import graph as g

_NUMBER, _FLAG, _CODE, _CURVE = g.Storage.NUMBER, g.Storage.FLAG, g.Storage.CODE, g.Storage.CURVE


class PlanError(Exception):
    """A plan that breaks a law."""


def verify(plan: g.Plan, ruleset: CheckedRuleset) -> None:
    """Raises `PlanError` at the first law that a node breaks."""
    columns = {column.name for column in ruleset.schema.columns}
    for number, node in enumerate(plan.nodes):
        found = _broken(plan.nodes, number, node)
        if found is None and isinstance(node.operation, g.Column):
            found = None if node.operation.name in columns else "reads an undeclared column"
        if found is None and isinstance(node.operation, g.Event):
            known = node.operation.calendar in ruleset.schema.calendars
            found = None if known else "reads an undeclared calendar"
        if found is not None:
            raise PlanError(f"node {number} ({node.operation}) {found}")
    if len(plan.numbers) != len(plan.nodes):
        raise PlanError("two nodes do the same")
    for name, value in ruleset.values.items():
        node = plan.nodes[plan.names[name]]
        if node.clock != g.ROWS or g.storage_of(node.type) is not g.storage_of(value.type):
            raise PlanError(f"`{name}` is not what the ruleset says it is")


def _broken(nodes: Sequence[g.Node], number: int, node: g.Node) -> str | None:
    """What is wrong with a node, looked at with its inputs."""
    if any(not 0 <= part < number for part in node.inputs):
        return "reads what does not stand before it"
    inputs = [nodes[part] for part in node.inputs]
    own = g.storage_of(node.type)
    held = [g.storage_of(part.type) for part in inputs]
    clocks = {part.clock for part in inputs}
    match node.operation:
        case g.Sample():
            return (
                None if clocks == {g.ROWS} and node.clock and held == [own] else "samples wrongly"
            )
        case g.Hold():
            fits = g.ROWS not in clocks and not node.clock and held == [own]
            return None if fits else "holds wrongly"
    if clocks - {node.clock}:
        return "reads from another clock"
    return None if _fits(node, own, held) else "has inputs that do not fit it"


def _fits(node: g.Node, own: g.Storage, held: list[g.Storage]) -> bool:
    """Whether the storage and number of inputs are those the operation takes."""
    match node.operation:
        case g.Constant(value):
            whole = {_FLAG: (-1, 0, 1), _CODE: range(-1, bounds.MOST_BYTES)}
            return not held and (own is _NUMBER or (own in whole and value in whole[own]))
        case g.Column() | g.Given() | g.Book() | g.Position():
            return not held
        case g.Event(_, begin, end):
            return not held and own is _FLAG and begin <= end
        case g.Negative() | g.Rounded():
            return held == [_NUMBER] and own is _NUMBER
        case g.Arithmetic():
            return held == [_NUMBER, _NUMBER] and own is _NUMBER
        case g.Compare():
            return len(held) == 2 and held[0] is held[1] and own is _FLAG
        case g.IsMissing():
            return len(held) == 1 and own is _FLAG
        case g.Not():
            return held == [_FLAG] and own is _FLAG
        case g.Logical():
            return len(held) >= 2 and set(held) == {_FLAG} and own is _FLAG
        case g.Lasting(count):
            return held == [_FLAG] and own is _FLAG and 1 <= count <= bounds.MOST_WINDOW
        case g.Latch():
            return held == [_FLAG, _FLAG] and own is _FLAG
        case g.Conditional():
            return held == [_FLAG, own, own]
        case g.Interpolate(points, values):
            fits = len(points) == len(values) > 0 and list(points) == sorted(set(points))
            return fits and held in ([_NUMBER], [_NUMBER, _NUMBER]) and own is _NUMBER
        case g.Band(edges, joins_above, rows, _):
            ascending = list(edges) == sorted(edges) and len(edges) == len(joins_above)
            bands = len(rows) == len(edges) + 1 if held == [_NUMBER] else not edges
            return ascending and bands and len(held) == 1 and own is _CODE
        case g.Cross(columns):
            return held == [_CODE, _CODE] and own is _CODE and columns > 0
        case g.FirstTrue():
            return bool(held) and set(held) == {_FLAG} and own is _CODE
        case g.Select(options):
            return (
                held[:1] == [_CODE]
                and len(held) in (1 + options, 2 + options)
                and set(held[1:]) == {own}
            )
        case g.Combination(counts):
            return len(held) == len(counts) and set(held) <= {_FLAG, _CODE} and own is _CODE
        case g.Lookup():
            return held == [_CODE]
        case g.Call(function, fixed):
            return _call_fits(function, fixed, held)
        case _:
            return False


def _call_fits(
    function: str, fixed: tuple[float | int | str | None, ...], held: list[g.Storage]
) -> bool:
    builtin = BUILTINS.get(function)
    if builtin is None or len(fixed) < len(builtin.parameters) or fixed.count(None) != len(held):
        return False
    stored = iter(held)
    for parameter, value in zip(builtin.parameters_of(len(fixed)), fixed, strict=True):
        wanted = {Takes.CONDITION: _FLAG, Takes.CURVE: _CURVE}.get(parameter.role)
        if value is None:
            have = next(stored)
            if wanted is not None and have is not wanted:
                return False
        elif parameter.role is Takes.WINDOW and not (
            isinstance(value, int) and 0 <= value <= bounds.MOST_WINDOW
        ):
            return False
    return True
