"""A number that one measure is compared with at two places or more.

What it does
------------
Looks for a literal that stands in two clauses or more which compare the same measure with it. The
numbers 0, 1 and 100% are let be, and so are properties (`always`), assumptions and tests, which say a
number again on purpose, and the edges of tables, which must be numbers.

Why is this bad
---------------
The two are one decision of the trader's, and sooner or later only one of them is changed. A param says
what the number is for, and a sweep can walk it.

Example
-------
```alvh
ruleset example version 1.0.0
data
  vix volatility
signal stirred when vix > 25
signal paid from vix > 40 until vix < 25
```

Use instead
-----------
```alvh
ruleset example version 1.0.0
data
  vix volatility
param stir = 25 from 20 to 30 by 1
signal stirred when vix > stir
signal paid from vix > 40 until vix < stir
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from alvh_rules.builtins.registry import BUILTINS
from alvh_rules.check import checked as c
from alvh_rules.core.diagnostics import Edit, Fix, Label, Severity
from alvh_rules.core.source import Span
from alvh_rules.lint.clauses import clauses, number_of
from alvh_rules.lint.record import Finding, Lint, Subject
from alvh_rules.syntax import ast

_PLAIN = (0.0, 1.0)


def _run(subject: Subject) -> Iterator[Finding]:
    places: dict[tuple[c.Expression, float], dict[Span, None]] = {}
    repeated = {item.span for item in subject.findings if item.code == "ALV504"}
    for clause in clauses(subject.ruleset):
        number = number_of(clause.threshold)
        known = number is None or abs(number) in _PLAIN or clause.compare.span in repeated
        if number is not None and not known:
            places.setdefault((clause.measure, number), {})[clause.place] = None
    naming = _Naming(subject)
    for (measure, _), spans in places.items():
        if len(spans) < 2:
            continue
        first, second, *others = spans
        written, compared = subject.text(first), subject.text(measure.span)
        yield Finding(
            f"`{compared}` is compared with {written} at {len(spans)} places",
            second,
            "give the number a name with `param`, so that it is changed once",
            "here again",
            (
                Label(first, "first here"),
                *(Label(span, "and here") for span in others),
            ),
            naming.fix(measure, list(spans)),
        )


class _Naming:
    """A param in place of a number: one row for it, and its name wherever the number stood."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    @cached_property
    def _taken(self) -> set[str]:
        """Words that may not be a new name: whatever the texts hold, and functions."""
        texts = (source.text for source in self._subject.ruleset.sources.values())
        return {word for text in texts for word in re.findall(r"\w+", text)} | set(BUILTINS)

    @cached_property
    def _row(self) -> tuple[int, str]:
        """Where the row goes, and its form: into a `param` block of several lines, or after the data."""
        source, items = self._subject.source, self._subject.file.items
        for item in items:
            if isinstance(item, ast.Params):
                opening = source.text[item.span.start : item.rows[0].span.start]
                if "\n" in opening:
                    return _line_end(source.text, item.rows[-1].span), "  {}\n"
        heads = [item for item in items if isinstance(item, ast.Header | ast.Data)]
        return _line_end(source.text, heads[-1].span), "\nparam {}\n"

    def fix(self, measure: c.Expression, spans: list[Span]) -> Fix | None:
        """Unsafe, for the name is a guess. A used file has no params of ours: no fix there."""
        source = self._subject.source
        if any(span.file != source.path for span in spans):
            return None
        stem = measure.name if isinstance(measure, c.Reference | c.Position) else "threshold"
        names = (f"{stem}_level", *(f"{stem}_level_{number}" for number in range(2, 100)))
        name = next((word for word in names if word not in self._taken), None)
        if name is None:
            return None
        self._taken.add(name)
        row = f"{name} = {self._subject.text(spans[0])}"
        at, form = self._row
        edits = (Edit(source.span(at, at), form.format(row)), *(Edit(span, name) for span in spans))
        return Fix(f"name it: `param {row}`", edits)


def _line_end(text: str, span: Span) -> int:
    """Where the line after a span's last word begins."""
    last = span.start + len(text[span.start : span.end].rstrip())
    end = text.find("\n", last)
    return len(text) if end < 0 else end + 1


LINT = Lint("ALV756", "repeated-number", Severity.ADVICE, _run)
