"""What a journal is held to: the ruleset's text, how its bars are read, and the calendars."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from alvh_rules.check.checked import CheckedRuleset
from alvh_rules.evaluate.inputs import Calendar
from alvh_rules.live.journal import About
from alvh_rules.live.settings import Settings


def about_of(ruleset: CheckedRuleset, main: str, settings: Settings) -> About:
    """What a journal of the ruleset is of. `main` is the path of its own file; sources are by their
    path from its folder, so that a ruleset may be moved."""
    names = source_names(ruleset, main)
    sources = {names[path]: ruleset.sources[path].text for path in names}
    return About(ruleset.name, ruleset.version, hash_of(sources), sources, reading_of(settings))


def source_names(ruleset: CheckedRuleset, main: str) -> dict[str, str]:
    """What a journal calls a ruleset's files, by their paths; that of the ruleset itself first."""
    folder = os.path.realpath(os.path.dirname(main))
    names = {main: PurePath(main).name}
    for path in ruleset.sources:
        if path != main:
            inside = os.path.relpath(os.path.realpath(path), folder)
            names[path] = PurePath(inside).as_posix()
    return names


def hash_of(sources: Mapping[str, str]) -> str:
    """The hash of a ruleset: SHA-256 of its texts and their names, as hexadecimal digits."""
    text = json.dumps(sorted(sources.items()), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def reading_of(settings: Settings) -> dict[str, Any]:
    """What decides what a feed's fields and times mean. Bounds are not of it: a journal holds the
    values that were taken, and bounds may be moved."""
    options = settings.options
    told = {"mapping": dict(sorted(options.mapping.items())), "timezone": options.timezone}
    return told if settings.paper is None else told | {"paper": settings.paper.told()}


def calendars_text(calendars: Mapping[str, Calendar]) -> str:
    """Calendars as JSON."""
    return json.dumps(
        {
            name: {
                "dates": [str(day) for day in item.dates],
                "ordinals": item.ordinals.tolist(),
                "scheduled": item.scheduled.tolist(),
                "days": [str(item.first_date), str(item.last_date)],
                "sessions": [item.first_ordinal, item.last_ordinal],
            }
            for name, item in sorted(calendars.items())
        }
    )


def calendars_of(text: str) -> dict[str, Calendar]:
    """The calendars of `calendars_text`."""
    found = {}
    for name, item in json.loads(text).items():
        first, last = (np.datetime64(day, "D") for day in item["days"])
        found[name] = Calendar(
            name,
            np.array(item["dates"], dtype="datetime64[D]"),
            np.array(item["ordinals"], dtype=np.int64),
            np.array(item["scheduled"], dtype=bool),
            first,
            last,
            *item["sessions"],
        )
    return found
