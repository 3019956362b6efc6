"""What is told of governance: a proposal's state drawn, the log, what was verified, in words.

Text for people, plain data for JSON, Markdown for a pull request. Whatever a member wrote goes through
`escaped`, so that nothing in it reaches a terminal as a command or a page as markup.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from alvh_rules.core.cells import escaped
from alvh_rules.govern.charter import CHARTER
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.errors import names
from alvh_rules.govern.in_force import Verdict
from alvh_rules.govern.judge import Record
from alvh_rules.govern.state import Standing, brake_span, standing, version_in_force
from alvh_rules.govern.tally import Tally
from alvh_rules.govern.verify import Verified

SHORT = 12
"""Characters of an id that are shown."""
BAR = 24
WIDE = 80
"""Columns of a terminal that is not widened."""
_STAGES = {
    "voting": "votes are being cast",
    "waiting": "it passed, and waits",
    "ready": "it can be ratified",
    "ratified": "ratified",
    "stale": "what it starts from has changed",
    "vetoed": "vetoed",
    "contested": "ratified in a race",
    "braking": "in force by a brake",
    "lapsed": "the brake has lapsed",
}


def subject_of(proposal: Entry) -> str:
    """What a proposal is of."""
    subject = str(proposal.body["subject"])
    return "the charter" if subject == CHARTER else f"{subject} {proposal.body['version']}"


def title(proposal: Entry) -> str:
    """A proposal on one line."""
    word = "brake" if proposal.kind == "brake" else f"{proposal.body['class']} change"
    reason = f": {proposal.body['reason']}" if proposal.body["reason"] else ""
    return escaped(
        f"{proposal.id[:SHORT]}  {subject_of(proposal)}, {word} by {proposal.by}{reason}"
    )


def bar(tally: Tally) -> str:
    """The votes by weight: yes `█`, no `▒`, abstained `·`, not cast blank; `|` is the quorum."""
    whole = max(1, tally.charter.weight)
    yes, no, abstain = (tally.weight(found) for found in (tally.yes, tally.no, tally.abstain))
    cells = ""
    reached = 0
    for weight, cell in ((yes, "█"), (no, "▒"), (abstain, "·")):
        reached += weight
        cells = cells.ljust(round(reached * BAR / whole), cell)
    cells = cells.ljust(BAR)
    at = min(BAR, round(tally.charter.quorum_weight * BAR / whole))
    return f"[{cells[:at]}|{cells[at:]}]"


def tally_lines(tally: Tally) -> Iterator[str]:
    """The count, in words."""
    for word, found in (("yes", tally.yes), ("no", tally.no), ("abstain", tally.abstain)):
        who = f"  {', '.join(found)}" if found else ""
        yield f"{word:8}{tally.weight(found):3}{who}"
    quorum = "reached" if tally.quorum_met else "not reached"
    yield f"quorum  {tally.charter.quorum_weight:3} of {tally.charter.weight}, {quorum}"
    approval = "met" if tally.threshold_met else "not met"
    yield f"approval  {tally.approval.threshold} of yes and no, {approval}"


def standing_lines(record: Record, proposal: Entry, day: date) -> Iterator[str]:
    """Where a proposal stands, drawn in `WIDE` columns."""
    where = standing(record, proposal, day)
    yield from _folded(title(proposal), "")
    yield f"  {bar(where.tally)} {_STAGES[where.stage]}"
    for line in tally_lines(where.tally):
        yield from _folded(line, "  ")
    for line in _next(record, where):
        yield from _folded(escaped(line), "  ")


def _folded(line: str, indent: str) -> list[str]:
    """A line as lines that a terminal shows whole, broken between words."""
    words = textwrap.TextWrapper(
        WIDE,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    return words.wrap(line)


def _next(record: Record, where: Standing) -> Iterator[str]:
    tally = where.tally
    if where.ratification is not None and where.stage == "ratified":
        entry = where.ratification
        yield f"ratified on {entry.on} by {entry.by}, in force from {entry.body['from']}"
    if where.stage in ("waiting", "ready"):
        who = names(record.charter()[1].who_may("ratify"))
        wait = tally.approval.wait
        waited = f"it waits {wait} {'session' if wait == 1 else 'sessions'}: " if wait else ""
        yield f"passed on {tally.reached}; {waited}{who} can ratify it from {tally.ready}"
    if where.proposal.kind == "brake" and where.ratification is None:
        first, until = brake_span(record, where.proposal)
        yield f"the brake holds from {first} and lapses on {until} unless it is ratified"
    for item in where.missing:
        yield f"missing: {item}"


def status_lines(record: Record, day: date) -> Iterator[str]:
    """The charter, what is in force, and every proposal that is not settled."""
    _, charter = record.charter()
    session = record.calendar(charter).at_or_after(day)
    yield escaped(
        f"{charter.name}: {_count(len(charter.members), 'member')}, weight {charter.weight}"
    )
    for ruleset in charter.rulesets:
        version = version_in_force(record, ruleset.path, session)
        if version is None:
            yield f"  {ruleset.path}: no version is in force"
            continue
        who = ", ".join(version.approved_by)
        how = f"braked by {who}" if version.is_brake else f"approved by {who}"
        until = f" up to {version.until}" if version.until else ""
        yield escaped(
            f"  {ruleset.path}: {version.body['version']} in force from {version.first}{until}, {how}"
        )
    unsettled = [
        proposal
        for proposal in record.proposals()
        if standing(record, proposal, day).stage not in ("ratified", "stale", "vetoed", "lapsed")
    ]
    for proposal in unsettled:
        yield ""
        yield from standing_lines(record, proposal, day)
    if not unsettled:
        yield "no proposal is open"


def log_lines(record: Record) -> Iterator[str]:
    """Every entry, a line each; those without an effect say why."""
    for entry in record.ledger.entries:
        yield escaped(f"{entry.on}  {entry.id[:SHORT]}  {entry.by:10} {_said(record, entry)}")
        if (reason := record.reasons.get(entry.id)) is not None:
            yield escaped(f"{'':26}no effect: {reason.message}")


def _said(record: Record, entry: Entry) -> str:
    body = entry.body
    if entry.kind == "found":
        return "founds the charter"
    if entry.kind in ("propose", "brake"):
        word = "brakes with" if entry.kind == "brake" else "proposes"
        reason = f": {body['reason']}" if body.get("reason") else ""
        subject = body.get("subject", "?")
        what = "a charter" if subject == CHARTER else f"{subject} {body.get('version', '?')}"
        return f"{word} {what} ({body.get('class', '?')}){reason}"
    about = str(body.get("proposal", "?"))[:SHORT]
    if entry.kind == "vote":
        reason = f": {body['reason']}" if body.get("reason") else ""
        return f"votes {body.get('choice', '?')} on {about}{reason}"
    return f"ratifies {about}, in force from {body.get('from', '?')}"


def verdict_line(verdict: Verdict) -> str:
    """A ruleset that is in force, and who approved it."""
    version = verdict.version
    assert version is not None
    who = ", ".join(version.approved_by)
    how = f"braked by {who}" if version.is_brake else f"approved by {who}"
    word = "ratified, in force from" if verdict.coming else "in force from"
    until = f" up to {version.until}" if version.until else ""
    return escaped(
        f"{verdict.path}: {version.body['version']} {word} {version.first}{until}, {how}"
    )


def verified_lines(found: Verified) -> list[str]:
    """What was verified, findings apart."""
    lines = [verdict_line(item) for item in found.verdicts if item.version is not None]
    lines += [f"note: {note}" for note in found.notes]
    entries = found.desk.record.ledger.entries
    lines.append(
        f"{_count(len(entries), 'entry', 'entries')}; the newest is {entries[-1].id[:SHORT]}"
    )
    return lines


def verified_data(found: Verified) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "holds": found.holds,
        "day": found.day.isoformat(),
        "rulesets": [
            {
                "path": item.path,
                "in_force": item.version is not None and not item.coming,
                "ratified": item.version is not None and not item.version.is_brake,
                "version": None if item.version is None else item.version.body["version"],
                "proposal": None if item.version is None else item.version.proposal.id,
                "from": None if item.version is None else item.version.first.isoformat(),
                "approved_by": [] if item.version is None else list(item.version.approved_by),
            }
            for item in found.verdicts
        ],
        "findings": [
            {
                "code": item.code,
                "severity": str(item.severity),
                "message": item.message,
                "location": item.location,
                "help": item.help,
            }
            for item in found.findings
        ],
        "notes": found.notes,
    }


def verified_markdown(found: Verified) -> list[str]:
    """A summary for a pull request: what is in force, what stands against it, what is proposed."""
    lines = [f"### Governance: {'in order' if found.holds else 'not in order'}", ""]
    rows = [item for item in found.verdicts if item.version is not None]
    if rows:
        lines += ["| ruleset | version | in force from | approved by |", "|---|---|---|---|"]
        for item in rows:
            version = item.version
            assert version is not None
            who = ", ".join(version.approved_by) + (" (brake)" if version.is_brake else "")
            cells = (item.path, version.body["version"], str(version.first), who)
            lines.append(f"| {' | '.join(_plain(cell) for cell in cells)} |")
        lines.append("")
    for finding in found.findings:
        help = f" — {_plain(finding.help)}" if finding.help else ""
        lines.append(f"- **{finding.code}** {_plain(finding.message)}{help}")
    lines += [f"- {_plain(note)}" for note in found.notes]
    if found.findings or found.notes:
        lines.append("")
    record = found.desk.record
    for proposal in record.proposals():
        where = standing(record, proposal, found.day)
        if where.stage in ("ratified", "stale", "vetoed", "lapsed"):
            continue
        lines += _proposal_markdown(record, where)
    return lines


def _proposal_markdown(record: Record, where: Standing) -> Sequence[str]:
    body, tally = where.proposal.body, where.tally
    lines = [
        f"#### {_plain(title(where.proposal))}",
        "",
        f"{_STAGES[where.stage].capitalize()}.",
        "",
    ]
    lines += ["| vote | weight | members |", "|---|---|---|"]
    for word, found in (("yes", tally.yes), ("no", tally.no), ("abstain", tally.abstain)):
        lines.append(f"| {word} | {tally.weight(found)} | {_plain(', '.join(found))} |")
    lines.append("")
    lines += [f"- {_plain(line)}" for line in _next(record, where)]
    for proof in body.get("proofs", []):
        asked = f"`{proof['property']}`"
        lines.append(f"- {_plain(asked)}: {proof['verdict']}")
    if "tests" in body:
        counts = ", ".join(
            f"{body['tests'][word]} {word}" for word in ("passed", "failed", "skipped")
        )
        lines.append(f"- tests: {counts}")
    if body["changes"]:
        lines += ["", "<details><summary>What changes</summary>", ""]
        # Indented code: nothing in it is markup, and no fence can be closed.
        lines += [f"    {escaped(line)}" for line in body["changes"]]
        lines += ["", "</details>"]
    return [*lines, ""]


_MARKUP = re.compile(r"([\\*_{}\[\]<>#|!~])")


def _plain(text: str) -> str:
    """A text in which nothing is markup but the code between two backticks.

    Where backticks might be paired in another way than they look, they are no markup either.
    """
    text = escaped(text).replace("\n", " ")
    parts = text.split("`")
    if len(parts) % 2 == 0 or "``" in text or "\\" in text:
        return _MARKUP.sub(r"\\\1", text).replace("`", r"\`")
    return "`".join(
        part.replace("|", r"\|") if at % 2 else _MARKUP.sub(r"\\\1", part)
        for at, part in enumerate(parts)
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
