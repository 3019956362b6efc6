"""Each rule of the suggested bump, and what is said of each kind of change."""

import re

import pytest

from alvh_rules.compare.bump import Bump, bump_between, raised
from alvh_rules.compare.text import text_lines
from tests.compare.pairs import compared, without_solver
from tests.programs import HEAD

S = "signal s when vix > 20 and vix3m > 9 and spx > 1\n"
LAYER = """\
layer short
  sell iron condor on spx
    expiring 7 to 21 days, nearest 14 days
    wings 25 points
  weight 30%
  at most 3 open
  open when vix > 20 and vix3m > 9
  close when any of
    profit >= 50% of credit
    breached
hedge
  ratio 100% of vega
  hold vix futures month 1
"""


def changes(old: str, new: str, head: str = HEAD, new_head: str = "") -> list[tuple[str, ...]]:
    """What differs besides decisions, with the bump each asks for."""
    found = without_solver(old, new, head, new_head)
    return [(item.what, item.old, item.new, item.bump.word) for item in found.changes]


def test_nothing_differs() -> None:
    found = without_solver(S, S)
    assert found.bump is Bump.NONE
    assert found.reasons == ("nothing differs",)


def test_a_decision_that_is_added_is_minor_and_one_that_goes_is_major() -> None:
    more = S + "signal r when vix > 30\n"
    added, removed = without_solver(S, more), without_solver(more, S)
    assert (added.bump, added.reasons) == (Bump.MINOR, ("decisions are added: r",))
    assert (removed.bump, removed.reasons) == (Bump.MAJOR, ("decisions go: r",))


@pytest.mark.parametrize(
    ("was", "is_", "told"),
    [
        ("", "  fee $0.65\n", ("fee", "", "$0.65")),
        ("  fee $1\n", "  fee $2\n", ("fee", "$1.00", "$2.00")),
        ("", "  slippage 25%\n", ("slippage", "", "25%")),
        ("", "  cash earns tbill\n", ("cash earns", "", "tbill")),
        ("  fill next close\n", "  fill same close\n", ("fill", "next close", "same close")),
    ],
)
def test_what_the_header_says_of_money_is_minor(was: str, is_: str, told: tuple[str, ...]) -> None:
    head, data = HEAD.split("\n", 1)
    old, new = (f"{head}\n{line}{data}  tbill rate\n" for line in (was, is_))
    uses = "signal rich when tbill > 3\n"
    assert changes(uses, uses, old, new) == [(*told, "minor")]


def test_the_band_of_delta_that_the_hedge_keeps_is_a_clause() -> None:
    kept = LAYER + "  keep delta between -50 and 50 by spx shares\n"
    text = "keep delta between -50 and 50 by spx shares"
    assert changes(LAYER, kept) == [("hedge: keep", "", text, "minor")]
    assert changes(kept, kept.replace("-50", "-60")) == [
        ("hedge: keep", text, text.replace("-50", "-60"), "minor")
    ]


def test_another_kind_is_major() -> None:
    found = without_solver("target w = vix\n", "target w = spx\n")
    (decision,) = found.decisions
    assert decision.status == "different"
    assert decision.kind == "its kind changes from volatility to price"
    assert found.bump is Bump.MAJOR


def test_a_label_that_goes_is_major_and_one_that_is_added_is_minor() -> None:
    two = "labels m = lo, hi\ntarget w = if vix < 20 then lo else hi\n"
    three = two.replace("lo, hi", "lo, hi, wild")
    added, gone = without_solver(two, three), without_solver(three, two)
    assert added.decisions[0].status == gone.decisions[0].status == "same"
    assert (added.bump, added.decisions[0].kind) == (Bump.MINOR, "labels are added: wild")
    assert (gone.bump, gone.decisions[0].kind) == (Bump.MAJOR, "labels go: wild")


def test_what_the_hedge_holds_is_a_decision_and_no_lost_label() -> None:
    found = without_solver(LAYER, LAYER.replace("month 1", "month 2"))
    (decision,) = [item for item in found.decisions if item.status != "same"]
    assert (decision.name, decision.bump) == ("hedge.hold", Bump.MINOR)
    assert "vix futures month 1" in decision.kind


