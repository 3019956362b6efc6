"""A governed repository in a temporary folder: three members with keys, a ruleset, and the command."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alvh_rules.cli.main import main
from alvh_rules.govern.desk import Desk, open_desk
from alvh_rules.govern.entries import Entry, new_entry
from alvh_rules.govern.signing import Signer, signer_of

RULESET = """\
ruleset core version 1.0.0
use "common.alvh"

layer short
  sell iron condor on spx
    expiring 7 to 21 days
    wings 25 points
  weight 30%
  open when slope > 5%

hedge
  ratio 50% of vega
  hold vix call expiring 30 days

limit total_weight <= 100%
always total_weight <= 100%

test "steep"
  given
    vix = 20, vix3m = 24
  expect
    short.open
"""
COMMON = """\
data
  spx    price
  vix    volatility
  vix3m  volatility

let slope = vix3m / vix - 1
"""
CHARTER = """\
name = "Desk"
quorum = "1/2"
longest_key = 400
lapses = 3
constitution = ["total_weight between 0% and 100%"]

[approval]
patch = { yes = "over 1/2", wait = 0 }
minor = { yes = "over 1/2", wait = 1 }
major = { yes = "at least 2/3", wait = 2 }
charter = { yes = "at least 2/3", wait = 2 }

[roles]
veto = ["steward"]
brake = ["steward"]
"""


def make_key(path: Path) -> Path:
    """An Ed25519 key and its .pub file, as `ssh-keygen` would make them; no program is needed."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    path.touch(0o600)
    path.write_bytes(private)
    path.with_name(path.name + ".pub").write_bytes(public + b" comment\n")
    return path


def member(name: str, key: Path, *, weight: int = 1, steward: bool = False, last: str = "") -> str:
    """A member's lines of a charter."""
    public = key.with_name(key.name + ".pub").read_text().split(" comment")[0]
    return (
        f'\n[[member]]\nname = "{name}"\nweight = {weight}\n'
        f"roles = {['steward'] if steward else []}\n"
        f'[[member.key]]\nkey = "{public}"\nfrom = 2015-01-01\nuntil = {last or "2015-12-31"}\n'
    )


@dataclass
class Bench:
    """The repository at `root`, and the members' keys by name."""

    root: Path
    keys: dict[str, Path]

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.root / "governance" / "ledger.jsonl"

    def lines(self) -> list[str]:
        """The ledger's lines."""
        return self.ledger.read_text().splitlines()

    def git(self, *arguments: str, fails: bool = False) -> str:
        """Run git here."""
        surroundings = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_DATE": "2015-01-05T12:00:00Z",
            "GIT_COMMITTER_DATE": self.committed_on,
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=surroundings, capture_output=True, text=True
        )
        assert fails or done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    committed_on: str = "2015-01-05T17:00:00Z"

    def commit(self, message: str = "a commit", day: str = "") -> None:
        """Commit all there is; `day` is what the committer's clock says."""
        if day:
            self.committed_on = f"{day}T17:00:00Z"
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def run(self, *arguments: str) -> tuple[int, str]:
        """`alvh …` here: its exit code and what it prints."""
        out = io.StringIO()
        with contextlib.chdir(self.root), contextlib.redirect_stdout(out):
            code = main(list(arguments))
        return code, out.getvalue()

    def govern(self, step: str, *arguments: str, by: str = "", on: str = "") -> str:
        """A step that must be done."""
        code, printed = self.try_govern(step, *arguments, by=by, on=on)
        assert code == 0, printed
        return printed

    def try_govern(self, step: str, *arguments: str, by: str = "", on: str = "") -> tuple[int, str]:
        """A step, its exit code and what it prints."""
        key = ["--key", str(self.keys[by])] if by else []
        day = ["--on", on] if on else []
        return self.run("govern", step, *arguments, *key, *day)

    def desk(self) -> Desk:
        """The desk as it stands."""
        desk = open_desk(self.root)
        assert isinstance(desk, Desk), desk
        return desk

    def newest(self, kind: str) -> Entry:
        """The last entry of a kind."""
        entries = self.desk().record.ledger.entries
        return [entry for entry in entries if entry.kind == kind][-1]

    def forge(
        self,
        kind: str,
        by: str,
        body: dict[str, Any],
        *,
        on: str,
        key: str = "",
        parents: Sequence[str] | None = None,
        write: bool = True,
    ) -> Entry:
        """An entry as somebody with an editor would write it, signed with a key, unasked."""
        heads = self.desk().record.ledger.heads if parents is None else tuple(parents)
        entry = new_entry(kind, by, date.fromisoformat(on), body, heads)
        signer: Signer = signer_of(self.keys[key or by])
        entry = replace(entry, signature=signer.sign(entry.payload.encode()))
        if write:
            with self.ledger.open("a") as file:
                file.write(entry.line + "\n")
        return entry

    def edit(self, old: str, new: str, name: str = "core.alvh") -> None:
        """Change a text of the ruleset."""
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def adopt(self, day: int, *, reason: str = "", voters: Sequence[str] = ("ana", "ben")) -> str:
        """Propose what is committed, have it voted for on that day of January, and ratify it."""
        self.govern("propose", "--reason", reason, by="ben", on=f"2015-01-{day:02}")
        proposal = self.newest("propose").id
        for name in voters:
            self.govern("vote", "yes", proposal, by=name, on=f"2015-01-{day:02}")
        ready = self.desk().record.tally(self.newest("propose")).ready
        self.govern("ratify", proposal, by="cem", on=str(ready))
        self.commit("ratified")
        return proposal


def make_bench(
    folder: Path, charter: str = CHARTER, terms: Mapping[str, str] | None = None
) -> Bench:
    """A repository with a founded charter and a ruleset, committed; nothing is ratified yet.

    `terms` are the last days of members' keys.
    """
    terms = terms or {}
    root = folder / "desk"
    root.mkdir()
    keys = {name: make_key(folder / name) for name in ("ana", "ben", "cem", "dan", "mallory")}
    bench = Bench(root, keys)
    bench.git("init", "-q", "-b", "main")
    for name, value in (("user.name", "x"), ("user.email", "x@example.com")):
        bench.git("config", name, value)
    (root / "core.alvh").write_text(RULESET)
    (root / "common.alvh").write_text(COMMON)
    (root / "governance").mkdir()
    text = charter + "".join(
        member(name, keys[name], steward=name == "ana", last=terms.get(name, ""))
        for name in ("ana", "ben", "cem")
    )
    (root / "governance" / "charter.toml").write_text(text + '\n[[ruleset]]\npath = "core.alvh"\n')
    bench.govern("init", by="ana", on="2015-01-05")
    bench.commit("founded")
    return bench
