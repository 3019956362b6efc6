"""Attacks on the edges: look-alikes, keys written twice, lines moved, git's own ways to pretend."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alvh_rules.govern.charter import Charter
from alvh_rules.govern.entries import MOST_LINE, entry_of_line
from alvh_rules.govern.read_charter import charter_from_toml
from alvh_rules.govern.ssh_keys import PublicKey, public_key
from tests.govern.desks import CHARTER, Bench, make_key, member
from tests.govern.test_attacks import TODAY, ballot, charter_text, flat, proposed, refused

RULESETS = '\n[[ruleset]]\npath = "core.alvh"\n'


def findings(text: str) -> str:
    """What is wrong with a charter, on one line; nothing where it is one."""
    found = charter_from_toml(text, "x")
    return "" if isinstance(found, Charter) else "; ".join(item.message for item in found)


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("people")
    return member("ana", make_key(folder / "ana"), steward=True) + member(
        "ben", make_key(folder / "ben")
    )


@pytest.mark.parametrize("name", ["\u0430na", "ana\u200b", "Ana", "ana ", "a\u0301na", "", "-ana"])
def test_names_that_look_like_a_members(name: str, people: str) -> None:
    assert not findings(CHARTER + people + RULESETS)
    text = CHARTER + people.replace('"ben"', f'"{name}"') + RULESETS
    assert "cannot be a member's name" in findings(text)


@pytest.mark.parametrize(
    "weight", ["0", "-1", "nan", "inf", "1.0", "true", '"1"', "1_000_001", str(10**30)]
)
def test_weights_that_are_no_count(weight: str, people: str) -> None:
    text = CHARTER + people.replace("weight = 1", f"weight = {weight}", 1) + RULESETS
    assert "the weight of `ana` must be a whole number from 1 to 1,000,000" in findings(text)


@pytest.mark.parametrize("quorum", ["0%", "0/1", "101%", "-1/2", "1/0", "nan"])
def test_a_quorum_of_nobody_or_more_than_all(quorum: str, people: str) -> None:
    text = CHARTER.replace('quorum = "1/2"', f'quorum = "{quorum}"') + people + RULESETS
    assert "`quorum` must be a share of all weight, above none" in findings(text)


def test_paths_that_are_one_file_where_case_does_not_count(people: str) -> None:
    text = CHARTER + people + RULESETS + RULESETS.replace("core", "Core")
    assert "`Core.alvh` is named twice" in findings(text)


def test_one_key_written_in_two_ways(people: str, tmp_path: Path) -> None:
    """Bytes behind a key, or a base64 with other idle bits, would make it two keys."""
    text = re.search(r'key = "(ssh-ed25519 (\S+))"', people)
    assert text is not None
    whole = public_key(text[1])
    assert isinstance(whole, PublicKey)
    longer = PublicKey(whole.type, whole.blob + b"\0")
    twice = people.replace('name = "ben"', 'name = "cem"')
    ben = re.findall(r'key = "(ssh-ed25519 \S+)"', people)[1]
    longer_text = CHARTER + people + twice.replace(ben, str(longer)) + RULESETS
    assert "its bytes are not those of a whole key" in findings(longer_text)
    # 51 bytes are no multiple of three with one left: no idle bits; where there are, bytes are compared.
    spaced = base64.b64encode(whole.blob).decode()
    assert public_key(f"ssh-ed25519 {spaced} another comment") == whole


def test_a_short_rsa_key_is_refused_with_the_charter(people: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    for bits, said in (
        (1024, "an RSA key of 1024 bits is too short, and 2048 are the least"),
        (2048, ""),
    ):
        key = rsa.generate_private_key(65537, bits).public_key()
        text = key.public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        ).decode()
        ben = re.findall(r'key = "(ssh-ed25519 \S+)"', people)[1]
        assert said in findings(CHARTER + people.replace(ben, text) + RULESETS)
        assert said or not findings(CHARTER + people.replace(ben, text) + RULESETS)


def test_key_types_that_are_not_taken_are_named(people: str) -> None:
    for kind in (
        "ssh-dss",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com",
    ):
        text = (
            CHARTER + re.sub(r"ssh-ed25519 (?=\S+\"\nfrom)", f"{kind} ", people, count=1) + RULESETS
        )
        assert (
            f"keys of type `{kind}` are not taken; `ssh-keygen -t ed25519` makes one"
            in findings(text)
        )


def test_two_keys_of_one_member_are_one_vote(desk: Bench) -> None:
    charter_text(desk)
    path = desk.root / "governance" / "charter.toml"
    second = member("cem", desk.keys["dan"]).split("[[member.key]]")[1]
    head, tail = path.read_text().split("\n[[ruleset]]")
    path.write_text(f"{head}\n[[member.key]]{second}\n[[ruleset]]{tail}")
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("ratify", by="ana", on="2015-01-14")
    proposal = proposed(desk, day="2015-01-15")
    desk.govern("vote", "yes", proposal, by="cem", on="2015-01-15")
    code, printed = desk.try_govern("vote", "yes", proposal, by="dan", on="2015-01-15")
    assert code == 1
    assert "`cem` voted yes on it on 2015-01-15" in flat(printed)
    # On two branches the same vote is the same entry, signed twice: one of its lines is enough.
    desk.commit("voted")
    heads, before = desk.newest("vote").parents, desk.ledger.read_text()
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-15", key="dan", parents=heads)
    refused(desk, "line 12 is line 11 once more", on="2015-01-15")
    desk.commit("merged")
    desk.ledger.write_text("\n".join([*desk.lines()[:-2], desk.lines()[-1]]) + "\n")
    code, printed = desk.try_govern("verify", "--ledger-only", on="2015-01-15")
    assert code == 0, printed
    assert desk.ledger.read_text() != before
    # With another reason it is another entry, and still one vote.
    body = {**ballot(desk, proposal), "reason": "once more"}
    desk.forge("vote", "cem", body, on="2015-01-15", parents=heads)
    tally = desk.desk().record.tally(desk.newest("propose"))
    assert tally.weight(tally.yes) == 1


def test_a_ratification_replayed_on_another_branch(desk: Bench) -> None:
    """Its line names what it follows: without the votes it is no line of that ledger."""
    proposal = proposed(desk)
    desk.commit("proposed")
    bare = desk.ledger.read_text()
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", proposal, by=name, on="2015-01-12")
    desk.govern("ratify", proposal, by="cem", on="2015-01-13")
    line = desk.lines()[-1]
    desk.ledger.write_text(bare + line + "\n")
    refused(desk, "follows entry ")
    # Signed anew without them it lacks what it needs.
    desk.ledger.write_text(bare)
    entry = entry_of_line(line)
    assert not isinstance(entry, str)
    desk.forge("ratify", "cem", entry.body, on="2015-01-13")
    refused(desk, "has no effect: it lacks the quorum: 0 of 3")


def test_line_ends_of_another_system(desk: Bench) -> None:
    """CRLF is git's business on some machines: no change, in the ledger and in a ruleset."""
    for name in ("governance/ledger.jsonl", "core.alvh", "common.alvh"):
        path = desk.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    code, printed = desk.try_govern("verify", on=TODAY)
    assert code == 0, printed
    desk.git("config", "core.autocrlf", "false")
    (desk.root / "governance" / ".gitattributes").unlink()
    desk.commit("as that system writes it")
    assert desk.try_govern("verify", on=TODAY)[0] == 0
    # A line end within a line is none.
    text = desk.ledger.read_bytes().replace(b'"kind":"vote"', b'"kind":\r"vote"', 1)
    desk.ledger.write_bytes(text)
    assert desk.try_govern("verify", on=TODAY)[0] == 1


