"""What a change would have decided otherwise, session by session."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest

from alvh_rules.cli.main import main

HEAD = "ruleset t version 1.0.0\ndata\n  a price\n  b price\n"
DAYS = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame(
        {"date": DAYS, "a": [1.0, 2, 3, np.nan, 5], "b": [2.0, 2, 2, 2, 2], "c": [1.0] * 5}
    )
    frame.to_csv("data.csv", index=False)
    return tmp_path


def lines(capsys, old: str, new: str, *more: str, code: int = 0, head: str = HEAD) -> list[str]:
    """What a diff over the five sessions says of history."""
    with open("old.alvh", "w") as file:
        file.write(HEAD + old)
    with open("new.alvh", "w") as file:
        file.write(head + new)
    assert main(["diff", "old.alvh", "new.alvh", "--data", "data.csv", *more]) == code
    printed = capsys.readouterr().out.splitlines()
    begin = next(
        (at for at, line in enumerate(printed) if line.startswith("history")), len(printed)
    )
    end = next((at for at, line in enumerate(printed) if line.startswith("suggested")), None)
    return [line for line in printed[begin:end] if line]


def test_numbers(folder, capsys) -> None:
    found = lines(
        capsys,
        "target w = if a > 2 then 50% else a / b\n",
        "target w = if a > 2 then 60% else a / b\n",
    )
    assert found == [
        "history: 2 of 5 sessions change (2020-01-02 to 2020-01-08)",
        "  w: 2 sessions; +0.1 on average on those",
        "    first 2020-01-06: 50% → 60%",
        "    last  2020-01-08: 50% → 60%",
        "    most  2020-01-06: 50% → 60%",
    ]


def test_the_most_changed_session_and_a_signed_average(folder, capsys) -> None:
    found = lines(capsys, "target w = a / b\n", "target w = a / b / 2\n")
    # 0.5 to 0.25, 1 to 0.5, 1.5 to 0.75, 2.5 to 1.25: −0.25, −0.5, −0.75, −1.25; the gap stays one.
    assert found[:2] == [
        "history: 4 of 5 sessions change (2020-01-02 to 2020-01-08)",
        "  w: 4 sessions; -0.6875 on average on those",
    ]
    assert found[-1] == "    most  2020-01-08: 250% → 125%"


def test_flags_count_their_moves_and_an_unknown_is_a_value(folder, capsys) -> None:
    found = lines(
        capsys, "signal s when a > 2 and b > 1\n", "signal s when a > 4 or a is missing and b > 1\n"
    )
    assert found == [
        "history: 2 of 5 sessions change (2020-01-02 to 2020-01-08)",
        "  s: 2 sessions; true → false on 1; unknown → true on 1",
        "    first 2020-01-06: true → false",
        "    last  2020-01-07: unknown → true",
    ]


def test_from_unknown_is_a_change_without_a_size(folder, capsys) -> None:
    found = lines(capsys, "target w = a / b\n", "target w = if a is missing then 7% else a / b\n")
    assert found[0].startswith("history: 1 of 5 sessions changes")
    assert found[1] == "  w: 1 session; unknown → 7% on 1"


def test_labels_are_compared_by_their_words(folder, capsys) -> None:
    old = "labels m = lo, hi\ntarget w = if a > b then hi else lo\n"
    new = "labels m = hi, lo\ntarget w = if a >= b then hi else lo\n"
    assert lines(capsys, old, new)[1:] == [
        "  w: 1 session; lo → hi on 1",
        "    first 2020-01-03: lo → hi",
        "    last  2020-01-03: lo → hi",
    ]


def test_rounding_alone_is_counted_apart(folder, capsys) -> None:
    found = lines(capsys, "target w = (a + b) / b + 10%\n", "target w = a / b + 1.1\n")
    assert found[0] == "history: 0 of 5 sessions change (2020-01-02 to 2020-01-08)"
    assert all("by rounding alone" in line for line in found[1:])


def test_each_ruleset_reads_its_own_columns(folder, capsys) -> None:
    found = lines(
        capsys,
        "target w = a / b\n",
        "target w = a / d\n",
        "--map",
        "d=c",
        head=HEAD.replace("b price", "d price"),
    )
    assert found[0] == "history: 4 of 5 sessions change (2020-01-02 to 2020-01-08)"


def test_data_that_cannot_be_read_is_refused(folder, capsys) -> None:
    missing = HEAD.replace("b price", "e price")
    assert lines(capsys, "target w = a / b\n", "target w = a / e\n", code=2, head=missing) == []
    main(["diff", "old.alvh", "new.alvh", "--data", "data.csv"])
    printed = capsys.readouterr().out
    assert "error[ALV804]: there is no column `e`" in printed


def test_a_session_that_differs_decides_what_no_proof_could(folder, capsys, monkeypatch) -> None:
    from alvh_rules.compare import decisions, solver

    def absent(*_: object) -> None:
        raise solver.NoSolverError("none")

    monkeypatch.setattr(decisions, "ask", absent)
    for name, text in (("old", "target w = a / b\n"), ("new", "target w = b / a\n")):
        (folder / f"{name}.alvh").write_text(HEAD + text)
    assert main(["diff", "old.alvh", "new.alvh"]) == 0
    assert "undecided: w" in capsys.readouterr().out
    assert main(["diff", "old.alvh", "new.alvh", "--data", "data.csv"]) == 0
    assert "different: w\n  as on 2020-01-02: 50% → 200%" in capsys.readouterr().out


def test_real_history(shared_data, tmp_path, capsys) -> None:
    """The flagship with one row of its hedge raised: the sessions in that band and no others."""
    core = Path(__file__).resolve().parents[2] / "rulesets" / "alvh_core.alvh"
    raised = tmp_path / "new.alvh"
    raised.write_text(core.read_text().replace("5% to 10%   => 45%", "5% to 10%   => 50%"))
    data = shared_data / "market" / "daily.csv"
    arguments = ["diff", str(core), str(raised), "--data", str(data)]
    assert main([*arguments, "--format", "json"]) == 0
    history = json.loads(capsys.readouterr().out)["history"]
    frame = pandas.read_csv(data, parse_dates=["date"])
    slope = frame["vix3m"] / frame["vix"] - 1
    assert history["changed"] == int(((slope >= 0.05) & (slope < 0.10)).sum())
    assert [item["name"] for item in history["decisions"]] == ["hedge.ratio"]
