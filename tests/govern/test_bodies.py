"""Whatever a member signs, judging it ends in a reason and never in a fault of the program."""

from __future__ import annotations

import copy
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alvh_rules.govern import bodies
from alvh_rules.govern.charter import Charter
from alvh_rules.govern.entries import new_entry
from alvh_rules.govern.read_charter import charter_from_document, is_plain_path
from alvh_rules.govern.repository import content_of
from tests.govern.desks import Bench
from tests.govern.test_attacks import proposed, refused
from tests.govern.test_ledger import JSON

VALUES = JSON | st.sampled_from(
    ["charter", "patch", "yes", "f" * 64, "core.alvh", {"core.alvh": "f" * 64}]
)


def places(value, path=()):
    """The place of every part of a JSON value."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in items:
        yield from places(part, (*path, key))


def changed(value, path, new):
    """The value with another part at a place."""
    if not path:
        return new
    made = copy.deepcopy(value)
    here = made
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = new
    return made


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_body_makes_judging_raise(desk: Bench, data: st.DataObject) -> None:
    record = desk.desk().record
    entry = data.draw(st.sampled_from(record.ledger.entries[1:]))
    path = data.draw(st.sampled_from(list(places(entry.body))))
    body = changed(entry.body, path, data.draw(VALUES))
    kind = data.draw(st.sampled_from(["propose", "vote", "ratify", "brake"]))
    if isinstance(body, dict):
        record.judge_next(new_entry(kind, "ana", date(2015, 1, 12), body, record.ledger.heads))


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_document_makes_reading_a_charter_raise(founded: Bench, data: st.DataObject) -> None:
    document = founded.desk().record.charter()[1].document
    path = data.draw(st.sampled_from(list(places(document))))
    found = charter_from_document(changed(document, path, data.draw(VALUES)))
    if isinstance(found, Charter):
        # What is read says of itself what it was read from.
        assert charter_from_document(found.document) == found
    else:
        assert found


def test_a_field_more_or_less_is_no_body(desk: Bench) -> None:
    vote = desk.newest("vote")
    assert bodies.fault(vote) == ""
    more = new_entry("vote", "ana", vote.on, {**vote.body, "weight": 9}, vote.parents)
    assert bodies.fault(more) == "weight"
    less = {name: value for name, value in vote.body.items() if name != "content"}
    assert bodies.fault(new_entry("vote", "ana", vote.on, less, vote.parents)) == "content"
    desk.forge("vote", "cem", dict(more.body), on="2015-01-12")
    refused(desk, "line 6 has no effect: its `weight` is not as a vote has it")


def test_a_text_of_git_that_is_not_the_one_that_was_signed(desk: Bench) -> None:
    proposed(desk)
    body = desk.newest("propose").body
    assert not isinstance(content_of(desk.desk().repository, body), str)
    other = {**body["blobs"], "core.alvh": body["blobs"]["common.alvh"]}
    found = content_of(desk.desk().repository, {**body, "blobs": other})
    assert found == "what git has for `core.alvh` is not the text that was proposed"
    gone = content_of(desk.desk().repository, {**body, "blobs": {**other, "core.alvh": "f" * 40}})
    assert isinstance(gone, str)
    assert "fetch all history" in gone


@pytest.mark.parametrize(
    "path",
    [
        "../core.alvh",
        "/core.alvh",
        "a//core.alvh",
        "core.txt",
        ":(top)core.alvh",
        "a/./b.alvh",
        "a\nb.alvh",
        "*.alvh",
    ],
)
def test_paths_that_leave_the_repository_or_mean_more_than_one_file(path: str) -> None:
    assert not is_plain_path(path)
    assert is_plain_path("rulesets/core.alvh")
