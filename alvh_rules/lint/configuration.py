"""`alvh.toml`: which findings of `alvh check` are reported, and how loudly.

1. The file is looked for in the ruleset's folder and its parents, up to the first that holds `.git`
   (a repository's top), else up to the root. The nearest one counts; files are not merged.
2. It is read whole before anything is checked. Each mistake is a diagnostic at its line; with one, the
   file is not used.
3. `docs/configuration.md` says what each key means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from alvh_rules.core.diagnostics import Diagnostic, Severity
from alvh_rules.lint import errors
from alvh_rules.lint.record import Lint, Option, Value
from alvh_rules.lint.registry import LINTS, NAMES
from alvh_rules.lint.silenceable import BY_CONFIGURATION

FILE_NAME: Final = "alvh.toml"
TABLES: Final = ("lint", "lsp", "live")
"""The tables that alvh.toml may have."""
_KEYS: Final = ("select", "ignore", "levels", "per-file")
LSP_KEYS: Final = ("data", "map", "calendars", "timezone")
"""The keys of `[lsp]`: the fields of `EditorData`."""
_LEVELS: Final = {**{item.value: item for item in Severity}, "off": None}
_MOST_BYTES: Final = 1_000_000


def _defaults() -> frozenset[str]:
    return frozenset(code for code, lint in LINTS.items() if lint.enabled)


@dataclass(frozen=True)
class EditorData:
    """`[lsp]`: the files that an editor takes last values from, and how they are read.

    The columns' names, calendars and time zone are those of `alvh run`; paths are absolute.
    """

    data: tuple[Path, ...] = ()
    map: tuple[tuple[str, str], ...] = ()
    calendars: tuple[Path, ...] = ()
    timezone: str = ""


@dataclass(frozen=True)
class Configuration:
    """Which lints run, what is left out, and the level and options of each. Codes throughout.

    `per_file` has a pattern of paths below `folder` and the codes left out there; a level of None is
    `off`; `options` are by a lint's code, those that were written.
    """

    folder: Path | None = None
    selected: frozenset[str] = field(default_factory=_defaults)
    ignored: frozenset[str] = frozenset()
    levels: Mapping[str, Severity | None] = field(default_factory=dict)
    per_file: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = ()
    options: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    editor_data: EditorData = EditorData()

    def left_out(self, path: Path) -> frozenset[str]:
        """The codes that are not reported of a ruleset."""
        out = self.ignored | {code for code, level in self.levels.items() if level is None}
        if self.folder is not None:
            # A symbolic link is configured where it stands. `realpath` does not raise for a loop.
            whole = Path(os.path.realpath(path.parent)) / path.name
            if whole.is_relative_to(self.folder):
                name = whole.relative_to(self.folder).as_posix()
                for pattern, codes in self.per_file:
                    if pattern.fullmatch(name):
                        out |= codes
        return out

    def options_of(self, lint: Lint) -> dict[str, Value]:
        """A value for each of a lint's options."""
        written = self.options.get(lint.code, {})
        return {item.name: written.get(item.name, item.default) for item in lint.options}

    def narrowed(self, select: Sequence[str] | None, ignore: Sequence[str]) -> Configuration:
        """With `--select` in place of `select`, and `--ignore` beside `ignore` (codes)."""
        selected = self.selected if select is None else frozenset(select)
        return replace(self, selected=selected, ignored=self.ignored | set(ignore))


def find_configuration(folder: Path) -> Path | None:
    """The `alvh.toml` that holds for rulesets in a folder, or None."""
    folder = Path(os.path.realpath(folder))
    for place in (folder, *folder.parents):
        if os.path.isfile(place / FILE_NAME):
            return place / FILE_NAME
        if os.path.exists(place / ".git"):
            return None
    return None


