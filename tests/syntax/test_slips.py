"""What people write by habit is told in the words of this language, and the fix is what they meant."""

import pytest

from alvh_rules.core.source import Source
from alvh_rules.syntax.parse import parse
from alvh_rules.syntax.slips import SLIPS

SHORT = "layer s\n  sell put on spx expiring 30 days at delta 16%\n"

MEANT = [
    # written, meant
    ("signal a when b => 5%", "signal a when b >= 5%"),
    ("signal a when b =< 5%", "signal a when b <= 5%"),
    ("signal a when b == 5%", "signal a when b is 5%"),
    ("signal a when b = up", "signal a when b is up"),
    ("signal a when b != up", "signal a when b is not up"),
    ("signal a when b <> up", "signal a when b is not up"),
    ("signal a when b is greater than 5%", "signal a when b > 5%"),
    ("signal a when b is less than c", "signal a when b < c"),
    ("signal a when b is at least 5%", "signal a when b >= 5%"),
    ("signal a when b is at most 5%", "signal a when b <= 5%"),
    ("signal a when b above 20", "signal a when b > 20"),
    ("signal a when b exceeds c", "signal a when b > c"),
    ("signal a when b below 20 and c", "signal a when b < 20 and c"),
    ("signal a when b crosses above 20", "signal a when crosses_above(b, 20)"),
    ("signal a when b crosses under sma(b, 9)", "signal a when crosses_below(b, sma(b, 9))"),
    ("signal a when b rises", "signal a when b > ago(b, 1)"),
    ("signal a when b falling and c", "signal a when b < ago(b, 1) and c"),
    ("signal a when b between 20 to 30", "signal a when b between 20 and 30"),
    ("signal a when b between 20, 30", "signal a when b between 20 and 30"),
    ("signal a when b && c", "signal a when b and c"),
    ("signal a when b & c", "signal a when b and c"),
    ("signal a when b || c", "signal a when b or c"),
    ("signal a when b | c", "signal a when b or c"),
    ("signal a if b > 5%", "signal a when b > 5%"),
    ("signal a when b > 3 for three sessions", "signal a when b > 3 for 3 sessions"),
    ("signal a when b > 3 for at least 3 days", "signal a when b > 3 for 3 sessions"),
    ("signal a when b[1] > 20", "signal a when ago(b, 1) > 20"),
    ("signal a when b > b yesterday", "signal a when b > ago(b, 1)"),
    ("let a = b ** 2", "let a = b * b"),
    ("let a = b^2 + 1", "let a = b * b + 1"),
    ("let a := b", "let a = b"),
    ("signal a when b > 30 vol", "signal a when b > 30 points"),
    ("signal a when b > 5 percent", "signal a when b > 5%"),
    ("table t by b\n  < 0% => 1\n  0% or more => 2", "table t by b\n  below 0% => 1\n  0% or more => 2"),
    ("table t by b\n  below 0 => 1\n  >= 0 => 2", "table t by b\n  below 0 => 1\n  0 or more => 2"),
    ("table t by b\n  <= 0 => 1\n  over 0 => 2", "table t by b\n  up to 0 => 1\n  over 0 => 2"),
    ("table t by b\n  up to 0 => 1\n  > 0 => 2", "table t by b\n  up to 0 => 1\n  over 0 => 2"),
    ("table t by b\n  up to 0 => 1\n  above 0 => 2", "table t by b\n  up to 0 => 1\n  over 0 => 2"),
    ("table t by b\n  under 0 => 1\n  0 or more => 2", "table t by b\n  below 0 => 1\n  0 or more => 2"),
    ("table t by b\n  below 0 => 1\n  0 or above => 2", "table t by b\n  below 0 => 1\n  0 or more => 2"),
    ("table t by b\n  below 0 => 1\n  0+ => 2", "table t by b\n  below 0 => 1\n  0 or more => 2"),
    ("table t by b\n  0 or less => 1\n  over 0 => 2", "table t by b\n  up to 0 => 1\n  over 0 => 2"),
    ("table t by b\n  0% - 5% => 1", "table t by b\n  0% to 5% => 1"),
    ("table t by b\n  below 0 -> 1", "table t by b\n  below 0 => 1"),
    ("table t by b\n  below 0: 1", "table t by b\n  below 0 => 1"),
    ("layer s\n  sell iron_condor on spx", "layer s\n  sell iron condor on spx"),
    ("layer s\n  sell put_spread on spx", "layer s\n  sell put spread on spx"),
    ("layer s\n  sell put on spx expiring 30 days 16 delta", "layer s\n  sell put on spx expiring 30 days at delta 16%"),
    ("layer s\n  sell put on spx expiring 30 days, at delta 16%", "layer s\n  sell put on spx expiring 30 days at delta 16%"),
    ("layer s\n  sell put on spx\n    delta 16%", "layer s\n  sell put on spx\n    at delta 16%"),
    ("layer s\n  sell iron condor on spx\n    pop 80%", "layer s\n  sell iron condor on spx\n    probability_of_profit 80%"),
    ("layer s\n  sell put on spx expiring 30 dte", "layer s\n  sell put on spx expiring 30 days"),
    ("layer s\n  sell put on spx ATM", "layer s\n  sell put on spx at the money"),
    (SHORT + "  max 3 open", SHORT + "  at most 3 open"),
    (SHORT + "  open if b", SHORT + "  open when b"),
    ("event f from 1 day before to same session", "event f from 1 session before to same session"),
    ("event f on same day", "event f on same session"),
    ("event f on same session\n  s * 50%", "event f on same session\n  s x 50%"),
    ("regime r when b\n  weight = 50%", "regime r when b\n  weight x 50%"),
    ("param p = 3 between 1 and 5", "param p = 3 from 1 to 5"),
    ("use other.alvh", 'use "other.alvh"'),
    ('include "other.alvh"', 'use "other.alvh"'),
    ("const p = 3", "param p = 3"),
    ("signal my-own when b", "signal my_own when b"),
    ('test "t"\n  given a = 14 b = 16', 'test "t"\n  given a = 14, b = 16'),
]  # fmt: skip

