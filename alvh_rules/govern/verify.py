"""Hold a checkout to its ledger: the list of what is checked.

1. The ledger is whole (`ledger.py`), and holds every entry that git's history, and BASE, ever held.
2. Every entry has an effect (`judge.py`); of those that have none, those that BASE has are told, no more.
3. Against BASE: a ratification or a brake follows all that BASE has, new entries are signed with keys
   that are current now, and a timelock runs from the day on which the votes reached BASE.
4. No entry is of a day to come; the charter's file is the charter in force, or one that is proposed.
5. Each governed ruleset is in force, or ratified for a later session; and what its proposal says of
   it (class, proofs, tests, that a brake tightens) is found again; of history, where the data is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from alvh_rules.core.diagnostics import Diagnostic, Severity, has_errors
from alvh_rules.core.git import GitError
from alvh_rules.govern import errors
from alvh_rules.govern.acts import evidence_faults
from alvh_rules.govern.charter import CHARTER, Charter, allowed_signers
from alvh_rules.govern.desk import Desk, entries_after, read_charter_file
from alvh_rules.govern.entries import Entry, entry_of_line
from alvh_rules.govern.evidence import Texts, history_fault
from alvh_rules.govern.in_force import Verdict, judge_content
from alvh_rules.govern.judge import Record
from alvh_rules.govern.ledger import CHARTER_FILE, FOLDER, SIGNERS_FILE, ledger_of_text
from alvh_rules.govern.ssh_signatures import verify as signed_by
from alvh_rules.govern.state import OPEN, standing
from alvh_rules.govern.tally import count


@dataclass
class Verified:
    """What was found: `verdicts` of the rulesets, and findings; `notes` are worth knowing."""

    desk: Desk
    day: date
    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing stands against this checkout."""
        return not has_errors(self.findings)


def verify(
    desk: Desk,
    paths: Sequence[str],
    base: str | None,
    day: date,
    *,
    ledger_only: bool = False,
    data: Sequence[Path] = (),
    calendars: Sequence[Path] = (),
) -> Verified:
    """Check a checkout on a day: some rulesets, or all that are governed; or none, `ledger_only`.

    `data` is what history is made again of, where proposals say something of it. Raises GitError where BASE is no revision.
    """
    found = Verified(desk, day)
    before = _before(found, base)
    known = set() if before is None else {entry.id for entry in before.ledger.entries}
    _history(found)
    _entries(found, known)
    if before is not None and base is not None:
        _since(found, before, base)
    _charter(found)
    _contested(found)
    charter = desk.record.charter()[1]
    governed = [] if ledger_only else [item.path for item in charter.rulesets]
    for path in paths or governed:
        _ruleset(found, path)
        _proposals(found, path, data, calendars)
    return found


def _before(found: Verified, base: str | None) -> Record | None:
    """The ledger at BASE; every entry of it must still be there."""
    if base is None:
        return None
    desk = found.desk
    commit = desk.repository.commit(base)
    text = desk.repository.file(commit, desk.ledger_name) or ""
    ledger = ledger_of_text(text, f"{base}:{desk.ledger_name}")
    if isinstance(ledger, list):
        found.findings += ledger
        return None
    gone = [entry for entry in ledger.entries if entry.id not in desk.record.by_id]
    _gone(found, len(gone), f"`{base}`")
    if not ledger.entries:
        return None
    return Record(ledger)


def _gone(found: Verified, many: int, where: str) -> None:
    if many:
        entries = "1 entry" if many == 1 else f"{many:,} entries"
        verb = "is" if many == 1 else "are"
        found.findings.append(
            errors.ledger(
                found.desk.ledger_name,
                f"{entries} that {where} has {verb} gone: it was cut short, or lines were taken out",
                f"any member can restore them: `git checkout {where.strip('`')} -- {found.desk.ledger_name}`"
                if where.startswith("`")
                else "",
            )
        )


def _history(found: Verified) -> None:
    """Entries that some commit held."""
    desk = found.desk
    if not desk.has_git:
        found.notes.append("this is no git repository: whether entries were taken out is not known")
        return
    if not desk.repository.has_commits():
        return
    if desk.repository.is_shallow():
        found.notes.append("this clone is shallow: entries are looked for in its commits alone")
    lines = [entry.line.encode("ascii") for entry in desk.record.ledger.entries]
    whole, now = b"".join(line + b"\n" for line in lines), set(lines)
    gone: set[str] = set()
    for version in desk.repository.versions(desk.ledger_name):
        # Nearly every version is the beginning of what stands now: that is seen at a glance.
        if not whole.startswith(version):
            # One with the marks of an unfinished merge counts by the lines that are entries.
            kept = (line.rstrip(b"\r") for line in version.split(b"\n"))
            missed = (line for line in kept if line.startswith(b'{"on":') and line not in now)
            gone.update(_ids(missed, desk.record))
    _gone(found, len(gone), "git's history")


