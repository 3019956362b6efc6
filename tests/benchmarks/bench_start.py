"""How long `alvh check` takes as a process, beside one that imports lark and pydantic.

The two run in turn, and the medians are compared, so that a machine that slows down slows both.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.rulesets import ruleset

ROUNDS = 21
MOST_TIMES = 3.0


def seconds(*arguments: str) -> float:
    # Bytecode is kept, as it is for an installed package.
    environment = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def test_check_starts_within_three_times_what_its_libraries_take(tmp_path: Path, capsys) -> None:
    path = tmp_path / "measured.alvh"
    path.write_text(ruleset(1), encoding="utf-8")
    ours = ["-m", "alvh_rules", "check", str(path)]
    peer = ["-c", "import lark, pydantic"]
    seconds(*ours)
    seconds(*peer)
    pairs = [(seconds(*ours), seconds(*peer)) for _ in range(ROUNDS)]
    ours_median, peer_median = (median(times) for times in zip(*pairs, strict=True))
    with capsys.disabled():
        print(
            f"\nalvh check, 60 lines: {1000 * ours_median:.0f} ms;"
            f" import lark, pydantic: {1000 * peer_median:.0f} ms;"
            f" ratio {ours_median / peer_median:.2f}"
        )
    assert ours_median / peer_median <= MOST_TIMES
