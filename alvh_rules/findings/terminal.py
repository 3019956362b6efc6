"""Whether output is painted: for a terminal, unless the environment says otherwise.

`NO_COLOR` (no-color.org) and `FORCE_COLOR` (force-color.org) count when they are set to anything
but nothing; of the two, `NO_COLOR` wins. A terminal that calls itself `dumb` has no colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether text written to this stream is painted."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return environment.get("TERM") != "dumb" and stream.isatty()