@pytest.mark.parametrize(
    ("row", "other", "bump"),
    [
        ("", "  q rate\n", "major"),
        ("", "  q rate optional\n", "minor"),
        ("  q rate\n", "", "major"),
        ("  q rate optional\n", "", "minor"),
        ("  q rate\n", "  q ratio\n", "major"),
        ("  q rate\n", '  q rate from "other"\n', "major"),
        ("  q rate\n", "  q rate carry 2 sessions\n", "major"),
        ("  q rate\n", "  q rate known next session\n", "major"),
        ("  q rate optional\n", "  q rate\n", "major"),
        ("  q rate\n", "  q rate optional\n", "major"),
        ("  q rate\n", '  q rate "said otherwise"\n', "none"),
        ("  q rate\n", '  q2 rate from "q"\n', "patch"),
    ],
)
def test_data(row: str, other: str, bump: str) -> None:
    found = changes(S, S, HEAD + row, HEAD + other)
    assert [item[-1] for item in found] == ([] if bump == "none" else [bump])


def test_bars_and_calendars_are_data() -> None:
    minutes = HEAD.replace("data", "  bars 5 minutes\ndata")
    assert changes(S, S, HEAD, minutes) == [("bars", "daily", "5 minutes", "major")]
    assert changes(S, S, HEAD, HEAD + "calendar fomc\n") == [("calendar fomc", "", "fomc", "major")]
    found = without_solver(S, S.replace("20", "21"), HEAD, minutes)
    assert found.decisions[0].reason == "it is decided on other bars" or found.proof


@pytest.mark.parametrize(
    "row", ['from "VX"', "carry 2 sessions", "known next session", "known 08:30 next session"]
)
def test_a_rule_that_reads_other_data_is_undecided_and_said_so(row: str) -> None:
    new = HEAD.replace("vix volatility", f"vix volatility {row}")
    found = without_solver(S, S, HEAD, new)
    (decision,) = found.decisions
    assert (decision.status, decision.reason) == ("undecided", "it reads data that changes: vix")
    assert decision.causes == ()


def test_a_renamed_column_changes_no_decision() -> None:
    new = HEAD.replace("vix vol", 'v volatility from "vix" #')
    found = without_solver(S, S.replace("vix >", "v >"), HEAD, new)
    assert [item.status for item in found.decisions] == ["same"]
    assert found.bump is Bump.PATCH


@pytest.mark.parametrize(
    ("was", "is_", "told"),
    [
        ("at most 3 open", "at most 4 open", ("short: at most", "3 open", "4 open", "minor")),
        ("at most 3 open\n", "at most 3 open\n  every 5 sessions\n", ("short: every", "1 session", "5 sessions", "minor")),
        ("wings 25", "wings 30", ("short: structure", "wings 25 points", "wings 30 points", "minor")),
        ("  sell iron", "  buy iron", None),
        ("    breached\n", "    days_to_expiry <= 2 days\n", ("short: close when", "breached", "days_to_expiry <= 2 days", "minor")),
        ("  weight 30%", "  size 2 contracts", ("short: size", "by its weight", "size 2 contracts", "minor")),
        ("of vega", "of capital", ("hedge: ratio", "of vega", "of capital", "minor")),
        ("nearest 14 days\n    wings 25 points", "nearest 14 days, wings 25 points", ()),
    ],
)  # fmt: skip
def test_clauses_of_layers_and_the_hedge(was: str, is_: str, told: tuple[str, ...] | None) -> None:
    if told is None:
        old = LAYER.replace("    profit >= 50% of credit\n", "    profit >= $5\n")
        found = changes(old, old.replace(was, is_))
        assert [item[0] for item in found] == ["short: structure"]
        return
    assert was in LAYER
    assert changes(LAYER, LAYER.replace(was, is_)) == ([told] if told else [])


def test_layers_that_share_a_clause_are_told_together() -> None:
    like = LAYER + "layer long like short\n  expiring 60 to 90 days\n"
    assert changes(like, like.replace("3 open", "4 open")) == [
        ("short, long: at most", "3 open", "4 open", "minor")
    ]


def test_the_order_of_closing_conditions_is_no_change() -> None:
    turned = LAYER.replace("    breached\n", "").replace("any of\n", "any of\n    breached\n")
    assert turned != LAYER
    assert changes(LAYER, turned) == []


