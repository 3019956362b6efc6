"""What windows are known to be, and what is asked of histories: no refutation that no history brings."""

import numpy as np
import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from alvh_rules.core.kleene import FALSE
from alvh_rules.prove.context import Context
from alvh_rules.prove.histories import Histories, entangled
from alvh_rules.prove.ruleset import can, prove
from alvh_rules.prove.solver import Budget
from alvh_rules.prove.verdicts import Verdict
from tests.programs import checked


def verdicts(lines: str) -> dict[str, Verdict]:
    result = checked(lines)
    assert result.ruleset is not None, result.rendered()
    return {item.text.removeprefix("always "): item for item in prove(result.ruleset).verdicts}


@pytest.mark.parametrize(
    "promise",
    [
        # True of every history, and so of every run; the solver has no words for it.
        "highest(lowest(vix, 5), 5) <= highest(vix, 10)",
        "sma(highest(vix, 5), 5) >= lowest(vix, 5)",
        "not crosses_above(vix, vix3m) or ago(vix, 1) <= ago(vix3m, 1)",
    ],
)
def test_what_no_history_breaks_is_not_called_refuted(promise: str) -> None:
    found = verdicts(f"always {promise}\n")[promise]
    assert found.status == "undecided"
    assert "these rest on the same data, and no history was found" in found.reason


@pytest.mark.parametrize(
    "promise",
    [
        "change(vix, 5) < vix",
        "zscore(vix, 20) <= 0 or vix > sma(vix, 20)",
        "macd(spx, 5, 10) > 0 or ema(spx, 5) <= ema(spx, 10)",
        "vix - change(vix, 5) is ago(vix, 5) or change(vix, 5) is missing",
    ],
)
def test_definitions_hold_in_whichever_order_windows_are_met(promise: str) -> None:
    found = verdicts(f"always {promise}\n")[promise]
    assert found.status == "proved" or found.rounding, found


def test_a_condition_that_means_another_lasts_no_longer() -> None:
    lines = (
        "signal long when spx > 90 for 5 sessions\n"
        "signal both when (spx > 100 and vix < 30) for 5 sessions\n"
        "signal brief when (spx > 100 and vix < 30) for 4 sessions\n"
        "always long or not both\nalways both or not long\nalways long or not brief\n"
    )
    found = verdicts(lines)
    assert found["long or not both"].status == "proved"
    assert found["both or not long"].status == "refuted"
    assert "a history was found that shows it too" in found["both or not long"].notes[0]
    assert found["long or not brief"].status == "refuted"


def test_latches_that_mean_one_another() -> None:
    lines = (
        "signal near from vix > 20 until vix < 15\n"
        "signal far from vix > 30 until vix < 18\n"
        "signal seen when near\n"
        "always near or not far\nalways far or not near\n"
    )
    found = verdicts(lines)
    assert found["near or not far"].status == "proved"
    assert found["far or not near"].status == "refuted"


def test_an_average_that_rounding_puts_above_all_that_it_averages_is_found() -> None:
    found = verdicts("always wma(vix, 5) <= highest(vix, 5)\n")["wma(vix, 5) <= highest(vix, 5)"]
    assert found.status == "refuted"
    assert found.rounding
    assert found.market is not None
    given = found.market.given
    average, most = given["wma(vix, 5)"], given["highest(vix, 5)"]
    assert isinstance(average, float)
    assert isinstance(most, float)
    assert 0 < average - most < 1e-12


@pytest.mark.parametrize(
    "promise", ["vix / 3 * 3 is vix", "vix / vix3m * vix3m is vix", "(vix + vix3m) - vix3m is vix"]
)
def test_what_cancels_in_real_arithmetic_alone_is_refuted_in_floating_point(promise: str) -> None:
    # No edge, since both sides are one polynomial: only running it shows it.
    found = verdicts(f"always {promise}\n")[promise]
    assert (found.status, found.rounding) == ("refuted", True)


def test_values_of_different_data_stand_beside_one_another() -> None:
    lines = "always rsi(spx, 14) > 10 or sma(vix, 5) < 30\n"
    (found,) = verdicts(lines).values()
    assert found.status == "refuted"
    assert "whether a history comes to it is not asked" in found.notes[0]


