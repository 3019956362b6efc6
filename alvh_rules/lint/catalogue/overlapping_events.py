"""Windows of events that scale one weight at the same time.

What it does
------------
Looks for events that scale the same layer or the hedge and whose windows can be open on one session.
Two windows of one calendar overlap on each of its dates (each window is reported once, with the
first one above it that it overlaps); windows of several calendars overlap where
their dates fall close enough, and each label says how close. With `--data`, several calendars are
reported only if that happens on the sessions of the data, and how often is said.

Why is this bad
---------------
Factors multiply: `x 50%` and `x 70%` leave 35%, which neither line says. It may well be meant; then
the comment `# alvh: ignore[ALV754]` says so to the next reader.

Example
-------
```alvh
ruleset example version 1.0.0
data
  spx price
  vix volatility
calendar fomc
layer short
  sell iron condor on spx expiring 7 to 21 days
  weight 30%
  open when vix > 15
event fomc from 2 sessions before to same session
  short x 50%
event fomc on same session
  short x 70%
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  spx price
  vix volatility
calendar fomc
layer short
  sell iron condor on spx expiring 7 to 21 days
  weight 30%
  open when vix > 15
event fomc from 2 sessions before to 1 session before
  short x 50%
event fomc on same session
  short x 35%
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from alvh_rules.core.diagnostics import Label, Severity
from alvh_rules.core.kleene import TRUE
from alvh_rules.lint.record import Finding, Lint, Subject
from alvh_rules.syntax import ast


@dataclass(frozen=True, slots=True)
class _Window:
    """An event, its name among the ruleset's values, and the factors by what they scale."""

    event: ast.Event
    key: str
    factors: dict[str, ast.Expression]

    @property
    def calendar(self) -> str:
        return self.event.calendar.name


def _run(subject: Subject) -> Iterator[Finding]:
    windows = list(_windows(subject))
    for number, second in enumerate(windows):
        for first in windows[:number]:
            begin = max(first.event.begin, second.event.begin)
            end = min(first.event.end, second.event.end)
            if first.calendar != second.calendar or begin > end:
                continue
            shared = [name for name in second.factors if name in first.factors]
            if not shared:
                continue
            yield Finding(
                f"two windows of `{first.calendar}` overlap {_offsets(begin, end)}: "
                f"{_effect(subject, shared, (first, second))}",
                second.event.calendar.span,
                "factors multiply: make the windows meet, or say it is meant with a comment",
                f"this window is {_offsets(second.event.begin, second.event.end)}",
                (
                    Label(
                        first.event.calendar.span,
                        f"and this one {_offsets(first.event.begin, first.event.end)}",
                    ),
                ),
            )
            break
    yield from _across(subject, windows)


def _across(subject: Subject, windows: Sequence[_Window]) -> Iterator[Finding]:
    """The windows of several calendars, together for all weights that the same ones scale."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for name in dict.fromkeys(name for window in windows for name in window.factors):
        scaling = [at for at, window in enumerate(windows) if name in window.factors]
        # Of one calendar's windows the first stands for all: what they do together is said above.
        first_of = {windows[at].calendar: at for at in reversed(scaling)}
        if len(first_of) > 1:
            groups.setdefault(tuple(sorted(first_of.values())), []).append(name)
    for members, names in groups.items():
        group = [windows[at] for at in members]
        *earlier, last = group
        seen = ""
        if subject.evaluation is not None:
            count, first = _together(subject, group)
            if not count:
                continue
            unit = "session" if count == 1 else "sessions"
            which = "" if len(group) == 2 else "two or more are open "
            seen = f"; here {which}on {count:,} {unit}, first {first}"
        shown = [f"`{window.calendar}`" for window in group]
        listing = f"{', '.join(shown[:-1])} and {shown[-1]}"
        yield Finding(
            f"windows of {listing} can overlap: {_effect(subject, names, group)}{seen}",
            last.event.calendar.span,
            "factors multiply: say it is meant with a comment, `# alvh: ignore[ALV754] why`",
            labels=tuple(
                Label(
                    one.event.calendar.span,
                    "; ".join(_distance(one, other) for other in group[at + 1 :]),
                )
                for at, one in enumerate(earlier)
            ),
        )


def _windows(subject: Subject) -> Iterator[_Window]:
    weighted = [layer.name for layer in subject.ruleset.layers if layer.weighted]
    counts: dict[str, int] = {}
    for item in subject.file.items:
        if not isinstance(item, ast.Event):
            continue
        name = item.calendar.name
        counts[name] = counts.get(name, 0) + 1
        key = f"event.{name}" + (f".{counts[name]}" if counts[name] > 1 else "")
        factors: dict[str, ast.Expression] = {}
        for effect in item.effects:
            if isinstance(effect, ast.Scale):
                scaled = weighted if effect.subject.name == "weight" else [effect.subject.name]
                factors |= dict.fromkeys(scaled, effect.factor)
        yield _Window(item, key, factors)


def _together(subject: Subject, group: Sequence[_Window]) -> tuple[int, str]:
    """On how many sessions of the data two or more of the windows are open, and the first of them."""
    import numpy as np

    assert subject.evaluation is not None
    columns = subject.evaluation.columns
    dates = subject.evaluation.market.timeline.dates
    open_windows = np.sum([columns[window.key] == TRUE for window in group], axis=0)
    days = np.unique(dates[open_windows >= 2])
    return len(days), str(days[0]) if len(days) else ""


def _effect(subject: Subject, names: Sequence[str], group: Sequence[_Window]) -> str:
    """`short` is scaled by 50% × 70% = 35%."""
    parts = []
    for name in names:
        factors = [window.factors[name] for window in group]
        text = " × ".join(subject.text(factor.span) for factor in factors)
        numbers = [_factor(item) for item in factors]
        known = [number for number in numbers if number is not None]
        if len(known) == len(numbers):
            text += f" = {prod(known) * 100:.6g}%"
        parts.append(f"`{name}` is then scaled by {text}")
    return ", ".join(parts) + ("" if len(group) == 2 else " when all are open")


def _factor(node: ast.Expression) -> float | None:
    if not isinstance(node, ast.Number) or node.unit not in ("", "%"):
        return None
    return float(node.text) / (100 if node.unit == "%" else 1)


def _offsets(begin: int, end: int) -> str:
    """A window in words: `from 2 sessions before to the day itself`."""
    if begin == end:
        return "on the day itself" if begin == 0 else _offset(begin)
    return f"from {_offset(begin)} to {_offset(end)}"


def _offset(sessions: int) -> str:
    if sessions == 0:
        return "the day itself"
    unit = "session" if abs(sessions) == 1 else "sessions"
    return f"{abs(sessions)} {unit} {'before' if sessions < 0 else 'after'}"


def _distance(one: _Window, other: _Window) -> str:
    """Where a date of the other window must fall, seen from a date of this one.

    With the windows a + [a0, a1] and b + [b0, b1] around dates a and b, they share a session where
    a0 - b1 <= b - a <= a1 - b0.
    """
    low = one.event.begin - other.event.end
    high = one.event.end - other.event.begin
    where = _offsets(low, high) if (low, high) != (0, 0) else "on the same session"
    return f"overlaps `{other.calendar}` when that falls {where}, seen from `{one.calendar}`"


LINT = Lint("ALV754", "overlapping-events", Severity.ADVICE, _run)
