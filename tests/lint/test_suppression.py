"""Comments that silence: what each is about, when it is unused, and that the formatter keeps it."""

from pathlib import Path

import pytest

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.source import Source
from alvh_rules.lint.configuration import Configuration
from alvh_rules.lint.run import lint
from alvh_rules.pipeline import check, check_source
from alvh_rules.syntax.format import format_source

HEAD = "ruleset t version 1.0.0\ndata\n  vix volatility\n  vix3m volatility\n"
TWICE = "signal a when vix > 25 and vix3m > 1\nsignal b when vix < 25\n"
"""Gets ALV756 on its second line."""


def found(lines: str, configuration: Configuration | None = None) -> list[tuple[str, int]]:
    """Code and line (of `lines`, from one) of each finding."""
    return [(item.code, line) for item, line in findings(lines, configuration)]


def findings(
    lines: str, configuration: Configuration | None = None
) -> list[tuple[Diagnostic, int]]:
    checked = check_source(Source("t.alvh", HEAD + lines))
    items = lint(checked, Path("t.alvh"), configuration or Configuration())
    out = []
    for item in items:
        assert item.span is not None
        out.append((item, checked.sources["t.alvh"].position(item.span.start).line - 4))
    return out


def test_without_a_comment_it_is_found() -> None:
    assert found(TWICE) == [("ALV756", 2)]


@pytest.mark.parametrize(
    "lines",
    [
        TWICE.replace("< 25", "< 25  # alvh: ignore[ALV756]"),
        TWICE.replace("< 25", "< 25 #alvh:ignore[ALV756] why"),
        TWICE.replace("signal b", "# alvh: ignore[ALV756] why\nsignal b"),
        TWICE.replace("signal b", "# alvh: ignore[ALV756]\n\n# more of why\nsignal b"),
        TWICE.replace("signal a", "# alvh: ignore-file[ALV756]\nsignal a"),
        TWICE + "# alvh: ignore-file[ALV756]\n",
        # A line that goes on inside brackets is one line, wherever its comment stands.
        TWICE.replace("vix < 25", "(vix\n  < 25)  # alvh: ignore[ALV756]"),
        TWICE.replace("vix < 25", "(vix  # alvh: ignore[ALV756]\n  < 25)"),
        TWICE.replace("vix < 25", "(vix\n  # alvh: ignore[ALV756]\n  < 25)"),
        TWICE.replace("vix < 25", "all of\n  # alvh: ignore[ALV756]\n  vix < 25"),
    ],
)
def test_what_a_comment_is_about(lines) -> None:
    assert found(lines) == []


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        # The first place is not where the finding stands, nor is the line that opens a block.
        (TWICE.replace("> 1", "> 1  # alvh: ignore[ALV756]"), [("ALV770", 1), ("ALV756", 2)]),
        (
            TWICE.replace("vix < 25", "all of  # alvh: ignore[ALV756]\n  vix < 25"),
            [("ALV770", 2), ("ALV756", 3)],
        ),
        (TWICE.replace("< 25", "< 25  # alvh: ignore[ALV757]"), [("ALV756", 2), ("ALV770", 2)]),
        (TWICE + "# alvh: ignore[ALV756]\n", [("ALV756", 2), ("ALV770", 3)]),
        # A text is no comment.
        (
            TWICE
            + 'test "# alvh: ignore-file[ALV756]"\n  given\n    vix = 1\n  expect\n    b\n    not a\n',
            [("ALV756", 2)],
        ),
    ],
)
def test_what_a_comment_is_not_about(lines, left) -> None:
    assert found(lines) == left


def test_errors_are_never_silenced() -> None:
    lines = "# alvh: ignore-file[ALV756]\nsignal a when vixx > 25  # alvh: ignore[ALV101]\n"
    assert ("ALV101", 2) in found(lines)
    assert ("ALV771", 2) in found(lines)
    # What an error hides is not known, so nothing is said to be unused.
    assert "ALV770" not in {code for code, _ in found(lines)}


def test_an_error_of_a_code_that_may_be_silenced_stands(monkeypatch) -> None:
    from alvh_rules.lint import suppression

    monkeypatch.setattr(suppression, "BY_COMMENT", frozenset({"ALV101"}))
    assert found("signal a when vixx > 25  # alvh: ignore[ALV101]\n")[-1] == ("ALV101", 1)


def test_a_lint_that_the_configuration_makes_an_error_can_be_silenced() -> None:
    from alvh_rules.core.diagnostics import Severity

    strict = Configuration(levels={"ALV756": Severity.ERROR})
    assert [item.severity for item, _ in findings(TWICE, strict)] == [Severity.ERROR]
    assert found(TWICE.replace("< 25", "< 25  # alvh: ignore[ALV756]"), strict) == []


def test_codes_that_were_not_looked_for_are_not_called_unused() -> None:
    lines = TWICE.replace("< 25", "< 25  # alvh: ignore[ALV756, ALV750, ALV757]")
    assert found(lines) == [("ALV770", 2)]
    [(item, _)] = findings(lines)
    assert item.message == "this comment silences ALV757, and there is none here"
    some = Configuration(selected=frozenset({"ALV756"}))
    assert found(lines, some) == []
    assert found(lines, Configuration(ignored=frozenset({"ALV757"}))) == []


