"""From a charter to a rollback: times, brakes, changes of the charter, and what is told of them."""

from __future__ import annotations

import json
from datetime import date

import pytest

from alvh_rules.govern.in_force import governed_timeline, require_ratified, text_of
from alvh_rules.govern.ledger import SIGNERS_FILE
from alvh_rules.govern.state import standing, version_in_force
from tests.govern.desks import CHARTER, Bench, member
from tests.govern.test_attacks import charter_text, flat, proposed


def version_on(bench: Bench, day: str) -> str | None:
    found = version_in_force(bench.desk().record, "core.alvh", date.fromisoformat(day))
    return (
        None if found is None else f"{found.body['version']}{' braked' if found.is_brake else ''}"
    )


def test_a_ratified_version_is_in_force_from_the_next_session(desk: Bench) -> None:
    # Ratified on Thursday 2015-01-08.
    assert version_on(desk, "2015-01-08") is None
    assert version_on(desk, "2015-01-09") == "1.0.0"


def test_a_later_session_can_be_named_and_an_earlier_one_cannot(desk: Bench) -> None:
    proposed(desk)
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", "--from", "2015-01-13", by="ana", on="2015-01-13")
    assert code == 1
    assert "it would be in force from 2015-01-13, and the next session is 2015-01-14" in flat(
        printed
    )
    # 2015-01-19 is a holiday: the session after it is meant.
    desk.govern("ratify", "--from", "2015-01-19", by="ana", on="2015-01-13")
    desk.commit("ratified")
    code, printed = desk.try_govern("verify", on="2015-01-14")
    assert code == 0
    assert printed.startswith(
        "core.alvh: 1.0.0 ratified, in force from 2015-01-20, approved by ana, ben"
    )
    assert require_ratified(desk.root / "core.alvh", date(2015, 1, 20)) == []
    (early,) = require_ratified(desk.root / "core.alvh", date(2015, 1, 16))
    assert early.message.endswith("it is ratified, and in force from 2015-01-20 on")


@pytest.mark.parametrize(
    ("voted", "wait", "ready"),
    [
        ("2015-01-12", 0, "2015-01-12"),
        ("2015-01-12", 1, "2015-01-13"),
        # Over a weekend and a holiday.
        ("2015-01-16", 1, "2015-01-20"),
        # A Saturday belongs to the next session.
        ("2015-01-17", 1, "2015-01-21"),
        ("2015-01-17", 0, "2015-01-17"),
    ],
)
def test_a_timelock_counts_sessions(voted: str, wait: int, ready: str, founded: Bench) -> None:
    from alvh_rules.govern.calendar import session_calendar
    from alvh_rules.govern.charter import Approval
    from alvh_rules.govern.entries import new_entry
    from alvh_rules.govern.shares import threshold_of
    from alvh_rules.govern.tally import count

    _, charter = founded.desk().record.charter()
    votes = [
        new_entry("vote", name, date.fromisoformat(voted), {"choice": "yes"}, ())
        for name in ("ana", "ben")
    ]
    threshold = threshold_of("over 1/2")
    assert threshold is not None
    tally = count(votes, charter, Approval(threshold, wait), session_calendar("exchange"))
    assert str(tally.ready) == ready


def test_a_vote_that_unmakes_a_majority_starts_the_timelock_anew(founded: Bench) -> None:
    founded.govern("propose", by="ben", on="2015-01-06")
    proposal = founded.newest("propose")
    for name, choice, day in (("ana", "yes", 6), ("ben", "yes", 6), ("cem", "no", 7)):
        founded.govern("vote", choice, by=name, on=f"2015-01-{day:02}")
        tally = founded.desk().record.tally(proposal)
    # Two of three is still two thirds.
    assert str(tally.reached) == "2015-01-06"


