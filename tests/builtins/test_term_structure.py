"""Functions of a curve: by hand, at the roll, over holes, and end to end on a simulated market."""

import numpy as np
import pytest

from alvh_rules.builtins.kernels.term_structure import constant_maturity, roll_yield
from alvh_rules.core.source import Source
from alvh_rules.evaluate.interpreter import Interpreter
from alvh_rules.market.expiries import days_to_expiry
from alvh_rules.market.read import market_from_frame
from alvh_rules.market.simulate import simulate
from alvh_rules.pipeline import check_source, evaluate

RULESET = """\
ruleset curve version 1.0.0
data
  vx curve from "m1" to "m7"
  vix volatility
param
  month = 4
let month_ahead = constant_maturity(vx, 30 days)
let wanted = constant_maturity(vx, 20 days + 1 * 4 days)
let far_off = constant_maturity(vx, 400)
let soon = constant_maturity(vx, 3)
let roll = roll_yield(vx)
let middle = roll_yield(vx, month, 7)
signal contango when month_ahead > vix and roll < 0
let kept = weekly(constant_maturity(vx, 60))
signal steep when kept > vix
test "given by its name"
  given
    month_ahead = 20, vix = 15, roll = -30
  expect
    contango
test "nothing is known of a curve that is not given"
  given
    vix = 15
  expect
    contango is missing
"""


def curve(*months: tuple[float, float]):
    prices, days = zip(*months, strict=True)
    return tuple(np.array([p]) for p in prices), tuple(np.array([d], dtype=float) for d in days)


def at(days: float, *months: tuple[float, float]) -> float:
    return constant_maturity(curve(*months), np.array([float(days)]))[0]


NAN = np.nan


def test_constant_maturity_by_hand() -> None:
    months = ((15.0, 10.0), (17.0, 45.0), (18.0, 73.0))
    assert at(30, *months) == pytest.approx(15 + 2 * 20 / 35)
    assert at(59, *months) == pytest.approx(17.5)
    assert [at(day, *months) for day in (10, 45, 73)] == [15.0, 17.0, 18.0]
    assert np.isnan([at(day, *months) for day in (9, 9.99, 74, -3, NAN)]).all()


def test_a_hole_is_not_bridged() -> None:
    months = ((15.0, 10.0), (NAN, 45.0), (18.0, 73.0))
    assert np.isnan([at(30, *months), at(45, *months), at(60, *months)]).all()
    assert [at(10, *months), at(73, *months)] == [15.0, 18.0]
    assert np.isnan(at(30, (15.0, NAN), (17.0, 45.0)))
    assert np.isnan(at(30, (15.0, 10.0)))


def test_the_roll_by_hand() -> None:
    months = curve((15.0, 10.0), (16.0, 45.0), (18.0, 73.0))
    assert roll_yield(months, 1, 2)[0] == pytest.approx(100 * (15 / 16 - 1) * 365 / 35)
    assert roll_yield(months, 1, 3)[0] == pytest.approx(100 * (15 / 18 - 1) * 365 / 63)
    assert np.isnan([roll_yield(months, 2, 2)[0], roll_yield(months, 3, 1)[0]]).all()
    assert np.isnan(roll_yield(curve((15.0, 10.0), (NAN, 45.0)), 1, 2)[0])
    assert roll_yield(curve((25.0, 10.0), (20.0, 45.0)), 1, 2)[0] > 0


def test_a_ruleset_reads_its_curve_from_a_file() -> None:
    frame = simulate(150, 4, start="2020-01-02")
    frame.loc[40, "m2"] = NAN
    result = check_source(Source("c.alvh", RULESET))
    assert result.ruleset is not None, result.rendered()
    market, found = market_from_frame(frame, result.ruleset.schema)
    assert found == []
    evaluation = evaluate(result.ruleset, market)
    columns = evaluation.columns
    days = days_to_expiry(market.timeline.dates, 7)
    for row in range(150):
        first = int(np.searchsorted(days[row], 30.0, "right")) - 1
        if first < 0 or row == 40:
            continue
        near, far = frame.loc[row, f"m{first + 1}"], frame.loc[row, f"m{first + 2}"]
        share = (30 - days[row][first]) / (days[row][first + 1] - days[row][first])
        assert columns["month_ahead"][row] == pytest.approx(near + share * (far - near))
    # On the first day after a roll the first month may be more than thirty days off.
    np.testing.assert_array_equal(
        np.isnan(columns["month_ahead"]), (days[:, 0] > 30) | (np.arange(150) == 40)
    )
    assert np.isnan(columns["month_ahead"]).sum() > 5
    assert np.isnan(columns["far_off"]).all()
    np.testing.assert_array_equal(np.isnan(columns["soon"]), days[:, 0] > 3)
    middle = 100 * (frame["m4"] / frame["m7"] - 1) * 365 / (days[:, 6] - days[:, 3])
    np.testing.assert_allclose(columns["middle"], middle)
    # A week's value is its last session's, read from the next session on.
    sixty = constant_maturity(market.curve("vx"), np.full(150, 60.0))
    periods = market.timeline.periods["week"]
    for sample, available in zip(periods.sample, periods.available, strict=True):
        if available < 150:
            assert columns["kept"][available] == sixty[sample]
    assert len(set(columns["kept"][~np.isnan(columns["kept"])])) > 25
    interpreter = Interpreter(result.ruleset, market)
    for name in ("month_ahead", "wanted", "soon", "roll", "middle", "kept"):
        slow = [interpreter.value(name, row) for row in range(150)]
        expected = [NAN if value is None else value for value in slow]
        np.testing.assert_allclose(columns[name], expected, rtol=1e-12)


def test_a_rulesets_own_tests_may_give_what_a_curve_says() -> None:
    from alvh_rules.testing.run_tests import run_tests

    result = check_source(Source("c.alvh", RULESET))
    assert result.ruleset is not None
    assert [outcome.verdict for outcome in run_tests(result.ruleset)] == ["passed", "passed"]