def test_a_line_of_any_length_is_refused_before_it_is_read() -> None:
    line = '{"on":"' + "9" * MOST_LINE
    found = entry_of_line(line)
    assert found == f"is longer than {MOST_LINE:,} characters"
    deep = "[" * 100_000
    assert isinstance(entry_of_line(deep), str)


def test_history_that_git_is_told_to_replace(desk: Bench) -> None:
    """`git replace` and grafts change what a clone shows of its commits, not what they were."""
    lines = desk.lines()
    desk.ledger.write_text("\n".join(lines[:-1]) + "\n")
    desk.commit("cut")
    desk.git("replace", "--graft", "HEAD")
    assert len(desk.git("log", "--format=%H").split()) == 1
    refused(desk, "1 entry that git's history has is gone")
    desk.git("replace", "-d", desk.git("rev-parse", "HEAD").strip())
    head = desk.git("rev-parse", "HEAD").strip()
    (desk.root / ".git" / "info" / "grafts").write_text(f"{head}\n")
    refused(desk, "1 entry that git's history has is gone")


def test_a_text_that_git_is_told_to_replace(desk: Bench) -> None:
    """The text of a version is what was signed, whatever stands in its blob's place."""
    blob = desk.newest("propose").body["blobs"]["core.alvh"]
    desk.edit("weight 30%", "weight 90%")
    other = desk.git("hash-object", "-w", "core.alvh").strip()
    desk.edit("weight 90%", "weight 30%")
    desk.git("replace", blob, other)
    texts = desk.desk().texts_of(desk.newest("propose").id)
    assert not isinstance(texts, str)
    assert texts is not None
    assert "weight 30%" in texts.content.texts["core.alvh"]


