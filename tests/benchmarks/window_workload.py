"""Functions of windows beside pandas' own, each compared with its peer before it is timed.

pandas has no weighted average of its own: there each window is multiplied by its weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas

from alvh_rules.builtins.kernels.series import cumulative
from alvh_rules.builtins.kernels.windows import percentile_rank, wma
from tests.benchmarks.measure import interleaved

ROWS = 131_072
"""A block of a long run."""
WINDOWS = (20, 252, 5_000)
ROUNDS = 5

Way = Callable[[], "np.ndarray | pandas.Series"]


def pairs(x: np.ndarray, n: int) -> dict[str, tuple[Way, Way]]:
    """Each function of a window, and its peer."""
    series = pandas.Series(x)
    weights = np.arange(1, n + 1) / (n * (n + 1) / 2)
    return {
        "percentile_rank": (
            lambda: percentile_rank(x, n),
            lambda: series.rolling(n).rank(method="max") / n,
        ),
        "wma": (
            lambda: wma(x, n),
            lambda: series.rolling(n).apply(lambda window: window @ weights, raw=True),
        ),
    }


def seconds() -> dict[tuple[str, int], tuple[float, float]]:
    """By function and rows of the window (0: all so far), the seconds of ours and of pandas."""
    x = np.random.default_rng(1).random(ROWS)
    ways: dict[tuple[str, int], tuple[Way, Way]] = {
        ("cumulative", 0): (lambda: cumulative({}, x), pandas.Series(x).expanding().sum)
    }
    ways |= {(name, n): pair for n in WINDOWS for name, pair in pairs(x, n).items()}
    found = {}
    for key, (ours, theirs) in ways.items():
        np.testing.assert_allclose(ours(), theirs(), rtol=1e-9, equal_nan=True)
        taken = interleaved({"ours": ours, "theirs": theirs}, ROUNDS)
        found[key] = (taken["ours"], taken["theirs"])
    return found
