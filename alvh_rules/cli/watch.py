"""Do something again whenever a ruleset, or how rulesets are checked, changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from alvh_rules.cli.output import CANNOT_RUN, FINE

_ENDINGS = (".alvh", "alvh.toml")


def watch(paths: Sequence[Path], work: Callable[[], int]) -> int:
    """Do the work now and after each change below the paths, until it is stopped."""
    try:
        from watchfiles import watch as changes
    except ModuleNotFoundError:
        print("--watch needs more: python -m pip install 'alvh-rules[watch]'", file=sys.stderr)
        return CANNOT_RUN
    folders = {path if path.is_dir() else path.absolute().parent for path in paths}
    missing = [path for path in folders if not path.is_dir()]
    if missing:
        print(f"there is no folder `{missing[0]}` to watch", file=sys.stderr)
        return CANNOT_RUN
    _again(work)
    wanted = changes(*folders, watch_filter=lambda _, path: path.endswith(_ENDINGS))
    for _ in wanted:
        _again(work)
    return FINE


def _again(work: Callable[[], int]) -> None:
    if sys.stdout.isatty():
        # Clear the screen, so that what is seen is of the file as it is.
        print("\x1b[2J\x1b[H", end="")
    work()
    sys.stdout.flush()
