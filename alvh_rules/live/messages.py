"""What a feed gives: messages, each the fields of one bar or tick, as they came."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 1_000_000
"""The size of a message; a larger one is quarantined unread."""
MOST_KEPT: Final = 10_000
"""How many characters of a message that was not taken the journal keeps."""


def encodable(text: str) -> str:
    """A text as UTF-8 and any database can hold it: half a surrogate pair, which JSON can spell, and the
    character NUL are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def nothing() -> None:
    """What acknowledging means where nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Message:
    """Fields by name, or, in `problem`, why there are none. `raw` is what came, as text.

    `acknowledge` is called once what came of the message stands in the journal.
    """

    fields: Mapping[str, Any]
    raw: str
    problem: str = ""
    acknowledge: Callable[[], None] = nothing


def from_text(text: str | bytes, acknowledge: Callable[[], None] = nothing) -> Message:
    """The message of a JSON object."""
    if len(text) > MOST_BYTES:
        shown = text[:MOST_KEPT]
        kept = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else shown
        return Message({}, kept, f"it is longer than {MOST_BYTES:,} bytes", acknowledge)
    try:
        raw = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        return Message({}, repr(text[:MOST_KEPT]), "it is not UTF-8 text", acknowledge)
    raw = raw.strip()
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return Message({}, raw[:MOST_KEPT], "it is not JSON", acknowledge)
    return from_fields(fields, raw, acknowledge)


def from_fields(
    fields: Any, raw: str | None = None, acknowledge: Callable[[], None] = nothing
) -> Message:
    """The message of a JSON value that was read."""
    text = json.dumps(fields, ensure_ascii=False, default=str) if raw is None else raw
    if not isinstance(fields, dict):
        return Message({}, text[:MOST_KEPT], "it is not a JSON object", acknowledge)
    return Message(fields, text, "", acknowledge)


def field_of(fields: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    """Whether a message has a field, and its value: as written, through objects by dots, or else in
    whatever case."""
    if name in fields:
        return True, fields[name]
    if "." in name:
        inner: Any = fields
        for part in name.split("."):
            if not isinstance(inner, dict) or part not in inner:
                return False, None
            inner = inner[part]
        return True, inner
    folded = name.casefold()
    for other, value in fields.items():
        if other.casefold() == folded:
            return True, value
    return False, None
