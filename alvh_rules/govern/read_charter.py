"""A charter from its file or from the ledger, with everything that is wrong with it.

The same checks read both: `charter_from_toml` for the file that people write, `charter_from_document`
for what an entry carries. A charter that could contradict itself is refused: a tie that passes, a
class of change that is easier than a lesser one, one key for two members.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.govern import errors
from alvh_rules.govern.charter import (
    ACTS,
    CHANGES,
    Approval,
    Change,
    Charter,
    Governed,
    Member,
    MemberKey,
)
from alvh_rules.govern.shares import share_of, threshold_of
from alvh_rules.govern.ssh_keys import PublicKey, public_key
from alvh_rules.govern.ssh_signatures import unsound_key

MOST_TEXT: Final = 200_000
MOST_MEMBERS: Final = 200
MOST_WEIGHT: Final = 1_000_000
MOST_SESSIONS: Final = 2_520
"""Ten years of them."""

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_FIELDS: Final = {
    "name", "sessions", "quorum", "longest_key", "lapses", "members", "approval", "roles",
    "constitution", "rulesets",
}  # fmt: skip


def charter_from_toml(text: str, where: str) -> Charter | list[Diagnostic]:
    """The charter of a file's text. `where` names the file in what is found."""
    if len(text) > MOST_TEXT:
        return [errors.charter(f"it is longer than {MOST_TEXT:,} characters", "", where)]
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        return [errors.charter(f"it is not TOML: {problem}", "", where)]
    for old, new in (("member", "members"), ("ruleset", "rulesets")):
        if old in table and new not in table:
            table[new] = table.pop(old)
    members = table.get("members")
    for member in members if isinstance(members, list) else []:
        if isinstance(member, dict) and "key" in member and "keys" not in member:
            member["keys"] = member.pop("key")
    return charter_from_document(table, where)


def charter_from_document(document: Any, where: str = "") -> Charter | list[Diagnostic]:
    """The charter of a JSON object."""
    reader = _Reader(where)
    charter = reader.charter(document)
    return charter if charter is not None and not reader.found else reader.found


