"""Interpolated tables: what NumPy's interpolation gives, and one answer for a number and a column."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.evaluate.interpolation import Polyline
from alvh_rules.plan import graph as g

NUMBERS = st.floats(-1e6, 1e6)
LINES = st.lists(
    st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9, unique_by=lambda pair: pair[0]
)


def line_of(pairs) -> Polyline:
    points, values = zip(*sorted(pairs), strict=True)
    return Polyline.of(g.Interpolate(points, values))


@given(LINES, st.lists(st.floats(-2e6, 2e6), max_size=20))
def test_it_is_what_numpy_gives(pairs, values) -> None:
    line = line_of(pairs)
    values = np.array([*values, *line.points, *np.nextafter(line.points, math.inf)])
    expected = np.interp(values, line.points, line.values)
    largest = max(map(abs, line.values))
    # A processor that fuses a multiplication and an addition differs in the last bits.
    assert np.allclose(line.on(values), expected, rtol=1e-12, atol=1e-12 * largest)
    assert (line.on(np.array(line.points)) == line.values).all()


@given(LINES, st.lists(st.floats(allow_nan=False), max_size=20))
def test_a_number_and_a_column_have_the_same_bits(pairs, values) -> None:
    line = line_of(pairs)
    values += line.points
    found = np.array([line.at(value) for value in values])
    assert found.tobytes() == line.on(np.array(values)).tobytes()


def test_what_is_missing_stays_so() -> None:
    line = line_of([(0.0, 1.0), (1.0, 3.0)])
    found = line.on(np.array([math.nan, -5.0, 0.25, 5.0]))
    assert np.array_equal(found, [math.nan, 1.0, 1.5, 3.0], equal_nan=True)


def test_points_without_a_slope_between_them_make_a_step() -> None:
    line = line_of([(0.0, -1e300), (5e-324, 1e300), (1.0, 1e300)])
    assert [line.at(value) for value in (-1.0, 0.0, 5e-324, 0.5)] == [-1e300, -1e300, 1e300, 1e300]
