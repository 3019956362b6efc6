"""What is the same computation is proved so by its form alone, and what is not is not."""

import pytest

from alvh_rules.compare.bump import Bump
from tests.compare.pairs import statuses, without_solver

TABLE = "table t by vix\n  below 15 => 10%\n  15 to 20 => 20%\n  20 or more => 30%\n  missing => 5%\ntarget w = t\n"
GRID = (
    "table t by vix, vix3m\n             | below 20 | 20 or more\n"
    "  below 15   | 1%       | 2%\n  15 or more | 3%       | 4%\n  missing => 0%\ntarget w = t\n"
)
SAME = {
    "layout and a comment": ("signal s when vix > 20\n", "# why\nsignal  s   when vix>20 # here\n"),
    "a let by another name": (
        "let q = vix / vix3m\nsignal s when q > 1\n",
        "let r = vix / vix3m\nsignal s when r > 1\n",
    ),
    "a let written out": (
        "let q = vix / vix3m\nsignal s when q > 1\n",
        "signal s when vix / vix3m > 1\n",
    ),
    "a param by another name": (
        "param a = 20\nsignal s when vix > a\n",
        "param b = 20\nsignal s when vix > b\n",
    ),
    "clauses in another order": (
        "signal s when all of\n  vix > 20\n  spx > 3000\n",
        "signal s when all of\n  spx > 3000\n  vix > 20\n",
    ),
    "items in another order": (
        "let q = vix / vix3m\nsignal r when vix > 9\nsignal s when q > 1\n",
        "signal s when q > 1\nsignal r when vix > 9\nlet q = vix / vix3m\n",
    ),
    "de Morgan": (
        "signal s when not (vix > 20 and spx > 3000)\n",
        "signal s when not vix > 20 or not spx > 3000\n",
    ),
    "the opposite of a comparison": ("signal s when not vix > 20\n", "signal s when vix <= 20\n"),
    "a comparison turned round": ("signal s when vix > 20\n", "signal s when 20 < vix\n"),
    "between": ("signal s when vix between 10 and 20\n", "signal s when vix >= 10 and vix <= 20\n"),
    "nested blocks": (
        "signal s when all of\n  vix > 20\n  all of\n    spx > 3000\n    vix3m > 9\n",
        "signal s when vix3m > 9 and vix > 20 and spx > 3000\n",
    ),
    "a sum turned round": ("target w = vix + vix3m\n", "target w = vix3m + vix\n"),
    "rows of equal value merged": (
        TABLE.replace("20%", "10%"),
        TABLE.replace("below 15 => 10%\n  15 to 20", "below 20").replace("20%", "10%"),
    ),
    "rows in another order": (
        TABLE,
        TABLE.replace("  below 15 => 10%\n", "").replace(
            "  missing", "  below 15 => 10%\n  missing"
        ),
    ),
    "a grid's equal columns merged": (
        GRID.replace("2%", "1%").replace("4%", "3%"),
        GRID.replace("below 20 |", "below 30 |")
        .replace("20 or more", "30 or more")
        .replace("2%", "1%")
        .replace("4%", "3%"),
    ),
    "labels in another order": (
        "labels m = lo, hi\ntarget w = if vix < 20 then lo else hi\n",
        "labels m = hi, lo\ntarget w = if vix < 20 then lo else hi\n",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_one_computation_in_two_forms(name: str) -> None:
    found = without_solver(*SAME[name])
    assert set(statuses(found).values()) == {"same"}
    assert {item.how for item in found.decisions} == {"structure"}
    assert found.bump is Bump.PATCH
    assert found.changes == ()
    assert found.proof == ""


OTHER = {
    "another number": ("signal s when vix > 20\n", "signal s when vix > 21\n"),
    "another edge": ("signal s when vix > 20\n", "signal s when vix >= 20\n"),
    "another operator": (
        "signal s when vix > 20 and spx > 3000\n",
        "signal s when vix > 20 or spx > 3000\n",
    ),
    "a difference turned round": ("target w = vix - vix3m\n", "target w = vix3m - vix\n"),
    "regrouped sums, which round apart": (
        "target w = (vix + vix3m) + sma(vix, 3)\n",
        "target w = vix + (vix3m + sma(vix, 3))\n",
    ),
    "another window": ("target w = sma(vix, 3)\n", "target w = sma(vix, 4)\n"),
    "another column": ("target w = vix\n", "target w = vix3m\n"),
    "an edge that joins the other band": (
        TABLE.replace("below 15", "up to 15")
        .replace("15 to 20", "over 15 up to 20")
        .replace("20 or more", "over 20"),
        TABLE,
    ),
    "another answer to a missing input": (TABLE, TABLE.replace("missing => 5%", "missing => 6%")),
    "no answer to a missing input": (TABLE, TABLE.replace("  missing => 5%\n", "")),
    "a grid turned over": (GRID, GRID.replace("by vix, vix3m", "by vix3m, vix")),
    "a grid's cell": (GRID, GRID.replace("4%", "5%")),
    "another label": (
        "labels m = lo, hi\ntarget w = if vix < 20 then lo else hi\n",
        "labels m = lo, hi\ntarget w = if vix < 20 then hi else lo\n",
    ),
    "a latch turned round": (
        "signal s from vix > 20 until vix < 10\n",
        "signal s from vix < 10 until vix > 20\n",
    ),
    "longer": (
        "signal s when vix > 20 for 2 sessions\n",
        "signal s when vix > 20 for 3 sessions\n",
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_computes_something_else_is_not_the_same(name: str) -> None:
    found = without_solver(*OTHER[name])
    (decision,) = found.decisions
    assert decision.status == "undecided"
    assert decision.reason == "no proof was made"
    assert "pip install 'alvh-rules[prove]'" in found.proof
    assert decision.causes
    assert found.bump is Bump.MINOR


def test_a_long_chain_of_turned_conditions_is_compared() -> None:
    def lines(word: str) -> str:
        chain = [f"signal {word}0 when vix > 20\n"]
        for at in range(1500):
            chain.append(
                f"let {word}{at + 1} = not {word}{at} {'and' if at % 2 else 'or'} spx > {at}\n"
            )
        return "".join([chain[0].replace(f"signal {word}0 when", f"let {word}0 ="), *chain[1:]]) + (
            f"signal s when {word}1500\n"
        )

    assert statuses(without_solver(lines("a"), lines("b"))) == {"s": "same"}