def _ids(lines: Iterable[bytes], record: Record) -> Iterator[str]:
    """The entries of some lines that a record has not.

    One that was signed twice, on two branches, is one entry: either line of it may be taken out.
    """
    for line in lines:
        entry = entry_of_line(line.decode("ascii", "replace"))
        if isinstance(entry, Entry) and entry.id not in record.by_id:
            yield entry.id


def _entries(found: Verified, known: set[str]) -> None:
    record, where = found.desk.record, found.desk.ledger_name
    for number, entry in enumerate(record.ledger.entries, 1):
        reason = record.reasons.get(entry.id)
        if reason is not None:
            item = errors.void(
                where, number, reason.message, reason.help, signature=reason.of_signature
            )
            if entry.id in known:
                item = replace(item, severity=Severity.WARNING)
            found.findings.append(item)
        elif entry.on > found.day:
            found.findings.append(
                errors.void(
                    where,
                    number,
                    f"it is of {entry.on}, which is to come: today is {found.day}",
                    f"`{entry.by}` can sign it on that day",
                    signature=False,
                )
            )


def _since(found: Verified, before: Record, base: str) -> None:
    """What holds of entries that BASE does not have."""
    desk = found.desk
    record, where = desk.record, desk.ledger_name
    place = {entry.id: number for number, entry in enumerate(record.ledger.entries, 1)}
    everything = [entry.id for entry in before.ledger.entries if entry.id in record.by_id]
    charters = (before.charter()[1], record.charter()[1])
    for entry in entries_after(record, everything):
        if entry.id in record.reasons:
            continue
        refusal = _key_now(entry, charters, found.day)
        if refusal is None and entry.kind in ("ratify", "brake"):
            if not all(record.is_before(other, entry.id) for other in everything):
                refusal = (
                    f"it does not follow all that `{base}` has: something was decided meanwhile",
                    f"merge `{base}`, take this line out, and do it again",
                )
            elif entry.kind == "ratify":
                refusal = _timelock(desk, entry, set(everything), base)
        if refusal is not None:
            found.findings.append(errors.void(where, place[entry.id], *refusal, signature=False))


def _key_now(entry: Entry, charters: Sequence[Charter], day: date) -> tuple[str, str] | None:
    key = signed_by(entry.signature, entry.payload.encode("ascii"))
    for charter in charters:
        member = charter.member(entry.by)
        if member is not None and any(
            held.key == key and held.is_current(day) for held in member.keys
        ):
            return None
    return (
        f"the key of `{entry.by}` is not current any more, and what it signs now may be dated back",
        f"`{entry.by}` can do it again with a key that is current",
    )


def _timelock(desk: Desk, entry: Entry, known: set[str], base: str) -> tuple[str, str] | None:
    """That the timelock has run since the votes were on BASE, by the days of BASE's own commits."""
    record = desk.record
    proposal = record.by_id[entry.body["proposal"]]
    tally = record.tally(proposal, record.ancestors(entry.id))
    if not tally.approval.wait:
        return None
    seen: list[Entry] = []
    for vote in record.votes(proposal.id, record.ancestors(entry.id)):
        if vote.id not in known:
            continue
        arrived = desk.repository.arrived(base, desk.ledger_name, vote.id)
        seen.append(replace(vote, on=max(vote.on, arrived or vote.on)))
    witnessed = count(seen, tally.charter, tally.approval, record.calendar(tally.charter))
    if witnessed.ready is None:
        return (
            f"`{base}` does not have the votes that it rests on, and it waits"
            f" {tally.approval.wait} sessions once it does",
            f"merge the votes into `{base}` first; ratify them after that",
        )
    if entry.on < witnessed.ready:
        return (
            f"the votes reached `{base}` on {witnessed.reached}, and it waits"
            f" {tally.approval.wait} sessions from then: until {witnessed.ready}",
            "it can be ratified from that day on",
        )
    return None


