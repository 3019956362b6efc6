"""What a comparison of two rulesets says.

A `Decision` is an output that one of them has or both have; a `Change` is a clause, a need for data or a
property that differs and is no column of decisions. Each asks for a part of the version (`bump.py`); the
comparison's is the greatest. Values are as they are shown: `45%`, `true`, `unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.compare.bump import Bump, bump_between
from alvh_rules.core.source import Span
from alvh_rules.pipeline import Checked

if TYPE_CHECKING:
    from alvh_rules.compare.history import History
    from alvh_rules.compare.results import Results

SAME, OFF_BOUNDARY, DIFFERENT, UNDECIDED = "same", "same_off_boundary", "different", "undecided"
ADDED, REMOVED = "added", "removed"


@dataclass(frozen=True, slots=True)
class Cause:
    """A definition that a decision rests on and that is written otherwise: one of the texts is empty
    where only one of the rulesets has it."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Decision:
    """An output, compared.

    `status` is `same` (for every market), `same_off_boundary` (in real arithmetic; floating point may
    differ on `boundary`), `different` (in `region`, with an `example` market where it decides `old` and
    `new`), `undecided` (for the `reason`), `added` or `removed`. `how` says what proved it the same:
    `structure`, two forms of one computation, or `solver`. `kind` is said where its kind or its labels
    changed; `goes` where something that users of it may rest on is gone.
    """

    name: str
    status: str
    how: str = ""
    region: str = ""
    example: Mapping[str, str] | None = None
    old: str = ""
    new: str = ""
    boundary: str = ""
    reason: str = ""
    kind: str = ""
    goes: bool = False
    causes: tuple[Cause, ...] = ()
    span: Span | None = None

    @property
    def bump(self) -> Bump:
        """The part of the version that it asks for."""
        if self.goes or self.status == REMOVED:
            return Bump.MAJOR
        if self.status in (DIFFERENT, UNDECIDED, ADDED) or self.kind:
            return Bump.MINOR
        return Bump.PATCH if self.status == OFF_BOUNDARY else Bump.NONE


@dataclass(frozen=True, slots=True)
class Change:
    """A clause, a need or a property that differs. `old` or `new` is empty where there was none.

    `part` is `header`, `data`, `layer`, `hedge`, `holding`, `reallocate`, `limit`, `always`, `assume` or
    `param`; `what` names it in it; `note` says what follows.
    """

    part: str
    what: str
    old: str
    new: str
    bump: Bump
    note: str = ""
    span: Span | None = None


@dataclass(frozen=True)
class Comparison:
    """Two rulesets, compared. `proof` says why no solver was asked, empty where one was or none was
    needed; `written` says whether any text differs at all."""

    old: Checked
    new: Checked
    old_name: str
    new_name: str
    decisions: tuple[Decision, ...]
    changes: tuple[Change, ...]
    proof: str
    written: bool
    history: History | None = field(default=None)
    results: Results | None = field(default=None)

    @property
    def before(self) -> CheckedRuleset:
        """The old ruleset."""
        assert self.old.ruleset is not None
        return self.old.ruleset

    @property
    def after(self) -> CheckedRuleset:
        """The new ruleset."""
        assert self.new.ruleset is not None
        return self.new.ruleset

    @property
    def nothing_in_common(self) -> bool:
        """Whether no decision is of both."""
        return all(item.status in (ADDED, REMOVED) for item in self.decisions)

    @property
    def bump(self) -> Bump:
        """The part of the version that the changes ask for."""
        asked = [item.bump for item in self.decisions] + [item.bump for item in self.changes]
        return max([*asked, Bump.PATCH if self.written else Bump.NONE])

    @property
    def header_bump(self) -> Bump | None:
        """The part by which the header's version was raised; None where it went back."""
        return bump_between(self.before.version, self.after.version)

    @property
    def too_small(self) -> bool:
        """Whether the header's version says less than the changes ask for."""
        return self.header_bump is None or self.header_bump < self.bump

    @property
    def reasons(self) -> tuple[str, ...]:
        """What asks for the bump, each in a few words."""
        asked = self.bump
        if self.nothing_in_common:
            return ("no decision is in both",)
        found: list[str] = []
        for status, words in _WORDS:
            names = [
                item.name for item in self.decisions if item.bump == asked and item.status == status
            ]
            if names:
                found.append(f"{words}: {listed(names)}")
        kinds = [
            item.name
            for item in self.decisions
            if item.kind and item.bump == asked and item.status in (SAME, OFF_BOUNDARY)
        ]
        if kinds:
            found.append(f"the kind or labels change: {listed(kinds)}")
        found += [
            f"{item.what}: {item.note or 'changed'}" for item in self.changes if item.bump == asked
        ]
        if not found:
            return ("no decision can change",) if asked is Bump.PATCH else ("nothing differs",)
        # What several clauses ask for alike is said once.
        return tuple(dict.fromkeys(found))


_WORDS = (
    (REMOVED, "decisions go"),
    (DIFFERENT, "decisions change"),
    (UNDECIDED, "decisions may change"),
    (ADDED, "decisions are added"),
    (OFF_BOUNDARY, "decisions change on a boundary only, by rounding"),
)


def listed(names: list[str], most: int = 8) -> str:
    """Names apart by commas, those past the first few counted."""
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
