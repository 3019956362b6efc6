"""`alvh prove`: what it prints, its exit codes, its files, and what it refuses."""

import json
import sys
from pathlib import Path

import pytest

from alvh_rules.cli.main import main

pytest.importorskip("z3", reason="proofs need the extra `prove`")

GOOD = """\
ruleset small version 1.0.0

data
  vix    volatility
  vix3m  volatility

calendar fomc

let slope = vix3m / vix - 1

table by_slope by slope
  below 0%   => 100%
  0% or more => 50%

hedge
  ratio by_slope of vega
  hold vix futures month 1

event fomc on same session
  hedge x 120%

always hedge.ratio between 0% and 150%
"""
BAD = GOOD + "always hedge.ratio <= 100%\n"


@pytest.fixture
def ruleset(tmp_path: Path) -> Path:
    path = tmp_path / "small.alvh"
    path.write_text(GOOD, encoding="utf-8")
    return path


def prove(*arguments: object) -> int:
    return main(["prove", *map(str, arguments)])


def test_exit_codes(ruleset: Path, capsys) -> None:
    assert prove(ruleset) == 0
    assert "proved: always hedge.ratio between 0% and 150%" in capsys.readouterr().out
    ruleset.write_text(BAD, encoding="utf-8")
    assert prove(ruleset) == 1
    printed = capsys.readouterr().out
    assert "refuted: always hedge.ratio <= 100%" in printed
    assert "where vix = 20, vix3m = 16, event fomc" in printed
    assert prove(ruleset, "--seconds", "0.000001") == 3
    assert "undecided" in capsys.readouterr().out
    assert prove(ruleset, "--seconds", "0") == 2
    assert prove(ruleset, "--seconds", "nan") == 2
    assert prove(ruleset.parent / "none.alvh") == 2


def test_assumptions_are_printed(ruleset: Path, capsys) -> None:
    ruleset.write_text(GOOD + "assume vix between 5 and 150\n", encoding="utf-8")
    assert prove(ruleset) == 0
    printed = capsys.readouterr().out
    assert "  assume vix between 5 and 150\n" in printed
    assert "`vix3m` is above 0, as its kind is `volatility`" in printed


def test_json_is_whole(ruleset: Path, capsys) -> None:
    ruleset.write_text(BAD, encoding="utf-8")
    assert prove(ruleset, "--format", "json") == 1
    written = json.loads(capsys.readouterr().out)
    statuses = {item["text"]: item["status"] for item in written["verdicts"]}
    assert statuses["always hedge.ratio <= 100%"] == "refuted"
    assert statuses["always hedge.ratio between 0% and 150%"] == "proved"
    (refuted,) = [item for item in written["verdicts"] if item["status"] == "refuted"]
    assert refuted["market"] == {"vix": 20.0, "vix3m": 16.0, "event fomc": True}
    (ratio,) = written["extremes"]
    assert (ratio["least"]["value"], ratio["greatest"]["value"]) == (0.5, 1.2)


def test_markdown_is_a_table(ruleset: Path, capsys) -> None:
    assert prove(ruleset, "--format", "markdown") == 0
    printed = capsys.readouterr().out
    assert "| proved | `always hedge.ratio between 0% and 150%` |" in printed
    assert "| `hedge.ratio` | 50% | 120% |" in printed


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ("hedge.ratio > 110%", 0, "yes"),
        ("hedge.ratio > 120%", 1, "never"),
        ("hedge.ratio is 60% and vix > 200", 0, "yes"),
        ("vix < 0", 1, "never"),
    ],
)
def test_can(ruleset: Path, capsys, condition: str, code: int, said: str) -> None:
    assert prove(ruleset, "--can", condition) == code
    assert capsys.readouterr().out.startswith(f"{said}: {condition}\n")
    assert prove(ruleset, "--can", condition, "--format", "json") == code
    assert json.loads(capsys.readouterr().out)["answer"] == said


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("hedge.ration > 1", "hedge.ration"),
        ("vix", "ALV205"),
        ("vix >", "ALV0"),
        ("vix > 1\nalways vix > 2", "one line"),
        ("", "one line"),
        ("vix > 1 # so", "one line"),
    ],
)
def test_a_condition_at_fault_is_refused(ruleset: Path, capsys, condition: str, said: str) -> None:
    assert prove(ruleset, "--can", condition) == 2
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_a_refutation_is_written_as_a_test_once(ruleset: Path, capsys) -> None:
    ruleset.write_text(BAD, encoding="utf-8")
    assert prove(ruleset, "--write-test") == 1
    assert 'wrote test "refuted: always hedge.ratio <= 100%"' in capsys.readouterr().out
    text = ruleset.read_text(encoding="utf-8")
    assert text.startswith(BAD.rstrip("\n"))
    assert main(["fmt", "--check", str(ruleset)]) == 0
    assert main(["test", str(ruleset)]) == 1
    capsys.readouterr()
    assert prove(ruleset, "--write-test") == 1
    assert "it is there already" in capsys.readouterr().out
    assert ruleset.read_text(encoding="utf-8") == text
    # Mended, the same test passes.
    ruleset.write_text(text.replace("hedge x 120%", "hedge x 90%"), encoding="utf-8")
    assert main(["test", str(ruleset)]) == 0


