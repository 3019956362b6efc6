"""What members do: each makes an entry, judges it as everybody will, has it signed, and writes it.

An act that would have no effect is refused before anything is signed, in the words in which the entry
would be judged. What a proposal says of itself is worked out here, and again when it is ratified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.govern import errors
from alvh_rules.govern.bodies import MOST_REASON
from alvh_rules.govern.charter import CHARTER, Charter
from alvh_rules.govern.desk import Desk, read_charter_file
from alvh_rules.govern.entries import Entry, new_entry
from alvh_rules.govern.evidence import Texts, evidence, faults
from alvh_rules.govern.judge import Reason, Record
from alvh_rules.govern.ledger import Ledger
from alvh_rules.govern.repository import blobs_of, uncommitted
from alvh_rules.govern.signing import CannotSignError, Signer
from alvh_rules.govern.tightening import prove_tightening

WHAT = {
    "found": "the founding",
    "propose": "the proposal",
    "vote": "the vote",
    "ratify": "the ratification",
    "brake": "the brake",
}
Done = Entry | list[Diagnostic]


@dataclass(frozen=True)
class Actor:
    """Who acts, with which key, and on which day."""

    name: str
    signer: Signer
    day: date


def found(root: Path, charter: Charter, actor: Actor) -> Done:
    """Sign the charter: the first entry of a ledger."""
    desk = Desk(root, Record(Ledger(())))
    made = _signed(desk, "found", actor, {"charter": charter.document})
    if isinstance(made, Entry):
        desk.write_charter_files(charter)
    return made


def propose(
    desk: Desk,
    path: str,
    actor: Actor,
    reason: str,
    data: Sequence[Path] = (),
    calendars: Sequence[Path] = (),
) -> Done:
    """Fix a ruleset as it is committed, with all it uses, and say what changes."""
    fixed = _fixed(desk, path, actor, "propose", reason)
    if isinstance(fixed, list):
        return fixed
    body, old, new = fixed
    charter = desk.record.charter()[1]
    return _signed(desk, "propose", actor, {**body, **evidence(old, new, charter, data, calendars)})


def brake(desk: Desk, path: str, actor: Actor, reason: str) -> Done:
    """Put a change in force at once: only where it is proved to tighten."""
    fixed = _fixed(desk, path, actor, "brake", reason)
    if isinstance(fixed, list):
        return fixed
    body, old, new = fixed
    charter = desk.record.charter()[1]
    if old is None:
        voters = errors.names(charter.who_may("propose"))
        return [
            _refused(
                "brake", "there is no version that it could tighten", f"{voters} can propose one"
            )
        ]
    tightening = prove_tightening(old.checked, new.checked)
    if not tightening.holds:
        return [
            _refused(
                "brake",
                f"it is not proved to tighten: {'; '.join(tightening.against)}",
                f"{errors.names(charter.who_may('propose'))} can propose it; a vote may do what a brake may not",
            )
        ]
    body = {**body, **evidence(old, new, charter), "tightens": list(tightening.proved)}
    return _signed(desk, "brake", actor, body)


def propose_charter(desk: Desk, actor: Actor, reason: str) -> Done:
    """Propose the charter's file as it stands."""
    charter = read_charter_file(desk.root)
    if isinstance(charter, list):
        return charter
    node, now = desk.record.charter()
    body = {
        "subject": CHARTER,
        "follows": node,
        "charter": node,
        "content": charter.digest,
        "document": charter.document,
        "class": "charter",
        "changes": charter_changes(now, charter),
        "reason": reason[:MOST_REASON],
    }
    return _signed(desk, "propose", actor, body)


def vote(desk: Desk, proposal: Entry, choice: str, actor: Actor, reason: str) -> Done:
    """Vote on a proposal."""
    body = {
        "proposal": proposal.id,
        "content": proposal.body["content"],
        "choice": choice,
        "reason": reason[:MOST_REASON],
    }
    return _signed(desk, "vote", actor, body)


def ratify(desk: Desk, proposal: Entry, actor: Actor, first: date | None = None) -> Done:
    """Put a proposal in force that has all it needs, from a session on; the next one by default."""
    _, charter = desk.record.charter()
    calendar = desk.record.calendar(charter)
    day = calendar.after(actor.day) if first is None else calendar.at_or_after(first)
    body = {
        "proposal": proposal.id,
        "content": proposal.body["content"],
        "from": day.isoformat(),
    }
    entry = new_entry("ratify", actor.name, actor.day, body, desk.record.ledger.heads)
    if (refusal := _judged(desk, entry)) is not None:
        return [refusal]
    problems = evidence_faults(desk, proposal)
    if problems:
        return [
            _refused(
                "ratify",
                "; ".join(problems),
                f"`{proposal.by}` can propose it again as it is",
            )
        ]
    return _written(desk, entry, actor)


def evidence_faults(desk: Desk, proposal: Entry) -> list[str]:
    """What a proposal says of itself that is not so, made again from the texts that it fixed."""
    _, charter = desk.record.charter()
    if proposal.body["subject"] == CHARTER:
        return _constitution_faults(desk, proposal)
    new = desk.texts_of(proposal.id)
    old = desk.texts_of(proposal.body["follows"])
    for texts in (new, old):
        if isinstance(texts, str):
            return [texts]
    assert isinstance(new, Texts)
    assert not isinstance(old, str)
    return faults(proposal.body, old, new, charter, brake=proposal.kind == "brake")


