"""Fixes: which are safe, how they are applied, and what they never do."""

import os
from pathlib import Path

import pytest

from alvh_rules.cli.main import main
from alvh_rules.core.diagnostics import Diagnostic, Edit, Fix, Severity
from alvh_rules.core.source import Source
from alvh_rules.lint.fix import MOST_ROUNDS, apply_fixes
from alvh_rules.pipeline import check_source

HEAD = "ruleset t version 1.0.0\ndata\n  vix volatility\n"
UNUSED_COMMENT = HEAD + "signal low when vix < 15  # alvh: ignore[ALV756]\n"
MISSPELT = HEAD + "signal low when vixx < 15\n"


@pytest.fixture
def ruleset(tmp_path: Path) -> Path:
    """A ruleset in a repository of its own."""
    (tmp_path / ".git").mkdir()
    path = tmp_path / "t.alvh"
    path.write_text(UNUSED_COMMENT)
    return path


def fixed(path: Path, text: str, *arguments: str) -> str:
    """The text of a ruleset after `alvh check` with these arguments."""
    path.write_text(text)
    main(["check", str(path), *arguments])
    return path.read_text()


# --- which fixes are applied ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UNUSED_COMMENT, HEAD + "signal low when vix < 15\n"),
        (
            HEAD + "signal s when all of\n  vix > 20\n  vix > 20  # twice\n  vix < 30\n",
            HEAD + "signal s when all of\n  vix > 20\n  vix < 30\n",
        ),
        (
            HEAD + "signal s when any of\n\tvix > 20\n\tvix < 10\n",
            HEAD + "signal s when any of\n  vix > 20\n  vix < 10\n",
        ),
    ],
)
def test_safe_fixes(before, after, ruleset) -> None:
    assert fixed(ruleset, before, "--fix") == after
    assert fixed(ruleset, before, "--unsafe-fixes") == after
    assert fixed(ruleset, before) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MISSPELT, HEAD + "signal low when vix < 15\n"),
        (HEAD + "signal low when vix < 0.15\n", HEAD + "signal low when vix < 15\n"),
        (HEAD + "signl low when vix < 15\n", HEAD + "signal low when vix < 15\n"),
        # What nothing reads: a let and what only it reads, rows of blocks, whole blocks.
        (
            HEAD + "let a = vix\nlet b = a * 2  # half\nsignal low when vix < 15\n",
            HEAD + "signal low when vix < 15\n",
        ),
        (
            HEAD
            + '  spx price "index"  # why\nparam\n  a = 1 from 0 to 2\n  b = 20 from 15 to 25\n'
            "calendar fomc, cpi\nsignal low when vix < b\n",
            HEAD + "param\n  b = 20 from 15 to 25\nsignal low when vix < b\n",
        ),
        (
            HEAD + "table t by vix\n  below 20   => 1%\n  # a comment\n  20 or more => 2%\n"
            "param a = 1 from 0 to 2\nsignal low when vix < 15\n",
            HEAD + "signal low when vix < 15\n",
        ),
        (
            HEAD + "param\n  a = 1 from 0 to 2\n  b = 2 from 1 to 2\nsignal low when vix < 15\n",
            HEAD + "signal low when vix < 15\n",
        ),
        (
            HEAD + "signal a when vix > 25\nsignal b when vix < 25\n",
            HEAD + "\nparam vix_level = 25\nsignal a when vix > vix_level\n"
            "signal b when vix < vix_level\n",
        ),
        # Beside spaces a tab may mean any depth.
        (
            HEAD + "signal s when any of\n  vix > 20\n\tvix < 10\n",
            HEAD + "signal s when any of\n  vix > 20\n  vix < 10\n",
        ),
    ],
)
def test_unsafe_fixes(before, after, ruleset) -> None:
    assert fixed(ruleset, before, "--fix") == before
    assert fixed(ruleset, before, "--unsafe-fixes") == after


def test_calendars_are_taken_out_one_by_one(ruleset) -> None:
    event = "event cpi on same session\n  weight x 50%\n"
    layer = "layer a\n  sell iron condor on vix expiring 9 days\n  weight 9%\n  open when vix > 1\n"
    text = HEAD + "calendar fomc, cpi, ppi\n" + layer + event
    after = fixed(ruleset, text, "--unsafe-fixes")
    assert after == text.replace("fomc, cpi, ppi", "cpi")


def test_a_repeated_clause_that_shares_its_line_has_no_fix() -> None:
    for lines in (
        "signal s when vix > 20 and vix > 20\n",
        "signal s when (vix > 20 and\n  vix > 20\n  )\n",
    ):
        found = check_source(Source("t.alvh", HEAD + lines)).diagnostics
        assert [(item.code, item.fix) for item in found] == [("ALV504", None)]


