"""What the native machine was built from: the build and the import ask the same of the same files."""

from __future__ import annotations

import hashlib
from pathlib import Path

FILES = ("strands.c", "program.h", "operations.h", "stepper.h")
"""The machine's source, the file that is compiled first."""


def digest(folder: Path) -> str | None:
    """The SHA-256 of the source in a folder, as hexadecimal digits; None where it is not there."""
    try:
        texts = [(folder / name).read_bytes() for name in FILES]
    except FileNotFoundError:
        return None
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
