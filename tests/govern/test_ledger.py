"""The ledger: what is read back, what any order and any merge of lines mean, what git keeps."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.govern.canonical import canonical_json
from alvh_rules.govern.entries import Entry, entry_of_line, new_entry
from alvh_rules.govern.judge import Record
from alvh_rules.govern.ledger import Ledger, ledger_of_text
from alvh_rules.govern.shares import share_of, threshold_of
from alvh_rules.govern.state import standing
from tests.govern.desks import Bench
from tests.govern.test_attacks import ballot, proposed

DAY = date(2015, 1, 12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(max_size=10))
def test_an_entry_is_read_back_as_it_was_written(body, by) -> None:
    entry = new_entry("vote", by, DAY, body, ("a" * 64,))
    assert entry_of_line(entry.line) == entry
    assert "\n" not in entry.line


@settings(max_examples=80)
@given(st.text(max_size=300))
def test_no_line_makes_it_raise(line: str) -> None:
    assert isinstance(entry_of_line(line), str)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"on"', '{ "on"'),
        ('"kind":"vote"', '"kind":"gift"'),
        ('"on":"2015-01-12"', '"on":"2015-1-12"'),
    ],
)
def test_another_spelling_of_an_entry_is_none(old: str, new: str) -> None:
    line = new_entry("vote", "ana", DAY, {}, ("a" * 64,)).line
    assert isinstance(entry_of_line(line), Entry)
    assert isinstance(entry_of_line(line.replace(old, new)), str)


def test_nothing_that_is_signed_has_a_float() -> None:
    with pytest.raises(ValueError, match=r"0\.1 has no one text"):
        canonical_json({"a": [0.1]})


@pytest.fixture
def branching(desk: Bench) -> Ledger:
    """A ledger with two branches, of votes by all three members, and a merge of them."""
    proposal = proposed(desk)
    heads = desk.desk().record.ledger.heads
    for name in ("ana", "ben"):
        desk.forge("vote", name, ballot(desk, proposal), on="2015-01-12", parents=heads)
    desk.forge("vote", "cem", ballot(desk, proposal, "no"), on="2015-01-12")
    return desk.desk().record.ledger


def test_any_order_that_keeps_parents_first_means_the_same(branching: Ledger) -> None:
    wanted = _state(branching)
    orders = set()
    for seed in range(12):
        shuffled = _shuffled(branching, random.Random(seed))
        orders.add(tuple(entry.id for entry in shuffled.entries))
        text = "".join(entry.line + "\n" for entry in shuffled.entries)
        assert ledger_of_text(text, "x") == shuffled
        assert _state(shuffled) == wanted
    assert len(orders) == 2


def _shuffled(ledger: Ledger, pick: random.Random) -> Ledger:
    left, placed = list(ledger.entries), []
    while left:
        known = {entry.id for entry in placed}
        free = [entry for entry in left if known.issuperset(entry.parents)]
        chosen = pick.choice(free)
        placed.append(chosen)
        left.remove(chosen)
    return Ledger(tuple(placed))


def _state(ledger: Ledger):
    record = Record(ledger)
    proposal = record.proposals("core.alvh")[-1]
    where = standing(record, proposal, date(2015, 1, 20))
    return where.stage, where.tally.yes, where.tally.no, where.missing, set(record.reasons)


def test_the_next_entry_follows_both_branches(branching: Ledger) -> None:
    last = branching.entries[-1]
    assert len(last.parents) == 2
    assert branching.heads == (last.id,)


@pytest.mark.parametrize("union", [True, False])
def test_votes_on_two_branches_are_both_kept_by_git(union: bool, desk: Bench) -> None:
    proposal = proposed(desk)
    if not union:
        (desk.root / "governance" / ".gitattributes").unlink()
    desk.commit("proposed")
    desk.git("checkout", "-q", "-b", "other")
    desk.govern("vote", "yes", proposal, by="ben", on="2015-01-12")
    desk.commit("a vote")
    desk.git("checkout", "-q", "main")
    desk.govern("vote", "no", proposal, by="cem", on="2015-01-12")
    desk.commit("another vote")
    told = desk.git("merge", "other", fails=not union)
    if not union:
        assert "CONFLICT" in told
        code, printed = desk.try_govern("verify", on="2015-01-12")
        assert code == 1
        assert "is a mark of a merge that was not finished" in printed
        kept = [line for line in desk.lines() if line.startswith("{")]
        desk.ledger.write_text("\n".join(kept) + "\n")
    desk.commit("merged") if not union else None
    tally = desk.desk().record.tally(desk.newest("propose"))
    assert (tally.yes, tally.no) == (("ben",), ("cem",))


def test_a_merge_that_drops_a_vote_is_found(desk: Bench) -> None:
    proposal = proposed(desk)
    desk.commit("proposed")
    desk.git("checkout", "-q", "-b", "other")
    desk.govern("vote", "no", proposal, by="ben", on="2015-01-12")
    desk.commit("a vote")
    desk.git("checkout", "-q", "main")
    desk.govern("vote", "yes", proposal, by="cem", on="2015-01-12")
    desk.commit("another vote")
    desk.git("merge", "-q", "-s", "ours", "other")
    code, printed = desk.try_govern("verify", "--ledger-only", on="2015-01-12")
    assert code == 1
    assert "1 entry that git's history has is gone" in printed


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("1/2", Fraction(1, 2)),
        ("66.6%", Fraction(333, 500)),
        ("100%", Fraction(1)),
        ("3/2", None),
        ("1/0", None),
        ("0.5", None),
    ],
)
def test_shares(text: str, share: Fraction | None) -> None:
    assert share_of(text) == share


@pytest.mark.parametrize(
    ("text", "yes", "no", "met"),
    [
        ("over 1/2", 1, 1, False),
        ("over 1/2", 2, 1, True),
        ("at least 2/3", 2, 1, True),
        ("at least 2/3", 199, 100, False),
        ("over 2/3", 2, 1, False),
        ("over 1/2", 0, 0, False),
    ],
)
def test_thresholds_are_exact(text: str, yes: int, no: int, met: bool) -> None:
    threshold = threshold_of(text)
    assert threshold is not None
    assert threshold.met(yes, no) is met


@pytest.mark.parametrize("text", ["at least 1/2", "over 1/3", "over 100%", "1/2", "more than 1/2"])
def test_thresholds_that_a_tie_or_nobody_could_meet(text: str) -> None:
    assert threshold_of(text) is None
