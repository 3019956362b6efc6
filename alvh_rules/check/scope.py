"""The names of a ruleset while it is checked: what is declared, and the findings so far.

A `Scope` is filled by `declare.py`, read and extended by the passes after it, and turned into the
frozen `CheckedRuleset` at the end of `checker.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from alvh_rules.check.checked import Expression, Role
from alvh_rules.core import bounds
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.kinds import Kind, Type
from alvh_rules.core.schema import Bars, Column
from alvh_rules.core.source import Source, Span
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import Parsed, parse

POSITION = {
    "profit": Type(Kind.MONEY, difference=True),
    "loss": Type(Kind.MONEY, difference=True),
    "credit": Type(Kind.MONEY),
    "days_to_expiry": Type(Kind.DAYS),
    "breached": Type(Kind.FLAG),
    "delta": Type(Kind.RATIO, difference=True),
    "gamma": Type(Kind.RATIO, difference=True),
    "theta": Type(Kind.MONEY, difference=True),
    "vega": Type(Kind.MONEY, difference=True),
    "extrinsic": Type(Kind.MONEY),
}
"""The attributes of an open position, in closing conditions."""

OTHER_POSITION_NAMES = {
    "dte": "days_to_expiry",
    "days": "days_to_expiry",
    "pnl": "profit",
    "gain": "profit",
    "premium": "credit",
    "tested": "breached",
    "time_value": "extrinsic",
}
"""What is said elsewhere for an attribute of a position."""

BOOK = {
    "drawdown": Type(Kind.RATIO),
    "loss": Type(Kind.MONEY, difference=True),
    "delta": Type(Kind.RATIO, difference=True),
    "gamma": Type(Kind.RATIO, difference=True),
    "theta": Type(Kind.MONEY, difference=True),
    "vega": Type(Kind.MONEY, difference=True),
    "margin": Type(Kind.MONEY),
    "max_loss": Type(Kind.MONEY),
}
"""The attributes of everything held. All are zero when nothing is."""

LAYER = {
    "breached": Type(Kind.FLAG),
    "profit": Type(Kind.MONEY, difference=True),
    "delta": Type(Kind.RATIO, difference=True),
    "gamma": Type(Kind.RATIO, difference=True),
    "theta": Type(Kind.MONEY, difference=True),
    "vega": Type(Kind.MONEY, difference=True),
    "margin": Type(Kind.MONEY),
    "max_loss": Type(Kind.MONEY),
}
"""The attributes of all that a layer holds (`short.theta`). False or zero when it holds nothing."""

RESERVED = frozenset(
    [
        "x",
        "and",
        "or",
        "not",
        "if",
        "then",
        "else",
        "between",
        "is",
        "for",
        "of",
        "to",
        "from",
        "by",
        "at",
        "on",
        "when",
        "until",
        "true",
        "false",
        "missing",
        "below",
        "over",
        "nearest",
        "weight",
        "open",
        "close",
        "hold",
        "size",
        "every",
        "expiring",
        "wings",
        "sell",
        "buy",
        "legs",
        "ratio",
        "time_shift",
        "given",
        "expect",
        "capital",
        "risk",
        "bars",
        "fill",
        "contracts",
        "requires",
        "version",
        "like",
        "optional",
        "carry",
        "known",
        "nothing",
        "equity",
        "hedge",
        "book",
        "total_weight",
        "regime",
        "spot",
    ]
)
"""Words that begin a row, are operators, or name what every ruleset has."""


@dataclass(slots=True)
class ParamState:
    """A param while its kind is being found from its uses."""

    row: ast.ParamRow
    type: Type | None = None
    first_use: Span | None = None
    fixed_by: Span | None = None
    """A use that needs the value before any data is read (a window)."""


def read_used(path: Path, name: str) -> tuple[Source, Parsed]:
    """A file that another uses, from the disk; `name` is what its spans call it.

    Raises OSError where it cannot be had, ValueError where it is no text or too long.
    """
    if path.stat().st_size > bounds.MOST_BYTES:
        raise ValueError(f"it is larger than {bounds.MOST_BYTES:,} bytes")
    # A byte-order mark is no part of the text, as in the ruleset's own file.
    source = Source(name, path.read_text(encoding="utf-8-sig"))
    return source, parse(source)


_MOST_COMPARED = 100_000
"""Comparisons of names after which suggestions are no longer looked for."""


@dataclass(slots=True)
class Scope:
    """Everything known so far. Passes append to `found`; they never raise for what was written.

    `read` reads a used file as `read_used` does: an editor has texts that no disk has yet.
    """

    read: Callable[[Path, str], tuple[Source, Parsed]] = read_used
    found: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    bars: Bars = field(default_factory=Bars)
    columns: dict[str, Column] = field(default_factory=dict)
    column_spans: dict[str, Span] = field(default_factory=dict)
    calendars: dict[str, Span] = field(default_factory=dict)
    label_sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    label_set_of: dict[str, str] = field(default_factory=dict)
    label_spans: dict[str, Span] = field(default_factory=dict)
    params: dict[str, ParamState] = field(default_factory=dict)
    named: dict[str, ast.Let | ast.Table | ast.Signal | ast.Target] = field(default_factory=dict)
    layers: dict[str, ast.Layer] = field(default_factory=dict)
    hedge: ast.Hedge | None = None
    regimes: list[ast.Regime] = field(default_factory=list)
    events: list[ast.Event] = field(default_factory=list)
    values: dict[str, Expression] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    decisions: dict[str, Type] = field(default_factory=dict)
    """Types of the dotted names: `short.open`, `hedge.ratio`, `total_weight`."""
    broken: set[str] = field(default_factory=set)
    """Names whose own definition is at fault: their uses are not reported again."""
    measures: dict[Span, Expression] = field(default_factory=dict)
    """What positions need to know, by the place where it is written (`check/measures.py`)."""
    reallocated: frozenset[str] = frozenset()
    """The layers that `reallocate` moves weight between."""
    used: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    _nearest: dict[str, str] = field(default_factory=dict)
    _compared: int = 0
    """Lets of numbers alone, which take the kind of what they meet wherever they are used."""
    capital: float = 1_000_000.0

    def report(self, item: Diagnostic) -> None:
        """Add a finding."""
        self.found.append(item)

    def shown(self, span: Span) -> str:
        """The text of a span on one line."""
        return self.sources[span.file].one_line(span)

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """The known name that a misspelling most likely means, or nothing.

        Names are compared with one another a bounded number of times in a ruleset: one with thousands
        of errors gets its suggestions for the first of them, which are those that are shown.
        """
        if self._compared > _MOST_COMPARED:
            return ""
        names = list(known)
        self._compared += len(names)
        return nearest(name, names)

    def nearest_of_all(self, name: str, more: Iterable[str]) -> str:
        """The same, of all names of the ruleset and some more; what was found once is remembered."""
        if name not in self._nearest:
            if self._compared > _MOST_COMPARED:
                return ""
            self._nearest[name] = self.nearest(name, self.all_names().union(more))
        return self._nearest[name]

    def all_names(self) -> set[str]:
        """Every bare name that may stand in an expression."""
        return {*self.columns, *self.params, *self.named, *self.label_set_of}


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that a misspelling most likely means, or nothing."""
    found = get_close_matches(name, list(known), 1, 0.7)
    return found[0] if found else ""
