"""`[live]` of alvh.toml, read into `Settings`. `docs/live.md` says what each key means.

A mistake is a diagnostic at its line, as for the rest of the file; the command's own options stand in
place of what the file says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from alvh_rules.core.diagnostics import Diagnostic
from alvh_rules.core.schema import Schema
from alvh_rules.lint import errors
from alvh_rules.lint.configuration import read_configuration
from alvh_rules.lint.toml_lines import TomlLines
from alvh_rules.live.settings import Settings, TickSettings
from alvh_rules.live.stamps import UNITS
from alvh_rules.live.ticks import MEASURES
from alvh_rules.market.read import Options

KEYS: Final = (
    "map",
    "timezone",
    "time",
    "time-unit",
    "bounds",
    "stale-after",
    "most-ahead",
    "most-behind",
    "subscribe",
    "items",
    "ticks",
)
TICK_KEYS: Final = ("symbol", "value", "wait", "columns")


def read_settings(
    path: Path | None, schema: Schema, more: Sequence[str] = ()
) -> tuple[Settings, list[Diagnostic]]:
    """What a file says of feeds; the defaults where there is no file, or it has mistakes. `more` are
    names of columns that are read beside those of the schema."""
    if path is None:
        return Settings(), []
    _, found = read_configuration(path)
    if found:
        return Settings(), found
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    reading = _Reading(str(path), text, schema, more)
    settings = reading.settings(tomllib.loads(text).get("live", {}))
    return (Settings() if reading.found else settings), reading.found


def with_ticks(settings: Settings) -> Settings:
    """The settings with bars made of ticks, which the command line asks for."""
    return settings if settings.ticks is not None else replace(settings, ticks=TickSettings())


@dataclass
class _Reading:
    """One table on its way, and what was found wrong in it so far."""

    shown: str
    text: str
    schema: Schema
    more: Sequence[str] = ()
    found: list[Diagnostic] = field(default_factory=list)

    def settings(self, live: Any) -> Settings:
        """The whole table."""
        path = ("live",)
        live = self._table(live, path)
        self._check_keys(live, path, KEYS)
        mapping = {
            name: value
            for name, value in self._table(live.get("map", {}), (*path, "map")).items()
            if self._is_text((*path, "map", name), value)
        }
        zone = self._text(live, "timezone", path)
        if zone and not _is_time_zone(zone):
            wanted = 'the name of a time zone, such as "America/New_York"'
            self._wrong((*path, "timezone"), wanted, zone)
        unit = self._text(live, "time-unit", path)
        if unit and unit not in UNITS:
            self._wrong((*path, "time-unit"), 'one of "s", "ms", "us", "ns"', unit)
        subscribe = live.get("subscribe", [])
        texts = subscribe if isinstance(subscribe, list) else [subscribe]
        if not all(isinstance(text, str) for text in texts):
            self._wrong((*path, "subscribe"), "a text in quotes, or a list of them", subscribe)
            texts = []
        stale = self._number(live, "stale-after", path, None, 0.0)
        behind = self._number(live, "most-behind", path, 1000.0, 1.0)
        ahead = self._number(live, "most-ahead", path, 60.0, 0.0)
        assert behind is not None
        assert ahead is not None
        return Settings(
            options=Options(mapping=mapping, timezone=zone),
            time=self._text(live, "time", path),
            time_unit=unit,
            bounds=self._bounds(live.get("bounds", {})),
            stale_after=stale,
            most_ahead=ahead,
            most_behind=int(behind),
            subscribe=tuple(texts),
            items=self._text(live, "items", path),
            ticks=self._ticks(live["ticks"]) if "ticks" in live else None,
        )

    def _bounds(self, value: Any) -> dict[str, tuple[float, float]]:
        path = ("live", "bounds")
        known = [name for item in self.schema.columns for name in _keys(item.name, item.sources)]
        known += [name for name in self.more if name not in known]
        bounds = {}
        table = self._table(value, path)
        self._check_keys(table, path, known)
        for name, pair in table.items():
            sound = isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))
            if not sound or not pair[0] <= pair[1]:
                wanted = "the least and the greatest value, such as [5, 150]"
                self._wrong((*path, name), wanted, pair)
                continue
            bounds[name] = float(pair[0]), float(pair[1])
        return bounds

    def _ticks(self, value: Any) -> TickSettings:
        path = ("live", "ticks")
        ticks = self._table(value, path)
        self._check_keys(ticks, path, TICK_KEYS)
        symbol, priced = (self._text(ticks, key, path) for key in ("symbol", "value"))
        if bool(symbol) != bool(priced):
            there, lacks = ("symbol", "value") if symbol else ("value", "symbol")
            self._wrong((*path, there), f"given together with `{lacks}`", ticks[there])
        wait = self._number(ticks, "wait", path, 2.0, 0.0)
        columns = {}
        for name, text in self._table(ticks.get("columns", {}), (*path, "columns")).items():
            words = text.split(maxsplit=1) if isinstance(text, str) else []
            if len(words) != 2 or words[0] not in MEASURES:
                wanted = f'one of {", ".join(MEASURES)} and a field, such as "highest price"'
                self._wrong((*path, "columns", name), wanted, text)
                continue
            columns[name] = words[0], words[1]
        assert wait is not None
        return TickSettings(symbol, priced, wait, columns)

    def _text(self, table: Mapping[str, Any], key: str, path: tuple[str, ...]) -> str:
        value = table.get(key, "")
        return value if self._is_text((*path, key), value) else ""

    def _is_text(self, path: tuple[str, ...], value: Any) -> bool:
        if isinstance(value, str):
            return True
        self._wrong(path, "a text in quotes", value)
        return False

    def _number(
        self,
        table: Mapping[str, Any],
        key: str,
        path: tuple[str, ...],
        default: float | None,
        least: float,
    ) -> float | None:
        value = table.get(key, default)
        if value is None:
            return None
        if _is_number(value) and value >= least:
            return float(value)
        self._wrong((*path, key), f"a number from {least:g} up", value)
        return default

    def _table(self, value: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(path, "a table", value)
        return {}

    def _check_keys(
        self, table: Mapping[str, Any], path: tuple[str, ...], known: Sequence[str]
    ) -> None:
        for key in table:
            if key not in known:
                near = get_close_matches(key, list(known), 1, 0.6)
                at = self._at((*path, key))
                table_name = ".".join(path)
                found = errors.unknown_key(key, table_name, near[0] if near else "", known, at)
                self.found.append(found)

    def _wrong(self, path: tuple[str, ...], wanted: str, got: Any) -> None:
        shown = f'"{got[:40]}"' if isinstance(got, str) else str(got)[:40]
        self.found.append(errors.wrong_value(path[-1], wanted, shown, self._at(path)))

    def _at(self, path: Sequence[str]) -> str:
        return f"{self.shown}:{TomlLines(self.text).of(path)}"


def _keys(name: str, sources: Sequence[str]) -> list[str]:
    return [f"{name}[{month}]" for month in range(1, len(sources) + 1)] or [name]


def _is_number(value: Any) -> bool:
    # Infinite and not a number are numbers of TOML, and bounds of nothing.
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return sound and abs(value) < float("inf")


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
