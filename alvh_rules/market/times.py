"""Dates and times of a file to the exchange's clock.

ISO 8601 is read (`2020-03-16`, `20200316`, `2020-03-16 09:31`, `2020-03-16T09:31:00-04:00`), or
first a stated format. A time without an offset is in the stated zone; one with an offset is
converted. Midnight on the writer's own clock stands for the date itself: a daily file stamped
`2020-03-16T00:00:00Z` speaks of the session of 16 March, not of the evening before in New York.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh_rules.evaluate.inputs import Boolean, Days
from alvh_rules.market.columns import is_text, trimmed

Array = np.ndarray[Any, Any]

ISO = "ISO8601"
"""The name of the default date format."""

_PATTERN = (
    r"^(?P<date>\d{4}-\d{2}-\d{2}|\d{8})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?P<zone>Z|z| ?[+-]\d{2}:?\d{2})?)?$"
)
# What datetime64[ns] can hold, less a margin for time zones.
_FIRST, _LAST = np.datetime64("1700-01-01"), np.datetime64("2200-01-01")


@dataclass(frozen=True)
class Stamps:
    """Times on the exchange's clock (datetime64[ns]), the writer's dates, and what is bad.

    `midnight` is where the writer's clock shows 00:00, `ambiguous` where a clock change makes the
    time stand for none or for two.
    """

    times: Array
    dates: Days
    midnight: Boolean
    bad: Boolean
    ambiguous: Boolean


def parse_times(array: Any, date_format: str, zone: str, exchange_zone: str) -> Stamps:
    """The times of a column. Raises ValueError for a format that means nothing."""
    local, offset, bad = _local(array, date_format)
    dates = local.astype("datetime64[D]")
    midnight = ~bad & (dates == local)
    times = local.copy()
    ambiguous = np.zeros(len(local), dtype=bool)
    aware = ~np.isnan(offset)
    if aware.any():
        utc = local[aware] - (offset[aware] * 60).astype("timedelta64[s]")
        times[aware] = _convert(utc.astype("datetime64[ns]"), "UTC", exchange_zone)
    naive = ~aware & ~bad
    if zone != exchange_zone and naive.any():
        times[naive] = _convert(local[naive], zone, exchange_zone)
        ambiguous = naive & np.isnat(times) & ~midnight
        times[np.isnat(times)] = local[np.isnat(times)]
    return Stamps(times, dates, midnight, bad | ambiguous, ambiguous)


def parse_dates(array: Any, date_format: str) -> tuple[Array, Boolean]:
    """The dates of a data column (NaT missing), and the cells that are none."""
    local, _, bad = _local(array, date_format)
    if is_text(array):
        _, blank = trimmed(array)
    else:
        blank = np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    return local, bad & ~blank


def _convert(times: Array, zone: str, other: str) -> Array:
    import pandas

    index = pandas.DatetimeIndex(times).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return np.asarray(index.tz_convert(other).tz_localize(None).to_numpy(), dtype="datetime64[ns]")


def _local(array: Any, date_format: str) -> tuple[Array, Array, Boolean]:
    """The writer's clock (NaT bad), its offset in minutes (NaN none), and the bad cells."""
    import pandas
    import pyarrow
    from pyarrow import compute, types

    none = np.full(len(array), np.nan)
    if types.is_timestamp(array.type) or types.is_date(array.type):
        if types.is_date(array.type):
            array = array.cast(pyarrow.timestamp("s"))
        series = pandas.Series(array.to_pandas())
        if series.dt.tz is not None:
            wall = series.dt.tz_localize(None)
            utc = series.dt.tz_convert("UTC").dt.tz_localize(None)
            none = ((wall - utc) / pandas.Timedelta(minutes=1)).to_numpy(dtype=np.float64)
            series = wall
        return _bounded(series.to_numpy(), none)
    if types.is_integer(array.type):
        array = array.cast(pyarrow.string())
    if not is_text(array):
        return np.full(len(array), "NaT", "datetime64[ns]"), none, np.ones(len(array), dtype=bool)
    texts, _ = trimmed(array)
    parts = compute.extract_regex(texts, _PATTERN)
    date, clock, zone = (compute.struct_field(parts, name) for name in ("date", "clock", "zone"))
    date = compute.replace_substring_regex(date, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    clock = compute.if_else(compute.equal(clock, ""), "00:00", clock)
    joined = compute.binary_join_element_wise(date, clock, "T")
    stamps = pandas.to_datetime(pandas.Series(joined.to_pandas()), format=ISO, errors="coerce")
    local = stamps.to_numpy()
    zones = [item or "" for item in zone.to_pylist()]
    offset = np.array([_offset(item) for item in zones]) if any(zones) else none
    if date_format != ISO:
        stated = pandas.to_datetime(
            pandas.Series(texts.to_pandas()),
            format=date_format,
            errors="coerce",
            utc=True if "%z" in date_format else None,
        )
        if stated.dtype == object:
            raise ValueError(date_format)
        if stated.dt.tz is not None:
            stated = stated.dt.tz_localize(None)
            offset = np.where(stated.notna(), 0.0, offset)
        found = stated.notna().to_numpy()
        local = np.where(found, stated.to_numpy().astype("datetime64[ns]"), local)
    return _bounded(local, offset)


def _bounded(local: Array, offset: Array) -> tuple[Array, Array, Boolean]:
    """Times as datetime64[ns]; what nanoseconds cannot hold is bad."""
    bad = np.isnat(local) | (local < _FIRST) | (local >= _LAST)
    kept = np.where(bad, np.datetime64("NaT"), local).astype("datetime64[ns]")
    return kept, np.where(bad, np.nan, offset), bad


def _offset(text: str) -> float:
    text = text.strip()
    if not text:
        return float("nan")
    if text in ("Z", "z"):
        return 0.0
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return float(-minutes if text[0] == "-" else minutes)
