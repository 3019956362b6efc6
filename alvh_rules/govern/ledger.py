"""The ledger: a text file of entries, each following those before it; a graph, not a chain.

An entry names as its parents all entries that none followed when it was made. On one branch that is a
chain. Two votes cast on two branches follow the same entries; a merge keeps both lines (git stops at
the conflict, or keeps both by itself with `merge=union`), and the next entry follows both. So a merge
cannot lose a vote, and a line that is taken out is missed by every entry that follows it.

What is refused here is what no honest writer and no merge makes: a line that is no entry, an entry
that was changed, stands twice or before one it follows, one that follows a line that is not there, a
second beginning. Who may say what is judged elsewhere (`judge.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.govern import errors
from alvh_rules.govern.entries import Entry, entry_of_line

FOLDER: Final = "governance"
LEDGER: Final = "ledger.jsonl"
CHARTER_FILE: Final = "charter.toml"
SIGNERS_FILE: Final = "allowed_signers"
MOST_BYTES: Final = 32_000_000
MOST_ENTRIES: Final = 10_000


@dataclass(frozen=True)
class Ledger:
    """Entries, each after those it follows; the first is the founding."""

    entries: tuple[Entry, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """The ids of the entries that none follows: the parents of the next."""
        followed = {parent for entry in self.entries for parent in entry.parents}
        return tuple(entry.id for entry in self.entries if entry.id not in followed)

    def with_entry(self, entry: Entry) -> Ledger:
        """The ledger with one more entry."""
        return Ledger((*self.entries, entry))


def ledger_of_text(text: str, where: str) -> Ledger | list[Diagnostic]:
    """The ledger of a file's text, or all that is wrong with it."""
    found: list[Diagnostic] = []
    if not text:
        return Ledger(())
    if not text.endswith("\n"):
        found.append(errors.ledger_cut(where))
    lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
    if len(lines) > MOST_ENTRIES:
        return [errors.ledger(where, f"it has more than {MOST_ENTRIES:,} entries")]
    entries: list[Entry] = []
    place: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        entry = entry_of_line(line)
        if isinstance(entry, str):
            found.append(errors.ledger_line(where, number, entry))
            continue
        if entry.id in place:
            found.append(errors.ledger_twice(where, number, place[entry.id]))
            continue
        place[entry.id] = number
        entries.append(entry)
    if not found:
        found = list(_unfollowed(entries, place, where))
    return found or Ledger(tuple(entries))


def _unfollowed(entries: list[Entry], place: dict[str, int], where: str) -> Iterable[Diagnostic]:
    days = {entry.id: entry.on for entry in entries}
    for number, entry in enumerate(entries, 1):
        if (entry.kind == "found") != (not entry.parents) or (number > 1) != bool(entry.parents):
            yield errors.ledger_beginning(where, number, entry.kind)
        for parent in entry.parents:
            if parent not in place:
                yield errors.ledger_gap(where, number, parent)
            elif place[parent] >= number:
                yield errors.ledger_order(where, number, place[parent])
            elif days[parent] > entry.on:
                yield errors.ledger_days(where, number, place[parent], entry.on, days[parent])


def read_ledger(path: Path) -> Ledger | list[Diagnostic]:
    """The ledger of a file; one that is not there is empty."""
    where = str(path)
    try:
        if path.is_symlink():
            return [
                errors.ledger(where, "it is a symbolic link, which can point elsewhere tomorrow")
            ]
        if not path.exists():
            return Ledger(())
        if path.stat().st_size > MOST_BYTES:
            return [errors.ledger(where, f"it is larger than {MOST_BYTES:,} bytes")]
        # Line ends are as git checks them out; an entry has none inside.
        text = path.read_bytes().decode("ascii").replace("\r\n", "\n")
    except OSError as problem:
        return [errors.ledger(where, problem.strerror or str(problem))]
    except UnicodeDecodeError as problem:
        return [errors.ledger(where, f"it is not plain text (byte {problem.start + 1})")]
    return ledger_of_text(text, where)


def append(path: Path, entry: Entry) -> None:
    """Write one more line at the end, in one piece, and have it on the disk. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o644)
    try:
        data = (entry.line + "\n").encode("ascii")
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)
