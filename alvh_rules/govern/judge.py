"""Which entries count, and what stands by them: each judged by what it follows, and by nothing else.

Entries are taken in the ledger's order, which puts each after those it follows; an entry's ancestors
are a set of bits. Whether a vote counts, whether a proposal may be ratified, which charter is in
force: all are asked of an entry's ancestors alone, so that an answer is the same on every branch,
before and after a merge, whatever the order of lines that do not follow one another.

An entry that may not be has no effect, and says why. It breaks nothing: a member who slips in a second
vote must not be able to stop the desk.

A subject (a ruleset's path, or the charter) has a line of versions. Each ratified proposal follows
another; where two that follow the same one were ratified on two branches, neither has an effect, and
the version that both start from stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any

from alvh_rules.govern import bodies
from alvh_rules.govern.calendar import SessionCalendar, session_calendar
from alvh_rules.govern.charter import CHARTER, Approval, Charter, Member
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.errors import names
from alvh_rules.govern.ledger import Ledger
from alvh_rules.govern.read_charter import charter_from_document
from alvh_rules.govern.ssh_signatures import BadSignatureError, verify
from alvh_rules.govern.tally import Tally, count


@dataclass(frozen=True)
class Reason:
    """Why an entry has no effect, by a word that does not change, and what would put it right."""

    rule: str
    message: str
    help: str = ""

    @property
    def of_signature(self) -> bool:
        """Whether it is the signature that does not hold."""
        return self.rule in ("bad-signature", "foreign-key", "retired-key", "key-term")


@dataclass(frozen=True)
class Line:
    """The ratified versions of a subject, first to last, and those that were ratified in a race."""

    nodes: tuple[str, ...]
    contested: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """The proposal that made the newest version; empty where there is none yet."""
        return self.nodes[-1]


class Record:
    """A ledger with every entry judged. `reasons` holds those that have no effect."""

    def __init__(self, ledger: Ledger, calendar: SessionCalendar | None = None) -> None:
        self.ledger = ledger
        self.by_id: dict[str, Entry] = {}
        self.reasons: dict[str, Reason] = {}
        self._calendar = calendar
        self._masks: dict[str, int] = {}
        self._bits: dict[str, int] = {}
        self._charters: dict[str, Charter] = {}
        self._votes: dict[str, list[Entry]] = {}
        self._ratifying: dict[str, list[Entry]] = {}
        self._following: dict[str, dict[str, list[Entry]]] = {}
        self._ratified_bits: dict[str, int] = {}
        self._lines: dict[tuple[str, int], Line] = {}
        self._newest_line: dict[str, tuple[int, Line]] = {}
        self._entries: list[Entry] = []
        self._brakes: dict[str, list[Entry]] = {}
        for entry in ledger.entries:
            self._take(entry)

    # What there is

    @property
    def everything(self) -> int:
        """The ancestors of the next entry: all there are."""
        return (1 << len(self.by_id)) - 1

    @property
    def founding(self) -> str:
        """The id of the founding entry; empty where nothing was founded."""
        return self.ledger.entries[0].id if self.ledger.entries else ""

    def until(self, day: date) -> int:
        """The entries of that day and of days before, as bits: what was known then."""
        return sum(1 << self._bits[id] for id, entry in self.by_id.items() if entry.on <= day)

    def is_before(self, entry: str, other: str) -> bool:
        """Whether the second follows the first, over however many steps."""
        return bool(self._masks[other] >> self._bits[entry] & 1)

    def ancestors(self, entry: str) -> int:
        """The entries that it follows, over however many steps, as bits."""
        return self._masks[entry]

    def proposals(self, subject: str | None = None) -> list[Entry]:
        """The proposals and brakes that count, in the ledger's order."""
        return [
            entry
            for entry in self.ledger.entries
            if entry.kind in ("propose", "brake")
            and entry.id not in self.reasons
            and (subject is None or entry.body["subject"] == subject)
        ]

    def ratification(self, proposal: str, within: int | None = None) -> Entry | None:
        """The ratification of a proposal: the earliest, where two branches have one each."""
        found = self._within(self._ratifying.get(proposal, []), within)
        return min(found, key=lambda entry: (entry.on, entry.id), default=None)

    def brakes(self, subject: str, within: int | None = None) -> list[Entry]:
        """The brakes of a subject that count."""
        return list(self._within(self._brakes.get(subject, []), within))

    def votes(self, proposal: str, within: int | None = None) -> list[Entry]:
        """The votes on a proposal that count."""
        return list(self._within(self._votes.get(proposal, []), within))

    def line(self, subject: str, within: int | None = None) -> Line:
        """The versions of a subject, by the entries within."""
        # Nothing but the ratifications within makes a line: most entries share theirs with the one before.
        ratified = self._ratified_bits.get(subject, 0)
        key = (subject, ratified if within is None else ratified & within)
        if key not in self._lines:
            self._lines[key] = self._line(*key)
        return self._lines[key]

    def _line(self, subject: str, within: int) -> Line:
        nodes = [self.founding if subject == CHARTER else ""]
        before, known = self._newest_line.get(subject, (0, Line(())))
        if before and before & within == before:
            # It goes on where the first of what is new to it follows.
            nodes, fresh = list(known.nodes), within ^ before
            while fresh:
                entry = self._entries[fresh.bit_length() - 1]
                fresh ^= 1 << fresh.bit_length() - 1
                follows = self.by_id[entry.body["proposal"]].body["follows"]
                if follows in nodes:
                    del nodes[nodes.index(follows) + 1 :]
        followers = self._following.get(subject, {})
        while True:
            ratified = self._within(followers.get(nodes[-1], []), within)
            following = {entry.body["proposal"] for entry in ratified}
            if len(following) != 1:
                line = Line(tuple(nodes), tuple(sorted(following)))
                self._newest_line[subject] = within, line
                return line
            nodes.append(following.pop())

    def charter(self, within: int | None = None) -> tuple[str, Charter]:
        """The charter that decides, and the entry that made it."""
        top = self.line(CHARTER, within).top
        return top, self._charters[top]

    def charter_of(self, node: str) -> Charter:
        """The charter of a founding or of a proposal of one."""
        return self._charters[node]

    def calendar(self, charter: Charter) -> SessionCalendar:
        """The sessions that a charter counts."""
        return self._calendar or session_calendar(charter.sessions)

    def tally(self, proposal: Entry, within: int | None = None) -> Tally:
        """The count of a proposal's votes, by the charter it was proposed under."""
        charter = self._charters[proposal.body["charter"]]
        approval: Approval = charter.approvals[proposal.body["class"]]
        votes = self.votes(proposal.id, within)
        return count(votes, charter, approval, self.calendar(charter))

    def _within(self, entries: list[Entry], within: int | None) -> Iterator[Entry]:
        for entry in entries:
            if within is None or within >> self._bits[entry.id] & 1:
                yield entry

    # Judging

    def with_entry(self, entry: Entry) -> Record:
        """The record with one more entry at its end; what was judged is not judged again."""
        made = copy(self)
        made.ledger = self.ledger.with_entry(entry)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(made, name, _copied(value))
        made._take(entry)
        return made

    def _take(self, entry: Entry) -> None:
        mask = 0
        for parent in entry.parents:
            mask |= self._masks[parent] | 1 << self._bits[parent]
        reason = self._judge(entry, mask, signed=True)
        self._masks[entry.id], self._bits[entry.id] = mask, len(self.by_id)
        self.by_id[entry.id] = entry
        self._entries.append(entry)
        if reason is not None:
            self.reasons[entry.id] = reason
            return
        if entry.kind == "found":
            self._charters[entry.id] = _charter(entry.body["charter"])
        elif entry.kind == "vote":
            self._votes.setdefault(entry.body["proposal"], []).append(entry)
        elif entry.kind == "ratify":
            proposal = self.by_id[entry.body["proposal"]]
            subject, follows = proposal.body["subject"], proposal.body["follows"]
            self._ratifying.setdefault(proposal.id, []).append(entry)
            self._following.setdefault(subject, {}).setdefault(follows, []).append(entry)
            self._ratified_bits[subject] = (
                self._ratified_bits.get(subject, 0) | 1 << self._bits[entry.id]
            )
        elif entry.kind == "brake":
            self._brakes.setdefault(entry.body["subject"], []).append(entry)
        elif entry.body["subject"] == CHARTER:
            self._charters[entry.id] = _charter(entry.body["document"])

    def judge_next(self, entry: Entry) -> Reason | None:
        """Why an entry that follows all there is would have no effect; its signature is not asked."""
        return self._judge(entry, self.everything, signed=False)

    def _judge(self, entry: Entry, mask: int, *, signed: bool) -> Reason | None:
        if fault := bodies.fault(entry):
            return Reason("bad-body", f"its `{fault}` is not as a {entry.kind} has it")
        if entry.kind == "found":
            charter = _charter(entry.body["charter"])
        elif not self._charters:
            return Reason("no-charter", "the founding has no effect, so that nobody may decide")
        else:
            _, charter = self.charter(mask)
        member = charter.member(entry.by)
        if member is None:
            return Reason(
                "not-a-member",
                f"`{entry.by[:60]}` is not a member",
                f"members are {_and(charter)}; any who may propose can propose a charter with another",
            )
        if signed and (reason := self._signature(entry, charter, member)) is not None:
            return reason
        judges: dict[str, Callable[[Entry, int, Charter, Member], Reason | None]] = {
            "propose": self._propose,
            "brake": self._brake,
            "vote": self._vote,
            "ratify": self._ratify,
        }
        judge = judges.get(entry.kind)
        return None if judge is None else judge(entry, mask, charter, member)

    def _signature(self, entry: Entry, charter: Charter, member: Member) -> Reason | None:
        try:
            key = verify(entry.signature, entry.payload.encode("ascii"))
        except BadSignatureError as problem:
            return Reason(
                "bad-signature",
                f"its signature does not hold: {problem}",
                f"only `{member.name}` can sign for `{member.name}`",
            )
        held = [item for item in member.keys if item.key == key]
        if any(item.is_current(entry.on) for item in held):
            return None
        if held:
            return Reason(
                "key-term",
                f"the key of `{member.name}` was not current on {entry.on}",
                "a change of the charter gives a key another term",
            )
        earlier = any(
            old.holder(key) is not None for old in self._charters.values() if old is not charter
        )
        if earlier:
            return Reason(
                "retired-key",
                f"it is signed with a key that the charter no longer gives `{member.name}`",
                f"`{member.name}` can sign it with a key that the charter names",
            )
        return Reason(
            "foreign-key",
            f"it is signed with {key.fingerprint}, which is no key of `{member.name}`",
            f"only `{member.name}` can sign for `{member.name}`",
        )

    def _may(self, act: str, charter: Charter, member: Member) -> Reason | None:
        if charter.may(member, act):
            return None
        return Reason(
            f"may-not-{act}",
            f"`{member.name}` may not {act}",
            f"{names(charter.who_may(act))} can",
        )

    def _starts_from(self, entry: Entry, mask: int, charter: Charter) -> Reason | None:
        """That a proposal starts from the charter and the version that stand."""
        body, (node, _) = entry.body, self.charter(mask)
        if body["charter"] != node:
            return Reason(
                "other-charter", "the charter has changed since", "propose it again, by the new one"
            )
        subject = body["subject"]
        if subject != CHARTER and charter.constitution_of(subject) is None:
            return Reason(
                "not-governed",
                f"the charter does not govern `{subject}`",
                "a change of the charter adds a [[ruleset]]",
            )
        line = self.line(subject, mask)
        if body["follows"] != line.top:
            return Reason(
                "stale",
                "another version has been ratified since it was proposed",
                "compare it with that version and propose it again",
            )
        if line.top and self._content(line.top) == body["content"]:
            return Reason("no-change", "it is what stands already", "there is nothing to decide")
        return None

    def _content(self, node: str) -> str:
        if node == self.founding:
            return self._charters[node].digest
        return str(self.by_id[node].body["content"])

    def _propose(self, entry: Entry, mask: int, charter: Charter, member: Member) -> Reason | None:
        body = entry.body
        if body["subject"] == CHARTER and _charter(body["document"]).digest != body["content"]:
            return Reason("bad-body", "its `content` is not the digest of its charter")
        return self._may("propose", charter, member) or self._starts_from(entry, mask, charter)

    def _brake(self, entry: Entry, mask: int, charter: Charter, member: Member) -> Reason | None:
        found = self._may("brake", charter, member) or self._starts_from(entry, mask, charter)
        if found is not None:
            return found
        subject, follows = entry.body["subject"], entry.body["follows"]
        if not follows:
            return Reason(
                "nothing-to-tighten",
                "no version is in force that it could tighten",
                f"{names(charter.who_may('propose'))} can propose one",
            )
        if not entry.body["tightens"]:
            return Reason("not-proved", "it carries no proof that it tightens")
        if problem := self._unproved(entry, charter):
            return problem
        for other in self.brakes(subject, mask):
            if other.body["follows"] == follows:
                return Reason(
                    "braked-before",
                    f"`{other.by}` braked this version on {other.on}; a version is braked once",
                    "a vote can put a further change in force",
                )
        return None

    def _vote(self, entry: Entry, mask: int, charter: Charter, member: Member) -> Reason | None:
        body = entry.body
        proposal = self._proposal(body["proposal"], mask)
        if isinstance(proposal, Reason):
            return proposal
        if body["content"] != proposal.body["content"]:
            return Reason(
                "other-content",
                "it names the content of another proposal",
                f"`{member.name}` can vote on each",
            )
        if body["choice"] == "veto" and (reason := self._may("veto", charter, member)):
            return reason
        for other in self.votes(proposal.id, mask):
            if other.by == member.name:
                return Reason(
                    "double-vote",
                    f"`{member.name}` voted {other.body['choice']} on it on {other.on}",
                    "a vote stands; its member can propose something else",
                )
        return self._open(proposal, mask, charter)

    def _proposal(self, id: str, mask: int) -> Entry | Reason:
        entry = self.by_id.get(id)
        known = entry is not None and mask >> self._bits[id] & 1
        if entry is None or not known or entry.kind not in ("propose", "brake"):
            return Reason("no-proposal", f"there is no proposal {id[:12]} before it")
        if id in self.reasons:
            return Reason("void-proposal", f"the proposal {id[:12]} has no effect itself")
        return entry

    def _open(self, proposal: Entry, mask: int, charter: Charter) -> Reason | None:
        """That a proposal can still be decided."""
        if (ratified := self.ratification(proposal.id, mask)) is not None:
            return Reason(
                "closed",
                f"the proposal was ratified on {ratified.on}",
                "to go back to it, or away from it, propose it anew",
            )
        reason = self._starts_from(proposal, mask, charter)
        return None if reason is None else Reason(reason.rule, reason.message, reason.help)

    def _ratify(self, entry: Entry, mask: int, charter: Charter, member: Member) -> Reason | None:
        body = entry.body
        proposal = self._proposal(body["proposal"], mask)
        if isinstance(proposal, Reason):
            return proposal
        if body["content"] != proposal.body["content"]:
            return Reason("other-content", "it names the content of another proposal")
        reason = self._may("ratify", charter, member) or self._open(proposal, mask, charter)
        if reason is not None:
            return reason
        tally = self.tally(proposal, mask)
        if missing := tally.missing():
            word = "vetoed" if tally.vetoes else "quorum" if not tally.quorum_met else "threshold"
            return Reason(
                word, "it lacks " + "; and ".join(missing) if word != "vetoed" else missing[0]
            )
        assert tally.ready is not None
        if entry.on < tally.ready:
            return Reason(
                "timelock",
                f"it passed on {tally.reached} and waits {tally.approval.wait} sessions:"
                f" until {tally.ready}, not {entry.on}",
                f"{names(charter.who_may('ratify'))} can ratify it from that day on",
            )
        first = self.calendar(charter).after(entry.on)
        if date.fromisoformat(body["from"]) < first:
            return Reason(
                "backdated",
                f"it would be in force from {body['from']}, and the next session is {first}",
            )
        return self._unproved(proposal, charter)

    def _unproved(self, proposal: Entry, charter: Charter) -> Reason | None:
        """That the proposal carries the tests and the proofs that the charter asks for."""
        body = proposal.body
        if body["subject"] == CHARTER:
            return None
        if body["tests"]["failed"]:
            return Reason(
                "tests",
                f"{body['tests']['failed']} of the ruleset's own tests failed",
                f"`{proposal.by}` can mend it and propose it again",
            )
        verdicts = {item["property"]: item["verdict"] for item in body["proofs"]}
        for text in charter.constitution_of(body["subject"]) or ():
            if (verdict := verdicts.get(f"always {text}", "missing")) != "proved":
                return Reason(
                    "constitution",
                    f"`always {text}` is {verdict}, and the constitution asks for its proof",
                    f"`{proposal.by}` can mend the ruleset; a change of the charter can let go of it",
                )
        refuted = [text for text, verdict in verdicts.items() if verdict == "refuted"]
        if refuted:
            return Reason(
                "refuted",
                f"`{refuted[0]}` is refuted",
                f"`{proposal.by}` can mend it and propose it again",
            )
        return None


def _copied(value: Any) -> Any:
    """Containers anew, with what they hold."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return list(value) if isinstance(value, list) else value


def _charter(document: object) -> Charter:
    """The charter of a document that was found to be one."""
    charter = charter_from_document(document)
    assert isinstance(charter, Charter)
    return charter


def _and(charter: Charter) -> str:
    return ", ".join(f"`{member.name}`" for member in charter.members)