def test_a_veto_ends_a_proposal(desk: Bench) -> None:
    proposed(desk)
    code, printed = desk.try_govern("vote", "no", "--veto", by="cem", on="2015-01-12")
    assert code == 1
    assert "`cem` may not veto" in printed
    assert "`ana` can" in printed
    for name in ("ben", "cem"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("vote", "no", "--veto", "--reason", "no", by="ana", on="2015-01-12")
    proposal = desk.newest("propose").id
    code, printed = desk.try_govern("ratify", proposal, by="ben", on="2015-01-14")
    assert code == 1
    assert "`ana` has vetoed it: a veto ends a proposal; propose another" in flat(printed)


def test_weights_count_and_votes_do_not(tmp_path) -> None:
    from tests.govern.desks import make_bench

    bench = make_bench(tmp_path)
    charter_text(bench)
    path = bench.root / "governance" / "charter.toml"
    path.write_text(
        path.read_text().replace('name = "ana"\nweight = 1', 'name = "ana"\nweight = 5')
    )
    bench.govern("propose", "--charter", by="ben", on="2015-01-06")
    for name in ("ana", "ben"):
        bench.govern("vote", "yes", by=name, on="2015-01-06")
    bench.govern("ratify", by="ben", on="2015-01-08")
    bench.govern("propose", by="ben", on="2015-01-09")
    for name, choice in (("ana", "yes"), ("ben", "no"), ("cem", "no")):
        bench.govern("vote", choice, by=name, on="2015-01-09")
    tally = bench.desk().record.tally(bench.newest("propose"))
    assert (tally.weight(tally.yes), tally.weight(tally.no), tally.charter.quorum_weight) == (
        5,
        2,
        4,
    )
    assert tally.missing() == []


# Brakes


def braked(bench: Bench, day: str = "2015-01-13") -> str:
    bench.edit("weight 30%", "weight 10%")
    bench.edit("version 1.0.0", "version 1.0.1")
    bench.commit("less")
    printed = bench.govern("brake", "--reason", "gap", by="ana", on=day)
    assert "proved: short.weight never rises" in printed
    bench.commit("braked")
    return bench.newest("brake").id


def test_a_brake_is_in_force_at_once_and_lapses(desk: Bench) -> None:
    braked(desk)
    days = {day: version_on(desk, f"2015-01-{day}") for day in (12, 13, 15, 16, 20)}
    assert days == {12: "1.0.0", 13: "1.0.1 braked", 15: "1.0.1 braked", 16: "1.0.0", 20: "1.0.0"}
    code, printed = desk.try_govern("verify", on="2015-01-14")
    assert code == 0
    assert "core.alvh: 1.0.1 in force from 2015-01-13 up to 2015-01-16, braked by ana" in printed
    code, printed = desk.try_govern("verify", on="2015-01-16")
    assert code == 1
    assert "no vote took it up: it lapsed on 2015-01-16" in flat(printed)
    # The text before it is not the one to run while the brake holds.
    desk.git("checkout", "-q", "HEAD~2", "--", "core.alvh")
    code, printed = desk.try_govern("verify", on="2015-01-14")
    assert "`ana` braked it: another text is in force from 2015-01-13 up to 2015-01-16" in flat(
        printed
    )
    assert (code, desk.try_govern("verify", on="2015-01-16")[0]) == (1, 0)


def test_a_brake_that_is_ratified_stays(desk: Bench) -> None:
    brake = braked(desk)
    for name in ("ben", "cem"):
        desk.govern("vote", "yes", brake, by=name, on="2015-01-13")
    desk.govern("ratify", brake, by="cem", on="2015-01-14")
    assert version_on(desk, "2015-01-14") == "1.0.1 braked"
    assert version_on(desk, "2015-01-15") == "1.0.1"
    assert version_on(desk, "2015-01-30") == "1.0.1"


def test_a_version_ratified_later_takes_the_place_of_a_brake(desk: Bench) -> None:
    braked(desk)
    desk.edit("weight 10%", "weight 20%")
    desk.edit("version 1.0.1", "version 1.1.0")
    desk.commit("between")
    desk.govern("propose", by="ben", on="2015-01-13")
    for name in ("ben", "cem"):
        desk.govern("vote", "yes", desk.newest("propose").id, by=name, on="2015-01-13")
    desk.govern("ratify", desk.newest("propose").id, by="cem", on="2015-01-14")
    assert version_on(desk, "2015-01-14") == "1.0.1 braked"
    assert version_on(desk, "2015-01-15") == "1.1.0"


def test_a_version_is_braked_once(desk: Bench) -> None:
    braked(desk)
    desk.edit("weight 10%", "weight 5%")
    desk.commit("less still")
    code, printed = desk.try_govern("brake", by="ana", on="2015-01-16")
    assert code == 1
    assert "`ana` braked this version on 2015-01-13; a version is braked once" in flat(printed)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wings 25 points", "wings 20 points", "a brake changes weights and limits alone"),
        ("ratio 50% of vega", "ratio 40% of vega", "`hedge.ratio` changes"),
        (
            "total_weight <= 100%\nalways",
            "total_weight <= 120%\nalways",
            "limit total_weight changes",
        ),
        (
            "slope > 5%",
            "slope > 4%",
            "it opens nowhere that it did not is refuted (not where vix = ",
        ),
        ("version 1.0.0", "version 1.0.1", "nothing is tightened by it"),
        ("always total_weight <= 100%\n", "", "changes, and a brake changes"),
    ],
)
def test_what_is_no_brake(old: str, new: str, said: str, desk: Bench) -> None:
    desk.edit(old, new)
    desk.commit("a change")
    code, printed = desk.try_govern("brake", by="ana", on="2015-01-13")
    assert code == 1
    assert said in flat(printed)
    assert all('"kind":"brake"' not in line for line in desk.lines())


