"""What the body of each kind of entry holds, checked before anything else is asked of it.

A proposal and a brake fix a ruleset: `subject` its path, `follows` the proposal that made the version
it starts from (empty for a first), `charter` the proposal (or founding) of the charter it is decided
by, `content` and `files` the digests, `blobs` where git keeps the texts, `class`, `why` and `changes`
what `alvh diff` found, `proofs` and `tests` the verdicts. A proposal of a charter has its `document`.
A vote and a ratification name a proposal and say again what it fixes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from alvh_rules.govern.charter import CHARTER, Charter
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.read_charter import charter_from_document, is_plain_path

CHOICES: Final = ("yes", "no", "abstain", "veto")
VERDICTS: Final = ("proved", "refuted", "undecided")
MOST_REASON: Final = 2_000

_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_Test = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_REASON


def _id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and bool(_HEX.fullmatch(value))


def _id_or_none(value: Any) -> bool:
    return value == "" or _id(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 500 and all(_text(item) for item in value)


def _hashes(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and 0 < len(value) <= 65
        and all(
            is_plain_path(path) and isinstance(item, str) and _HEX.fullmatch(item)
            for path, item in value.items()
        )
    )


def _proofs(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and set(item) == {"property", "verdict"}
        and _text(item["property"])
        and item["verdict"] in VERDICTS
        for item in value
    )


def _counts(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"passed", "failed", "skipped"}
        and all(type(item) is int and item >= 0 for item in value.values())
    )


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_RULESET: Final[Mapping[str, _Test]] = {
    "subject": lambda value: isinstance(value, str) and is_plain_path(value),
    "follows": _id_or_none,
    "charter": _id,
    "content": _id,
    "files": _hashes,
    "blobs": _hashes,
    "version": _text,
    "class": lambda value: value in ("patch", "minor", "major"),
    "why": _text,
    "changes": _texts,
    "proofs": _proofs,
    "tests": _counts,
    "history": _texts,
    "reason": _text,
}
_CHARTER: Final[Mapping[str, _Test]] = {
    "subject": lambda value: value == CHARTER,
    "follows": _id,
    "charter": _id,
    "content": _id,
    "document": lambda value: isinstance(charter_from_document(value), Charter),
    "class": lambda value: value == "charter",
    "changes": _texts,
    "reason": _text,
}
_SHAPES: Final[Mapping[str, Mapping[str, _Test]]] = {
    "found": {"charter": lambda value: isinstance(charter_from_document(value), Charter)},
    "brake": {**_RULESET, "tightens": _texts},
    "vote": {
        "proposal": _id,
        "content": _id,
        "choice": lambda value: value in CHOICES,
        "reason": _text,
    },
    "ratify": {"proposal": _id, "content": _id, "from": _day},
}


def fault(entry: Entry) -> str:
    """The field of a body that is not as it must be, or nothing."""
    shape = _SHAPES.get(entry.kind)
    if shape is None:
        shape = _CHARTER if entry.body.get("subject") == CHARTER else _RULESET
    for name in sorted({*shape, *entry.body}):
        if name not in shape or name not in entry.body or not shape[name](entry.body[name]):
            return name
    return ""
