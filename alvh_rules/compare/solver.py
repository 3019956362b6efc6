"""What the solver says, in the words of a comparison.

`alvh_rules.prove` proves decisions equal, or finds a market where they differ. It needs Z3, which is an
extra; where either is absent, `NoSolverError` says so and how to install it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.core.kinds import Kind
from alvh_rules.core.kleene import TRUE
from alvh_rules.pipeline import Checked

INSTALL = "pip install 'alvh-rules[prove]'"


class NoSolverError(Exception):
    """There is no solver here; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer about one decision; values are as they are shown."""

    status: str
    region: str
    example: Mapping[str, str] | None
    old: str
    new: str
    boundary: str
    reason: str


def ask(old: Checked, new: Checked, names: Sequence[str], seconds: float) -> dict[str, Verdict]:
    """The solver's verdicts, by name. Raises `NoSolverError` where there is none."""
    try:
        import_module("z3")
        equality = import_module("alvh_rules.prove.equality")
    except ImportError:
        raise NoSolverError(f"the solver is not installed: {INSTALL}") from None
    answers = equality.compare_decisions(old, new, names, seconds=seconds)
    assert new.ruleset is not None
    return {item.name: _told(new.ruleset, item) for item in answers}


def _told(ruleset: CheckedRuleset, item: Any) -> Verdict:
    example = None
    if item.example is not None:
        example = {name: given(ruleset, name, value) for name, value in item.example.given.items()}
    type = ruleset.values[item.name].type
    old, new = (_value(ruleset, value, type.kind) for value in (item.old, item.new))
    return Verdict(item.status, item.region, example, old, new, item.boundary, item.reason)


def given(ruleset: CheckedRuleset, name: str, value: Any) -> str:
    """A value that an example gives, as a test of the ruleset would write it."""
    node = ruleset.values.get(name)
    if node is None:
        # A call or an event without a name: what it is shows in the value.
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return f"{value:g}" if number else _value(ruleset, value, Kind.FLAG)
    return _value(ruleset, value, node.type.kind)


def _value(ruleset: CheckedRuleset, value: Any, kind: Kind) -> str:
    from alvh_rules.report.values import shown

    if value is None:
        return "missing"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is Kind.FLAG:
        return "true" if value == TRUE else "false" if value < 0 else "unknown"
    if kind is Kind.LABEL:
        return str(value)
    told = shown(value, kind)
    # On a boundary every digit counts: what does not read back the same is written in full.
    read = float(told.rstrip("%")) / (100 if told.endswith("%") else 1) if value == value else value
    return told if read == value or value != value else repr(float(value))