def test_can_says_yes_only_to_what_can_come_about() -> None:
    def answer(condition: str) -> str:
        result = checked(f"assume vix < 90\nassume {condition}\n")
        assert result.ruleset is not None
        found = can(result.ruleset, condition)
        assert found is not None
        return found.answer

    assert answer("highest(lowest(vix, 5), 5) > highest(vix, 10)") == "undecided"
    assert answer("highest(vix, 5) > sma(vix, 20) + 1") == "yes"
    assert answer("lowest(vix, 5) > highest(vix, 5)") == "never"


def test_a_window_moves_no_faster_than_today() -> None:
    lines = (
        "target a = if vix > sma(vix, 20) then 10% else 20%\n"
        "target b = if zscore(vix, 20) > 0 then 10% else 20%\n"
        "target c = if change(vix, 5) > 1 then 10% else 20%\n"
        "target d = if vix - highest(vix, 5) < -1 then 10% else 20%\n"
        + "".join(f"always {name} never rises as vix rises\n" for name in "abcd")
        + "".join(f"always {name} never falls as vix rises\n" for name in "abcd")
    )
    found = verdicts(lines)
    assert {name: found[f"{name} never rises as vix rises"].status for name in "abcd"} == {
        **dict.fromkeys("abc", "proved"),
        "d": "refuted",
    }
    assert found["d never falls as vix rises"].status == "proved"
    for name in "abc":
        assert found[f"{name} never falls as vix rises"].status == "refuted"


def context(lines: str) -> Context:
    result = checked(lines)
    assert result.ruleset is not None, result.rendered()
    return Context(result.ruleset, Budget(10.0))


def test_histories_keep_to_what_is_assumed() -> None:
    made = context("assume vix between 10 and 40\nassume vix3m > vix / 2\nsignal s when vix > 20\n")
    histories = made.histories
    vix = next(n for n, node in enumerate(made.plan.nodes) if made.shown.text(n) == "vix")
    outside = histories.seen([vix], lambda columns: (columns[0] < 10) | (columns[0] > 40))
    assert outside is None
    assert histories.seen([vix], lambda columns: columns[0] > 39) is not None
    assert histories.seen([vix], lambda columns: columns[0] < 11) is not None
    number = made.plan.names["s"]
    both = [histories.seen([number], lambda c, v=value: c[0] == v) for value in (FALSE, 1)]  # type: ignore[misc]
    assert None not in both


def test_windows_that_look_too_far_back_have_no_histories() -> None:
    made = context("signal s when vix > sma(vix, 9000)\n")
    assert not made.histories.possible
    number = made.plan.names["s"]
    assert made.histories.seen([number], lambda columns: np.ones(len(columns[0]), bool)) is None


def test_which_values_rest_on_the_same_data() -> None:
    made = context(
        "let a = sma(vix, 5)\nlet b = rsi(spx, 14)\nlet c = ago(vix, 3)\n"
        "signal l from vix > 20 until vix < 15\n"
        "target w = if l and a > 1 and b > 1 and c > 1 and vix > 3 then 1% else 2%\n"
    )
    from alvh_rules.prove.example import Part

    parts = {
        made.shown.text(number): Part(made.to, number, made.shown.text(number))
        for number in made.to.market_of(made.plan.names["w"])
    }

    def together(*names: str) -> bool:
        return entangled([parts[name] for name in names])

    assert not together("vix", "l")
    assert not together("vix", "c")
    assert not together("a", "b")
    assert together("vix", "a")
    assert together("a", "c")
    assert together("l", "c")


def test_one_history_is_made_for_all_questions(monkeypatch) -> None:
    made = context("always highest(lowest(vix, 5), 5) <= highest(vix, 10)\nalways vix > 0\n")
    calls: list[int] = []
    plain = Histories._market
    monkeypatch.setattr(
        Histories, "_market", lambda self, which: calls.append(which) or plain(self, which)
    )
    for name in ("always.1", "always.2"):
        made.histories.seen([made.plan.names[name]], lambda columns: columns[0] == FALSE)
    assert calls == [0, 1, 2, 3]