ONLY_SAID = [
    ("let a = b ? 1 : 2", "write `if … then … else …`"),
    ("let a = b ** 3", "a power is written as a product; `sqrt` is the root"),
    ("let a = b % 2", "`%` stands behind a number, `5%`; there is no remainder"),
    ("signal 2fast when b", "a name begins with a letter"),
    ("signal a: b", "no colon is needed"),
    ("signal a when 'b'", 'texts stand between double quotes, `"`'),
]


@pytest.mark.parametrize(("written", "wanted"), MEANT)
def test_a_slip_is_understood(written: str, wanted: str) -> None:
    (found,) = parse(Source("t.alvh", written + "\n")).diagnostics
    assert found.fix is not None, found
    assert not found.fix.safe
    (edit,) = found.fix.edits
    fixed = written[: edit.span.start] + edit.replacement + written[edit.span.end :]
    assert " ".join(fixed.split(" ")) == wanted
    assert parse(Source("t.alvh", fixed + "\n")).diagnostics == ()


@pytest.mark.parametrize(("written", "help"), ONLY_SAID)
def test_where_the_replacement_is_not_known_the_way_is_said(written: str, help: str) -> None:
    (found,) = parse(Source("t.alvh", written + "\n")).diagnostics
    assert (found.help, found.fix) == (help, None)


def test_every_slip_is_tried() -> None:
    said = [written for written, _ in [*MEANT, *ONLY_SAID]]
    assert [
        slip.pattern.pattern
        for slip in SLIPS
        if not any(slip.pattern.search(line) for line in said)
    ] == []


@pytest.mark.parametrize(
    "line",
    [
        "signal a when b between 20 to",
        "let a = b == == c",
        "table t by b\n  below 0 => => 1",
    ],
)
def test_nothing_is_suggested_that_would_be_refused_as_well(line: str) -> None:
    found = parse(Source("t.alvh", line + "\n")).diagnostics
    assert found
    assert all(item.fix is None for item in found), found
