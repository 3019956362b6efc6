"""One column of a file to the array its kind asks for, every bad cell known.

A whole column is converted at once by Arrow; only where that fails are the cells looked at one by
one, so that clean data costs nothing and a bad cell can be named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from alvh_rules.core.kinds import RANGES, Kind
from alvh_rules.core.kleene import FALSE, TRUE, UNKNOWN
from alvh_rules.core.schema import Column
from alvh_rules.evaluate.inputs import Array, Boolean

MISSING = ("", "na", "n/a", "nan", "null", "none", ".", "#n/a")
"""What stands in a cell that is not known, in any case (`.` is how FRED writes it)."""

_FLAGS = {"true": TRUE, "1": TRUE, "yes": TRUE, "false": FALSE, "0": FALSE, "no": FALSE}
_ABOVE_ZERO = (Kind.PRICE, Kind.VOLATILITY, Kind.CURVE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NO_WORD = -99


@dataclass(frozen=True)
class Converted:
    """A column's values, which cells are bad, and for such a cell what was wanted and a help."""

    values: Array
    bad: Boolean
    reason: Callable[[int], tuple[str, str]]


def shown(array: Any, row: int) -> str:
    """A cell as the file writes it."""
    value = array[row].as_py()
    return "" if value is None else str(value).strip()


def is_text(array: Any) -> bool:
    """Whether a column holds text."""
    from pyarrow import types

    return bool(
        types.is_string(array.type)
        or types.is_large_string(array.type)
        or types.is_string_view(array.type)
        or types.is_null(array.type)
    )


def trimmed(array: Any) -> tuple[Any, Boolean]:
    """A text column without spaces round its cells, and which cells are missing."""
    import pyarrow
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(compute.cast(array, pyarrow.string()))
    blank = compute.is_in(compute.utf8_lower(texts), value_set=pyarrow.array(MISSING))
    blank = compute.or_(compute.fill_null(blank, False), compute.is_null(texts))
    return texts, np.asarray(blank.to_numpy(zero_copy_only=False), dtype=bool)


def convert(
    array: Any, column: Column, parse_dates: Callable[[Any], tuple[Array, Boolean]]
) -> Converted:
    """A column's array by its kind. `parse_dates` gives datetime64 (NaT missing) and bad cells."""
    if column.kind is Kind.FLAG:
        return _words(array, _FLAGS, UNKNOWN, np.int8, "true or false")
    if column.kind is Kind.LABEL:
        codes = {word: code for code, word in enumerate(column.labels)}
        return _words(array, codes, -1, np.int32, "one of " + ", ".join(column.labels))
    if column.kind is Kind.DATE:
        stamps, bad = parse_dates(array)
        days = stamps.astype("datetime64[D]")
        values = np.where(np.isnat(days), np.nan, days.astype(np.float64))
        return Converted(values, bad, lambda _: ("a date", "write it as 2020-03-16"))
    return _level(array, column)


def _words(array: Any, codes: dict[str, int], none: int, dtype: Any, wanted: str) -> Converted:
    import pyarrow
    from pyarrow import types

    if types.is_boolean(array.type):
        array = array.cast(pyarrow.string())
    elif types.is_floating(array.type) or types.is_integer(array.type):
        whole = [None if n is None or n != n else f"{n:g}" for n in array.to_pylist()]
        array = pyarrow.array(whole, type=pyarrow.string())
    texts, blank = trimmed(array)
    is_flag = dtype is np.int8
    words = [text or "" for text in texts.to_pylist()]
    lookup = np.array(
        [codes.get(word.lower() if is_flag else word, _NO_WORD) for word in words], dtype=np.int64
    )
    bad = (lookup == _NO_WORD) & ~blank
    values = np.where(blank | bad, none, lookup).astype(dtype)

    def reason(row: int) -> tuple[str, str]:
        near = get_close_matches(words[row].lower(), list(codes), 1, 0.6)
        return wanted, f"did you mean `{near[0]}`?" if near and not is_flag else ""

    return Converted(values, bad, reason)


def _level(array: Any, column: Column) -> Converted:
    values, no_number = _numbers(array)
    infinite = np.isinf(values)
    low, high = RANGES.get(column.kind, (None, None))
    outside = np.zeros(len(values), dtype=bool)
    if column.kind in _ABOVE_ZERO:
        outside = values <= 0
    elif low is not None:
        outside = values < low
        if high is not None:
            outside |= values > high
    bad = no_number | infinite | outside

    def reason(row: int) -> tuple[str, str]:
        empty = "leave the cell empty where the value is not known"
        if no_number[row]:
            return "a number", _number_help(shown(array, row))
        if infinite[row]:
            return "a finite number", empty
        if column.kind in _ABOVE_ZERO:
            what = column.kind.value if column.kind is not Kind.CURVE else "settlement"
            zero = "nothing trades at zero: where zero stands for not known, leave the cell empty"
            return f"a {what} above zero", zero if values[row] == 0 else empty
        upper = f" to {high:g}" if high is not None else " or more"
        return f"{column.kind.value} of {low:g}{upper}", ""

    return Converted(np.where(bad, np.nan, values), bad, reason)


def _numbers(array: Any) -> tuple[Array, Boolean]:
    """Numbers (NaN missing), and the cells that are none."""
    import pyarrow
    from pyarrow import compute, types

    if (
        types.is_floating(array.type)
        or types.is_integer(array.type)
        or types.is_decimal(array.type)
    ):
        found = compute.cast(array, pyarrow.float64(), safe=False)
        values = np.array(found.to_numpy(zero_copy_only=False), dtype=np.float64)
        return values, np.zeros(len(values), dtype=bool)
    if not is_text(array):
        filled = np.array(array.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
        return np.full(len(array), np.nan), filled
    texts, blank = trimmed(array)
    masked = compute.if_else(pyarrow.array(blank), pyarrow.scalar(None, pyarrow.string()), texts)
    try:
        found = compute.cast(masked, pyarrow.float64())
        values = np.array(found.to_numpy(zero_copy_only=False), dtype=np.float64)
        # The cast reads spellings of NaN that are not among the words for missing.
        return values, np.isnan(values) & ~blank
    except pyarrow.ArrowInvalid:
        pass
    values = np.full(len(array), np.nan)
    bad = np.zeros(len(array), dtype=bool)
    for row, text in enumerate(masked.to_pylist()):
        if text is None:
            continue
        if _NUMBER.fullmatch(text) or text.lower().lstrip("+-") in ("inf", "infinity"):
            values[row] = float(text)
        else:
            bad[row] = True
    return values, bad


def _number_help(text: str) -> str:
    if re.fullmatch(r"[+-]?\$?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return f"write {text.replace(',', '').replace('$', '')}, without thousands separators"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"write {text.replace(',', '.')}, with a decimal point"
    if text.endswith("%"):
        return f"write {text[:-1].strip()} for a column in percent, without the sign"
    if text.startswith("$"):
        return f"write {text[1:].strip()}, without the sign"
    return "leave the cell empty where the value is not known"