def _charter(found: Verified) -> None:
    desk = found.desk
    now = desk.record.charter()[1]
    where = f"{FOLDER}/{CHARTER_FILE}"
    written = read_charter_file(desk.root)
    if isinstance(written, list):
        found.findings += written
    elif written.digest != now.digest:
        proposed = any(
            item.body["content"] == written.digest
            and standing(desk.record, item, found.day).stage not in ("stale", "vetoed", "contested")
            for item in desk.record.proposals(CHARTER)
        )
        if proposed:
            found.notes.append(f"{where} is a charter that is proposed; the one before is in force")
        else:
            who = errors.names(now.who_may("propose"))
            found.findings.append(
                errors.not_in_force(
                    where,
                    "the charter's file is not the charter in force, and nobody has proposed it",
                    f"{who} can propose it: `alvh govern propose --charter`",
                )
            )
    signers = desk.root / FOLDER / SIGNERS_FILE
    if signers.exists() and signers.read_text("utf-8").replace("\r\n", "\n") != allowed_signers(
        now
    ):
        found.notes.append(
            f"{FOLDER}/{SIGNERS_FILE} is not as the charter has it; nothing rests on it"
        )


def _contested(found: Verified) -> None:
    record = found.desk.record
    subjects = [CHARTER, *(item.path for item in record.charter()[1].rulesets)]
    for subject in subjects:
        contested = record.line(subject).contested
        if contested:
            short = " and ".join(item[:12] for item in contested)
            found.findings.append(
                errors.not_in_force(
                    subject,
                    f"proposals {short} were ratified on two branches from one version: neither"
                    " is in force, and that version stands",
                    f"{errors.names(record.charter()[1].who_may('propose'))} can propose one of them anew",
                )
            )


def _ruleset(found: Verified, path: str) -> None:
    desk = found.desk
    texts = desk.texts_now(path)
    if isinstance(texts, list):
        found.findings += texts
        return
    verdict = judge_content(desk, texts.content, found.day)
    if verdict.against is not None:
        found.findings.append(verdict.against)
    else:
        assert verdict.version is not None
        for problem in faults_now(desk, verdict):
            found.findings.append(
                errors.not_in_force(
                    path,
                    f"what was approved does not hold: {problem}",
                    f"{errors.names(desk.record.charter()[1].who_may('propose'))} can propose it as it is",
                )
            )
    found.verdicts.append(verdict)


def _proposals(found: Verified, path: str, data: Sequence[Path], calendars: Sequence[Path]) -> None:
    """What is claimed by the proposals that are open to votes; and of history by what is in force too.

    What is open stops nothing: a member who proposes what is not so must not be able to.
    """
    desk, record = found.desk, found.desk.record
    now = {item.version.proposal.id for item in found.verdicts if item.version is not None}
    for proposal in record.proposals(path):
        is_open = standing(record, proposal, found.day).stage in OPEN
        if is_open and proposal.id not in now and desk.has_git:
            for problem in evidence_faults(desk, proposal):
                found.findings.append(_claimed(proposal, path, problem, Severity.WARNING))
        if proposal.body["history"] and (is_open or proposal.id in now):
            severity = Severity.ERROR if proposal.id in now else Severity.WARNING
            _history_of(found, proposal, path, data, calendars, severity)


def _claimed(proposal: Entry, path: str, problem: str, severity: Severity) -> Diagnostic:
    item = errors.not_in_force(
        path,
        f"what proposal {proposal.id[:12]} carries does not hold: {problem}",
        f"`{proposal.by}` can propose it again as it is",
    )
    return replace(item, severity=severity)


def _history_of(
    found: Verified,
    proposal: Entry,
    path: str,
    data: Sequence[Path],
    calendars: Sequence[Path],
    severity: Severity,
) -> None:
    desk, body = found.desk, proposal.body
    short = proposal.id[:12]
    old, new = desk.texts_of(body["follows"]), desk.texts_of(proposal.id)
    fault = ""
    if not data:
        why = "`--data FILE` makes it again"
    elif not isinstance(old, Texts) or not isinstance(new, Texts):
        why = next((item for item in (old, new) if isinstance(item, str)), "nothing was before")
    else:
        fault, why = history_fault(body, old, new, data, calendars)
    if fault:
        found.findings.append(_claimed(proposal, path, fault, severity))
    elif why:
        found.notes.append(f"what proposal {short} says of history was not made again: {why}")
    else:
        found.notes.append(f"what proposal {short} says of history was made again, and is so")


def faults_now(desk: Desk, verdict: Verdict) -> list[str]:
    """What the proposal of a version in force says of it and is not so; from git, where it is there."""
    assert verdict.version is not None
    if not desk.has_git:
        from alvh_rules.govern.evidence import faults

        texts = desk.texts_now(verdict.path)
        if verdict.version.body["follows"] or not isinstance(texts, Texts):
            return ["the version before is not here: this is no git repository"]
        charter = desk.record.charter()[1]
        return faults(verdict.version.body, None, texts, charter, brake=False)
    return evidence_faults(desk, verdict.version.proposal)


__all__ = ["GitError", "Verified", "verify"]