def test_a_name_in_a_clause_is_compared_by_its_value() -> None:
    sized = LAYER.replace("weight 30%", "size max_loss is room")
    for value in ("$500", "$5 * (vix / vix3m)"):
        old = f"let room = {value}\n" + sized
        renamed = f"let space = {value}\n" + sized.replace("is room", "is space")
        assert changes(old, renamed) == []
        assert [item[0] for item in changes(old, old.replace("$5", "$6"))] == ["short: size"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("  capital $2,000,000\n", ("capital", "$1,000,000", "$2,000,000", "minor")),
        ("  risk 5% of equity\n", ("risk", "10% of equity", "5% of equity", "minor")),
        ("  fill next open\n", ("fill", "next close", "next open", "minor")),
        ("  contracts fractional\n", ("contracts", "whole", "fractional", "minor")),
    ],
)
def test_the_header(setting: str, told: tuple[str, ...]) -> None:
    assert changes(S, S, HEAD, HEAD.replace("data\n", f"{setting}data\n")) == [told]


def test_holdings_reallocation_and_ranges() -> None:
    hold = S + "hold vix futures month 1\n  weight 5%\n"
    (found,) = changes(hold, hold.replace("5%", "6%"))
    assert found[1:] == (
        "vix futures month 1, weight 5%",
        "vix futures month 1, weight 6%",
        "minor",
    )
    moved = LAYER + "reallocate monthly\n  between short\n  at most 10% a step\n"
    (found,) = changes(moved, moved.replace("10% a", "20% a"))
    assert (found[0], found[-1]) == ("reallocate", "minor")
    swept = "param a = 20 from 10 to 30 by 5\n" + S.replace("20", "a")
    (found,) = changes(swept, swept.replace("to 30", "to 40"))
    assert found == ("param a: range", "from 10 to 30 by 5", "from 10 to 40 by 5", "patch")


T = "target w = vix / vix3m\nsignal s when spx > 1\n"


@pytest.mark.parametrize(
    ("old", "new", "bump", "note"),
    [
        ("limit w <= 80%\n", "limit w <= 90%\n", "major", "loosened"),
        ("limit w <= 80%\n", "limit w <= 70%\n", "patch", "tightened"),
        ("limit w >= 20%\n", "limit w >= 10%\n", "major", "loosened"),
        ("limit w >= 20%\n", "limit w >= 30%\n", "patch", "tightened"),
        ("limit w <= 80%\n", "", "major", "the limit goes"),
        ("", "limit w <= 80%\n", "patch", "added"),
        ("limit w <= 80%\n", "limit w <= vix / vix3m\n", "major", "it may be loosened"),
        ("limit book.loss <= 3% of equity per month\n", "limit book.loss <= 2% of equity per month\n", "minor", "tightened"),
        ("limit book.loss <= 3% of equity per month\n", "limit book.loss <= 4% of equity per month\n", "major", "loosened"),
        ("limit book.loss <= 3% of equity per month\n", "limit book.loss <= 3% of equity per year\n", "major", "the limit goes"),
        ("", "limit book.loss <= 3% of equity per month\n", "minor", "added"),
        ("always w <= 80%\n", "always w <= 90%\n", "major", "loosened, or not shown to be as strong"),
        ("always w <= 80%\n", "always w <= 70%\n", "minor", "tightened"),
        ("always w < 80%\n", "always w <= 80%\n", "major", "loosened, or not shown to be as strong"),
        ("always w <= 80%\n", "always w < 80%\n", "minor", "tightened"),
        ("always w <= 80%\n", "", "major", "the property goes"),
        ("", "always w <= 80%\n", "minor", "added"),
        ("always w between 10% and 80%\n", "always w between 20% and 70%\n", "minor", "tightened"),
        ("always w between 10% and 80%\n", "always w between 5% and 70%\n", "major", "loosened, or not shown to be as strong"),
        ("always w <= 80% when s\n", "always w <= 80%\n", "minor", "tightened"),
        ("always w <= 80%\n", "always w <= 80% when s\n", "major", "loosened, or not shown to be as strong"),
        ("assume vix > 5\n", "assume vix > 6\n", "patch", "what proofs take for granted"),
    ],
)  # fmt: skip
def test_limits_and_properties(old: str, new: str, bump: str, note: str) -> None:
    found = without_solver(T + old, T + new).changes
    told = {(item.bump.word, item.note) for item in found}
    # Another period is another limit: the old one goes and a new one comes.
    assert told - ({("minor", "added")} if "year" in new else set()) == {(bump, note)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("always w <= 80%\n", "always 80% >= w\n"),
        ("always w between 10% and 80%\n", "always w <= 80%\nalways w >= 10%\n"),
        ("always w <= 80%\nalways w <= 90%\n", "always w <= 80%\n"),
        ("always w <= 80% when s\n", "always not s or w <= 80%\n"),
    ],
)
def test_a_property_in_another_form_is_no_change(old: str, new: str) -> None:
    assert without_solver(T + old, T + new).changes == ()