def test_without_the_solver_there_is_no_brake_and_no_constitution(desk: Bench, monkeypatch) -> None:
    import alvh_rules.govern.proofs as proofs
    import alvh_rules.govern.tightening as tightening

    for module in (proofs, tightening):
        monkeypatch.setattr(module, "can_prove", lambda: False)
    desk.edit("weight 30%", "weight 10%")
    desk.commit("less")
    code, printed = desk.try_govern("brake", by="ana", on="2015-01-13")
    assert code == 1
    assert "it takes the solver to prove it: python -m pip install 'alvh-rules[prove]'" in flat(
        printed
    )
    desk.govern("propose", by="ben", on="2015-01-13")
    for name in ("ben", "cem"):
        desk.govern("vote", "yes", by=name, on="2015-01-13")
    code, printed = desk.try_govern("ratify", by="cem", on="2015-01-14")
    assert code == 1
    assert (
        "`always total_weight between 0% and 100%` is undecided, and the constitution asks"
        in flat(printed)
    )


# The constitution, tests, the charter


def test_a_ruleset_that_does_not_keep_the_constitution_is_not_ratified(founded: Bench) -> None:
    founded.edit("limit total_weight <= 100%\nalways total_weight <= 100%\n", "")
    founded.edit("weight 30%", "weight 130%")
    founded.commit("too much")
    founded.govern("propose", by="ben", on="2015-01-06")
    for name in ("ana", "ben", "cem"):
        founded.govern("vote", "yes", by=name, on="2015-01-06")
    code, printed = founded.try_govern("ratify", by="ana", on="2015-01-08")
    assert code == 1
    assert (
        "`always total_weight between 0% and 100%` is refuted, and the constitution asks for its proof"
        in flat(printed)
    )


def test_a_ruleset_whose_tests_fail_is_not_ratified(founded: Bench) -> None:
    founded.edit("vix3m = 24", "vix3m = 20")
    founded.commit("a test fails")
    founded.govern("propose", by="ben", on="2015-01-06")
    for name in ("ana", "ben", "cem"):
        founded.govern("vote", "yes", by=name, on="2015-01-06")
    code, printed = founded.try_govern("ratify", by="ana", on="2015-01-08")
    assert code == 1
    assert "1 of the ruleset's own tests failed" in printed


def test_a_new_charter_makes_open_proposals_stale(desk: Bench) -> None:
    proposal = proposed(desk)
    charter_text(desk, members={"ana": "ana", "ben": "ben", "cem": "cem", "dan": "dan"})
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    charter = desk.newest("propose").id
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", charter, by=name, on="2015-01-12")
    desk.govern("ratify", charter, by="ana", on="2015-01-14")
    assert "dan" in (desk.root / "governance" / SIGNERS_FILE).read_text()
    code, printed = desk.try_govern("vote", "yes", proposal, by="dan", on="2015-01-14")
    assert code == 1
    assert "the charter has changed since" in printed
    found = standing(desk.desk().record, desk.desk().record.by_id[proposal], date(2015, 1, 14))
    assert found.stage == "stale"
    assert found.missing == ("the charter has changed since; `ben` can propose it again",)


