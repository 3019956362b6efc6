"""Pages whose commands are run, and the output shown held against the output printed.

A page is played from top to bottom in a folder that is empty at first:

- a fenced block with `{file=NAME}` in its opening line is written to the file NAME;
- one with `{append=NAME}` is added to the end of that file, after an empty line;
- a `diff` block with `{edit=NAME}` takes the lines that begin with `-` out of the file and puts those
  that begin with `+` in their place; lines that begin with a blank must stand there as they are;
- a `console` block holds commands, each on a line that begins with `$ `, and what they print.

Commands are `alvh …`, which is run in this process, `python FILE`, `cat FILE`, `head -n N FILE`, `git …`
and `ssh-keygen -q -t ed25519 -N '' -f FILE`, which makes the same key of a name every time, so that
signatures and ids are the page's; no shell is started. In the output a line that is only `…` stands for any number of lines, none
included. A command that ends with an exit code other than 0 says so in a last line, `[exit code 1]`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import runpy
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alvh_rules.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    ROOT / name
    for name in (
        "README.md",
        "docs/tutorial.md",
        "docs/language.md",
        "docs/data.md",
        "docs/prove.md",
        "docs/governance.md",
        "docs/live.md",
        "docs/diff.md",
        "docs/backtest-report.md",
        "docs/backtest.md",
    )
)
"""The pages that are played."""

ELISION = "…"
_FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<body>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Fenced:
    """A fenced block: its language, its attributes, its text, and where the text stands."""

    language: str
    attributes: dict[str, str]
    body: str
    start: int
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a page with the output shown for it, as lines, and where that output stands."""

    text: str
    shown: tuple[str, ...]
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Played:
    """A command that was run, and the lines that it printed."""

    command: Command
    printed: tuple[str, ...]


def fenced_blocks(text: str) -> list[Fenced]:
    """The fenced blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(text):
        language, *rest = match["info"].split() or [""]
        attributes = dict(item.strip("{}").split("=", 1) for item in rest if "=" in item)
        line = text.count("\n", 0, match.start()) + 1
        found.append(Fenced(language, attributes, match["body"], match.start("body"), line))
    return found


def commands_of(block: Fenced) -> list[Command]:
    """The commands of a `console` block."""
    found: list[Command] = []
    place, text, shown, begin, at = block.start, "", [], block.start, block.line
    lines = block.body.splitlines(keepends=True)
    for number, line in enumerate([*lines, "$ \n"], 1):
        if line.startswith("$ "):
            if text:
                found.append(Command(text, tuple(shown), begin, place, at))
            elif shown:
                raise ValueError(f"line {block.line}: output stands before the first command")
            text, shown, begin = line[2:].rstrip("\n"), [], place + len(line)
            at = block.line + number
        else:
            shown.append(line.rstrip("\n"))
        place += len(line)
    return found


def play(text: str, folder: Path) -> Iterator[Played]:
    """Write a page's files into the folder and run its commands there, one after the other."""
    for block in fenced_blocks(text):
        if block.language == "console":
            for command in commands_of(block):
                yield Played(command, run(command.text, folder))
        elif "file" in block.attributes:
            path = folder / block.attributes["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        elif "append" in block.attributes:
            path = folder / block.attributes["append"]
            path.write_text(path.read_text(encoding="utf-8") + "\n" + block.body, encoding="utf-8")
        elif "edit" in block.attributes:
            path = folder / block.attributes["edit"]
            path.write_text(edited(path.read_text(encoding="utf-8"), block), encoding="utf-8")


def edited(text: str, block: Fenced) -> str:
    """A file's text with the change of a `diff` block made; ValueError where it does not fit."""
    lines = block.body.splitlines()
    if not all(line[:1] in ("-", "+", " ") for line in lines):
        raise ValueError(f"line {block.line}: a line of a diff begins with -, + or a blank")
    old = [line[1:] for line in lines if line[0] != "+"]
    new = [line[1:] for line in lines if line[0] != "-"]
    rows = text.splitlines()
    places = [at for at in range(len(rows)) if rows[at : at + len(old)] == old]
    if len(places) != 1:
        raise ValueError(f"line {block.line}: what is to change stands {len(places)} times")
    rows[places[0] : places[0] + len(old)] = new
    return "\n".join(rows) + "\n"


def run(command: str, folder: Path) -> tuple[str, ...]:
    """The lines that a command prints, run in the folder."""
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        code = _ran(shlex.split(command))
    lines = out.getvalue().splitlines()
    # Editors take blanks off the ends of lines, which must not fail a page.
    return (*(line.rstrip() for line in lines), *([f"[exit code {code}]"] if code else []))


def _ran(words: list[str]) -> int:
    match words:
        case ["alvh", *arguments]:
            try:
                return main(arguments)
            except SystemExit as stopped:
                return int(stopped.code or 0)
        case ["python", name]:
            runpy.run_path(name, run_name="__main__")
        case ["cat", name]:
            print(Path(name).read_text(encoding="utf-8"), end="")
        case ["git", *arguments]:
            done = subprocess.run(
                ["git", *arguments], env=_GIT, capture_output=True, text=True, check=False
            )
            print(done.stdout, end="")
            return done.returncode
        case ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]:
            seeded_key(Path(name))
        case ["head", "-n", count, name]:
            lines = Path(name).read_text(encoding="utf-8").splitlines()
            print("\n".join(lines[: int(count)]))
        case _:
            raise ValueError(f"a page may not run `{shlex.join(words)}`")
    return 0


_GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "x",
    "GIT_AUTHOR_EMAIL": "x@example.com",
    "GIT_COMMITTER_NAME": "x",
    "GIT_COMMITTER_EMAIL": "x@example.com",
}


def seeded_key(path: Path) -> None:
    """An SSH key as `ssh-keygen` makes one, of the file's name: the same on every machine."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = hashlib.sha256(path.name.encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    path.with_name(path.name + ".pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
    )


def agrees(shown: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Whether what is shown is what was printed, an elision standing for any number of lines."""
    parts: list[list[str]] = [[]]
    for line in shown:
        if line == ELISION:
            parts.append([])
        else:
            parts[-1].append(line)
    lines = list(printed)
    if len(parts) == 1:
        return parts[0] == lines
    first, *middle, last = parts
    if len(first) + len(last) > len(lines):
        return False
    if lines[: len(first)] != first or lines[len(lines) - len(last) :] != last:
        return False
    rest = lines[len(first) : len(lines) - len(last)]
    for part in middle:
        at = next((i for i in range(len(rest) + 1) if rest[i : i + len(part)] == part), None)
        if at is None:
            return False
        rest = rest[at + len(part) :]
    return True


def recorded(text: str, folder: Path) -> str:
    """The page with what its commands print now.

    Output that still agrees stays as it is. Where a single elision stood, as many lines stay shown
    before and after it as there were; with more of them the whole output is shown.
    """
    changes: list[tuple[int, int, str]] = []
    for item in play(text, folder):
        command, lines = item.command, list(item.printed)
        if agrees(command.shown, item.printed):
            continue
        if command.shown.count(ELISION) == 1:
            before = command.shown.index(ELISION)
            after = len(command.shown) - before - 1
            if before + after < len(lines):
                lines = [*lines[:before], ELISION, *lines[len(lines) - after :]]
        changes.append((command.start, command.end, "".join(line + "\n" for line in lines)))
    for start, end, new in reversed(changes):
        text = text[:start] + new + text[end:]
    return text


@contextlib.contextmanager
def plain_terminal() -> Iterator[None]:
    """No colours, whatever the surroundings ask for."""
    before = {name: os.environ.get(name) for name in ("NO_COLOR", "FORCE_COLOR")}
    os.environ["NO_COLOR"] = "1"
    os.environ.pop("FORCE_COLOR", None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
