"""The charter: who may decide, with which keys and weights, and by which rules.

A charter is written as TOML (`governance/charter.toml`) and held in the ledger as JSON: the founding
entry carries the first, a ratified proposal each later one. The file is what people read and edit;
what counts is what the ledger says. `read_charter.py` makes one of the file, with what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

from alvh_rules.govern.canonical import digest
from alvh_rules.govern.shares import Threshold, share_of
from alvh_rules.govern.ssh_keys import PublicKey

Change = Literal["patch", "minor", "major", "charter"]
CHANGES: Final[tuple[Change, ...]] = ("patch", "minor", "major", "charter")
"""The classes of change, the least first."""

ACTS: Final = ("propose", "veto", "brake", "ratify")
"""What a charter may keep for some roles. Voting is every member's."""

CHARTER: Final = "charter"
"""The subject of a proposal that changes the charter itself; no ruleset's path is so short."""


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A key and the days on which it may sign, both taken in."""

    key: PublicKey
    first: date
    last: date

    def is_current(self, day: date) -> bool:
        """Whether it may sign on that day."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a vote."""

    name: str
    weight: int
    roles: tuple[str, ...]
    keys: tuple[MemberKey, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """What a class of change needs: a threshold of yes, and sessions to wait once it has it."""

    threshold: Threshold
    wait: int


@dataclass(frozen=True, slots=True)
class Governed:
    """A ruleset under the charter, by its path in the repository, with properties of its own."""

    path: str
    constitution: tuple[str, ...]


@dataclass(frozen=True)
class Charter:
    """A charter as it was written; `document` is its JSON, which is hashed and signed."""

    name: str
    sessions: str
    quorum: str
    longest_key: int
    lapses: int
    members: tuple[Member, ...]
    approvals: Mapping[Change, Approval]
    roles: Mapping[str, tuple[str, ...]]
    constitution: tuple[str, ...]
    rulesets: tuple[Governed, ...]

    def member(self, name: str) -> Member | None:
        """The member of that name."""
        return next((member for member in self.members if member.name == name), None)

    def holder(self, key: PublicKey) -> Member | None:
        """The member whose key it is, current or not."""
        for member in self.members:
            if any(held.key == key for held in member.keys):
                return member
        return None

    def may(self, member: Member, act: str) -> bool:
        """Whether a member's roles allow an act; one that is kept for no role is everybody's."""
        wanted = self.roles.get(act, ())
        return not wanted or any(role in wanted for role in member.roles)

    def who_may(self, act: str) -> list[str]:
        """The members who may do that."""
        return [member.name for member in self.members if self.may(member, act)]

    def constitution_of(self, path: str) -> tuple[str, ...] | None:
        """The properties a ruleset must prove; None where it is not governed."""
        for ruleset in self.rulesets:
            if ruleset.path == path:
                return tuple(dict.fromkeys([*self.constitution, *ruleset.constitution]))
        return None

    @property
    def weight(self) -> int:
        """The weight of all members together."""
        return sum(member.weight for member in self.members)

    @property
    def quorum_weight(self) -> int:
        """The least weight of yes and no votes that is a quorum."""
        share = share_of(self.quorum)
        assert share is not None
        return max(1, -(-share.numerator * self.weight // share.denominator))

    @cached_property
    def document(self) -> dict[str, Any]:
        """The charter as JSON; `charter_from_document` reads it back."""
        return {
            "name": self.name,
            "sessions": self.sessions,
            "quorum": self.quorum,
            "longest_key": self.longest_key,
            "lapses": self.lapses,
            "members": [
                {
                    "name": member.name,
                    "weight": member.weight,
                    "roles": list(member.roles),
                    "keys": [
                        {
                            "key": str(held.key),
                            "from": held.first.isoformat(),
                            "until": held.last.isoformat(),
                        }
                        for held in member.keys
                    ],
                }
                for member in self.members
            ],
            "approval": {
                change: {"yes": str(approval.threshold), "wait": approval.wait}
                for change, approval in self.approvals.items()
            },
            "roles": {act: list(roles) for act, roles in self.roles.items()},
            "constitution": list(self.constitution),
            "rulesets": [
                {"path": item.path, "constitution": list(item.constitution)}
                for item in self.rulesets
            ],
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the document: the charter's content."""
        return digest(self.document)


def allowed_signers(charter: Charter) -> str:
    """The members' keys in the form that git and `ssh-keygen -Y verify` read."""
    lines = ["# Written by `alvh govern` from the charter; the charter is what counts."]
    for member in charter.members:
        for held in member.keys:
            options = (
                f'namespaces="alvh-rules,git",valid-after="{held.first:%Y%m%d}",'
                f'valid-before="{held.last:%Y%m%d}235959"'
            )
            lines.append(f"{member.name} {options} {held.key}")
    return "\n".join(lines) + "\n"