def test_a_charter_whose_constitution_a_ruleset_in_force_breaks(desk: Bench) -> None:
    charter_text(
        desk, change=('["total_weight between', '["hedge.ratio <= 40%", "total_weight between')
    )
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", by="ana", on="2015-01-14")
    assert code == 1
    assert (
        "`core.alvh` as it is in force does not keep its constitution: `always hedge.ratio <= 40%`"
        " is refuted" in flat(printed)
    )


def test_a_charter_file_that_nobody_proposed(desk: Bench) -> None:
    charter_text(desk, change=("lapses = 3", "lapses = 9"))
    code, printed = desk.try_govern("verify", on="2015-01-12")
    assert code == 1
    assert "the charter's file is not the charter in force, and nobody has proposed it" in flat(
        printed
    )
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    code, printed = desk.try_govern("verify", on="2015-01-12")
    assert code == 0
    assert "note: governance/charter.toml is a charter that is proposed" in printed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('quorum = "1/2"', 'quorum = "half"'), "`quorum` must be a share"),
        (('minor = { yes = "over 1/2", wait = 1 }\n', ""), "[approval.minor] is missing"),
        (("wait = 1 }", "wait = 5 }"), "a major change would wait less than a lesser one"),
        (
            ('major = { yes = "at least 2/3"', 'major = { yes = "at least 3/4"'),
            "a charter change would be easier to approve than a lesser one",
        ),
        (('veto = ["steward"]', 'veto = ["chief"]'), "nobody could veto"),
        (('brake = ["steward"]', "brake = []"), "`roles.brake` must say which roles may brake"),
        (("longest_key = 400", "longest_key = 100"), "a key of `ana` runs longer than 100 days"),
        (("lapses = 3", "lapse = 3"), "the charter has no setting `lapse`"),
        (('name = "Desk"', "name = "), "it is not TOML"),
    ],
)
def test_charters_that_are_none(change: tuple[str, str], said: str, founded: Bench) -> None:
    charter_text(founded, change=change)
    code, printed = founded.try_govern("propose", "--charter", by="ben", on="2015-01-06")
    assert code == 1
    assert said in flat(printed)
    assert "[ALV960]" in printed


def test_two_members_with_one_key(founded: Bench) -> None:
    charter_text(founded, members={"ana": "ana", "ben": "ben", "cem": "ben"})
    code, printed = founded.try_govern("propose", "--charter", by="ben", on="2015-01-06")
    assert code == 1
    assert "`ben` and `cem` have the same key" in printed


def test_one_member_alone_against_a_later_self(tmp_path) -> None:
    from alvh_rules.govern.charter import Charter
    from alvh_rules.govern.read_charter import charter_from_toml
    from tests.govern.desks import make_key

    text = CHARTER + member("me", make_key(tmp_path / "me"), steward=True)
    charter = charter_from_toml(text + '\n[[ruleset]]\npath = "core.alvh"\n', "x")
    assert isinstance(charter, Charter)
    assert charter.quorum_weight == 1


# What is in force, and what is told


def test_formatting_and_comments_are_no_change(desk: Bench) -> None:
    desk.edit("layer short", "# the short one\n\n\nlayer short")
    desk.edit("let slope = vix3m / vix - 1", "let   slope=vix3m/vix-1  # the slope", "common.alvh")
    code, printed = desk.try_govern("verify", on="2015-01-12")
    assert code == 0, printed
    desk.commit("comments")
    code, printed = desk.try_govern("propose", by="ben", on="2015-01-12")
    assert code == 1
    assert "it is what stands already" in printed


def test_a_past_session_has_the_version_of_that_day(desk: Bench) -> None:
    desk.edit("weight 30%", "weight 25%")
    desk.edit("version 1.0.0", "version 1.1.0")
    desk.commit("second")
    desk.adopt(12)
    # Squashed away: the commits are gone, the texts are not.
    desk.git("checkout", "-q", "--orphan", "squashed")
    desk.commit("all of it")
    record = desk.desk().record
    found = governed_timeline(record, "core.alvh", date(2015, 1, 5), date(2015, 1, 30))
    told = [(str(a), str(b), v and v.body["version"]) for a, b, v in found]
    assert told == [
        ("2015-01-05", "2015-01-08", None),
        ("2015-01-09", "2015-01-13", "1.0.0"),
        ("2015-01-14", "2015-01-30", "1.1.0"),
    ]
    texts = [text_of(desk.desk(), version) for _, _, version in found if version is not None]
    assert ["weight 30%" in item.texts["core.alvh"] for item in texts] == [True, False]
    assert all("let slope" in item.texts["common.alvh"] for item in texts)


