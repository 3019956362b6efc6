"""What each diagnostic code means: one page a code, in `codes/`.

A page is Markdown, `codes/ALV101.md`:

    # ALV101: a name that nothing declares

    What it means.

    ## Why it matters

    A sentence or two.

    ## Fails          (an example that gives the code)
    ## Passes         (the same, put right: no finding at all)

An example is one or more fenced blocks. A block marked `alvh` is a ruleset, `example.alvh` unless a
line above it names another (`` `common.alvh`: ``); one marked `csv` is a data file, named in the same
way; `sh` is the command that shows the finding, `alvh check example.alvh` where none is given. Of
several lines the last one shows it, and `sqlite FILE STATEMENT` changes a database by hand.
`«x × 700»` stands for x written 700 times and `«byte E9»` for that byte.

`tests/findings/test_codes.py` runs every example, so that a page cannot be untrue. To add a code,
write its page, and write what `alvh explain-code --markdown` prints to `docs/codes.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

_PAGES: Final = Path(__file__).resolve().parent / "codes"
_CODE: Final = re.compile(r"ALV\d{3}")
_FENCE: Final = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)
_FENCED: Final = re.compile(r"^```.*?^```$", re.M | re.S)
_HEADING_OR_FENCE: Final = re.compile(r"^```.*?^```$|^#+ ", re.M | re.S)
_REPEATED: Final = re.compile("«(.+?) × ([0-9]+)»")
_BYTE: Final = re.compile("«byte ([0-9A-F]{2})»")


@dataclass(frozen=True, slots=True)
class Example:
    """Files by name, with their bytes, and the commands, a line each, that are run beside them."""

    files: dict[str, bytes]
    command: str


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """A code's page. `title`, `meaning` and `why` are plain text; `markdown` is the whole page."""

    code: str
    title: str
    meaning: str
    why: str
    fails: Example
    passes: Example
    markdown: str


def known_codes() -> list[str]:
    """Every code that has a page, in order."""
    return sorted(path.stem for path in _PAGES.glob("ALV*.md"))


def read_record(code: str) -> CodeRecord | None:
    """The record of a code, or None where it has no page."""
    # A code comes from the command line: only its own form may name a file.
    path = _PAGES / f"{code}.md"
    if not _CODE.fullmatch(code) or not path.is_file():
        return None
    return parse_page(path.read_text(encoding="utf-8"))


def nearest_code(written: str) -> str:
    """The known code that a misspelt one most likely means, or nothing."""
    near = get_close_matches(written.upper(), known_codes(), 1, 0.6)
    return near[0] if near else ""


def parse_page(text: str) -> CodeRecord:
    """A page's parts. Raises `ValueError` where one is absent."""
    head, *rest = re.split(r"^## ", text, flags=re.M)
    first, _, meaning = head.partition("\n")
    sections = {}
    for part in rest:
        name, _, body = part.partition("\n")
        sections[name.strip()] = body.strip()
    if not first.startswith("# ALV") or [*sections] != ["Why it matters", "Fails", "Passes"]:
        raise ValueError(f"{first} must be followed by why it matters, what fails and what passes")
    code, _, title = first[2:].partition(": ")
    return CodeRecord(
        code,
        title,
        _plain(meaning),
        _plain(sections["Why it matters"]),
        _example(sections["Fails"]),
        _example(sections["Passes"]),
        text.strip() + "\n",
    )


def as_markdown() -> str:
    """All pages as one document, `docs/codes.md`."""
    head = (
        "# Diagnostic codes\n\n"
        "What each code means, why it matters, what gets it and what does not. Every example is run\n"
        "by the test suite. `alvh explain-code ALV101` shows one page in the terminal. In examples\n"
        "`«x × 700»` stands for x written 700 times, `«byte E9»` for that byte.\n\n"
        "Groups: ALV0xx reading, ALV1xx names, ALV2xx kinds and units, ALV3xx tables, ALV4xx time,\n"
        "ALV5xx conditions, ALV6xx strategy and header, ALV70x to ALV72x tests, ALV75x lints, ALV77x and\n"
        "ALV78x their comments and configuration, ALV80x to ALV82x data, ALV85x proofs, ALV92x and ALV93x\n"
        "live runs, ALV94x runs' files, from ALV960 governance, other ALV9xx files and bounds. This file is\n"
        "made by `alvh explain-code --markdown`.\n"
    )
    pages = []
    for code in known_codes():
        record = read_record(code)
        assert record is not None
        pages.append(_HEADING_OR_FENCE.sub(_one_deeper, record.markdown))
    return "\n".join([head, *pages])


def _one_deeper(found: re.Match[str]) -> str:
    """A heading one deeper, since the document has a title of its own; a fenced block as it is."""
    return found[0] if found[0].startswith("`") else f"#{found[0]}"


def _plain(text: str) -> str:
    return " ".join(_FENCED.sub("", text).split())


def _example(text: str) -> Example:
    files: dict[str, bytes] = {}
    command = ""
    for name, kind, body in _FENCE.findall(text):
        if kind == "sh":
            command = body.strip()
        else:
            files[name or "example.alvh"] = _expanded(body)
    if not files and not command:
        raise ValueError(f"no example in {text!r}")
    return Example(files, command or "alvh check example.alvh")


def _expanded(body: str) -> bytes:
    text = _REPEATED.sub(lambda found: found[1] * int(found[2]), body)
    parts = _BYTE.split(text)
    raw = [
        bytes.fromhex(part) if number % 2 else part.encode("utf-8")
        for number, part in enumerate(parts)
    ]
    return b"".join(raw)
