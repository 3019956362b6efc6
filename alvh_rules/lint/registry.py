"""All lints, in the order of their codes. A new one is added here, by one line."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from alvh_rules.lint.catalogue import (
    always_fired,
    deprecated_name,
    fragile_threshold,
    never_fired,
    overlapping_events,
    repeated_number,
    table_without_missing,
    uneven_table,
    unswept_param,
    untested_decision,
)
from alvh_rules.lint.record import Lint

MODULES: Final[tuple[ModuleType, ...]] = (
    fragile_threshold,
    never_fired,
    always_fired,
    untested_decision,
    overlapping_events,
    unswept_param,
    repeated_number,
    uneven_table,
    table_without_missing,
    deprecated_name,
)
"""The lints' modules: each has a record called `LINT`, and its page as its text."""

LINTS: Final[Mapping[str, Lint]] = {module.LINT.code: module.LINT for module in MODULES}
"""Every lint by its code."""

NAMES: Final[Mapping[str, str]] = {lint.name: lint.code for lint in LINTS.values()}
"""The codes of lints by their names."""