def test_a_property_speaks_of_decisions_whatever_they_have_become() -> None:
    promise = "always w <= 80%\n"
    assert changes(T + promise, T.replace("vix / vix3m", "vix3m / vix") + promise) == []


def test_the_solver_sees_that_a_property_follows_and_no_more() -> None:
    pytest.importorskip("z3")
    steep = T + "always w <= 80% when vix3m > 1.1 * vix\n"
    other = T + "always w <= 70% when vix3m / vix > 1.05\n"
    (stronger,) = compared(steep, other).changes
    assert (stronger.bump, stronger.note) == (Bump.MINOR, "tightened")
    (weaker,) = compared(other, steep).changes
    assert weaker.bump is Bump.MAJOR
    # A decision that keeps the promise anyway makes the promise no stronger.
    fixed = "target w = if vix > vix3m then 50% else 20%\nsignal s when spx > 1\n"
    (loosened,) = compared(fixed + "always w <= 60%\n", fixed + "always w <= 90%\n").changes
    assert loosened.bump is Bump.MAJOR


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ("1.0.0", "1.0.0", Bump.NONE),
        ("1.0.0", "1.0.1", Bump.PATCH),
        ("1.0.9", "1.1.0", Bump.MINOR),
        ("1.9.9", "2.0.0", Bump.MAJOR),
        ("1.2", "1.2.1", Bump.PATCH),
        ("1.1.0", "1.0.9", None),
    ],
)
def test_the_bump_between_two_versions(old: str, new: str, bump: Bump | None) -> None:
    assert bump_between(old, new) is bump


def test_a_version_is_raised() -> None:
    assert [raised("1.2.3", bump) for bump in Bump] == ["1.2.3", "1.2.4", "1.3.0", "2.0.0"]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("1.0.0", "  the header still says 1.0.0, which is too small: write `version 1.1.0`"),
        ("1.0.1", "  the header says 1.0.1, which is too small: write `version 1.1.0`"),
        ("1.1.0", "  the header says 1.1.0, which is enough"),
        ("2.0.0", "  the header says 2.0.0, which is enough"),
        ("0.9.0", "  the header's version goes back, from 1.0.0 to 0.9.0"),
    ],
)
def test_the_header_is_held_to_the_suggestion(version: str, line: str) -> None:
    head = re.sub(r"1\.0\.0", version, HEAD)
    found = without_solver(S, S + "signal r when vix > 30\n", HEAD, head)
    assert text_lines(found)[-2:] == ["suggested bump: minor (decisions are added: r)", line]


def test_two_rulesets_with_nothing_in_common() -> None:
    other = HEAD.replace("ruleset t", "ruleset u")
    found = without_solver(S, S.replace("signal s", "signal r"), HEAD, other)
    assert found.bump is Bump.MAJOR
    lines = text_lines(found)
    assert (
        "t and u have no decision in common: these are two rulesets, not two versions of one"
        in lines
    )
    assert lines[-1] == "suggested bump: major (no decision is in both)"


def test_a_regime_differs_by_its_name() -> None:
    pytest.importorskip("z3")
    regime = LAYER + "regime {} when {}\n  weight x 50%\n"
    old, new = regime.format("tight", "vix > 30"), regime.format("tight", "vix > 40")
    found = {item.name: item for item in compared(old, new).decisions}["regime"]
    assert (found.status, found.old, found.new) == ("different", "tight", "none")
    renamed = {
        item.name: item for item in without_solver(old, regime.format("calm", "vix > 30")).decisions
    }
    assert renamed["regime"].goes
    assert "labels go: tight" in renamed["regime"].kind
