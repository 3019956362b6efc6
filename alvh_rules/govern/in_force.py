"""Whether a ruleset as it stands is in force, and which text was in force on a past session.

`require_ratified` is what `--require-ratified` asks before a run. `governed_timeline` and `text_of`
are what a run `--as-governed` needs: who was in force when, and that version's text from git.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.govern import errors
from alvh_rules.govern.calendar import today
from alvh_rules.govern.content import Content
from alvh_rules.govern.desk import Desk, open_desk, session_of
from alvh_rules.govern.judge import Record
from alvh_rules.govern.repository import content_of
from alvh_rules.govern.state import (
    OPEN,
    Version,
    brake_span,
    ratified_versions,
    standing,
    version_in_force,
)


@dataclass(frozen=True)
class Verdict:
    """What is known of a ruleset's text on a session: the version that it is, or why it is none."""

    path: str
    version: Version | None
    coming: bool
    against: Diagnostic | None


def judge_content(desk: Desk, content: Content, day: date) -> Verdict:
    """Whether a text is in force on the session of a day, or ratified to be so from a later one."""
    record, path = desk.record, content.path
    session = session_of(desk, day)
    now = version_in_force(record, path, session)
    if now is not None and content.is_that_of(now.body):
        return Verdict(path, now, False, None)
    ratified = ratified_versions(record, path)
    governed = record.charter()[1].constitution_of(path) is not None
    for version in reversed(ratified if governed else []):
        if version.first > session and content.is_that_of(version.body):
            return Verdict(path, version, True, None)
    problem, help = _why_not(desk, content, session, now, ratified)
    return Verdict(path, None, False, errors.not_in_force(path, problem, help))


def _why_not(
    desk: Desk, content: Content, session: date, now: Version | None, ratified: list[Version]
) -> tuple[str, str]:
    record, path = desk.record, content.path
    charter = record.charter()[1]
    if charter.constitution_of(path) is None:
        governed = errors.names([item.path for item in charter.rulesets])
        return "the charter does not govern it", f"it governs {governed}"
    proposers = errors.names(charter.who_may("propose"))
    for proposal in record.proposals(path):
        if not content.is_that_of(proposal.body):
            continue
        where = standing(record, proposal, session)
        if where.stage in OPEN:
            lacks = "; ".join(where.missing)
            if where.stage == "waiting":
                lacks = f"it waits until {where.tally.ready}"
            elif where.stage == "ready":
                who = errors.names(charter.who_may("ratify"))
                lacks = f"{who} can ratify it"
            return f"`{proposal.by}` proposed it on {proposal.on} ({proposal.id[:12]})", lacks
        if proposal.kind == "brake" and where.ratification is None:
            _, until = brake_span(record, proposal)
            return (
                f"`{proposal.by}` braked with it on {proposal.on}, and no vote took it up:"
                f" it lapsed on {until}",
                f"{proposers} can propose it",
            )
    if now is not None and now.is_brake and any(content.is_that_of(v.body) for v in ratified):
        return (
            f"`{now.proposal.by}` braked it: another text is in force from {now.first}"
            f" up to {now.until}",
            "the braking text is the one to run until then",
        )
    for version in reversed(ratified):
        if content.is_that_of(version.body) and version.until is not None:
            return (
                f"it is the version that was in force from {version.first} up to {version.until}",
                f"going back is a change like any other: {proposers} can propose it",
            )
    if now is None:
        return "no version of it has been ratified", f"{proposers} can propose one"
    changed = content.changed_since(now.body)
    if changed and path not in changed:
        return (
            f"{', '.join(f'`{name}`' for name in changed)}, which it uses, has changed since"
            " it was approved",
            f"restore it, or {proposers} can propose the change",
        )
    return (
        f"nobody has proposed this text; version {now.body['version']} is in force",
        f"{proposers} can propose it",
    )


def require_ratified(path: Path, day: date | None = None) -> list[Diagnostic]:
    """Why a ruleset's file may not be run: nothing where it is in force on the session of the day.

    A version that is ratified for a later session is not in force yet.
    """
    desk = open_desk(path)
    if isinstance(desk, list):
        return desk
    name = name_in(desk, path)
    if name is None:
        return [errors.not_in_force(str(path), "it lies outside the governed repository")]
    texts = desk.texts_now(name)
    if isinstance(texts, list):
        return texts
    day = day or today(desk.record.charter()[1].sessions)
    verdict = judge_content(desk, texts.content, day)
    if verdict.against is not None:
        return [verdict.against]
    if verdict.coming:
        assert verdict.version is not None
        first = verdict.version.first
        return [
            errors.not_in_force(
                name, f"it is ratified, and in force from {first} on", "wait until then"
            )
        ]
    return []


def name_in(desk: Desk, path: Path) -> str | None:
    """A file's path from the repository's top; links are not followed, so that they are seen."""
    absolute = Path(path.absolute())
    for folder in (absolute.parent, *absolute.parents):
        if folder.resolve() == desk.root:
            inside = absolute.relative_to(folder)
            return None if ".." in inside.parts else inside.as_posix()
    return None


def governed_timeline(
    record: Record, path: str, first: date, last: date
) -> list[tuple[date, date, Version | None]]:
    """Who was in force between two days, both taken in: stretches `(from, up to and including, version)`.

    Each day is judged by the entries that were signed by then: what was decided later, a race that was
    found among them, changes nothing before. None stands for sessions on which no version was in force.
    """
    from datetime import timedelta

    edges = {first}
    for entry in record.ledger.entries:
        if entry.id in record.reasons:
            continue
        if entry.kind == "ratify":
            edges.update((entry.on, date.fromisoformat(entry.body["from"])))
        elif entry.kind == "brake" and entry.body["subject"] == path:
            edges.update(brake_span(record, entry))
    begins = sorted(edge for edge in edges if first <= edge <= last)
    found: list[tuple[date, date, Version | None]] = []
    for number, begin in enumerate(begins):
        end = begins[number + 1] - timedelta(days=1) if number + 1 < len(begins) else last
        version = version_in_force(record, path, begin, record.until(begin))
        if found and _same(found[-1][2], version):
            found[-1] = (found[-1][0], end, version)
        else:
            found.append((begin, end, version))
    return found


def _same(one: Version | None, other: Version | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.proposal.id == other.proposal.id and one.is_brake == other.is_brake


def text_of(desk: Desk, version: Version) -> Content | str:
    """The texts of a version, from git and held against what was signed; or why they are not there."""
    return content_of(desk.repository, dict(version.body))
