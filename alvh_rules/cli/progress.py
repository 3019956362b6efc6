"""A progress bar on the error stream, for long input read by a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

LONG = 8_000_000
"""Bytes of input from which a run takes long enough to be watched."""

FEW = 1_000
"""Rows from which a speed says anything."""

Told = Callable[[str, int, int], None]


@contextmanager
def progress(files: Sequence[Path], *, long: bool = False) -> Iterator[Told]:
    """A function to tell of work: a phase's name, and how many of how many rows are done (0: not
    known), from which the rows a second and the time left are drawn.

    It draws only for long input (or work that is `long` whatever the input) and on a terminal; otherwise
    what it is told goes nowhere.
    """
    if not sys.stderr.isatty() or not (long or _size(files) >= LONG):
        yield lambda phase, done, of: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        begun: dict[str, float] = {}

        def tell(phase: str, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=None, speed="")
                begun[phase] = monotonic()
                bars.refresh()
            speed = rows_a_second(done, monotonic() - begun[phase])
            bars.update(tasks[phase], completed=done, total=of or None, speed=speed)

        yield tell


def rows_a_second(rows: int, seconds: float) -> str:
    """How fast a phase goes, in words; nothing of one that has not come far."""
    if rows < FEW or seconds <= 0:
        return ""
    return f"{rows / seconds:,.0f} rows a second"


def _size(files: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.is_file())