def test_a_detached_head_and_a_shallow_clone(desk: Bench, tmp_path: Path) -> None:
    desk.git("checkout", "-q", "--detach")
    assert desk.try_govern("verify", "--base", "main", on=TODAY)[0] == 0
    shallow = Bench(tmp_path / "shallow", desk.keys)
    desk.git("clone", "-q", "--depth", "1", f"file://{desk.root}", str(shallow.root))
    code, printed = shallow.try_govern("verify", on=TODAY)
    assert code == 0, printed
    assert "note: this clone is shallow: entries are looked for in its commits alone" in printed
    # A change in it needs the version before, and says that it is not there.
    worktree = Bench(tmp_path / "worktree", desk.keys)
    desk.git("worktree", "add", "-q", str(worktree.root))
    assert worktree.try_govern("verify", on=TODAY)[0] == 0


def test_a_ruleset_in_a_submodule_is_not_committed_here(desk: Bench, tmp_path: Path) -> None:
    inner = Bench(tmp_path / "inner", desk.keys)
    inner.root.mkdir()
    inner.git("init", "-q")
    for name, value in (("user.name", "x"), ("user.email", "x@example.com")):
        inner.git("config", name, value)
    (inner.root / "core.alvh").write_text((desk.root / "core.alvh").read_text())
    (inner.root / "common.alvh").write_text((desk.root / "common.alvh").read_text())
    inner.commit("a ruleset of somebody else")
    desk.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.root), "sub")
    charter_text(desk)
    path = desk.root / "governance" / "charter.toml"
    path.write_text(path.read_text() + '\n[[ruleset]]\npath = "sub/core.alvh"\n')
    desk.commit("a submodule")
    desk.govern("propose", "--charter", by="ben", on="2015-01-12")
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", by=name, on="2015-01-12")
    desk.govern("ratify", by="ana", on="2015-01-14")
    desk.commit("ratified")
    code, printed = desk.try_govern("propose", "sub/core.alvh", by="ben", on="2015-01-15")
    assert code == 1
    assert "`sub/common.alvh`, `sub/core.alvh` is not committed as it stands" in flat(printed)


