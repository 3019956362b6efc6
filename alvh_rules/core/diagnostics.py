"""User errors as values.

A stage never raises for what a user wrote: it returns its output and the diagnostics it found. A
`Diagnostic` has a stable code, a severity, one sentence in the trader's words, the place it is
about (a span of a ruleset, or a location in a data file), labels on every other place involved, a
help line that says what was probably meant and, where one can be made, a `Fix` of text edits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from alvh_rules.core.source import Span


class Severity(StrEnum):
    """An error stops a run; a warning is a probable mistake; advice is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic speaks of, with a few words on its part in it."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span` by `replacement`."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend the finding. A safe fix never changes what the ruleset decides."""

    message: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `span` is a place in a ruleset; `location` says where in a data file."""

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    help: str = ""
    fix: Fix | None = None
    location: str = ""

    @property
    def is_error(self) -> bool:
        """Whether this finding stops a run."""
        return self.severity is Severity.ERROR


class RulesetError(Exception):
    """Raised by the Python interface, never inside it: the diagnostics that stopped a call."""

    def __init__(self, diagnostics: Iterable[Diagnostic], rendered: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(rendered or "\n".join(one_line(item) for item in self.diagnostics))


class DataWarning(UserWarning):
    """What the Python interface warns of: data that could be read, with something to know of it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic)

    def __str__(self) -> str:
        return one_line(self.diagnostic)


def one_line(diagnostic: Diagnostic) -> str:
    """`code: message (location)`, for places that have room for a line only."""
    where = f" ({diagnostic.location})" if diagnostic.location else ""
    return f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}{where}"


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics stops a run."""
    return any(item.is_error for item in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file and place, each said once, those without a place first."""
    unique = dict.fromkeys(diagnostics)
    return sorted(
        unique,
        key=lambda item: (
            (item.span.file, item.span.start, item.span.end) if item.span else ("", -1, -1),
            item.code,
            item.message,
        ),
    )
