"""A progress bar on the error stream, for long input read by a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LONG = 8_000_000
"""Bytes of input from which a run takes long enough to be watched."""

Told = Callable[[str, int, int], None]


@contextmanager
def progress(files: Sequence[Path]) -> Iterator[Told]:
    """A function to tell of work: a phase's name, and how much of how much is done (0: not known).

    It draws only for long input and on a terminal; otherwise what it is told goes nowhere.
    """
    if not sys.stderr.isatty() or _size(files) < LONG:
        yield lambda phase, done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def tell(phase: str, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=None)
                bars.refresh()
            bars.update(tasks[phase], completed=done, total=of or None)  # type: ignore[arg-type]

        yield tell


def _size(files: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.is_file())
