"""The record of a lint, and what its function is given and gives.

A lint is a function from a `Subject` to `Finding`s, in a file of its own in `catalogue/`, whose
module text is its page of documentation (`pages.py`). The record beside it says its code, its name
in `alvh.toml`, its severity where nothing else is said, and its options. A lint never changes what it
is given, and imports NumPy inside its function if it needs it: `alvh check` without data stays light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.diagnostics import Diagnostic, Fix, Label, Severity
from alvh_rules.core.source import Source, Span
from alvh_rules.plan.graph import Plan
from alvh_rules.syntax import ast
from alvh_rules.syntax.parse import parse

if TYPE_CHECKING:
    from alvh_rules.evaluate.engine import Evaluation

Value = bool | int | float | tuple[tuple[str, str], ...]
"""What an option of a lint may be: a flag, a number, or a table of texts by name."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of one lint, `[lint.NAME] option = …`.

    The default says the type: a flag, a whole number, a number, or (`()`) a table of texts. Numbers
    lie from `least` to `most`.
    """

    name: str
    default: Value
    doc: str
    least: float = 0.0
    most: float = float("inf")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a lint speaks of. The lint's record gives its code and severity."""

    message: str
    span: Span
    help: str = ""
    label: str = ""
    labels: tuple[Label, ...] = ()
    fix: Fix | None = None


@dataclass(frozen=True)
class Subject:
    """What a lint looks at: a ruleset without errors.

    `file` is the syntax of the ruleset's own file; `findings` are the checker's. `evaluation` keeps
    every node over the data that was given, and is there for every lint that `needs_data`; other
    lints may use it where it is not None. `options` has a value for each of the lint's options.
    `trees` are the syntax of used files, by their names in spans, as far as it is at hand.
    """

    ruleset: CheckedRuleset
    plan: Plan
    file: ast.File
    findings: tuple[Diagnostic, ...] = ()
    evaluation: Evaluation | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    trees: Mapping[str, ast.File] = field(default_factory=dict)

    @cached_property
    def items(self) -> tuple[ast.Item, ...]:
        """The items of the ruleset's file and of those it uses."""
        items = list(self.file.items)
        for path, source in self.ruleset.sources.items():
            if path != self.file.path:
                items += (self.trees.get(path) or parse(source).file).items
        return tuple(items)

    @property
    def source(self) -> Source:
        """The ruleset's own text."""
        return self.ruleset.sources[self.file.path]

    def number(self, option: Option) -> float:
        """The value of a numeric option."""
        value = self.options[option.name]
        assert isinstance(value, int | float)
        return value

    def text(self, span: Span) -> str:
        """What was written at a span, on one line."""
        return self.ruleset.text(span)


@dataclass(frozen=True, slots=True)
class Lint:
    """A lint. `name` is in kebab-case; one with `enabled` false runs only where it is selected."""

    code: str
    name: str
    severity: Severity
    run: Callable[[Subject], Iterable[Finding]]
    needs_data: bool = False
    enabled: bool = True
    options: tuple[Option, ...] = ()

    def diagnostic(self, finding: Finding) -> Diagnostic:
        """A finding with this lint's code and severity."""
        return Diagnostic(
            self.code,
            self.severity,
            finding.message,
            finding.span,
            finding.label,
            finding.labels,
            finding.help,
            finding.fix,
        )
