"""A table over a measure that can be missing, without a `missing` row.

What it does
------------
Looks for a table without a `missing` row whose input rests on an optional column, on a column that
is known late, on a calendar, or on a function that looks back and is unknown until it has its
history. With the option `every-column` any data column counts, since any file may have a gap. What
the hedge holds (`hold by`) is let be: an unknown keeps what is held.

Why is this bad
---------------
On such a session the table is unknown, and so is every decision that rests on it: nothing is opened,
and a hedge stays as it was. A `missing` row says what the trader wants instead.

Example
-------
```alvh
ruleset example version 1.0.0
data
  spx price
let realized = realized_volatility(spx, 20 sessions)
table share by realized
  below 15   => 100%
  15 or more => 50%
target pace = share
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  spx price
let realized = realized_volatility(spx, 20 sessions)
table share by realized
  below 15   => 100%
  15 or more => 50%
  missing    => 50%
target pace = share
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alvh_rules.builtins.record import Shape
from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import Severity
from alvh_rules.core.schema import Column
from alvh_rules.lint.record import Finding, Lint, Option, Subject

_EVERY_COLUMN = Option(
    "every-column", False, "any data column can be missing, not optional ones only"
)


def _run(subject: Subject) -> Iterator[Finding]:
    ruleset = subject.ruleset
    columns = {column.name: column for column in ruleset.schema.columns}
    for name, value in ruleset.values.items():
        if ruleset.roles[name] is not c.Role.TABLE:
            continue
        match value:
            case c.Table() if value.missing is None:
                inputs = [axis.input for axis in value.axes if axis.missing is None]
            case c.Interpolate() if value.missing is None:
                inputs = [value.input]
            case _:
                continue
        for item in inputs:
            reason = _gap(subject, columns, item)
            if reason:
                text = subject.text(item.span)
                yield Finding(
                    f"table `{name}` does not say what holds while `{text}` is missing",
                    item.span,
                    f"{reason}: add a row `missing => …`",
                )


def _gap(subject: Subject, columns: Mapping[str, Column], root: c.Expression) -> str:
    """Why a value can be missing, or nothing."""
    ruleset = subject.ruleset
    seen: set[str] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        match node:
            case c.Reference():
                if node.name not in seen and node.name in ruleset.values:
                    seen.add(node.name)
                    stack.append(ruleset.values[node.name])
                continue
            case c.Column():
                column = columns[node.name]
                if column.optional:
                    return f"`{node.name}` is optional"
                if column.lag_sessions or column.known_time:
                    return f"`{node.name}` is known late"
                if subject.options["every-column"]:
                    return f"`{node.name}` may have gaps"
            case c.Invoke():
                name = node.builtin.name
                if node.builtin.shape is Shape.CALENDAR:
                    return f"`{name}` is unknown outside the calendar's years"
                if node.builtin.shape is not Shape.POINTWISE:
                    return f"`{name}` is unknown until it has its history"
            case c.Lasting():
                return f"`for {node.count} …` is unknown until it has its history"
            case c.IsMissing():
                continue
            case c.Table() | c.Interpolate() if _answers(node):
                stack.extend(_answered(node))
                continue
            case _:
                pass
        stack.extend(reversed(c.operands(node)))
    return ""


def _answers(node: c.Table | c.Interpolate) -> bool:
    """Whether a table says itself what holds where its input is missing."""
    if node.missing is not None:
        return True
    return isinstance(node, c.Table) and all(axis.missing is not None for axis in node.axes)


def _answered(node: c.Table | c.Interpolate) -> tuple[c.Expression, ...]:
    last = () if node.missing is None else (node.missing,)
    return (*node.values, *last) if isinstance(node, c.Table) else last


LINT = Lint("ALV758", "table-without-missing", Severity.ADVICE, _run, options=(_EVERY_COLUMN,))
