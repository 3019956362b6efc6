"""`backtest --as-governed`: on each session the version that was in force on it, from ledger to files."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_rules.govern.in_force import governed_timeline
from tests.govern.desks import Bench
from tests.govern.test_attacks import charter_text, flat, proposed, proposed_again


@pytest.fixture(scope="session")
def market(tmp_path_factory) -> Path:
    """A simulated market, from 2014-12-01 to 2015-03-31."""
    from alvh_rules.market.simulate import simulate

    frame = simulate(2200, 3)
    days = frame["date"].astype(str)
    path = tmp_path_factory.mktemp("market") / "market.csv"
    frame[(days >= "2014-12-01") & (days <= "2015-03-31")].to_csv(path, index=False)
    return path


def change(bench: Bench, day: int, number: str, *edits: tuple[str, str]) -> None:
    """Another version, adopted on that day of January."""
    for old, new in edits:
        bench.edit(old, new)
    before = next(line for line in (bench.root / "core.alvh").read_text().splitlines())
    bench.edit(before, f"ruleset core version {number}")
    bench.commit(number)
    bench.adopt(day)


def backtest(bench: Bench, market: Path, folder: Path, *more: str) -> str:
    code, printed = bench.run(
        "backtest", "core.alvh", "--data", str(market), "--out", str(folder), *more
    )
    assert code == 0, printed
    return printed


def without_versions(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.pop("version", None)
    return rows


def test_one_version_throughout_is_the_plain_backtest(desk: Bench, market: Path, tmp_path) -> None:
    """Byte for byte, but for what names the version."""
    desk.edit("weight 30%", "weight 90%")
    change(desk, 12, "1.1.0")
    plain, governed = tmp_path / "plain", tmp_path / "governed"
    days = ("--from", "2015-01-20")
    backtest(desk, market, plain, *days)
    told = backtest(desk, market, governed, *days, "--as-governed")
    assert "1.1.0 " in told
    for name in ("equity.csv", "positions.parquet", "decisions.parquet", "market.parquet"):
        assert (plain / name).read_bytes() == (governed / name).read_bytes(), name
    trades = without_versions(plain / "trades.csv")
    assert len(trades) > 20
    assert trades == without_versions(governed / "trades.csv")
    assert without_versions(plain / "prevented.csv") == without_versions(governed / "prevented.csv")
    one, other = (json.loads((folder / "run.json").read_text()) for folder in (plain, governed))
    for name in one:
        if name not in ("sources", "files"):
            assert one[name] == other[name], name
    assert sorted(one["sources"].values()) == sorted(other["sources"].values())
    (version,) = other["versions"]
    proposal = desk.newest("propose")
    assert version["proposal"] == proposal.id
    assert version["content"] == proposal.body["content"]
    assert version["files"] == proposal.body["files"]
    assert "versions" not in one


@pytest.fixture
def changed(desk: Bench) -> Bench:
    """1.0.0 from 2015-01-09, 1.1.0 from 2015-01-21, a brake from 2015-02-03 that lapses on 2015-02-06."""
    desk.edit("weight 30%", "weight 90%")
    change(desk, 16, "1.1.0", ("ratio 50%", "ratio 100%"))
    desk.edit("weight 90%", "weight 10%")
    desk.edit("version 1.1.0", "version 1.1.1")
    desk.commit("less")
    desk.govern("brake", by="ana", on="2015-02-03")
    desk.commit("braked")
    return desk


SPANS = [
    ("1.0.0", "2015-01-09", "2015-01-20", "approved by ana, ben"),
    ("1.1.0", "2015-01-21", "2015-02-02", "approved by ana, ben"),
    ("1.1.1", "2015-02-03", "2015-02-05", "braked by ana"),
    ("1.1.0", "2015-02-06", "2015-03-31", "approved by ana, ben"),
]


def test_each_session_has_the_version_of_that_session(changed: Bench, market, tmp_path) -> None:
    told = backtest(changed, market, tmp_path / "run", "--as-governed")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert [
        (item["name"].split()[0], item["first"], item["last"], item["how"])
        for item in run["versions"]
    ] == SPANS
    assert "core as governed: 2015-01-09 to 2015-03-31" in told
    assert "1.1.1" in told
    trades = pd.read_csv(tmp_path / "run" / "trades.csv")
    names = {item["name"]: item for item in run["versions"]}
    assert set(trades["version"]) <= set(names)
    for _, trade in trades.iterrows():
        spans = [item for item in run["versions"] if item["name"] == trade["version"]]
        assert any(item["first"] <= trade["decided"] <= item["last"] for item in spans), trade
    # Nothing is traded before anything is in force, though the data begins earlier.
    assert trades["date"].min() > "2015-01-09"
    ratios = trades[trades["clause"].str.startswith("ratio")]
    assert set(ratios[ratios["decided"] < "2015-01-21"]["clause"]) == {"ratio 50% of vega"}
    assert set(ratios[ratios["decided"] >= "2015-01-21"]["clause"]) == {"ratio 100% of vega"}
    named = trades[trades["action"] == "open"].iloc[0]
    _, told = changed.run(
        "explain", "--position", named["position"], "--out", str(tmp_path / "run")
    )
    assert f"version     {named['version']}" in told
    # The ruleset of the working folder is not asked: it may say anything.
    (changed.root / "core.alvh").write_text("nonsense\n")
    backtest(changed, market, tmp_path / "again", "--as-governed")
    same = [(tmp_path / name / "trades.csv").read_bytes() for name in ("run", "again")]
    assert same[0] == same[1]


def test_a_ledger_cut_off_changes_nothing_before(changed: Bench, market, tmp_path) -> None:
    backtest(changed, market, tmp_path / "whole", "--as-governed")
    lines = changed.lines()
    changed.ledger.write_text("\n".join(lines[:-1]) + "\n")
    backtest(changed, market, tmp_path / "unbraked", "--as-governed")
    changed.ledger.write_text("\n".join(lines[:5]) + "\n")
    backtest(changed, market, tmp_path / "first", "--as-governed")
    for name, day in (("unbraked", "2015-02-03"), ("first", "2015-01-21")):
        one, other = (pd.read_csv(tmp_path / run / "trades.csv") for run in ("whole", name))
        # What was decided before that day is one; it may be filled on it.
        assert set(one["version"]) != set(other["version"])
        one, other = (item[item["date"] < day] for item in (one, other))
        assert len(one)
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        one, other = (pd.read_csv(tmp_path / run / "equity.csv") for run in ("whole", name))
        pd.testing.assert_series_equal(
            one[one["date"] < day]["equity"], other[other["date"] < day]["equity"], check_exact=True
        )


def test_a_race_that_is_found_later_changes_nothing_before(desk: Bench) -> None:
    """The first of two ratifications was in force until the day of the second."""
    first = proposed(desk)
    second = proposed_again(desk, "weight 20%", "2015-01-12")
    for proposal in (first, second):
        for name in ("ana", "ben"):
            desk.govern("vote", "yes", proposal, by=name, on="2015-01-12")
    heads = desk.desk().record.ledger.heads
    desk.govern("ratify", first, by="ana", on="2015-01-13")
    span = (date(2015, 1, 9), date(2015, 2, 27))

    def told() -> list[tuple[str, str]]:
        found = governed_timeline(desk.desk().record, "core.alvh", *span)
        return [(str(begin), version.proposal.id[:8]) for begin, _, version in found]

    before = told()
    assert [day for day, _ in before] == ["2015-01-09", "2015-01-14"]
    content = desk.desk().record.by_id[second].body["content"]
    body = {"proposal": second, "content": content, "from": "2015-01-22"}
    desk.forge("ratify", "cem", body, on="2015-01-21", parents=heads)
    after = told()
    assert after[:2] == before
    assert after[2] == ("2015-01-21", before[0][1])


def test_a_ruleset_that_the_charter_lets_go_of_is_in_force_no_more(desk: Bench, market) -> None:
    charter_text(desk)
    path = desk.root / "governance" / "charter.toml"
    (desk.root / "other.alvh").write_text((desk.root / "core.alvh").read_text())
    path.write_text(path.read_text().replace('"core.alvh"', '"other.alvh"'))
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("ratify", by="ana", on="2015-01-14")
    code, printed = desk.try_govern("verify", "core.alvh", on="2015-01-20")
    assert code == 1
    assert "the charter does not govern it" in flat(printed)
    timeline = governed_timeline(
        desk.desk().record, "core.alvh", date(2015, 1, 9), date(2015, 2, 27)
    )
    assert [(str(begin), version is None) for begin, _, version in timeline] == [
        ("2015-01-09", False),
        ("2015-01-15", True),
    ]


def test_a_layer_that_is_gone_and_columns_that_only_one_version_reads(
    desk: Bench, market, tmp_path
) -> None:
    desk.edit("let slope = vix3m / vix - 1", "let slope = vix6m / vix - 1", "common.alvh")
    desk.edit("  vix3m  volatility", "  vix6m  volatility", "common.alvh")
    desk.edit("vix3m = 24", "vix6m = 24")
    desk.edit("weight 30%", "weight 90%")
    change(desk, 12, "2.0.0", ("layer short", "layer steep"), ("    short.open", "    steep.open"))
    backtest(desk, market, tmp_path / "run", "--as-governed")
    trades = pd.read_csv(tmp_path / "run" / "trades.csv")
    equity = pd.read_csv(tmp_path / "run" / "equity.csv")
    assert {"short_profit", "steep_profit"} <= set(equity)
    gone = trades[trades["clause"].str.contains("has no layer `short`")]
    held = trades[(trades["owner"] == "short") & (trades["action"] == "open")]
    assert len(gone) == len(held) > 0
    assert gone["version"].str.startswith("2.0.0").all()
    seen = pd.read_parquet(tmp_path / "run" / "market.parquet")
    assert {"vix3m", "vix6m"} <= set(seen)
    # The page is made of the files, and names each version.
    code, printed = desk.run("report", str(tmp_path / "run"), "--out", str(tmp_path / "page.html"))
    assert code == 0, printed
    page = (tmp_path / "page.html").read_text()
    assert "<h3>As governed</h3>" in page
    assert '"name":"change of version"' in page
    assert '"text":["2.0.0 ' in page
    # A column that one of the versions reads and the data have not.
    frame = pd.read_csv(market).drop(columns="vix6m")
    frame.to_csv(tmp_path / "less.csv", index=False)
    code, printed = desk.run(
        "backtest", "core.alvh", "--data", str(tmp_path / "less.csv"), "--as-governed"
    )
    assert code == 2
    assert "version 2.0.0 " in flat(printed)
    assert "`vix6m`" in printed


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--to", "2015-01-08"], 1, "no version of it was in force up to 2015-01-08"),
        (["--from", "2016-01-04"], 1, "no version of it was in force on a session of the data"),
    ],
)
def test_sessions_on_which_nothing_was_in_force(more, code, said, desk: Bench, market) -> None:
    found, printed = desk.run(
        "backtest", "core.alvh", "--data", str(market), "--as-governed", *more
    )
    assert said in flat(printed)
    assert found in (code, 2)


def test_a_text_that_git_lost_or_changed_is_not_run(changed: Bench, market, tmp_path) -> None:
    blob = changed.newest("brake").body["blobs"]["core.alvh"]
    place = changed.root / ".git" / "objects" / blob[:2] / blob[2:]
    place.unlink()
    code, printed = changed.run("backtest", "core.alvh", "--data", str(market), "--as-governed")
    assert code == 1
    assert "git does not have the text of `core.alvh` that was proposed" in flat(printed)
    # What it does not touch can be run still.
    backtest(changed, market, tmp_path / "before", "--as-governed", "--to", "2015-01-30")


def test_headers_of_later_versions_that_speak_of_the_account(desk: Bench, market, tmp_path) -> None:
    desk.edit('use "common.alvh"', '  capital $2,000,000\n  fee $2\nuse "common.alvh"')
    change(desk, 12, "1.1.0")
    told = backtest(desk, market, tmp_path / "run", "--as-governed")
    assert "capital, fee of 1.1.0 " in told
    assert "are not followed: the account is the first version's" in told
    equity = pd.read_csv(tmp_path / "run" / "equity.csv")
    assert equity["equity"].iloc[0] == 1_000_000
