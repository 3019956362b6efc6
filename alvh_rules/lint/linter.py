"""Check, lint and mend rulesets by path, as `alvh check` does.

1. The configuration that holds for the ruleset's folder is found and read, once a folder.
2. The ruleset is checked; where fixes are asked for, they are applied and the result checked again.
3. Where there is data, the ruleset is evaluated over it, and the lints that need it run too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alvh_rules.core.diagnostics import Diagnostic, has_errors, in_order
from alvh_rules.core.files import write_atomically
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import Configuration, find_configuration, read_configuration
from alvh_rules.lint.run import lint
from alvh_rules.pipeline import Checked, check, check_source

if TYPE_CHECKING:
    from alvh_rules.evaluate.engine import Evaluation

Evaluate = Callable[[Checked], "tuple[Evaluation | None, Sequence[Diagnostic]]"]
"""A ruleset over the data: None, with what was found, where the data cannot be read for it."""


@dataclass(frozen=True, slots=True)
class Mending:
    """Which fixes are applied, and whether the file is written or the change only shown."""

    unsafe: bool = False
    write: bool = True


@dataclass(frozen=True)
class Linted:
    """A ruleset with all its findings, after `fixes` fixes; `diff` is what they change.

    `data_read` is False where the data could not be read for it.
    """

    checked: Checked
    fixes: int = 0
    diff: tuple[str, ...] = ()
    data_read: bool = True


class Linter:
    """Checks one ruleset after another. `problems` are those of the configurations, by path."""

    def __init__(
        self,
        *,
        select: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        mending: Mending | None = None,
        evaluate: Evaluate | None = None,
    ) -> None:
        self._select, self._ignore = select, ignore
        self._mending = mending
        self._evaluate = evaluate
        self._configurations: dict[Path, Configuration] = {}
        self.problems: dict[Path, list[Diagnostic]] = {}

    def configuration(self, folder: Path) -> Configuration:
        """What holds for the rulesets of a folder."""
        if folder not in self._configurations:
            path = find_configuration(folder)
            found = Configuration()
            if path is not None:
                found, problems = read_configuration(path)
                if problems:
                    self.problems[path] = problems
            self._configurations[folder] = found.narrowed(self._select, self._ignore)
        return self._configurations[folder]

    def check(self, path: Path) -> Linted:
        """One ruleset. Never raises for what the file holds; OSError where it cannot be written."""
        configuration = self.configuration(path.absolute().parent)
        checked = check(path)
        if checked.file is None:
            return Linted(checked)
        fixes = 0
        diff: tuple[str, ...] = ()
        if self._mending is not None:
            checked, fixes, diff = self._mend(checked, path, configuration, self._mending)
        evaluation, found = None, list(checked.diagnostics)
        if self._evaluate is not None and checked.ruleset is not None:
            evaluation, more = self._evaluate(checked)
            found += more
        whole = replace(checked, diagnostics=tuple(in_order(found)))
        every = lint(whole, path, configuration, evaluation)
        read = not has_errors(found) or checked.ruleset is None
        return Linted(replace(whole, diagnostics=every), fixes, diff, read)

    def _mend(
        self, checked: Checked, path: Path, configuration: Configuration, mending: Mending
    ) -> tuple[Checked, int, tuple[str, ...]]:
        """The ruleset as it stands after its fixes, how many they were, and what they change."""
        from alvh_rules.lint.fix import apply_fixes

        assert checked.file is not None
        folder = path.resolve().parent

        def findings(source: Source) -> tuple[Diagnostic, ...]:
            return lint(check_source(source, folder), path, configuration)

        before = checked.sources[checked.file.path]
        first = lint(checked, path, configuration)
        fixed = apply_fixes(before, first, findings, unsafe=mending.unsafe)
        if not fixed.count:
            return checked, 0, ()
        diff = _diff(before.text, fixed.source.text, str(path))
        if mending.write:
            _write(path, fixed.source.text)
            checked = check_source(fixed.source, folder)
        return checked, fixed.count, diff


def _diff(before: str, after: str, name: str) -> tuple[str, ...]:
    from difflib import unified_diff

    return tuple(unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm=""))


def _write(path: Path, text: str) -> None:
    """The text in place of the file's, with the byte-order mark and the line ends that it had.

    A file that mixes line ends gets plain ones throughout.
    """
    raw = path.read_bytes()
    if raw.count(b"\n") == raw.count(b"\r\n") > 0:
        text = text.replace("\n", "\r\n")
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    content = mark + text.encode("utf-8")

    def write(target: Path) -> None:
        target.write_bytes(content)

    write_atomically(path, write)
