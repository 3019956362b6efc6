"""What is in force on which session, and where each proposal stands.

A ratified change is in force from the session its ratification names, which is no earlier than the
next one. A brake is in force from the session of its day, and lapses after the sessions that the
charter gives it, unless a version that is ratified later takes over before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from alvh_rules.govern.charter import CHARTER
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.judge import Record
from alvh_rules.govern.tally import Tally


@dataclass(frozen=True)
class Version:
    """A version that is in force from session `first` up to, not including, `until` (None: on).

    `proposal` fixes its files; `ratification` is None for a brake.
    """

    path: str
    proposal: Entry
    ratification: Entry | None
    first: date
    until: date | None
    approved_by: tuple[str, ...]

    @property
    def body(self) -> Mapping[str, Any]:
        """What was fixed: `content`, `files`, `blobs`, `version`."""
        return self.proposal.body

    @property
    def is_brake(self) -> bool:
        """Whether it was put in force without a vote."""
        return self.ratification is None


def ratified_versions(record: Record, path: str, within: int | None = None) -> list[Version]:
    """The ratified versions of a ruleset, in the order they follow one another, by the entries within.

    `until` is the session from which a later one is in force; a version that a later one overtook
    before it began is left out.
    """
    made: list[Version] = []
    for node in record.line(path, within).nodes[1:]:
        ratification = record.ratification(node, within)
        assert ratification is not None
        first = date.fromisoformat(ratification.body["from"])
        tally = record.tally(record.by_id[node], record.ancestors(ratification.id))
        while made and made[-1].first >= first:
            made.pop()
        if made:
            made[-1] = _ended(made[-1], first)
        made.append(Version(path, record.by_id[node], ratification, first, None, tally.yes))
    return made


def _ended(version: Version, until: date) -> Version:
    return Version(
        version.path,
        version.proposal,
        version.ratification,
        version.first,
        until,
        version.approved_by,
    )


def version_in_force(
    record: Record, path: str, session: date, within: int | None = None
) -> Version | None:
    """The version of a ruleset that is in force on a session, by the entries within (`Record.until`);
    None where none is, and where the charter of that session does not govern the ruleset."""
    if not governs(record, path, session, within):
        return None
    ratified = ratified_versions(record, path, within)
    begun = [version for version in ratified if version.first <= session]
    braking = _brake(record, path, session, within)
    if braking is not None:
        nodes = record.line(path, within).nodes
        place = nodes.index(braking.proposal.body["follows"])
        # A version that was ratified after the brake, and has begun, takes its place.
        later = begun and nodes.index(begun[-1].proposal.id) > place
        if not later:
            return braking
    return begun[-1] if begun else None


def governs(record: Record, path: str, session: date, within: int | None = None) -> bool:
    """Whether the charter that is in force on a session names a ruleset."""
    charter = record.charter_of(record.founding)
    for node in record.line(CHARTER, within).nodes[1:]:
        ratification = record.ratification(node, within)
        assert ratification is not None
        if date.fromisoformat(ratification.body["from"]) <= session:
            charter = record.charter_of(node)
    return charter.constitution_of(path) is not None


def _brake(record: Record, path: str, session: date, within: int | None) -> Version | None:
    nodes = record.line(path, within).nodes
    found = []
    for entry in record.brakes(path, within):
        if entry.body["follows"] not in nodes:
            continue
        first, until = brake_span(record, entry)
        if first <= session < until:
            found.append(Version(path, entry, None, first, until, (entry.by,)))
    # Two stewards may have braked on two branches, each by a proof: the earlier one stands.
    return min(found, key=lambda item: (item.first, item.proposal.id), default=None)


def brake_span(record: Record, entry: Entry) -> tuple[date, date]:
    """The first session of a brake, and the one from which it has lapsed."""
    charter = record.charter_of(entry.body["charter"])
    calendar = record.calendar(charter)
    return calendar.at_or_after(entry.on), calendar.plus(entry.on, charter.lapses)


@dataclass(frozen=True)
class Standing:
    """Where a proposal stands: `stage` is `voting`, `waiting`, `ready`, `ratified`, `stale`,
    `vetoed`, `contested`, `braking` or `lapsed`; `missing` says what it lacks and who can supply it."""

    proposal: Entry
    stage: str
    tally: Tally
    ratification: Entry | None
    missing: tuple[str, ...]


OPEN = ("voting", "waiting", "ready", "braking")
"""The stages in which a proposal can still be voted on."""


def standing(record: Record, proposal: Entry, day: date) -> Standing:
    """Where a proposal stands on a day."""
    tally = record.tally(proposal)
    subject = proposal.body["subject"]
    line = record.line(subject)
    ratification = record.ratification(proposal.id)
    missing = tally.missing()
    if ratification is not None:
        if proposal.id in line.nodes:
            return Standing(proposal, "ratified", tally, ratification, ())
        others = ", ".join(item[:12] for item in line.contested)
        why = f"{others} were ratified on two branches from one version: propose one of them anew"
        return Standing(proposal, "contested", tally, ratification, (why,))
    node, _ = record.charter()
    if proposal.body["follows"] != line.top or proposal.body["charter"] != node:
        what = "charter" if proposal.body["charter"] != node else "version it starts from"
        why = f"the {what} has changed since; `{proposal.by}` can propose it again"
        return Standing(proposal, "stale", tally, None, (why,))
    if tally.vetoes:
        return Standing(proposal, "vetoed", tally, None, tuple(missing))
    stage = "voting"
    if not missing:
        assert tally.ready is not None
        stage = "ready" if day >= tally.ready else "waiting"
    if proposal.kind == "brake" and stage == "voting":
        first, until = brake_span(record, proposal)
        if first <= day < until:
            return Standing(proposal, "braking", tally, None, tuple(missing))
        stage = "lapsed" if day >= until else stage
    return Standing(proposal, stage, tally, None, tuple(missing))
