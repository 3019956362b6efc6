"""Which clauses a change changes, and the old ruleset with some of them made."""

from pathlib import Path

import pytest

from alvh_rules.compare.variants import Variants, traded
from alvh_rules.core.source import Source
from alvh_rules.pipeline import Checked, check_source
from tests.programs import checked

ROOT = Path(__file__).resolve().parents[2]
OLD = """\
calendar fomc
param
  steep = 5% from 2% to 10% by 1%
let slope = vix3m / vix - 1
table by_slope by slope
  below 0%    => 100%
  0% to 5%    => 60%
  5% or more  => 35%
  missing     => 100%
signal inverted from slope < 0% until slope > 2%
layer short
  sell iron condor on spx
    expiring 7 to 21 days, nearest 14 days
    at delta 20%
    wings 25 points
  weight 30%
  at most 3 open
  open when all of
    slope > steep
    any of
      vix < 30
      not inverted
  close when profit >= 50% of credit
layer medium like short
  weight 40%
hedge
  ratio by_slope of vega
  hold by slope
    below 0%   => vix call butterfly expiring 20 to 40 days
    0% or more => vix futures months 4 to 7
  time_shift to next expiry when short.breached
event fomc from 1 session before to same session
  short x 50%
regime steward when vix > 40
  weight x 50%
regime promoter when slope > 10%
  weight x 120%
limit total_weight <= 100%
limit hedge.cost <= 2% of capital per year
"""
HEAD = (
    "ruleset t version 1.0.0\n  capital $1,000,000\n  fee $1\ndata\n  spx price\n  vix volatility\n"
    "  vix3m volatility\n"
)


def variants(old: str, new: str, head: str = HEAD, new_head: str = "") -> Variants:
    sides = checked(old, head), checked(new, new_head or head)
    for side in sides:
        assert side.ruleset is not None, side.rendered()
    return Variants(*sides)


def told(found: Variants) -> list[tuple[str, str, str]]:
    return [(item.where, item.old, item.new) for item in found.clauses]


@pytest.mark.parametrize(
    ("was", "is_", "clauses"),
    [
        ("weight 30%", "weight 25%", [("layer short", "weight 30%", "weight 25%")]),
        ("steep = 5%", "steep = 6%", [("param steep", "steep = 5%", "steep = 6%")]),
        ("from 2% to 10%", "from 2% to 20%", []),
        (
            "  0% to 5%    => 60%\n",
            "  0% to 5%    => 50%\n",
            [("table by_slope", "0% to 5% => 60%", "0% to 5% => 50%")],
        ),
        (
            "  0% to 5%    => 60%\n",
            "  0% to 2%    => 60%\n  2% to 5%    => 50%\n",
            [("table by_slope", "0% to 5% => 60%", "0% to 2% => 60%; 2% to 5% => 50%")],
        ),
        (
            "    slope > steep\n",
            "    slope > steep\n    vix3m < 50\n",
            [("layer short: open when", "", "vix3m < 50")],
        ),
        ("    slope > steep\n", "", [("layer short: open when", "slope > steep", "")]),
        (
            "      vix < 30\n",
            "      vix < 35\n",
            [("layer short: open when", "vix < 30", "vix < 35")],
        ),
        (
            "  close when profit >= 50% of credit\n",
            "  close when any of\n    profit >= 50% of credit\n    breached\n",
            [("layer short: close when", "", "breached")],
        ),
        (
            "    at delta 20%\n",
            "    probability_of_profit 70% to 85%\n",
            [("layer short", "at delta 20%", "probability_of_profit 70% to 85%")],
        ),
        (
            "=> vix futures months 4 to 7",
            "=> vix futures months 3 to 6",
            [
                (
                    "hedge: hold",
                    "0% or more => vix futures months 4 to 7",
                    "0% or more => vix futures months 3 to 6",
                )
            ],
        ),
        (
            "  time_shift to next expiry when short.breached\n",
            "",
            [("hedge", "time_shift to next expiry when short.breached", "")],
        ),
        ("  short x 50%", "  short x 60%", [("event fomc", "short x 50%", "short x 60%")]),
        (
            "from 1 session before to same session",
            "on same session",
            [("event fomc", "from 1 session before to same session", "on same session")],
        ),
        (
            "steward when vix > 40",
            "steward when vix > 50",
            [("regime steward", "vix > 40", "vix > 50")],
        ),
        (
            "limit total_weight <= 100%",
            "limit total_weight <= 90%",
            [("limit", "limit total_weight <= 100%", "limit total_weight <= 90%")],
        ),
        ("of vega", "of max_loss", [("hedge", "ratio by_slope of vega", "ratio by_slope of max_loss")]),
        (
            "until slope > 2%",
            "until slope > 3%",
            [("signal inverted until", "slope > 2%", "slope > 3%")],
        ),
        ("layer medium like short\n  weight 40%\n", "", [("layer medium", "layer medium like short", "")]),
        ("layer medium", "layer middle", [("layer middle", "layer medium like short", "layer middle like short")]),
    ],
)  # fmt: skip
def test_a_changed_clause(was: str, is_: str, clauses: list[tuple[str, str, str]]) -> None:
    assert OLD.count(was) >= 1
    new = OLD.replace(was, is_, 1)
    found = variants(OLD, new)
    assert told(found) == clauses
    whole = found.with_changes(found.clauses)
    assert whole.checked is not None, whole.reason
    assert whole.like(found.new)
    assert found.with_changes([]).like(found.old)
    assert whole.like(found.old) is (not clauses)


