"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside the target and move it there: the file is whole, or as it was.

    `write` is given a path with the suffix of `path`. A file that is replaced keeps its mode, a new
    one gets the mode that the umask says; a symbolic link stays, and what it points to is replaced.
    Raises OSError where the folder or the file cannot be written, and whatever `write` raises.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mode = None
    temporary = _new_file(target.parent, path.suffix, 0o666 if mode is None else 0o600)
    try:
        write(temporary)
        if mode is not None:
            temporary.chmod(mode)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


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
