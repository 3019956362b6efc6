"""A ruleset from a file, or from a revision of a git repository.

`main:rulesets/alvh_core.alvh` names a file as git does: a revision, a colon, and a path from the top of
the repository (`./` before it: from this folder); nothing before the colon is git's index. A file that
exists is a file, whatever its name holds, and `C:\\rules\\core.alvh` is a path.

The `git` command reads blobs and nothing else: no shell, no filter, no fetching. Files that the ruleset
uses come from the same revision, and stay inside the ruleset's folder there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from alvh_rules.check.scope import Scope
from alvh_rules.compare.errors import no_revision
from alvh_rules.core import bounds
from alvh_rules.core.git import GitError, NoGitError, run_git
from alvh_rules.core.source import Source
from alvh_rules.pipeline import Checked, check, check_source
from alvh_rules.syntax.parse import Parsed, parse

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_NOWHERE = Path(os.path.abspath(os.sep)) / ".alvh-revision"
"""A folder that is on no disk: paths of a revision are resolved below it, so that no link of the
working tree is followed."""
_SECONDS = 30


class _RefusedError(Exception):
    """Git could not do what was asked; the message says why."""


def is_revision(written: str) -> bool:
    """Whether what was written names a file of a revision, and no file that is there."""
    return ":" in written and _DRIVE.match(written) is None and not os.path.lexists(written)


def read_version(written: str) -> Checked:
    """The ruleset that a path or a revision names, checked; why it cannot be read is a finding."""
    if not is_revision(written):
        return check(Path(written))
    revision, _, path = written.partition(":")
    try:
        return _of_revision(written, revision, path)
    except _RefusedError as problem:
        return Checked(None, None, (problem.args[0],), {})


def _of_revision(written: str, revision: str, path: str) -> Checked:
    def refuse(reason: str, help: str = "") -> _RefusedError:
        return _RefusedError(no_revision(written, reason, help))

    top = _git(["rev-parse", "--show-toplevel"])
    if isinstance(top, str):
        raise refuse(top)
    commit = ""
    if revision:
        # `--end-of-options`: a revision that begins with a dash is no option.
        found = _git(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
        )
        if isinstance(found, str):
            raise refuse(
                f"there is no such file, and git knows no revision `{revision}`",
                "a branch, a tag or a commit stands before the colon; `git branch --all` lists branches",
            )
        commit = found.decode("ascii", "replace").strip()
    inside = _inside(path)
    if inside is None:
        raise refuse("its path does not lie in the repository")
    tree = _Tree(commit)
    text = tree.text(inside)
    if isinstance(text, str):
        raise refuse(text, _near(commit, inside))
    source = Source(written, text.text)

    def read(place: Path, name: str) -> tuple[Source, Parsed]:
        held = tree.text(place.relative_to(_NOWHERE).as_posix())
        if isinstance(held, str):
            raise ValueError(held)
        used = Source(name, held.text)
        return used, parse(used)

    folder = _NOWHERE / PurePosixPath(inside).parent
    return check_source(source, folder, Scope(read=read))


def _inside(path: str) -> str | None:
    """A path from the top of the repository; None where it leaves it or names nothing."""
    if not path or "\0" in path or path.startswith("/"):
        return None
    if path.startswith(("./", "../")):
        prefix = _git(["rev-parse", "--show-prefix"])
        if isinstance(prefix, str):
            return None
        path = os.fsdecode(prefix).strip("\n") + path
    whole = os.path.normpath(path).replace(os.sep, "/")
    return None if whole in (".", "..") or whole.startswith("../") else whole


class _Text:
    """A text as it was read."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Tree:
    """The files of a commit, or of the index where the commit is empty."""

    def __init__(self, commit: str) -> None:
        self._commit = commit

    def text(self, path: str) -> _Text | str:
        """A file's text, or why it cannot be had."""
        name = f"{self._commit}:{path}"
        kind = _git(["cat-file", "-t", name])
        if isinstance(kind, str) or kind.strip() != b"blob":
            return "it is a folder there" if kind == b"tree\n" else f"it has no file `{path}`"
        size = _git(["cat-file", "-s", name])
        if isinstance(size, str) or int(size) > bounds.MOST_BYTES:
            return f"it is larger than {bounds.MOST_BYTES:,} bytes"
        raw = _git(["cat-file", "blob", name])
        if isinstance(raw, str):
            return raw
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            return f"it is not UTF-8 text (byte {problem.start + 1})"
        return _Text(text.replace("\r\n", "\n").replace("\r", "\n"))


def _near(commit: str, path: str) -> str:
    """What was probably meant by a path that the revision does not have."""
    tree = ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit]
    index = ["ls-files", "-z", "--full-name", "--", ":/"]
    found = _git(tree if commit else index)
    if isinstance(found, str):
        return ""
    names = [name for name in os.fsdecode(found).split("\0") if name.endswith(".alvh")]
    same = [name for name in names if PurePosixPath(name).name == PurePosixPath(path).name]
    near = same or get_close_matches(path, names[:10_000], 1, 0.6)
    if not near:
        return "paths of a revision are from the top of the repository"
    return f"did you mean `{near[0]}`? Paths of a revision are from the top of the repository"


def _git(arguments: Sequence[str]) -> bytes | str:
    """What git prints, or why it could not."""
    try:
        return run_git(arguments, seconds=_SECONDS)
    except NoGitError:
        return "the `git` command, which reads revisions, is not installed"
    except GitError as problem:
        told = str(problem)
        return "this folder is in no git repository" if "not a git repository" in told else told