@pytest.mark.parametrize(
    ("comment", "message", "help"),
    [
        ("# alvh: ignore", "this comment names no code", "with the codes between the brackets"),
        ("# alvh: ignore ALV756", "this comment names no code", ""),
        ("# alvh: ignore[]", "a code is missing between the brackets", ""),
        ("# alvh: ignore[ALV756,]", "a code is missing between the brackets", ""),
        ("# alvh: ignore[ALV755O]", "there is no code `ALV755O`", "did you mean `ALV75"),
        ("# alvh: ignore[alv756]", "there is no code `alv756`", "did you mean `ALV756`?"),
        ("# alvh: ignore[repeated-number]", "is the name of a lint, not a code", "write `ALV756`"),
        ("# alvh: ignore[ALV301]", "ALV301 cannot be silenced by a comment", "an error stands"),
        ("# alvh: ignore[ALV770]", "ALV770 cannot be silenced by a comment", ""),
        (
            "# alvh: ignore-file[ALV756]",
            "`ignore-file` stands at the end of a line",
            "a line of its own",
        ),
    ],
)
def test_comments_that_cannot_silence(comment, message, help) -> None:
    items = [
        item
        for item, line in findings(TWICE.replace("< 25", f"< 25  {comment}"))
        if item.code == "ALV771"
    ]
    assert len(items) == 1
    assert message in items[0].message
    assert help in items[0].help


def test_comments_that_say_something_else_are_let_be() -> None:
    lines = TWICE.replace("signal a", "# alvh: the first\nsignal a") + "# ignore[ALV756] all this\n"
    assert found(lines) == [("ALV756", 3)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("< 26  # alvh: ignore[ALV756] why\n", "< 26\n"),
        (
            "< 26\n# alvh: ignore[ALV756]\nlet c = vix\nsignal d when c > 1\n",
            "< 26\nlet c = vix\nsignal d when c > 1\n",
        ),
        ("< 25  # alvh: ignore[ALV757, ALV756] why\n", "< 25  # alvh: ignore[ALV756] why\n"),
        ("< 25  # alvh: ignore[ALV756,ALV757 , ALV758]\n", "< 25  # alvh: ignore[ALV756]\n"),
        # A part that is wrong stays for its writer to see.
        ("< 26  # alvh: ignore[ALV756, ALV101]\n", "< 26  # alvh: ignore[ALV101]\n"),
        ("< 26\n  # alvh: ignore[ALV756]", "< 26\n"),
    ],
)
def test_the_fix_of_an_unused_comment(before, after) -> None:
    from alvh_rules.core.render import applied

    text = HEAD + TWICE.replace("< 25\n", before)
    checked = check_source(Source("t.alvh", text))
    items = lint(checked, Path("t.alvh"), Configuration())
    [item] = [item for item in items if item.code == "ALV770"]
    assert item.fix is not None
    assert item.fix.safe
    assert applied(text, item.fix.edits, 0, len(text)) == HEAD + TWICE.replace("< 25\n", after)


def test_a_used_file_silences_its_own_and_is_not_told_what_is_unused(tmp_path) -> None:
    common = "let calm = 25\nlet r = vix / vix3m  # alvh: ignore[ALV105, ALV757]\n"
    (tmp_path / "common.alvh").write_text(common)
    main = tmp_path / "main.alvh"
    main.write_text(HEAD.replace("data", 'use "common.alvh"\ndata') + "signal s when vix > calm\n")
    assert [item.code for item in lint(check(main), main, Configuration())] == []


FORMATTED = """\
ruleset t version 1.0.0
data
    vix volatility
    vix3m   volatility   # alvh: ignore[ALV105] the desk's file has it
signal base when vix > 25 and vix > 26 and vix > 27 and vix > 28 and vix > 29
layer short
    sell iron condor on vix expiring 7 to 21 days
    weight 30%
    open when all of
        vix>25   # alvh: ignore[ALV756] one
        # alvh: ignore[ALV756] two
        vix>26
        any of
            (vix > 27  # alvh: ignore[ALV756] three
              or vix > 23)
            vix>28   # alvh: ignore[ALV756] four
signal long_line when (vix > 10.001 and vix > 10.002 and vix > 10.003 and vix > 10.004 and vix > 10.005 and vix > 29)  # alvh: ignore[ALV756] five
# alvh: ignore-file[ALV750] six
"""


def test_the_formatter_keeps_each_comment_with_its_clause() -> None:
    text, problems = format_source(Source("t.alvh", FORMATTED))
    assert problems == []
    for word in ("one", "two", "three", "four", "five", "six", "desk"):
        assert text.count(word) == 1

    def silenced(source: Source) -> list[tuple[str, str]]:
        """What is found with the comments and without, by its marked text."""
        out = []
        for cleaned in (source.text, source.text.replace("alvh:", "")):
            checked = check_source(Source("t.alvh", cleaned))
            assert checked.ruleset is not None, checked.rendered()
            for item in lint(checked, Path("t.alvh"), Configuration()):
                assert item.span is not None
                out.append((item.code, cleaned[item.span.start : item.span.end].strip()))
            out.append(("", ""))
        return out

    before, after = silenced(Source("t.alvh", FORMATTED)), silenced(Source("t.alvh", text))
    assert sorted(before) == sorted(after)
    # Every comment is about something: without them each of these is found.
    assert before[0] == ("", "")
    assert sorted(code for code, _ in before[1:-1]) == ["ALV105"] + ["ALV756"] * 5