def test_a_market_that_no_test_can_give_is_said_to_be_so(tmp_path: Path, capsys) -> None:
    path = tmp_path / "r.alvh"
    path.write_text(
        "ruleset r version 1.0.0\n\ndata\n  vix volatility\n\n"
        "target a = if vix > sma(vix, 20) then 200% else 50%\n\nalways a <= 100%\n",
        encoding="utf-8",
    )
    before = path.read_bytes()
    assert prove(path, "--write-test") == 1
    assert "no test can give this market" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_assumptions_that_contradict_are_an_error(ruleset: Path, capsys) -> None:
    ruleset.write_text(GOOD + "assume vix > 150\nassume vix < 5\n", encoding="utf-8")
    assert prove(ruleset) == 2
    assert "ALV850" in capsys.readouterr().out
    assert prove(ruleset, "--can", "vix > 1") == 2


def test_without_the_solver_one_command_is_named(ruleset: Path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    assert prove(ruleset) == 2
    assert "python -m pip install 'alvh-rules[prove]'" in capsys.readouterr().err


def test_a_run_says_that_a_promise_is_only_proved(tmp_path: Path, capsys) -> None:
    path = tmp_path / "r.alvh"
    path.write_text(GOOD + "always hedge.ratio never rises as slope rises\n", encoding="utf-8")
    data = tmp_path / "d.csv"
    data.write_text("date,vix,vix3m\n2020-03-16,82.69,67.73\n", encoding="utf-8")
    main(["run", str(path), "--data", str(data)])
    assert "of two markets, so no run shows it; `alvh prove` asks it" in capsys.readouterr().out


def test_a_test_that_would_pass_is_not_written(tmp_path: Path, capsys) -> None:
    path = tmp_path / "small.alvh"
    text = (
        "ruleset small version 1.0.0\ndata\n  vix volatility\n"
        "table t by vix\n  below 20   => 10%\n  20 or more => 30%\n"
        "target v = t + 10% + 20%\nalways v is t + 30%\nalways v <= 60%\n"
    )
    path.write_text(text, encoding="utf-8")
    assert prove(path, "--write-test") == 1
    printed = capsys.readouterr().out
    assert "rounding breaks it by less than a test tells apart: always v is t + 30%" in printed
    assert 'wrote test "refuted: always v <= 60%"' in printed
    assert "v is 60.00000000000001%" in printed
    assert main(["test", str(path)]) == 1
    assert "0 passed, 1 failed" in capsys.readouterr().out


def test_a_promise_of_a_position_says_what_can_be_proved(tmp_path: Path, capsys) -> None:
    path = tmp_path / "small.alvh"
    path.write_text(
        "ruleset small version 1.0.0\ndata\n  spx price\nlayer short\n"
        "  sell put on spx expiring 30 days\n  weight 10%\n  open when spx > 10\n"
        "always profit >= 0\nalways days_to_expiry > 2 days\n",
        encoding="utf-8",
    )
    assert prove(path) == 2
    printed = capsys.readouterr().out
    assert "`profit` speaks of one open position, and nothing can be proved of it" in printed
    assert "write `short.profit`, which is of all that the layer holds" in printed
    assert "`days_to_expiry` speaks of one open position" in printed
    assert "can be promised, whatever is held" in printed