def _constitution_faults(desk: Desk, proposal: Entry) -> list[str]:
    """The rulesets in force that would not keep a new charter's constitution."""
    from alvh_rules.govern.proofs import prove_properties

    found: list[str] = []
    charter = desk.record.charter_of(proposal.id)
    for ruleset in charter.rulesets:
        texts = desk.texts_of(desk.record.line(ruleset.path).top)
        if texts is None:
            continue
        if isinstance(texts, str):
            found.append(f"`{ruleset.path}`: {texts}")
            continue
        asked = charter.constitution_of(ruleset.path) or ()
        wanted = {f"always {text}" for text in asked}
        for proof in prove_properties(texts.content, texts.checked, asked):
            if proof.property in wanted and proof.verdict != "proved":
                found.append(
                    f"`{ruleset.path}` as it is in force does not keep its constitution:"
                    f" `{proof.property}` is {proof.verdict}"
                )
    return found


def charter_changes(old: Charter, new: Charter) -> list[str]:
    """What a new charter changes, a setting a line."""
    found: list[str] = []
    for name, before in old.document.items():
        after = new.document[name]
        if before == after:
            continue
        if isinstance(before, list) and name in ("members", "rulesets"):
            key = "name" if name == "members" else "path"
            was, now = ({item[key]: item for item in items} for items in (before, after))
            for item in sorted({*was, *now}):
                if was.get(item) != now.get(item):
                    what = (
                        "added" if item not in was else "removed" if item not in now else "changed"
                    )
                    found.append(f"{name[:-1]} {item}: {what}")
        else:
            found.append(f"{name}: changed")
    return found


_Fixed = tuple[dict[str, Any], Texts | None, Texts]


def _fixed(
    desk: Desk, path: str, actor: Actor, kind: str, reason: str
) -> _Fixed | list[Diagnostic]:
    """What a proposal fixes, the version it starts from, and its texts."""
    new = desk.texts_now(path)
    if isinstance(new, list):
        return new
    if not desk.has_git:
        return [
            _refused(kind, "this folder is no git repository", "`git init` at its top makes one")
        ]
    if loose := uncommitted(desk.repository, new.content):
        return [
            _refused(
                kind,
                f"{', '.join(f'`{name}`' for name in loose)} is not committed as it stands",
                f"`{actor.name}` can commit it: git must keep the text that is voted on",
            )
        ]
    node, _ = desk.record.charter()
    follows = desk.record.line(path).top
    body = {
        "subject": path,
        "follows": follows,
        "charter": node,
        "content": new.content.digest,
        "files": new.content.files,
        "blobs": blobs_of(desk.repository, new.content),
        "version": new.content.version,
        "reason": reason[:MOST_REASON],
    }
    # What needs no evidence is judged before any is made: a proof takes seconds.
    empty: dict[str, Any] = {
        "class": "major",
        "why": "",
        "changes": [],
        "proofs": [],
        "tests": {"passed": 0, "failed": 0, "skipped": 0},
        "history": [],
    }
    trial = new_entry("propose", actor.name, actor.day, {**body, **empty}, desk.record.ledger.heads)
    if kind == "propose" and (refusal := _judged(desk, trial)) is not None:
        return [refusal]
    old = desk.texts_of(follows)
    if isinstance(old, str):
        return [_refused(kind, old)]
    return body, old, new


def _judged(desk: Desk, entry: Entry) -> Diagnostic | None:
    if any(entry.on < other.on for other in desk.record.ledger.entries):
        last = max(other.on for other in desk.record.ledger.entries)
        return _refused(entry.kind, f"it is of {entry.on}, and the ledger goes to {last} already")
    reason = desk.record.judge_next(entry)
    return None if reason is None else _refused_by(entry.kind, reason)


def _signed(desk: Desk, kind: str, actor: Actor, body: dict[str, Any]) -> Done:
    entry = new_entry(kind, actor.name, actor.day, body, desk.record.ledger.heads)
    if (refusal := _judged(desk, entry)) is not None:
        return [refusal]
    return _written(desk, entry, actor)


def _written(desk: Desk, entry: Entry, actor: Actor) -> Done:
    try:
        signature = actor.signer.sign(entry.payload.encode("ascii"))
    except CannotSignError as problem:
        return [_refused(entry.kind, str(problem), f"`{actor.name}` can sign it with `--key`")]
    entry = replace(entry, signature=signature)
    after = desk.record.with_entry(entry)
    if (reason := after.reasons.get(entry.id)) is not None:
        return [_refused_by(entry.kind, reason)]
    desk.write(entry)
    return entry


def _refused(kind: str, message: str, help: str = "") -> Diagnostic:
    return errors.refused(WHAT[kind], message, help)


def _refused_by(kind: str, reason: Reason) -> Diagnostic:
    return _refused(kind, reason.message, reason.help)
