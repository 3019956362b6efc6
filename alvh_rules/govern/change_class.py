"""What a change of a ruleset is: its class, and its differences in words, as `alvh diff` finds them.

This is the only module of governance that knows how rulesets are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alvh_rules.govern.charter import CHANGES, Change
from alvh_rules.pipeline import Checked

MOST_LINES = 200
MOST_TEXT = 500
MOST_FILES = 50
DATA = "made of "
"""Before a file's name in the lines of history."""
SECONDS = 10.0
"""What the solver may take, as in `alvh diff`. What it leaves undecided counts as a change."""


@dataclass(frozen=True)
class ChangeClass:
    """The class of a change, why it is of that class, and what changes, a line each."""

    change: Change
    why: str
    lines: tuple[str, ...]


def change_class(old: Checked | None, new: Checked, *, seconds: float = SECONDS) -> ChangeClass:
    """How a ruleset differs from the version it follows; both without errors, None where it is first.

    A first version is a major change. So is no change less than a patch: a comment's change has no
    proposal, since the content stays.
    """
    if old is None:
        return ChangeClass("major", "it is the first version", ())
    from alvh_rules.compare.bump import Bump
    from alvh_rules.compare.compare import compare
    from alvh_rules.compare.text import text_lines

    found = compare(old, new, "before", "after", seconds)
    change: Change = "patch" if found.bump is Bump.NONE else CHANGES[found.bump - Bump.PATCH]
    lines = [line[:MOST_TEXT] for line in text_lines(found)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… and {len(lines) - MOST_LINES} lines more"]
    return ChangeClass(change, "; ".join(found.reasons)[:MOST_TEXT], tuple(lines))


def history_lines(
    old: Checked, new: Checked, data: Sequence[Path], calendars: Sequence[Path] = ()
) -> list[str]:
    """The sessions of history on which the decisions change, or what is wrong with the data; then the
    files, each with the digest of its bytes, so that it can be made again of the same."""
    from alvh_rules.compare.compare import compare
    from alvh_rules.compare.history import history_of
    from alvh_rules.compare.text import history_lines as lines_of
    from alvh_rules.core.diagnostics import one_line
    from alvh_rules.market.read import Options

    comparison = compare(old, new, "before", "after", SECONDS)
    history, found = history_of(comparison, data, Options(calendars=tuple(calendars)))
    lines = [one_line(item) for item in found] if history is None else lines_of(history)
    files = data_lines([*data, *calendars])
    return [*(line[:MOST_TEXT] for line in lines[: MOST_LINES - len(files)]), *files]


def data_lines(files: Sequence[Path]) -> list[str]:
    """A line for each file that history is made of; a folder's files by their names."""
    found = []
    for path in files:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as opened:
                    digest = hashlib.file_digest(opened, "sha256").hexdigest()
                found.append(f"{DATA}{file.name}: SHA-256 {digest}"[:MOST_TEXT])
    return found[:MOST_FILES]
