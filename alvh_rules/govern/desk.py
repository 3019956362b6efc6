"""A governed repository at hand: its ledger, judged, its charter's file, and the texts in git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.govern import errors
from alvh_rules.govern.charter import Charter, allowed_signers
from alvh_rules.govern.content import checked_texts, read_content
from alvh_rules.govern.entries import Entry
from alvh_rules.govern.evidence import Texts
from alvh_rules.govern.judge import Record
from alvh_rules.govern.ledger import (
    CHARTER_FILE,
    FOLDER,
    LEDGER,
    SIGNERS_FILE,
    append,
    read_ledger,
)
from alvh_rules.govern.read_charter import charter_from_toml
from alvh_rules.govern.repository import Repository, content_of, find_root


@dataclass(frozen=True)
class Desk:
    """A repository with a founded charter. `root` is its top folder, `where` the ledger's name."""

    root: Path
    record: Record

    @property
    def repository(self) -> Repository:
        """Its git repository."""
        return Repository(self.root)

    @property
    def has_git(self) -> bool:
        """Whether the top folder is the top of a git repository."""
        return (self.root / ".git").exists()

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return self.root / FOLDER / LEDGER

    @property
    def ledger_name(self) -> str:
        """The ledger's path from the top."""
        return f"{FOLDER}/{LEDGER}"

    def texts_now(self, path: str) -> Texts | list[Diagnostic]:
        """A ruleset as it stands in the working folder."""
        found = read_content(self.root, path)
        return found if isinstance(found, list) else Texts(*found)

    def texts_of(self, node: str) -> Texts | str | None:
        """The texts that a proposal fixed; None for no proposal; or why they cannot be had."""
        if not node:
            return None
        content = content_of(self.repository, self.record.by_id[node].body)
        if isinstance(content, str):
            return content
        checked = checked_texts(content)
        if checked.ruleset is None:
            return "the version before has errors by this version of alvh: `alvh check` says which"
        return Texts(content, checked)

    def proposal(self, written: str) -> Entry | list[Diagnostic]:
        """The proposal that some first characters of its id name."""
        found = [item for item in self.record.proposals() if item.id.startswith(written)]
        if len(found) == 1 and len(written) >= 4:
            return found[0]
        many = "more than one proposal begins" if len(found) > 1 else "no proposal begins"
        if len(written) < 4:
            many = "four characters or more name a proposal; none is named"
        return [
            errors.refused("this", f"{many} with `{written}`", "`alvh govern status` lists them")
        ]

    def write(self, entry: Entry) -> None:
        """Append an entry that is signed. Raises OSError."""
        append(self.ledger_path, entry)

    def write_charter_files(self, charter: Charter) -> None:
        """The members' keys as git reads them. Raises OSError."""
        from alvh_rules.core.files import write_text_atomically

        write_text_atomically(self.root / FOLDER / SIGNERS_FILE, allowed_signers(charter))


def top_of(start: Path) -> Path | None:
    """The top folder of what is governed from a place: where a `governance` folder is, or git's."""
    names = [f"{FOLDER}/{LEDGER}", f"{FOLDER}/{CHARTER_FILE}"]
    return find_root(start, names) or find_root(start, [".git"])


def read_charter_file(root: Path) -> Charter | list[Diagnostic]:
    """The charter's file, which people edit."""
    path = root / FOLDER / CHARTER_FILE
    where = f"{FOLDER}/{CHARTER_FILE}"
    try:
        return charter_from_toml(path.read_text(encoding="utf-8"), where)
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        return [errors.charter(f"it cannot be read: {reason}", "", where)]


def open_desk(start: Path) -> Desk | list[Diagnostic]:
    """The desk of a folder or of a file in it; findings where there is none or it is broken."""
    root = top_of(start)
    where = f"{FOLDER}/{LEDGER}"
    if root is None or not (root / FOLDER).is_dir():
        return [no_charter()]
    ledger = read_ledger(root / FOLDER / LEDGER)
    if isinstance(ledger, list):
        return [_named(item, root) for item in ledger]
    if not ledger.entries:
        charter = read_charter_file(root)
        if isinstance(charter, list):
            return charter
        return [unfounded(charter)]
    record = Record(ledger)
    if record.founding in record.reasons:
        reason = record.reasons[record.founding]
        return [
            errors.void(where, 1, reason.message, reason.help, signature=reason.of_signature),
        ]
    return Desk(root, record)


def _named(item: Diagnostic, root: Path) -> Diagnostic:
    """A finding with the ledger's path from the top."""
    from dataclasses import replace

    top = f"{root}/"
    return replace(item, location=item.location.replace(top, ""), help=item.help.replace(top, ""))


def no_charter() -> Diagnostic:
    """A folder that nothing governs."""
    return errors.not_in_force(
        FOLDER,
        "no charter governs this repository",
        "`alvh govern init` at the top of the repository begins one",
    )


def unfounded(charter: Charter) -> Diagnostic:
    """A charter that nobody has signed."""
    return errors.not_in_force(
        f"{FOLDER}/{CHARTER_FILE}",
        "the charter is not founded",
        f"{errors.names([member.name for member in charter.members])} can sign it:"
        " `alvh govern init --key KEY`",
    )


def entries_after(record: Record, known: Sequence[str]) -> list[Entry]:
    """The entries that are not among those known, in the ledger's order."""
    ids = set(known)
    return [entry for entry in record.ledger.entries if entry.id not in ids]


def session_of(desk: Desk, day: date) -> date:
    """The session of a day, as the charter in force counts them."""
    _, charter = desk.record.charter()
    return desk.record.calendar(charter).at_or_after(day)