def read_configuration(path: Path) -> tuple[Configuration, list[Diagnostic]]:
    """What a file says. With findings, all of them errors, it is the configuration without a file."""
    import tomllib

    shown = str(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            reason = f"it is larger than {_MOST_BYTES:,} bytes"
            return Configuration(), [errors.unreadable_configuration(reason, shown)]
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        return Configuration(), [errors.unreadable_configuration(reason, shown)]
    except UnicodeDecodeError as problem:
        reason = f"it is not UTF-8 text (byte {problem.start + 1})"
        return Configuration(), [errors.unreadable_configuration(reason, shown)]
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        message = str(problem) or "it is nested too deep"
        found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
        where = f"{shown}:{found[1]}:{found[2]}" if found else shown
        reason = message[: found.start()] if found else message
        return Configuration(), [errors.unreadable_configuration(reason, where)]
    reading = _Reading(shown, text)
    configuration = reading.document(document, Path(os.path.realpath(path.parent)))
    return (Configuration() if reading.found else configuration), reading.found


def read_editor_data(told: Mapping[str, Any], folder: Path) -> tuple[EditorData, list[Diagnostic]]:
    """What a client says in place of `[lsp]`, read as that table is; paths are from `folder`."""
    reading = _Reading("", "")
    return reading.editor_data(told, folder), reading.found


def read_codes(
    words: Sequence[str], location: str, *, lints: bool
) -> tuple[list[str], list[Diagnostic]]:
    """The codes that words of the command line name; `lints`: `all` and `default` are words too."""
    reading = _Reading(location, "")
    codes = [code for word in words for code in reading.codes_of(word, location, lints=lints)]
    return codes, reading.found


class _Reading:
    """One document on its way: what was found wrong in it so far."""

    def __init__(self, shown: str, text: str) -> None:
        self.found: list[Diagnostic] = []
        self._shown = shown
        self._text = text

    def _at(self, path: Sequence[str], text: str = "") -> str:
        from alvh_rules.lint.toml_lines import TomlLines

        return f"{self._shown}:{TomlLines(self._text).of(path, text)}"

    def document(self, document: Mapping[str, Any], folder: Path) -> Configuration:
        """The whole file."""
        for key in document:
            if key not in TABLES:
                self._unknown_key(key, (), TABLES)
        lint = self._table(document.get("lint", {}), ("lint",))
        self._check_keys(lint, ("lint",), (*_KEYS, *NAMES))
        selected = _defaults()
        if "select" in lint:
            selected = self._codes(lint["select"], ("lint", "select"), lints=True)
        ignored = self._codes(lint.get("ignore", []), ("lint", "ignore"))
        options = {
            NAMES[name]: self._options(LINTS[NAMES[name]], lint[name])
            for name in NAMES
            if name in lint
        }
        levels = self._levels(lint.get("levels", {}))
        per_file = self._per_file(lint.get("per-file", {}))
        editor_data = self.editor_data(document.get("lsp", {}), folder)
        return Configuration(folder, selected, ignored, levels, per_file, options, editor_data)

    def editor_data(self, value: Any, folder: Path) -> EditorData:
        """The table `[lsp]`; `folder` is the one that its paths are from."""
        lsp = self._table(value, ("lsp",))
        self._check_keys(lsp, ("lsp",), LSP_KEYS)
        zone = lsp.get("timezone", "")
        if not isinstance(zone, str) or (zone and not _is_time_zone(zone)):
            wanted = 'the name of a time zone, such as "America/New_York"'
            self._wrong(("lsp", "timezone"), wanted, zone)
        path = ("lsp", "map")
        mapping = self._table(lsp.get("map", {}), path)
        for name, column in mapping.items():
            if not isinstance(column, str):
                self._wrong((*path, name), "the name of a file's column in quotes", column)
        return EditorData(
            self._files(lsp, "data", folder),
            tuple(mapping.items()),
            self._files(lsp, "calendars", folder),
            zone,
        )

    def _files(self, lsp: Mapping[str, Any], key: str, folder: Path) -> tuple[Path, ...]:
        written = lsp.get(key, [])
        names = written if isinstance(written, list) else [written]
        if not all(isinstance(name, str) for name in names):
            self._wrong(("lsp", key), "the name of a file in quotes, or a list of them", written)
            return ()
        return tuple(folder / name for name in names)

    def codes_of(self, word: str, location: str, *, lints: bool) -> list[str]:
        """The codes that a word names: a code, a lint's name, or, for lints, `all` or `default`."""
        if lints and word in ("all", "default"):
            return sorted(LINTS if word == "all" else _defaults())
        code = NAMES.get(word, word)
        if code in BY_CONFIGURATION:
            if lints and code not in LINTS:
                self.found.append(errors.not_a_lint(code, location))
                return []
            return [code]
        from alvh_rules.findings.code_records import known_codes

        codes = known_codes()
        if code in codes:
            self.found.append(errors.cannot_be_silenced(code, location))
        else:
            near = _nearest(word.upper(), codes) or _nearest(word, NAMES)
            self.found.append(errors.unknown_code(word, near, location))
        return []

    # --- parts ---

    def _codes(self, value: Any, path: tuple[str, ...], *, lints: bool = False) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(path, "a list of codes in quotes", value)
            return frozenset()
        return frozenset(
            code
            for word in value
            for code in self.codes_of(word, self._at(path, word), lints=lints)
        )

    def _levels(self, value: Any) -> dict[str, Severity | None]:
        path = ("lint", "levels")
        levels: dict[str, Severity | None] = {}
        for word, level in self._table(value, path).items():
            place = (*path, word)
            codes = self.codes_of(word, self._at(place), lints=False)
            if not isinstance(level, str) or level not in _LEVELS:
                listing = ", ".join(f'"{item}"' for item in _LEVELS)
                self._wrong(place, f"one of {listing}", level)
                continue
            levels |= dict.fromkeys(codes, _LEVELS[level])
        return levels

    def _per_file(self, value: Any) -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
        path = ("lint", "per-file")
        made = []
        for glob, table in self._table(value, path).items():
            place = (*path, glob)
            own = self._table(table, place)
            self._check_keys(own, place, ("ignore",))
            made.append(
                (glob_pattern(glob), self._codes(own.get("ignore", []), (*place, "ignore")))
            )
        return tuple(made)

    def _options(self, lint: Lint, value: Any) -> dict[str, Value]:
        path = ("lint", lint.name)
        own = self._table(value, path)
        known = {item.name: item for item in lint.options}
        self._check_keys(own, path, tuple(known))
        values: dict[str, Value] = {}
        for name, given in own.items():
            if name in known:
                read = self._option(known[name], given, (*path, name))
                if read is not None:
                    values[name] = read
        return values

    def _option(self, option: Option, given: Any, path: tuple[str, ...]) -> Value | None:
        if isinstance(option.default, tuple):
            table = self._table(given, path)
            for key, text in table.items():
                if not isinstance(text, str) or not text.isidentifier():
                    self._wrong((*path, key), "a name in quotes", text)
                    return None
            return tuple(table.items())
        if isinstance(option.default, bool):
            if not isinstance(given, bool):
                self._wrong(path, "true or false", given)
                return None
            return given
        whole = isinstance(option.default, int)
        sound = isinstance(given, int if whole else int | float) and not isinstance(given, bool)
        if not sound or not option.least <= given <= option.most:
            what = "a whole number" if whole else "a number"
            top = "" if option.most == float("inf") else f" to {option.most:g}"
            self._wrong(path, f"{what} from {option.least:g}{top or ' up'}", given)
            return None
        return int(given) if whole else float(given)

    def _table(self, value: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(path, "a table", value)
        return {}

    def _check_keys(
        self, table: Mapping[str, Any], path: tuple[str, ...], known: Sequence[str]
    ) -> None:
        for key in table:
            if key not in known:
                self._unknown_key(key, path, known)

    def _unknown_key(self, key: str, path: tuple[str, ...], known: Sequence[str]) -> None:
        where = ".".join(part if part.replace("-", "").isalnum() else f'"{part}"' for part in path)
        at = self._at((*path, key))
        self.found.append(errors.unknown_key(key, where, _nearest(key, known), known, at))

    def _wrong(self, path: tuple[str, ...], wanted: str, got: Any) -> None:
        self.found.append(errors.wrong_value(path[-1], wanted, _described(got), self._at(path)))


def _is_time_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _described(value: Any) -> str:
    """A TOML value in words, short."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return (
            "a list" if all(isinstance(item, str) for item in value) else "a list of other things"
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:40]}"'
    return str(value)


def _nearest(word: str, known: Sequence[str] | Mapping[str, str]) -> str:
    found = get_close_matches(word, list(known), 1, 0.6)
    return found[0] if found else ""


def glob_pattern(glob: str) -> re.Pattern[str]:
    """What a glob of paths matches: `*` and `?` within a folder's name, `**` through folders.

    One without `/` is of file names, in any folder.
    """
    if "/" not in glob:
        glob = f"**/{glob}"
    parts = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            sign = glob[at]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign)))
            at += 1
    return re.compile("".join(parts), re.S)