def test_taking_a_repeated_clause_out_changes_no_decision() -> None:
    import numpy as np

    from alvh_rules.pipeline import evaluate
    from tests.lint.programs import simulated

    def decided(text: str):
        from alvh_rules.market.read import market_from_frame

        checked = check_source(Source("t.alvh", text))
        assert checked.ruleset is not None
        gaps = simulated(300).copy()
        gaps.loc[gaps.index[::7], "vix"] = np.nan
        market, _ = market_from_frame(gaps, checked.ruleset.schema)
        assert market is not None
        return evaluate(checked.ruleset, market, plan=checked.plan).columns["s"]

    head = HEAD + "let m = sma(vix, 9)\n"
    for words in ("all of", "any of"):
        clauses = f"signal s when {words}\n  vix > 13\n  m > 14\n"
        assert (decided(head + clauses) == decided(head + clauses + "  vix > 13\n")).all()


# --- how -----------------------------------------------------------------------------------------


def test_a_file_made_to_be_used_keeps_what_others_read(tmp_path) -> None:
    common = tmp_path / "common.alvh"
    assert fixed(common, "let slope = vix3m / vix - 1\nlet calm = 20\n", "--unsafe-fixes") == (
        "let slope = vix3m / vix - 1\nlet calm = 20\n"
    )


def test_only_the_file_named_is_changed(tmp_path) -> None:
    common = tmp_path / "common.alvh"
    common.write_text("let slope = vix * 2\n")
    ruleset = tmp_path / "t.alvh"
    text = HEAD.replace("data", 'use "common.alvh"\ndata') + "signal s when vix > 20\n"
    assert fixed(ruleset, text, "--unsafe-fixes") == text
    assert common.read_text() == "let slope = vix * 2\n"


def test_a_fix_that_would_bring_an_error_is_not_applied_and_others_are(ruleset) -> None:
    # `vix` is most like `vixx`, but that is a curve, which has no value of its own.
    text = (
        'ruleset t version 1.0.0\ndata\n  vixx curve from "m1" to "m7"\n'
        "let c = constant_maturity(vixx, 30 days)\nsignal a when vix > 20\n"
        "signal s when all of\n  c > 20\n  c > 20\n"
    )
    after = fixed(ruleset, text, "--unsafe-fixes")
    assert after == text.removesuffix("  c > 20\n")


def test_while_an_error_stands_nothing_is_taken_out_as_unused(ruleset) -> None:
    # `vix` seems unused, because its reader is misspelt beyond a guess.
    text = HEAD + "signal low when fear_index < 15\n"
    assert fixed(ruleset, text, "--unsafe-fixes") == text


def test_the_name_the_mode_the_line_ends_and_the_mark_stay(ruleset) -> None:
    ruleset.write_bytes(b"\xef\xbb\xbf" + UNUSED_COMMENT.replace("\n", "\r\n").encode())
    ruleset.chmod(0o640)
    link = ruleset.parent / "link.alvh"
    link.symlink_to(ruleset)
    assert main(["check", str(link), "--fix"]) == 0
    expected = (HEAD + "signal low when vix < 15\n").replace("\n", "\r\n").encode()
    assert ruleset.read_bytes() == b"\xef\xbb\xbf" + expected
    assert ruleset.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(ruleset.parent)) == [".git", "link.alvh", "t.alvh"]


def test_a_difference_is_shown_and_nothing_written(ruleset, capsys) -> None:
    assert main(["check", str(ruleset), "--fix", "--diff"]) == 1
    printed = capsys.readouterr().out
    assert "-signal low when vix < 15  # alvh: ignore[ALV756]\n" in printed
    assert "+signal low when vix < 15\n" in printed
    assert "1 fix to make" in printed
    assert ruleset.read_text() == UNUSED_COMMENT
    assert main(["check", str(ruleset), "--fix"]) == 0
    assert "nothing found; 1 fix made" in capsys.readouterr().out
    assert main(["check", str(ruleset), "--fix", "--diff"]) == 0


def test_a_file_that_cannot_be_written_is_said_and_stays(ruleset, capsys, monkeypatch) -> None:
    def refuse(*arguments) -> None:
        raise PermissionError(13, "Permission denied")

    good = ruleset.parent / "u.alvh"
    good.write_text(HEAD + "signal a when vix > 20\n")
    monkeypatch.setattr("alvh_rules.lint.linter.write_atomically", refuse)
    assert main(["check", str(ruleset.parent), "--fix"]) == 2
    printed = capsys.readouterr()
    assert "t.alvh` cannot be written: Permission denied" in printed.err
    assert "2 rulesets: nothing found" in printed.out
    assert ruleset.read_text() == UNUSED_COMMENT