def test_a_run_that_must_be_ratified(founded: Bench, monkeypatch) -> None:
    import alvh_rules.govern.in_force as in_force

    rows = "date,spx,vix,vix3m\n2015-01-08,2000,20,24\n2015-01-09,2000,20,24\n"
    (founded.root / "data.csv").write_text(rows)
    command = ("run", "core.alvh", "--data", "data.csv", "--require-ratified")
    code, printed = founded.run(*command)
    assert code == 1
    assert "this ruleset is not in force: no version of it has been ratified" in flat(printed)
    founded.adopt(6)
    monkeypatch.setattr(in_force, "today", lambda sessions: date(2015, 1, 9))
    code, printed = founded.run(*command)
    assert code == 0, printed
    founded.edit("weight 30%", "weight 31%")
    code, printed = founded.run(*command)
    assert code == 1
    assert "nobody has proposed this text" in printed


@pytest.mark.parametrize(
    "command",
    [
        ["backtest", "core.alvh", "--data", "data.csv"],
        ["orders", "core.alvh", "--data", "data.csv"],
        ["live", "core.alvh", "--feed", "stdin", "--journal", "j.sqlite"],
    ],
    ids=lambda command: command[0],
)
def test_what_trades_must_be_ratified_too(founded: Bench, command) -> None:
    (founded.root / "data.csv").write_text("date,spx,vix,vix3m\n2015-01-08,2000,20,24\n")
    code, printed = founded.run(*command, "--require-ratified")
    assert code == 1
    assert "this ruleset is not in force: no version of it has been ratified" in flat(printed)
    assert not (founded.root / "j.sqlite").exists()


def test_a_run_in_a_folder_without_a_charter(tmp_path, monkeypatch, capsys) -> None:
    from alvh_rules.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "core.alvh").write_text("")
    (tmp_path / "data.csv").write_text("date\n")
    assert main(["run", "core.alvh", "--data", "data.csv", "--require-ratified"]) == 1
    assert "no charter governs this repository" in capsys.readouterr().out


def test_status_draws_a_proposal(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.govern("vote", "yes", "--reason", "fine\x1b[2J", by="ben", on="2015-01-12")
    desk.govern("vote", "abstain", by="cem", on="2015-01-12")
    printed = desk.govern("status", on="2015-01-12")
    assert printed == (
        "Desk: 3 members, weight 3\n"
        "  core.alvh: 1.0.0 in force from 2015-01-09, approved by ana, ben\n"
        "\n"
        f"{proposal[:12]}  core.alvh 1.0.0, minor change by ben\n"
        "  [████████········|        ] votes are being cast\n"
        "  yes       1  ben\n"
        "  no        0\n"
        "  abstain   1  cem\n"
        "  quorum    2 of 3, not reached\n"
        "  approval  over 1/2 of yes and no, met\n"
        "  missing: the quorum: 1 of 3 voted yes or no and 2 must (1 more); `ana` can\n"
        "      vote\n"
    )
    log = desk.govern("log")
    assert "\x1b" not in log
    assert "votes yes on" in log


def test_the_summary_of_a_pull_request(desk: Bench) -> None:
    proposed(desk)
    desk.govern("vote", "yes", "--reason", "<b>", by="ben", on="2015-01-12")
    code, printed = desk.try_govern("verify", "--format", "markdown", on="2015-01-12")
    assert code == 1
    assert printed.startswith("### Governance: not in order\n")
    assert "- **ALV964** this ruleset is not in force: `ben` proposed it on 2015-01-12" in printed
    assert "| yes | 1 | ben |" in printed
    assert "- missing: the quorum" in printed
    assert "<details><summary>What changes</summary>" in printed
    assert "- `always total_weight <= 100%`: proved" in printed
    code, printed = desk.try_govern("verify", "--format", "json", on="2015-01-12")
    told = json.loads(printed)
    assert (code, told["holds"], told["rulesets"][0]["in_force"]) == (1, False, False)
    code, printed = desk.try_govern("verify", "--format", "github", on="2015-01-12")
    assert code == 1
    assert printed.startswith("::error ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b <i> `c_d <i>`", r"a\_b \<i\> `c_d <i>`"),
        ("`a|b`", r"`a\|b`"),
        ("`<i>", r"\`\<i\>"),
        ("`` ` <i> `", r"\`\` \` \<i\> \`"),
        ("\\` <i> `", r"\\\` \<i\> \`"),
    ],
)
def test_nothing_of_a_member_is_markup(text: str, shown: str) -> None:
    from alvh_rules.govern.report import _plain

    assert _plain(text) == shown