def test_the_header() -> None:
    new_head = HEAD.replace("fee $1", "fee $2\n  slippage 50%\n  fill same close")
    found = variants(OLD, OLD, HEAD, new_head)
    assert told(found) == [
        ("header", "fee $1", "fee $2"),
        ("header", "", "slippage 50%"),
        ("header", "", "fill same close"),
    ]
    fee, _, _ = found.clauses
    only = found.with_changes([fee]).checked
    assert only is not None
    assert only.ruleset is not None
    assert (only.ruleset.fee, only.ruleset.slippage, only.ruleset.fill) == (2.0, None, "next close")


def test_clauses_are_made_one_at_a_time_and_in_any_mixture() -> None:
    new = (
        OLD.replace("weight 30%", "weight 25%")
        .replace("vix < 30", "vix < 35")
        .replace("short x 50%", "short x 60%")
        .replace("0% to 5%    => 60%", "0% to 5%    => 55%")
    )
    found = variants(OLD, new)
    assert len(found.clauses) == 4
    parts = [found.with_changes([item]).apart(found.old) for item in found.clauses]
    weights = {"short.weight", "total_weight"}
    assert [part - {"medium.weight"} for part in parts] == [
        {"hedge.ratio"},
        weights,
        {"short.open", "medium.open"},
        weights,
    ]
    for left_out in found.clauses:
        rest = found.with_changes(item for item in found.clauses if item is not left_out)
        assert not rest.like(found.new)
        assert not rest.like(found.old)


def test_another_name_or_form_is_no_change_of_what_is_traded() -> None:
    new = OLD.replace("slope", "curve").replace("vix < 30", "not vix >= 30")
    found = variants(OLD, new)
    assert found.old.like(found.new)
    for item in found.clauses:
        assert found.with_changes([item]).like(found.old), item


def test_what_only_the_new_ruleset_defines_comes_along() -> None:
    new = OLD.replace(
        "let slope", "let calm = sma(vix, 20)\nlet deep = calm * 2\nlet slope"
    ).replace("vix < 30", "vix < deep")
    found = variants(OLD, new)
    assert told(found) == [("layer short: open when", "vix < 30", "vix < deep")]
    assert found.with_changes(found.clauses).like(found.new)


def test_a_clause_that_does_not_check_alone_says_why() -> None:
    new = OLD.replace("short.breached", "wide.breached") + "layer wide like short\n  weight 1%\n"
    found = variants(OLD, new)
    reasons = {item.where: found.with_changes([item]).reason for item in found.clauses}
    assert reasons["layer wide"] == ""
    assert "wide" in reasons["hedge: time_shift"]
    assert found.with_changes(found.clauses).like(found.new)


def test_the_order_of_regimes_is_a_clause() -> None:
    steward, promoter = (
        "regime steward when vix > 40\n  weight x 50%\n",
        "regime promoter when slope > 10%\n  weight x 120%\n",
    )
    found = variants(OLD, OLD.replace(steward + promoter, promoter + steward))
    assert told(found) == [
        ("regimes", "regime steward; regime promoter", "regime promoter; regime steward")
    ]
    assert found.with_changes(found.clauses).like(found.new)
    assert not found.old.like(found.new)


def test_files_of_one_name_in_both_are_told_apart(tmp_path: Path) -> None:
    def read(folder: str, value: str) -> Checked:
        place = tmp_path / folder
        place.mkdir()
        (place / "common.alvh").write_text(f"let wanted = {value} * vix\n")
        text = (
            HEAD
            + 'use "common.alvh"\nlayer short\n  sell put on spx expiring 30 days\n  weight 10%\n  open when vix3m > wanted\n'
        )
        return check_source(Source("t.alvh", text), place)

    found = Variants(read("old", "2"), read("new", "3"))
    assert told(found) == [("let wanted", "let wanted = 2 * vix", "let wanted = 3 * vix")]
    assert found.with_changes(found.clauses).like(found.new)
    assert not found.with_changes(found.clauses).like(found.old)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "rulesets").glob("*.alvh")), ids=lambda path: path.name
)
def test_every_shipped_ruleset_is_its_own_variant(path: Path) -> None:
    side = check_source(Source(str(path), path.read_text()), path.parent)
    found = Variants(side, side)
    assert found.clauses == ()
    assert found.with_changes([]).like(found.old)


def test_whatever_is_traded_on_is_in_the_keys() -> None:
    """One change of each sort of what a backtest reads: none is taken for the same."""
    from alvh_rules.compare.canonical import Table

    table = Table()
    side = checked(OLD, HEAD).ruleset
    assert side is not None
    base = traded(side, table)
    for was, is_ in (
        ("capital $1,000,000", "capital $2,000,000"),
        ("fee $1", "fee $2"),
        ("fee $1", "fee $1\n  slippage 10%"),
        ("fee $1", "fee $1\n  fill next open"),
        ("fee $1", "fee $1\n  contracts fractional"),
        ("fee $1", "fee $1\n  risk 5% of equity"),
        ("hold by slope", "keep delta between -50 and 50 by spx shares\n  hold by slope"),
        ("limit hedge.cost <= 2% of", "limit hedge.cost <= 3% of"),
        ("limit hedge.cost <= 2% of", "limit book.drawdown <= 20%\nlimit hedge.cost <= 2% of"),
        ("at delta 20%", "at the money"),
    ):
        new = checked(OLD.replace(was, is_), HEAD.replace(was, is_)).ruleset
        assert new is not None, was
        assert traded(new, table) != base, is_
