"""The git repository that holds what is governed: read by the `git` command, never changed by it.

No shell is started, revisions cannot be options, and nothing is fetched. What git gives is held
against the digests that were signed: git keeps texts, and is not believed about them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alvh_rules.core import bounds
from alvh_rules.core.git import GitError, run_git
from alvh_rules.govern.canonical import digest_of_text
from alvh_rules.govern.content import Content

_SECONDS = 60
_CHUNK = 64 << 20
_MOST_VERSION = 64 << 20


@dataclass(frozen=True)
class Repository:
    """A repository by its top folder."""

    root: Path

    def git(self, *arguments: str, data: bytes = b"") -> bytes:
        """What git prints. Raises GitError."""
        return run_git(
            arguments,
            seconds=_SECONDS,
            folder=self.root,
            data=data,
            # What a clone puts in a commit's place (`git replace`, grafts) is nobody's history.
            more={
                "GIT_LITERAL_PATHSPECS": "1",
                "GIT_NO_REPLACE_OBJECTS": "1",
                "GIT_GRAFT_FILE": os.devnull,
            },
            # A hook's own index or folder must not stand for the repository's.
            without=(
                *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"),
                *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
            ),
        )

    def commit(self, revision: str) -> str:
        """The commit that a revision names. Raises GitError."""
        try:
            found = self.git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitError:
            raise GitError(f"git knows no revision `{revision}`") from None
        return found.decode("ascii").strip()

    def has_commits(self) -> bool:
        """Whether there is a first commit."""
        try:
            self.commit("HEAD")
        except GitError:
            return False
        return True

    def is_shallow(self) -> bool:
        """Whether the clone was cut off, so that older commits are not there."""
        return self.git("rev-parse", "--is-shallow-repository").strip() == b"true"

    def blob(self, commit: str, path: str) -> str | None:
        """The id under which a commit holds a file; None where it has no such file."""
        found = self.git("ls-tree", "-z", "--full-tree", commit, "--", path)
        for row in found.split(b"\0"):
            fields = row.split(None, 3)
            if len(fields) == 4 and fields[1] == b"blob" and fields[0] != b"120000":
                return fields[2].decode("ascii")
        return None

    def text(self, blob: str) -> str | None:
        """A blob's text with `\\n` at its line ends; None where it is not here or is no text."""
        try:
            if int(self.git("cat-file", "-s", blob)) > 40 * bounds.MOST_BYTES:
                return None
            raw = self.git("cat-file", "blob", blob)
            text = raw.decode("utf-8-sig")
        except (GitError, UnicodeDecodeError, ValueError):
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def file(self, commit: str, path: str) -> str | None:
        """A file's text at a commit."""
        blob = self.blob(commit, path)
        return None if blob is None else self.text(blob)

    def versions(self, path: str) -> Iterator[bytes]:
        """Every version of a file that HEAD's commits ever held, as git keeps it, some at a time.

        Of a file that has grown a line a commit these are many times its size: they are asked for in
        one process for each `_CHUNK` bytes, and none is kept here.
        """
        listed = self.git(
            *("log", "--full-history", "-m", "--raw", "--no-abbrev", "--no-renames"),
            *("--format=", "HEAD", "--", path),
        )
        blobs: dict[bytes, None] = {}
        for row in listed.splitlines():
            fields = row.split(None, 5)
            if len(fields) == 6 and fields[1] in (b"100644", b"100755"):
                blobs[fields[3]] = None
        asked = b"".join(blob + b"\n" for blob in blobs)
        sizes = self.git("cat-file", "--batch-check=%(objectsize)", data=asked).split(b"\n")
        chunk: list[bytes] = []
        room = _CHUNK
        for blob, size in zip(blobs, sizes, strict=False):
            if not size.isdigit() or int(size) > _MOST_VERSION:
                continue
            if chunk and int(size) > room:
                yield from self._blobs(chunk)
                chunk, room = [], _CHUNK
            chunk.append(blob)
            room -= int(size)
        yield from self._blobs(chunk)

    def _blobs(self, blobs: Sequence[bytes]) -> Iterator[bytes]:
        told = self.git("cat-file", "--batch", data=b"".join(blob + b"\n" for blob in blobs))
        at = 0
        while at < len(told):
            end = told.index(b"\n", at)
            size = int(told[at:end].split()[2])
            yield told[end + 1 : end + 1 + size]
            at = end + 1 + size + 1

    def arrived(self, revision: str, path: str, text: str) -> date | None:
        """The day, in New York, on which a text first stood in a file on a branch's own line.

        The day is the committer's date of the first commit on the first-parent line that has it: what
        a code host writes when it merges.
        """
        listed = self.git(
            "log",
            "--first-parent",
            "--reverse",
            "--format=%H %cI",
            f"-S{text}",
            revision,
            "--",
            path,
        )
        for row in listed.decode("ascii").splitlines():
            commit, _, moment = row.partition(" ")
            if text in (self.file(commit, path) or ""):
                return (
                    datetime.fromisoformat(moment).astimezone(ZoneInfo("America/New_York")).date()
                )
        return None


def content_of(repository: Repository, body: dict[str, Any]) -> Content | str:
    """The texts that a proposal fixed, from git; or why they cannot be had.

    Each is held against its digest: what git gives is what was voted on, or nothing.
    """
    texts: dict[str, str] = {}
    for path, wanted in body["files"].items():
        blob = body["blobs"].get(path)
        text = None if blob is None else repository.text(blob)
        if text is None:
            return f"git does not have the text of `{path}` that was proposed: fetch all history"
        if digest_of_text(text) != wanted:
            return f"what git has for `{path}` is not the text that was proposed"
        texts[path] = text
    own = body["subject"]
    if own not in texts:
        return f"the proposal does not fix `{own}` itself"
    ordered = {own: texts.pop(own), **texts}
    return Content(own, ordered, body["version"])


def uncommitted(repository: Repository, content: Content) -> list[str]:
    """The files of a content that the last commit does not hold as they are."""
    if not repository.has_commits():
        return sorted(content.texts)
    head = repository.commit("HEAD")
    return sorted(
        path for path, text in content.texts.items() if repository.file(head, path) != text
    )


def blobs_of(repository: Repository, content: Content) -> dict[str, str]:
    """Where git keeps each file of a content that is committed."""
    head = repository.commit("HEAD")
    found = {path: repository.blob(head, path) for path in content.texts}
    return {path: blob for path, blob in found.items() if blob is not None}


def find_root(start: Path, names: Sequence[str]) -> Path | None:
    """The nearest folder from a place upwards that has one of these."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if any((folder / name).exists() for name in names):
            return folder
    return None
