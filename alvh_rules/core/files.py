"""Files written whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UNFINISHED: set[Path] = set()
"""Files that were made and have not come to their `with`'s end."""


def remove_unfinished() -> None:
    """Remove what an interrupt between the making of a file and its `with` has left."""
    while _UNFINISHED:
        _UNFINISHED.pop().unlink(missing_ok=True)


class NewFile:
    """A file being written beside its `target`, at `path`: `commit` moves it there, whole.

    Used in a `with`: one that ends without `commit`, for whatever reason, leaves the target as it
    was and nothing else. `path` has the suffix of the target. A file that is replaced keeps its
    mode, a new one gets the mode that the umask says; a symbolic link stays, and what it points to
    is replaced. Raises OSError where the folder or the file cannot be written.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._target = Path(os.path.realpath(target))
        self._mode: int | None = None
        with suppress(FileNotFoundError):
            self._mode = stat.S_IMODE(self._target.stat().st_mode)
        mode = 0o666 if self._mode is None else 0o600
        with uninterrupted():
            self.path = _new_file(self._target.parent, target.suffix, mode)
            _UNFINISHED.add(self.path)

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, *problem: object) -> None:
        self.path.unlink(missing_ok=True)
        _UNFINISHED.discard(self.path)

    def commit(self) -> None:
        """Put the file in its target's place."""
        if self._mode is not None:
            self.path.chmod(self._mode)
        os.replace(self.path, self._target)


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` make a `NewFile`, and put it in its place: the file is whole, or as it was.

    Raises OSError as `NewFile` does, and whatever `write` raises.
    """
    with NewFile(path) as file:
        write(file.path)
        file.commit()


def _new_file(folder: Path, suffix: str, mode: int) -> Path:
    """An empty file of a name that no other had, its mode less the umask.

    `tempfile` makes its files for the owner alone, and the umask cannot be asked for without
    changing it under other threads.
    """
    while True:
        path = folder / f".alvh-{os.urandom(8).hex()}{suffix}"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        except FileExistsError:
            continue
        return path


def write_text_atomically(path: Path, text: str) -> None:
    """A text in UTF-8, with the line ends it has."""

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8", newline="")

    write_atomically(path, write)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and a request to end wait until the block is done: files that belong together are put
    in their places together. For a few moves of files and nothing longer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {
        number: signal.signal(number, lambda got, _: waiting.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for held_back in waiting:
            signal.raise_signal(held_back)
