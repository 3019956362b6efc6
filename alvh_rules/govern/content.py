"""What a proposal fixes: a ruleset with all files it uses, as text, and its content's digest.

The content is the canonical form (`alvh fmt`) of each file without comments and blank lines, so that
formatting is not a change. Beside it stands the digest of each file's text as it is: a later version
of this program may print the canonical form otherwise, and a text that has not changed by a letter is
still what was approved. A symbolic link is refused: it can point elsewhere after the vote.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from alvh_rules.check.scope import Scope
from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.govern import errors
from alvh_rules.govern.canonical import digest, digest_of_text
from alvh_rules.pipeline import Checked, check, check_source
from alvh_rules.syntax import ast
from alvh_rules.syntax.format import format_source
from alvh_rules.syntax.parse import Parsed, parse

FORM: Final = 1
"""Of the canonical text; another number is another digest."""

_NOWHERE: Final = Path(os.path.abspath(os.sep)) / ".alvh-governed"
"""A folder that is on no disk: paths are resolved below it, so that no link is followed."""

_QUOTED_OR_COMMENT = re.compile(r'"[^"\n]*"|#[^\n]*')


@dataclass(frozen=True)
class Content:
    """A ruleset's texts by their path in the repository (line ends as `\\n`), its own first."""

    path: str
    texts: Mapping[str, str]
    version: str

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form of all files, by their place beside the ruleset."""
        folder = PurePosixPath(self.path).parent
        forms = {
            "" if path == self.path else PurePosixPath(path).relative_to(folder).as_posix(): (
                digest_of_text(canonical_text(text))
            )
            for path, text in self.texts.items()
        }
        return digest({"form": FORM, "files": forms})

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each file's text, by path."""
        return {path: digest_of_text(text) for path, text in self.texts.items()}

    def is_that_of(self, body: Mapping[str, Any]) -> bool:
        """Whether a proposal's body fixed this content: to the letter, or in canonical form."""
        return body.get("files") == self.files or body.get("content") == self.digest

    def changed_since(self, body: Mapping[str, Any]) -> list[str]:
        """The files whose text is not the one that a proposal fixed."""
        fixed = body.get("files")
        fixed = fixed if isinstance(fixed, dict) else {}
        both = {*fixed, *self.files}
        return sorted(path for path in both if fixed.get(path) != self.files.get(path))


def canonical_text(text: str) -> str:
    """The canonical form without comments and blank lines: equal for texts that parse alike."""
    for _ in range(2):
        # Twice: alignment looks at the blank lines, which the first time were still there.
        text, _found = format_source(Source("canonical.alvh", _bare(text)))
    return _bare(text)


def _bare(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        kept = _QUOTED_OR_COMMENT.sub(lambda found: "" if found[0][0] == "#" else found[0], line)
        if kept.strip():
            lines.append(kept.rstrip() + "\n")
    return "".join(lines)


def read_content(root: Path, path: str) -> tuple[Content, Checked] | list[Diagnostic]:
    """A ruleset of the working folder, checked, with all it uses; `path` is from the top.

    The texts are those that the check read: nothing is read twice.
    """
    if (link := _link(root, path)) is not None:
        return [errors.symbolic_link(path, link)]
    result = check(root / path)
    if result.ruleset is None or result.file is None:
        return list(result.diagnostics)
    folder = PurePosixPath(path).parent
    own = str(root / path)
    texts = {path: result.sources[own].text}
    for name, source in result.sources.items():
        if name != own:
            texts[(folder / name).as_posix()] = source.text
    for written in _used(texts, path):
        if (link := _link(root, written)) is not None:
            return [errors.symbolic_link(path, link)]
    return Content(path, texts, result.ruleset.version), result


def checked_texts(content: Content) -> Checked:
    """The ruleset of some texts, checked; files that it uses are taken from the texts, not the disk."""
    folder = _NOWHERE / PurePosixPath(content.path).parent

    def read(path: Path, name: str) -> tuple[Source, Parsed]:
        text = content.texts.get(path.relative_to(_NOWHERE).as_posix())
        if text is None:
            raise FileNotFoundError(2, "it is not among the files that were fixed")
        source = Source(name, text)
        return source, parse(source)

    source = Source(content.path, content.texts[content.path])
    return check_source(source, folder, Scope(read=read))


def _used(texts: Mapping[str, str], path: str) -> list[str]:
    """Every `use` as it is written, from the top: a link is followed by what reads it, not here."""
    found: list[str] = []
    for name, text in texts.items():
        for item in parse(Source(name, text)).file.items:
            if isinstance(item, ast.Use):
                found.append((PurePosixPath(name).parent / item.path.value).as_posix())
    return found


def _link(root: Path, path: str) -> str | None:
    """The first part of a path below the root that is a symbolic link."""
    here = root
    for part in PurePosixPath(path).parts:
        here = here / part
        if here.is_symlink():
            return here.relative_to(root).as_posix()
    return None
