"""Functions of windows beside pandas' own, in turn: `python -m tests.benchmarks.bench_windows`.

Each is compared with its peer before it is timed. pandas has no rank of ties taken together at most
(`method="max"` is that), no weighted average but by SciPy's windows, and an expanding sum.
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


def main() -> None:
    """Measure and print."""
    x = np.random.default_rng(1).random(ROWS)
    ways = {("cumulative", 0): (lambda: cumulative({}, x), pandas.Series(x).expanding().sum)}
    ways |= {(name, n): pair for n in WINDOWS for name, pair in pairs(x, n).items()}
    print("| | rows | ns a row | pandas | this / it |\n|---|---|---|---|---|")
    for (name, n), (ours, theirs) in ways.items():
        np.testing.assert_allclose(ours(), theirs(), rtol=1e-9, equal_nan=True)
        seconds = interleaved({"ours": ours, "theirs": theirs}, ROUNDS)
        mine, peer = (seconds[way] / ROWS * 1e9 for way in ("ours", "theirs"))
        print(
            f"| {name} | {n or 'all'} | {mine:.1f} | {peer:.1f} | {mine / peer:.2f} |", flush=True
        )


if __name__ == "__main__":
    main()
