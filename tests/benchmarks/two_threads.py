"""The flagship on two threads, beside Polars on two.

`python -m tests.benchmarks.two_threads ROWS` prints seconds as JSON. A process of its own: Polars
takes its threads when it is imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

THREADS = 2


def in_own_process(rows: int) -> dict[str, float]:
    """The seconds of each way, measured in a new process."""
    environment = {**os.environ, "POLARS_MAX_THREADS": str(THREADS)}
    command = [sys.executable, "-m", "tests.benchmarks.two_threads", str(rows)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure and print."""
    import polars

    from tests.benchmarks.core_workload import core_market, core_rules, polars_core
    from tests.benchmarks.measure import interleaved
    from tests.benchmarks.performance import ROUNDS, decided

    assert polars.thread_pool_size() == THREADS
    market, result = core_market(int(sys.argv[1])), core_rules()
    ways = {
        "this engine": lambda: decided(market, result, threads=THREADS),
        "this engine, one thread": lambda: decided(market, result),
        "Polars, streaming": lambda: polars_core(market),
    }
    print(json.dumps(interleaved(ways, ROUNDS)))


if __name__ == "__main__":
    main()
