"""Whether two rulesets decide alike: small ones, by hand."""

import numpy as np
import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from alvh_rules.prove.equality import compare_decisions
from tests.programs import HEAD, checked

SLOPE = "let slope = vix3m / vix - 1\nlet m = rsi(spx, 14)\n"


def verdict(old: str, new: str, name: str = "s", head: str = HEAD, new_head: str = ""):
    before, after = checked(old, head), checked(new, new_head or head)
    assert before.ruleset is not None, before.rendered()
    assert after.ruleset is not None, after.rendered()
    (found,) = compare_decisions(before, after, [name])
    assert found.name == name
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("slope > 5% and m > 50", "m > 50 and slope > 5%"),
        ("not (slope > 5% and m > 50)", "slope <= 5% or m <= 50"),
        ("vix > vix3m", "vix3m < vix"),
        ("vix + vix3m > 40", "vix3m + vix > 40"),
        ("slope > 0% and slope > 5%", "slope > 5%"),
        ("vix > 20 for 3 sessions", "(not (vix <= 20)) for 3 sessions"),
        ("sma(max(vix, vix3m), 5) > 20", "sma(max(vix3m, vix), 5) > 20"),
        ("(vix > 20 and (vix > 30 or spx > 9)) for 2 sessions",
         "(vix > 30 or (vix > 20 and spx > 9)) for 2 sessions"),
        ("if vix > 20 then vix > 10 else false", "vix > 20"),
    ],
)  # fmt: skip
def test_rewriting_is_no_change(old: str, new: str) -> None:
    found = verdict(f"{SLOPE}signal s when {old}\n", f"{SLOPE}signal s when {new}\n")
    assert found.status == "same", found


def test_renaming_and_reordering_are_no_change() -> None:
    old = SLOPE + "signal calm when slope > 5%\nsignal s from calm until vix > 30 for 2 sessions\n"
    new = (
        "signal s from quiet until vix > 30 for 2 sessions\nlet steepness = vix3m / vix - 1\n"
        "signal quiet when steepness > 5%\n"
    )
    assert verdict(old, new).status == "same"


def test_a_data_column_goes_by_what_it_reads() -> None:
    old = "ruleset t version 1.0.0\ndata\n  vix volatility\n"
    renamed = 'ruleset t version 1.0.0\ndata\n  v volatility from "vix"\n'
    other = 'ruleset t version 1.0.0\ndata\n  vix volatility from "vix9d"\n'
    late = "ruleset t version 1.0.0\ndata\n  vix volatility known next session\n"
    line = "signal s when vix > 20\n"
    assert verdict(line, "signal s when v > 20\n", "s", old, renamed).status == "same"
    assert verdict(line, line, "s", old, other).status == "different"
    assert verdict(line, line, "s", old, late).status == "different"


def test_rows_of_one_value_may_be_merged() -> None:
    def table(rows: str) -> str:
        return f"{SLOPE}table h by slope\n{rows}target s = h\n"

    apart = table("  below 0% => 1%\n  0% to 5% => 2%\n  5% to 9% => 2%\n  9% or more => 3%\n")
    merged = table("  below 0% => 1%\n  0% to 9% => 2%\n  9% or more => 3%\n")
    assert verdict(apart, merged).status == "same"
    changed = table("  below 0% => 1%\n  0% to 9% => 2.5%\n  9% or more => 3%\n")
    found = verdict(merged, changed)
    assert (found.status, found.old, found.new) == ("different", "2%", "2.5%")
    assert found.region == "slope >= 0% and slope < 9%"
    assert found.example is not None
    assert set(found.example.given) == {"vix", "vix3m"}


def test_the_region_is_between_the_edges() -> None:
    found = verdict(
        f"{SLOPE}signal s when slope > 5% and m > 50\n",
        f"{SLOPE}signal s when slope > 8% and m > 50\n",
    )
    assert (found.status, found.old, found.new) == ("different", "true", "false")
    assert sorted(found.region.split(" and ")) == ["m > 50", "slope <= 8%", "slope > 5%"]
    assert found.example is not None
    assert 5 < 100 * (found.example.given["vix3m"] / found.example.given["vix"] - 1) <= 8


def test_a_difference_that_rounding_makes_is_said_to_be_one() -> None:
    found = verdict(
        f"{SLOPE}signal s when slope > 5%\n", f"{SLOPE}signal s when vix3m > 105% * vix\n"
    )
    assert found.status == "same_off_boundary"
    assert found.old != found.new
    given = found.example.given
    # As the evaluator has it: two doubles, two answers.
    assert (np.float64(given["vix3m"]) / given["vix"] - 1 > 0.05) != (
        given["vix3m"] > 1.05 * given["vix"]
    )
    assert "vix" in found.boundary


def test_a_difference_in_gaps_is_a_difference() -> None:
    rows = "table h by vix\n  below 20 => 1%\n  20 or more => 2%\n"
    found = verdict(f"{rows}target s = h\n", f"{rows}  missing => 2%\ntarget s = h\n")
    assert (found.status, found.old, found.new) == ("different", "missing", "2%")
    assert found.region == "vix is missing"
    assert found.example is not None
    assert found.example.given == {"vix": None}


def test_latches_that_differ_are_given_their_memories() -> None:
    old = f"{SLOPE}signal s from slope < 0% until vix > 30 for 3 sessions\n"
    found = verdict(old, old.replace("3 sessions", "4 sessions"))
    assert found.status == "different"
    assert found.old != found.new
    assert any("before" in name for name in found.example.given)
    # Ended later, never earlier: the old one is not on where the new one is off.
    assert (found.old, found.new) == ("false", "true")


def test_labels_go_by_their_words() -> None:
    old = "labels mood = calm, wild\ntarget s = if vix > 30 then wild else calm\n"
    new = old.replace("calm, wild", "wild, calm")
    assert verdict(old, new).status == "same"
    found = verdict(old, old.replace("> 30", "> 40"))
    assert (found.old, found.new) == ("wild", "calm")


def test_another_kind_of_answer_is_different() -> None:
    found = verdict("target s = vix\n", "target s = vix > 20\n")
    assert found.status == "different"


def test_no_time_is_undecided() -> None:
    before = checked(f"{SLOPE}signal s when slope > 5%\n")
    after = checked(f"{SLOPE}signal s when slope > 6%\n")
    (found,) = compare_decisions(before, after, ["s"], seconds=0.0)
    assert (found.status, found.reason) == ("undecided", "the time was spent on what came before")


def test_what_cancels_in_real_arithmetic_alone_is_the_same_off_a_boundary() -> None:
    found = verdict("signal s when vix / 3 * 3 is vix\n", "signal s when vix > 0\n")
    assert found.status == "same_off_boundary"
    assert (found.old, found.new) == ("false", "true")


def test_a_difference_that_no_history_brings_about_is_undecided() -> None:
    found = verdict(
        "signal s when highest(lowest(vix, 5), 5) > highest(vix, 10)\n", "signal s when vix < 0\n"
    )
    assert found.status == "undecided"
    assert "these rest on the same data" in found.reason
    found = verdict(
        "signal s when vix > sma(vix, 20)\n", "signal s when vix > sma(vix, 20) * 1.05\n"
    )
    assert found.status == "different"