def test_history_that_a_proposal_attaches(desk: Bench) -> None:
    rows = "".join(f"2015-01-{day:02},2000,20,{20 + 1.3 * (day % 3)}\n" for day in (5, 6, 7, 8, 9))
    (desk.root / "data.csv").write_text(f"date,spx,vix,vix3m\n{rows}")
    desk.edit("slope > 5%", "slope > 8%")
    desk.commit("steeper")
    printed = desk.govern("propose", "--data", "data.csv", by="ben", on="2015-01-12")
    (line, *_) = desk.newest("propose").body["history"]
    assert line == "history: 1 of 5 sessions changes (2015-01-05 to 2015-01-09)"
    assert line in printed
    _, printed = desk.try_govern("verify", on="2015-01-12")
    short = desk.newest("propose").id[:12]
    assert (
        f"note: what proposal {short} says of history was not made again: `--data FILE` makes it"
        " again" in flat(printed)
    )
    _, printed = desk.try_govern("verify", "--data", "data.csv", on="2015-01-12")
    assert f"what proposal {short} says of history was made again, and is so" in flat(printed)
    (desk.root / "more.csv").write_text(f"date,spx,vix,vix3m\n{rows}2015-01-12,2000,20,22\n")
    _, printed = desk.try_govern("verify", "--data", "more.csv", on="2015-01-12")
    assert "was not made again: it was made of other data than is given: data.csv" in flat(printed)


@pytest.mark.parametrize(
    "line", ["history: 0 of 5 sessions changes (2015-01-05 to 2015-01-09)", ""]
)
def test_history_that_is_not_so(line: str, desk: Bench) -> None:
    rows = "".join(f"2015-01-{day:02},2000,20,{20 + 1.3 * (day % 3)}\n" for day in (5, 6, 7, 8, 9))
    (desk.root / "data.csv").write_text(f"date,spx,vix,vix3m\n{rows}")
    desk.edit("slope > 5%", "slope > 8%")
    desk.commit("steeper")
    desk.govern("propose", "--data", "data.csv", by="ben", on="2015-01-12")
    body = desk.newest("propose").body
    desk.ledger.write_text("\n".join(desk.lines()[:-1]) + "\n")
    history = [*([line] if line else []), *body["history"][1:]]
    forged = desk.forge("propose", "ben", {**body, "history": history}, on="2015-01-12")
    code, printed = desk.try_govern("verify", "--data", "data.csv", on="2015-01-12")
    assert code == 1
    assert f"what proposal {forged.id[:12]} carries does not hold: it says of history" in flat(
        printed
    )
    assert "and it is `history: 1 of 5 sessions changes" in flat(printed)
    # Ratified meanwhile, it is what stands against the version in force.
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", forged.id, by=name, on="2015-01-12")
    desk.govern("ratify", forged.id, by="cem", on="2015-01-13")
    code, printed = desk.try_govern("verify", "--data", "data.csv", on="2015-01-14")
    assert code == 1
    assert "and it is `history: 1 of 5 sessions changes" in flat(printed)


def test_a_key_that_nobody_names(desk: Bench) -> None:
    desk.git("config", "user.signingKey", str(desk.keys["cem"]))
    proposed(desk)
    desk.govern("vote", "yes", on="2015-01-12")
    assert desk.newest("vote").by == "cem"
    code, printed = desk.try_govern("vote", "yes", "--key", "nowhere", on="2015-01-12")
    assert code == 1
    assert "`nowhere.pub` cannot be read" in printed


def test_no_private_key_reaches_the_ledger(desk: Bench) -> None:
    for key in desk.keys.values():
        body = "".join(key.read_text().splitlines()[2:5])
        for path in (desk.root / "governance").iterdir():
            assert body not in path.read_text()
            assert "PRIVATE" not in path.read_text()
