"""Judging a ledger beside the least it could take: checking every signature once.

`python -m tests.benchmarks.ledger [ENTRIES …]` makes ledgers of three members who adopt one version
after another, in turn with verifying the same signatures by the `cryptography` library alone, and
prints medians and ratios. Judging grows with the number of entries: the ratio stays as they grow.
"""

from __future__ import annotations

import base64
import hashlib
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from alvh_rules.govern import signing
from alvh_rules.govern.calendar import session_calendar
from alvh_rules.govern.charter import Charter
from alvh_rules.govern.entries import Entry, new_entry
from alvh_rules.govern.judge import Record
from alvh_rules.govern.ledger import Ledger, ledger_of_text
from alvh_rules.govern.read_charter import charter_from_toml
from alvh_rules.govern.ssh_keys import take_string
from alvh_rules.govern.ssh_signatures import signed_bytes
from tests.govern.desks import CHARTER, make_key, member

MEMBERS = ("ana", "ben", "cem")
A_DAY = 200
"""Entries of one day."""
ROUNDS = 5


def long_ledger(folder: Path, entries: int) -> str:
    """The text of a ledger of about so many entries, all of which count."""
    keys = {name: make_key(folder / name) for name in MEMBERS}
    text = CHARTER.replace("wait = 1", "wait = 0").replace("wait = 2", "wait = 0")
    text += "".join(member(name, key, steward=name == "ana") for name, key in keys.items())
    charter = charter_from_toml(text + '\n[[ruleset]]\npath = "core.alvh"\n', "charter")
    assert isinstance(charter, Charter)
    signers = {name: signing.signer_of(key) for name, key in keys.items()}
    sessions = session_calendar("exchange")
    made: list[Entry] = []

    def add(kind: str, by: str, body: dict[str, Any]) -> Entry:
        day = date(2015, 1, 5) + timedelta(days=len(made) // A_DAY)
        entry = new_entry(kind, by, day, body, (made[-1].id,) if made else ())
        entry = replace(entry, signature=signers[by].sign(entry.payload.encode("ascii")))
        made.append(entry)
        return entry

    # In this process: a program for each signature would take an hour.
    with patch.object(signing.shutil, "which", lambda name: None):
        add("found", "ana", {"charter": charter.document})
        follows = ""
        while len(made) < entries:
            proposal = add("propose", "ben", _body(len(made), follows, made[0].id))
            fixed = {"proposal": proposal.id, "content": proposal.body["content"]}
            for name in MEMBERS:
                add("vote", name, {**fixed, "choice": "yes", "reason": ""})
            day = date(2015, 1, 5) + timedelta(days=len(made) // A_DAY)
            add("ratify", "cem", {**fixed, "from": sessions.after(day).isoformat()})
            follows = proposal.id
    return "".join(entry.line + "\n" for entry in made)


def _body(number: int, follows: str, charter: str) -> dict[str, Any]:
    def digest(of: str) -> str:
        return hashlib.sha256(f"{number} {of}".encode()).hexdigest()

    proved = {"property": "always total_weight between 0% and 100%", "verdict": "proved"}
    return {
        "subject": "core.alvh",
        "follows": follows,
        "charter": charter,
        "content": digest("content"),
        "files": {"core.alvh": digest("file")},
        "blobs": {"core.alvh": digest("blob")},
        "version": f"1.{number}.0",
        "class": "minor" if follows else "major",
        "why": "decisions change: short.weight",
        "changes": ["short.weight: 30% → 31%"],
        "proofs": [proved],
        "tests": {"passed": 1, "failed": 0, "skipped": 0},
        "history": [],
        "reason": "",
    }


def verify_alone(ledger: Ledger) -> None:
    """Check every signature by the library, and nothing else. Raises InvalidSignature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for entry in ledger.entries:
        _, key, _, _, _, raw = _parts(base64.b64decode(entry.signature)[10:])
        public = Ed25519PublicKey.from_public_bytes(take_string(take_string(key)[1])[0])
        public.verify(take_string(take_string(raw)[1])[0], signed_bytes(entry.payload.encode()))


def _parts(data: bytes) -> list[bytes]:
    found = [b""]
    while data:
        part, data = take_string(data)
        found.append(part)
    return found


def seconds(work: Any) -> float:
    """What a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(sizes: list[int]) -> None:
    """Print a line for each size."""
    session_calendar("exchange")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            text = long_ledger(Path(folder), size)
        ledger = ledger_of_text(text, "ledger")
        assert isinstance(ledger, Ledger), ledger
        assert not Record(ledger).reasons
        read, judged, alone = [], [], []
        for _ in range(ROUNDS):
            read.append(seconds(lambda text=text: ledger_of_text(text, "ledger")))
            judged.append(seconds(lambda ledger=ledger: Record(ledger)))
            alone.append(seconds(lambda ledger=ledger: verify_alone(ledger)))
        times = [statistics.median(item) for item in (read, judged, alone)]
        each = ", ".join(
            f"{word} {1e6 * item / len(ledger.entries):,.0f} µs"
            for word, item in zip(("read", "judged", "signature alone"), times, strict=True)
        )
        ratio = (times[0] + times[1]) / times[2]
        print(f"{len(ledger.entries):,} entries: each {each}; {ratio:.1f} times the signatures")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [750, 1_500, 3_000])
