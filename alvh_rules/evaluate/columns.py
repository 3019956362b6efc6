"""A result's columns as a run keeps them: of few values, as codes and a palette.

A number that rests on a few finite states (`plan/tabulate.py`) takes few values. On a long history
fresh memory costs more than working the numbers out, so a run keeps the codes, a byte or two a row,
and the values once. The column itself is made when it is first asked for; its bits are those that the
run would have written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Array, Integer

_CHUNK = 1 << 16
"""Codes that are looked up at a time: NumPy makes whole indices of them, which are to stay near."""
_FEW = 16
"""Values up to which counting each in turn costs less than counting all at once."""
_MOST_PAIRED = 64
"""Entries of a table up to which it is looked up for two rows at once: its pairs take 256 KB."""
_DOUBLES = {np.dtype(np.float64): np.dtype(np.complex128), np.dtype(np.int32): np.dtype(np.int64)}


def codes_type(values: int) -> np.dtype[Any]:
    """The type of codes of so many values, none of them negative."""
    return np.dtype(np.int8 if values < 2**7 else np.int16 if values < 2**15 else np.int32)


def looking_up(table: Array) -> Callable[[Array, Array], None]:
    """A function that writes the entries of a table at codes, none of them negative, to an array."""
    pairs = _paired(table)

    def look_up(at: Array, out: Array) -> None:
        even = 0
        if pairs is not None and at.dtype == np.int8 and at.flags.c_contiguous:
            even = len(at) - len(at) % 2
            pairs.take(at[:even].view(np.uint16), out=out[:even].view(pairs.dtype), mode="clip")
        if even < len(at):
            table.take(at[even:], out=out[even:], mode="clip")

    return look_up


def _paired(table: Array) -> Array | None:
    """The entries of two neighbouring rows at once, by their two codes read as one number.

    Half as many lookups, each of twice the bytes, take half the time. None for a table that would be
    too large, or has no type of twice its size. Codes are bytes, none of them missing.
    """
    double = _DOUBLES.get(table.dtype)
    if double is None or len(table) > _MOST_PAIRED:
        return None
    pairs = np.zeros((len(table), 256, 2), dtype=table.dtype)
    one, other = pairs[:, :, 0], pairs[:, :, 1]
    # The code that stands first in memory is the lower byte, or the upper one, of the number.
    first, second = (one, other) if sys.byteorder == "little" else (other, one)
    first[:, : len(table)] = table
    second[...] = table[:, np.newaxis]
    return pairs.view(double).reshape(-1)


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of few values. `codes` has a row's number in `palette`, never negative; equal values
    may stand in the palette more than once."""

    codes: Array
    palette: Array

    def __len__(self) -> int:
        return len(self.codes)

    def array(self) -> Array:
        """The column: a new array of the palette's type."""
        out = np.empty(len(self.codes), dtype=self.palette.dtype)
        look_up = looking_up(self.palette)
        for start in range(0, len(out), _CHUNK):
            cut = slice(start, start + _CHUNK)
            look_up(self.codes[cut], out[cut])
        return out

    def at(self, row: int) -> Any:
        """The value on a row."""
        return self.palette[self.codes[row]]

    def of_rows(self, rows: Any) -> Coded:
        """The column of some rows: a slice, a mask, or their numbers."""
        return Coded(self.codes[rows], self.palette)

    def counts(self) -> Integer:
        """How many rows have each entry of the palette."""
        if len(self.palette) <= _FEW:
            each = [np.count_nonzero(self.codes == code) for code in range(len(self.palette))]
            return np.array(each, dtype=np.int64)
        found = np.zeros(len(self.palette), dtype=np.int64)
        for start in range(0, len(self.codes), _CHUNK):
            some = self.codes[start : start + _CHUNK]
            found += np.bincount(some, minlength=len(found))
        return found


def array_of(column: Array | Coded) -> Array:
    """A column's values, as an array."""
    return column.array() if isinstance(column, Coded) else column


Held = Any
"""A column as it is kept: an array, `Coded`, or a curve's arrays."""


class Kept(Mapping[int, Any]):
    """The columns of a run by node. One that is kept as codes is made an array when it is first asked
    for, and is the same array from then on."""

    def __init__(self, held: Mapping[int, Held]) -> None:
        self._held = dict(held)
        self._made: dict[int, Array] = {}

    def held(self, number: int) -> Held:
        """A node's column as it is kept."""
        return self._held[number]

    def __getitem__(self, number: int) -> Any:
        held = self._held[number]
        if not isinstance(held, Coded):
            return held
        made = self._made.get(number)
        if made is None:
            made = self._made[number] = held.array()
        return made

    def __contains__(self, number: object) -> bool:
        # Mapping's own would make the array.
        return number in self._held

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class Named(Mapping[str, Array]):
    """The columns of a run by name: those of `Kept`, where a curve is its nearest month."""

    def __init__(self, numbers: Mapping[str, int], kept: Kept) -> None:
        self._numbers = {name: number for name, number in numbers.items() if number in kept}
        self._kept = kept

    def held(self, name: str) -> Array | Coded:
        """A name's column as it is kept."""
        held: Array | Coded = _nearest(self._kept.held(self._numbers[name]))
        return held

    def __getitem__(self, name: str) -> Array:
        found: Array = _nearest(self._kept[self._numbers[name]])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _nearest(column: Any) -> Any:
    """By its own name a curve is shown as its nearest month."""
    return column[0][0] if isinstance(column, tuple) else column
