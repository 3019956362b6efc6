"""`python -m tests.live.killed FOLDER KILLS SEED [FLAG…]`: a live run, killed again and again, and then let end.

A process that has imported everything forks one child a life, so that a life costs milliseconds. Each
child is killed by SIGKILL at a random moment: half of them at any time from their fork on, their start
included, the others at a random moment after a random bar. It prints how many were killed, and how
many of those before their first new bar.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from alvh_rules import load
from alvh_rules.cli.main import main
from alvh_rules.market.simulate import simulate


def life(folder: Path, flags: list[str]) -> int:
    """A child that runs; its number."""
    child = os.fork()
    if child:
        return child
    # Nothing of the child's end may run in it: it is killed, or leaves at once.
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    os._exit(main(arguments(folder, flags)))


def arguments(folder: Path, flags: list[str]) -> list[str]:
    """The run."""
    return [
        "live",
        str(folder / "rules.alvh"),
        f"--feed=replay:{folder / 'feed.csv'}",
        f"--journal={folder / 'journal.db'}",
        f"--sink=file:{folder / 'told.ndjson'}",
        "--no-explanations",
        *flags,
    ]


def size(path: Path) -> int:
    """A file's size; 0 where there is none yet."""
    return path.stat().st_size if path.exists() else 0


def kill(child: int, folder: Path, chance: random.Random, begun: float) -> bool:
    """Kill a child at a random moment; whether it was still there, and had told nothing new."""
    path = folder / "told.ndjson"
    before = size(path)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0.0, begun))
    else:
        wanted = before + chance.randint(1, 10) * 150
        until = time.monotonic() + 5
        while size(path) < wanted and time.monotonic() < until:
            time.sleep(0.0005)
        time.sleep(chance.uniform(0.0, 0.003))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the run ended by itself with {status}"
    return size(path) == before


def live_and_die(folder: Path, kills: int, seed: int, flags: list[str]) -> None:
    """All lives, and the last, which ends."""
    chance = random.Random(seed)
    early = 0
    # What every process would load and make for itself is made once, before it is forked.
    from alvh_rules.live import feeds, journal, paper, run, sinks, start  # noqa: F401
    from alvh_rules.live.feeds import registry  # noqa: F401
    from alvh_rules.market import read

    read.market_from_frame(simulate(300, 1), load(folder / "rules.alvh").checked.schema)
    begun = 0.25
    for _ in range(kills):
        early += kill(life(folder, flags), folder, chance, begun)
    child = life(folder, flags)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    print(kills, early)


if __name__ == "__main__":
    live_and_die(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
