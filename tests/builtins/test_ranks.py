"""Ranks in windows, counted in any way, are those of counting each window by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_rules.builtins.kernels import ranks
from alvh_rules.builtins.kernels.windows import percentile_rank, wma

VALUES = st.sampled_from([0.0, -0.0, 1.0, 1.0, -2.5, 5e-324, np.inf, -np.inf, np.nan])


def one_by_one(x, n):
    """The definition, a row at a time."""
    found = np.full(len(x), np.nan)
    for row in range(n - 1, len(x)):
        window = x[row - n + 1 : row + 1]
        if not np.isnan(window).any():
            found[row] = sum(value <= window[-1] for value in window) / n
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(VALUES | st.floats(allow_nan=False), max_size=150),
    st.integers(1, 40),
    st.sampled_from(["as it is", "each", "lags", "ranks", "pieces"]),
)
def test_ranks_are_those_of_each_window(values, n, way) -> None:
    x = np.array(values, dtype=float)
    with pytest.MonkeyPatch.context() as patch:
        if way != "as it is":
            patch.setattr(ranks, "_FEW", 10**9 if way == "each" else 0)
            patch.setattr(ranks, "_SHORTEST", 10**9 if way == "lags" else 0)
            patch.setattr(ranks, "_SHORT", 10**9 if way == "ranks" else 0)
            patch.setattr(ranks, "_NEAR", 56)
            patch.setattr(ranks, "_PIECES", 8)
            patch.setattr(ranks, "_BUCKET", 4)
            patch.setattr(ranks, "_RANKED", 90)
        found = percentile_rank(x, n)
    assert found.tobytes() == one_by_one(x, n).tobytes()


@pytest.mark.parametrize("n", [1_001, 3_000, 40_000])
def test_long_windows(n) -> None:
    """More rows than are ranked at a time, in two bytes and in four, with many ties."""
    random = np.random.default_rng(n)
    x = random.integers(0, 5_000, 140_000) / 4.0
    found = percentile_rank(x, n)
    assert np.isnan(found[: n - 1]).all()
    for row in [
        n - 1,
        n,
        65_535,
        65_536,
        65_537,
        100_003,
        len(x) - 1,
        *random.integers(n, 140_000, 50),
    ]:
        if row >= n - 1:
            window = x[row - n + 1 : row + 1]
            assert found[row] == np.count_nonzero(window <= x[row]) / n, row


def test_bytes_do_not_overflow() -> None:
    """Every lag counts: more of them than a byte holds."""
    rising = np.arange(3_000.0)
    for n in (127, 128, 129, 255, 256, 600, 1_500):
        assert (percentile_rank(rising, n)[n - 1 :] == 1.0).all()
        assert (percentile_rank(-rising, n)[n - 1 :] == 1 / n).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), max_size=80), st.integers(1, 40))
def test_weighted_averages(values, n) -> None:
    """To rounding; a missing row makes every window that it is in unknown."""
    x = np.array(values, dtype=float)
    found = wma(x, n)
    weights = np.arange(1, n + 1)
    for row in range(len(x)):
        window = x[max(row - n + 1, 0) : row + 1]
        if len(window) < n or np.isnan(window).any():
            assert np.isnan(found[row])
        else:
            wanted = (window * weights).sum() / weights.sum()
            assert abs(found[row] - wanted) <= 1e-12 * np.abs(window).max()


def test_the_last_row_alone_has_the_bits_of_history() -> None:
    random = np.random.default_rng(1)
    x = random.random(300)
    for kernel in (wma, percentile_rank):
        for n in (1, 20, 77):
            history = kernel(x, n)
            for row in range(n - 1, 300, 13):
                alone = kernel(x[row - n + 1 : row + 1], n)
                assert alone[-1:].tobytes() == history[row : row + 1].tobytes()
