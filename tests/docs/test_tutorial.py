"""What the pages show is what the commands print: run in order in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.record import formatted
from tests.docs.transcripts import (
    PAGES,
    ROOT,
    Fenced,
    agrees,
    commands_of,
    edited,
    fenced_blocks,
    plain_terminal,
    play,
    recorded,
    run,
)

AGAIN = "if what is new is right: python -m tests.docs.record"
TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_page_shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    with plain_terminal():
        for played in play(page.read_text(encoding="utf-8"), tmp_path):
            shown, printed = played.command.shown, played.printed
            at = f"{page.name}, line {played.command.line}: $ {played.command.text}"
            if not agrees(shown, printed):
                assert list(shown) == list(printed), f"{at}\n{AGAIN}"
                raise AssertionError(f"{at}\n{AGAIN}")


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_rulesets_stand_in_canonical_form(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert formatted(text) == text, AGAIN
    assert formatted("```alvh\nlet a=1\n```\n") == "```alvh\nlet a = 1\n```\n"


def test_the_tutorial_shows_every_command_of_the_day() -> None:
    blocks = [item for item in fenced_blocks(TUTORIAL.read_text()) if item.language == "console"]
    typed = [command.text for block in blocks for command in commands_of(block)]
    for word in ("new", "check", "test", "fmt", "simulate", "run", "explain", "functions"):
        assert any(text.startswith(f"alvh {word}") for text in typed), word
    for option in ("--coverage", "--look-back", "--map", "--calendar", "--columns all"):
        assert any(option in text for text in typed), option


PAGE = """
```text {file=a/greeting.txt}
one
two
```

```diff {edit=a/greeting.txt}
 one
-two
+three
```

```text {append=a/greeting.txt}
four
```

```console
$ cat a/greeting.txt
one
three

four
$ alvh check nowhere.alvh
…
[exit code 2]
```
"""


def test_files_are_written_changed_and_lengthened(tmp_path: Path) -> None:
    greeting, missing = play(PAGE, tmp_path)
    assert greeting.printed == ("one", "three", "", "four")
    assert agrees(greeting.command.shown, greeting.printed)
    assert agrees(missing.command.shown, missing.printed)
    assert not agrees(missing.command.shown, missing.printed[:-1])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a b", "a b", True),
        ("a b", "a b c", False),
        ("a … c", "a b b c", True),
        ("a … c", "a c", True),
        ("a … a", "a", False),
        ("… b …", "a b c", True),
        ("… b … b …", "a b c", False),
        ("…", "", True),
        ("a …", "b a", False),
    ],
)
def test_an_elision_stands_for_lines_and_for_nothing_else(shown, printed, same) -> None:
    assert agrees(tuple(shown.split()), tuple(printed.split())) is same


def test_recording_keeps_what_agrees_and_where_an_elision_stood(tmp_path: Path) -> None:
    wrong = PAGE.replace("three\n\nfour\n$", "…\nfive\n$")
    assert recorded(wrong, tmp_path) == PAGE.replace("three\n\nfour\n$", "…\nfour\n$")
    assert recorded(PAGE, tmp_path) == PAGE


def test_a_change_that_does_not_fit_is_an_error() -> None:
    for body in ("-b\n+c\n", "-a\n+c\n", "a\n"):
        block = Fenced("diff", {"edit": "f"}, body, 0, 1)
        with pytest.raises(ValueError, match="line 1"):
            edited("a\na\n", block)


def test_a_page_may_run_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="may not run"):
        run("rm -rf .", tmp_path)
