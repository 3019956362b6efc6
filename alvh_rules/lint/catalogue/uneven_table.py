"""A table whose values run one way but for a single row.

What it does
------------
Takes the values of a table in the order of its bands (of a grid, along each line of numbers). Where
there are four or more, and without one of them they would run one way throughout, rising or falling,
that one is reported. It must stand among rows that run that way on both sides of it: a table that
rises to a top and falls from there is let be.

Why is this bad
---------------
One row against all others is more often a slip of the hand (145% for 45%) than a decision.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
table share by vix
  below 15   => 150%
  15 to 20   => 100%
  20 to 25   => 60%
  25 to 30   => 145%
  30 or more => 35%
target pace = share
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
table share by vix
  below 15   => 150%
  15 to 20   => 100%
  20 to 25   => 60%
  25 to 30   => 45%
  30 or more => 35%
target pace = share
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import Label, Severity
from alvh_rules.core.source import Span
from alvh_rules.lint.clauses import number_of
from alvh_rules.lint.record import Finding, Lint, Subject

LEAST_ROWS = 4
"""Fewer values than these do not suggest a direction."""

Line = list[tuple[float, Span]]
"""Values in the order of their bands, and where each is written."""


def _run(subject: Subject) -> Iterator[Finding]:
    for name, value in subject.ruleset.values.items():
        if subject.ruleset.roles[name] is not c.Role.TABLE:
            continue
        for line in _lines(value):
            odd = odd_one_out([number for number, _ in line])
            if odd is None:
                continue
            at, beside, rises = odd
            way = "rise" if rises else "fall"
            labels = () if beside is None else (Label(line[beside][1], "or is it this one?"),)
            yield Finding(
                f"the values of table `{name}` {way} from row to row, but for this one",
                line[at][1],
                "if it is meant, say so in a comment: `# alvh: ignore[ALV757] why`",
                "against the direction of its neighbours",
                labels,
            )


def odd_one_out(values: Sequence[float]) -> tuple[int, int | None, bool] | None:
    """The value without which all run one way, another that it might be instead, and the way.

    None where the values run one way as they are, or where leaving one out does not make them.
    """
    if len(values) < LEAST_ROWS:
        return None
    steps = [(at, b > a) for at, (a, b) in enumerate(pairwise(values)) if a != b]
    ups = sum(up for _, up in steps)
    if len(steps) < 3 or min(ups, len(steps) - ups) != 1:
        return None
    rises = ups > 1
    where = next(at for at, (_, up) in enumerate(steps) if up != rises)
    if where in (0, len(steps) - 1):
        return None
    at = steps[where][0]
    found = [one for one in (at, at + 1) if _runs([*values[:one], *values[one + 1 :]], rises)]
    if not found:
        return None
    return found[-1], found[0] if len(found) > 1 else None, rises


def _runs(values: Sequence[float], rises: bool) -> bool:
    return all(a <= b if rises else a >= b for a, b in pairwise(values))


def _lines(value: c.Expression) -> Iterator[Line]:
    match value:
        case c.Interpolate():
            yield list(zip(value.values, value.row_spans, strict=False))
        case c.Table():
            width = len(value.values) // max(1, len(value.row_spans) - (value.missing is not None))
            width = width if len(value.axes) == 2 else 1
            rows = range(len(value.values) // width)
            for column in range(width):
                yield _line(value, value.axes[0], [row * width + column for row in rows])
            if len(value.axes) == 2:
                for row in rows:
                    cells = [row * width + column for column in range(width)]
                    yield _line(value, value.axes[1], cells)
        case _:
            pass


def _line(table: c.Table, axis: c.Axis, cells: Sequence[int]) -> Line:
    """The cells along an axis from its lowest band up; none where they have no order or no number."""
    if not axis.edges:
        return []
    line: Line = []
    for position in axis.rows:
        if position < 0:
            continue
        cell = table.values[cells[position]]
        number = number_of(cell)
        if number is None:
            return []
        line.append((number, cell.span))
    return line


LINT = Lint("ALV757", "uneven-table", Severity.WARNING, _run)
