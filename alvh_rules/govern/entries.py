"""One entry of the ledger: what somebody did, signed, on a line of its own.

An entry's id is the SHA-256 of all it says but its signature: its kind, who, the day, the body, and
the ids of the entries it follows. The signature is over the same text. So nothing in an entry can be
changed without another id, and nothing before it without another id of every entry after.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from alvh_rules.govern.canonical import canonical_json, digest_of_text

FORM: Final = 1
KINDS: Final = ("found", "propose", "vote", "ratify", "brake")
MOST_LINE: Final = 400_000
"""Characters of an entry: a charter of 200 members fits."""

_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """An entry as it was signed. `parents` are the entries that nothing followed when it was made."""

    kind: str
    by: str
    on: date
    body: dict[str, Any]
    parents: tuple[str, ...]
    id: str
    signature: str = ""

    @property
    def payload(self) -> str:
        """The text that is hashed and signed."""
        return _payload(self.kind, self.by, self.on, self.body, self.parents)

    @property
    def line(self) -> str:
        """The entry's line in the file, without its end."""
        # Who did what comes first: a reviewer reads the start of a line.
        fields: dict[str, Any] = {
            "on": self.on.isoformat(),
            "by": self.by,
            "kind": self.kind,
            "body": self.body,
            "parents": list(self.parents),
            "id": self.id,
            "signature": self.signature,
        }
        inside = (f"{json.dumps(name)}:{canonical_json(value)}" for name, value in fields.items())
        return "{" + ",".join(inside) + "}"


def new_entry(
    kind: str, by: str, on: date, body: dict[str, Any], parents: tuple[str, ...]
) -> Entry:
    """An entry that is not signed yet."""
    parents = tuple(sorted(parents))
    return Entry(kind, by, on, body, parents, digest_of_text(_payload(kind, by, on, body, parents)))


def _payload(kind: str, by: str, on: date, body: dict[str, Any], parents: tuple[str, ...]) -> str:
    return canonical_json(
        {
            "alvh": FORM,
            "kind": kind,
            "by": by,
            "on": on.isoformat(),
            "body": body,
            "parents": list(parents),
        }
    )


def entry_of_line(line: str) -> Entry | str:
    """The entry that a line holds, or why it holds none: in words that follow `line 3`."""
    if len(line) > MOST_LINE:
        return f"is longer than {MOST_LINE:,} characters"
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        return "is a mark of a merge that was not finished"
    try:
        fields = json.loads(line)
        entry = _entry(fields)
        same = entry is not None and entry.line == line
    except (ValueError, RecursionError):
        return "is no whole entry"
    if entry is None or not same:
        return "is not in the form of an entry"
    if digest_of_text(entry.payload) != entry.id:
        return "says something else than what its id was made of: it was changed"
    return entry


def _entry(fields: Any) -> Entry | None:
    names = {"on", "by", "kind", "body", "parents", "id", "signature"}
    if not isinstance(fields, dict) or set(fields) != names or fields["kind"] not in KINDS:
        return None
    parents, body = fields["parents"], fields["body"]
    texts = all(isinstance(fields[name], str) for name in ("on", "by", "kind", "id", "signature"))
    if not texts or not isinstance(body, dict) or not isinstance(parents, list):
        return None
    if not all(isinstance(parent, str) and _ID.fullmatch(parent) for parent in parents):
        return None
    if parents != sorted(set(parents)) or not _ID.fullmatch(fields["id"]):
        return None
    on = date.fromisoformat(fields["on"])
    return Entry(
        fields["kind"], fields["by"], on, body, tuple(parents), fields["id"], fields["signature"]
    )
