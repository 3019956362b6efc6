"""The normal distribution against Python's own, in the body and far into the tails."""

import math

import numpy as np
import pytest
from scipy import special

from alvh_rules.builtins.kernels.normal import erfc, erfcx, normal_cdf, normal_density

BREAKS = [0.46875, -0.46875, 4.0, -4.0]
X = np.concatenate([np.linspace(-27, 27, 20_001), BREAKS, np.nextafter(BREAKS, 99.0)])


def test_erfc_agrees_with_pythons_to_the_last_digits() -> None:
    expected = np.array([math.erfc(x) for x in X.tolist()])
    normal = expected > 1e-300
    np.testing.assert_allclose(erfc(X)[normal], expected[normal], rtol=2e-15)
    np.testing.assert_allclose(erfc(X)[~normal], expected[~normal], atol=1e-300)


def test_erfcx_agrees_with_scipys() -> None:
    y = np.concatenate([np.linspace(0, 60, 20_001), np.geomspace(1e-12, 1e200, 100)])
    np.testing.assert_allclose(erfcx(y), special.erfcx(y), rtol=2e-15)


def test_ends_and_missing() -> None:
    ends = np.array([-np.inf, np.inf, np.nan, 1e300])
    np.testing.assert_array_equal(erfc(ends), [2.0, 0.0, np.nan, 0.0])
    np.testing.assert_array_equal(erfcx(ends[1:]), [0.0, np.nan, special.erfcx(1e300)])
    np.testing.assert_array_equal(normal_cdf(ends), [0.0, 1.0, np.nan, 1.0])
    np.testing.assert_array_equal(normal_density(ends), [0.0, 0.0, np.nan, 0.0])


def test_known_values() -> None:
    assert normal_cdf(np.array([-10.0]))[0] == pytest.approx(7.619853024160527e-24, rel=1e-14)
    assert normal_density(np.array([1.0]))[0] == pytest.approx(0.24197072451914337, rel=1e-15)
