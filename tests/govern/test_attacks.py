"""Every way to cheat that we could think of fails, and says why in these words."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date

import pytest

from alvh_rules.govern.entries import new_entry
from tests.govern.desks import CHARTER, Bench, make_bench, member

TODAY = "2015-01-20"


def flat(text: str) -> str:
    """What was printed, on one line."""
    return " ".join(text.split())


def refused(bench: Bench, message: str, *, on: str = TODAY, more: tuple[str, ...] = ()) -> str:
    """`verify` fails with a message; returns all it prints."""
    code, printed = bench.try_govern("verify", *more, on=on)
    assert code == 1, printed
    assert message in flat(printed), printed
    return printed


def proposed(bench: Bench, *, day: str = "2015-01-12", text: str = "weight 25%") -> str:
    """A minor change that ben proposes; its id."""
    bench.edit("weight 30%", text)
    bench.commit("a change")
    bench.govern("propose", by="ben", on=day)
    return bench.newest("propose").id


def ballot(bench: Bench, proposal: str, choice: str = "yes") -> dict[str, str]:
    content = bench.desk().record.by_id[proposal].body["content"]
    return {"proposal": proposal, "content": content, "choice": choice, "reason": ""}


def test_all_is_well_before_the_attacks(desk: Bench) -> None:
    code, printed = desk.try_govern("verify", "--base", "main", on=TODAY)
    assert (code, printed.splitlines()[0]) == (
        0,
        "core.alvh: 1.0.0 in force from 2015-01-09, approved by ana, ben",
    )


def test_a_forged_signature(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-12", key="mallory")
    printed = refused(desk, "line 7 has no effect: it is signed with SHA256:")
    assert "which is no key of `cem`" in flat(printed)
    assert "[ALV962]" in printed
    assert desk.desk().record.votes(proposal) == []


def test_a_reused_signature(desk: Bench) -> None:
    proposal = proposed(desk)
    old = desk.newest("vote")
    entry = new_entry(
        "vote", old.by, date(2015, 1, 12), ballot(desk, proposal), desk.desk().record.ledger.heads
    )
    with desk.ledger.open("a") as file:
        file.write(replace(entry, signature=old.signature).line + "\n")
    refused(desk, "its signature does not hold: it is not a signature of this entry")
    assert desk.desk().record.votes(proposal) == []


def test_a_signature_made_for_something_else(desk: Bench) -> None:
    from alvh_rules.govern import signing, ssh_signatures

    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen, which signs for another namespace, is not installed")
    proposal = proposed(desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing, "NAMESPACE", "git")
        patch.setattr(signing, "verify", lambda signature, message: signing_key)
        signing_key = signing.signer_of(desk.keys["cem"]).key
        desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-12")
    refused(desk, "it was made for `git`, not for `alvh-rules`")
    assert ssh_signatures.NAMESPACE == "alvh-rules"


def test_a_vote_moved_to_another_proposal(desk: Bench) -> None:
    first = proposed(desk)
    desk.govern("vote", "yes", first, by="cem", on="2015-01-12")
    second = proposed_again(desk, "weight 90%", "2015-01-12")
    lines = desk.lines()
    number = next(i for i, line in enumerate(lines) if f'"proposal":"{first}"' in line)
    lines[number] = lines[number].replace(first, second)
    desk.ledger.write_text("\n".join(lines) + "\n")
    refused(
        desk,
        f"the ledger is broken: line {number + 1} says something else than what its id was made of:"
        " it was changed",
    )


def proposed_again(bench: Bench, text: str, day: str) -> str:
    bench.edit("weight 25%", text)
    bench.commit("another change")
    bench.govern("propose", by="ben", on=day)
    return bench.newest("propose").id


def test_a_vote_moved_with_a_new_id(desk: Bench) -> None:
    first = proposed(desk)
    desk.govern("vote", "yes", first, by="cem", on="2015-01-12")
    vote = desk.newest("vote")
    second = proposed_again(desk, "weight 90%", "2015-01-12")
    moved = new_entry("vote", "cem", vote.on, ballot(desk, second), desk.desk().record.ledger.heads)
    with desk.ledger.open("a") as file:
        file.write(replace(moved, signature=vote.signature).line + "\n")
    refused(desk, "its signature does not hold")
    assert desk.desk().record.votes(second) == []


def test_a_changed_ballot(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.govern("vote", "no", proposal, by="cem", on="2015-01-12")
    text = desk.ledger.read_text()
    assert '"choice":"no"' in text
    desk.ledger.write_text(text.replace('"choice":"no"', '"choice":"yes"'))
    refused(desk, "line 7 says something else than what its id was made of: it was changed")


def test_a_line_removed(desk: Bench) -> None:
    lines = desk.lines()
    desk.ledger.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    refused(desk, "the ledger is broken: line 3 follows entry ")


def test_the_last_line_removed(desk: Bench) -> None:
    # Nothing in the file tells: git's history does, and so does the branch it is to be merged into.
    lines = desk.lines()
    desk.ledger.write_text("\n".join(lines[:-1]) + "\n")
    refused(
        desk, "1 entry that git's history has is gone: it was cut short, or lines were taken out"
    )
    refused(desk, "1 entry that `main` has is gone", more=("--base", "main"))
    desk.commit("cut")
    refused(desk, "1 entry that git's history has is gone")
    refused(desk, "1 entry that `main~1` has is gone", more=("--base", "main~1"))


def test_lines_reordered(desk: Bench) -> None:
    lines = desk.lines()
    lines[2], lines[3] = lines[3], lines[2]
    desk.ledger.write_text("\n".join(lines) + "\n")
    refused(desk, "line 3 stands before line 4, which it follows: lines were reordered")


def test_a_truncated_ledger(desk: Bench) -> None:
    desk.ledger.write_text(desk.ledger.read_text()[:-40])
    printed = refused(desk, "it ends in the middle of a line: it was cut short")
    assert "line 5 is no whole entry" in flat(printed)
    desk.ledger.write_text("")
    assert desk.try_govern("verify", on=TODAY)[0] == 1


def test_a_line_twice(desk: Bench) -> None:
    lines = desk.lines()
    desk.ledger.write_text("\n".join([*lines, lines[2]]) + "\n")
    refused(desk, "line 6 is line 3 once more")


def test_another_beginning(desk: Bench) -> None:
    body = desk.desk().record.ledger.entries[0].body
    desk.forge("found", "ana", body, on="2015-01-12", parents=())
    refused(desk, "line 6 founds it anew")


def test_a_double_vote(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.govern("vote", "yes", proposal, by="cem", on="2015-01-12")
    code, printed = desk.try_govern("vote", "yes", proposal, by="cem", on="2015-01-13")
    assert code == 1
    assert "the vote is refused: `cem` voted yes on it on 2015-01-12" in flat(printed)
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-13")
    refused(desk, "line 8 has no effect: `cem` voted yes on it on 2015-01-12")
    assert len(desk.desk().record.votes(proposal)) == 1


def test_a_double_vote_on_two_branches(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.commit("proposed")
    heads = desk.desk().record.ledger.heads
    desk.forge("vote", "cem", ballot(desk, proposal, "yes"), on="2015-01-12", parents=heads)
    desk.forge("vote", "cem", ballot(desk, proposal, "no"), on="2015-01-12", parents=heads)
    desk.govern("vote", "yes", proposal, by="ben", on="2015-01-12")
    code, printed = desk.try_govern("tally", proposal, on="2015-01-12")
    assert code == 1
    assert "`cem` voted twice, on two branches, and not alike: neither vote counts" in flat(printed)
    assert desk.desk().record.tally(desk.newest("propose")).yes == ("ben",)


def test_a_non_member(desk: Bench) -> None:
    proposal = proposed(desk)
    code, printed = desk.try_govern("vote", "yes", proposal, by="mallory", on="2015-01-12")
    assert code == 1
    assert "is no member's key" in printed
    desk.forge("vote", "mallory", ballot(desk, proposal), on="2015-01-12")
    printed = refused(desk, "line 7 has no effect: `mallory` is not a member")
    assert "members are `ana`, `ben`, `cem`" in flat(printed)


def charter_text(bench: Bench, *, change=None, members=None) -> None:
    text = CHARTER if change is None else CHARTER.replace(*change)
    assert change is None or text != CHARTER
    people = members or {"ana": "ana", "ben": "ben", "cem": "cem"}
    for name, key in people.items():
        text += member(name, bench.keys[key], steward=name == "ana")
    path = bench.root / "governance" / "charter.toml"
    path.write_text(text + '\n[[ruleset]]\npath = "core.alvh"\n')


def test_a_retired_key(desk: Bench) -> None:
    charter_text(desk, members={"ana": "ana", "ben": "ben", "cem": "dan"})
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("ratify", by="ana", on="2015-01-14")
    desk.commit("a key is retired")
    proposal = proposed(desk, day="2015-01-15")
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-15")
    refused(desk, "it is signed with a key that the charter no longer gives `cem`")
    # The key that took its place votes.
    desk.govern("vote", "yes", proposal, by="dan", on="2015-01-15")
    assert desk.newest("vote").by == "cem"


def test_a_key_after_its_term(tmp_path) -> None:
    bench = make_bench(tmp_path, terms={"ben": "2015-01-09"})
    bench.govern("propose", by="cem", on="2015-01-09")
    bench.govern("vote", "yes", by="ben", on="2015-01-09")
    assert bench.desk().record.tally(bench.newest("propose")).yes == ("ben",)
    bench.edit("weight 30%", "weight 25%")
    bench.commit("a change")
    bench.govern("propose", by="cem", on="2015-01-12")
    proposal = bench.newest("propose").id
    code, printed = bench.try_govern("vote", "yes", proposal, by="ben", on="2015-01-12")
    assert code == 1
    assert "the key of `ben` was not current on 2015-01-12" in printed
    bench.forge("vote", "ben", ballot(bench, proposal), on="2015-01-12")
    refused(bench, "line 5 has no effect: the key of `ben` was not current on 2015-01-12")


def test_a_key_dated_back_into_its_term(desk: Bench) -> None:
    # The key of cem ran out; a thief dates a vote back. In the ledger alone it looks right; CI, which
    # holds what is new to the keys that are current now, refuses it.
    proposal = proposed(desk)
    desk.commit("proposed")
    desk.govern("vote", "yes", proposal, by="cem", on="2015-01-12")
    message = "the key of `cem` is not current any more, and what it signs now may be dated back"
    refused(desk, message, on="2016-01-04", more=("--base", "main"))


def test_a_member_added_by_the_change_that_needs_his_vote(desk: Bench) -> None:
    charter_text(desk, members={"ana": "ana", "ben": "ben", "cem": "cem", "dan": "dan"})
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    proposal = desk.newest("propose").id
    desk.govern("vote", "yes", by="ben", on="2015-01-12")
    code, printed = desk.try_govern("vote", "yes", by="dan", on="2015-01-12")
    assert code == 1
    assert "is no member's key" in printed
    desk.forge("vote", "dan", ballot(desk, proposal), on="2015-01-12")
    refused(desk, "line 8 has no effect: `dan` is not a member")
    code, printed = desk.try_govern("ratify", proposal, by="ben", on="2015-01-16")
    assert code == 1
    assert "it lacks the quorum: 1 of 3 voted yes or no and 2 must (1 more)" in flat(printed)


def test_a_rollback_to_an_older_version(desk: Bench) -> None:
    first = desk.newest("propose").id
    proposed(desk)
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("ratify", by="ana", on="2015-01-13")
    desk.commit("second")
    assert desk.try_govern("verify", on=TODAY)[0] == 0
    desk.edit("weight 25%", "weight 30%")
    printed = refused(desk, "it is the version that was in force from 2015-01-09 up to 2015-01-14")
    assert "going back is a change like any other" in flat(printed)
    # Nor can what was approved once be ratified once more.
    code, printed = desk.try_govern("ratify", first, by="ana", on=TODAY)
    assert code == 1
    assert "the proposal was ratified on 2015-01-08" in printed
    body = desk.desk().record.ratification(first).body
    desk.forge("ratify", "ana", {**body, "from": "2015-01-21"}, on=TODAY)
    refused(desk, "has no effect: the proposal was ratified on 2015-01-08")


def test_two_proposals_racing_from_one_base(desk: Bench) -> None:
    first = proposed(desk)
    second = proposed_again(desk, "weight 20%", "2015-01-12")
    for proposal in (first, second):
        for name in ("ana", "ben"):
            desk.govern("vote", "yes", proposal, by=name, on="2015-01-12")
    desk.govern("ratify", first, by="ana", on="2015-01-13")
    code, printed = desk.try_govern("ratify", second, by="cem", on="2015-01-13")
    assert code == 1
    assert "another version has been ratified since it was proposed" in flat(printed)


def test_two_ratifications_on_two_branches(desk: Bench) -> None:
    first = proposed(desk)
    second = proposed_again(desk, "weight 20%", "2015-01-12")
    for proposal in (first, second):
        for name in ("ana", "ben"):
            desk.govern("vote", "yes", proposal, by=name, on="2015-01-12")
    desk.commit("voted")
    desk.git("checkout", "-q", "-b", "other")
    desk.govern("ratify", second, by="cem", on="2015-01-13")
    desk.commit("the second")
    desk.git("checkout", "-q", "main")
    desk.govern("ratify", first, by="ana", on="2015-01-13")
    desk.commit("the first")
    desk.git("merge", "-q", "other")
    printed = refused(desk, "were ratified on two branches from one version: neither is in force")
    assert "core.alvh" in printed
    record = desk.desk().record
    from alvh_rules.govern.state import version_in_force

    version = version_in_force(record, "core.alvh", date(2015, 1, 20))
    assert version.body["version"] == "1.0.0"
    # And before the merge, CI says that the branch is behind what was decided meanwhile.
    desk.git("reset", "-q", "--hard", "HEAD~1")
    desk.git("checkout", "-q", "other")
    desk.git("merge", "-q", "main")
    refused(desk, "it does not follow all that `main` has", more=("--base", "main"))


def test_a_tie(tmp_path) -> None:
    at_least, over = '"at least 2/3", wait = 2 }\ncharter', '"over 1/2", wait = 2 }\ncharter'
    bench = make_bench(tmp_path, charter=CHARTER.replace(at_least, over))
    bench.govern("propose", by="ben", on="2015-01-06")
    bench.govern("vote", "yes", by="ben", on="2015-01-06")
    bench.govern("vote", "no", by="cem", on="2015-01-06")
    code, printed = bench.try_govern("ratify", by="ana", on="2015-01-12")
    assert code == 1
    assert (
        "it lacks the approval: a tie, 1 yes and 1 no, and it takes over 1/2 of them; `ana` can vote"
        in flat(printed)
    )


def test_a_charter_that_a_tie_would_pass_is_none(founded: Bench) -> None:
    charter_text(founded, change=('patch = { yes = "over 1/2"', 'patch = { yes = "at least 1/2"'))
    code, printed = founded.try_govern("propose", "--charter", by="ben", on="2015-01-06")
    assert code == 1
    assert "must be a share that a tie does not reach" in flat(printed)


def test_a_quorum_reached_by_abstentions(founded: Bench) -> None:
    founded.govern("propose", by="ben", on="2015-01-06")
    founded.govern("vote", "yes", by="ben", on="2015-01-06")
    founded.govern("vote", "abstain", by="ana", on="2015-01-06")
    founded.govern("vote", "abstain", by="cem", on="2015-01-06")
    code, printed = founded.try_govern("ratify", by="ana", on="2015-01-12")
    assert code == 1
    assert "it lacks the quorum: 1 of 3 voted yes or no and 2 must (1 more)" in flat(printed)
    proposal = founded.newest("propose")
    body = {"proposal": proposal.id, "content": proposal.body["content"], "from": "2015-01-13"}
    founded.forge("ratify", "ana", body, on="2015-01-12")
    refused(founded, "has no effect: it lacks the quorum")


def test_a_timelock_shortened_by_the_change_it_delays(desk: Bench) -> None:
    charter_text(desk, change=("wait = 2 }\n\n[roles]", "wait = 2 }\n\n[roles]\npropose = []"))
    text = (desk.root / "governance" / "charter.toml").read_text()
    for change in ("minor", "major", "charter"):
        text = re.sub(rf"({change} = .*wait = )\d", r"\g<1>0", text)
    (desk.root / "governance" / "charter.toml").write_text(text)
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben", "cem"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", by="ana", on="2015-01-13")
    assert code == 1
    assert "it passed on 2015-01-12 and waits 2 sessions: until 2015-01-14" in flat(printed)
    proposal = desk.newest("propose")
    body = {"proposal": proposal.id, "content": proposal.body["content"], "from": "2015-01-14"}
    desk.forge("ratify", "ana", body, on="2015-01-13")
    refused(desk, "has no effect: it passed on 2015-01-12 and waits 2 sessions")


def test_a_timelock_run_down_by_dating_back(desk: Bench) -> None:
    # Votes that are dated back and ratified at once: the ledger's own days are in order. BASE's
    # commits say when the votes arrived.
    proposal = proposed(desk)
    desk.commit("proposed", day="2015-01-19")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", proposal, by=name, on="2015-01-12")
    desk.git("checkout", "-q", "-b", "hasty")
    desk.govern("ratify", proposal, by="ana", on="2015-01-19")
    desk.commit("all at once", day="2015-01-19")
    refused(desk, "`main` does not have the votes that it rests on", more=("--base", "main"))
    desk.git("checkout", "-q", "main")
    desk.ledger.write_text("\n".join(desk.lines()) + "\n")
    lines = desk.git("show", "hasty:governance/ledger.jsonl").splitlines()
    desk.ledger.write_text("\n".join(lines[:-1]) + "\n")
    desk.commit("the votes", day="2015-01-20")
    desk.git("checkout", "-q", "-B", "hasty", "main")
    desk.ledger.write_text("\n".join(lines) + "\n")
    desk.commit("ratified", day="2015-01-20")
    refused(
        desk,
        "the votes reached `main` on 2015-01-20, and it waits 1 sessions from then: until 2015-01-21",
        more=("--base", "main"),
    )


def test_a_proof_verdict_edited_by_hand(desk: Bench) -> None:
    desk.edit("always total_weight <= 100%", "always hedge.ratio <= 40%")
    desk.commit("an untrue promise")
    code, printed = desk.try_govern("propose", by="ben", on="2015-01-12")
    assert code == 0, printed
    proposal = desk.newest("propose")
    said = {item["property"]: item["verdict"] for item in proposal.body["proofs"]}
    assert said["always hedge.ratio <= 40%"] == "refuted"
    text = desk.ledger.read_text()
    desk.ledger.write_text(text.replace('"verdict":"refuted"', '"verdict":"proved"'))
    refused(desk, "line 6 says something else than what its id was made of: it was changed")
    # The proposer himself writes what is not so, and signs it.
    desk.ledger.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    body = json.loads(json.dumps(proposal.body).replace('"refuted"', '"proved"'))
    forged = desk.forge("propose", "ben", body, on="2015-01-12").id
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", forged, by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", forged, by="ana", on="2015-01-16")
    assert code == 1
    assert "it says that `always hedge.ratio <= 40%` is proved, and it is refuted" in flat(printed)
    ratified = {"proposal": forged, "content": body["content"], "from": "2015-01-20"}
    desk.forge("ratify", "ana", ratified, on="2015-01-16")
    refused(
        desk,
        "what was approved does not hold: it says that `always hedge.ratio <= 40%` is proved,"
        " and it is refuted",
    )


def test_a_class_of_change_understated(desk: Bench) -> None:
    desk.edit("limit total_weight <= 100%", "limit total_weight <= 110%")
    desk.edit("always total_weight <= 100%\n", "")
    desk.commit("looser")
    desk.govern("propose", by="ben", on="2015-01-12")
    body = desk.newest("propose").body
    assert body["class"] == "major"
    desk.ledger.write_text("\n".join(desk.lines()[:-1]) + "\n")
    forged = desk.forge("propose", "ben", {**body, "class": "patch"}, on="2015-01-12").id
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", forged, by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", forged, by="ana", on="2015-01-12")
    assert code == 1
    assert "it says it is a patch change, and it is major" in flat(printed)


def test_a_symlinked_ruleset(desk: Bench) -> None:
    (desk.root / "core.alvh").rename(desk.root / "elsewhere.alvh")
    (desk.root / "core.alvh").symlink_to("elsewhere.alvh")
    message = "`core.alvh` is a symbolic link, which can point elsewhere after the vote"
    refused(desk, message)
    code, printed = desk.try_govern("propose", by="ben", on="2015-01-12")
    assert code == 1
    assert message in flat(printed)


def test_a_symlinked_file_that_it_uses(desk: Bench) -> None:
    (desk.root / "common.alvh").rename(desk.root / "elsewhere.alvh")
    (desk.root / "common.alvh").symlink_to("elsewhere.alvh")
    refused(desk, "`common.alvh` is a symbolic link, which can point elsewhere after the vote")


def test_a_symlinked_ledger(desk: Bench) -> None:
    desk.ledger.rename(desk.root / "other.jsonl")
    desk.ledger.symlink_to("../other.jsonl")
    refused(desk, "it is a symbolic link, which can point elsewhere tomorrow")


def test_a_used_file_that_changed_after_the_vote(desk: Bench) -> None:
    desk.edit("vix3m / vix - 1", "vix3m / vix - 0.9", "common.alvh")
    desk.commit("a change where nobody looks")
    refused(desk, "`common.alvh`, which it uses, has changed since it was approved")


def test_an_entry_of_a_day_to_come(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-03-02")
    refused(desk, "it is of 2015-03-02, which is to come: today is 2015-01-20")


def test_a_brake_that_loosens(desk: Bench) -> None:
    desk.edit("weight 30%", "weight 40%")
    desk.commit("more")
    code, printed = desk.try_govern("brake", by="ana", on="2015-01-12")
    assert code == 1
    assert (
        "it is not proved to tighten: `short.weight` is not proved: it never rises is refuted"
        in flat(printed)
    )
    desk.govern("propose", by="ben", on="2015-01-12")
    body = {**desk.newest("propose").body, "tightens": ["short.weight never rises"]}
    desk.forge("brake", "ana", body, on="2015-01-12")
    refused(
        desk,
        "what was approved does not hold: it says that it tightens: `short.weight`",
        on="2015-01-12",
    )