class _Reader:
    """Reads the parts; `found` gathers what is wrong."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[Diagnostic] = []

    def wrong(self, message: str, help: str = "") -> None:
        """One more thing that is wrong."""
        self.found.append(errors.charter(message, help, self.where))

    def charter(self, document: Any) -> Charter | None:
        """The charter, or None; with anything in `found` it is not to be used."""
        if not isinstance(document, dict):
            self.wrong("it is not a table of settings")
            return None
        self._known(document, _FIELDS, "the charter")
        members = self._members(document.get("members", []))
        quorum = document.get("quorum")
        if not isinstance(quorum, str) or not share_of(quorum):
            self.wrong(
                "`quorum` must be a share of all weight, above none", 'such as quorum = "2/3"'
            )
        sessions = document.get("sessions", "exchange")
        if sessions not in ("exchange", "every day"):
            self.wrong("`sessions` is `exchange` or `every day`")
        charter = Charter(
            name=self._text(document.get("name"), "`name`"),
            sessions=str(sessions),
            quorum=str(quorum),
            longest_key=self._whole(document.get("longest_key", 400), "`longest_key`", 1, 3_660),
            lapses=self._whole(document.get("lapses", 5), "`lapses`", 1, 60),
            members=members,
            approvals=self._approvals(document.get("approval", {})),
            roles=self._roles(document.get("roles", {}), members),
            constitution=self._properties(document.get("constitution", []), "`constitution`"),
            rulesets=self._rulesets(document.get("rulesets", [])),
        )
        for member in members:
            for held in member.keys:
                if (held.last - held.first).days > charter.longest_key:
                    self.wrong(
                        f"a key of `{member.name}` runs longer than {charter.longest_key} days",
                        "a new term is a change of the charter, so that a lost key ends by itself",
                    )
        return charter

    def _known(self, table: dict[str, Any], fields: set[str], what: str) -> None:
        from alvh_rules.check.scope import nearest

        for name in sorted(set(table) - fields):
            near = nearest(name, fields)
            self.wrong(
                f"{what} has no setting `{name[:60]}`", f"did you mean `{near}`?" if near else ""
            )

    def _text(self, value: Any, what: str) -> str:
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.wrong(f"{what} must be a text on one line")
            return ""
        return value

    def _whole(self, value: Any, what: str, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.wrong(f"{what} must be a whole number from {least:,} to {most:,}")
            return least
        return value

    def _tables(self, value: Any, what: str, most: int) -> Iterator[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > most:
            self.wrong(f"{what} must be a list of at most {most:,} tables")
            return
        for item in value:
            if isinstance(item, dict):
                yield item
            else:
                self.wrong(f"{what} must be a list of tables")

    def _members(self, value: Any) -> tuple[Member, ...]:
        members: list[Member] = []
        owners: dict[PublicKey, str] = {}
        for table in self._tables(value, "`member`", MOST_MEMBERS):
            self._known(table, {"name", "weight", "roles", "keys"}, "a member")
            name = str(table.get("name"))
            if not _NAME.fullmatch(name):
                self.wrong(f"`{name[:60]}` cannot be a member's name", "small letters, digits, _")
            if any(member.name == name for member in members):
                self.wrong(f"there are two members `{name}`")
            roles = table.get("roles", [])
            if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
                self.wrong(f"the roles of `{name}` must be a list of words")
                roles = []
            keys = tuple(self._keys(table.get("keys", []), name, owners))
            if not keys:
                self.wrong(
                    f"`{name}` has no key", "add the line of a .pub file as a [[member.key]]"
                )
            weight = self._whole(table.get("weight", 1), f"the weight of `{name}`", 1, MOST_WEIGHT)
            members.append(Member(name, weight, tuple(roles), keys))
        if not members:
            self.wrong("it has no members", "a [[member]] has a name, a weight and a key")
        return tuple(members)

    def _keys(self, value: Any, name: str, owners: dict[PublicKey, str]) -> Iterator[MemberKey]:
        for table in self._tables(value, f"the keys of `{name}`", 20):
            self._known(table, {"key", "from", "until"}, "a key")
            key = public_key(str(table.get("key", "")))
            if not isinstance(key, str) and (unsound := unsound_key(key)):
                key = unsound
            if isinstance(key, str):
                self.wrong(f"a key of `{name}` cannot be used: {key}")
                continue
            if owners.setdefault(key, name) != name:
                self.wrong(
                    f"`{owners[key]}` and `{name}` have the same key",
                    "who holds it would vote twice",
                )
            first, last = self._day(table.get("from")), self._day(table.get("until"))
            if first is None or last is None or last < first:
                self.wrong(
                    f"a key of `{name}` needs the days `from` and `until`",
                    "such as from = 2026-01-02 and until = 2026-12-31",
                )
                continue
            yield MemberKey(key, first, last)

    def _day(self, value: Any) -> date | None:
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None

    def _approvals(self, value: Any) -> dict[Change, Approval]:
        if not isinstance(value, dict):
            self.wrong("`approval` must be a table")
            return {}
        self._known(value, set(CHANGES), "`approval`")
        made: dict[Change, Approval] = {}
        for change in CHANGES:
            table = value.get(change)
            if not isinstance(table, dict):
                self.wrong(f"[approval.{change}] is missing", 'such as yes = "over 1/2", wait = 1')
                continue
            self._known(table, {"yes", "wait"}, f"[approval.{change}]")
            threshold = threshold_of(str(table.get("yes")))
            wait = self._whole(table.get("wait", 0), f"`approval.{change}.wait`", 0, MOST_SESSIONS)
            if threshold is None:
                self.wrong(
                    f"`approval.{change}.yes` must be a share that a tie does not reach",
                    'such as "over 1/2" or "at least 2/3"',
                )
                continue
            before = list(made.values())[-1:]
            if before and not threshold.not_below(before[0].threshold):
                self.wrong(
                    f"a {change} change would be easier to approve than a lesser one",
                    "the shares must not fall from patch to minor to major to charter",
                )
            if before and wait < before[0].wait:
                self.wrong(f"a {change} change would wait less than a lesser one")
            made[change] = Approval(threshold, wait)
        return made

    def _roles(self, value: Any, members: tuple[Member, ...]) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            self.wrong("`roles` must be a table: which roles may propose, veto, brake, ratify")
            return {}
        self._known(value, set(ACTS), "`roles`")
        held = {role for member in members for role in member.roles}
        made: dict[str, tuple[str, ...]] = {}
        for act in ACTS:
            roles = value.get(act, [])
            if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
                self.wrong(f"`roles.{act}` must be a list of words")
                continue
            if roles and not held & set(roles):
                self.wrong(f"nobody could {act}: no member has one of the roles {roles}")
            made[act] = tuple(roles)
        for act in ("veto", "brake"):
            if not made.get(act):
                # Both act against or without the others: never everybody's for want of a line.
                self.wrong(f"`roles.{act}` must say which roles may {act}", f'{act} = ["steward"]')
        return made

    def _properties(self, value: Any, what: str) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > 100:
            self.wrong(f"{what} must be a list of at most 100 properties")
            return ()
        for item in value:
            if not isinstance(item, str) or not item.isprintable() or not 0 < len(item) <= 500:
                self.wrong(f"{what} holds what stands after `always`, each on one line")
                return ()
        return tuple(" ".join(item.split()).removeprefix("always ") for item in value)

    def _rulesets(self, value: Any) -> tuple[Governed, ...]:
        made: list[Governed] = []
        for table in self._tables(value, "`ruleset`", 500):
            self._known(table, {"path", "constitution"}, "a ruleset")
            path = table.get("path")
            if not isinstance(path, str) or not is_plain_path(path):
                self.wrong(
                    f"`{str(path)[:80]}` is no ruleset's path",
                    "a path from the top of the repository, such as rulesets/core.alvh",
                )
                continue
            if any(item.path.casefold() == path.casefold() for item in made):
                # On some machines small and capital letters name one file.
                self.wrong(f"`{path}` is named twice")
            what = f"the constitution of `{path}`"
            made.append(Governed(path, self._properties(table.get("constitution", []), what)))
        if not made:
            self.wrong("it governs no ruleset", "a [[ruleset]] has a path")
        return tuple(made)


def is_plain_path(path: str) -> bool:
    """Whether it is a ruleset's path inside the repository, with no step up and nothing hidden."""
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") for part in parts) and path.isprintable()
    return plain and path.endswith(".alvh") and not re.search(r'[\\:*?"<>|]', path)
