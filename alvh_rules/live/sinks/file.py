"""Newline-delimited JSON in a file, which holds each output once.

The file itself says how far it is. On start a last line without its end is cut off: it was torn by a
crash. The lines then number the outputs from one; the last must be the journal's own of that number.
What the journal has beyond it is written, in order.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from alvh_rules.live import errors
from alvh_rules.live.errors import LiveError
from alvh_rules.live.journal import Journal
from alvh_rules.live.sinks.record import Sink, SinkError, SinkRecord, Told

_PART: Final = 1 << 20


class FileSink:
    """One file, added to at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._whole = 0

    def begin(self, journal: Journal, cursor: int) -> int:
        """The number of the last whole line, which must be that output."""
        try:
            # Opened to be added to, it is made where it is absent and never emptied.
            self._file = self._path.open("a+b")
            lines, last, end = _whole_lines(self._file)
            if lines:
                self._must_be_told(journal, lines, last)
            self._file.truncate(end)
            self._whole = end
        except OSError as problem:
            raise SinkError(problem.strerror or str(problem)) from problem
        return lines

    def tell(self, outputs: Sequence[Told]) -> None:
        """Add lines and wait for the disk; of what could not be written nothing stays."""
        assert self._file is not None
        data = "".join(f"{item.text}\n" for item in outputs).encode("utf-8")
        try:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as problem:
            self._cut_back()
            raise SinkError(problem.strerror or str(problem)) from problem
        self._whole += len(data)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _cut_back(self) -> None:
        """Open the file anew at its last whole line: what its buffer holds is not to be written."""
        assert self._file is not None
        os.ftruncate(self._file.fileno(), self._whole)
        descriptor = self._file.raw if hasattr(self._file, "raw") else None
        if descriptor is not None:
            descriptor.close()
        self._file = self._path.open("a+b")

    def _must_be_told(self, journal: Journal, lines: int, last: bytes) -> None:
        told = journal.outputs(lines - 1, 1)
        begin = told[0].text[:-1].encode("utf-8") if told else b""
        if not told or not last.startswith(begin):
            what = f"its line {lines:,} is not the journal's output {lines:,}"
            raise LiveError(errors.foreign_file(str(self._path), what))


def _whole_lines(file: BinaryIO) -> tuple[int, bytes, int]:
    """How many lines have their end, the last of them, and the byte at which it ends."""
    file.seek(0)
    lines = end = at = 0
    while part := file.read(_PART):
        count = part.count(b"\n")
        if count:
            lines += count
            end = at + part.rfind(b"\n") + 1
        at += len(part)
    if not end:
        return 0, b"", 0
    start, tail = end, b""
    while start and b"\n" not in tail[:-1]:
        size = min(4096, start)
        start -= size
        file.seek(start)
        tail = file.read(size) + tail
    return lines, tail[:-1].rpartition(b"\n")[2], end


def _make(address: str, name: str) -> Sink:
    path = Path(address.removeprefix(RECORD.scheme))
    if path.is_dir() or not path.name:
        raise LiveError(errors.unusable("sink", address, "it is a folder"))
    if not path.resolve().parent.is_dir():
        raise LiveError(errors.unusable("sink", address, "there is no such folder"))
    return FileSink(path)


RECORD = SinkRecord(
    "file:", "file:PATH", "newline-delimited JSON in a file, each once", 1000, _make
)