def test_a_difference_is_text(ruleset, capsys) -> None:
    assert main(["check", str(ruleset), "--fix", "--diff", "--format", "json"]) == 2
    assert ruleset.read_text() == UNUSED_COMMENT


def test_what_the_configuration_leaves_out_is_not_mended(ruleset) -> None:
    (ruleset.parent / "alvh.toml").write_text("[lint]\nignore = ['ALV770']\n")
    assert fixed(ruleset, UNUSED_COMMENT, "--fix") == UNUSED_COMMENT


def test_fixing_twice_changes_nothing_more(ruleset) -> None:
    text = HEAD + "let a = vix\nsignal s when vix > 25\nsignal b when vix < 25\n"
    once = fixed(ruleset, text, "--unsafe-fixes")
    assert once != text
    assert fixed(ruleset, once, "--unsafe-fixes") == once


def test_shipped_rulesets_have_nothing_to_mend(capsys) -> None:
    root = Path(__file__).resolve().parents[2]
    main(["check", str(root / "rulesets"), "--unsafe-fixes", "--diff"])
    assert "to make" not in capsys.readouterr().out


# --- rounds --------------------------------------------------------------------------------------


def finding(source: Source, start: int, end: int, text: str, *, error: bool = False) -> Diagnostic:
    severity = Severity.ERROR if error else Severity.WARNING
    fix = None if error else Fix("x", (Edit(source.span(start, end), text),), safe=True)
    return Diagnostic("ALV000", severity, f"{start}", source.span(start, end), fix=fix)


def test_edits_that_meet_are_not_applied_together() -> None:
    rounds = []

    def check_text(source: Source) -> list[Diagnostic]:
        rounds.append(source.text)
        return []

    source = Source("t", "abcdef")
    findings = [finding(source, 0, 2, "X"), finding(source, 1, 3, "Y"), finding(source, 3, 3, "Z")]
    findings.append(finding(source, 3, 4, "W"))
    assert apply_fixes(source, findings, check_text, unsafe=False).source.text == "XcZdef"
    assert rounds == ["XcZdef"]


def test_insertions_at_one_place_are_made_together_in_their_order(ruleset) -> None:
    text = HEAD + "".join(
        f"signal s{n} when vix > {n}\nsignal t{n} when vix < {n}\n" for n in (20, 30)
    )
    expected = HEAD + "\nparam vix_level = 20\n\nparam vix_level_2 = 30\n"
    after = fixed(ruleset, text, "--unsafe-fixes")
    assert after.startswith(expected)
    assert after.endswith("signal s30 when vix > vix_level_2\nsignal t30 when vix < vix_level_2\n")


def test_fixes_that_undo_one_another_end() -> None:
    def check_text(source: Source) -> list[Diagnostic]:
        return [finding(source, 0, 1, "b" if source.text == "a" else "a")]

    source = Source("t", "a")
    assert apply_fixes(source, check_text(source), check_text, unsafe=False).source.text == "b"


def test_fixes_that_never_end_are_bounded() -> None:
    def check_text(source: Source) -> list[Diagnostic]:
        return [finding(source, 0, 0, "a")]

    source = Source("t", "")
    done = apply_fixes(source, check_text(source), check_text, unsafe=False)
    assert done.count == MOST_ROUNDS
    assert done.source.text == "a" * MOST_ROUNDS


def test_of_fixes_that_do_harm_only_together_one_is_applied() -> None:
    def check_text(source: Source) -> list[Diagnostic]:
        if source.text == "ab":
            return [finding(source, 0, 1, ""), finding(source, 1, 2, "")]
        return [] if source.text else [finding(source, 0, 0, "", error=True)]

    source = Source("t", "ab")
    assert apply_fixes(source, check_text(source), check_text, unsafe=False).source.text == "b"


def test_a_fix_that_only_does_harm_is_left() -> None:
    def check_text(source: Source) -> list[Diagnostic]:
        if source.text == "ab":
            return [finding(source, 0, 1, "x"), finding(source, 1, 2, "y")]
        return [finding(source, 0, 0, "", error=True)] if "x" in source.text else []

    source = Source("t", "ab")
    assert apply_fixes(source, check_text(source), check_text, unsafe=False).source.text == "ay"


def test_spelling_is_never_a_safe_fix() -> None:
    """Whatever the checker guesses of names is for a person to look at."""
    for lines in (
        "signal s when vxi > 20\n",
        "let a = smaa(vix, 5)\nsignal s when a > 1\n",
        "tabel t by vix\n  below 1 => 1\n",
        "data\n  b volatilty\n",
    ):
        found = check_source(Source("t.alvh", HEAD + lines)).diagnostics
        fixes = [item.fix for item in found if item.fix is not None]
        assert fixes
        assert not any(fix.safe for fix in fixes)
