"""Returns and real effective levels: by hand, against polynomial roots, and where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.builtins.kernels.finance import irr, npv, reer
from alvh_rules.evaluate.interpreter import FUNCTIONS


def rate(*flows: float) -> float:
    return irr(*(np.array([flow]) for flow in flows))[0]


def test_returns_by_hand() -> None:
    assert rate(-100.0, 110.0) == pytest.approx(10.0, rel=1e-14)
    assert rate(-100.0, 0.0, 121.0) == pytest.approx(10.0, rel=1e-14)
    assert rate(100.0, -110.0) == pytest.approx(10.0, rel=1e-14)
    assert rate(0.0, -100.0, 100.0) == pytest.approx(0.0, abs=1e-12)
    assert rate(-100.0, 50.0) == pytest.approx(-50.0, rel=1e-13)
    assert rate(-1.0, 11.0) == pytest.approx(1000.0, rel=1e-13)
    assert rate(-1e6, 100.1) == pytest.approx(-99.98999, rel=1e-12)


@pytest.mark.parametrize(
    "flows",
    [
        (100.0, 50.0),
        (-100.0, -50.0),
        (0.0, 0.0),
        (-100.0, 230.0, -132.0),
        (-100.0, 300.0, -280.0, 90.0),
        (-1.0, 11.1),
        (-1e6, 99.0),
        (-100.0, np.nan, 121.0),
        (np.nan, 100.0),
    ],
)
def test_a_return_that_is_not_the_only_one_is_unknown(flows) -> None:
    assert np.isnan(rate(*flows))


def test_returns_are_the_roots_of_the_polynomial() -> None:
    random = np.random.default_rng(8)
    flows = np.abs(random.normal(0, 100, (6, 300)))
    turn = random.integers(1, 6, 300)
    flows[np.arange(6)[:, None] < turn] *= -1
    found = irr(*flows)
    known = 0
    for row in range(300):
        roots = np.roots(flows[::-1, row])
        real = roots[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)].real
        assert len(real) == 1
        expected = 100 * (1 / real[0] - 1)
        if -99.99 < expected < 1000:
            known += 1
            assert found[row] == pytest.approx(expected, rel=1e-9, abs=1e-9)
        else:
            assert np.isnan(found[row])
    assert known > 200
    here = np.isfinite(found)
    worth = npv(found[here], *flows[:, here])
    np.testing.assert_allclose(worth, 0.0, atol=1e-9 * np.abs(flows).sum(axis=0)[here].max())


@given(st.lists(st.sampled_from([-100.0, -7.0, 0.0, 3.0, 60.0, 250.0]), min_size=2, max_size=7))
def test_returns_agree_with_the_interpreters(flows) -> None:
    slow = FUNCTIONS["irr"](*flows)
    if slow is None:
        assert np.isnan(rate(*flows))
    else:
        assert rate(*flows) == pytest.approx(slow, rel=1e-10, abs=1e-10)


def level(*values: float) -> float:
    return reer(*(np.array([value]) for value in values))[0]


def test_real_effective_levels_by_hand() -> None:
    assert level(20.0, 20.0, 15.0, 15.0, 1.0) == pytest.approx(1.0)
    # Twice its norm against one at its norm.
    assert level(40.0, 20.0, 15.0, 15.0, 1.0) == pytest.approx(2.0)
    # Both twice their norms: dear in the same measure, so at par.
    assert level(40.0, 20.0, 30.0, 15.0, 1.0) == pytest.approx(1.0)
    two = (30.0, 20.0, 18.0, 15.0, 0.6, 10.0, 16.0, 0.4)
    assert level(*two) == pytest.approx((1.5 / 1.2) ** 0.6 * (1.5 / 0.625) ** 0.4)
    # Only the weights' proportions count.
    assert level(*two[:4], 6.0, *two[5:7], 4.0) == pytest.approx(level(*two))
    # In the unit of its own choosing: a fifth of every volatility and norm changes nothing.
    fifth = [value / 5 if at % 3 != 1 or at < 2 else value for at, value in enumerate(two)]
    assert level(*fifth) == pytest.approx(level(*two))


@pytest.mark.parametrize(
    "values",
    [
        (0.0, 20.0, 15.0, 15.0, 1.0),
        (20.0, -1.0, 15.0, 15.0, 1.0),
        (20.0, 20.0, 0.0, 15.0, 1.0),
        (20.0, 20.0, 15.0, 0.0, 1.0),
        (20.0, 20.0, 15.0, 15.0, 0.0),
        (20.0, 20.0, 15.0, 15.0, -1.0),
        (20.0, 20.0, 15.0, 15.0, 1.0, 10.0, 10.0, -0.5),
        (20.0, 20.0, np.nan, 15.0, 1.0),
        (20.0, 20.0, 15.0, 15.0, np.nan),
    ],
)
def test_what_has_no_real_effective_level_is_unknown(values) -> None:
    assert np.isnan(level(*values))
