"""Which codes a configuration or a comment may silence: warnings and advice, never errors."""

from __future__ import annotations

from typing import Final

from alvh_rules.lint.registry import LINTS

OF_CHECK: Final = frozenset({"ALV105", "ALV310", "ALV501", "ALV502", "ALV504"})
"""Warnings and advice of the checker."""
OF_DATA: Final = frozenset({"ALV813", "ALV815", "ALV817", "ALV820"})
"""Warnings and advice of the readers of data."""
OF_COMMENTS: Final = frozenset({"ALV770", "ALV771"})
"""What is wrong with the comments that silence. No comment silences these."""

BY_COMMENT: Final = OF_CHECK | frozenset(LINTS)
"""The codes that a comment may name."""
BY_CONFIGURATION: Final = BY_COMMENT | OF_DATA | OF_COMMENTS
"""The codes that `alvh.toml`, `--select` and `--ignore` may name."""
