"""Every code has a page, every page is of a code, and its examples do what it says."""

import ast
import re
import shlex
import sqlite3
from pathlib import Path

import pytest

from alvh_rules.cli.main import main
from alvh_rules.findings.code_records import (
    Example,
    as_markdown,
    known_codes,
    nearest_code,
    parse_page,
    read_record,
)

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"ALV\d{3}")


def emitted() -> set[str]:
    """Every text in the package's source that is a code."""
    return {
        node.value
        for path in (ROOT / "alvh_rules").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    }


def given(example: Example, folder: Path, capsys, monkeypatch) -> set[str]:
    """The codes that an example's last command prints, run in a folder with the example's files."""
    for name, content in example.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    monkeypatch.chdir(folder)
    *before, last = example.command.splitlines()
    for line in before:
        _ran(line)
    capsys.readouterr()
    status = _ran(last)
    # A code in a shown line of the ruleset, in a comment that silences, is no finding.
    shown = capsys.readouterr()
    printed = set(re.findall(r"(?<!ignore)\[(ALV\d+)\]", shown.out + shown.err))
    assert printed or status == 0
    return printed


def _ran(line: str) -> int:
    """A line of an example: a command of this program, or a statement for a database of its folder."""
    program, *arguments = shlex.split(line)
    if program == "sqlite":
        path, statement = arguments
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()
        return 0
    assert program == "alvh"
    return main(arguments)


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert emitted() == set(known_codes())


@pytest.mark.parametrize("code", known_codes())
def test_a_page_is_true(code: str, tmp_path, capsys, monkeypatch) -> None:
    record = read_record(code)
    assert record is not None
    assert record.code == code
    assert record.title
    assert record.meaning.endswith(".")
    assert record.why.endswith(".")
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.mkdir()
    good.mkdir()
    assert given(record.fails, bad, capsys, monkeypatch) == {code}
    assert given(record.passes, good, capsys, monkeypatch) == set()


def test_the_document_is_made_from_the_pages(capsys) -> None:
    assert main(["explain-code", "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed == (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (ALV\d+):", printed, re.M) == known_codes()


def test_a_comment_in_an_example_is_no_heading() -> None:
    assert "```alvh\n# café\n" in as_markdown()


def test_a_code_is_explained_however_it_is_written(capsys) -> None:
    assert main(["explain-code", "alv302"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# ALV302: points that two bands of a table take in\n")
    assert "## Why it matters" in printed


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("ALV13", "there is no code `ALV13`: did you mean `ALV"),
        ("LAV302", "did you mean `ALV302`?"),
        ("zzz", "there is no code `zzz`\n"),
        ("../codes/ALV101", "there is no code"),
        ("ALV101.md", "did you mean `ALV101`?"),
        ("\x1b[2J", "there is no code `\\x1b[2J`\n"),
    ],
)
def test_an_unknown_code_is_refused(written: str, answer: str, capsys) -> None:
    assert main(["explain-code", written]) == 2
    assert answer in capsys.readouterr().out


def test_only_a_code_names_a_page() -> None:
    assert read_record("ALV101") is not None
    assert read_record("../codes/ALV101") is None


def test_no_code_at_all_is_refused() -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["explain-code"])
    assert refusal.value.code == 2


def test_the_nearest_code_is_a_code() -> None:
    assert nearest_code("ALV3O2") in known_codes()
    assert nearest_code("nothing like it") == ""


PAGE = """\
# ALV999: a title

A meaning,
in two lines.

## Why it matters

A reason.

## Fails

```alvh
let a = «(ab × 3»«byte E9»
```

`data.csv`:

```csv
date
```

```sh
alvh run example.alvh --data data.csv
```

## Passes

`other.alvh`:

```alvh
let a = 1
```
"""


def test_a_page_is_read_into_its_parts() -> None:
    record = parse_page(PAGE)
    assert (record.code, record.title) == ("ALV999", "a title")
    assert (record.meaning, record.why) == ("A meaning, in two lines.", "A reason.")
    assert record.fails.files == {
        "example.alvh": b"let a = (ab(ab(ab\xe9\n",
        "data.csv": b"date\n",
    }
    assert record.fails.command == "alvh run example.alvh --data data.csv"
    assert record.passes == Example({"other.alvh": b"let a = 1\n"}, "alvh check example.alvh")


@pytest.mark.parametrize(
    "broken",
    [
        PAGE.replace("# ALV999", "ALV999", 1),
        PAGE.replace("## Why it matters\n", ""),
        PAGE.replace("`other.alvh`:\n\n```alvh\nlet a = 1\n```\n", "no example"),
    ],
    ids=["no title", "no reason", "no example"],
)
def test_a_page_that_lacks_a_part_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"must be followed|no example"):
        parse_page(broken)