def test_files_outside_the_repository_are_not_governed(desk: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside.alvh").write_text((desk.root / "common.alvh").read_text())
    desk.edit('use "common.alvh"', 'use "../outside.alvh"')
    desk.commit("a file from outside")
    code, printed = desk.try_govern("propose", by="ben", on="2015-01-12")
    assert code == 1
    refused(desk, "`../outside.alvh`")
    code, printed = desk.try_govern("propose", "../outside.alvh", by="ben", on="2015-01-12")
    assert code == 2
    assert "lies outside the governed repository" in printed


def test_a_version_number_that_is_not_the_texts(desk: Bench) -> None:
    desk.edit("weight 30%", "weight 25%")
    desk.commit("a change")
    desk.govern("propose", by="ben", on="2015-01-12")
    body = desk.newest("propose").body
    desk.ledger.write_text("\n".join(desk.lines()[:-1]) + "\n")
    forged = desk.forge("propose", "ben", {**body, "version": "9.0.0"}, on="2015-01-12").id
    code, printed = desk.try_govern("verify", on="2015-01-12")
    said = "it says that it is version 9.0.0, and its text says 1.0.0"
    assert f"what proposal {forged[:12]} carries does not hold: {said}" in flat(printed)
    for name in ("ana", "ben"):
        desk.govern("vote", "yes", forged, by=name, on="2015-01-12")
    code, printed = desk.try_govern("ratify", forged, by="ana", on="2015-01-13")
    assert code == 1
    assert said in flat(printed)


def test_a_false_proposal_stops_nobody(desk: Bench) -> None:
    """What is claimed by a proposal that is open is told, and what is in force stays in order."""
    proposed(desk)
    body = desk.newest("propose").body
    desk.ledger.write_text("\n".join(desk.lines()[:-1]) + "\n")
    desk.forge("propose", "ben", {**body, "class": "patch"}, on="2015-01-12")
    desk.edit("weight 25%", "weight 30%")
    code, printed = desk.try_govern("verify", on="2015-01-12")
    assert code == 0, printed
    assert "warning[ALV964]" in printed
    assert "it says it is a patch change, and it is minor" in flat(printed)


def test_a_brake_that_the_solver_cannot_decide(desk: Bench, monkeypatch) -> None:
    import alvh_rules.govern.tightening as tightening

    old = desk.desk().texts_now("core.alvh")
    desk.edit("weight 30%", "weight 10%")
    new = desk.desk().texts_now("core.alvh")
    assert tightening.prove_tightening(old.checked, new.checked).holds
    found = tightening.prove_tightening(old.checked, new.checked, seconds=0.0)
    assert not found.holds
    assert found.against


def test_a_ledger_from_before_its_signature_is_read_as_it_stands(desk: Bench) -> None:
    """An entry whose signature is taken away, or of another's, keeps its id and loses its effect."""
    lines = desk.lines()
    entry = entry_of_line(lines[2])
    assert not isinstance(entry, str)
    for signature in ("", "AAAA", entry_of_line(lines[3]).signature):
        changed = [*lines[:2], replace(entry, signature=signature).line, *lines[3:]]
        desk.ledger.write_text("\n".join(changed) + "\n")
        printed = refused(desk, "line 3 has no effect: its signature does not hold")
        assert "only `ana` can sign for `ana`" in flat(printed)


def test_a_day_before_the_entry_that_it_follows(desk: Bench) -> None:
    proposal = proposed(desk)
    code, printed = desk.try_govern("vote", "yes", proposal, by="cem", on="2015-01-09")
    assert code == 1
    assert "it is of 2015-01-09, and the ledger goes to 2015-01-12 already" in flat(printed)
    desk.forge("vote", "cem", ballot(desk, proposal), on="2015-01-09")
    refused(desk, "line 7 is of 2015-01-09 and follows line 6, which is of 2015-01-12")
    assert date(2015, 1, 9) < date(2015, 1, 12)
