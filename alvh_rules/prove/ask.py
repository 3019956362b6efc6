"""A condition from the command line, checked in a ruleset's scope.

It is read as one more `assume` at the end of the ruleset's text, so that it may speak of every name,
kinds and units included, and what is wrong with it is said as it is said of a ruleset.
"""

from __future__ import annotations

from pathlib import Path

from alvh_rules.core.source import Source
from alvh_rules.pipeline import Checked, check_source
from alvh_rules.syntax.parse import parse

SHOWN = "--can"


def with_condition(source: Source, condition: str, root: Path) -> Checked | str:
    """The ruleset with the condition as its last assumption; or why it is none."""
    if "\n" in condition or "\r" in condition or "#" in condition or not condition.strip():
        return 'a condition is one line: alvh prove RULESET --can "short.open and inverted"'
    item = f"assume {condition.strip()}\n"
    alone = parse(Source(SHOWN, item))
    if alone.file.items == () or any(found.is_error for found in alone.diagnostics):
        return Checked(None, None, tuple(alone.diagnostics), {SHOWN: Source(SHOWN, item)})
    return check_source(Source(source.path, source.text.rstrip("\n") + "\n\n" + item), root)
