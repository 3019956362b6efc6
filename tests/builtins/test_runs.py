"""Columns that keep a value for a while."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alvh_rules.builtins.kernels.runs import stretched
from alvh_rules.builtins.kernels.series import latch
from alvh_rules.core.kleene import FALSE


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 150))
def test_each_value_stands_from_its_start_until_the_next(more, rows) -> None:
    """Of values with one start the last stands."""
    starts = sorted([0, *(start for start in more if start < rows)])
    values = np.arange(len(starts), dtype=float)
    expected = [values[max(i for i, s in enumerate(starts) if s <= row)] for row in range(rows)]
    assert stretched(np.array(starts), values, rows).tolist() == expected


def test_starts_that_are_as_many_as_the_rows_and_not_one_each() -> None:
    assert stretched(np.array([0, 0, 2]), np.array([7.0, 8.0, 9.0]), 3).tolist() == [8.0, 8.0, 9.0]


TRUTHS = st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), max_size=40)


@given(TRUTHS, TRUTHS)
def test_a_latch_is_each_rows_clamp_of_the_row_before(first, second) -> None:
    """In two parts, so that what is remembered is tried as well."""
    state, expected = FALSE, []
    for begin, end in [*first, *second]:
        state = min(-end, max(begin, state))
        expected.append(state)
    memory: dict = {}
    found = []
    for part in (first, second):
        begin, end = (np.array([row[side] for row in part], dtype=np.int8) for side in (0, 1))
        found += latch(memory, begin, end).tolist()
    assert found == expected
