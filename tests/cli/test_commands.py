"""The commands: exit codes, output, files written whole."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from alvh_rules.cli.main import main
from alvh_rules.native import native_is_there

ROOT = Path(__file__).resolve().parents[2]
CORE = str(ROOT / "rulesets" / "alvh_core.alvh")


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("market") / "m.csv"
    assert main(["simulate", "--sessions", "400", "--out", str(path)]) == 0
    return str(path)


def test_shipped_rulesets_pass_check_and_their_tests(capsys) -> None:
    assert main(["check", str(ROOT / "rulesets"), "--deny-warnings"]) == 0
    assert main(["test", str(ROOT / "rulesets")]) == 0
    assert " 0 failed" in capsys.readouterr().out


def test_run_writes_a_row_a_session(market, tmp_path, capsys) -> None:
    out = tmp_path / "d.csv"
    assert main(["run", CORE, "--data", market, "--out", str(out), "--columns", "all"]) == 0
    table = pd.read_csv(out)
    assert len(table) == 400
    assert {"short.open", "hedge.ratio", "hedge.hold", "slope"} <= set(table.columns)
    assert set(table["inverted"].dropna().unique()) <= {True, False}
    assert (tmp_path / "d.csv.kinds.json").exists()
    assert "always hedge.ratio between 0% and 200%: held" in capsys.readouterr().out
    assert sorted(item.name for item in tmp_path.iterdir()) == ["d.csv", "d.csv.kinds.json"]


def test_trimming_the_output_keeps_the_history(market, tmp_path) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    main(["run", CORE, "--data", market, "--out", str(whole)])
    main(["run", CORE, "--data", market, "--out", str(part), "--from", "2007-09-04"])
    lines = whole.read_text().splitlines()
    assert part.read_text().splitlines()[1:] == [line for line in lines[1:] if line >= "2007-09-04"]


def test_a_violated_property_is_a_finding(market, tmp_path, capsys) -> None:
    path = tmp_path / "v.alvh"
    path.write_text(
        "ruleset v version 1.0.0\ndata\n  vix volatility\n  vix3m volatility\n"
        "target w = vix / vix3m\nalways w < 90%\n"
    )
    assert main(["run", str(path), "--data", market]) == 1
    assert "VIOLATED" in capsys.readouterr().out


def test_a_failing_test_says_what_was_seen(tmp_path, capsys) -> None:
    path = tmp_path / "f.alvh"
    path.write_text(
        "ruleset f version 1.0.0\ndata\n  vix volatility\nsignal high when vix > 30\n"
        'test "t"\n  given\n    vix = 20\n  expect\n    high\n'
    )
    assert main(["test", str(path)]) == 1
    assert "`high` is false (high is false)" in capsys.readouterr().out


def test_explain_names_the_clause_and_the_nearest_change(market, capsys) -> None:
    assert main(["explain", CORE, "--data", market, "--at", "2007-06-01", "short.open"]) == 0
    out = capsys.readouterr().out
    assert "slope > steep" in out
    assert "turns if slope " in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", CORE, "--data", "absent.csv"],
        ["check", "absent.alvh"],
        ["run", CORE, "--data", "absent.csv", "--out", "x.txt"],
        ["functions", "smaa"],
        ["new", "not a name"],
        ["simulate", "--sessions", "0"],
    ],
)
def test_what_cannot_run_says_so_and_exits_with_2(arguments, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().out.strip()
    assert list(tmp_path.iterdir()) == []


def test_checking_loads_no_heavy_library() -> None:
    code = (
        "import sys; from alvh_rules.cli.main import main; "
        f"main(['check', {CORE!r}]); "
        "sys.exit(bool({'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


def test_formatting_says_and_then_does(tmp_path, capsys) -> None:
    path = tmp_path / "f.alvh"
    path.write_text(
        "ruleset f version 1.0.0\ndata\n    vix   volatility # points\nsignal s when vix>30\n"
    )
    assert main(["fmt", str(path), "--check"]) == 1
    assert main(["fmt", str(path), "--diff"]) == 1
    assert "+signal s when vix > 30" in capsys.readouterr().out
    assert main(["fmt", str(path)]) == 0
    assert main(["fmt", str(path), "--check"]) == 0
    assert "  vix  volatility  # points" in path.read_text()
    broken = tmp_path / "b.alvh"
    broken.write_text("let = 1\n")
    assert main(["fmt", str(broken)]) == 1
    assert broken.read_text() == "let = 1\n"


def test_shipped_rulesets_are_formatted() -> None:
    assert main(["fmt", "--check", str(ROOT / "rulesets")]) == 0


def test_what_was_noticed_in_data_that_can_be_read_is_shown(market, tmp_path, capsys) -> None:
    lines = Path(market).read_text().splitlines()
    saturday = "2007-01-06" + lines[4][10:]
    path = tmp_path / "m.csv"
    path.write_text("\n".join([*lines[:4], saturday, *lines[4:]]) + "\n")
    assert main(["run", CORE, "--data", str(path), "--skip-closed-days"]) == 0
    assert "2007-01-06" in capsys.readouterr().out


def test_a_time_zone_that_is_none_is_said_once(market, capsys) -> None:
    assert main(["run", CORE, "--data", market, "--timezone", "Mars/Olympus"]) == 2
    assert capsys.readouterr().out.count("Mars/Olympus") == 1


WATCHED = """
import sys
from alvh_rules.cli import main, progress
progress.LONG = int(sys.argv.pop(1))
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("long", "drawn"), [("0", True), ("1000000000", False)])
def test_long_input_on_a_terminal_has_a_progress_bar(market, long, drawn) -> None:
    screen, terminal = pty.openpty()
    command = [sys.executable, "-c", WATCHED, long, "run", CORE, "--data", str(market)]
    with subprocess.Popen(command, stderr=terminal, stdout=subprocess.PIPE) as done:
        os.close(terminal)
        text = b""
        # Read as it is drawn, since a terminal holds little; it ends with an error once nobody has it open.
        with contextlib.suppress(OSError):
            while chunk := os.read(screen, 65_536):
                text += chunk
        assert done.stdout is not None
        written = done.stdout.read()
    os.close(screen)
    assert done.returncode == 0
    # The bar goes to the error stream alone: what is written out is the same with it.
    assert b"reading" not in written
    assert (b"evaluating" in text) == drawn


@pytest.mark.parametrize(
    ("engine", "cost"),
    [
        ("blocks", "4.8 ns"),
        pytest.param(
            "native",
            "2.5 ns",
            marks=pytest.mark.skipif(
                not native_is_there(), reason="the native engine was not built"
            ),
        ),
    ],
)
def test_a_run_shows_its_plan_and_what_it_costs(market, capsys, engine, cost) -> None:
    asked = ["run", CORE, "--data", market, "--engine", engine, "--explain-plan", "--profile"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert re.search(r"nodes: \d+ in the plan, \d+ needed\n", out)
    assert re.search(rf"rsi\(14\) %\d+ +14 sessions +16 B, {cost} +line 21\n", out)
    estimate = float(re.search(r"estimated: ([\d.]+) ns a row\n", out)[1])
    each = [float(found) for found in re.findall(r" B, ([\d.e-]+) ns ", out)]
    assert abs(sum(each) - estimate) < 0.02 * estimate
    assert re.search(r"and (%\d+ )+.*= short\.open, medium\.open, long\.open\n", out)
    assert re.search(r"\d+% +[\d.]+ ns  line 22: let trend", out)
