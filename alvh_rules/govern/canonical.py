"""One text for one value: what is hashed and signed.

JSON with sorted keys, no blanks and nothing but ASCII. Floats are refused: two programs may print
one differently, and nothing that is signed here needs one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """The text of a value made of objects, lists, texts, whole numbers, truths and null.

    Raises ValueError for a float, and for a text that is not Unicode.
    """
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text


def digest(value: Any) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def digest_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _refuse_floats(value: Any) -> None:
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, float):
            raise ValueError(f"{part!r} has no one text: write it as a text or a whole number")
        if isinstance(part, dict):
            if not all(isinstance(key, str) for key in part):
                raise ValueError("the names in an object are texts")
            stack += part.values()
        elif isinstance(part, list | tuple):
            stack += part
